"""What follows when a person says that an e-mail is no request: told to its case, its task closed, kept (X14, X15)."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from cancellation.adapters.memory.inbox import MemoryInbox
from cancellation.domain.refusal import Problem, Refused
from cancellation.domain.stage import Stage
from cancellation.failures import CaseNotFound
from cancellation.mail_decisions import MailDecisions
from cancellation.messages.envelope import Message
from cancellation.messages.facts import FormalizationMessage
from cancellation.messages.mail_in import MailEntry, MailFate, MailOutcome, MailTask
from cancellation.messages.status import Answer
from cancellation.understanding import MailReading

NOW = datetime(2026, 11, 24, 13, tzinfo=UTC)
SHA = "ab" * 32
READING = MailReading(
    sha256=SHA,
    size=100,
    message_id="<a@acme.com.br>",
    received_at=NOW - timedelta(hours=2),
    from_addresses=("rita@acme.com.br",),
    subject="Dúvida",
)


@dataclass
class Heard:
    """Cases that hear of facts, or say no."""

    no: Exception | None = None
    facts: list[tuple[str, FormalizationMessage]] = field(default_factory=list)

    async def report(self, case: str, message: Message) -> Answer:
        if self.no is not None:
            raise self.no
        assert isinstance(message, FormalizationMessage)
        self.facts.append((case, message))
        return Answer(stage=Stage.RETENTION, protocol="CAN-20261122-7F3KQ2", duplicate=False)


async def ledger_with(*, task: bool, customer_id: str | None) -> MemoryInbox:
    """The ledger after the e-mail was handled; it was reported under another id than its own."""
    ledger = MemoryInbox()
    entry = MailEntry(
        id="mail-1",
        sha256=SHA,
        message_id=READING.message_id,
        content_sha256=SHA,
        received_at=NOW - timedelta(hours=1),
        envelope=("comercial@nuvemjti.com.br",),
        source="smtp",
    )
    await ledger.register(entry)
    fate = MailFate.TASK if task else MailFate.UNDECIDED
    await ledger.settle(entry.id, MailOutcome(fate=fate, action="triage", customer_id=customer_id), (), NOW)
    if task:
        await ledger.open_task(
            MailTask(
                sha256=SHA,
                reported_as=READING.message_id,
                customer_id=customer_id,
                title="Ler",
                text="…",
                opened_at=NOW,
            )
        )
    return ledger


async def test_the_case_hears_under_the_name_of_who_read_it_X15() -> None:
    cases, ledger = Heard(), await ledger_with(task=False, customer_id="1042")
    assert await MailDecisions(ledger, cases).refuse(READING, "Ana Lima", NOW)
    [(case, fact)] = cases.facts
    assert (case, fact.message_id, fact.refused_by, fact.actor) == (
        "1042",
        "<a@acme.com.br>",
        "Ana Lima",
        "Ana Lima",
    )
    # When our server took it, not what it says itself.
    assert fact.received_at == NOW - timedelta(hours=1)
    assert await ledger.decisions() == []  # the case keeps it


@pytest.mark.parametrize("customer_id", ["1042", None])
async def test_an_email_of_no_case_has_its_task_closed_and_the_decision_kept_X14(
    customer_id: str | None,
) -> None:
    cases = Heard(no=CaseNotFound("1042"))
    ledger = await ledger_with(task=True, customer_id=customer_id)
    assert await MailDecisions(ledger, cases).refuse(READING, "Ana Lima", NOW)
    assert await ledger.mail_tasks() == []
    [decision] = await ledger.decisions()
    assert (decision.message_id, decision.customer_id, decision.is_request, decision.decided_by) == (
        "<a@acme.com.br>",
        customer_id,
        False,
        "Ana Lima",
    )
    assert not await MailDecisions(ledger, cases).refuse(READING, "Bia", NOW)


async def test_what_cannot_be_undone_any_more_closes_nothing_X14() -> None:
    refused = Refused(Problem(field="refused_by", problem="o encerramento já começou"))
    ledger = await ledger_with(task=True, customer_id="1042")
    with pytest.raises(Refused):
        await MailDecisions(ledger, Heard(no=refused)).refuse(READING, "Ana Lima", NOW)
    assert len(await ledger.mail_tasks()) == 1


async def test_of_an_email_that_nobody_has_received_the_person_says_whose_it_is_X15() -> None:
    cases = Heard()
    assert await MailDecisions(MemoryInbox(), cases).refuse(READING, "Ana Lima", NOW, customer_id="1043")
    assert [case for case, _ in cases.facts] == ["1043"]
    assert cases.facts[0][1].received_at == READING.received_at
