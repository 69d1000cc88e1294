"""A CRM in memory that refuses what PostgreSQL's would refuse (P2, P11, P12, P14, P19, P20, X1)."""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cancellation.adapters.crm_rules import (
    CANCELLED,
    NOTHING_HELD,
    HeldCase,
    end_of_forsaken,
    forsaken_task_key,
    is_look,
    new_entries,
    receipt,
    refusal,
    revokes,
    task_in_forsaken,
    went_on,
    with_local_days,
)
from cancellation.adapters.crm_views import CaseTask, bare_address, bare_cnpj
from cancellation.adapters.memory.formalizations import incomplete
from cancellation.adapters.trailchain import GENESIS, SALT_BYTES, ChainedEntry, TrailCheck, chain, check_chain
from cancellation.domain.billing_watch import WatchTerms
from cancellation.domain.trail import TrailEntry
from cancellation.domain.values import Offer, Request
from cancellation.messages.crm import (
    AuthorisedContact,
    CaseOpening,
    CaseRecord,
    CaseSummary,
    ContactCorrection,
    Customer,
    FormalizationRecord,
    FormalizationState,
    Forsaken,
    MailDecision,
    OpenedCase,
    Original,
    RetentionDecision,
    RetentionRecord,
    TaskOrder,
    TrailReceipt,
)
from cancellation.messages.seed import CustomerSeed
from cancellation.messages.warrant import Warrant
from cancellation.messages.watch import WatchAct
from cancellation.ports import DestructionForbidden, PermanentRefusal


@dataclass
class HeldRecord:
    """A case as this CRM holds it."""

    summary: CaseSummary
    changed_at: datetime
    status_before: str
    """The customer's status of before the case (X20)."""
    mails_count_after: datetime | None
    """When the customer's latest case of before ended (X20)."""
    follows: Forsaken | None
    """The case of a terminated execution that this one follows (X20)."""
    tasks: dict[str, CaseTask] = field(default_factory=dict)
    chain: list[ChainedEntry] = field(default_factory=list)
    stages: dict[str, datetime] = field(default_factory=dict)
    """When it came to stand in each of its stages."""
    request: Request | None = None
    offers: dict[str, Offer] = field(default_factory=dict)
    decision: RetentionDecision | None = None
    formalization: FormalizationRecord | None = None
    in_force: bool = False
    revoked_at: datetime | None = None
    originals_kept: bool = False
    """Whether every e-mail of the formalization was kept here when it was registered."""
    acts: dict[str, datetime] = field(default_factory=dict)
    """Destructive acts ordered under this case's formalization, and when first."""
    watch: WatchTerms | None = None
    """Under which terms billing is watched after the end (X10)."""
    watch_acts: list[WatchAct] = field(default_factory=list)
    """What the watch found and did."""

    @property
    def held(self) -> HeldCase:
        """How far it is."""
        return HeldCase(self.summary.stage, len(self.chain), self.summary.outcome)

    def order_task(self, order: TaskOrder, at: datetime) -> None:
        """Open a task, or bring it up to date, unless a later order or end of it is held."""
        held = self.tasks.get(order.key)
        if held is not None and (
            held.ordered_at > at or (held.closed_at is not None and held.closed_at >= at)
        ):
            return
        self.tasks[order.key] = CaseTask(
            case_id=self.summary.case_id, customer_id=self.summary.customer_id, order=order, ordered_at=at
        )

    def append(self, trail: Sequence[TrailEntry]) -> None:
        """Chain the entries that are not held yet.

        Raises:
            PermanentRefusal: one does not follow the one before.
        """
        previous = bytes.fromhex(self.chain[-1].hash) if self.chain else GENESIS
        for entry in new_entries(trail, self.held):
            if entry.seq != len(self.chain) + 1:
                raise PermanentRefusal(f"entry {entry.seq} does not follow entry {len(self.chain)}")
            link = chain(previous, self.summary.case_id, entry, secrets.token_bytes(SALT_BYTES))
            previous = bytes.fromhex(link.hash)
            self.chain.append(link)


