"""Letters of every kind with believable contents, for tests and for looking at them."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from cancellation.domain.billing_watch import Found, Occupied, Remedy
from cancellation.domain.instants import Held
from cancellation.domain.inventory import Inventory, Number, Resource, ResourceKind
from cancellation.domain.letter_kinds import LetterKind
from cancellation.domain.notice import notice_from
from cancellation.domain.policy import CancellationPolicy
from cancellation.domain.values import (
    Archive,
    Channel,
    Contact,
    Offer,
    OfferKind,
    OfferStatus,
    PortStatus,
    Reason,
    ReasonCategory,
    Released,
)
from cancellation.language import commands
from cancellation.letters import Letterhead
from cancellation.messages import afterwards_contents as later
from cancellation.messages import letter_contents as say
from cancellation.messages.letters import Letter

POLICY = CancellationPolicy()
HOUSE = Letterhead()
AT = datetime(2026, 11, 22, 13, 15, tzinfo=UTC)
"""10h15 in São Paulo, a Sunday."""
NOTICE = notice_from(AT, POLICY)
LAST_DAY = NOTICE.last_day
PORT_UNTIL = date(2026, 12, 17)
PROTOCOL = "CAN-20261122-7F3KQ2"
ORIGINAL = "5e" * 32
COMMANDS = say.MailCommands(
    confirm=commands.confirm(ORIGINAL), refuse=commands.refuse(ORIGINAL), show=commands.show(ORIGINAL)
)
CUSTOMER = ("rita@acme.com.br", "joao@acme.com.br")
TOKEN_URL = "https://gravacoes.nuvemjti.com.br/d/uZ3mQ-7hXvT0kJ1rYw9aLbE5cN2sPfGdQxOiV4tMzRs"
ARCHIVE = Archive(
    link_id="c0ffee",
    files=1248,
    size=3_456_789_012,
    sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    expires_at=NOTICE.ends_at,
)
INVENTORY = Inventory(
    customer_id="1042",
    extensions=tuple(
        Resource(kind=ResourceKind.EXTENSION, resource_id=f"1042-20{n}", label=label, active=True)
        for n, label in enumerate(("Recepção", "Financeiro", "Estoque", "Diretoria"))
    ),
    trunks=(
        Resource(kind=ResourceKind.TRUNK, resource_id="1042-t1", label="Tronco SIP 30 canais", active=True),
    ),
    licences=(Resource(kind=ResourceKind.LICENCE, resource_id="1042-l1", label="Gravação", active=True),),
    numbers=(
        Number(
            number="+551130000001",
            customer_owned=True,
            routes_to=("1042-t1", "1042-200"),
            port=PortStatus.REQUESTED,
        ),
        Number(number="+551130000002", customer_owned=True, routes_to=("1042-200",)),
        Number(number="+551140001234", customer_owned=False),
    ),
)
OFFERS = (
    Offer(
        offer_id="o1",
        kind=OfferKind.PLAN_ADJUSTMENT,
        description="20% de desconto por 12 meses",
        status=OfferStatus.ACCEPTED,
        actor="marcos",
        at=AT,
    ),
    Offer(
        offer_id="o2",
        kind=OfferKind.TRAINING,
        description="Treinamento da equipe de atendimento",
        status=OfferStatus.REFUSED,
        actor="marcos",
        at=AT,
    ),
)
CONTACT = Contact(name="Rita Souza", email="rita@acme.com.br", phone="+5511999990000")
REQUEST_TEXT = "Bom dia,\n\nquero cancelar tudo. A ligação cai <e> o preço subiu & muito!\n\nRita"
NUMBERS = ("+551130000001", "+551130000002")
HELD = (Held(number="+551130000001", held_until=datetime(2027, 1, 7, 3, 0, tzinfo=UTC)),)
ENDED = (
    Held(number="+551130000001", held_until=AT, ended="completed"),
    Held(number="+551130000002", held_until=AT, ended="expired"),
)
RELEASED = Released(extensions=4, trunks=1, licences=1, numbers=2)
TOTAL = Decimal("1234.56")
WORDS = "Cliente aceitou continuar depois da visita técnica."
MAIL_ID = "<CAF=abc123@mail.gmail.com>"
MISSING = ("recipient:financeiro@nuvemjti.com.br", "explicit_request", "reason")


def undue(charge_id: str, remedy: Remedy, **more: Any) -> Found:
    """A charge of January for a contract that has ended."""
    return Found(
        reference=charge_id,
        remedy=remedy,
        first_day=date(2027, 1, 1),
        last_day=date(2027, 1, 31),
        amount=Decimal("310.00"),
        **more,
    )


CONTENTS: tuple[say.LetterContent, ...] = (
    say.RequestToCommercial(
        channel=Channel.WHATSAPP, received_at=AT, contact=CONTACT, request_text=REQUEST_TEXT
    ),
    say.RequestReceived(channel=Channel.WHATSAPP, received_at=AT),
    say.Script(
        clause=POLICY.clause,
        notice_days=POLICY.notice_days,
        formalization_until=LAST_DAY,
        numbers=NUMBERS,
        port_until=PORT_UNTIL,
        recordings_asked=True,
    ),
    say.WhatIsMissing(missing=MISSING, formalization_until=LAST_DAY),
    say.MailToDecide(
        doubts=("sender", "authentication"),
        message_id=MAIL_ID,
        sender="rita@acrne.com.br",
        subject="Cancelamento do contrato",
        words=WORDS,
        commands=COMMANDS,
        original_sha256=ORIGINAL,
    ),
    say.RemindMail(
        mails=(
            say.WaitingMail(
                message_id=MAIL_ID,
                sender="rita@acme.com.br",
                subject="Cancelamento do contrato",
                since=AT,
                commands=COMMANDS,
                original_sha256=ORIGINAL,
            ),
        ),
    ),
    say.NoticeToConfirm(
        notice=NOTICE,
        message_id=MAIL_ID,
        sender="rita@acme.com.br",
        subject="Cancelamento do contrato",
        request_words=("Solicito o cancelamento do contrato.",),
        words=WORDS,
        commands=COMMANDS,
        original_sha256=ORIGINAL,
    ),
    say.MailWithoutCase(
        title="Ler e decidir: e-mail recebido (cliente 1042)",
        text="Remetente: rita@acme.com.br",
        commands=(commands.refuse(ORIGINAL),),
        reminds=False,
        original_sha256=ORIGINAL,
    ),
    later.Findings(
        findings=(
            later.FoundLine(
                title="Fim da cobrança programado sem cancelamento",
                whose=f"cliente 1042, protocolo {PROTOCOL}",
                crm="Cliente desistiu do cancelamento, desde 20 de novembro de 2026, às 10h",
                system="Faturamento",
                other="em 22/12/2026",
                may_do="Se o caso terminou sem encerrar, a cobrança é retomada sozinha.",
                since=AT,
                repaired="a cobrança foi retomada",
            ),
            later.FoundLine(
                title="Etapa diferente no CRM e no Temporal",
                whose="cliente 2001",
                crm="Aviso prévio em curso",
                system="Temporal",
                other="Aguardando formalização por e-mail",
                may_do="Confiram se alguém mudou o caso no CRM à mão.",
                since=AT,
            ),
        ),
        more=3,
    ),
    say.FormalizedEarly(notice=NOTICE, notice_days=POLICY.notice_days),
    say.FormalizedEarlyToCommercial(
        notice=NOTICE,
        message_id=MAIL_ID,
        sender="rita@acme.com.br",
        subject="Cancelamento do contrato",
        words="O preço ficou alto demais para nós.",
    ),
    say.EarlyUndone(last_day=NOTICE.last_day),
    say.EarlyUndoneToCommercial(last_day=NOTICE.last_day),
    say.NoticeStarted(
        notice=NOTICE,
        notice_days=POLICY.notice_days,
        numbers=NUMBERS,
        port_until=PORT_UNTIL,
        recordings_asked=True,
    ),
    say.PortNoted(number=NUMBERS[0], completed=False, operator="Operadora Azul", last_day=LAST_DAY),
    say.FinalBilling(notice=NOTICE),
    say.ShutdownPlan(notice=NOTICE, inventory=INVENTORY),
    say.RecordingsReady(archive=ARCHIVE),
    say.NoRecordings(last_day=LAST_DAY),
    say.Retained(accepted=OFFERS[:1], last_day=LAST_DAY),
    say.Withdrawn(last_day=LAST_DAY, link_was_sent=True),
    say.WithdrawnToTeam(last_day=LAST_DAY, words=WORDS),
    say.Lapsed(formalization_until=LAST_DAY),
    say.LapsedToCommercial(
        formalization_until=LAST_DAY,
        reason=Reason(category=ReasonCategory.PRICE, text="O preço ficou alto demais para nós."),
    ),
    say.Discarded(last_day=LAST_DAY, formalization_until=LAST_DAY, link_was_sent=True),
    say.DiscardedToTeam(last_day=LAST_DAY, words=WORDS),
    say.DiscardedToCommercial(words=WORDS, contact=CONTACT, request_text=REQUEST_TEXT),
    say.NothingToClose(channel=Channel.WHATSAPP, received_at=AT, contact=CONTACT, request_text=REQUEST_TEXT),
    say.Closed(
        notice=NOTICE,
        released=RELEASED,
        held=HELD,
        invoice_total=TOTAL,
        voided_charges=2,
        link_was_sent=True,
    ),
    say.ClosedToTeam(notice=NOTICE, released=RELEASED, held=HELD, invoice_total=TOTAL, voided_charges=2),
    say.HoldEnded(held=ENDED),
    say.HoldEndedToTeam(held=ENDED),
    say.Attention(step="read_inventory", since=AT),
    say.RemindCommercial(received_at=AT, contact=CONTACT, offers=OFFERS, request_text=REQUEST_TEXT),
    say.RemindFormalization(missing=MISSING, formalization_until=LAST_DAY),
    say.RemindPortability(last_day=LAST_DAY, port_until=PORT_UNTIL, numbers=NUMBERS),
    say.RemindLink(archive=ARCHIVE),
    say.Undelivered(about=LetterKind.SCRIPT, words="550 5.1.1 (endereço) User unknown", contact=CONTACT),
    say.Bounced(about=LetterKind.SCRIPT, words="550 5.1.1 (endereço) User unknown", contact=CONTACT),
    later.UndueFound(
        last_day=LAST_DAY,
        voided=(
            undue("pabx:20270101", Remedy.VOID),
            undue(
                "pabx:20270201", Remedy.SUBSTITUTE_DOCUMENT, document="35270104172980000146620010000012341"
            ),
        ),
        repay=(undue("ramais:20270101", Remedy.REPAY, paid=Decimal("310.00"), repay=Decimal("620.00")),),
        review=(undue("troncos:20270101", Remedy.REVIEW),),
    ),
    later.Revived(
        last_day=LAST_DAY,
        items=(
            Found(reference="1042-201", resource=Occupied.EXTENSION),
            Found(reference="+551130000001", resource=Occupied.NUMBER),
        ),
    ),
    later.NoDebt(
        last_day=LAST_DAY, watched_until=date(2027, 2, 28), cnpj="98104217000146", contract="2021/0457"
    ),
)
CONTENT = {content.kind: content for content in CONTENTS}
_ANY_FIELD = {name for content in CONTENTS for name in type(content).model_fields}


def example(kind: LetterKind, **changes: Any) -> Letter:
    """A letter of a kind, in full; `changes` replace fields of the envelope, or of the content where it has them.

    Raises:
        TypeError: no letter has such a field.
    """
    strange = changes.keys() - _ANY_FIELD - Letter.model_fields.keys()
    if strange:
        msg = f"no letter has {strange}"
        raise TypeError(msg)
    content = CONTENT[kind]
    said = {name: value for name, value in changes.items() if name in type(content).model_fields}
    return letter(
        content.model_copy(update=said),
        **{name: value for name, value in changes.items() if name in Letter.model_fields},
    )


def letter(content: say.LetterContent, **changes: Any) -> Letter:
    """An envelope around a content."""
    team = content.kind.audiences[0]
    whole = Letter(
        key=f"case-1:{content.kind.value}:0",
        case_id="case-1",
        customer_id="1042",
        customer_name="Acme Comércio de Ferragens Ltda",
        protocol=PROTOCOL,
        at=AT,
        mailboxes=POLICY.mailboxes,
        team=team,
        to=() if team else CUSTOMER,
        content=content,
    )
    return whole.model_copy(update=changes)


def link_url(link_id: str) -> str:
    """The link of the example archive, or another one's."""
    return TOKEN_URL if link_id == ARCHIVE.link_id else "https://gravacoes.nuvemjti.com.br/d/outro"
