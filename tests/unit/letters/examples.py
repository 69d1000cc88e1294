"""Letters of every kind with believable facts, for tests and for looking at them."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from cancellation.domain.notice import notice_from
from cancellation.domain.policy import CancellationPolicy
from cancellation.domain.state import Held
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
    Team,
)
from cancellation.letters import Letterhead
from cancellation.messages.letters import Letter, LetterFacts, LetterKind
from cancellation.messages.telephony import Inventory, Number, Resource, ResourceKind

POLICY = CancellationPolicy()
HOUSE = Letterhead()
AT = datetime(2026, 11, 22, 13, 15, tzinfo=UTC)
"""10h15 in São Paulo."""
NOTICE = notice_from(AT, POLICY)
PROTOCOL = "CAN-20261122-7F3KQ2"
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

FULL: dict[str, Any] = {
    "channel": Channel.WHATSAPP,
    "request_text": "Bom dia,\n\nquero cancelar tudo. A ligação cai <e> o preço subiu & muito!\n\nRita",
    "contact": Contact(name="Rita Souza", email="rita@acme.com.br", phone="+5511999990000"),
    "reason": Reason(category=ReasonCategory.PRICE, text="O preço ficou alto demais para nós."),
    "words": "Cliente aceitou continuar depois da visita técnica.",
    "clause": POLICY.clause,
    "notice_days": POLICY.notice_days,
    "mailboxes": POLICY.mailboxes,
    "formalization_until": date(2026, 12, 22),
    "notice": NOTICE,
    "missing": ("recipient:financeiro@nuvemjti.com.br", "explicit_request", "reason"),
    "mail_message_id": "<CAF=abc123@mail.gmail.com>",
    "mail_sender": "rita@acrne.com.br",
    "mail_subject": "Cancelamento do contrato",
    "numbers": ("+551130000001", "+551130000002"),
    "port_until": date(2026, 12, 17),
    "held": (Held(number="+551130000001", held_until=datetime(2027, 1, 7, 3, 0, tzinfo=UTC)),),
    "recordings": True,
    "archive": ARCHIVE,
    "inventory": INVENTORY,
    "released": Released(extensions=4, trunks=1, licences=1, numbers=2),
    "offers": OFFERS,
    "invoice_total": Decimal("1234.56"),
    "voided_charges": 2,
    "step": "ler o inventário na plataforma de telefonia",
    "undelivered": LetterKind.SCRIPT,
}

TEAMS: dict[LetterKind, Team] = {
    LetterKind.REQUEST_TO_COMMERCIAL: Team.COMMERCIAL,
    LetterKind.MAIL_TO_DECIDE: Team.COMMERCIAL,
    LetterKind.FINAL_BILLING: Team.FINANCE,
    LetterKind.SHUTDOWN_PLAN: Team.SUPPORT,
    LetterKind.WITHDRAWN_TO_TEAM: Team.FINANCE,
    LetterKind.LAPSED_TO_COMMERCIAL: Team.COMMERCIAL,
    LetterKind.DISCARDED_TO_COMMERCIAL: Team.COMMERCIAL,
    LetterKind.CLOSED_TO_TEAM: Team.SUPPORT,
    LetterKind.ATTENTION: Team.SUPPORT,
    LetterKind.REMIND_COMMERCIAL: Team.COMMERCIAL,
    LetterKind.UNDELIVERED: Team.COMMERCIAL,
}


def example(
    kind: LetterKind, *, key: str | None = None, to: tuple[str, ...] = CUSTOMER, **facts: Any
) -> Letter:
    """A letter of a kind with every fact given; `facts` replace some of them."""
    team = TEAMS.get(kind)
    return Letter(
        key=key or f"case-1:{kind.value}:0",
        case_id="case-1",
        kind=kind,
        team=team,
        to=() if team else to,
        facts=LetterFacts(
            **{
                "customer_id": "1042",
                "customer_name": "Acme Comércio de Ferragens Ltda",
                "protocol": PROTOCOL,
                "at": AT,
                **FULL,
                **facts,
            }
        ),
    )


def link_url(link_id: str) -> str:
    """The link of the example archive."""
    assert link_id == ARCHIVE.link_id
    return TOKEN_URL
