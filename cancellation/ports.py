"""What the process needs from the outside, as small Protocols. Adapters implement them; contract suites prove it.

Every write can run twice and counts once: its order carries a key that does not depend on the attempt.
A system that cannot be reached raises whatever its library raises, and the caller tries again. A request that
will never succeed raises `PermanentRefusal`.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Protocol, runtime_checkable

from cancellation.messages.billing import (
    BillingClosed,
    BillingClosure,
    BillingEndPlan,
    BillingReading,
    BillingWatch,
    UndueCharge,
)
from cancellation.messages.crm import (
    CaseOpening,
    CaseRecord,
    CaseSummary,
    Customer,
    FormalizationState,
    OpenedCase,
    Original,
    TrailReceipt,
)
from cancellation.messages.letters import Delivery, Letter
from cancellation.messages.mail_in import Copies, MailEntry, MailOutcome, MailTask, Registered
from cancellation.messages.recordings import (
    Access,
    Archive,
    ExportOrder,
    LinkRevocation,
    PurgeOrder,
    PurgeReport,
)
from cancellation.messages.telephony import Inventory, PortRecord, ReleaseReport, Shutdown


class PermanentRefusal(Exception):
    """The outside system understood and will never do it; trying again is useless."""


class DestructionForbidden(PermanentRefusal):
    """A destructive act without complete formalization and ended notice was refused (P19)."""


class Crm(Protocol):
    """The provider's CRM, AdaptNuvem."""

    async def open_case(self, opening: CaseOpening) -> OpenedCase:
        """Record the case and Commercial's task; answer with the customer, if there is one (P2).

        A case that an earlier execution of the same workflow id left open was forsaken: one execution of an id
        runs at a time. Before the point of no return it ends as discarded, its formalization is revoked and its
        tasks are closed, and the answer describes it, so that the rest of what it had done can be undone. Past
        that point it stays open and no new case is made: Commercial's task of this opening is written into it,
        and whoever asked goes on as that case (X20). Asked again the answer is the same.

        Raises:
            PermanentRefusal: another case of this customer is still open (X1).
        """

    async def record(self, record: CaseRecord) -> TrailReceipt:
        """Write one transaction of the case: status, tasks, formalization, trail (P11, P12, P14, P20).

        Nothing of it is written, and the answer says `taken=False`, when its trail does not continue the one
        held or when it contradicts how the case has ended. A record with nothing to write is a look at that.

        Raises:
            PermanentRefusal: the case is not this customer's, the formalization is not complete or differs from
                the one held, or a revoked one has been acted upon.
        """

    async def customer(self, customer_id: str) -> Customer | None:
        """The customer, or None."""

    async def formalization(self, case_id: str) -> FormalizationState | None:
        """The case's complete formalization, or None (P19)."""

    async def keep_original(self, raw: bytes, at: datetime) -> Original:
        """Keep an e-mail byte for byte, once for each content (P11)."""

    async def original(self, sha256: str) -> bytes | None:
        """The bytes of a kept e-mail."""

    async def case_by_protocol(self, protocol: str) -> CaseSummary | None:
        """The case with that protocol number (X12)."""

    async def customers_by_email(self, address: str) -> Sequence[Customer]:
        """Customers of whom the address is an authorised contact (X9)."""

    async def customers_by_cnpj(self, cnpj: str) -> Sequence[Customer]:
        """Customers with that CNPJ, digits only."""


class Billing(Protocol):
    """Subscriptions, charges and invoices (P16)."""

    async def plan_end(self, plan: BillingEndPlan) -> None:
        """Nothing recurs after the last day; can be lifted."""

    async def lift_end(self, case_id: str) -> None:
        """Undo the plan completely: the customer stays (X3)."""

    async def close(self, closure: BillingClosure) -> BillingClosed:
        """Stop charging, issue the one final invoice, void what is dated after the end.

        Run again it voids and stops what has come since; the invoice stays as it was issued.

        Raises:
            DestructionForbidden: no complete formalization in force, or a notice that has not ended (P19).
            PermanentRefusal: the case was closed with another last day.
        """

    async def read_back(self, closure: BillingClosure) -> BillingReading:
        """Read what billing holds, independently of what `close` believes it did."""

    async def undue(self, customer_id: str, since: date) -> Sequence[UndueCharge]:
        """Charges for days after `since` of what was contracted until then, neither void nor credited (X10).

        A contract that the customer has signed after it is none of them.
        """

    async def void_undue(self, watch: BillingWatch) -> Sequence[UndueCharge]:
        """Void the undue charges that no invoice holds; answer the same again for the same watch (X10)."""


