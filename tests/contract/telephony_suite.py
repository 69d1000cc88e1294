"""What every telephony adapter must do (P9, P15, P17, P19, X6).

Derive a class named `Test...` from `TelephonyContract` and give it a fixture `rig` that yields a
`TelephonyRig`: an adapter over an empty platform, and the CRM whose formalizations its records go by.
"""

import asyncio
from datetime import timedelta
from typing import Any, Protocol

import pytest

from cancellation.domain.values import PortStatus, Released
from cancellation.messages.crm import FormalizationState
from cancellation.messages.seed import CustomerSeed
from cancellation.messages.telephony import Inventory, Number, PortRecord, Resource, ResourceKind, Shutdown
from cancellation.messages.warrant import Warrant
from cancellation.ports import Crm, DestructionForbidden, PermanentRefusal, Telephony
from tests.contract import cases

OWNED, SECOND, LEASED = "+551130000001", "+551130000002", "+551140000001"
EVERYTHING = Released(extensions=3, trunks=2, licences=2, numbers=3)


class TelephonyRig(Protocol):
    """An adapter on a fresh platform."""

    @property
    def telephony(self) -> Telephony:
        """The adapter."""

    @property
    def crm(self) -> Crm:
        """The CRM whose formalizations give the warrants."""

    async def provision(self, seed: CustomerSeed) -> None:
        """Put a customer's resources and numbers into service; twice is as good as once."""


def seed(customer_id: str = "1042", **changes: Any) -> CustomerSeed:
    """Three extensions, two trunks, two licences; two numbers of the customer's own, one leased."""
    fields: dict[str, Any] = {
        "customer": cases.customer(customer_id),
        "resources": (
            *(resource(ResourceKind.EXTENSION, name) for name in ("101", "102", "103")),
            *(resource(ResourceKind.TRUNK, name) for name in ("tronco1", "tronco2")),
            *(resource(ResourceKind.LICENCE, name) for name in ("lic-1", "lic-2")),
        ),
        "numbers": (
            Number(number=OWNED, customer_owned=True, routes_to=("101", "tronco1")),
            Number(number=SECOND, customer_owned=True, routes_to=("102",)),
            Number(number=LEASED, customer_owned=False, routes_to=("103",)),
        ),
    }
    return CustomerSeed(**fields | changes)


def resource(kind: ResourceKind, name: str) -> Resource:
    return Resource(kind=kind, resource_id=name, label=f"{kind.value} {name}", active=True)


def others_seed() -> CustomerSeed:
    return seed(
        "2001", numbers=(Number(number="+551150000009", customer_owned=True, routes_to=("101", "tronco1")),)
    )


def port(status: PortStatus, number: str = OWNED, *, hours: int = 1, **changes: Any) -> PortRecord:
    fields: dict[str, Any] = {
        "case_id": "case-a",
        "customer_id": "1042",
        "number": number,
        "status": status,
        "operator": "Outra Telecom",
        "at": cases.RECEIVED + timedelta(hours=hours),
    }
    return PortRecord(**fields | changes)


def ids(inventory: Inventory) -> set[str]:
    return {r.resource_id for r in inventory.resources} | {n.number for n in inventory.numbers}


def alive(inventory: Inventory) -> set[str]:
    return {r.resource_id for r in inventory.resources if r.active} | {
        n.number for n in inventory.numbers if n.active
    }


ALL = {"101", "102", "103", "tronco1", "tronco2", "lic-1", "lic-2", OWNED, SECOND, LEASED}
HELD = {OWNED, "101", "tronco1"}


