"""What a case's evidence must hold, whoever keeps the records (X13).

Derive a class named `Test...` from `EvidenceContract` and give it a fixture `rig` that yields an `EvidenceRig` over
empty records.
"""

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from cancellation.adapters.crm_views import ReadableCrm
from cancellation.adapters.mailing import Answer, Draft, Fate
from cancellation.adapters.objectstore.layout import StoredObject
from cancellation.adapters.objectstore.ledger import Link
from cancellation.domain.billing_watch import Found
from cancellation.domain.policy import CancellationPolicy
from cancellation.domain.values import (
    Offer,
    OfferKind,
    OfferStatus,
    Outcome,
    PortStatus,
    Reason,
    ReasonCategory,
)
from cancellation.dossier import bundle, parts, verificar
from cancellation.messages.billing import BillingClosure, BillingEndPlan
from cancellation.messages.crm import MailDecision, RetentionDecision, RetentionRecord
from cancellation.messages.desk import DeskAct, DeskActKind
from cancellation.messages.dkim import SigningKey
from cancellation.messages.evidence import Evidence
from cancellation.messages.letter_contents import EndPreview
from cancellation.messages.mail_in import MailEntry, MailFate, MailOutcome
from cancellation.messages.recordings import AccessKind
from cancellation.messages.seed import ChargeSeed, SubscriptionSeed
from cancellation.messages.telephony import Shutdown
from cancellation.messages.watch import ActKind, NewAct, WatchLook
from cancellation.ports import MailLedger
from cancellation.ports.desk import DeskRecords
from cancellation.ports.evidence import EvidenceRecords
from cancellation.ports.watch import WatchRecords
from samples import sample_email
from tests.contract import cases
from tests.contract.cases import ENDS, OPENED, RECEIVED
from tests.contract.telephony_suite import port, seed

MAIL, DOUBTED, UNRELATED = "<pedido@acme.com.br>", "<duvida@acme.com.br>", "<outra@acme.com.br>"
RAW = {
    MAIL: sample_email("acme-gmail-completo", received_at=RECEIVED),
    DOUBTED: b"Subject: Talvez\r\n\r\nAcho que quero sair\r\n",
    UNRELATED: b"Subject: Outra coisa\r\n\r\nNada\r\n",
}
KEY = SigningKey(domain="acme.com.br", selector="google", record="v=DKIM1; p=AAAA", looked_up_at=RECEIVED)
TERMS = CancellationPolicy().watch
TOLD = EndPreview(last_day=date(2026, 12, 22), lines=(), total=Decimal("220.00"))
STRAY = ChargeSeed(
    charge_id="avulsa", subscription_id="pabx", first_day=date(2027, 1, 1), last_day=date(2027, 1, 31),
    amount=Decimal(310),
)  # fmt: skip


