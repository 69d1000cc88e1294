"""What happens after the end in the demonstration: a charge slips in, and the billing watch finds it (X10)."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from cancellation.adapters.postgres.billing import PostgresBilling
from cancellation.billing_watch import BillingWatcher
from cancellation.domain.billing_watch import watched_until
from cancellation.domain.policy import CancellationPolicy
from cancellation.language import words
from cancellation.messages.seed import ChargeSeed, CustomerSeed, PaymentSeed
from cancellation.messages.status import CaseResult
from cancellation.messages.watch import WatchBatch
from samples import sample_customer
from starters.cli.running import Failure
from workers.systems import Systems

_STRAY: Final = "avulsa-demonstracao"


async def watch_acme(
    systems: Systems, policy: CancellationPolicy, acme: CaseResult, tell: Callable[[str], None]
) -> None:
    """Charge a customer who has left, let the watch look, and look again when its cycles are over.

    Args:
        systems: of the demonstration; its billing takes what is slipped in.
        policy: with the terms of the watch.
        acme: how the case ended.
        tell: takes a line for whoever watches.

    Raises:
        Failure: the watch did not do what it is there for.
    """
    billing = systems.billing
    assert isinstance(billing, PostgresBilling)
    assert systems.aftermath is not None
    assert systems.watches is not None
    assert acme.notice is not None
    assert acme.ended_at is not None
    last_day, ended_at = acme.notice.last_day, acme.ended_at
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
    watcher = BillingWatcher(systems.watches, systems.aftermath, systems.telephony, systems.mailer, policy)
    found = await watcher.watch(WatchBatch(at=ended_at + timedelta(days=2)), _no_heartbeat)
    if found.voided != 1 or found.failed:
        raise Failure("a conferência de faturamento não achou a cobrança indevida")
    tell("conferência de faturamento: cobrança indevida achada, anulada e informada ao Financeiro")
    await _pay(billing, systems, seed, acme.case_id, last_day)
    until = watched_until(last_day, policy.billing_watch_cycles)
    over = policy.day_start(until + timedelta(days=1)) + timedelta(hours=9)
    settled = await watcher.watch(WatchBatch(at=over), _no_heartbeat)
    if settled.settled != 1 or settled.voided:
        raise Failure("a conferência de faturamento não terminou com a declaração de quitação")
    tell(f"ciclos conferidos até {words.short_date(until)}, nada consta: declaração de quitação enviada")


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


def _no_heartbeat() -> None:
    """Nobody waits for one here."""
