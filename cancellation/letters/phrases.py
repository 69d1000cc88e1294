"""What letters are put together from, as phrases that people read: rows, lists, what is missing."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from urllib.parse import quote

from cancellation.domain.billing_watch import Found
from cancellation.domain.instants import Held
from cancellation.domain.inventory import Inventory, Number, Resource
from cancellation.domain.letter_kinds import LetterKind
from cancellation.domain.notice import Notice
from cancellation.domain.stage import Stage
from cancellation.domain.values import Archive, Channel, Contact, Offer, Reason, Released, Team
from cancellation.language import vocabulary, watch, words
from cancellation.letters import clean
from cancellation.letters.letterhead import Letterhead
from cancellation.messages.billing import InvoiceLine, OpenDebt
from cancellation.messages.letter_contents import EndChange, KnownCustomer
from cancellation.messages.letters import Letter


def by_channel(channel: Channel) -> str:
    """`pelo WhatsApp`, `por telefone`."""
    return vocabulary.by_channel(channel)


def missing_for_customer(codes: Sequence[str]) -> list[str]:
    """Exactly what a formalization lacks, for the customer (P7): one phrase a code, in order."""
    return [vocabulary.missing_for_customer(code) for code in codes]


def doubts(codes: Sequence[str], why: Sequence[str] = ()) -> list[str]:
    """Why an e-mail cannot count by itself, for Commercial; where the reader says more, its sentences (X9, X14)."""
    return [*(vocabulary.doubt(code) for code in codes if code != "reading" or not why), *why]


def lacks_only_mailboxes(codes: Sequence[str]) -> bool:
    """Whether the e-mail said everything and only did not reach every mailbox."""
    return bool(codes) and all(map(vocabulary.is_mailbox, codes))


def mail_to(letter: Letter, company: str) -> str:
    """A `mailto:` address that opens the formalization as a draft: both mailboxes, subject, the model's text (P6)."""
    subject = quote(f"[{letter.protocol}] Cancelamento dos serviços")
    body = quote(f"Solicito o cancelamento dos serviços contratados com a {company}.\r\nMotivo: ")
    to = ",".join(quote(mailbox, safe="@") for mailbox in letter.mailboxes)
    return f"mailto:{to}?subject={subject}&body={body}"


def these(mailboxes: Sequence[str]) -> str:
    """`estes dois endereços`, or `este endereço` where the policy has only one."""
    return f"estes {_how_many(mailboxes)} endereços" if len(mailboxes) > 1 else "este endereço"


def in_those(mailboxes: Sequence[str]) -> str:
    """`nos dois endereços`."""
    return f"nos {_how_many(mailboxes)} endereços" if len(mailboxes) > 1 else "no endereço"


def both(mailboxes: Sequence[str]) -> str:
    """`os dois endereços`."""
    return f"os {_how_many(mailboxes)} endereços" if len(mailboxes) > 1 else "o endereço certo"


def appear(mailboxes: Sequence[str]) -> str:
    """`os dois aparecem`."""
    return f"os {_how_many(mailboxes)} aparecem" if len(mailboxes) > 1 else "ele aparece"


def mail_rows(sender: str | None, subject: str | None, message_id: str) -> list[tuple[str, str]]:
    """An e-mail of the customer, or of somebody who says so."""
    return [
        ("Remetente", sender or ""),
        ("Assunto", subject or ""),
        ("Identificação do e-mail", message_id),
    ]


def waiting_rows(
    sender: str | None, subject: str | None, message_id: str, since: datetime, is_notice: bool
) -> list[tuple[str, str]]:
    """An e-mail that waits for a decision, or the notice that rests on it."""
    what = "o aviso prévio que começou por este e-mail" if is_notice else ""
    return [
        ("A conferir", what),
        *mail_rows(sender, subject, message_id),
        ("Espera desde", words.moment(since)),
    ]


def who(letter: Letter) -> str:
    """The customer in an internal subject: the company's name, or `cliente 1042` while it is not known."""
    if letter.customer_name in ("", letter.customer_id):
        return f"cliente {letter.customer_id}"
    return clean.line(letter.customer_name, 60)


def greeting(letter: Letter) -> str:
    """`Olá, Acme Comércio de Ferragens Ltda,`; a customer may be a person as well."""
    if letter.customer_name in ("", letter.customer_id):
        return "Olá,"
    return f"Olá, {clean.line(letter.customer_name, 100)},"


def house_line(house: Letterhead) -> str:
    """Who we are: company, CNPJ, address, telephone; empty where the settings say nothing of it."""
    parts = [f"CNPJ {house.cnpj}" if house.cnpj else "", house.postal, words.phone(house.phone)]
    return ", ".join([house.company, *filter(None, parts)]) if any(parts) else ""


def case_rows(letter: Letter) -> list[tuple[str, str]]:
    """Customer and protocol, at the head of every internal letter."""
    name = letter.customer_name if letter.customer_name != letter.customer_id else ""
    return [
        ("Cliente", name),
        ("Código do cliente", letter.customer_id),
        ("Protocolo", letter.protocol),
    ]


