"""Odd rows in the other systems' records: named, left out or shortened, and given to a person; they stop nothing."""

from decimal import Decimal

import pytest

from cancellation.domain.inventory import MOST_TOLD
from cancellation.domain.values import MOST_LABEL
from cancellation.messages.letter_contents import Closed, ShutdownPlan
from cancellation.messages.seed import CustomerSeed
from cancellation.messages.telephony import Resource, ResourceKind
from tests.durable.customers import new_customer
from tests.durable.house import House, until

ENDLESS = "Fazenda e Comércio " * 150_000
"""Nearly three million characters; the engine carries two million bytes."""
TYPED = "(11) 3000-0001"


def odd_amounts(seed: CustomerSeed, amount: str) -> CustomerSeed:
    """The first subscription and every charge of this amount."""
    monthly = [one.model_copy(update={"monthly": Decimal(amount)}) for one in seed.subscriptions]
    charges = [one.model_copy(update={"amount": Decimal(amount)}) for one in seed.charges]
    return seed.model_copy(update={"subscriptions": tuple(monthly), "charges": tuple(charges)})


def endless_names(seed: CustomerSeed) -> CustomerSeed:
    """Names without end wherever a system keeps one."""
    contact = seed.customer.contacts[0].model_copy(update={"name": ENDLESS, "phone": ENDLESS})
    stranger = contact.model_copy(update={"email": f"{'x' * 2_000}@exemplo.com.br"})
    customer = seed.customer.model_copy(
        update={"name": ENDLESS, "contract": "CT-1", "contacts": (contact, stranger)}
    )
    return seed.model_copy(
        update={
            "customer": customer,
            "subscriptions": tuple(
                one.model_copy(update={"description": ENDLESS}) for one in seed.subscriptions
            ),
            "resources": tuple(one.model_copy(update={"label": ENDLESS}) for one in seed.resources),
        }
    )


@pytest.mark.some(1)
@pytest.mark.parametrize("amount", ["NaN", "Infinity", "1e40"])
async def test_amounts_that_are_none_close_the_case_and_wait_for_finance_P16_P18(
    any_house: House, amount: str
) -> None:
    case = await any_house.open(odd_amounts(new_customer(), amount))
    await case.to_notice()
    await case.pass_notice()
    result = await case.result()
    assert result.outcome == "closed"
    (closed,) = case.said(Closed)
    assert closed.invoice_total == 0
    assert closed.doubtful_amounts
    task = (await case.tasks(open_only=True))["doubtful_amounts"]
    assert task.order.team.value == "finance"
    assert f"assinatura {case.customer_id}-pabx" in task.order.text
    assert "amounts_doubtful" in await case.kinds()
    assert (await case.status()).attention == ()
    await any_house.replays()


async def test_an_own_number_as_somebody_typed_it_is_named_and_released_P9_P17(any_house: House) -> None:
    seed = new_customer()
    own = seed.numbers[0]
    odd = (own.model_copy(update={"number": f"{TYPED} {own.number}"}), *seed.numbers[1:])
    case = await any_house.open(seed.model_copy(update={"numbers": odd}))
    await case.to_notice()
    assert TYPED in (await case.tasks(open_only=True))["odd_numbers"].order.text
    assert any(TYPED in view.number for view in (await case.status()).numbers)
    await case.pass_notice()
    result = await case.result()
    assert (result.outcome, result.released.numbers) == ("closed", 3)
    assert await case.tasks(open_only=True) == {}


async def test_a_port_is_recorded_once_its_number_was_corrected_in_telephony_P9_X6(house: House) -> None:
    seed = new_customer()
    own = seed.numbers[0]
    typed = own.model_copy(update={"number": TYPED})
    case = await house.open(seed.model_copy(update={"numbers": (typed, *seed.numbers[1:])}))
    await case.to_notice()
    await house.telephony.adapter.provision(seed.model_copy(update={"numbers": (own,)}))
    await case.check("portability", number=own.number, status="requested", actor="ana")
    await case.trailed("port_recorded")
    await case.pass_notice()
    status = await case.until(lambda status: status.released is not None and status.released.numbers)
    held = next(view for view in status.numbers if view.number == own.number)
    assert held.held_until is not None


@pytest.mark.parametrize("any_house", ["postgres"], indirect=True)
async def test_names_without_end_reach_commercial_at_once_and_the_end_P2_P18(any_house: House) -> None:
    case = await any_house.open(endless_names(new_customer()))
    await until(lambda: case.letters("request_to_commercial"))
    await case.to_notice()
    (plan,) = case.said(ShutdownPlan)
    assert plan.inventory is not None
    assert all(len(one.label) <= MOST_LABEL for one in plan.inventory.resources)
    await case.pass_notice()
    assert (await case.result()).outcome == "closed"
    assert (await case.status()).attention == ()


@pytest.mark.rest
async def test_an_inventory_that_no_payload_holds_is_told_in_part_and_released_whole_P13_P17(
    any_house: House,
) -> None:
    seed = new_customer()
    count = 20_000
    extensions = tuple(
        Resource(
            kind=ResourceKind.EXTENSION,
            resource_id=f"{seed.customer.customer_id}-r{n:06d}",
            label=f"Mesa {n} " * 9,
            active=True,
        )
        for n in range(count)
    )
    case = await any_house.open(seed.model_copy(update={"resources": extensions}))
    await case.to_notice()
    (plan,) = case.said(ShutdownPlan)
    assert plan.inventory is not None
    assert plan.inventory.more is not None
    assert plan.inventory.more.extensions == count - MOST_TOLD
    await case.pass_notice()
    result = await case.result()
    assert (result.outcome, result.released.extensions) == ("closed", count)
