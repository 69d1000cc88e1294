"""What waits for people: undecided e-mails, and the look at a notice that started without anybody (X14, X15)."""

from datetime import timedelta
from typing import Any

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.testing import WorkflowEnvironment

from cancellation.domain.stage import Stage
from cancellation.messages import letter_contents as say
from tests.durable.customers import address_of, new_customer, own_numbers
from tests.durable.house import CaseDriver, House, until
from tests.durable.office import reminder_moments

DAY = timedelta(days=1)
WORDS = ["Solicito o cancelamento do contrato."]
READ_IT = {
    "message_id": "<duvida@cliente>",
    "explicit_request": False,
    "reason": None,
    "doubts": ["Não se sabe com segurança o que é pedido."],
    "original_sha256": "ab" * 32,
    "original_ref": f"crm:original/{'ab' * 32}",
}
"""An e-mail that a person has to read."""
UNSEEN: dict[str, Any] = {"unseen": True, "request_words": WORDS}
"""What the inbox says of an e-mail that it read without a person."""


async def doubtful(case: CaseDriver, **changes: Any) -> None:
    """An e-mail that a person has to read arrives."""
    await case.formalize(**(READ_IT | changes))
    await case.quiet()


async def refuse(case: CaseDriver, message_id: str = "<formalizacao@cliente>", by: str = "Ana") -> None:
    """Commercial read the e-mail: it is no request."""
    await case.formalize(message_id=message_id, explicit_request=False, reason=None, refused_by=by)


async def waiting_in_closing(house: House, **changes: Any) -> CaseDriver:
    """A case whose notice is over and whose point of no return waits for a person."""
    case = await house.open()
    await case.to_notice()
    await doubtful(case, **changes)
    await case.pass_notice()
    await case.stage("closing")
    await case.quiet()
    return case


def deactivated(house: House, case: CaseDriver) -> bool:
    """Whether telephony was told to end anything."""
    return any(house.telephony.attempts[method] for method in ("deactivate", "release"))


async def test_the_point_of_no_return_waits_for_an_undecided_mail_X15(house: House) -> None:
    case = await waiting_in_closing(house)
    status = await case.status()
    assert not deactivated(house, case)
    assert status.attention == ("mail",)
    assert await case.attributes_of_attention() == ["mail"]
    [due] = [due for due in status.due if due.what == "decision"]
    assert status.notice is not None
    assert DAY < due.at - status.notice.ends_at <= 6 * DAY
    [reminder] = case.said(say.RemindMail)[-1:]
    assert reminder.closing_waits_until == due.at
    await case.forward_to(due.at - timedelta(minutes=1))
    assert not deactivated(house, case)
    await case.forward_to(due.at + timedelta(minutes=1))
    result = await case.result()
    assert result.outcome == "closed"
    assert [kind for kind in await case.kinds() if kind.startswith("decision_")] == [
        "decision_awaited",
        "decision_missed",
    ]
    open_tasks = await case.tasks(open_only=True)
    assert "mail:<duvida@cliente>" in open_tasks, "somebody still has to read it"
    await house.replays()


async def test_a_withdrawal_that_was_written_in_time_is_not_overrun_X15(house: House) -> None:
    case = await waiting_in_closing(house)
    await case.check("withdrawal", reason="desistiu por e-mail, no prazo", actor="ana")
    result = await case.result()
    assert result.outcome == "withdrawn"
    assert not deactivated(house, case)
    assert await case.crm_status() == "Ativo"
    assert len(case.said(say.Withdrawn)) == 1
    await house.replays()


async def test_a_decision_lets_the_case_close_at_once_X15(house: House) -> None:
    case = await waiting_in_closing(house)
    await refuse(case, "<duvida@cliente>")
    result = await case.result()
    assert result.outcome == "closed"
    assert "decision_missed" not in await case.kinds()
    [label] = house.crm.adapter.decisions
    assert (label.is_request, label.decided_by, label.original_sha256) == (False, "Ana", "ab" * 32)
    assert "mail:<duvida@cliente>" not in await case.tasks(open_only=True)
    await house.replays()


async def test_an_undecided_mail_of_the_notice_alone_holds_up_the_end_X15(house: House) -> None:
    case = await house.open()
    await case.to_notice()
    notice = (await case.status()).notice
    assert notice is not None
    await case.pass_notice()
    await case.result()
    kinds = await case.kinds()
    assert "decision_awaited" not in kinds
    await house.replays()


async def test_commercial_is_reminded_of_an_undecided_mail_and_attention_comes_after_the_last_X15_X19(
    house: House,
) -> None:
    case = await house.open(policy={"commercial_reminder_hours": [4, 24], "awake_interval_hours": 168})
    await case.quiet()
    await case.decline()
    await case.quiet()
    await doubtful(case)
    told = case.said(say.MailToDecide)
    assert [one.original_sha256 for one in told] == ["ab" * 32]
    assert told[0].commands is not None
    since = await case.now()
    await case.forward(timedelta(days=5))
    await case.quiet()
    first = len(reminder_moments(since, (4, 24)))
    assert len(case.said(say.RemindMail)) == first
    assert (await case.status()).attention == ("mail",)
    assert "mail_left_undecided" in await case.kinds()
    await case.forward(timedelta(days=8))
    await case.quiet()
    assert len(case.said(say.RemindMail)) == first + 1
    await refuse(case, "<duvida@cliente>")
    status = await case.quiet()
    assert (status.attention, status.undecided_mails) == ((), ())
    await house.replays()


