"""What every CRM adapter must do (P2, P7, P8, P11, P12, P14, P20, X1, X3, X9, X12).

Derive a class named `Test...` from `CrmContract` with a fixture `crm` that yields an empty `ReadableCrm`.
"""

import asyncio
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from cancellation.adapters.crm_views import ReadableCrm
from cancellation.adapters.trailchain import GENESIS, entry_hash
from cancellation.domain.refusal import Problem
from cancellation.domain.values import Authentication
from cancellation.messages.crm import AuthorisedContact, FormalizationRecord, OpenedCase
from cancellation.messages.seed import CustomerSeed
from cancellation.ports import PermanentRefusal
from tests.contract import cases
from tests.contract.cases import entry, formalization, mail, opening, record, task, trail

FINANCE, COMMERCIAL = cases.POLICY.mailboxes
NOTICE = formalization().notice


def with_notice(**changes: Any) -> FormalizationRecord:
    return formalization(notice=NOTICE.model_copy(update=changes))


INCOMPLETE = {
    "one_mailbox": formalization(mail(recipients=(FINANCE, "rita@acme.com.br"))),
    "no_mailbox_required": formalization(required_mailboxes=()),
    "no_mail": formalization(mails=()),
    "no_request": formalization(mail(explicit_request=False)),
    "blank_reason": formalization(reason=" \n"),
    "unauthenticated": formalization(mail(authentication=Authentication.NONE)),
    "blank_voucher": formalization(mail(authentication=Authentication.FAIL, confirmed_by=" ")),
    "one_of_two_unauthenticated": formalization(
        mail(message_id="<1@acme>", authentication=Authentication.FAIL), mail(message_id="<2@acme>")
    ),
    "no_days_of_notice": formalization(
        notice_days=0,
        notice=NOTICE.model_copy(
            update={"last_day": date(2026, 11, 22), "ends_at": cases.ENDS - timedelta(days=30)}
        ),
    ),
    "counts_from_before_receipt": with_notice(starts_at=cases.RECEIVED - timedelta(hours=1)),
    "last_day_too_early": with_notice(
        last_day=NOTICE.last_day - timedelta(days=1), ends_at=NOTICE.ends_at - timedelta(days=1)
    ),
    "ends_before_midnight": with_notice(ends_at=NOTICE.ends_at - timedelta(seconds=1)),
}
"""Formalizations that lack one thing each; no adapter may register them (P19)."""