class MemoryCrm:
    """Implements `cancellation.ports.Crm`; also what the memory adapters of destructive ports ask (P19)."""

    def __init__(self) -> None:
        self._customers: dict[str, Customer] = {}
        self._status_at: dict[str, datetime] = {}
        self._cases: dict[str, HeldRecord] = {}
        self._originals: dict[str, tuple[bytes, datetime]] = {}
        self.decisions: list[MailDecision] = []
        """What people decided about e-mails of cases (X14)."""

    # ------------------------------------------------------------------ the port

    async def open_case(self, opening: CaseOpening) -> OpenedCase:
        """Record the case, Commercial's task and the first trail entries together, once (P2).

        An open case of an earlier execution of the same workflow id ends here, or is handed on: see the port.

        Raises:
            PermanentRefusal: another case of this customer is still open (X1).
        """
        case = self._cases.get(opening.case_id)
        if case is None:
            case = self._handed_on(opening) or await self._new_case(opening)
        elif (case.summary.customer_id, case.summary.protocol) != (opening.customer_id, opening.protocol):
            raise PermanentRefusal("this case was opened with another customer or protocol number")
        customer = self._customers.get(opening.customer_id)
        return OpenedCase(
            customer=customer and customer.model_copy(update={"status": case.status_before}),
            status_before=case.status_before,
            mails_count_after=case.mails_count_after,
            forsaken=_forsaken(case) if case.summary.case_id != opening.case_id else case.follows,
            went_on=case.summary.case_id == opening.case_id and went_on(opening, case.held),
            outcome=case.summary.outcome if case.summary.case_id == opening.case_id else None,
        )

    async def record(self, record: CaseRecord) -> TrailReceipt:
        """Write one transaction of the case, counted once however often it runs (P11, P12, P14, P20).

        Raises:
            PermanentRefusal: the case is another customer's, the formalization is not complete or differs from
                the one held, or a revoked one has been acted upon.
        """
        case = self._cases.get(record.case_id)
        if case is None:
            return NOTHING_HELD
        if case.summary.customer_id != record.customer_id:
            raise PermanentRefusal("the case is another customer's")
        if is_look(record):
            return receipt(case.held)
        # Everything that can be refused comes first: a record counts whole or not at all.
        not_taken = refusal(record, record.trail, case.held, [link.entry for link in case.chain])
        if not_taken is not None:
            return not_taken
        _must_be_acceptable(case, record)

        case.append(record.trail)
        for order in record.open_tasks:
            case.order_task(order, record.at)
        _close_tasks(case, record)
        if record.retention is not None:
            _put_retention(case, record.retention)
        if record.formalization is not None and case.formalization is None:
            case.formalization, case.in_force = with_local_days(record.formalization), True
            case.originals_kept = all(
                mail.original_sha256 in self._originals for mail in record.formalization.mails
            )
        self.decisions += [one for one in record.decisions if one not in self.decisions]
        for correction in record.corrections:
            self._correct_contact(record.customer_id, correction)
        if revokes(record) and case.in_force:
            case.in_force, case.revoked_at = False, record.at
        _advance(case, record)
        case.watch = case.watch or record.watch
        if record.customer_status is not None:
            self._set_status(record.customer_id, record.customer_status, record.at)
        if record.restore_status:
            self._set_status(record.customer_id, case.status_before, record.at)
        return receipt(case.held)

    async def customer(self, customer_id: str) -> Customer | None:
        """The customer with contacts and status, or None."""
        return self._customers.get(customer_id)

    async def formalization(self, case_id: str) -> FormalizationState | None:
        """The case's complete formalization, in force or not, or None (P19)."""
        case = self._cases.get(case_id)
        if case is None or case.formalization is None:
            return None
        return FormalizationState(
            case_id=case_id,
            customer_id=case.summary.customer_id,
            last_day=case.formalization.notice.last_day,
            notice_ends_at=case.formalization.notice.ends_at,
            in_force=case.in_force,
        )

    async def keep_original(self, raw: bytes, at: datetime) -> Original:
        """Keep an e-mail byte for byte under its SHA-256, once for each content (P11)."""
        sha256 = hashlib.sha256(raw).hexdigest()
        self._originals.setdefault(sha256, (raw, at))
        return Original(sha256=sha256, ref=f"crm:original/{sha256}", size=len(raw))

    async def original(self, sha256: str) -> bytes | None:
        """The bytes of a kept e-mail, or None."""
        kept = self._originals.get(sha256)
        return kept[0] if kept else None

    async def case_by_protocol(self, protocol: str) -> CaseSummary | None:
        """The case with that protocol number, or None (X12)."""
        wanted = protocol.strip().upper()
        return next((c.summary for c in self._cases.values() if c.summary.protocol == wanted), None)

    async def case_by_id(self, case_id: str) -> CaseSummary | None:
        """The case with that id, or None (X16)."""
        return next((c.summary for c in self._cases.values() if c.summary.case_id == case_id), None)

    async def customers_by_email(self, address: str) -> Sequence[Customer]:
        """Customers of whom the address is an authorised contact (X9)."""
        wanted = bare_address(address)
        return [c for c in self._by_id() if any(contact.email == wanted for contact in c.contacts)]

    async def customers_by_cnpj(self, cnpj: str) -> Sequence[Customer]:
        """Customers with that CNPJ, with or without its punctuation."""
        return [c for c in self._by_id() if c.cnpj == bare_cnpj(cnpj)]

    # ------------------------------------------------------------------ for people, and for other adapters

    async def list_cases(
        self, *, customer_id: str | None = None, open_only: bool = False, most: int = 1000
    ) -> list[CaseSummary]:
        """Cases, the latest opened first; of one customer, or only those that have not ended."""
        found = [
            case.summary
            for case in self._cases.values()
            if customer_id in (None, case.summary.customer_id)
            and not (open_only and case.summary.ended_at is not None)
        ]
        found.sort(key=lambda summary: summary.case_id)
        found.sort(key=lambda summary: summary.opened_at, reverse=True)
        return found[:most]

    async def trail(self, case_id: str) -> list[TrailEntry]:
        """The case's trail in order; empty for an unknown case (P20)."""
        return [link.entry for link in await self.chained_trail(case_id)]

    async def chained_trail(self, case_id: str) -> list[ChainedEntry]:
        """The case's trail in order, each entry with its hash (X13)."""
        case = self._cases.get(case_id)
        return list(case.chain) if case else []

    async def verify_trail(self, case_id: str) -> TrailCheck:
        """Compute the case's hash chain anew (X13)."""
        return check_chain(case_id, await self.chained_trail(case_id))

    async def tasks(
        self, *, case_id: str | None = None, customer_id: str | None = None, open_only: bool = False
    ) -> list[CaseTask]:
        """Tasks of a case or customer, or everybody's, by day due and then as they were ordered (P14)."""
        found = [
            task
            for case in self._cases.values()
            for task in case.tasks.values()
            if case_id in (None, task.case_id)
            and customer_id in (None, task.customer_id)
            and (task.is_open or not open_only)
        ]
        return sorted(
            found,
            key=lambda t: (
                (t.order.due_on is not None, t.order.due_on and t.order.due_on.toordinal()),
                t.ordered_at,
                t.order.key,
            ),
        )

    async def provision(self, seed: CustomerSeed) -> None:
        """Put in or bring up to date a customer's master data; leaves the status of one already known."""
        given = seed.customer
        known = self._customers.get(given.customer_id)
        contacts: dict[str, AuthorisedContact] = {}
        for contact in given.contacts:
            address = bare_address(contact.email)
            contacts.setdefault(address, contact.model_copy(update={"email": address}))
        self._customers[given.customer_id] = given.model_copy(
            update={
                "cnpj": bare_cnpj(given.cnpj) if given.cnpj else None,
                "contacts": tuple(contacts.values()),
                "status": known.status if known else given.status,
                "contract": given.contract or (known.contract if known else None),
            }
        )

    def order_act(self, warrant: Warrant, act: str) -> None:
        """Note a destructive act under its warrant, before anything is touched; the same act counts once.

        Raises:
            DestructionForbidden: no such formalization is in force, or its notice has not ended (P19).
        """
        case = self._cases.get(warrant.case_id)
        if (
            case is None
            or case.formalization is None
            or not case.in_force
            or case.summary.customer_id != warrant.customer_id
            or case.formalization.notice.ends_at != warrant.notice_ends_at
        ):
            raise DestructionForbidden("no such formalization is in force")
        if warrant.at < warrant.notice_ends_at:
            raise DestructionForbidden("the notice has not ended")
        case.acts.setdefault(act, warrant.at)

    def kept_original(self, sha256: str) -> tuple[bytes, datetime] | None:
        """The bytes of a kept e-mail, and since when they are here."""
        return self._originals.get(sha256)

    def all_cases(self) -> Mapping[str, HeldRecord]:
        """Every case with all that is held of it, for the desk's memory twin."""
        return self._cases

    def known_customers(self) -> Mapping[str, Customer]:
        """Every customer, by id."""
        return self._customers

    def _by_id(self) -> list[Customer]:
        return sorted(self._customers.values(), key=lambda customer: customer.customer_id)

    def _handed_on(self, opening: CaseOpening) -> HeldRecord | None:
        """The forsaken case that the opening goes on as, with Commercial's task in it."""
        key = forsaken_task_key(opening.case_id)
        for case in self._cases.values():
            if key in case.tasks:
                return case
            if _is_forsaken_by(case, opening) and case.acts:
                case.order_task(task_in_forsaken(opening), opening.opened_at)
                return case
        return None

    async def _new_case(self, opening: CaseOpening) -> HeldRecord:
        forsaken = next((case for case in self._cases.values() if _is_forsaken_by(case, opening)), None)
        self._must_be_new(opening, forsaken)
        follows = None
        if forsaken is not None:
            follows = _forsaken(forsaken)
            end = await self.record(end_of_forsaken(follows.case_id, follows.trail_seq, opening))
            follows = follows.model_copy(update={"trail_seq": end.recorded_seq})
        customer = self._customers.get(opening.customer_id)
        before = forsaken.status_before if forsaken else customer.status if customer else "Ativo"
        ends = [
            case.summary.ended_at
            for case in self._cases.values()
            if case.summary.customer_id == opening.customer_id and case.summary.ended_at is not None
        ]
        # The minute is for the clocks of mail servers: see crm.follow_earlier_cases in 001_crm.sql.
        mails_after = min(max(ends), opening.opened_at) - timedelta(minutes=1) if ends else None
        case = HeldRecord(_summary(opening), opening.opened_at, before, mails_after, follows)
        case.append(opening.trail)
        case.request = opening.request
        case.stages[opening.stage] = opening.opened_at
        self._cases[opening.case_id] = case
        case.order_task(opening.commercial_task, opening.opened_at)
        # Somebody who has left and writes once more stays one who has left, unless the case goes on.
        if before != CANCELLED:
            self._set_status(opening.customer_id, opening.customer_status, opening.opened_at)
        return case

    def _must_be_new(self, opening: CaseOpening, forsaken: HeldRecord | None) -> None:
        for case in self._cases.values():
            summary = case.summary
            still_open = summary.customer_id == opening.customer_id and summary.ended_at is None
            still_open = still_open and case is not forsaken
            if still_open or summary.protocol == opening.protocol:
                raise PermanentRefusal(
                    "another case of this customer is open, or the protocol number is taken"
                )

    def _correct_contact(self, customer_id: str, correction: ContactCorrection) -> None:
        customer = self._customers[customer_id]
        taken = {contact.email.lower() for contact in customer.contacts}
        if correction.wrong in taken and correction.right not in taken:
            contacts = tuple(
                one.model_copy(update={"email": correction.right})
                if one.email.lower() == correction.wrong
                else one
                for one in customer.contacts
            )
            self._customers[customer_id] = customer.model_copy(update={"contacts": contacts})

    def _set_status(self, customer_id: str, status: str, at: datetime) -> None:
        customer = self._customers.get(customer_id)
        if customer is not None and self._status_at.get(customer_id, at) <= at:
            self._customers[customer_id] = customer.model_copy(update={"status": status})
            self._status_at[customer_id] = at


