"""Nobody's mail is dropped: what moves no case waits for a person, who hears of it until it is decided (X15, P20)."""

import asyncio
import email
from collections.abc import AsyncIterator
from datetime import timedelta
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, cast

import pytest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from activities.guard import Guard
from activities.mail_in import MailInActivities
from cancellation.adapters.postgres.crm import PostgresCrm
from cancellation.domain.policy import CancellationPolicy
from cancellation.domain.stage import Stage
from cancellation.messages.facts import FormalizationMessage, WithdrawalMessage
from cancellation.messages.mail_in import IncomingMail, MailFate, MailOutcome
from embedded import EmbeddedTemporal, MailSink
from starters.inbox.reception import Reception
from tests.durable.customers import address_of
from tests.e2e.mail_rig import (
    BOTH,
    REQUEST,
    Rig,
    email_from,
    eventually,
    plain_temporal,
    rig_over,
    settings_for,
)
from workers.wiring import open_systems
from workers.worker import activities_of, cancellation_worker, mail_worker

COMPLETE_IN_DISGUISE = {
    "feedback id": {"Feedback-ID": "1:2:acme:google"},
    "list": {"List-Unsubscribe": "<mailto:sair@acme.com.br>", "List-Id": "<clientes.acme.com.br>"},
    "precedence": {"Precedence": "bulk"},
}
"""Signs of how a mail was sent: they say nothing about whether it counts."""


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


def letters(sink: MailSink, words: str, protocol: str = "") -> list[EmailMessage]:
    """What Commercial got with these words in the subject."""
    return [
        mail.message
        for mail in sink.mails
        if words in str(mail.message["Subject"])
        and protocol in str(mail.message["Subject"])
        and "comercial@" in str(mail.message["To"])
    ]


async def protocol_of(rig: Rig, customer_id: str) -> str:
    """Of the customer's case, once the CRM has it: then an e-mail that names it names a case."""
    protocol = (await rig.status(customer_id)).protocol
    await eventually(lambda: rig.systems.crm.case_by_protocol(protocol))
    return protocol


def original_in(letter: EmailMessage) -> bytes:
    """The customer's e-mail that goes along."""
    [part] = [part for part in letter.walk() if part.get_content_type() == "message/rfc822"]
    return bytes(part.get_payload(0).as_bytes())  # type: ignore[union-attr]


def with_letter(customer_id: str) -> bytes:
    """A request as a PDF, with neutral words around it."""
    mail: EmailMessage = email.message_from_bytes(
        email_from(customer_id, "Bom dia, segue anexa a carta. Obrigada."), policy=policy.default
    )
    mail.add_attachment(b"%PDF-1.4 carta", maintype="application", subtype="pdf", filename="carta.pdf")
    return mail.as_bytes()


@pytest.mark.some(2)
@pytest.mark.parametrize("sign", COMPLETE_IN_DISGUISE)
async def test_how_a_mail_was_sent_says_nothing_about_whether_it_counts_X15(rig: Rig, sign: str) -> None:
    customer_id = await rig.awaiting()
    outcome = await rig.mailed(email_from(customer_id, headers=COMPLETE_IN_DISGUISE[sign]))
    assert outcome.fate is MailFate.REPORTED
    assert (await rig.status(customer_id)).stage is Stage.NOTICE


async def test_words_of_absence_in_a_complete_formalization_say_nothing_about_it_X15(rig: Rig) -> None:
    customer_id = await rig.awaiting()
    text = f"{REQUEST}\r\nA partir de segunda estarei de férias; tratem com o João."
    await rig.mailed(email_from(customer_id, text))
    assert (await rig.status(customer_id)).stage is Stage.NOTICE


async def test_what_may_not_be_answered_and_lacks_something_goes_to_a_person_X15(
    rig: Rig, mail_sink: MailSink
) -> None:
    customer_id = await rig.awaiting()
    raw = email_from(customer_id, "Solicito o cancelamento do contrato.", headers={"Precedence": "bulk"})
    assert (await rig.mailed(raw)).fate is MailFate.UNDECIDED
    [mail] = (await rig.status(customer_id)).undecided_mails
    assert any("não é respondida" in why for why in mail.why)
    assert not [m for m in mail_sink.mails if "falta" in str(m.message["Subject"]).lower()]