@dataclass
class EvidenceRig:
    """The systems that a case leaves its traces in, and what reads them."""

    evidence: EvidenceRecords
    crm: ReadableCrm
    telephony: Any
    billing: Any
    ledger: MailLedger
    outbox: Any
    recordings: Any
    desk: DeskRecords
    watches: WatchRecords

    async def found(self, reference: str = "case-a") -> Evidence:
        """What is read of a case."""
        found = await self.evidence.of(reference)
        assert found is not None
        return found

    async def provision(self) -> None:
        """Customer 1042, with a subscription, a charge for days after the end, and everything of telephony."""
        customer = seed(
            subscriptions=(
                SubscriptionSeed(
                    subscription_id="pabx",
                    description="PABX",
                    monthly=Decimal(310),
                    started_on=date(2026, 12, 1),
                ),
            ),
            charges=(STRAY,),
        )
        for system in (self.crm, self.telephony, self.billing):
            await system.provision(customer)

    async def delivered(self, message_id: str, name: str, *, hours: int = 0) -> str:
        """An e-mail was delivered and handled; the SHA-256 of its bytes."""
        raw, at = RAW[message_id], RECEIVED + timedelta(hours=hours)
        sha256 = (await self.crm.keep_original(raw, at)).sha256
        await self.ledger.register(
            MailEntry(
                id=name,
                sha256=sha256,
                message_id=message_id,
                content_sha256=sha256,
                received_at=at,
                envelope=(f"{name}@nuvemjti.com.br",),
                source="smtp",
            )
        )
        outcome = MailOutcome(fate=MailFate.REPORTED, action="accept", customer_id="1042")
        await self.ledger.settle(name, outcome, ("porque sim",), at)
        return sha256

    async def wrote(self) -> None:
        """A letter to two people, of whom one does not exist."""
        draft = Draft(
            key="k1",
            case_id="case-a",
            kind="script",
            audience="customer",
            message_id="<l1@nuvemjti.com.br>",
            subject="Roteiro",
            content=b"Subject: Roteiro\r\n\r\nOi\r\n",
            content_is_whole=True,
            written_at=OPENED,
            recipients=("rita@acme.com.br", "caio@acme.com.br"),
            told=TOLD,
        )
        async with self.outbox.turn("k1") as turn:
            await turn.open(draft)
            await turn.settle({"rita@acme.com.br": Answer(Fate.SENT)}, "o servidor não respondeu a tempo")
        async with self.outbox.turn("k1") as turn:
            await turn.open(draft)
            await turn.settle({"caio@acme.com.br": Answer(Fate.REFUSED, "550 não existe")}, None)

    async def linked(self) -> None:
        """A download link, used once."""
        link = Link(
            link_id="link-a",
            case_id="case-a",
            customer_id="1042",
            ordinal=1,
            archive_path="archives/x",
            download_name="gravacoes.zip",
            files=3,
            size=900,
            sha256="ab" * 32,
            token_hash="cd" * 32,
            made_at=RECEIVED,
            expires_at=ENDS,
        )
        await self.recordings.add_link(link)
        access = await self.recordings.record_access(link, RECEIVED, "203.0.113.7", AccessKind.FILE)
        await self.recordings.finish_access(access, 900)

    async def closed(self) -> None:
        """Customer 1042's case `case-a`, led to its end and watched afterwards."""
        await self.provision()
        sha256 = await self.delivered(MAIL, "financeiro")
        await self.delivered(MAIL, "comercial", hours=1)
        await self.ledger.keep_keys(sha256, [KEY])
        doubted = await self.delivered(DOUBTED, "duvida", hours=2)
        await self.delivered(UNRELATED, "outra")
        await self.crm.open_case(cases.opening())
        offer = Offer(
            offer_id="o1",
            kind=OfferKind.TRAINING,
            description="Treinamento",
            status=OfferStatus.REFUSED,
            actor="Ana",
            at=OPENED,
        )
        decision = RetentionDecision(
            outcome=Outcome.DECLINED,
            reason=Reason(category=ReasonCategory.PRICE, text="Caro demais"),
            actor="Ana",
            at=OPENED + timedelta(minutes=5),
        )
        told = cases.mail(original_sha256=sha256, original_ref=f"crm:original/{sha256}")
        await self.crm.record(
            cases.record(
                stage="notice",
                trail=(*cases.trail(1, 2), cases.entry(3, message_id=MAIL)),
                formalization=cases.formalization(told),
                retention=RetentionRecord(offers=(offer,), decision=decision),
                decisions=(
                    MailDecision(
                        message_id=DOUBTED,
                        original_sha256=doubted,
                        case_id="case-a",
                        customer_id="1042",
                        is_request=False,
                        decided_by="Ana",
                        decided_at=RECEIVED + timedelta(hours=3),
                    ),
                ),
                open_tasks=(cases.task("d30", title="D+30", due_on=date(2026, 12, 22)),),
                close_tasks=("commercial",),
            )
        )
        await self.telephony.record_port(port(PortStatus.REQUESTED))
        await self.wrote()
        await self.linked()
        await self.desk.note(
            DeskAct(
                act_id="a1",
                case_id="case-a",
                at=RECEIVED,
                actor="Ana",
                kind=DeskActKind.NOTE,
                subject="ligação",
                words="Liguei",
            )
        )
        state = await self.crm.formalization("case-a")
        assert state is not None
        warrant = cases.warrant(state)
        await self.billing.plan_end(
            BillingEndPlan(case_id="case-a", customer_id="1042", last_day=state.last_day, at=RECEIVED)
        )
        shutdown = Shutdown(warrant=warrant)
        await self.telephony.deactivate(shutdown)
        late = warrant.model_copy(update={"at": warrant.at + timedelta(minutes=1)})
        await self.telephony.release(Shutdown(warrant=late))
        await self.billing.close(BillingClosure(warrant=late, last_day=state.last_day))
        await self.recordings.order_purge(late)
        gone = StoredObject(path="recordings/1042/a.wav", size=100)
        await self.recordings.begin_removals(late, "recording", [gone])
        await self.recordings.finish_removals(late, [gone.path])
        await self.crm.record(
            cases.record(
                minutes=60 * 24 * 31,
                stage="closed",
                trail=(cases.entry(4),),
                outcome="closed",
                watch=TERMS,
                close_all_tasks=True,
            )
        )
        await self.watches.note(
            WatchLook(
                case_id="case-a",
                at=ENDS + timedelta(days=20),
                terms=TERMS,
                acts=(
                    NewAct(
                        kind=ActKind.VOIDED, key="voided:c1", detail="Anulada.", found=Found(reference="c1")
                    ),
                    NewAct(
                        kind=ActKind.NO_DEBT,
                        key="no_debt",
                        detail="Nada consta.",
                        found=Found(reference="case-a"),
                    ),
                ),
                settles=True,
            )
        )