class CrmContract:
    """The suite; see the module."""

    @pytest.fixture
    async def opened(self, crm: ReadableCrm) -> OpenedCase:
        """Customer 1042 with the open case `case-a`."""
        await crm.provision(CustomerSeed(customer=cases.customer()))
        return await crm.open_case(opening())

    # ------------------------------------------------------------------ opening

    async def test_opening_records_case_task_trail_and_status_P2(
        self, crm: ReadableCrm, opened: OpenedCase
    ) -> None:
        assert opened.customer is not None
        assert opened.customer.name == cases.customer().name
        assert opened.customer.status == "Em retenção"
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
        await crm.record(record(close_tasks=("commercial",), trail=trail(3, 3), customer_status="Ativo"))
        again = await crm.open_case(opening())
        assert again.customer is not None
        assert again.customer.status == "Ativo"
        assert len(await crm.list_cases()) == 1
        assert await crm.tasks(open_only=True) == []
        assert await crm.trail("case-a") == list(trail(1, 3))

    async def test_a_second_open_case_is_refused_X1(self, crm: ReadableCrm, opened: OpenedCase) -> None:
        with pytest.raises(PermanentRefusal):
            await crm.open_case(opening(case_id="case-b"))
        assert [case.case_id for case in await crm.list_cases()] == ["case-a"]
        assert await crm.trail("case-b") == []

    async def test_a_new_case_opens_after_the_last_one_ended_X1(
        self, crm: ReadableCrm, opened: OpenedCase
    ) -> None:
        await crm.record(record(stage="lapsed", outcome="lapsed"))
        await crm.open_case(opening(case_id="case-b", opened_at=cases.OPENED + timedelta(days=1)))
        assert [case.case_id for case in await crm.list_cases(customer_id="1042")] == ["case-b", "case-a"]
        assert [case.case_id for case in await crm.list_cases(open_only=True)] == ["case-b"]

    async def test_a_later_execution_of_the_same_id_ends_a_forsaken_case_X1_P19(
        self, crm: ReadableCrm, opened: OpenedCase
    ) -> None:
        await crm.record(record(stage="notice", formalization=cases.formalization(), trail=trail(3, 4)))
        later = cases.OPENED + timedelta(days=1)
        answer = await crm.open_case(opening(case_id="case-b", opened_at=later))
        assert answer.customer is not None
        assert answer.customer.status == "Em retenção"
        assert [case.case_id for case in await crm.list_cases(open_only=True)] == ["case-b"]
        forsaken = next(case for case in await crm.list_cases() if case.case_id == "case-a")
        assert (forsaken.stage, forsaken.outcome, forsaken.ended_at) == ("discarded", "discarded", later)
        held = await crm.formalization("case-a")
        assert held is not None
        assert not held.in_force
        assert {task.case_id for task in await crm.tasks(open_only=True)} == {"case-b"}
        last = (await crm.trail("case-a"))[-1]
        assert (last.seq, last.kind) == (5, "discarded")
        assert opening(case_id="case-b").protocol in last.detail
        assert (await crm.verify_trail("case-a")).intact

    async def test_another_workflow_id_ends_nobodys_case_X1(
        self, crm: ReadableCrm, opened: OpenedCase
    ) -> None:
        later = cases.OPENED + timedelta(days=1)
        with pytest.raises(PermanentRefusal):
            await crm.open_case(opening(case_id="case-b", opened_at=later, workflow_id="cancellation-9"))
        assert [case.case_id for case in await crm.list_cases(open_only=True)] == ["case-a"]

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

    # ------------------------------------------------------------------ trail

    async def test_entries_already_held_are_skipped_P20(self, crm: ReadableCrm, opened: OpenedCase) -> None:
        assert (await crm.record(record(trail=trail(2, 4)))).recorded_seq == 4
        assert (await crm.record(record(trail=trail(1, 3)))).recorded_seq == 4
        assert (await crm.record(record())).recorded_seq == 4
        assert await crm.trail("case-a") == list(trail(1, 4))

    @pytest.mark.parametrize("numbers", [(4,), (3, 5)])
    async def test_a_gap_is_refused_and_nothing_of_the_record_counts_P20(
        self, crm: ReadableCrm, opened: OpenedCase, numbers: tuple[int, ...]
    ) -> None:
        with pytest.raises(PermanentRefusal):
            await crm.record(
                record(
                    stage="notice",
                    trail=tuple(entry(n) for n in numbers),
                    open_tasks=(task("d30"),),
                    customer_status="Cancelamento em andamento",
                    formalization=formalization(),
                )
            )
        assert await crm.trail("case-a") == list(trail(1, 2))
        assert [t.order.key for t in await crm.tasks()] == ["commercial"]
        assert [case.stage for case in await crm.list_cases()] == ["retention"]
        assert await crm.formalization("case-a") is None

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
        previous = GENESIS
        for link in await crm.chained_trail("case-a"):
            previous = entry_hash(previous, "case-a", link.entry)
            assert link.hash == previous.hex()
        check = await crm.verify_trail("case-a")
        assert (check.intact, check.entries, check.head) == (True, 6, previous.hex())

    async def test_text_that_no_database_holds_never_blocks_a_case_X8(
        self, crm: ReadableCrm, opened: OpenedCase
    ) -> None:
        dirty = "antes\x00depois"
        await crm.record(
            record(
                trail=(
                    entry(
                        3,
                        dirty,
                        actor=dirty,
                        message_id=dirty,
                        problems=(Problem(field=dirty, problem=dirty),),
                    ),
                ),
                open_tasks=(task(dirty, title=dirty),),
                close_tasks=(dirty,),
                customer_status=dirty,
            )
        )
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
        with pytest.raises(PermanentRefusal):
            await crm.record(record(minutes=20, stage="lapsed", outcome="lapsed"))
        (case,) = await crm.list_cases()
        assert (case.stage, case.outcome, case.ended_at) == ("retained", "retained", end.at)

    async def test_what_comes_after_the_end_is_still_recorded_P20(
        self, crm: ReadableCrm, opened: OpenedCase
    ) -> None:
        await crm.record(record(stage="retained", outcome="retained", trail=trail(3, 3)))
        await crm.record(record(minutes=20, stage="retained", trail=trail(4, 4)))
        assert await crm.trail("case-a") == list(trail(1, 4))

    # ------------------------------------------------------------------ formalization

    async def test_the_complete_formalization_is_registered_once_P11(
        self, crm: ReadableCrm, opened: OpenedCase
    ) -> None:
        assert await crm.formalization("case-a") is None
        for _ in range(2):
            await crm.record(record(stage="notice", formalization=formalization()))
        state = await crm.formalization("case-a")
        assert state is not None
        assert (state.case_id, state.customer_id, state.in_force) == ("case-a", "1042", True)
        assert state.notice_ends_at == cases.ENDS

    async def test_two_mails_that_together_reach_both_mailboxes_complete_it_P7(
        self, crm: ReadableCrm, opened: OpenedCase
    ) -> None:
        first = mail(message_id="<1@acme>", recipients=(FINANCE,), reason=None)
        second = mail(message_id="<2@acme>", recipients=(COMMERCIAL,), explicit_request=False)
        await crm.record(record(formalization=formalization(first, second)))
        assert await crm.formalization("case-a") is not None

    async def test_commercial_can_vouch_for_an_unauthenticated_mail_X9(
        self, crm: ReadableCrm, opened: OpenedCase
    ) -> None:
        vouched = mail(authentication=Authentication.FAIL, confirmed_by="Bia do Comercial")
        await crm.record(record(formalization=formalization(vouched)))
        assert await crm.formalization("case-a") is not None

    async def test_another_formalization_of_the_same_case_is_refused_P11(
        self, crm: ReadableCrm, opened: OpenedCase
    ) -> None:
        await crm.record(record(formalization=formalization()))
        earlier = mail(received_at=cases.RECEIVED - timedelta(days=3))
        for other in (formalization(earlier), formalization(reason="Outro motivo.")):
            with pytest.raises(PermanentRefusal):
                await crm.record(record(minutes=20, formalization=other, trail=trail(3, 3)))
        state = await crm.formalization("case-a")
        assert state is not None
        assert state.notice_ends_at == cases.ENDS
        assert len(await crm.trail("case-a")) == 2

    @pytest.mark.parametrize("lacking", sorted(INCOMPLETE))
    async def test_an_incomplete_formalization_is_refused_P7(
        self, crm: ReadableCrm, opened: OpenedCase, lacking: str
    ) -> None:
        with pytest.raises(PermanentRefusal):
            await crm.record(record(formalization=INCOMPLETE[lacking], trail=trail(3, 3)))
        assert await crm.formalization("case-a") is None
        assert len(await crm.trail("case-a")) == 2

    async def test_withdrawing_revokes_it_for_good_X3(self, crm: ReadableCrm, opened: OpenedCase) -> None:
        await crm.record(record(formalization=formalization()))
        end = record(minutes=20, stage="withdrawn", outcome="withdrawn", revoke_formalization=True)
        for _ in range(2):
            await crm.record(end)
        await crm.record(record(minutes=30, stage="withdrawn", formalization=formalization()))
        state = await crm.formalization("case-a")
        assert state is not None
        assert not state.in_force

    @pytest.mark.parametrize("outcome", ["withdrawn", "discarded", "retained", "lapsed"])
    async def test_a_case_that_ends_otherwise_than_closed_revokes_it_unasked_P19(
        self, crm: ReadableCrm, opened: OpenedCase, outcome: str
    ) -> None:
        await crm.record(record(formalization=formalization()))
        await crm.record(record(minutes=20, stage=outcome, outcome=outcome))
        state = await crm.formalization("case-a")
        assert state is not None
        assert not state.in_force

    async def test_a_closed_case_keeps_its_formalization_P11(
        self, crm: ReadableCrm, opened: OpenedCase
    ) -> None:
        await crm.record(record(formalization=formalization()))
        await crm.record(record(minutes=20, stage="closed", outcome="closed"))
        state = await crm.formalization("case-a")
        assert state is not None
        assert state.in_force

    async def test_an_ended_case_is_not_formalised_any_more_P19(
        self, crm: ReadableCrm, opened: OpenedCase
    ) -> None:
        await crm.record(record(stage="lapsed", outcome="lapsed"))
        with pytest.raises(PermanentRefusal):
            await crm.record(record(minutes=20, stage="lapsed", formalization=formalization()))
        assert await crm.formalization("case-a") is None

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