class TelephonyContract:
    """The suite; see the module."""

    @pytest.fixture
    async def formalized(self, rig: TelephonyRig) -> FormalizationState:
        """Customer 1042 in service, with a complete formalization."""
        await rig.provision(seed())
        return await cases.formalize(rig.crm)

    # ------------------------------------------------------------------ reading

    async def test_inventory_shows_everything_in_use_P17(self, rig: TelephonyRig) -> None:
        await rig.provision(seed())
        inventory = await rig.telephony.inventory("1042")
        assert inventory.customer_id == "1042"
        assert [e.resource_id for e in inventory.extensions] == ["101", "102", "103"]
        assert [t.resource_id for t in inventory.trunks] == ["tronco1", "tronco2"]
        assert [r.resource_id for r in inventory.licences] == ["lic-1", "lic-2"]
        assert [(n.number, n.customer_owned, n.port) for n in inventory.numbers] == [
            (OWNED, True, None),
            (SECOND, True, None),
            (LEASED, False, None),
        ]
        assert set(inventory.numbers[0].routes_to) == {"101", "tronco1"}
        assert alive(inventory) == ALL

    async def test_inventory_of_a_stranger_is_empty(self, rig: TelephonyRig) -> None:
        await rig.provision(seed())
        assert ids(await rig.telephony.inventory("9999")) == set()

    async def test_provisioning_twice_is_as_good_as_once(self, rig: TelephonyRig) -> None:
        await rig.provision(seed())
        before = await rig.telephony.inventory("1042")
        await rig.provision(seed())
        assert await rig.telephony.inventory("1042") == before

    # ------------------------------------------------------------------ deactivate and release

    async def test_deactivating_leaves_dead_resources_in_the_inventory_P15(
        self, rig: TelephonyRig, formalized: FormalizationState
    ) -> None:
        await rig.telephony.deactivate(Shutdown(warrant=cases.warrant(formalized)))
        inventory = await rig.telephony.inventory("1042")
        assert ids(inventory) == ALL
        assert alive(inventory) == set()

    async def test_releasing_leaves_nothing_and_counts_by_kind_P17(
        self, rig: TelephonyRig, formalized: FormalizationState
    ) -> None:
        shutdown = Shutdown(warrant=cases.warrant(formalized))
        await rig.telephony.deactivate(shutdown)
        report = await rig.telephony.release(shutdown)
        assert report.released == EVERYTHING
        assert ids(report.remaining) == set()
        assert ids(await rig.telephony.inventory("1042")) == set()

    async def test_repeating_changes_no_count_P17(
        self, rig: TelephonyRig, formalized: FormalizationState
    ) -> None:
        first = Shutdown(warrant=cases.warrant(formalized))
        later = Shutdown(warrant=cases.warrant(formalized, at=cases.ENDS + timedelta(days=2)))
        await rig.telephony.deactivate(first)
        await rig.telephony.deactivate(later)
        report = await rig.telephony.release(first)
        assert await rig.telephony.release(later) == report

    async def test_what_was_released_stays_released_when_it_is_provisioned_again(
        self, rig: TelephonyRig, formalized: FormalizationState
    ) -> None:
        shutdown = Shutdown(warrant=cases.warrant(formalized))
        await rig.telephony.deactivate(shutdown)
        await rig.telephony.release(shutdown)
        await rig.provision(seed())
        assert ids(await rig.telephony.inventory("1042")) == set()

    async def test_releasing_what_was_never_deactivated_counts_too_P17(
        self, rig: TelephonyRig, formalized: FormalizationState
    ) -> None:
        report = await rig.telephony.release(Shutdown(warrant=cases.warrant(formalized)))
        assert report.released == EVERYTHING

    async def test_another_customer_is_untouched_P19(
        self, rig: TelephonyRig, formalized: FormalizationState
    ) -> None:
        await rig.provision(others_seed())
        before = await rig.telephony.inventory("2001")
        shutdown = Shutdown(warrant=cases.warrant(formalized))
        await rig.telephony.deactivate(shutdown)
        await rig.telephony.release(shutdown)
        assert await rig.telephony.inventory("2001") == before
        assert alive(before)

    async def test_a_run_stopped_in_the_middle_is_gone_on_with_P17(
        self, rig: TelephonyRig, formalized: FormalizationState
    ) -> None:
        shutdown = Shutdown(warrant=cases.warrant(formalized))
        await stop_in_the_middle(rig, rig.telephony.deactivate(shutdown), alive)
        await rig.telephony.deactivate(shutdown)
        assert alive(await rig.telephony.inventory("1042")) == set()
        await stop_in_the_middle(rig, rig.telephony.release(shutdown), ids)
        report = await rig.telephony.release(shutdown)
        assert report.released == EVERYTHING
        assert ids(report.remaining) == set()

    async def test_two_runs_at_once_count_once_P17(
        self, rig: TelephonyRig, formalized: FormalizationState
    ) -> None:
        shutdown = Shutdown(warrant=cases.warrant(formalized))
        await asyncio.gather(*(rig.telephony.deactivate(shutdown) for _ in range(2)))
        await asyncio.gather(*(rig.telephony.release(shutdown) for _ in range(2)))
        assert (await rig.telephony.release(shutdown)).released == EVERYTHING

    # ------------------------------------------------------------------ portability

    async def test_a_held_number_and_what_it_needs_keep_working_X6(
        self, rig: TelephonyRig, formalized: FormalizationState
    ) -> None:
        await rig.telephony.record_port(port(PortStatus.REQUESTED))
        held = Shutdown(warrant=cases.warrant(formalized), hold=(OWNED,))
        await rig.telephony.deactivate(held)
        assert alive(await rig.telephony.inventory("1042")) == HELD
        report = await rig.telephony.release(held)
        assert report.released == Released(extensions=2, trunks=1, licences=2, numbers=2)
        assert ids(report.remaining) == alive(report.remaining) == HELD

    async def test_when_the_hold_expires_the_rest_is_released_and_counted_X6(
        self, rig: TelephonyRig, formalized: FormalizationState
    ) -> None:
        held = Shutdown(warrant=cases.warrant(formalized), hold=(OWNED,))
        await rig.telephony.deactivate(held)
        await rig.telephony.release(held)
        after = Shutdown(warrant=cases.warrant(formalized, at=cases.ENDS + timedelta(days=15)))
        await rig.telephony.deactivate(after)
        assert (await rig.telephony.release(after)).released == EVERYTHING

    async def test_a_held_number_that_finishes_its_port_frees_what_it_needed_X6(
        self, rig: TelephonyRig, formalized: FormalizationState
    ) -> None:
        held = Shutdown(warrant=cases.warrant(formalized), hold=(OWNED,))
        await rig.telephony.deactivate(held)
        await rig.telephony.release(held)
        await rig.telephony.record_port(port(PortStatus.COMPLETED, at=cases.ENDS + timedelta(days=3)))
        after = Shutdown(warrant=cases.warrant(formalized, at=cases.ENDS + timedelta(days=3)))
        await rig.telephony.deactivate(after)
        report = await rig.telephony.release(after)
        assert report.released == EVERYTHING.model_copy(update={"numbers": 2})
        assert ids(report.remaining) == set()

    async def test_a_number_ported_between_deactivation_and_release_is_not_counted_P9(
        self, rig: TelephonyRig, formalized: FormalizationState
    ) -> None:
        shutdown = Shutdown(warrant=cases.warrant(formalized))
        await rig.telephony.deactivate(shutdown)
        await rig.telephony.record_port(port(PortStatus.COMPLETED, at=cases.ENDS + timedelta(hours=1)))
        report = await rig.telephony.release(shutdown)
        assert report.released == EVERYTHING.model_copy(update={"numbers": 2})
        assert ids(report.remaining) == set()

    async def test_a_ported_number_is_gone_and_never_counted_as_released_P9(
        self, rig: TelephonyRig, formalized: FormalizationState
    ) -> None:
        await rig.telephony.record_port(port(PortStatus.COMPLETED))
        assert ids(await rig.telephony.inventory("1042")) == ALL - {OWNED}
        shutdown = Shutdown(warrant=cases.warrant(formalized))
        await rig.telephony.deactivate(shutdown)
        report = await rig.telephony.release(shutdown)
        assert report.released == EVERYTHING.model_copy(update={"numbers": 2})

    async def test_the_last_word_on_a_port_shows_P9(
        self, rig: TelephonyRig, formalized: FormalizationState
    ) -> None:
        for hours, status in enumerate((PortStatus.REQUESTED, PortStatus.REJECTED, PortStatus.REQUESTED)):
            await rig.telephony.record_port(port(status, SECOND, hours=hours))
            numbers = {n.number: n.port for n in (await rig.telephony.inventory("1042")).numbers}
            assert numbers == {OWNED: None, SECOND: status, LEASED: None}
        assert alive(await rig.telephony.inventory("1042")) == ALL

    async def test_a_port_reported_twice_changes_nothing_twice_X2(
        self, rig: TelephonyRig, formalized: FormalizationState
    ) -> None:
        for _ in range(2):
            await rig.telephony.record_port(port(PortStatus.COMPLETED))
        await rig.telephony.record_port(port(PortStatus.REJECTED, hours=2))
        assert ids(await rig.telephony.inventory("1042")) == ALL - {OWNED}

    async def test_a_port_reported_after_the_release_changes_no_count_X2(
        self, rig: TelephonyRig, formalized: FormalizationState
    ) -> None:
        shutdown = Shutdown(warrant=cases.warrant(formalized))
        await rig.telephony.deactivate(shutdown)
        await rig.telephony.release(shutdown)
        await rig.telephony.record_port(port(PortStatus.COMPLETED, at=cases.ENDS + timedelta(days=1)))
        assert (await rig.telephony.release(shutdown)).released == EVERYTHING

    @pytest.mark.parametrize("number", [LEASED, "+551150000009", "+551199999999"])
    async def test_only_a_number_of_the_customers_own_is_ported_P9(
        self, rig: TelephonyRig, formalized: FormalizationState, number: str
    ) -> None:
        await rig.provision(others_seed())
        with pytest.raises(PermanentRefusal):
            await rig.telephony.record_port(port(PortStatus.COMPLETED, number))
        assert ids(await rig.telephony.inventory("1042")) == ALL
        assert alive(await rig.telephony.inventory("2001"))

    # ------------------------------------------------------------------ never without formalization

    @pytest.mark.parametrize("act", ["deactivate", "release"])
    @pytest.mark.parametrize("spoilt", ["none", "foreign", "too_early", "other_end", "withdrawn"])
    async def test_refused_without_formalization_in_force_and_ended_notice_P19(
        self, rig: TelephonyRig, act: str, spoilt: str
    ) -> None:
        await rig.provision(seed())
        shutdown = Shutdown(warrant=await spoilt_warrant(rig.crm, spoilt))
        with pytest.raises(DestructionForbidden):
            await getattr(rig.telephony, act)(shutdown)
        assert alive(await rig.telephony.inventory("1042")) == ALL

    @pytest.mark.parametrize("act", ["deactivate", "release"])
    async def test_refused_even_when_there_is_nothing_to_destroy_P19(
        self, rig: TelephonyRig, act: str
    ) -> None:
        shutdown = Shutdown(warrant=await spoilt_warrant(rig.crm, "none"))
        with pytest.raises(DestructionForbidden):
            await getattr(rig.telephony, act)(shutdown)

    async def test_allowed_at_the_very_end_and_not_a_microsecond_before_P15(
        self, rig: TelephonyRig, formalized: FormalizationState
    ) -> None:
        assert formalized.notice_ends_at == cases.ENDS
        early = cases.warrant(formalized, at=cases.ENDS - timedelta(microseconds=1))
        with pytest.raises(DestructionForbidden):
            await rig.telephony.deactivate(Shutdown(warrant=early))
        assert alive(await rig.telephony.inventory("1042")) == ALL
        await rig.telephony.deactivate(Shutdown(warrant=cases.warrant(formalized, at=cases.ENDS)))
        assert alive(await rig.telephony.inventory("1042")) == set()

    async def test_nobody_withdraws_after_the_first_destructive_act_P19(
        self, rig: TelephonyRig, formalized: FormalizationState
    ) -> None:
        await rig.telephony.deactivate(Shutdown(warrant=cases.warrant(formalized)))
        with pytest.raises(PermanentRefusal):
            await cases.withdraw(rig.crm, formalized)
        report = await rig.telephony.release(Shutdown(warrant=cases.warrant(formalized)))
        assert report.released == EVERYTHING


