"""The sample customers: one JSON file each, a `CustomerSeed` as of November 2026."""

from calendar import monthrange
from datetime import date
from pathlib import Path

from cancellation.messages.seed import ChargeSeed, CustomerSeed, SubscriptionSeed

_FOLDER = Path(__file__).parent
_WRITTEN_FOR = date(2026, 11, 1)


def customer_ids() -> tuple[str, ...]:
    """Ids of the sample customers, in order."""
    return tuple(sorted(path.name.partition("-")[0] for path in _FOLDER.glob("*.json")))


def sample_customers(today: date) -> tuple[CustomerSeed, ...]:
    """Every sample customer as of `today` (a date of America/Sao_Paulo)."""
    return tuple(sample_customer(customer_id, today) for customer_id in customer_ids())


def sample_customer(customer_id: str, today: date) -> CustomerSeed:
    """One sample customer as of `today`: billed up to last month, with charges made ahead.

    Raises:
        LookupError: there is no sample customer with that id.
    """
    path = next(_FOLDER.glob(f"{customer_id}-*.json"), None)
    if path is None:
        raise LookupError(f"no sample customer {customer_id}")
    seed = CustomerSeed.model_validate_json(path.read_bytes())
    months = (today.year - _WRITTEN_FOR.year) * 12 + today.month - _WRITTEN_FOR.month
    return seed if months == 0 else _moved(seed, months)


def _moved(seed: CustomerSeed, months: int) -> CustomerSeed:
    return seed.model_copy(
        update={
            "subscriptions": tuple(_moved_subscription(s, months) for s in seed.subscriptions),
            "charges": tuple(_moved_charge(c, months) for c in seed.charges),
        }
    )


def _moved_subscription(subscription: SubscriptionSeed, months: int) -> SubscriptionSeed:
    return subscription.model_copy(update={"started_on": _later(subscription.started_on, months)})


def _moved_charge(charge: ChargeSeed, months: int) -> ChargeSeed:
    """The same charge of another month; its id ends with the month that it ends in."""
    last_day = _later(charge.last_day, months)
    return charge.model_copy(
        update={
            "charge_id": f"{charge.charge_id[: -len('202611')]}{last_day:%Y%m}",
            "first_day": _later(charge.first_day, months),
            "last_day": last_day,
        }
    )


def _later(day: date, months: int) -> date:
    """The same day that many months later; the last day of a month stays the last one."""
    place = day.year * 12 + day.month - 1 + months
    year, month = place // 12, place % 12 + 1
    length = monthrange(year, month)[1]
    is_last = day.day == monthrange(day.year, day.month)[1]
    return date(year, month, length if is_last else min(day.day, length))
