"""What every CRM adapter must do with the trail and with whole records (P20, X8, X13).

Derive a class named `Test...` from `CrmTrailContract` with a fixture `crm` that yields an empty `ReadableCrm`.
"""

import asyncio
from datetime import datetime
from typing import Any

import pytest

from cancellation.adapters.crm_views import ReadableCrm
from cancellation.adapters.trailchain import GENESIS, SALT_BYTES, chain
from cancellation.domain.refusal import Problem
from cancellation.messages.crm import CaseRecord, OpenedCase, TrailReceipt
from cancellation.ports import PermanentRefusal
from tests.contract import cases
from tests.contract.cases import entry, formalization, mail, record, task, trail
from tests.contract.crm_base import WithOpenCase


def whole_record(**changes: Any) -> CaseRecord:
    """One that would change everything that a record can."""
    fields: dict[str, Any] = {
        "stage": "notice",
        "open_tasks": (task("d30"),),
        "close_tasks": ("commercial",),
        "customer_status": "Cancelamento em andamento",
        "formalization": formalization(),
    }
    return record(**fields | changes)


async def must_be_as_opened(crm: ReadableCrm) -> None:
    assert await crm.trail("case-a") == list(trail(1, 2))
    assert [(t.order.key, t.is_open) for t in await crm.tasks()] == [("commercial", True)]
    assert [(case.stage, case.outcome) for case in await crm.list_cases()] == [("retention", None)]
    assert await crm.formalization("case-a") is None
    customer = await crm.customer("1042")
    assert customer is not None
    assert customer.status == "Em retenção"