class Telephony(Protocol):
    """Extensions, trunks, licences, numbers and their portability (P9, P15, P17, X6)."""

    async def inventory(self, customer_id: str) -> Inventory:
        """Everything that the customer still occupies."""

    async def record_port(self, port: PortRecord) -> None:
        """Record a number's portability; a completed one takes the number out of the inventory."""

    async def deactivate(self, shutdown: Shutdown) -> None:
        """Make everything dead except what held numbers need; resumable in the middle."""

    async def release(self, shutdown: Shutdown) -> ReleaseReport:
        """Give everything back except what held numbers need; resumable in the middle; reads back."""


Heartbeat = Callable[[str], None]
"""Tells the engine how far a long export is, in a form that `export` can resume from."""


class RecordingStore(Protocol):
    """The customer's call recordings and the archives made of them (P10)."""

    async def export(
        self, order: ExportOrder, heartbeat: Heartbeat, resume_from: str | None
    ) -> Archive | None:
        """Build the archive, streaming, and its link; None when there is nothing in the period.

        A recording that nobody will ever be able to read is left out and named (`Archive.left_out`); one that
        cannot be read now makes the whole fail, to be tried again.

        Raises:
            PermanentRefusal: the case's links were killed.
        """

    async def revoke_links(self, revocation: LinkRevocation) -> None:
        """Kill the case's links at once, and for good: an export that still runs makes no new one."""

    async def purge(self, order: PurgeOrder, heartbeat: Heartbeat | None = None) -> PurgeReport:
        """Kill the links, remove recordings and archives, and record what was removed; resumable.

        That something is gone is read back. What nobody will ever be able to remove is named
        (`PurgeReport.left_out`) and not counted; what cannot be removed now makes the whole fail, to be tried again.

        Raises:
            DestructionForbidden: no complete formalization in force, or a notice that has not ended (P19).
        """

    async def accesses(self, case_id: str, after_id: int = 0) -> Sequence[Access]:
        """Who has used the case's links, oldest first, from the access after `after_id` on (P20)."""


class Mailer(Protocol):
    """Outgoing e-mail."""

    async def send(self, letter: Letter) -> Delivery:
        """Render and send a letter, once for each key; a permanent refusal is an answer, not an error."""


@runtime_checkable
class SentLetters(Protocol):
    """What we wrote to customers, for the reader of their answers."""

    async def texts_sent_to(self, addresses: Sequence[str]) -> Sequence[str]:
        """The plain texts of our letters to these addresses of customers, the newest first (X14)."""


class MailLedger(Protocol):
    """What became of every e-mail that arrived (P11, X2, X9)."""

    async def register(self, entry: MailEntry) -> Registered:
        """Note a delivery, once; answer with what is known of it and of earlier copies of the e-mail."""

    async def settle(self, delivery_id: str, outcome: MailOutcome, why: Sequence[str], at: datetime) -> None:
        """Note what became of a registered delivery; the first word stays."""

    async def copies(self, sha256: str) -> Copies | None:
        """What all deliveries of an e-mail say together, found by one copy's bytes; None if never delivered."""

    async def open_task(self, task: MailTask) -> None:
        """Give Commercial an e-mail to read, once an e-mail whichever copy is at hand."""

    async def close_task(self, sha256: str, closed_by: str, at: datetime) -> bool:
        """The e-mail has been decided; False if there was no open task for it."""

    async def mail_tasks(self, *, open_only: bool = True) -> Sequence[MailTask]:
        """E-mails that wait for a person, the oldest first."""
