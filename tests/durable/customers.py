"""A customer with one of everything, unique to a test."""

import uuid
from calendar import monthrange
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from cancellation.messages.crm import AuthorisedContact, Customer
from cancellation.messages.seed import ChargeSeed, CustomerSeed, SubscriptionSeed
from cancellation.messages.telephony import Number, Resource, ResourceKind

ZONE = ZoneInfo("America/Sao_Paulo")
MONTHLY = Decimal("310.00")
EXTENSIONS, TRUNKS, LICENCES = 3, 1, 2


def new_customer(*, numbers: bool = True, contacts: bool = True) -> CustomerSeed:
    """Three extensions, a trunk, two licences, two numbers of its own and one of ours, open charges ahead."""
    customer_id = f"c{uuid.uuid4().hex[:10]}"
    digits = int(customer_id[1:], 16) % 10**7
    rita = AuthorisedContact(name="Rita Souza", email=address_of(customer_id))
    own = tuple(f"+55113{digits:07d}{place}" for place in (1, 2))
    return CustomerSeed(
        customer=Customer(
            customer_id=customer_id,
            name=f"Empresa {customer_id}",
            contacts=(rita,) if contacts else (),
        ),
        subscriptions=(
            SubscriptionSeed(
                subscription_id=f"{customer_id}-pabx",
                description="PABX em nuvem",
                monthly=MONTHLY,
                started_on=date(2024, 3, 1),
                billed_through=_month(0) - timedelta(days=1),
            ),
        ),
        charges=tuple(_charge(customer_id, months) for months in range(4)),
        resources=(
            *_resources(customer_id, ResourceKind.EXTENSION, EXTENSIONS),
            *_resources(customer_id, ResourceKind.TRUNK, TRUNKS),
            *_resources(customer_id, ResourceKind.LICENCE, LICENCES),
        ),
        numbers=(
            (
                Number(number=own[0], customer_owned=True, routes_to=(f"{customer_id}-trunk-1",)),
                Number(number=own[1], customer_owned=True, routes_to=(f"{customer_id}-extension-1",)),
                Number(number=f"+55114{digits:07d}9", customer_owned=False),
            )
            if numbers
            else ()
        ),
    )


def address_of(customer_id: str) -> str:
    """The authorised contact's address."""
    return f"rita@{customer_id}.com.br"


def own_numbers(seed: CustomerSeed) -> tuple[str, ...]:
    """The customer's own numbers."""
    return tuple(number.number for number in seed.numbers if number.customer_owned)


def _resources(customer_id: str, kind: ResourceKind, count: int) -> tuple[Resource, ...]:
    return tuple(
        Resource(
            kind=kind,
            resource_id=f"{customer_id}-{kind.value}-{number}",
            label=f"{kind.value} {number}",
            active=True,
        )
        for number in range(1, count + 1)
    )


def _month(ahead: int) -> date:
    """The first day of this month or of a later one, in São Paulo."""
    today = datetime.now(ZONE).date()
    place = today.year * 12 + today.month - 1 + ahead
    return date(place // 12, place % 12 + 1, 1)


def _charge(customer_id: str, ahead: int) -> ChargeSeed:
    first = _month(ahead)
    return ChargeSeed(
        charge_id=f"{customer_id}-{first:%Y%m}",
        subscription_id=f"{customer_id}-pabx",
        first_day=first,
        last_day=first.replace(day=monthrange(first.year, first.month)[1]),
        amount=MONTHLY,
        invoiced=ahead == 0,
    )
