"""What every CRM adapter must do beside what the other suites of the CRM hold (P2, P12, P14, X1, X9, X12).

Derive a class named `Test...` from `CrmContract` with a fixture `crm` that yields an empty `ReadableCrm`.
"""

import asyncio
from datetime import date, timedelta

import pytest

from cancellation.adapters.crm_views import ReadableCrm
from cancellation.messages.crm import AuthorisedContact, ContactCorrection, OpenedCase, TrailReceipt
from cancellation.messages.seed import CustomerSeed
from cancellation.ports import PermanentRefusal
from tests.contract import cases
from tests.contract.cases import opening, record, task, trail
from tests.contract.crm_base import WithOpenCase


class CrmContract(WithOpenCase):
    """The suite; see the module."""

    # ------------------------------------------------------------------ opening

    async def test_opening_records_case_task_trail_and_status_P2(
        self, crm: ReadableCrm, opened: OpenedCase
    ) -> None:
        assert opened.customer is not None
        assert opened.customer.name == cases.customer().name
        held = await crm.customer("1042")
        assert held is not None
        assert held.status == "Em retenção"
        assert [c.email for c in opened.customer.contacts] == ["rita@acme.com.br", "caio@acme.com.br"]
        (case,) = await crm.list_cases()
        assert (case.case_id, case.stage, case.outcome) == ("case-a", "retention", None)
        assert [t.order for t in await crm.tasks(case_id="case-a", open_only=True)] == [task("commercial")]
        assert await crm.trail("case-a") == list(trail(1, 2))

    async def test_an_unknown_customer_is_recorded_all_the_same_P2(self, crm: ReadableCrm) -> None:
        answer = await crm.open_case(opening("nobody"))
        assert answer.customer is None
        assert [case.customer_id for case in await crm.list_cases(open_only=True)] == ["nobody"]
        assert [t.customer_id for t in await crm.tasks(customer_id="nobody")] == ["nobody"]
        await crm.record(record(customer_id="nobody", customer_status="Ativo", outcome="discarded"))
        assert await crm.customer("nobody") is None

    async def test_opening_twice_is_as_good_as_once_P2(self, crm: ReadableCrm, opened: OpenedCase) -> None:
        assert await crm.open_case(opening()) == opened
        await crm.record(record(close_tasks=("commercial",), trail=trail(3, 3), customer_status="Ativo"))
        again = await crm.open_case(opening())
        assert again == opened.model_copy(update={"went_on": True})
        held = await crm.customer("1042")
        assert held is not None
        assert held.status == "Ativo"
        assert len(await crm.list_cases()) == 1
        assert await crm.tasks(open_only=True) == []
        assert await crm.trail("case-a") == list(trail(1, 3))

    async def test_an_opening_of_a_case_that_has_ended_tells_how_P20(
        self, crm: ReadableCrm, opened: OpenedCase
    ) -> None:
        await crm.record(record(outcome="discarded", stage="discarded", trail=trail(3, 3)))
        again = await crm.open_case(opening())
        assert again == opened.model_copy(update={"went_on": True, "outcome": "discarded"})

    async def test_twenty_openings_at_once_leave_one_case_X1(self, crm: ReadableCrm) -> None:
        answers = await asyncio.gather(
            *(crm.open_case(opening(case_id=f"case-{n}")) for n in range(20)), return_exceptions=True
        )
        refusals = [answer for answer in answers if isinstance(answer, PermanentRefusal)]
        assert len(refusals) == 19
        assert len(await crm.list_cases()) == 1
        assert len(await crm.tasks()) == 1

    async def test_twenty_attempts_at_once_to_open_the_same_case_all_succeed_P2(
        self, crm: ReadableCrm
    ) -> None:
        await asyncio.gather(*(crm.open_case(opening()) for _ in range(20)))
        assert len(await crm.list_cases()) == 1
        assert await crm.trail("case-a") == list(trail(1, 2))

    async def test_a_case_keeps_its_customer_and_its_protocol_X12(
        self, crm: ReadableCrm, opened: OpenedCase
    ) -> None:
        with pytest.raises(PermanentRefusal):
            await crm.open_case(opening("2001"))
        with pytest.raises(PermanentRefusal):
            await crm.open_case(opening("2001", "case-b", protocol=opening().protocol))
        assert len(await crm.list_cases()) == 1

    # ------------------------------------------------------------------ tasks

    async def test_a_task_ordered_again_is_moved_not_doubled_P14(
        self, crm: ReadableCrm, opened: OpenedCase
    ) -> None:
        await crm.record(record(open_tasks=(task("d30", due_on=date(2026, 12, 22)),)))
        moved = task("d30", title="Encerrar", due_on=date(2026, 12, 24))
        await crm.record(record(minutes=20, open_tasks=(moved,)))
        assert [t.order for t in await crm.tasks(open_only=True)] == [task("commercial"), moved]

    async def test_a_closed_task_stays_closed_unless_ordered_again_P14(
        self, crm: ReadableCrm, opened: OpenedCase
    ) -> None:
        order = record(open_tasks=(task("d30"),))
        close = record(minutes=20, close_tasks=("d30", "never-ordered"))
        for attempt in (order, order, close, close, order):
            await crm.record(attempt)
        assert {t.order.key: t.is_open for t in await crm.tasks()} == {"commercial": True, "d30": False}
        assert [t.closed_at for t in await crm.tasks() if not t.is_open] == [close.at]
        await crm.record(record(minutes=30, open_tasks=(task("d30"),)))
        assert {t.order.key: t.is_open for t in await crm.tasks()} == {"commercial": True, "d30": True}

    async def test_a_task_opened_and_closed_by_one_record_stays_closed_P14(
        self, crm: ReadableCrm, opened: OpenedCase
    ) -> None:
        both = record(open_tasks=(task("d30"),), close_tasks=("d30",))
        for _ in range(2):
            await crm.record(both)
        assert [t.order.key for t in await crm.tasks(open_only=True)] == ["commercial"]

    async def test_all_tasks_are_closed_with_the_case_P14(self, crm: ReadableCrm, opened: OpenedCase) -> None:
        await crm.record(record(open_tasks=(task("d30"), task("other"))))
        await crm.record(record(minutes=20, close_all_tasks=True, outcome="lapsed"))
        assert await crm.tasks(open_only=True) == []
        assert len(await crm.tasks(case_id="case-a")) == 3

    async def test_what_a_closing_record_opens_stays_open_P5(
        self, crm: ReadableCrm, opened: OpenedCase
    ) -> None:
        last = record(open_tasks=(task("offer:o1"),), close_all_tasks=True, outcome="retained")
        for _ in range(2):
            await crm.record(last)
        assert [t.order.key for t in await crm.tasks(open_only=True)] == ["offer:o1"]

    async def test_tasks_of_other_cases_are_untouched_P14(self, crm: ReadableCrm, opened: OpenedCase) -> None:
        await crm.open_case(opening("2001", "case-b"))
        await crm.record(record(close_all_tasks=True))
        assert [t.case_id for t in await crm.tasks(open_only=True)] == ["case-b"]

    # ------------------------------------------------------------------ status and outcome

    async def test_stage_and_customer_status_follow_the_case_P12(
        self, crm: ReadableCrm, opened: OpenedCase
    ) -> None:
        await crm.record(record(stage="notice", customer_status="Cancelamento em andamento"))
        held = await crm.customer("1042")
        assert held is not None
        assert held.status == "Cancelamento em andamento"
        assert [case.stage for case in await crm.list_cases()] == ["notice"]

    async def test_an_attempt_that_comes_late_takes_nothing_back_P12(
        self, crm: ReadableCrm, opened: OpenedCase
    ) -> None:
        early = record(stage="awaiting_formalization", customer_status="Aguardando formalização")
        await crm.record(early)
        await crm.record(record(minutes=20, stage="notice", customer_status="Cancelamento em andamento"))
        await crm.record(early)
        held = await crm.customer("1042")
        assert held is not None
        assert held.status == "Cancelamento em andamento"
        assert [case.stage for case in await crm.list_cases()] == ["notice"]

    async def test_a_case_ends_once_and_keeps_its_outcome(self, crm: ReadableCrm, opened: OpenedCase) -> None:
        end = record(stage="retained", outcome="retained", trail=trail(3, 3))
        for _ in range(2):
            await crm.record(end)
        other = record(minutes=20, stage="lapsed", outcome="lapsed", trail=trail(4, 4))
        assert await crm.record(other) == TrailReceipt(recorded_seq=3, taken=False, outcome="retained")
        assert len(await crm.trail("case-a")) == 3
        (case,) = await crm.list_cases()
        assert (case.stage, case.outcome, case.ended_at) == ("retained", "retained", end.at)

    async def test_what_comes_after_the_end_is_still_recorded_P20(
        self, crm: ReadableCrm, opened: OpenedCase
    ) -> None:
        await crm.record(record(stage="retained", outcome="retained", trail=trail(3, 3)))
        after = record(minutes=20, stage="retained", trail=trail(4, 4), open_tasks=(task("undelivered"),))
        assert await crm.record(after) == TrailReceipt(recorded_seq=4, outcome="retained")
        assert await crm.trail("case-a") == list(trail(1, 4))
        assert "undelivered" in {t.order.key for t in await crm.tasks(open_only=True)}

    @pytest.mark.parametrize(
        "more", [{"stage": "notice"}, {"stage": "retained", "customer_status": "Em retenção"}]
    )
    async def test_a_record_that_goes_on_after_the_end_is_not_taken_P20(
        self, crm: ReadableCrm, opened: OpenedCase, more: dict[str, str]
    ) -> None:
        await crm.record(
            record(stage="retained", outcome="retained", customer_status="Ativo", trail=trail(3, 3))
        )
        answer = await crm.record(record(minutes=20, trail=trail(4, 4), **more))
        assert answer == TrailReceipt(recorded_seq=3, taken=False, outcome="retained")
        customer = await crm.customer("1042")
        assert customer is not None
        assert customer.status == "Ativo"
        assert [case.stage for case in await crm.list_cases()] == ["retained"]

    # ------------------------------------------------------------------ originals and finding

    async def test_an_original_is_kept_byte_for_byte_once_P11(self, crm: ReadableCrm) -> None:
        raw = b"From: rita@acme.com.br\r\n\r\n" + bytes(range(256)) * 40
        first = await crm.keep_original(raw, cases.RECEIVED)
        again = await crm.keep_original(raw, cases.RECEIVED + timedelta(days=1))
        assert first == again
        assert first.size == len(raw)
        assert first.sha256 in first.ref
        assert await crm.original(first.sha256) == raw
        assert await crm.original("00" * 32) is None

    async def test_a_case_is_found_by_its_protocol_X12(self, crm: ReadableCrm, opened: OpenedCase) -> None:
        protocol = opening().protocol
        for spelling in (protocol, protocol.lower(), f" {protocol} "):
            found = await crm.case_by_protocol(spelling)
            assert found is not None
            assert (found.case_id, found.opened_at) == ("case-a", cases.OPENED)
        assert await crm.case_by_protocol("CAN-20261122-000000") is None
        assert found is not None
        assert await crm.case_by_id(found.case_id) == found
        assert await crm.case_by_id("nobody's") is None

    async def test_customers_are_found_by_authorised_address_X9(
        self, crm: ReadableCrm, opened: OpenedCase
    ) -> None:
        shared = cases.customer("2001", contacts=(AuthorisedContact(name="Rita", email="rita@acme.com.br"),))
        await crm.provision(CustomerSeed(customer=shared))
        found = await crm.customers_by_email(" RITA@acme.com.br")
        assert [c.customer_id for c in found] == ["1042", "2001"]
        assert len(found[0].contacts) == 2
        assert await crm.customers_by_email("rita@acme.com.br.evil.example") == []
        assert await crm.customers_by_email("%") == []

    async def test_customers_are_found_by_cnpj(self, crm: ReadableCrm, opened: OpenedCase) -> None:
        await crm.provision(CustomerSeed(customer=cases.customer("2001", cnpj="12.ABC.345/01DE-35")))
        await crm.provision(CustomerSeed(customer=cases.customer("2002", cnpj=None)))
        for cnpj, customer_id in (
            ("11222333000181", "1042"),
            ("11.222.333/0001-81", "1042"),
            ("12abc34501de35", "2001"),
        ):
            assert [c.customer_id for c in await crm.customers_by_cnpj(cnpj)] == [customer_id]
        assert await crm.customers_by_cnpj("00000000000000") == []

    async def test_master_data_is_brought_up_to_date_and_the_status_left(
        self, crm: ReadableCrm, opened: OpenedCase
    ) -> None:
        changed = cases.customer(
            name="Acme S.A.",
            contract="CT-2000",
            contacts=(AuthorisedContact(name="Nova", email="nova@acme.com.br", phone="+5511"),),
        )
        await crm.provision(CustomerSeed(customer=changed))
        held = await crm.customer("1042")
        assert held is not None
        assert (held.name, held.contract, held.status) == ("Acme S.A.", "CT-2000", "Em retenção")
        assert held.contacts == changed.contacts
        assert await crm.customers_by_email("rita@acme.com.br") == []
        assert await crm.customer("nobody") is None

    async def test_a_contact_is_corrected_once_and_no_other_is_touched_X16(
        self, crm: ReadableCrm, opened: OpenedCase
    ) -> None:
        wrong, right = "rita@acme.com.br", "rita@certo.com.br"
        correction = ContactCorrection(wrong=wrong, right=right)
        before = await crm.customer("1042")
        for minutes in (10, 11):
            await crm.record(cases.record(minutes=minutes, corrections=(correction,)))
        held = await crm.customer("1042")
        assert before is not None
        assert held is not None
        assert [one.email for one in held.contacts] == [
            right if one.email == wrong else one.email for one in before.contacts
        ]
        assert [(one.name, one.phone) for one in held.contacts] == [
            (o.name, o.phone) for o in before.contacts
        ]
        taken = ContactCorrection(wrong=held.contacts[-1].email, right=right)
        await crm.record(cases.record(minutes=12, corrections=(taken,)))
        assert await crm.customer("1042") == held, "two contacts never share an address"