def request_rows(channel: Channel, received_at: datetime, contact: Contact) -> list[tuple[str, str]]:
    """Who asked, how and when."""
    return [
        ("Canal", vocabulary.channel(channel)),
        ("Recebido em", words.moment(received_at)),
        *contact_rows(contact),
    ]


def contact_rows(contact: Contact) -> list[tuple[str, str]]:
    """Who spoke for the customer, as the channel knows it."""
    return [
        ("Contato", contact.name or ""),
        ("E-mail do contato", contact.email or ""),
        ("Telefone do contato", words.phone(contact.phone or "")),
    ]


def reason_rows(reason: Reason) -> list[tuple[str, str]]:
    """The kind of reason for leaving; its words are quoted apart."""
    return [("Motivo", vocabulary.reason_category(reason.category))]


def notice_rows(notice: Notice) -> list[tuple[str, str]]:
    """The dates of the notice (P8)."""
    return [
        ("Formalização recebida", words.moment(notice.starts_at)),
        ("Último dia do aviso prévio", words.long_date(notice.last_day)),
        ("Base", f"cláusula {notice.clause} do contrato"),
    ]


def notice_end(notice: Notice) -> str:
    """`23h59 de terça-feira, 22 de dezembro de 2026 (horário de Brasília)`."""
    return f"23h59 de {words.long_date(notice.last_day)} (horário de Brasília)"


def archive_rows(archive: Archive) -> list[tuple[str, str]]:
    """What the customer downloads, and until when (P10)."""
    missing = []
    if archive.left_out_count:
        count = words.counted(archive.left_out_count, "gravação", "gravações")
        missing = [("Não incluído", f"{count}; o arquivo indice.csv diz quais")]
    return [
        ("Conteúdo", words.counted(archive.files, "gravação", "gravações")),
        *missing,
        ("Tamanho", words.size(archive.size)),
        ("Disponível até", expiry(archive)),
        ("Código de conferência (SHA-256)", archive.sha256),
    ]


def expiry(archive: Archive) -> str:
    """When the link dies; one that dies at midnight is good until 23h59 of the day before."""
    ends = archive.expires_at
    if words.clock(ends) == "00h00":
        return f"23h59 de {words.long_date(words.last_day_before(ends))} (horário de Brasília)"
    return f"{words.clock(ends)} de {words.long_date(ends)} (horário de Brasília)"


def is_dead(archive: Archive, letter: Letter) -> bool:
    """Whether the link was dead already when the letter was written (X18)."""
    return letter.at >= archive.expires_at


def lost_rows(about: LetterKind, about_team: Team | None) -> list[tuple[str, str]]:
    """A letter that did not arrive, and whom it was for."""
    return [
        ("Mensagem", vocabulary.letter(about)),
        ("Destinatário", vocabulary.audience(about_team)),
    ]


def offer(item: Offer) -> str:
    """`Ajuste de plano: 20 % de desconto`."""
    kind = vocabulary.offer_kind(item.kind)
    return f"{kind[0].upper()}{kind[1:]}: {item.description}"


def offer_with_status(item: Offer) -> str:
    """`Ajuste de plano: 20 % de desconto (recusada)`."""
    return f"{offer(item)} ({vocabulary.offer_status(item.status)})"


def inventory_groups(inventory: Inventory | None) -> list[tuple[str, list[str]]]:
    """What will be released, by kind: a heading with the count, and a line each (P13, P17)."""
    if inventory is None:
        return []
    own = [number for number in inventory.numbers if number.customer_owned]
    ours = [number for number in inventory.numbers if not number.customer_owned]
    groups = [
        (vocabulary.resources("extension", len(inventory.extensions)), _resources(inventory.extensions)),
        (vocabulary.resources("trunk", len(inventory.trunks)), _resources(inventory.trunks)),
        (vocabulary.resources("licence", len(inventory.licences)), _resources(inventory.licences)),
        (
            words.counted(len(own), "número de propriedade do cliente", "números de propriedade do cliente"),
            [_number(number) for number in own],
        ),
        (words.counted(len(ours), "número nosso", "números nossos"), [_number(number) for number in ours]),
        ("Além destes", vocabulary.released(inventory.more) if inventory.more else []),
    ]
    return [(heading, lines) for heading, lines in groups if lines]


def released_lines(released: Released) -> list[str]:
    """What closing released, by kind; kinds without any are left out (P17)."""
    return vocabulary.released(released)


def held_lines(held: Sequence[Held], ended: str | None = None) -> list[str]:
    """Numbers still held with their last day (`ended` None), or those whose hold ended so (X6)."""
    holds = [hold for hold in held if hold.ended == ended]
    if ended:
        return [words.phone(hold.number) for hold in holds]
    return [
        f"{words.phone(hold.number)}: mantido até {words.short_date(words.last_day_before(hold.held_until))}"
        for hold in holds
    ]