@pytest.mark.parametrize(
    "raw",
    [
        lambda c: email_from(c, "O telefone está mudo desde ontem e ninguém atende. Absurdo!"),
        lambda c: email_from(c, "Vamos ficar por aqui com vocês, a partir do mês que vem é outra firma."),
        with_letter,
        lambda c: email_from(c, "Segue.", sender="estranho@longe.example", subject="Sobre o cliente"),
    ],
    ids=["complaint", "nothing seen", "letter as a file", "a stranger who names nothing"],
)
async def test_mail_on_an_open_case_waits_there_for_a_person_X15_P20(rig: Rig, raw: object) -> None:
    customer_id = await rig.awaiting()
    made: bytes = raw(customer_id)  # type: ignore[operator]
    outcome = await rig.mailed(made)
    if b"estranho@longe" in made:
        assert outcome.fate is MailFate.RECORDED  # nobody's, about nothing of ours
        return
    assert outcome.fate is MailFate.UNDECIDED
    status = await rig.status(customer_id)
    assert (status.stage, len(status.undecided_mails)) == (Stage.AWAITING_FORMALIZATION, 1)
    assert "mail_received" in [entry.kind for entry in await rig.cases.trail(customer_id)]
    assert any(due.what.startswith("remind_mail") for due in status.due)


async def test_a_stranger_who_names_an_open_case_is_heard_by_a_person_X15(rig: Rig) -> None:
    customer_id = await rig.awaiting()
    protocol = await protocol_of(rig, customer_id)
    raw = email_from(
        customer_id, "Ligue para mim, por favor.", sender="x@longe.example", subject=f"Re: [{protocol}]"
    )
    assert (await rig.mailed(raw)).fate is MailFate.UNDECIDED
    [mail] = (await rig.status(customer_id)).undecided_mails
    assert mail.sender == "x@longe.example"


async def test_commercial_gets_task_and_letter_with_the_original_and_the_command_X15(
    rig: Rig, mail_sink: MailSink
) -> None:
    customer_id = await rig.awaiting()
    raw = email_from(customer_id, "Não quero mais cancelar, pensando bem. Estou em dúvida.")
    mail = await rig.take(raw)
    await rig.handled(mail)
    protocol = (await rig.status(customer_id)).protocol

    async def told() -> list[EmailMessage]:
        return letters(mail_sink, "precisa de uma pessoa", protocol)

    [letter] = await eventually(told)
    text = letter.get_body(("plain",))
    assert text is not None
    assert f'cancelamento mail {mail.sha256} --refused-by "SEU NOME"' in text.get_content()
    assert b"pensando bem" in original_in(letter)
    crm: Any = rig.systems.crm

    async def asked() -> list[Any]:  # letter and record go their own ways
        tasks = await crm.tasks(customer_id=customer_id, open_only=True)
        return [task for task in tasks if task.order.key.startswith("mail:")]

    [task] = await eventually(asked)
    assert f"cancelamento mail {mail.sha256} --refused-by" in task.order.text


async def test_a_decision_ends_task_and_reminders_and_is_kept_as_a_label_X14_X15(rig: Rig) -> None:
    customer_id = await rig.awaiting()
    await rig.mailed(email_from(customer_id, "Vamos ver isso depois.", message_id="<v@c>"))
    status = await rig.status(customer_id)
    refused = FormalizationMessage.model_validate(
        {
            "message_id": "<v@c>", "sender": address_of(customer_id), "recipients": [],
            "received_at": status.undecided_mails[0].received_at, "explicit_request": False,
            "authentication": "none", "refused_by": "Ana",
        }
    )  # fmt: skip
    await rig.cases.report(customer_id, refused)
    after = await rig.status(customer_id)
    assert after.undecided_mails == ()
    assert not [due for due in after.due if due.what.startswith("remind_mail")]
    assert (await rig.cases.report(customer_id, refused)).duplicate

    async def labels() -> list[object]:
        assert rig.systems.inbox is not None
        return [one for one in await rig.systems.inbox.decisions() if one.customer_id == customer_id]

    [label] = await eventually(labels)
    assert (label.is_request, label.decided_by) == (False, "Ana")
    assert label.original_sha256 is not None


async def test_a_request_of_no_case_that_a_person_has_to_read_is_told_with_its_original_X15(
    rig: Rig, mail_sink: MailSink
) -> None:
    customer_id = await rig.customer()
    raw = email_from(customer_id, "Estou pensando em cancelar o contrato.")
    outcome = await rig.mailed(raw)
    assert outcome.fate is MailFate.TASK
    assert outcome.task is not None

    async def told() -> list[EmailMessage]:
        return [m for m in letters(mail_sink, "Ler e decidir") if customer_id in str(m["Subject"])]

    [letter] = await eventually(told)
    assert b"pensando em cancelar" in original_in(letter)
    copy = await rig.mailed(raw.replace(b"by mx.nuvemjti", b"by mx2.nuvemjti"), BOTH[1])
    assert copy.task == outcome.task, "copies are one e-mail, of which Commercial is told once"


async def test_mail_of_a_contact_that_asks_for_nothing_and_has_no_case_is_a_task_alone_X15(rig: Rig) -> None:
    customer_id = await rig.customer()
    outcome = await rig.mailed(
        email_from(customer_id, "Podem reenviar o boleto deste mês?", subject="Boleto")
    )
    assert (outcome.fate, outcome.task) == (MailFate.TASK, None)
    [task] = await rig.tasks()
    assert (task.quiet, task.customer_id) == (True, customer_id)


