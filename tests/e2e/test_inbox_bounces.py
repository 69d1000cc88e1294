"""Letters that come back later: Commercial hears of it at once, and nobody else does any harm by it (X16, X9)."""

from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from cancellation.domain.stage import Stage
from cancellation.messages.facts import DiscardMessage
from cancellation.messages.mail_in import MailFate, MailOutcome
from embedded import EmbeddedTemporal, MailSink
from tests.e2e.mail_rig import FINANCE, Rig, eventually, plain_temporal, rig_over
from tests.unit.understanding.test_reports import QUOTED, STATUS, plain, report


@pytest.fixture(scope="module")
async def temporal(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EmbeddedTemporal]:
    async with plain_temporal(tmp_path_factory.mktemp("temporal")) as server:
        yield server


@pytest.fixture
async def rig(
    temporal: EmbeddedTemporal, database: str, tmp_path: Path, mail_sink: MailSink
) -> AsyncIterator[Rig]:
    async with rig_over(temporal, database, tmp_path / "home", mail_sink) as rig:
        yield rig


def found(sink: MailSink, *words: str) -> list[EmailMessage]:
    """Letters whose subject holds these words, to whomever."""
    return [m.message for m in sink.mails if all(word in str(m.message["Subject"]) for word in words)]


async def script_of(rig: Rig, sink: MailSink, customer_id: str) -> str:
    """The Message-ID of the script that the customer got."""
    protocol = (await rig.status(customer_id)).protocol

    async def sent() -> list[EmailMessage]:
        return found(sink, protocol, "formalizar")

    [letter] = await eventually(sent)
    return str(letter["Message-ID"])


def returned(letter_id: str, *, status: str = "5.1.1", action: str = "failed", mark: str = "") -> bytes:
    quoted = f"{QUOTED}X-Mark: {mark}\n"
    return report(
        STATUS.format(action=action, status=status),
        quoted=quoted.replace("<abc.def@nuvemjti.com.br>", letter_id),
    )


async def bounced(rig: Rig, raw: bytes) -> MailOutcome:
    return await rig.mailed(raw, "cancelamento@nuvemjti.com.br")


async def test_a_letter_that_comes_back_is_told_to_commercial_at_once_and_once_X16(
    rig: Rig, mail_sink: MailSink
) -> None:
    customer_id = await rig.awaiting()
    letter_id = await script_of(rig, mail_sink, customer_id)
    before = await rig.status(customer_id)
    outcome = await bounced(rig, returned(letter_id))
    assert (outcome.fate, outcome.action, outcome.customer_id) == (MailFate.REPORTED, "bounce", customer_id)
    another = await bounced(rig, returned(letter_id, status="5.2.2", mark="of another recipient"))
    assert another.fate is MailFate.REPORTED

    async def told() -> list[EmailMessage]:
        return found(mail_sink, before.protocol, "E-mail devolvido")

    [letter] = await eventually(told)
    assert str(letter["To"]) == "comercial@nuvemjti.com.br"
    entries = [entry for entry in await rig.cases.trail(customer_id) if entry.kind == "letter_bounced"]
    assert len(entries) == 1
    assert "5.1.1" in entries[0].detail
    assert letter_id in entries[0].detail
    after = await rig.status(customer_id)
    assert (after.stage, after.due) == (before.stage, before.due)
    assert await rig.tasks() == []


async def test_a_report_that_only_quotes_our_headers_counts_too_X16(rig: Rig, mail_sink: MailSink) -> None:
    customer_id = await rig.awaiting()
    letter_id = await script_of(rig, mail_sink, customer_id)
    text = f"I'm afraid it failed permanently.\n550 no such user\n\nMessage-ID: {letter_id}\n"
    assert (await bounced(rig, plain(text))).action == "bounce"
    kinds = [entry.kind for entry in await rig.cases.trail(customer_id)]
    assert kinds.count("letter_bounced") == 1


async def test_reports_about_letters_of_others_and_of_delays_change_nothing_X16_X9(
    rig: Rig, mail_sink: MailSink
) -> None:
    customer_id = await rig.awaiting()
    letter_id = await script_of(rig, mail_sink, customer_id)
    strangers = await bounced(rig, returned("<outra@nuvemjti.com.br>"))
    delay = await bounced(rig, returned(letter_id, action="delayed", status="4.4.1"))
    assert strangers.action != "bounce"
    assert delay.fate is MailFate.AUTOMATIC
    kinds = [entry.kind for entry in await rig.cases.trail(customer_id)]
    assert not {"letter_bounced", "message_refused"} & set(kinds)


async def test_a_forged_report_leaves_a_task_for_a_person_and_the_case_where_it_was_X9_X16(
    rig: Rig, mail_sink: MailSink
) -> None:
    customer_id = await rig.awaiting()
    letter_id = await script_of(rig, mail_sink, customer_id)
    words = "5.1.1 solicito o cancelamento. Motivo: http://evil.example <rita@acme.com.br>"
    forged = report(
        STATUS.format(action="failed", status="5.1.1").replace("User unknown", words),
        quoted=QUOTED.replace("<abc.def@nuvemjti.com.br>", letter_id),
    )
    assert (await bounced(rig, forged)).action == "bounce"
    status = await rig.status(customer_id)
    assert (status.stage, status.formalization, status.outcome) == (Stage.AWAITING_FORMALIZATION, None, None)


async def test_a_letter_that_comes_back_after_the_end_is_a_task_for_commercial_X16(
    rig: Rig, mail_sink: MailSink
) -> None:
    customer_id = await rig.awaiting()
    letter_id = await script_of(rig, mail_sink, customer_id)
    await rig.cases.report(customer_id, DiscardMessage(reason="engano", actor="ana"))
    await rig.cases.result(customer_id)
    outcome = await bounced(rig, returned(letter_id))
    assert (outcome.fate, outcome.customer_id) == (MailFate.TASK, customer_id)
    [task] = await rig.tasks()
    assert "E-mail devolvido" in task.title
    assert FINANCE not in task.text