class CrmTrailContract(WithOpenCase):
    """The suite; see the module."""

    async def test_entries_already_held_are_skipped_P20(self, crm: ReadableCrm, opened: OpenedCase) -> None:
        assert (await crm.record(record(trail=trail(2, 4)))).recorded_seq == 4
        assert (await crm.record(record(trail=trail(1, 3)))).recorded_seq == 4
        assert (await crm.record(record())).recorded_seq == 4
        assert await crm.trail("case-a") == list(trail(1, 4))

    @pytest.mark.parametrize("numbers", [(4,), (3, 5)])
    async def test_of_a_record_that_leaves_entries_out_nothing_is_written_P20(
        self, crm: ReadableCrm, opened: OpenedCase, numbers: tuple[int, ...]
    ) -> None:
        answer = await crm.record(whole_record(trail=tuple(entry(n) for n in numbers)))
        assert answer == TrailReceipt(recorded_seq=2, taken=False)
        await must_be_as_opened(crm)
        assert (await crm.record(whole_record(trail=trail(1, 5)))).taken

    @pytest.mark.parametrize(
        "changed",
        [
            {"detail": "Outra coisa"},
            {"actor": "ana"},
            {"kind": "other"},
            {"message_id": "m-1"},
            {"at": cases.OPENED},
            {"problems": (Problem(field="x", problem="y"),)},
        ],
        ids=lambda changed: next(iter(changed)),
    )
    async def test_of_a_record_whose_trail_differs_from_the_one_held_nothing_is_written_P20(
        self, crm: ReadableCrm, opened: OpenedCase, changed: dict[str, Any]
    ) -> None:
        branch = (entry(1), entry(2, **changed), entry(3))
        for given in (branch, branch[1:2]):
            answer = await crm.record(whole_record(trail=given))
            assert answer == TrailReceipt(recorded_seq=2, taken=False, branched=True)
        await must_be_as_opened(crm)

    async def test_a_reset_execution_hears_how_its_case_has_ended_P20(
        self, crm: ReadableCrm, opened: OpenedCase
    ) -> None:
        await crm.record(record(stage="withdrawn", outcome="withdrawn", trail=trail(3, 5)))
        again = whole_record(minutes=30, trail=(entry(3, "Outra coisa"),))
        assert await crm.record(again) == TrailReceipt(
            recorded_seq=5, taken=False, branched=True, outcome="withdrawn"
        )
        assert await crm.record(record(minutes=30, trail=(entry(7),))) == TrailReceipt(
            recorded_seq=5, taken=False, outcome="withdrawn"
        )
        assert (await crm.list_cases())[0].stage == "withdrawn"
        assert len(await crm.trail("case-a")) == 5

    async def test_an_empty_record_is_a_look_at_the_case_P20(
        self, crm: ReadableCrm, opened: OpenedCase
    ) -> None:
        assert await crm.record(record(stage="notice")) == TrailReceipt(recorded_seq=2)
        await must_be_as_opened(crm)
        end = record(stage="retained", outcome="retained", trail=trail(3, 3))
        assert await crm.record(end) == TrailReceipt(recorded_seq=3, outcome="retained")
        assert await crm.record(record(stage="notice", minutes=30)) == TrailReceipt(
            recorded_seq=3, outcome="retained"
        )
        assert (await crm.list_cases())[0].stage == "retained"

    async def test_records_at_once_leave_one_trail_in_order_P20(
        self, crm: ReadableCrm, opened: OpenedCase
    ) -> None:
        receipts = await asyncio.gather(*(crm.record(record(trail=trail(3, 3 + n))) for n in range(8)))
        assert max(receipt.recorded_seq for receipt in receipts) == 10
        assert await crm.trail("case-a") == list(trail(1, 10))
        assert (await crm.verify_trail("case-a")).intact

    async def test_problems_and_instants_are_kept_exactly_P20(
        self, crm: ReadableCrm, opened: OpenedCase
    ) -> None:
        refused = entry(
            3,
            "Mensagem recusada “ção” \\u0041 \N{PILE OF POO}",
            problems=(
                Problem(field="reason.text", problem="não pode ficar vazio"),
                Problem(field="x", problem=""),
            ),
            at=datetime.fromisoformat("2026-12-01T23:59:59.999999-03:00"),
        )
        await crm.record(record(trail=(refused,)))
        assert (await crm.trail("case-a"))[-1] == refused
        assert (await crm.verify_trail("case-a")).intact

    async def test_an_entry_says_which_message_caused_it_P20(
        self, crm: ReadableCrm, opened: OpenedCase
    ) -> None:
        caused = (entry(3, message_id="<pedido@acme.com.br>"), entry(4), entry(5, message_id=""))
        await crm.record(record(trail=caused))
        assert (await crm.trail("case-a"))[2:] == list(caused)

    async def test_every_entry_is_chained_to_the_one_before_P20(
        self, crm: ReadableCrm, opened: OpenedCase
    ) -> None:
        problem = Problem(field="número", problem="formato inválido: “é”")
        caused = (entry(4, message_id="wamid.HBg“ç”"), entry(5, message_id=""))
        await crm.record(record(trail=(entry(3), *caused, entry(6, problems=(problem, problem)))))
        previous, salts = GENESIS, set()
        for link in await crm.chained_trail("case-a"):
            assert link.salt is not None
            salts.add(bytes.fromhex(link.salt))
            assert link == chain(previous, "case-a", link.entry, bytes.fromhex(link.salt))
            previous = bytes.fromhex(link.hash)
        assert [len(salt) for salt in salts] == [SALT_BYTES] * 6
        check = await crm.verify_trail("case-a")
        assert (check.intact, check.entries, check.head) == (True, 6, previous.hex())

    async def test_text_that_no_database_holds_never_blocks_a_case_X8(
        self, crm: ReadableCrm, opened: OpenedCase
    ) -> None:
        dirty = "antes\x00depois"
        spoilt_entry = entry(
            3, dirty, actor=dirty, message_id=dirty, problems=(Problem(field=dirty, problem=dirty),)
        )
        spoilt_record = record(
            trail=(spoilt_entry,),
            open_tasks=(task(dirty, title=dirty),),
            close_tasks=(dirty,),
            customer_status=dirty,
        )
        for _ in range(2):
            assert await crm.record(spoilt_record) == TrailReceipt(recorded_seq=3)
        assert len(await crm.trail("case-a")) == 3
        assert (await crm.verify_trail("case-a")).intact
        spoilt = formalization(mail(subject=dirty, reason=dirty))
        for _ in range(2):
            await crm.record(record(formalization=spoilt))
        assert await crm.formalization("case-a") is not None

    async def test_two_hundred_long_entries_go_in_one_record_P20(
        self, crm: ReadableCrm, opened: OpenedCase
    ) -> None:
        await crm.record(record(trail=tuple(entry(n, "ç" * 2000) for n in range(3, 203))))
        check = await crm.verify_trail("case-a")
        assert (check.entries, check.intact) == (202, True)

    async def test_an_unknown_case_has_no_trail(self, crm: ReadableCrm) -> None:
        assert await crm.trail("nothing") == []
        assert (await crm.verify_trail("nothing")).intact

    @pytest.mark.parametrize(("case_id", "customer_id"), [("case-b", "1042"), ("case-a", "2001")])
    async def test_a_record_belongs_to_its_customers_case(
        self, crm: ReadableCrm, opened: OpenedCase, case_id: str, customer_id: str
    ) -> None:
        with pytest.raises(PermanentRefusal):
            await crm.record(record(case_id=case_id, customer_id=customer_id, trail=trail(1, 3)))
        assert len(await crm.trail("case-a")) == 2
