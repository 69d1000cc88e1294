"""A case's evidence, put together from systems that live in memory (X13)."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from cancellation.adapters.memory.billing import MemoryBilling
from cancellation.adapters.memory.crm import HeldRecord, MemoryCrm
from cancellation.adapters.memory.desk import MemoryDesk
from cancellation.adapters.memory.inbox import MemoryInbox
from cancellation.adapters.memory.mailer import MemoryOutbox
from cancellation.adapters.memory.recordings import MemoryLedger
from cancellation.adapters.memory.telephony import MemoryTelephony
from cancellation.adapters.memory.watch import MemoryWatches
from cancellation.adapters.trailchain import GENESIS
from cancellation.messages import evidence as told

_CLOSES_BILLING: Final = "billing.close"
_PURGES: Final = "recordings.purge"


@dataclass(frozen=True)
class MemoryEvidence:
    """Implements `cancellation.ports.evidence.EvidenceRecords`."""

    crm: MemoryCrm
    inbox: MemoryInbox
    outbox: MemoryOutbox
    telephony: MemoryTelephony
    billing: MemoryBilling
    recordings: MemoryLedger
    desk: MemoryDesk
    watches: MemoryWatches

    async def of(self, reference: str) -> told.Evidence | None:
        """What these systems hold of a case."""
        case = self._named(reference.strip())
        if case is None:
            return None
        case_id = case.summary.case_id
        removed = await self.recordings.removed(case_id)
        found = told.Evidence(
            case=self._head(case),
            stages=tuple(
                told.StageChange(stage=stage, at=at)
                for stage, at in sorted(case.stages.items(), key=lambda pair: (pair[1], pair[0]))
            ),
            trail=tuple(
                told.ChainedRecord(**link.entry.model_dump(), **link.model_dump(exclude={"entry"}))
                for link in case.chain
            ),
            offers=tuple(sorted(case.offers.values(), key=lambda offer: (offer.at, offer.offer_id))),
            formalization=_formalization(case),
            decisions=tuple(self._decisions(case_id)),
            originals=tuple(self._originals(case)),
            letters=tuple(self._letters(case_id)),
            links=tuple(
                told.LinkEvidence(**{name: getattr(link, name) for name in told.LinkEvidence.model_fields})
                for link in self.recordings.links_of(case_id)
            ),
            accesses=tuple(await self._accesses(case_id)),
            removed_recordings=removed.recordings,
            acts=tuple(sorted(self._acts(case), key=lambda act: (act.ordered_at, act.act))),
            resources=tuple(self.telephony.resources_of(case_id)),
            ports=tuple(self.telephony.ports_of(case_id)),
            subscriptions=tuple(self._subscriptions(case_id)),
            voided=tuple(self._voided(case_id)),
            invoice=self._invoice(case_id),
            tasks=tuple(self._tasks(case)),
            notes=tuple(
                told.NoteEvidence(**act.model_dump(include=set(told.NoteEvidence.model_fields)))
                for act in self.desk.notes_of(case_id)
            ),
            watch=self.watches.evidence_of(case_id),
        )
        if found.formalization is None or not found.acts:
            return found
        return found.model_copy(update={"read_back": await self._read_back(found)})

    def _named(self, reference: str) -> HeldRecord | None:
        """By protocol or case id; by workflow or customer the newest."""
        held = list(self.crm.all_cases().values())
        exact = [c for c in held if reference == c.summary.case_id or reference.upper() == c.summary.protocol]
        named = exact or [
            case for case in held if reference in (case.summary.workflow_id, case.summary.customer_id)
        ]
        return max(named, key=lambda case: case.summary.opened_at, default=None)

    def _head(self, case: HeldRecord) -> told.CaseHead:
        assert case.request is not None
        customer = self.crm.known_customers().get(case.summary.customer_id)
        decision = case.decision
        return told.CaseHead(
            **case.summary.model_dump(include=set(told.CaseHead.model_fields)),
            request=case.request,
            trail_seq=len(case.chain),
            trail_head=case.chain[-1].hash if case.chain else GENESIS.hex(),
            company=customer.name if customer else None,
            cnpj=customer.cnpj if customer else None,
            contract=customer.contract if customer else None,
            contacts=tuple(
                one.model_dump(include={"name", "email", "phone"})
                for one in (customer.contacts if customer else ())
            ),
            reason_category=decision.reason.category.value if decision else None,
            reason_text=decision.reason.text if decision else None,
            decision=decision.outcome.value if decision else None,
            decided_by=decision.actor if decision else None,
            decided_at=decision.at if decision else None,
        )

    def _decisions(self, case_id: str) -> list[told.MailDecisionEvidence]:
        kept = [one for one in self.crm.decisions if one.case_id == case_id]
        kept.sort(key=lambda one: (one.decided_at, one.message_id))
        names = set(told.MailDecisionEvidence.model_fields)
        return [told.MailDecisionEvidence(**one.model_dump(include=names)) for one in kept]

    def _originals(self, case: HeldRecord) -> list[told.KeptOriginal]:
        """E-mails that the case was told of or that a person decided about, by the first delivery of each content."""
        named = {link.entry.message_id for link in case.chain}
        mails = case.formalization.mails if case.formalization else ()
        verdicts = {mail.original_sha256: mail.authentication.value for mail in reversed(mails)}
        decided = {one.original_sha256 for one in self.crm.decisions if one.case_id == case.summary.case_id}
        deliveries = self.inbox.deliveries()
        told_of = {row.entry.sha256 for row in deliveries if row.reported_as in named}
        found = []
        for sha256 in sorted(one for one in told_of | set(verdicts) | decided if one is not None):
            kept = self.crm.kept_original(sha256)
            if kept is None:
                continue
            first = next((row for row in deliveries if row.entry.sha256 == sha256), None)
            entry, outcome = (first.entry, first.outcome) if first else (None, None)
            found.append(
                told.KeptOriginal(
                    sha256=sha256,
                    raw=kept[0],
                    kept_at=kept[1],
                    message_id=entry.message_id if entry else None,
                    received_at=entry.received_at if entry else None,
                    envelope=entry.envelope if entry else (),
                    source=entry.source if entry else None,
                    action=outcome.action if outcome else None,
                    fate=outcome.fate.value if outcome else None,
                    why=first.why if first else (),
                    authentication=verdicts.get(sha256),
                    keys=tuple(self.inbox.kept_keys(sha256)),
                )
            )
        return sorted(found, key=lambda one: (one.received_at or one.kept_at, one.sha256))

    def _letters(self, case_id: str) -> Iterator[told.LetterEvidence]:
        drafts = [draft for draft in self.outbox.drafts.values() if draft.case_id == case_id]
        for draft in sorted(drafts, key=lambda draft: (draft.written_at, draft.key)):
            entry, tried = self.outbox.entries[draft.key], self.outbox.tried[draft.key]
            yield told.LetterEvidence(
                message_id=draft.message_id,
                kind=draft.kind,
                audience=draft.audience,
                subject=draft.subject,
                content=draft.content,
                content_is_whole=draft.content_is_whole,
                content_sha256=hashlib.sha256(draft.content).hexdigest(),
                written_at=draft.written_at,
                status=entry.fate.value,
                attempts=tried.attempts,
                last_attempt_at=tried.last_attempt_at,
                last_error=tried.last_error,
                settled_at=tried.settled_at,
                told=draft.told.model_dump(mode="json") if draft.told else None,
                deliveries=tuple(
                    told.Delivery(
                        address=address,
                        status=answer.fate.value,
                        reply=answer.reply or None,
                        settled_at=tried.answered_at.get(address),
                    )
                    for address, answer in entry.answers.items()
                ),
            )

    async def _accesses(self, case_id: str) -> list[told.AccessEvidence]:
        ordinals = {link.link_id: link.ordinal for link in self.recordings.links_of(case_id)}
        return [
            told.AccessEvidence(
                ordinal=ordinals[one.link_id],
                at=one.at,
                address=one.address,
                kind=one.kind.value,
                bytes=one.bytes,
            )
            for one in await self.recordings.accesses(case_id, 0)
        ]

    def _acts(self, case: HeldRecord) -> Iterator[told.ActEvidence]:
        case_id = case.summary.case_id
        for act, at in case.acts.items():
            yield told.ActEvidence(act=act, ordered_at=at)
        # Billing and recordings ask the CRM for the formalization alone, and remember themselves what they did.
        if issued := self.billing.issued(case_id):
            yield told.ActEvidence(act=_CLOSES_BILLING, ordered_at=issued[0].warrant.at)
        if case_id in self.recordings.purges:
            yield told.ActEvidence(act=_PURGES, ordered_at=self.recordings.purges[case_id])

    def _subscriptions(self, case_id: str) -> Iterator[told.SubscriptionEvidence]:
        contracts = sorted(
            self.billing.all_contracts().items(), key=lambda pair: (pair[1].description, pair[0])
        )
        for _, one in contracts:
            if one.stopped_by is not None and one.stopped_by[0] == case_id:
                assert one.stopped_on is not None
                yield told.SubscriptionEvidence(
                    description=one.description,
                    monthly=one.terms.monthly,
                    stopped_on=one.stopped_on,
                    stopped_at=one.stopped_by[1],
                )

    def _voided(self, case_id: str) -> list[told.VoidedCharge]:
        contracts = self.billing.all_contracts()
        found = [
            told.VoidedCharge(
                charge_id=one.charge.charge_id,
                description=contracts[one.subscription_id].description,
                first_day=one.charge.days.first,
                last_day=one.charge.days.last,
                amount=one.charge.amount,
                void_reason=one.void[0],
                voided_at=one.void[2],
            )
            for one in self.billing.all_charges().values()
            if one.void is not None and one.void[1] == case_id
        ]
        return sorted(found, key=lambda one: (one.voided_at, one.first_day, one.charge_id))

    def _invoice(self, case_id: str) -> told.InvoiceEvidence | None:
        issued = self.billing.issued(case_id)
        if issued is None:
            return None
        closure, invoice, kinds = issued
        return told.InvoiceEvidence(
            invoice_id=invoice.invoice_id,
            last_day=closure.last_day,
            issued_at=closure.warrant.at,
            total=invoice.total,
            due_on=invoice.due_on,
            lines=tuple(
                {**line.model_dump(mode="json", exclude={"subscription_id"}), "kind": kind.value}
                for line, kind in zip(invoice.lines, kinds, strict=True)
            ),
        )

    def _tasks(self, case: HeldRecord) -> list[told.TaskEvidence]:
        found = [
            told.TaskEvidence(
                key=task.order.key,
                team=task.order.team.value,
                title=task.order.title,
                due_on=task.order.due_on,
                ordered_at=task.ordered_at,
                closed_at=task.closed_at,
            )
            for task in case.tasks.values()
        ]
        return sorted(found, key=lambda task: (task.ordered_at, task.key))

    async def _read_back(self, found: told.Evidence) -> told.ReadBack:
        assert found.formalization is not None
        inventory = await self.telephony.inventory(found.case.customer_id)
        billed = self.billing.reading(found.case.customer_id, found.formalization.last_day)
        return told.ReadBack(
            resources_in_use=len(inventory.resources),
            numbers_in_use=len(inventory.numbers),
            recurring_active=len(billed.recurring_active),
            charges_after_end=len(billed.charges_after_end),
            days_due=billed.days_due,
            days_invoiced=billed.days_invoiced,
        )


def _formalization(case: HeldRecord) -> told.FormalizationEvidence | None:
    held = case.formalization
    if held is None:
        return None
    mail, notice = held.completing, held.notice
    assert held.received_on is not None
    assert held.end_offset_minutes is not None
    return told.FormalizationEvidence(
        message_id=mail.message_id,
        sender=mail.sender,
        recipients=tuple(dict.fromkeys(address for each in held.mails for address in each.recipients)),
        received_at=mail.received_at,
        subject=mail.subject,
        reason=held.reason,
        authentication=mail.authentication.value,
        confirmed_by=mail.confirmed_by,
        mails=tuple(each.model_dump(mode="json") for each in held.mails),
        required_mailboxes=held.required_mailboxes,
        originals_kept=case.originals_kept,
        notice_days=held.notice_days,
        clause=notice.clause,
        received_on=held.received_on,
        last_day=notice.last_day,
        end_offset_minutes=held.end_offset_minutes,
        notice_ends_at=notice.ends_at,
        in_force=case.in_force,
        revoked_at=case.revoked_at,
    )
