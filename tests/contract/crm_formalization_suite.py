"""What every CRM adapter must do with a formalization (P7, P8, P11, P19, X3, X9).

Derive a class named `Test...` from `CrmFormalizationContract` with a fixture `crm` that yields an empty
`ReadableCrm`.
"""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from cancellation.adapters.crm_views import ReadableCrm
from cancellation.domain.notice import notice_from
from cancellation.domain.values import Authentication
from cancellation.messages.crm import FormalizationRecord, OpenedCase
from cancellation.ports import PermanentRefusal
from tests.contract import cases
from tests.contract.cases import formalization, mail, record, trail
from tests.contract.crm_base import WithOpenCase

FINANCE, COMMERCIAL = cases.POLICY.mailboxes
NOTICE = formalization().notice


def with_notice(**changes: Any) -> FormalizationRecord:
    return formalization(notice=NOTICE.model_copy(update=changes))


def with_notice_end(ends_at: datetime, end_offset_minutes: int) -> FormalizationRecord:
    return formalization(
        notice=NOTICE.model_copy(update={"ends_at": ends_at}), end_offset_minutes=end_offset_minutes
    )


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
    "negative_notice": formalization(
        notice_days=-1,
        notice=NOTICE.model_copy(
            update={"last_day": date(2026, 11, 21), "ends_at": cases.ENDS - timedelta(days=31)}
        ),
    ),
    "received_two_days_before": formalization(received_on=date(2026, 11, 21), notice_days=31),
    "received_two_days_after": formalization(received_on=date(2026, 11, 25), notice_days=27),
    "counted_from_another_day": formalization(received_on=date(2026, 11, 23)),
    "another_offset_than_the_end_has": formalization(end_offset_minutes=-120),
    "an_offset_that_no_place_has": with_notice_end(cases.ENDS - timedelta(hours=18), 15 * 60),
    "ends_before_its_receipt": formalization(
        notice_days=0,
        received_on=date(2026, 11, 22),
        end_offset_minutes=-120,
        notice=NOTICE.model_copy(update={"last_day": date(2026, 11, 22), "ends_at": cases.RECEIVED}),
    ),
    "counts_from_before_receipt": with_notice(starts_at=cases.RECEIVED - timedelta(hours=1)),
    "last_day_too_early": with_notice(
        last_day=NOTICE.last_day - timedelta(days=1), ends_at=NOTICE.ends_at - timedelta(days=1)
    ),
    "ends_before_midnight": with_notice(ends_at=NOTICE.ends_at - timedelta(seconds=1)),
}
"""Formalizations that lack one thing each; no adapter may register them (P19)."""


class CrmFormalizationContract(WithOpenCase):
    """The suite; see the module."""

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

    @pytest.mark.parametrize(
        ("rules", "received_on", "last_day", "offset", "ends_at"),
        [
            ("summer time over the whole notice", "2026-11-23", "2026-12-23", -120, "2026-12-24T02:00:00Z"),
            ("summer time that ends before", "2026-11-23", "2026-12-23", -180, "2026-12-24T03:00:00Z"),
            ("a zone east of Greenwich", "2026-11-23", "2026-12-23", 330, "2026-12-23T18:30:00Z"),
            ("a zone far west", "2026-11-22", "2026-12-22", -660, "2026-12-23T11:00:00Z"),
        ],
    )
    async def test_the_rules_of_the_case_count_whatever_this_machine_thinks_of_its_zone_X23(
        self,
        crm: ReadableCrm,
        opened: OpenedCase,
        rules: str,
        received_on: str,
        last_day: str,
        offset: int,
        ends_at: str,
    ) -> None:
        told = NOTICE.model_copy(
            update={"last_day": date.fromisoformat(last_day), "ends_at": datetime.fromisoformat(ends_at)}
        )
        given = formalization(
            notice=told, received_on=date.fromisoformat(received_on), end_offset_minutes=offset
        )
        for _ in range(2):
            assert (await crm.record(record(stage="notice", formalization=given))).taken
        state = await crm.formalization("case-a")
        assert state is not None
        assert (state.last_day, state.notice_ends_at) == (told.last_day, told.ends_at)

    async def test_a_notice_of_no_days_ends_with_the_day_of_receipt_P8(
        self, crm: ReadableCrm, opened: OpenedCase
    ) -> None:
        policy = cases.POLICY.model_copy(update={"notice_days": 0})
        at_once = formalization(notice=notice_from(cases.RECEIVED, policy), notice_days=0)
        await crm.record(record(stage="notice", formalization=at_once))
        state = await crm.formalization("case-a")
        assert state is not None
        assert state.notice_ends_at == datetime.fromisoformat("2026-11-23T00:00:00-03:00")

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
