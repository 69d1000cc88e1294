"""What every CRM adapter must do with one case of a customer after another (X1, X20, P19).

Derive a class named `Test...` from `CrmSuccessionContract` with a fixture `crm` that yields an empty
`ReadableCrm`.
"""

from datetime import timedelta

import pytest

from cancellation.adapters.crm_views import ReadableCrm
from cancellation.messages.crm import OpenedCase
from cancellation.ports import PermanentRefusal
from tests.contract import cases
from tests.contract.cases import opening, record, trail
from tests.contract.crm_base import WithOpenCase


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
