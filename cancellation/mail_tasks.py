"""E-mails of no case that a person has to read: the task for Commercial, and the letters that tell of it (X15)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from cancellation.domain.letter_kinds import LetterKind
from cancellation.domain.notice import next_business_moment
from cancellation.domain.policy import CancellationPolicy
from cancellation.domain.values import Team
from cancellation.language import commands, vocabulary, words
from cancellation.mail_entries import Read
from cancellation.messages.crm import CaseSummary
from cancellation.messages.letter_contents import MailWithoutCase
from cancellation.messages.letters import KeptLetter, Letter
from cancellation.messages.mail_in import IncomingMail, MailReminder, MailTask, ToldAgain
from cancellation.ports import Mailer, MailLedger
from cancellation.understanding import DeliveryReport

_COMMAND: Final = "cancelamento "
_PAGE: Final = "Abrir na mesa: "


def mail_task(
    read: Read, reported_as: str, now: datetime, more: Sequence[str] = (), customer_id: str | None = None
) -> MailTask:
    """Commercial's task: who wrote, what was understood and why, and the command that decides it."""
    mail, reading, understood = read.mail, read.reading, read.understood
    customer_id = customer_id or read.customer_id
    whose = f"cliente {customer_id}" if customer_id else "cliente não identificado"
    asked = vocabulary.asked(understood.explicit_request) if understood else "—"
    lines = [
        f"Remetente: {', '.join(reading.from_addresses) or '—'}",
        f"Assunto: {reading.subject or '—'}",
        f"Recebido em: {words.short_date(mail.received_at)} às {words.clock(mail.received_at)}",
        f"Caixas: {', '.join(reading.delivered) or '—'}",
        f"Cliente: {customer_id or 'não identificado'}",
        f"Pedido explícito: {asked}",
        f"Motivo: {understood.reason if understood and understood.reason else '—'}",
        "",
        *(f"- {sentence}" for sentence in (*more, *read.why)),
        "",
        "Se o e-mail for mesmo um pedido de cancelamento, confirme com:",
        confirming_command(read),
        "Se não for, ou se já foi tratado, diga com:",
        commands.refuse(mail.sha256),
        "Para ler o original como texto:",
        commands.show(mail.sha256),
    ]
    return MailTask(
        sha256=mail.sha256,
        reported_as=reported_as,
        customer_id=customer_id,
        title=f"Ler e decidir: e-mail recebido ({whose})",
        text="\n".join(lines)[:30_000],
        opened_at=now,
    )


def with_mail_page(task: MailTask, desk_url: str) -> MailTask:
    """The task with the address of its e-mail's page instead of commands; as it is where there is no desk (X24)."""
    if not desk_url:
        return task
    text = f"{commands.without(task.text)}\n\n{_PAGE}{desk_url}/email/{task.sha256}"
    return task.model_copy(update={"text": text})


def bounce_task(
    mail: IncomingMail,
    letter: KeptLetter,
    report: DeliveryReport,
    reported_as: str,
    case: CaseSummary | None,
    now: datetime,
) -> MailTask:
    """Commercial's task about a letter that came back when its case had ended (X16)."""
    customer_id = case.customer_id if case else None
    what, to = vocabulary.letter(letter.kind), vocabulary.audience(letter.team)
    lines = [
        f"Mensagem: {what}",
        f"Destinatário: {to}",
        f"Protocolo: {case.protocol if case else '—'}",
        f"Motivo: {words.sentence(report.words)}",
        "",
        "O caso já terminou. Passem o conteúdo da mensagem por outro canal e corrijam o endereço no cadastro.",
        "Depois digam que foi tratado, com:",
        commands.refuse(mail.sha256),
    ]
    return MailTask(
        sha256=mail.sha256,
        reported_as=reported_as,
        customer_id=customer_id,
        title=f"E-mail devolvido depois do envio ({to}): {what}"[:200],
        text="\n".join(lines),
        opened_at=now,
    )


def confirming_command(read: Read) -> str:
    """The command by which a person at Commercial vouches for the e-mail."""
    return commands.confirm(
        read.mail.sha256,
        opens=True,
        needs_customer=read.customer_id is None,
        needs_reason=read.understood is None or read.understood.reason is None,
    )


@dataclass(frozen=True)
class MailReminders:
    """Writes to Commercial about a task, until somebody has decided."""

    ledger: MailLedger
    mailer: Mailer
    policy: CancellationPolicy
    holidays_of: Callable[[date], Sequence[date]]
    """National holidays from a day on."""

    async def tell(self, order: MailReminder) -> ToldAgain:
        """Write about a task that is open, with the original; say when to write again.

        Raises:
            Exception: the mail server does not take it now.
        """
        task = await self.ledger.task(order.task)
        if task is None or task.closed_at is not None:
            return ToldAgain()
        await self.mailer.send(_letter(task, order, self.policy))
        hours = self._hours(order.count)
        holidays = tuple(self.holidays_of(self.policy.local_date(order.at)))
        base = max(task.opened_at + timedelta(hours=hours), order.at + timedelta(minutes=1))
        return ToldAgain(
            next_at=next_business_moment(base, self.policy, holidays),
            silent=order.count >= len(self.policy.commercial_reminder_hours),
        )

    def _hours(self, count: int) -> int:
        """After how many hours from the opening the next one is due: the policy's list, then without end (X19)."""
        listed = self.policy.commercial_reminder_hours
        if count < len(listed):
            return listed[count]
        return max(listed, default=0) + (count - len(listed) + 1) * self.policy.awake_interval_hours


def _letter(task: MailTask, order: MailReminder, policy: CancellationPolicy) -> Letter:
    # The letter leads to the page by itself.
    lines = [line for line in task.text.splitlines() if not line.startswith(_PAGE)]
    return Letter(
        key=f"mail-{task.sha256}:{LetterKind.MAIL_WITHOUT_CASE.value}:{Team.COMMERCIAL.value}:{order.count}",
        case_id=f"mail-{task.sha256}",
        customer_id=task.customer_id or "",
        customer_name="",
        protocol="",
        at=order.at,
        mailboxes=policy.mailboxes,
        team=Team.COMMERCIAL,
        content=MailWithoutCase(
            title=task.title,
            text="\n".join(line for line in lines if not line.startswith(_COMMAND)).rstrip(),
            commands=tuple(line for line in lines if line.startswith(_COMMAND)),
            reminds=order.count > 0,
            original_sha256=task.sha256,
        ),
    )