def billing_lines(
    invoice_total: Decimal,
    due_on: date | None,
    voided_charges: int,
    doubtful_amounts: int | None = None,
) -> list[str]:
    """The final invoice, what Finance still has to look at, and what was voided (P16)."""
    lines = [
        f"Fatura final: {words.money(invoice_total)}"
        + (f", com vencimento em {words.short_date(due_on)}" if due_on else "")
        if invoice_total >= 0
        else f"Crédito a devolver: {words.money(-invoice_total)}"
    ]
    if doubtful_amounts:
        what = words.counted(doubtful_amounts, "valor", "valores")
        lines.append(f"{what} ainda em conferência pelo Financeiro")
    if voided_charges:
        lines.append(
            words.counted(
                voided_charges,
                "cobrança de dias posteriores ao fim foi cancelada",
                "cobranças de dias posteriores ao fim foram canceladas",
            )
        )
    return lines


def invoice_lines(invoice: Sequence[InvoiceLine]) -> list[str]:
    """The final invoice line by line: what, which days, how much (P16, P18)."""
    return [
        f"{line.description}, de {words.short_date(line.first_day)} a {words.short_date(line.last_day)} "
        f"({line.days} de {words.days(line.period_days)}): {words.money(line.amount)}"
        for line in invoice
    ]


def debt_lines(debts: Sequence[OpenDebt]) -> list[str]:
    """What is open of earlier invoices: what, which days, how much (X25)."""
    return [
        f"{debt.description}, de {words.short_date(debt.first_day)} a {words.short_date(debt.last_day)}: "
        f"{words.money(debt.amount)}"
        for debt in debts
    ]


def change_lines(changes: Sequence[EndChange]) -> list[str]:
    """What the final invoice bills otherwise than the customer was told, and why (X25)."""
    return [f"{one.description}: {_change(one)}" for one in changes]


def _change(one: EndChange) -> str:
    if one.told is None:
        return f"{words.money(one.billed or Decimal(0))}, que a prévia não tinha: passou a ser devido depois dela"
    was = words.money(one.told)
    if one.billed is None:
        return f"a prévia tinha {was}; não há mais nada a cobrar, porque terminou antes ou já foi cobrado"
    now = words.money(one.billed)
    if one.other_days:
        return f"{now} em vez de {was}: os dias a cobrar são outros"
    return f"{now} em vez de {was}: os dias são os mesmos, o valor mudou"


def customer_rows(known: KnownCustomer) -> list[tuple[str, str]]:
    """Plan, value, since when, and what was before (X24)."""
    earlier = [
        f"{words.short_date(case.opened_at.astimezone(words.ZONE).date())}"
        + (f" ({vocabulary.short_stage(Stage(case.outcome))})" if case.outcome in set(Stage) else "")
        for case in known.earlier
    ]
    return [
        ("Plano", "; ".join(known.plan) or "nada em vigor"),
        ("Valor mensal", words.money(known.monthly)),
        ("Cliente desde", words.short_date(known.since) if known.since else ""),
        ("Casos anteriores", words.listed(earlier) or "nenhum"),
    ]


def caller_lines(known: KnownCustomer) -> list[str]:
    """Who may speak for the customer, with the telephone first."""
    return [
        ", ".join(part for part in (one.name, words.phone(one.phone or ""), one.email) if part)
        for one in known.callers
    ]


def voided_lines(items: Sequence[Found]) -> list[str]:
    """Undue charges that are void, with what became of their fiscal documents (X10)."""
    return [watch.voided(one) for one in items]


def repay_lines(items: Sequence[Found]) -> list[str]:
    """Undue charges that were paid, with what the law asks to give back (X10)."""
    return [watch.to_repay(one) for one in items]


def review_lines(items: Sequence[Found]) -> list[str]:
    """Undue charges that people look at, and why (X10)."""
    return [watch.to_review(one) for one in items]


def resource_lines(items: Sequence[Found]) -> list[str]:
    """What a customer who has left occupies again (X10)."""
    return [watch.resource(one) for one in items]


def law() -> str:
    """What the law asks of whoever was paid without it being due (X10)."""
    return watch.LAW


def statement_rows(letter: Letter, cnpj: str | None, contract: str | None) -> list[tuple[str, str]]:
    """Whom a statement of no debt is for (X10)."""
    return [
        ("Cliente", letter.customer_name),
        ("CNPJ", words.cnpj(cnpj or "")),
        ("Contrato", contract or ""),
        ("Código do cliente", letter.customer_id),
    ]


def is_finance(team: Team | None) -> bool:
    """Whether the letter goes to Finance."""
    return team is Team.FINANCE


def _how_many(mailboxes: Sequence[str]) -> str:
    return {2: "dois", 3: "três"}.get(len(mailboxes), str(len(mailboxes)))


def _resources(resources: Sequence[Resource]) -> list[str]:
    return [
        f"{resource.label} ({resource.resource_id})" if resource.label else resource.resource_id
        for resource in resources
    ]


def _number(number: Number) -> str:
    notes = [f"portabilidade {vocabulary.port_status(number.port)}"] if number.port else []
    if number.routes_to:
        notes.append(f"atende em {words.listed(number.routes_to)}")
    return words.phone(number.number) + (f" ({'; '.join(notes)})" if notes else "")
