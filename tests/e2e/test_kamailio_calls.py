"""Real calls on a real SIP platform: before formalization, in the notice's last second, after closing."""

import asyncio
import random
import threading
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from cancellation.adapters.kamailio import kamailio_telephony
from cancellation.adapters.kamailio.holdings import Account
from cancellation.adapters.postgres.crm import PostgresCrm
from cancellation.adapters.postgres.pool import open_pool
from cancellation.domain.values import PortStatus, Released
from cancellation.messages.telephony import Shutdown
from cancellation.ports import DestructionForbidden
from embedded import EmbeddedPostgres
from tests.contract import cases
from tests.contract.telephony_suite import port
from tests.kamailio.exchange import DEAD, IN_SERVICE, PSTN, Exchange, exchange_on
from tests.kamailio.server import KamailioServer, empty, require_kamailio
from tests.kamailio.sipp import Sip, listens

pytestmark = pytest.mark.kamailio


@pytest.fixture(scope="module")
async def server(
    postgres_server: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[KamailioServer]:
    """Kamailio with its limit on reloads of trunk addresses, the shortest one that is left."""
    require_kamailio()
    folder = tmp_path_factory.mktemp("kamailio")
    async with KamailioServer(folder, postgres_server, reload_delta=1, database="kamailio_calls") as running:
        yield running


@pytest.fixture
async def crm(database: str) -> AsyncIterator[PostgresCrm]:
    pool = await open_pool(database, max_size=2)
    yield PostgresCrm(pool)
    await pool.close()


@pytest.fixture
async def exchange(server: KamailioServer, database: str, tmp_path: Path) -> AsyncIterator[Exchange]:
    await empty(server)
    pool = await open_pool(database, max_size=4)
    try:
        async with (
            kamailio_telephony(server.settings, pool) as telephony,
            exchange_on(server, telephony, Sip(server.sip_port, tmp_path)) as made,
        ):
            yield made
    finally:
        await pool.close()


async def test_everything_works_to_the_last_second_and_is_dead_after_closing_P9_P15_P17(
    exchange: Exchange, crm: PostgresCrm
) -> None:
    leaving, staying = exchange.leaving, exchange.staying
    assert await exchange.codes(leaving) == IN_SERVICE, "before formalization"

    formalized = await cases.formalize(crm)
    last_second = cases.warrant(formalized, at=cases.ENDS - timedelta(seconds=1))
    with pytest.raises(DestructionForbidden):
        await exchange.telephony.deactivate(Shutdown(warrant=last_second))
    assert await exchange.codes(leaving) == IN_SERVICE, "in the last second of the notice"
    assert await exchange.codes(staying) == IN_SERVICE, "another customer, before the closing"

    shutdown = Shutdown(warrant=cases.warrant(formalized))
    await exchange.telephony.deactivate(shutdown)
    unreachable = {
        "number of an extension": 404,
        "number of the trunk": 404,
        "extension 101 itself": 404,
    }
    assert await exchange.codes_from_outside(leaving) == unreachable, "telephones that were registered"
    assert await exchange.codes(leaving) == DEAD, "deactivated"
    assert await exchange.codes(staying) == IN_SERVICE, "another customer, in the middle of the closing"

    report = await exchange.telephony.release(shutdown)
    assert report.released == Released(extensions=2, trunks=1, licences=1, numbers=2)
    assert await exchange.codes(leaving) == DEAD, "released"
    assert await exchange.codes(staying) == IN_SERVICE, "another customer, after the closing"


@pytest.mark.rest
async def test_a_port_in_flight_keeps_its_number_and_exactly_the_trunk_that_it_needs_X6(
    exchange: Exchange, crm: PostgresCrm
) -> None:
    leaving = exchange.leaving
    assert await exchange.codes(leaving) == IN_SERVICE
    formalized = await cases.formalize(crm)
    await exchange.telephony.record_port(port(PortStatus.REQUESTED, leaving.to_trunk))

    held = Shutdown(warrant=cases.warrant(formalized), hold=(leaving.to_trunk,))
    await exchange.telephony.deactivate(held)
    await exchange.telephony.release(held)
    only_the_trunk = DEAD | {"trunk calls out": 200, "number of the trunk": 200}
    assert await exchange.codes(leaving) == only_the_trunk

    at = cases.ENDS + timedelta(days=2)
    await exchange.telephony.record_port(port(PortStatus.COMPLETED, leaving.to_trunk, at=at))
    after = Shutdown(warrant=cases.warrant(formalized, at=at))
    await exchange.telephony.deactivate(after)
    report = await exchange.telephony.release(after)
    assert report.released == Released(extensions=2, trunks=1, licences=1, numbers=1)
    assert await exchange.codes(leaving) == DEAD


@pytest.mark.rest
async def test_an_extension_that_a_held_number_needs_still_rings_until_the_grace_ends_X6(
    exchange: Exchange, crm: PostgresCrm
) -> None:
    leaving = exchange.leaving
    assert await exchange.codes(leaving) == IN_SERVICE
    formalized = await cases.formalize(crm)

    held = Shutdown(warrant=cases.warrant(formalized), hold=(leaving.to_extension,))
    await exchange.telephony.deactivate(held)
    await exchange.telephony.release(held)
    only_101 = DEAD | {"register 101": 200, "101 calls out": 200, "number of an extension": 200}
    only_101["extension 101 itself"] = 200
    assert await exchange.codes(leaving) == only_101

    expired = Shutdown(warrant=cases.warrant(formalized, at=cases.ENDS + timedelta(days=15)))
    await exchange.telephony.deactivate(expired)
    report = await exchange.telephony.release(expired)
    assert report.released == Released(extensions=2, trunks=1, licences=1, numbers=2)
    assert await exchange.codes(leaving) == DEAD


async def test_a_call_that_is_up_at_the_end_is_ended_and_that_of_another_customer_goes_on_P15(
    exchange: Exchange, crm: PostgresCrm, server: KamailioServer
) -> None:
    lines = [customer.telephone("101") for customer in (exchange.leaving, exchange.staying)]
    talks = [asyncio.create_task(exchange.sip.talk(line, f"{PSTN}@{line.domain}")) for line in lines]
    try:
        async with asyncio.timeout(30):
            while sum(call.answered for call in await server.commands.calls()) < 2:
                await asyncio.sleep(0.05)
        formalized = await cases.formalize(crm)
        await exchange.telephony.deactivate(Shutdown(warrant=cases.warrant(formalized)))
        assert await asyncio.wait_for(talks[0], 10) == 200
        others = {Account("101", exchange.staying.domain), Account(PSTN, exchange.staying.domain)}
        async with asyncio.timeout(10):  # a call that was hung up is listed a moment longer
            while [call.parties for call in await server.commands.calls()] != [others]:
                await asyncio.sleep(0.05)
        assert not talks[1].done()
    finally:
        for call in await server.commands.calls():
            await server.commands.hang_up(call)
        await asyncio.gather(*talks)


@pytest.mark.rest
async def test_what_was_deactivated_works_again_when_it_is_put_back_before_the_release(
    exchange: Exchange, crm: PostgresCrm
) -> None:
    leaving = exchange.leaving
    formalized = await cases.formalize(crm)
    await exchange.telephony.deactivate(Shutdown(warrant=cases.warrant(formalized)))
    assert await exchange.codes(leaving) == DEAD
    await exchange.telephony.reinstate("1042")
    assert await exchange.codes(leaving) == IN_SERVICE


async def test_who_asks_whether_a_telephone_listens_keeps_none_from_coming_up(tmp_path: Path) -> None:
    """It once did for an instant, and a telephone that came up in that instant ended."""
    require_kamailio()
    sip, ip = Sip(0, tmp_path), f"127.{random.randint(10, 250)}.252.1"
    done = threading.Event()

    def ask_all_the_time() -> None:
        while not done.is_set():
            listens(ip, 5060)

    asking = asyncio.create_task(asyncio.to_thread(ask_all_the_time))
    try:
        for _ in range(5):
            async with sip.answering(ip, 5060):
                assert listens(ip, 5060)
            assert not listens(ip, 5060)
    finally:
        done.set()
        await asking
