"""What becomes of e-mails: reported, opened, given to a person, recorded; each once."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cancellation.domain.stage import Stage
from cancellation.domain.values import Channel
from cancellation.failures import CaseNotFound
from cancellation.messages.facts import DiscardMessage, RequestMessage
from cancellation.messages.mail_in import MailFate
from embedded import EmbeddedTemporal, MailSink
from tests.durable.customers import address_of
from tests.e2e.mail_rig import (
    COMMERCIAL,
    FINANCE,
    Rig,
    email_from,
    eventually,
    plain_temporal,
    rig_over,
)
from tests.unit.understanding.hostile import HOSTILE


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


async def test_complete_mail_is_reported_with_its_original_P7_P8_P11(rig: Rig) -> None:
    customer_id = await rig.awaiting()
    raw = email_from(customer_id)
    received_at = datetime.now(UTC) - timedelta(hours=5)
    outcome = await rig.mailed(raw, received_at=received_at)
    assert (outcome.fate, outcome.action) == (MailFate.REPORTED, "accept")
    status = await rig.status(customer_id)
    assert status.stage is Stage.NOTICE
    assert status.notice is not None
    assert status.notice.starts_at == received_at
    assert status.formalization is not None
    assert status.formalization.original_sha256 is not None
    assert await rig.systems.crm.original(status.formalization.original_sha256) == raw


async def test_copies_in_two_mailboxes_count_once_and_reach_both_P7_X2(rig: Rig) -> None:
    customer_id = await rig.awaiting()
    hidden = {"message_id": "<um-so@cliente>", "to": ("undisclosed-recipients@localhost",)}
    first = email_from(customer_id, delivered_to=FINANCE, **hidden)  # type: ignore[arg-type]
    second = email_from(customer_id, delivered_to=COMMERCIAL, **hidden)  # type: ignore[arg-type]
    await rig.mailed(first, FINANCE)
    assert (await rig.status(customer_id)).missing == (f"recipient:{COMMERCIAL}",)
    await rig.mailed(second, COMMERCIAL)
    assert (await rig.status(customer_id)).stage is Stage.NOTICE


async def test_copies_that_name_both_mailboxes_leave_one_formalization_X2(rig: Rig) -> None:
    customer_id = await rig.awaiting()
    copies = [
        email_from(customer_id, message_id="<ambas@cliente>", delivered_to=box)
        for box in (FINANCE, COMMERCIAL)
    ]
    mails = [await rig.take(copy, box) for copy, box in zip(copies, (FINANCE, COMMERCIAL), strict=True)]
    await asyncio.gather(*(rig.handled(mail) for mail in mails))
    kinds = [entry.kind for entry in await rig.cases.trail(customer_id)]
    assert kinds.count("formalization_received") == 1
    assert kinds.count("message_repeated") == 1


async def test_delivery_taken_twice_is_one_delivery_X2(rig: Rig) -> None:
    customer_id = await rig.awaiting()
    raw = email_from(customer_id)
    first, second = await rig.take(raw), await rig.take(raw)
    assert first.workflow_id == second.workflow_id
    await rig.handled(first)
    await rig.mailed(raw)
    kinds = [entry.kind for entry in await rig.cases.trail(customer_id)]
    assert (kinds.count("formalization_received"), kinds.count("message_repeated")) == (1, 0)


async def test_request_without_a_case_opens_one_and_the_formalization_is_kept_P1_P2_X2(rig: Rig) -> None:
    customer_id = await rig.customer()
    outcome = await rig.mailed(email_from(customer_id))
    assert outcome.fate is MailFate.OPENED
    status = await rig.status(customer_id)
    assert (status.channel, status.stage) == (Channel.EMAIL, Stage.RETENTION)
    assert status.contacts[0].actor == "caixa de entrada"
    assert status.contacts[0].contact.email == address_of(customer_id)
    await eventually(lambda: nothing_missing(rig, customer_id))


async def test_copy_that_comes_after_the_end_opens_no_new_case_X1_X2(rig: Rig) -> None:
    customer_id = await rig.customer()
    await rig.mailed(email_from(customer_id, message_id="<a@c>"), FINANCE)
    await rig.cases.report(customer_id, DiscardMessage(reason="engano", actor="ana"))
    ended = await rig.cases.result(customer_id)
    late = await rig.mailed(email_from(customer_id, message_id="<a@c>", delivered_to=COMMERCIAL), COMMERCIAL)
    assert late.fate is MailFate.RECORDED
    assert (await rig.status(customer_id)).protocol == ended.protocol
    another = await rig.mailed(email_from(customer_id, message_id="<b@c>"), FINANCE)
    assert another.fate is MailFate.OPENED
    assert (await rig.status(customer_id)).protocol != ended.protocol


async def test_message_id_reused_with_other_content_counts_as_another_mail_X2(rig: Rig) -> None:
    customer_id = await rig.awaiting()
    without_reason = email_from(customer_id, "Solicito o cancelamento do contrato.", message_id="<x@c>")
    assert (await rig.mailed(without_reason)).action == "incomplete"
    assert (await rig.status(customer_id)).missing == ("reason",)
    await rig.mailed(email_from(customer_id, message_id="<x@c>"))
    status = await rig.status(customer_id)
    assert status.stage is Stage.NOTICE
    assert status.formalization is not None
    assert status.formalization.message_id.startswith("<x@c>#")


async def test_mails_without_message_id_are_told_apart_by_their_content_X2(rig: Rig) -> None:
    customer_id = await rig.awaiting()
    for box in (FINANCE, COMMERCIAL):
        await rig.mailed(email_from(customer_id, message_id=None, delivered_to=box), box)
    kinds = [entry.kind for entry in await rig.cases.trail(customer_id)]
    assert (kinds.count("formalization_received"), kinds.count("message_repeated")) == (1, 1)


@pytest.mark.parametrize("verdict", ["fail", None])
async def test_unauthenticated_mail_goes_to_commercial_by_the_case_X9(rig: Rig, verdict: str | None) -> None:
    customer_id = await rig.awaiting()
    outcome = await rig.mailed(email_from(customer_id, verdict=verdict))
    assert (outcome.fate, outcome.action) == (MailFate.UNDECIDED, "triage")
    status = await rig.status(customer_id)
    assert (status.stage, status.missing) == (Stage.AWAITING_FORMALIZATION, ("authentication",))
    tasks = await eventually(lambda: case_tasks(rig, customer_id))
    assert "cancelamento formalize crm:original/" in tasks[0]
    assert await rig.tasks() == []


async def test_unauthenticated_mail_opens_no_case_X9(rig: Rig) -> None:
    customer_id = await rig.customer()
    outcome = await rig.mailed(email_from(customer_id, verdict="fail"))
    assert outcome.fate is MailFate.TASK
    with pytest.raises(CaseNotFound):
        await rig.status(customer_id)
    [task] = await rig.tasks()
    assert task.customer_id == customer_id
    assert "O cliente não tem caso aberto." in task.text


@pytest.mark.parametrize(
    "text", ["Estou pensando em cancelar o contrato.", "Desisto do cancelamento, queremos continuar."]
)
async def test_doubtful_text_waits_in_the_case_and_moves_nothing_P7_X15(rig: Rig, text: str) -> None:
    customer_id = await rig.awaiting()
    for box in (FINANCE, COMMERCIAL):
        outcome = await rig.mailed(
            email_from(customer_id, text, message_id="<duvida@c>", delivered_to=box), box
        )
        assert outcome.fate is MailFate.UNDECIDED
    status = await rig.status(customer_id)
    assert status.formalization is None
    assert [mail.message_id for mail in status.undecided_mails] == ["<duvida@c>"]
    assert await rig.tasks() == []


SENT_AGAIN = "Fri, 22 Nov 2024 10:00:00 -0300"
DENIED = "Não solicito o cancelamento do contrato. Motivo: a fusão não aconteceu."


def dated(raw: bytes, date: str | None) -> bytes:
    """The same e-mail with another Date header, or without one."""
    return re.sub(rb"(?m)^Date: .*\r\n", f"Date: {date}\r\n".encode() if date else b"", raw, count=1)


def with_page(raw: bytes, page: str) -> bytes:
    """The same e-mail with an HTML alternative beside its text."""
    head, _, text = raw.partition(b"\r\n\r\n")
    head = re.sub(rb"(?m)^(Content-[\w-]+|MIME-Version): .*\r?\n?", b"", head).rstrip()
    parts = ((b"plain", text), (b"html", page.encode()))
    body = b"".join(
        b"--b\r\nContent-Type: text/" + kind + b"; charset=utf-8\r\n\r\n" + one + b"\r\n"
        for kind, one in parts
    )
    return head + b"\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n" + body + b"--b--\r\n"


@pytest.mark.some(3)
@pytest.mark.parametrize(
    ("alter", "why"),
    [
        (
            lambda raw: raw.replace(b"solicito o cancelamento", b"n?o solicito o cancelamento"),
            "acentos perdidos",
        ),
        (lambda raw: raw.rstrip() + b" \xff\r\n", "caracteres perdidos"),
        (lambda raw: dated(raw, SENT_AGAIN), "pode ser uma mensagem antiga"),
        (lambda raw: dated(raw, None), "não diz quando foi escrita"),
        (lambda raw: raw.replace(b"do contrato", b"do contrato da empresa Beta Ltda"), "a empresa Beta"),
        (lambda raw: with_page(raw, f"<p>{DENIED}</p>"), "dizem coisas diferentes"),
    ],
    ids=["accents", "bytes", "old", "undated", "company", "renditions"],
)
async def test_mail_that_was_not_surely_read_or_is_not_the_customers_moves_nothing_X9_X14(
    rig: Rig, alter: Callable[[bytes], bytes], why: str
) -> None:
    customer_id = await rig.awaiting()
    raw = email_from(customer_id).replace(b'charset="utf-8"', b"charset=utf-8")
    outcome = await rig.mailed(alter(raw))
    assert (outcome.fate, outcome.action, outcome.customer_id) == (MailFate.UNDECIDED, "triage", customer_id)
    status = await rig.status(customer_id)
    assert (status.stage, status.formalization) == (Stage.AWAITING_FORMALIZATION, None)
    [mail] = status.undecided_mails
    assert any(why in reason for reason in mail.why)


@pytest.mark.some(1)
@pytest.mark.parametrize("kind", ["parameters", "siblings", "base64"])
async def test_hostile_mail_becomes_a_task_and_holds_up_nobody_P2_X9(rig: Rig, kind: str) -> None:
    hostile = await rig.take(HOSTILE[kind])
    customer_id = await rig.customer()
    async with asyncio.timeout(20):
        await rig.cases.open_or_join(customer_id, RequestMessage(channel=Channel.PHONE))
        assert (await rig.status(customer_id)).stage is Stage.RETENTION
    assert (await rig.handled(hostile)).fate in (MailFate.TASK, MailFate.RECORDED)


async def test_automatic_mail_that_says_something_is_never_answered_but_seen_P7_X15(
    rig: Rig, mail_sink: MailSink
) -> None:
    customer_id = await rig.awaiting()
    automatic = {"Auto-Submitted": "auto-replied"}
    outcome = await rig.mailed(email_from(customer_id, headers=automatic))
    assert outcome.fate is MailFate.UNDECIDED
    assert (await rig.status(customer_id)).stage is Stage.AWAITING_FORMALIZATION
    assert not [m for m in mail_sink.mails if "falta" in str(m.message["Subject"]).lower()]


@pytest.mark.parametrize("raw", [b"", b"\x00\xff" * 2000, b"From: a@b\r\n\r\n" + b"\xfe" * 50])
async def test_any_bytes_are_handled_P11(rig: Rig, raw: bytes) -> None:
    mail = await rig.take(raw)
    await rig.handled(mail)
    assert await rig.systems.crm.original(mail.sha256) == raw


async def test_mail_too_large_to_be_kept_whole_goes_to_a_person_P11(rig: Rig) -> None:
    customer_id = await rig.awaiting()
    outcome = await rig.mailed(email_from(customer_id), whole=False)
    assert outcome.fate is MailFate.UNDECIDED
    [mail] = (await rig.status(customer_id)).undecided_mails
    assert "grande demais" in mail.why[-1]


async def test_reply_with_the_protocol_finds_its_case_X12(rig: Rig) -> None:
    customer_id = await rig.awaiting()
    protocol = (await rig.status(customer_id)).protocol
    text = f"Solicito o cancelamento. Motivo: preço alto.\r\nProtocolo {protocol}"
    outcome = await rig.mailed(email_from(customer_id, text, sender="outra.pessoa@provedor.example"))
    assert (outcome.customer_id, outcome.fate) == (customer_id, MailFate.UNDECIDED)
    assert (await rig.status(customer_id)).missing == ("sender",)


async def nothing_missing(rig: Rig, customer_id: str) -> bool:
    """Whether the case knows a complete formalization."""
    return not (await rig.status(customer_id)).missing


async def case_tasks(rig: Rig, customer_id: str) -> list[str]:
    """Texts of the case's tasks about e-mails."""
    crm = rig.systems.crm
    found = await crm.tasks(customer_id=customer_id, open_only=True)  # type: ignore[attr-defined]
    return [task.order.text for task in found if task.order.key.startswith("mail:")]