async def test_a_notice_that_started_without_a_person_is_shown_to_one_X14(house: House) -> None:
    case = await house.open()
    status = await case.to_notice(**UNSEEN)
    assert status.formalization is not None
    assert status.formalization.confirmed_by is None
    [customer] = case.said(say.NoticeStarted)
    assert (customer.request_words, customer.words) == (tuple(WORDS), "Ficou caro")
    [commercial] = case.said(say.NoticeToConfirm)
    assert (commercial.request_words, commercial.words) == (tuple(WORDS), "Ficou caro")
    task = (await case.tasks(open_only=True))["confirm_notice"]
    assert WORDS[0] in task.order.text
    assert status.undecided_mails == ()
    await case.formalize(confirmed_by="Ana")
    seen = await case.quiet()
    assert seen.formalization is not None
    assert seen.formalization.confirmed_by == "Ana"
    assert "confirm_notice" not in await case.tasks(open_only=True)
    [label] = house.crm.adapter.decisions
    assert (label.is_request, label.reason, label.decided_by) == (True, "Ficou caro", "Ana")
    assert seen.notice is not None
    await case.pass_notice()
    result = await case.result()
    assert result.outcome == "closed"
    assert "decision_awaited" not in await case.kinds()
    assert result.ended_at - seen.notice.ends_at < timedelta(hours=1)
    await house.replays()


async def test_a_notice_that_a_person_started_needs_no_look_X14(house: House) -> None:
    case = await house.open()
    await case.to_notice(**UNSEEN, confirmed_by="Ana")
    assert case.said(say.NoticeToConfirm) == []
    other = await house.open()
    await other.to_notice()
    assert other.said(say.NoticeToConfirm) == []


async def test_a_notice_that_rests_on_a_misreading_is_undone_and_everybody_told_X14(house: House) -> None:
    case = await house.open()
    await case.to_notice(**UNSEEN)
    await case.forward(3 * DAY)
    await refuse(case)
    result = await case.result()
    assert result.outcome == "withdrawn"
    [customer] = case.said(say.Withdrawn)
    assert customer.misread
    teams = [letter.team for letter in case.letters("withdrawn_to_team")]
    assert sorted(str(team) for team in teams) == ["finance", "support"]
    [words] = {one.words for one in case.said(say.WithdrawnToTeam)}
    assert "não é um pedido de cancelamento" in words
    assert await case.crm_status() == "Ativo"
    status = await case.status()
    assert (status.ended_by, status.stage) == ("Ana", Stage.WITHDRAWN)
    [label] = house.crm.adapter.decisions
    assert not label.is_request
    await house.replays()


@pytest.mark.rest
async def test_without_a_look_the_point_of_no_return_waits_and_then_goes_on_X14(house: House) -> None:
    case = await house.open()
    await case.to_notice(**UNSEEN)
    await case.pass_notice()
    await case.stage("closing")
    status = await case.quiet()
    assert not deactivated(house, case)
    assert status.attention == ("mail",)
    [due] = [due for due in status.due if due.what == "decision"]
    await case.forward_to(due.at + timedelta(minutes=1))
    assert (await case.result()).outcome == "closed"
    await house.replays()


@pytest.mark.rest
async def test_when_services_have_ended_a_misreading_can_not_be_undone_any_more_X14_P19(house: House) -> None:
    case = await house.open()
    await case.to_notice(**UNSEEN)
    await case.check("portability", number=own_numbers(case.seed)[0], status="requested", actor="leo")
    await case.pass_notice()
    await case.formalize(confirmed_by="Ana")
    await case.until(lambda status: "hold_end" in [due.what for due in status.due])
    await case.quiet()
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await refuse(case)
    assert "não pode ser desfeito" in str(refused.value.cause)
    await house.replays()


async def test_workers_come_and_go_while_a_person_is_waited_for_X22(
    temporal_env: WorkflowEnvironment,
) -> None:
    house = House(temporal_env)
    async with house.worker():
        case = await house.open()
        await case.to_notice(**UNSEEN)
        await doubtful(case)
    async with house.worker():
        await refuse(case, "<duvida@cliente>")
        await case.quiet()
    async with house.worker():
        await case.formalize(confirmed_by="Ana")
        await case.pass_notice()
        assert (await case.result()).outcome == "closed"
    await house.replays()


async def test_a_date_told_early_is_taken_back_when_a_person_refuses_the_email_X18(house: House) -> None:
    case = await house.open()
    await case.formalize()
    await case.quiet()
    (early,) = case.said(say.FormalizedEarly)
    await refuse(case)
    await case.quiet()
    assert [one.last_day for one in case.said(say.EarlyUndone)] == [early.notice.last_day]
    assert [one.last_day for one in case.said(say.EarlyUndoneToCommercial)] == [early.notice.last_day]
    status = await case.status()
    assert (status.stage, status.formalization) == (Stage.RETENTION, None)
    await case.check("discard", reason="engano", actor="ana")
    assert (await case.result()).outcome == "discarded"
    await house.replays()


@pytest.mark.rest
async def test_what_waits_to_tell_an_early_date_is_left_out_once_it_holds_no_more_X18_X17(
    house: House,
) -> None:
    seed = new_customer()
    house.mailer.adapter.delay(address_of(seed.customer.customer_id))
    case = await house.open(seed, policy={"letter_gives_up_days": 1})
    await case.formalize()
    await until(lambda: case.letters("formalized_early_to_commercial"))
    await refuse(case)
    await until(lambda: case.letters("early_undone_to_commercial"))
    await case.forward(2 * DAY)
    assert not case.said(say.FormalizedEarly)
    assert not case.said(say.EarlyUndone)
    assert (await case.kinds()).count("letter_omitted") == 2
    await case.check("discard", reason="engano", actor="ana")
    assert (await case.result()).outcome == "discarded"
    await house.replays()