async def spoilt_warrant(crm: Crm, how: str) -> Warrant:
    """A warrant for customer 1042 that must not be good."""
    if how == "none":
        return Warrant(case_id="case-a", customer_id="1042", notice_ends_at=cases.ENDS, at=cases.ENDS)
    if how == "foreign":
        others = await cases.formalize(crm, "2001", "case-b")
        return cases.warrant(others, customer_id="1042")
    state = await cases.formalize(crm)
    if how == "too_early":
        return cases.warrant(state, at=cases.ENDS - timedelta(seconds=1))
    if how == "other_end":
        return cases.warrant(state, notice_ends_at=cases.ENDS - timedelta(days=1))
    await cases.withdraw(crm, state)
    return cases.warrant(state)


async def stop_in_the_middle(rig: TelephonyRig, work: Any, left: Any) -> None:
    """Let `work` run until something of the inventory is done, then cut it off where it happens to be."""
    running = asyncio.ensure_future(work)
    while not running.done() and left(await rig.telephony.inventory("1042")) == ALL:
        await asyncio.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


class OddNumbersContract:
    """For a platform that keeps numbers as somebody typed them."""

    @pytest.mark.parametrize("typed", ["3000-0001", "1130000001", "+55 11 3000 0001", "ramal da portaria"])
    async def test_a_number_as_somebody_typed_it_is_told_so_and_released_P9_P17(
        self, rig: TelephonyRig, typed: str
    ) -> None:
        await rig.provision(seed(numbers=(Number(number=typed, customer_owned=True, routes_to=("101",)),)))
        assert [one.number for one in (await rig.telephony.inventory("1042")).numbers] == [typed]
        shutdown = Shutdown(warrant=cases.warrant(await cases.formalize(rig.crm)))
        await rig.telephony.deactivate(shutdown)
        report = await rig.telephony.release(shutdown)
        assert report.released.numbers == 1
        assert ids(report.remaining) == set()
