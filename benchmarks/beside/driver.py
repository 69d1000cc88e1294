"""Drives an ordinary case, ours or the bare one, by the very same messages."""

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import obstore
from obstore.store import LocalStore
from temporalio.client import WithStartWorkflowOperation, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.service import RPCError, RPCStatusCode

from benchmarks.beside import activities as plain
from benchmarks.beside.servers import Premises
from benchmarks.beside.workflow import BARE, TASK_QUEUE
from cancellation.adapters.postgres.billing import PostgresBilling
from cancellation.adapters.postgres.crm import PostgresCrm
from cancellation.adapters.postgres.telephony import PostgresTelephony
from cancellation.contract import CANCELLATION, CANCELLATIONS
from cancellation.domain.identity import workflow_id
from cancellation.domain.policy import CancellationPolicy
from cancellation.domain.values import Authentication, Channel, Contact, Outcome, Reason, ReasonCategory
from cancellation.messages.crm import AuthorisedContact, Customer
from cancellation.messages.facts import (
    CaseStart,
    FormalizationMessage,
    RequestMessage,
    RetentionOutcomeMessage,
)
from cancellation.messages.seed import ChargeSeed, CustomerSeed, SubscriptionSeed
from cancellation.messages.status import Answer
from cancellation.messages.telephony import Number, Resource, ResourceKind

RESOURCES: Final = 6
CHARGES: Final = 4
RECORDINGS: Final = 3
PRICE: Final = Decimal("310.00")
_LOOK_SECONDS: Final = 0.1
_ENOUGH: Final = timedelta(days=32)


@dataclass(frozen=True)
class Kind:
    """One of the two workflows."""

    name: str
    workflow: str
    task_queue: str
    prefix: str


OURS: Final = Kind("ours", CANCELLATION, CANCELLATIONS, workflow_id(""))
PLAIN: Final = Kind("bare", BARE, TASK_QUEUE, "bare-")
KINDS: Final = (PLAIN, OURS)


async def provision(house: Premises, kind: Kind, count: int) -> Sequence[str]:
    """New customers, known wherever the workflow looks, each with some recordings."""
    customers = [f"c{uuid.uuid4().hex[:10]}" for _ in range(count)]
    store = LocalStore(house.store, mkdir=True)
    for customer_id in customers:
        if kind is OURS:
            seed = _seed(customer_id)
            for system in (PostgresCrm, PostgresBilling, PostgresTelephony):
                await system(house.pool).provision(seed)
        else:
            await plain.provision(house.pool, customer_id, RESOURCES + 1, CHARGES)
        for number in range(RECORDINGS):
            await obstore.put_async(store, f"recordings/{customer_id}/2026-11-01/{number}.wav", b"RIFF" * 25)
    return customers


async def drive(house: Premises, kind: Kind, customer_id: str) -> None:
    """Open, decline, formalise, and let the notice pass; each message when nothing is under way any more."""
    handle = await _open(house, kind, customer_id)
    await _quiet(handle)
    outcome = RetentionOutcomeMessage(
        message_id="crm-1",
        actor="ana",
        outcome=Outcome.DECLINED,
        reason=Reason(category=ReasonCategory.PRICE, text="Ficou caro"),
    )
    await handle.execute_update("retention_outcome_checked", outcome)
    await _quiet(handle)
    mail = FormalizationMessage(
        message_id=f"<pedido@{customer_id}>",
        actor="inbox",
        sender=_address(customer_id),
        recipients=CancellationPolicy().mailboxes,
        received_at=datetime.now(UTC) - timedelta(seconds=5),
        subject="Cancelamento do contrato",
        explicit_request=True,
        reason="Ficou caro",
        authentication=Authentication.PASS,
        original_sha256="a" * 64,
        original_ref="crm:original/" + "a" * 64,
    )
    await handle.execute_update("formalization_checked", mail)
    await _quiet(handle)
    try:
        await house.skipper.fast_forward(handle, _ENOUGH)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:  # it has ended
            raise
    await handle.result()


async def _open(house: Premises, kind: Kind, customer_id: str) -> "WorkflowHandle[Any, Any]":
    request = RequestMessage(
        channel=Channel.CHATBOT, text="Quero cancelar", contact=Contact(name="Rita"), message_id="chat-1"
    )
    identity = f"{kind.prefix}{customer_id}"
    operation: WithStartWorkflowOperation[Any, Any] = WithStartWorkflowOperation(
        kind.workflow,
        CaseStart(customer_id=customer_id, request=request),
        id=identity,
        task_queue=kind.task_queue,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        static_summary=f"Cancelamento do cliente {customer_id}",
    )
    with house.skipper.with_time_skipping_disabled():
        await house.client.execute_update_with_start_workflow(
            "request_checked", request, start_workflow_operation=operation, result_type=Answer
        )
    return house.client.get_workflow_handle(identity)


async def _quiet(handle: "WorkflowHandle[Any, Any]") -> None:
    """Wait until nothing is under way."""
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        raw = (await handle.describe()).raw_description
        if not raw.pending_activities and not raw.HasField("pending_workflow_task"):
            return


def _address(customer_id: str) -> str:
    return f"rita@{customer_id}.com.br"


def _seed(customer_id: str) -> CustomerSeed:
    kinds = [ResourceKind.EXTENSION] * 3 + [ResourceKind.TRUNK] + [ResourceKind.LICENCE] * 2
    pabx = f"{customer_id}-pabx"
    return CustomerSeed(
        customer=Customer(
            customer_id=customer_id,
            name=f"Empresa {customer_id}",
            contacts=(AuthorisedContact(name="Rita Souza", email=_address(customer_id)),),
        ),
        subscriptions=(
            SubscriptionSeed(
                subscription_id=pabx,
                description="PABX em nuvem",
                monthly=PRICE,
                started_on=date(2024, 3, 1),
                billed_through=_month(0) - timedelta(days=1),
            ),
        ),
        charges=tuple(
            ChargeSeed(
                charge_id=f"{pabx}-{ahead}",
                subscription_id=pabx,
                first_day=_month(ahead),
                last_day=_month(ahead + 1) - timedelta(days=1),
                amount=PRICE,
                invoiced=ahead == 0,
            )
            for ahead in range(CHARGES)
        ),
        resources=tuple(
            Resource(
                kind=kind, resource_id=f"{customer_id}-{place}", label=f"{kind.value} {place}", active=True
            )
            for place, kind in enumerate(kinds)
        ),
        numbers=(
            Number(
                number=f"+55113{int(customer_id[1:], 16) % 10**8:08d}",
                customer_owned=True,
                routes_to=(f"{customer_id}-0",),
            ),
        ),
    )


def _month(ahead: int) -> date:
    """The first day of this month or of a later one."""
    today = datetime.now(UTC).date()
    place = today.year * 12 + today.month - 1 + ahead
    return date(place // 12, place % 12 + 1, 1)
