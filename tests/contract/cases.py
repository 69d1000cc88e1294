"""Cases, formalizations and warrants for the contract suites: complete, to be spoilt by a test."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from cancellation.domain.identity import protocol_number, workflow_id
from cancellation.domain.notice import Notice, notice_from
from cancellation.domain.policy import CancellationPolicy
from cancellation.domain.trail import TrailEntry
from cancellation.domain.values import Authentication, Channel, FormalizationMail, Request, Team
from cancellation.messages.crm import (
    AuthorisedContact,
    CaseOpening,
    CaseRecord,
    Customer,
    FormalizationRecord,
    FormalizationState,
    TaskOrder,
)
from cancellation.messages.warrant import Warrant
from cancellation.ports import Crm

POLICY = CancellationPolicy()
OPENED = datetime(2026, 11, 22, 13, 15, tzinfo=UTC)
RECEIVED = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)
"""Still the 22nd in São Paulo."""
ENDS = datetime(2026, 12, 23, 3, 0, tzinfo=UTC)
"""The end of the notice of an e-mail received at `RECEIVED`: midnight after 22 December in São Paulo."""


def customer(customer_id: str = "1042", **changes: Any) -> Customer:
    fields: dict[str, Any] = {
        "customer_id": customer_id,
        "name": "Acme Comércio de Ferragens Ltda",
        "cnpj": "11.222.333/0001-81",
        "contacts": (
            AuthorisedContact(name="Rita Souza", email="Rita@Acme.com.br", phone="+5511999990000"),
            AuthorisedContact(name="Caio Lima", email="caio@acme.com.br"),
        ),
        "contract": "CT-1042",
    }
    return Customer(**fields | changes)


def opening(customer_id: str = "1042", case_id: str = "case-a", **changes: Any) -> CaseOpening:
    fields: dict[str, Any] = {
        "case_id": case_id,
        "customer_id": customer_id,
        "workflow_id": workflow_id(customer_id),
        "protocol": protocol_number(case_id, date(2026, 11, 22)),
        "opened_at": OPENED,
        "stage": "retention",
        "customer_status": "Em retenção",
        "request": Request(channel=Channel.WHATSAPP, text="Quero cancelar", actor="bot-whatsapp", at=OPENED),
        "commercial_task": task("commercial"),
        "trail": trail(1, 2),
    }
    return CaseOpening(**fields | changes)


def task(key: str, *, title: str = "Falar com o cliente", due_on: date | None = None) -> TaskOrder:
    return TaskOrder(key=key, team=Team.COMMERCIAL, title=title, text="…", due_on=due_on)


def entry(seq: int, detail: str = "Aconteceu algo — ção “”", **changes: Any) -> TrailEntry:
    fields: dict[str, Any] = {
        "seq": seq,
        "at": OPENED + timedelta(minutes=seq, microseconds=seq),
        "actor": "sistema",
        "kind": "something",
        "detail": detail,
    }
    return TrailEntry(**fields | changes)


def trail(first: int, last: int) -> tuple[TrailEntry, ...]:
    return tuple(entry(seq) for seq in range(first, last + 1))


def record(
    *, case_id: str = "case-a", customer_id: str = "1042", minutes: float = 10, **changes: Any
) -> CaseRecord:
    """A record of the case some minutes after its opening."""
    fields: dict[str, Any] = {
        "case_id": case_id,
        "customer_id": customer_id,
        "at": OPENED + timedelta(minutes=minutes),
        "stage": "retention",
    }
    return CaseRecord(**fields | changes)


def mail(**changes: Any) -> FormalizationMail:
    fields: dict[str, Any] = {
        "message_id": "<pedido@acme.com.br>",
        "sender": "rita@acme.com.br",
        "recipients": POLICY.mailboxes,
        "received_at": RECEIVED,
        "subject": "Cancelamento do contrato",
        "explicit_request": True,
        "reason": "O preço ficou alto demais.",
        "authentication": Authentication.PASS,
        "original_sha256": "ab" * 32,
        "original_ref": "crm:original/" + "ab" * 32,
    }
    return FormalizationMail(**fields | changes)


def formalization(
    *mails: FormalizationMail, notice: Notice | None = None, **changes: Any
) -> FormalizationRecord:
    counted: Sequence[FormalizationMail] = mails or (mail(),)
    fields: dict[str, Any] = {
        "completing": counted[-1],
        "mails": tuple(counted),
        "reason": "O preço ficou alto demais.",
        "notice": notice or notice_from(counted[-1].received_at, POLICY),
        "notice_days": POLICY.notice_days,
        "required_mailboxes": POLICY.mailboxes,
    }
    return FormalizationRecord(**fields | changes)


async def formalize(
    crm: Crm, customer_id: str = "1042", case_id: str = "case-a", received_at: datetime = RECEIVED
) -> FormalizationState:
    """Open a case and register its complete formalization."""
    await crm.open_case(opening(customer_id, case_id))
    await crm.record(
        record(
            case_id=case_id,
            customer_id=customer_id,
            stage="notice",
            formalization=formalization(mail(received_at=received_at)),
        )
    )
    state = await crm.formalization(case_id)
    assert state is not None
    return state


async def withdraw(crm: Crm, state: FormalizationState) -> None:
    """The customer gave up leaving: the case ends and its formalization is revoked (X3)."""
    await crm.record(
        record(
            case_id=state.case_id,
            customer_id=state.customer_id,
            minutes=60,
            stage="withdrawn",
            outcome="withdrawn",
            revoke_formalization=True,
        )
    )


def warrant(state: FormalizationState, **changes: Any) -> Warrant:
    """The warrant that the formalization gives, at the very end of its notice."""
    fields: dict[str, Any] = {
        "case_id": state.case_id,
        "customer_id": state.customer_id,
        "notice_ends_at": state.notice_ends_at,
        "at": state.notice_ends_at,
    }
    return Warrant(**fields | changes)