def _must_be_acceptable(case: HeldRecord, record: CaseRecord) -> None:
    if record.formalization is not None:
        if case.formalization is not None and case.formalization != with_local_days(record.formalization):
            raise PermanentRefusal("the case holds another formalization")
        if case.formalization is None and case.summary.outcome is not None:
            raise PermanentRefusal("the case has ended")
        earlier_end = case.mails_count_after
        mails = (*record.formalization.mails, record.formalization.completing)
        if earlier_end is not None and any(mail.received_at <= earlier_end for mail in mails):
            raise PermanentRefusal("own_mails_x20: an e-mail belonged to an earlier case")
        lacking = incomplete(record.formalization)
        if lacking is not None:
            raise PermanentRefusal(f"the formalization is not complete: {lacking}")
    if revokes(record) and case.acts:
        raise PermanentRefusal("a destructive act refers to the formalization")


def _summary(opening: CaseOpening) -> CaseSummary:
    return CaseSummary(
        case_id=opening.case_id,
        customer_id=opening.customer_id,
        workflow_id=opening.workflow_id,
        protocol=opening.protocol,
        stage=opening.stage,
        opened_at=opening.opened_at,
    )


def _is_forsaken_by(case: HeldRecord, opening: CaseOpening) -> bool:
    """Whether the case is an earlier execution's of the same workflow id, and open (X1)."""
    held = case.summary
    return (
        (held.customer_id, held.workflow_id) == (opening.customer_id, opening.workflow_id)
        and held.ended_at is None
        and held.opened_at < opening.opened_at
    )


