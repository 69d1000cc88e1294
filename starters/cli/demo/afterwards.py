"""What happens after the end in the demonstration: a charge slips in, and the daily run finds it (X10)."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from temporalio.client import Client

from cancellation.adapters.postgres.billing import PostgresBilling
from cancellation.domain.billing_watch import watched_until
from cancellation.domain.policy import CancellationPolicy
from cancellation.language import words
from cancellation.messages.reconciliation import ReconciliationResult
from cancellation.messages.seed import ChargeSeed, CustomerSeed, PaymentSeed
from cancellation.messages.status import CaseResult
from embedded.virtual_time import VirtualTime
from samples import sample_customer
from starters.cli.running import Failure
from workers.schedule import SCHEDULE
from workers.systems import Systems

_STRAY: Final = "avulsa-demonstracao"


async def watch_acme(
    client: Client,
    systems: Systems,
    policy: CancellationPolicy,
    acme: CaseResult,
    tell: Callable[[str], None],
) -> None:
    """Charge a customer who has left; the Schedule starts a run the next morning, and one when the cycles are over.

    Args:
        client: of the embedded Temporal, whose Schedule has a clock that can be put forward.
        systems: of the demonstration; its billing takes what is slipped in.
        policy: with the terms of the watch.
        acme: how the case ended.
        tell: takes a line for whoever watches.

    Raises:
        Failure: the watch did not do what it is there for.
    """
    billing = systems.billing
    assert isinstance(billing, PostgresBilling)
    assert acme.notice is not None
    assert acme.ended_at is not None
    last_day = acme.notice.last_day
    seed = sample_customer("1042", last_day)
    amount = Decimal("189.90")
    first = last_day + timedelta(days=1)
    stray = ChargeSeed(
        charge_id=_STRAY,
        subscription_id=seed.subscriptions[0].subscription_id,
        first_day=first,
        last_day=first + timedelta(days=29),
        amount=amount,
    )
    await billing.provision(CustomerSeed(customer=seed.customer, charges=(stray,)))
    tell(f"cobrança de {words.money(amount)} lançada por engano, de dias depois do encerramento")
    found, at = await _morning_after(client, acme.ended_at)
    if found["voided"] != 1 or found["failed"]:
        raise Failure("a conferência diária não achou a cobrança indevida")
    tell(
        f"conferência diária de {words.short_moment(at)}: cobrança indevida achada, anulada e informada ao Financeiro"
    )
    await _pay(billing, systems, seed, acme.case_id, last_day)
    until = watched_until(last_day, policy.billing_watch_cycles)
    settled, at = await _morning_after(client, policy.day_start(until + timedelta(days=1)))
    if settled["settled"] != 1 or settled["voided"]:
        raise Failure("a conferência diária não terminou com a declaração de quitação")
    tell(
        f"conferência diária de {words.short_moment(at)}: ciclos conferidos até {words.short_date(until)}, "
        "nada consta, declaração de quitação enviada"
    )


async def _morning_after(client: Client, at: datetime) -> tuple[dict[str, Any], datetime]:
    """What the billing watch did in the run that the Schedule starts next after an instant, and the run's instant.

    Raises:
        Failure: a step of the run gave up.
    """
    run = await VirtualTime(client).run_after(client.get_schedule_handle(SCHEDULE), at)
    result = ReconciliationResult.model_validate(await run.result())
    if result.failed:
        raise Failure(f"a conferência diária não pôde concluir: {', '.join(result.failed)}")
    return result.counts["watch_billing"], result.at


async def _pay(
    billing: PostgresBilling, systems: Systems, seed: CustomerSeed, case_id: str, last_day: date
) -> None:
    """The customer pays what is still owed."""
    assert systems.aftermath is not None
    owed = (await systems.aftermath.aftermath(case_id, seed.customer.customer_id, last_day)).debts
    paid = tuple(
        PaymentSeed(invoice_id=one.reference, paid_on=last_day + timedelta(days=8), amount=one.amount)
        for one in owed
    )
    await billing.provision(CustomerSeed(customer=seed.customer, payments=paid))
