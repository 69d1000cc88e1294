"""What every CRM adapter must do with one case of a customer after another (X1, X20, P19).

Derive a class named `Test...` from `CrmSuccessionContract` with a fixture `crm` that yields an empty
`ReadableCrm`.
"""

from datetime import date, timedelta

import pytest
from pydantic import ValidationError

from cancellation.adapters.crm_views import ReadableCrm
from cancellation.domain.values import Authentication
from cancellation.messages.crm import FormalizationState, Forsaken, OpenedCase
from cancellation.messages.seed import CustomerSeed
from cancellation.ports import PermanentRefusal
from tests.contract import cases
from tests.contract.cases import formalization, mail, opening, record, task, trail
from tests.contract.crm_base import Destroy, WithOpenCase

LATER = cases.OPENED + timedelta(days=1)


async def status_of(crm: ReadableCrm, customer_id: str = "1042") -> str:
    customer = await crm.customer(customer_id)
    assert customer is not None
    return customer.status


async def state_of(crm: ReadableCrm, case_id: str = "case-a") -> FormalizationState:
    state = await crm.formalization(case_id)
    assert state is not None
    return state


MINUTE = timedelta(minutes=1)
"""For the clocks of mail servers."""


class CrmSuccessionContract(WithOpenCase):
    """The suite; see the module."""

    async def test_a_second_open_case_is_refused_X1(self, crm: ReadableCrm, opened: OpenedCase) -> None:
        with pytest.raises(PermanentRefusal):
            await crm.open_case(opening(case_id="case-b"))
        assert [case.case_id for case in await crm.list_cases()] == ["case-a"]
        assert await crm.trail("case-b") == []

    async def test_a_new_case_opens_after_the_last_one_ended_X1(
        self, crm: ReadableCrm, opened: OpenedCase
    ) -> None:
        await crm.record(record(stage="lapsed", outcome="lapsed"))
        await crm.open_case(opening(case_id="case-b", opened_at=LATER))
        assert [case.case_id for case in await crm.list_cases(customer_id="1042")] == ["case-b", "case-a"]
        assert [case.case_id for case in await crm.list_cases(open_only=True)] == ["case-b"]

    async def test_a_later_execution_of_the_same_id_ends_a_forsaken_case_X1_P19(
        self, crm: ReadableCrm, opened: OpenedCase
    ) -> None:
        await crm.record(record(stage="notice", formalization=cases.formalization(), trail=trail(3, 4)))
        await crm.open_case(opening(case_id="case-b", opened_at=LATER))
        assert await status_of(crm) == "Em retenção"
        assert [case.case_id for case in await crm.list_cases(open_only=True)] == ["case-b"]
        forsaken = next(case for case in await crm.list_cases() if case.case_id == "case-a")
        assert (forsaken.stage, forsaken.outcome, forsaken.ended_at) == ("discarded", "discarded", LATER)
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
        with pytest.raises(PermanentRefusal):
            await crm.open_case(opening(case_id="case-b", opened_at=LATER, workflow_id="cancellation-9"))
        assert [case.case_id for case in await crm.list_cases(open_only=True)] == ["case-a"]

    # ------------------------------------------------------------------ the status of before

    @pytest.mark.parametrize("status", ["Ativo", "Cancelado", "Inadimplente"])
    async def test_a_case_that_ends_without_closing_gives_the_status_of_before_back_X20(
        self, crm: ReadableCrm, status: str
    ) -> None:
        await crm.provision(CustomerSeed(customer=cases.customer(status=status)))
        opened = await crm.open_case(opening())
        assert opened.customer is not None
        assert (opened.status_before, opened.customer.status) == (status, status)
        await crm.record(record(stage="awaiting_formalization", customer_status="Aguardando formalização"))
        assert await status_of(crm) == "Aguardando formalização"
        assert await crm.open_case(opening()) == opened
        end = record(minutes=20, stage="lapsed", outcome="lapsed", restore_status=True)
        for _ in range(2):
            await crm.record(end)
        assert await status_of(crm) == status

    async def test_a_forsaken_case_hands_the_status_of_before_on_X20(self, crm: ReadableCrm) -> None:
        await crm.provision(CustomerSeed(customer=cases.customer(status="Inadimplente")))
        await crm.open_case(opening())
        await crm.record(record(stage="notice", customer_status="Cancelamento em andamento"))
        opened = await crm.open_case(opening(case_id="case-b", opened_at=LATER))
        assert opened.status_before == "Inadimplente"
        end = record(
            case_id="case-b", minutes=2000, stage="discarded", outcome="discarded", restore_status=True
        )
        await crm.record(end)
        assert await status_of(crm) == "Inadimplente"

    async def test_an_opening_leaves_a_cancelled_customer_cancelled_X20(self, crm: ReadableCrm) -> None:
        await crm.provision(CustomerSeed(customer=cases.customer(status="Cancelado")))
        opened = await crm.open_case(opening())
        assert opened.customer is not None
        assert opened.customer.status == "Cancelado"
        assert await status_of(crm) == "Cancelado"

    async def test_an_unknown_customer_has_no_status_to_give_back_X20(self, crm: ReadableCrm) -> None:
        assert (await crm.open_case(opening("nobody"))).status_before == "Ativo"
        await crm.record(record(customer_id="nobody", outcome="discarded", restore_status=True))
        assert await crm.customer("nobody") is None

    def test_a_record_sets_a_status_or_gives_the_one_of_before_back_X20(self) -> None:
        with pytest.raises(ValidationError, match="exclude"):
            record(customer_status="Ativo", restore_status=True)

    # ------------------------------------------------------------------ mail of before

    async def test_a_case_hears_when_the_latest_one_before_it_ended_X20(
        self, crm: ReadableCrm, opened: OpenedCase
    ) -> None:
        assert opened.mails_count_after is None
        await crm.open_case(opening("2001", "case-x"))
        await crm.record(
            record(case_id="case-x", customer_id="2001", minutes=50, stage="lapsed", outcome="lapsed")
        )
        first = record(minutes=10, stage="lapsed", outcome="lapsed")
        await crm.record(first)
        second = await crm.open_case(opening(case_id="case-b", opened_at=LATER))
        assert second.mails_count_after == first.at - MINUTE
        end = record(case_id="case-b", minutes=3000, stage="retained", outcome="retained")
        await crm.record(end)
        opening_of_third = opening(case_id="case-c", opened_at=LATER + timedelta(days=9))
        third = await crm.open_case(opening_of_third)
        assert third.mails_count_after == end.at - MINUTE
        assert await crm.open_case(opening_of_third) == third

    async def test_a_case_that_ended_on_a_clock_ahead_of_the_next_one_takes_none_of_its_mail_X20(
        self, crm: ReadableCrm, opened: OpenedCase
    ) -> None:
        await crm.record(record(minutes=9000, stage="lapsed", outcome="lapsed"))
        second = await crm.open_case(opening(case_id="case-b", opened_at=LATER))
        assert second.mails_count_after == LATER - MINUTE

    async def test_a_forsaken_case_ended_when_the_next_one_opened_X20(
        self, crm: ReadableCrm, opened: OpenedCase
    ) -> None:
        following = await crm.open_case(opening(case_id="case-b", opened_at=LATER))
        assert following.mails_count_after == LATER - MINUTE

    @pytest.mark.parametrize("early", ["completing", "another"])
    async def test_no_mail_of_an_earlier_case_formalises_a_later_one_X20_P19(
        self, crm: ReadableCrm, opened: OpenedCase, early: str
    ) -> None:
        end = record(minutes=60, stage="withdrawn", outcome="withdrawn")
        await crm.record(end)
        await crm.open_case(opening(case_id="case-b", opened_at=LATER))
        old = end.at - MINUTE
        new = old + timedelta(microseconds=1)
        first = mail(message_id="<1@acme>", received_at=old)
        mails = [first] if early == "completing" else [first, mail(message_id="<2@acme>", received_at=new)]
        with pytest.raises(PermanentRefusal):
            await crm.record(
                record(case_id="case-b", minutes=2000, formalization=formalization(*mails), trail=trail(3, 3))
            )
        assert await crm.formalization("case-b") is None
        assert len(await crm.trail("case-b")) == 2
        good = formalization(mail(received_at=new))
        await crm.record(record(case_id="case-b", minutes=2000, formalization=good))
        assert await crm.formalization("case-b") is not None

    # ------------------------------------------------------------------ what a terminated execution left

    async def test_a_forsaken_case_before_the_point_of_no_return_is_described_whole_X20(
        self, crm: ReadableCrm, opened: OpenedCase
    ) -> None:
        given = formalization(
            mail(
                message_id="<1@acme>", recipients=cases.POLICY.mailboxes[:1], reason=None, subject="a\tb “ç”"
            ),
            mail(
                message_id="<2@acme>",
                recipients=cases.POLICY.mailboxes[1:],
                explicit_request=False,
                authentication=Authentication.FAIL,
                confirmed_by="Bia",
                original_sha256=None,
                original_ref=None,
            ),
            received_on=date(2026, 11, 22),
            end_offset_minutes=-180,
        )
        await crm.record(record(stage="notice", formalization=given, trail=trail(3, 4)))
        following = opening(case_id="case-b", opened_at=LATER)
        answer = await crm.open_case(following)
        assert answer.forsaken == Forsaken(
            case_id="case-a",
            protocol=opening().protocol,
            stage="notice",
            opened_at=cases.OPENED,
            past_no_return=False,
            formalization=given,
            trail_seq=5,
        )
        assert await crm.open_case(following) == answer

    async def test_a_forsaken_case_without_formalization_X20(
        self, crm: ReadableCrm, opened: OpenedCase
    ) -> None:
        assert opened.forsaken is None
        forsaken = (await crm.open_case(opening(case_id="case-b", opened_at=LATER))).forsaken
        assert forsaken is not None
        assert (forsaken.case_id, forsaken.stage, forsaken.formalization) == ("case-a", "retention", None)
        # The one after it follows its own predecessor.
        much_later = opening(case_id="case-c", opened_at=LATER + timedelta(days=1))
        forsaken = (await crm.open_case(much_later)).forsaken
        assert forsaken is not None
        assert forsaken.case_id == "case-b"

    async def test_past_the_point_of_no_return_the_successor_goes_on_as_the_forsaken_case_X20_P2(
        self, crm: ReadableCrm, opened: OpenedCase, destroy: Destroy
    ) -> None:
        given = formalization(received_on=date(2026, 11, 22), end_offset_minutes=-180)
        await crm.record(record(stage="notice", formalization=given))
        await crm.record(
            record(
                minutes=20,
                stage="closing",
                customer_status="Cancelamento em andamento",
                open_tasks=(task("d30"),),
                close_tasks=("commercial",),
                trail=trail(3, 4),
            )
        )
        await destroy(cases.warrant(await state_of(crm)))
        following = opening(case_id="case-b", opened_at=LATER)
        answer = await crm.open_case(following)
        assert answer.customer is not None
        assert answer.customer.status == answer.status_before == "Ativo"
        assert answer.forsaken == Forsaken(
            case_id="case-a",
            protocol=opening().protocol,
            stage="closing",
            opened_at=cases.OPENED,
            past_no_return=True,
            formalization=given,
            trail_seq=4,
        )
        assert await crm.open_case(following) == answer
        assert [case.case_id for case in await crm.list_cases()] == ["case-a"]
        tasks = {t.order.key: t for t in await crm.tasks(case_id="case-a", open_only=True)}
        assert tasks.keys() == {"d30", "commercial:case-b"}
        commercial = tasks["commercial:case-b"]
        assert commercial.order == task("commercial:case-b")
        assert commercial.ordered_at == LATER
        assert (await state_of(crm)).in_force
        assert await status_of(crm) == "Cancelamento em andamento"
        assert await crm.trail("case-a") == list(trail(1, 4))

    async def test_a_forsaken_closing_is_finished_by_whoever_comes_next_X20(
        self, crm: ReadableCrm, opened: OpenedCase, destroy: Destroy
    ) -> None:
        await crm.record(record(stage="notice", formalization=formalization()))
        await destroy(cases.warrant(await state_of(crm)))
        second, third = (
            opening(case_id=case_id, opened_at=LATER + timedelta(hours=hours))
            for case_id, hours in (("case-b", 0), ("case-c", 1))
        )
        for following in (second, third):
            forsaken = (await crm.open_case(following)).forsaken
            assert forsaken is not None
            assert (forsaken.case_id, forsaken.past_no_return) == ("case-a", True)
        end = record(minutes=3000, stage="closed", outcome="closed", customer_status="Cancelado")
        assert (await crm.record(end)).taken
        # The same opening is still answered with the case that it goes on as, and another one opens a case.
        again = (await crm.open_case(second)).forsaken
        assert again is not None
        assert (again.case_id, again.stage) == ("case-a", "closed")
        fourth = opening(case_id="case-d", opened_at=LATER + timedelta(days=9))
        assert (await crm.open_case(fourth)).forsaken is None
        assert [case.case_id for case in await crm.list_cases()] == ["case-d", "case-a"]