def _forsaken(case: HeldRecord) -> Forsaken:
    return Forsaken(
        case_id=case.summary.case_id,
        protocol=case.summary.protocol,
        stage=case.summary.stage,
        opened_at=case.summary.opened_at,
        past_no_return=bool(case.acts),
        formalization=case.formalization,
        trail_seq=len(case.chain),
    )


def _close_tasks(case: HeldRecord, record: CaseRecord) -> None:
    opened = {order.key for order in record.open_tasks}
    for key, task in case.tasks.items():
        meant = key in record.close_tasks or (record.close_all_tasks and key not in opened)
        if meant and task.is_open and task.ordered_at <= record.at:
            case.tasks[key] = task.model_copy(update={"closed_at": record.at})


def _put_retention(case: HeldRecord, given: RetentionRecord) -> None:
    for offer in given.offers:
        held = case.offers.get(offer.offer_id)
        if held is None or held.at <= offer.at:
            case.offers[offer.offer_id] = offer
    if given.decision is not None and (case.decision is None or case.decision.at <= given.decision.at):
        case.decision = given.decision


def _advance(case: HeldRecord, record: CaseRecord) -> None:
    if case.changed_at <= record.at:
        case.changed_at = record.at
        case.summary = case.summary.model_copy(update={"stage": record.stage})
        case.stages.setdefault(record.stage, record.at)
    if record.outcome is not None and case.summary.outcome is None:
        case.summary = case.summary.model_copy(update={"outcome": record.outcome, "ended_at": record.at})