class EvidenceContract:
    """One adapter of `EvidenceRecords`."""

    async def test_everything_that_the_records_hold_of_a_case_is_read_X13(self, rig: EvidenceRig) -> None:
        await rig.closed()
        found = await rig.found()
        case = found.case
        assert (case.stage, case.outcome, case.company) == (
            "closed",
            "closed",
            "Acme Comércio de Ferragens Ltda",
        )
        assert (case.cnpj, case.contract) == ("11222333000181", "CT-1042")
        assert [one["email"] for one in case.contacts] == ["rita@acme.com.br", "caio@acme.com.br"]
        assert (case.decision, case.reason_category, case.reason_text, case.decided_by) == (
            "declined",
            "price",
            "Caro demais",
            "Ana",
        )
        assert [one.stage for one in found.stages] == ["retention", "notice", "closed"]
        assert [(one.seq, one.message_id) for one in found.trail] == [
            (1, None),
            (2, None),
            (3, MAIL),
            (4, None),
        ]
        assert (found.case.trail_seq, found.case.trail_head) == (4, found.trail[-1].hash)
        assert [(one.offer_id, one.actor) for one in found.offers] == [("o1", "Ana")]
        assert [(one.message_id, one.is_request) for one in found.decisions] == [(DOUBTED, False)]
        assert {(one.key, one.closed_at is None) for one in found.tasks} == {
            ("commercial", False),
            ("d30", False),
        }
        assert [(one.kind, one.subject, one.words) for one in found.notes] == [("note", "ligação", "Liguei")]
        assert found.formalization is not None
        held = found.formalization
        assert (held.message_id, held.clause, held.notice_days, held.notice_ends_at) == (
            MAIL,
            "8.2",
            30,
            ENDS,
        )
        assert (held.received_on, held.last_day) == (date(2026, 11, 22), date(2026, 12, 22))
        assert (held.originals_kept, held.in_force, held.revoked_at) == (True, True, None)

    async def test_originals_are_those_of_the_case_by_their_first_delivery_with_their_keys_X13(
        self, rig: EvidenceRig
    ) -> None:
        await rig.closed()
        told, doubted = (await rig.found()).originals
        assert (told.raw, told.sha256) == (RAW[MAIL], hashlib.sha256(RAW[MAIL]).hexdigest())
        assert (told.received_at, told.envelope) == (RECEIVED, ("financeiro@nuvemjti.com.br",))
        assert (told.action, told.fate, told.why) == ("accept", "reported", ("porque sim",))
        assert (told.authentication, told.keys) == ("pass", (KEY,))
        assert (doubted.raw, doubted.authentication, doubted.keys) == (RAW[DOUBTED], None, ())

    async def test_letters_links_and_accesses_are_told_with_what_became_of_them_X13(
        self, rig: EvidenceRig
    ) -> None:
        await rig.closed()
        found = await rig.found()
        (letter,) = found.letters
        assert (letter.status, letter.attempts, letter.last_error) == ("sent", 2, None)
        assert letter.told == TOLD.model_dump(mode="json")
        assert letter.content_sha256 == hashlib.sha256(letter.content).hexdigest()
        assert letter.settled_at is not None
        assert [(one.address, one.status, one.reply) for one in letter.deliveries] == [
            ("rita@acme.com.br", "sent", None),
            ("caio@acme.com.br", "refused", "550 não existe"),
        ]
        assert all(one.settled_at is not None for one in letter.deliveries)
        (link,) = found.links
        assert (link.files, link.size, link.sha256) == (3, 900, "ab" * 32)
        assert link.revoked_at is not None
        assert [(one.ordinal, one.address, one.kind, one.bytes) for one in found.accesses] == [
            (1, "203.0.113.7", "file", 900)
        ]
        assert found.removed_recordings == 1

    async def test_what_was_closed_and_billed_is_told_and_read_back_X13(self, rig: EvidenceRig) -> None:
        await rig.closed()
        found = await rig.found()
        later = ENDS + timedelta(minutes=1)
        assert [(one.act, one.ordered_at) for one in found.acts] == [
            ("telephony.deactivate", ENDS),
            ("billing.close", later),
            ("recordings.purge", later),
            ("telephony.release", later),
        ]
        assert len(found.resources) == 10
        assert {(one.status, one.deactivated_at, one.released_at) for one in found.resources} == {
            ("released", ENDS, later)
        }
        assert [one.status for one in found.ports] == ["requested"]
        assert [(one.stopped_on, one.stopped_at) for one in found.subscriptions] == [
            (date(2026, 12, 22), later)
        ]
        assert [(one.charge_id, one.void_reason, one.voided_at) for one in found.voided] == [
            ("avulsa", "after_end", later)
        ]
        assert found.invoice is not None
        assert (found.invoice.total, found.invoice.issued_at) == (Decimal("220.00"), later)
        assert found.invoice.lines == (
            {
                "description": "PABX",
                "kind": "pro_rata",
                "first_day": "2026-12-01",
                "last_day": "2026-12-22",
                "days": 22,
                "period_days": 31,
                "amount": "220.00",
            },
        )
        assert found.read_back is not None
        assert found.read_back.model_dump() == {
            "resources_in_use": 0,
            "numbers_in_use": 0,
            "recurring_active": 0,
            "days_due": 22,
            "days_invoiced": 22,
            "charges_after_end": 0,
        }
        assert found.watch is not None
        assert [(one.seq, one.kind, one.key) for one in found.watch.acts] == [
            (1, "voided", "voided:c1"),
            (2, "no_debt", "no_debt"),
        ]
        assert (found.watch.settled_at, found.watch.head) == (
            ENDS + timedelta(days=20),
            found.watch.acts[-1].hash,
        )

    async def test_its_dossier_holds_X13(self, rig: EvidenceRig) -> None:
        await rig.closed()
        found = await rig.found()
        made = parts.parts_of(found)
        files = bundle.files_of(made, bundle.manifest_of(made, parts.heading_of(found)), redacted=False)
        assert [repr(one) for one in verificar.check(files)[0] if one.state not in verificar.GOOD] == []

    @pytest.mark.parametrize(
        "reference", ["case-a", " case-a ", "1042", "cancellation-1042", cases.opening().protocol.lower()]
    )
    async def test_a_case_is_named_in_every_way_X13(self, rig: EvidenceRig, reference: str) -> None:
        await rig.crm.open_case(cases.opening())
        await rig.crm.open_case(cases.opening("2001", "case-z"))
        assert (await rig.found(reference)).case.case_id == "case-a"

    async def test_of_a_customers_cases_the_newest_is_meant_and_of_none_nothing_X13(
        self, rig: EvidenceRig
    ) -> None:
        await rig.closed()
        later = OPENED + timedelta(days=60)
        await rig.crm.open_case(cases.opening(case_id="case-b", opened_at=later))
        found = await rig.found("1042")
        assert found.case.case_id == "case-b"
        assert (found.originals, found.acts, found.read_back, found.watch) == ((), (), None, None)
        assert (await rig.found("case-a")).case.case_id == "case-a"
        assert await rig.evidence.of("nada\x00") is None

    async def test_a_notice_that_was_undone_says_since_when_X3_X13(self, rig: EvidenceRig) -> None:
        await rig.provision()
        state = await cases.formalize(rig.crm)
        await cases.withdraw(rig.crm, state)
        found = await rig.found()
        assert found.formalization is not None
        assert (found.formalization.in_force, found.formalization.originals_kept) == (False, False)
        assert found.formalization.revoked_at == OPENED + timedelta(minutes=60)
        assert (found.read_back, found.originals) == (None, ())

    async def test_somebody_whom_nobody_knows_has_evidence_too_X13(self, rig: EvidenceRig) -> None:
        await rig.crm.open_case(cases.opening("9999", "case-n"))
        found = await rig.found("9999")
        assert (found.case.company, found.case.contacts, found.case.decision) == (None, (), None)
