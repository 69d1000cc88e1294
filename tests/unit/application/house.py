"""Outside systems that answer in memory what a case owes them, lane by lane, as the dispatcher would ask."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum, auto
from typing import Any, Final

from cancellation.application import payloads
from cancellation.application.answers import take_answer, take_failure
from cancellation.application.casefile import CaseFile
from cancellation.domain import commands as c
from cancellation.domain.commands import Owed, System
from cancellation.domain.inventory import Inventory
from cancellation.domain.values import Archive, Released
from cancellation.messages.billing import BillingClosed, FinalInvoice
from cancellation.messages.crm import AuthorisedContact, Customer, Opening, TrailReceipt
from cancellation.messages.letters import Delivery, DeliveryReport
from cancellation.messages.recordings import LinksEnded, PurgeReport
from cancellation.messages.telephony import ReleaseReport
from tests.unit.domain.build import INVENTORY, RITA

CUSTOMER: Final = Customer(
    customer_id="1042",
    name="Acme Ltda",
    contacts=(AuthorisedContact(name="Rita Souza", email=RITA),),
)
INVOICE: Final = FinalInvoice(invoice_id="f1", lines=(), total=Decimal("120.50"))


class How(Enum):
    """What becomes of an attempt."""

    DONE = auto()
    FAILS = auto()
    """For as long as people wait before they are told, and longer."""
    REFUSED = auto()
    """By the other system, for good; by a mail server, the letter."""


def first_batch(file: CaseFile, lane: str) -> Sequence[Owed]:
    """What one attempt takes of a lane: for the CRM all that one transaction may hold, else the first."""
    queue = file.case.pending.lanes()[lane]
    if lane != System.CRM.value or isinstance(queue[0].command, c.OpenCase):
        return queue[:1]
    batch: list[Owed] = []
    closed: set[str] = set()
    for owed in queue:
        if isinstance(owed.command, c.OpenTask) and owed.command.key in closed:
            break
        if isinstance(owed.command, c.CloseTask):
            closed.add(owed.command.key)
        batch.append(owed)
        if isinstance(owed.command, c.EndCase):
            break
    return batch


def serve(file: CaseFile, lane: str, now: datetime, how: How = How.DONE) -> None:
    """One attempt at the first work of a lane, and what becomes of it."""
    batch = first_batch(file, lane)
    if isinstance(batch[0].command, c.SendLetter):
        _send(file, batch, now, how)
        return
    asked = ASKS[type(batch[0].command)](file, batch, now)
    if how is How.DONE:
        answer = answer_to(batch[0], asked)
        take_answer(file, batch, asked, answer, now, now)
        return
    asked_at = now - timedelta(minutes=file.case.policy.attention_after_minutes)
    take_failure(file, batch, asked_at, now, "não aceito" if how is How.REFUSED else None)


def serve_everything(file: CaseFile, now: datetime) -> None:
    """Every system does everything that it is owed, until nothing is owed any more."""
    file.write_down(now)
    while lanes := file.case.pending.lanes():
        for lane in lanes:
            serve(file, lane, now)
            file.write_down(now)


def _send(file: CaseFile, batch: Sequence[Owed], now: datetime, how: How) -> None:
    case, owed = file.case, batch[0]
    queue = case.pending.lanes()[owed.lane]
    if payloads.is_superfluous(case, owed, queue, now):
        case.omit_letter(owed.key, now)
        return
    if payloads.has_nobody(case, owed):
        case.give_up_letter(owed.key, "no_contact", now)
        return
    asked = payloads.letters(file, batch, now)
    letter = asked.letters[0]
    delivery = Delivery(
        key=letter.key,
        kind=letter.kind,
        message_id=f"<{letter.key}@nuvemjti.com.br>",
        refused="550 5.1.1" if how is How.REFUSED else None,
        put_off=how is How.FAILS,
    )
    asked_at = now - timedelta(minutes=case.policy.attention_after_minutes)
    take_answer(file, batch, asked, DeliveryReport(deliveries=(delivery,)), asked_at, now)


ASKS: Final[dict[type[Any], Callable[[CaseFile, Sequence[Owed], datetime], Any]]] = {
    c.OpenCase: payloads.opening,
    c.OpenTask: payloads.record,
    c.CloseTask: payloads.record,
    c.SetStatus: payloads.record,
    c.RegisterFormalization: payloads.record,
    c.KeepDecision: payloads.record,
    c.CorrectContact: payloads.record,
    c.WriteTrail: payloads.record,
    c.EndCase: payloads.record,
    c.PlanBillingEnd: payloads.billing_end_plan,
    c.LiftBillingEnd: payloads.billing_end_to_lift,
    c.CloseBilling: payloads.billing_closure,
    c.ReadInventory: payloads.inventory_query,
    c.RecordPort: payloads.port_record,
    c.DeactivateServices: payloads.shutdown,
    c.ReleaseResources: payloads.shutdown,
    c.ExportRecordings: payloads.export_order,
    c.RevokeLinks: payloads.link_revocation,
    c.PurgeRecordings: payloads.purge_order,
}
"""Every command but letters, and what its system is told."""


def answer_to(owed: Owed, asked: Any) -> Any:
    """What a system answers that has done what it was asked."""
    match owed.command:
        case c.OpenCase():
            return Opening(customer=CUSTOMER)
        case c.CloseBilling():
            return BillingClosed(invoice=INVOICE, voided_charges=2)
        case c.ReadInventory():
            return INVENTORY
        case c.ReleaseResources(hold=hold):
            released = Released(extensions=1, trunks=1, licences=1, numbers=3 - len(hold))
            return ReleaseReport(released=released, remaining=Inventory(customer_id="1042"))
        case c.ExportRecordings(ordinal=ordinal):
            ends_at = asked.link_expires_at
            return Archive(link_id=f"link-{ordinal}", files=3, size=10, sha256="0" * 64, expires_at=ends_at)
        case c.RevokeLinks():
            return LinksEnded()
        case c.PurgeRecordings():
            return LinksEnded(purged=PurgeReport(recordings=3, archives=1, bytes=10))
        case _ if owed.system is System.CRM:
            return TrailReceipt(recorded_seq=asked.trail[-1].seq if asked.trail else 0)
    return None
