"""A case with something of everything, for the dossier's tests."""

import hashlib
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from cancellation.adapters.trailchain import GENESIS, chain
from cancellation.domain.refusal import Problem
from cancellation.domain.trail import TrailEntry
from cancellation.domain.values import Channel, Contact, Offer, OfferKind, OfferStatus, Request
from cancellation.dossier import verificar
from cancellation.messages import evidence as told
from cancellation.messages.dkim import SigningKey
from samples import sample_email
from tests.unit.dossier import signed

OPENED = datetime(2026, 11, 22, 13, 15, tzinfo=UTC)
RECEIVED = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)
ENDS = datetime(2026, 12, 23, 3, 0, tzinfo=UTC)
PRIVATE = ("Rita", "acme.com.br", "+5511", "203.0.113.7", "Caro demais", "31000", "310,00", "310.00", "1042")
"""What nobody finds in a dossier without its reserved parts."""


def chained(*entries: TrailEntry) -> tuple[told.ChainedRecord, ...]:
    previous, found = GENESIS, []
    for entry in entries:
        link = chain(previous, "case-a", entry, hashlib.sha256(b"salt %d" % entry.seq).digest())
        previous = bytes.fromhex(link.hash)
        found.append(told.ChainedRecord(**entry.model_dump(), **link.model_dump(exclude={"entry"})))
    return tuple(found)


def entries(count: int = 4) -> list[TrailEntry]:
    made = [
        TrailEntry(
            seq=seq,
            at=OPENED + timedelta(hours=seq, microseconds=seq),
            actor="Rita Souza",
            kind="request_received",
            detail=f"Solicitação {seq} recebida — “Caro demais”",
            message_id=None if seq % 2 else f"wamid.{seq}",
        )
        for seq in range(1, count)
    ]
    refused = TrailEntry(
        seq=count,
        at=ENDS + timedelta(hours=1),
        actor="sistema",
        kind="message_refused",
        detail="Recusado",
        problems=(Problem(field="reason.text", problem="falta o motivo"),),
    )
    return [*made, refused]


def watched() -> told.WatchEvidence:
    """A stray charge was voided, Finance told."""
    head, acts = GENESIS, []
    for seq, kind, key, detail in (
        (1, "voided", "voided:c1", "Indevida e não paga, anulada: cobrança c1, R$ 310,00."),
        (2, "told", "told:finance:1", "Equipe do Financeiro avisada por e-mail."),
    ):
        at, actor = ENDS + timedelta(days=10, seconds=seq), "conferência de faturamento"
        facts = '{"reference":"c1","amount":"310.00"}'
        salt = hashlib.sha256(b"salt of act %d" % seq).hexdigest()
        act = told.WatchActEvidence(
            seq=seq,
            look=1,
            at=at,
            actor=actor,
            kind=kind,
            key=key,
            detail=detail,
            facts=facts,
            salt=salt,
            commitment=verificar.commitment_of(salt, [actor, key, detail, facts]),
            hash="",
        )
        head = verificar.watch_hash(head, "case-a", act.model_dump(mode="json"))
        acts.append(act.model_copy(update={"hash": head.hex()}))
    return told.WatchEvidence(head=head.hex(), acts=tuple(acts))