async def test_an_absence_that_a_program_tells_of_is_all_that_nobody_has_to_see_X15(rig: Rig) -> None:
    customer_id = await rig.awaiting()
    protocol = await protocol_of(rig, customer_id)
    text = "Estou de férias até o dia 20 e responderei na volta. Esta é uma resposta automática."
    subject = f"Resposta automática: [{protocol}] Como formalizar o cancelamento"
    empty = email_from(customer_id, text, subject=subject, headers={"Auto-Submitted": "auto-replied"})
    assert (await rig.mailed(empty)).fate is MailFate.AUTOMATIC
    by_hand = email_from(customer_id, text, subject=subject)
    assert (await rig.mailed(by_hand)).fate is MailFate.UNDECIDED
    says_more = email_from(
        customer_id, f"{text} Quanto ao contrato, já falei com o jurídico: podem cancelar.", subject=subject,
        headers={"Auto-Submitted": "auto-replied"},
    )  # fmt: skip
    assert (await rig.mailed(says_more)).fate is MailFate.UNDECIDED


async def test_letters_of_our_own_that_lie_in_our_mailboxes_are_nobodys_work_X15(
    rig: Rig, mail_sink: MailSink
) -> None:
    customer_id = await rig.awaiting()

    async def sent() -> list[bytes]:
        return [m.content for m in mail_sink.mails if "comercial@" in str(m.message["To"])]

    own = (await eventually(sent))[0]
    assert (await rig.mailed(own, "comercial@nuvemjti.com.br")).fate is MailFate.OWN
    assert (await rig.status(customer_id)).undecided_mails == ()
    forged = own.replace(b"Message-ID: <", b"Message-ID: <x")
    assert (await rig.mailed(forged, "comercial@nuvemjti.com.br")).fate is not MailFate.OWN


async def test_withdrawal_by_mail_in_the_notice_is_never_overrun_X15(rig: Rig) -> None:
    customer_id = await rig.awaiting()
    await rig.mailed(email_from(customer_id))
    assert (await rig.status(customer_id)).stage is Stage.NOTICE
    await rig.mailed(
        email_from(customer_id, "Desistimos do cancelamento, mantenham tudo ativo.", message_id="<d@c>")
    )
    status = await rig.status(customer_id)
    assert [mail.message_id for mail in status.undecided_mails] == ["<d@c>"]
    await rig.cases.report(customer_id, WithdrawalMessage(reason="desistiu por e-mail", actor="ana"))
    ended = await rig.cases.result(customer_id)
    assert ended.outcome == "withdrawn"
    assert status.notice is not None
    assert ended.ended_at < status.notice.ends_at + timedelta(days=1)


@pytest.mark.rest
async def test_mail_that_is_stuck_takes_no_cases_slot_P2_X9(
    temporal: EmbeddedTemporal, database: str, tmp_path: Path, mail_sink: MailSink
) -> None:
    settings, policy = settings_for(database, tmp_path / "home", mail_sink), CancellationPolicy()
    client = await Client.connect(temporal.address, data_converter=pydantic_data_converter)
    free = asyncio.Event()
    begun: list[IncomingMail] = []

    class Stuck:
        async def handle(self, mail: IncomingMail, *, patient: bool = True) -> MailOutcome:
            begun.append(mail)
            await free.wait()
            return MailOutcome(fate=MailFate.RECORDED, action="ignore")

    async with open_systems(settings) as systems:
        of_mail = [MailInActivities(cast(Any, Stuck()), cast(Any, None)).handle_mail]
        activities = activities_of(systems, policy, Guard(systems.crm, None))
        async with cancellation_worker(client, activities), mail_worker(client, of_mail):
            rig = Rig(client, systems, Reception(cast(PostgresCrm, systems.crm), client))
            mails = [await rig.take(email_from("x", f"{number}")) for number in range(120)]

            async def stuck() -> bool:
                return len(begun) >= 8

            await eventually(stuck)
            async with asyncio.timeout(15):
                customer_id = await rig.awaiting()
            assert (await rig.status(customer_id)).stage is Stage.AWAITING_FORMALIZATION
            free.set()
            await asyncio.gather(*(rig.handled(mail) for mail in mails))
            history = await client.get_workflow_handle(mails[0].workflow_id).fetch_history()
            (ordered,) = [
                event.activity_task_scheduled_event_attributes
                for event in history.events
                if event.HasField("activity_task_scheduled_event_attributes")
            ]
            # For so long a worker is missed that was killed over an e-mail (X7).
            assert ordered.heartbeat_timeout.ToTimedelta() == timedelta(seconds=20)