def evidence(**changes: Any) -> told.Evidence:
    raw = signed_original()
    trail = chained(*entries())
    fields: dict[str, Any] = {
        "case": told.CaseHead(
            case_id="case-a",
            customer_id="1042",
            workflow_id="cancellation-1042",
            protocol="CAN-20261122-7F3KQ2",
            stage="closed",
            opened_at=OPENED,
            request=Request(
                channel=Channel.WHATSAPP,
                text="Quero cancelar <já> & logo",
                contact=Contact(name="Rita Souza", email="rita@acme.com.br", phone="+5511999990000"),
                actor="bot",
                at=OPENED,
            ),
            outcome="closed",
            ended_at=ENDS + timedelta(hours=1),
            trail_seq=len(trail),
            trail_head=trail[-1].hash,
            company="Acme Comércio de Ferragens Ltda",
            cnpj="11222333000181",
            contract="CT-1042",
            reason_category="price",
            reason_text="Caro demais",
            decision="declined",
            decided_by="Rita do Comercial",
            decided_at=OPENED + timedelta(hours=2),
        ),
        "stages": (
            told.StageChange(stage="retention", at=OPENED),
            told.StageChange(stage="notice", at=RECEIVED),
            told.StageChange(stage="closed", at=ENDS + timedelta(hours=1)),
        ),
        "trail": trail,
        "offers": (
            Offer(
                offer_id="o1",
                kind=OfferKind.TRAINING,
                description="Treinamento",
                status=OfferStatus.REFUSED,
                actor="Rita do Comercial",
                at=OPENED,
            ),
        ),
        "formalization": told.FormalizationEvidence(
            message_id="<pedido@acme.com.br>",
            sender="rita@acme.com.br",
            recipients=("financeiro@nuvemjti.com.br", "comercial@nuvemjti.com.br"),
            received_at=RECEIVED,
            subject="Cancelamento",
            reason="Caro demais",
            authentication="pass",
            confirmed_by=None,
            mails=({"original_sha256": _sha(raw), "authentication": "pass"},),
            required_mailboxes=("financeiro@nuvemjti.com.br", "comercial@nuvemjti.com.br"),
            originals_kept=True,
            notice_days=30,
            clause="8.2",
            received_on=date(2026, 11, 22),
            last_day=date(2026, 12, 22),
            end_offset_minutes=-180,
            notice_ends_at=ENDS,
            in_force=True,
            revoked_at=None,
        ),
        "originals": (
            told.KeptOriginal(
                sha256=_sha(raw),
                raw=raw,
                kept_at=RECEIVED,
                message_id="<pedido@acme.com.br>",
                received_at=RECEIVED,
                envelope=("financeiro@nuvemjti.com.br",),
                source="smtp",
                action="report",
                fate="reported",
                why=(),
                authentication="pass",
                keys=(
                    SigningKey(
                        domain=signed.DOMAIN,
                        selector=signed.SELECTOR,
                        record=signed.record(),
                        looked_up_at=RECEIVED + timedelta(seconds=2),
                    ),
                ),
            ),
        ),
        "letters": (letter(1, "sent"), letter(2, "refused")),
        "links": (
            told.LinkEvidence(
                ordinal=1,
                download_name="gravacoes.zip",
                files=12,
                size=31_000_000,
                sha256="ab" * 32,
                made_at=RECEIVED,
                expires_at=ENDS,
                revoked_at=ENDS,
                left_out_count=0,
            ),
        ),
        "accesses": (
            told.AccessEvidence(ordinal=1, at=RECEIVED, address="203.0.113.7", kind="file", bytes=31_000_000),
        ),
        "removed_recordings": 12,
        "watch": watched(),
        "acts": (told.ActEvidence(act="telephony.deactivate", ordered_at=ENDS + timedelta(seconds=3)),),
        "resources": (
            told.ResourceEvidence(
                kind="extension",
                resource_id="101",
                status="released",
                deactivated_at=ENDS,
                released_at=ENDS,
            ),
            told.ResourceEvidence(
                kind="number",
                resource_id="+551130000002",
                status="released",
                deactivated_at=ENDS,
                released_at=ENDS,
            ),
        ),
        "ports": (
            told.PortEvidence(number="+5511930000001", status="completed", operator="Vozel", at=RECEIVED),
        ),
        "voided": (
            told.VoidedCharge(
                charge_id="c1",
                description="PABX",
                first_day=date(2027, 1, 1),
                last_day=date(2027, 1, 31),
                amount=Decimal("310.00"),
                void_reason="undue",
                voided_at=ENDS,
            ),
        ),
        "invoice": told.InvoiceEvidence(
            invoice_id="fatura-1",
            last_day=date(2026, 12, 22),
            issued_at=ENDS,
            total=Decimal("310.00"),
            due_on=date(2027, 1, 10),
            lines=(
                {
                    "description": "PABX",
                    "kind": "pro_rata",
                    "first_day": "2026-12-01",
                    "last_day": "2026-12-22",
                    "days": 22,
                    "period_days": 31,
                    "amount": "310.00",
                },
            ),
        ),
        "read_back": told.ReadBack(
            resources_in_use=0,
            numbers_in_use=0,
            recurring_active=0,
            days_due=22,
            days_invoiced=22,
            charges_after_end=0,
        ),
    }
    return told.Evidence(**fields | changes)


@cache
def signed_original() -> bytes:
    """A request with two signatures: of the customer's domain, whose key is kept, and of a service."""
    return signed.signed(sample_email("acme-gmail-completo", received_at=RECEIVED), names=(b"from", b"to"))


def letter(place: int, status: str) -> told.LetterEvidence:
    content = f"Subject: CAN-20261122-7F3KQ2\r\n\r\nPrezada Rita, carta {place}\r\n".encode()
    refused = status == "refused"
    return told.LetterEvidence(
        message_id=f"<{place}@nuvemjti.com.br>",
        kind="script",
        audience="customer",
        subject="CAN-20261122-7F3KQ2 Roteiro",
        content=content,
        content_is_whole=True,
        content_sha256=_sha(content),
        written_at=OPENED + timedelta(hours=place),
        status=status,
        attempts=1,
        last_attempt_at=OPENED + timedelta(hours=place),
        last_error=None,
        settled_at=OPENED + timedelta(hours=place),
        told={"last_day": "2026-12-22", "total": "310.00", "lines": []},
        deliveries=(
            told.Delivery(
                address="rita@acme.com.br",
                status=status,
                reply="550 sem essa caixa" if refused else None,
                settled_at=OPENED + timedelta(hours=place),
            ),
        ),
    )


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
