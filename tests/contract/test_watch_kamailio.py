"""What comes back to life on a real SIP platform after a case has closed is found by the billing watch (X10, X6)."""

import random
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from cancellation.adapters.kamailio import KamailioTelephony, kamailio_telephony
from cancellation.adapters.postgres.billing import PostgresBilling
from cancellation.adapters.postgres.crm import PostgresCrm
from cancellation.adapters.postgres.desk import PostgresDesk
from cancellation.adapters.postgres.pool import open_pool
from cancellation.adapters.postgres.watch import PostgresWatches
from cancellation.domain.values import PortStatus, Team
from cancellation.messages.seed import CustomerSeed
from cancellation.messages.telephony import Number, ResourceKind, Shutdown
from cancellation.messages.watch import WatchAct
from embedded import EmbeddedPostgres
from tests.contract import cases
from tests.contract.telephony_suite import port, resource
from tests.contract.watch_suite import NOTHING, SOON, WatchRig
from tests.kamailio.server import KamailioServer, empty, require_kamailio
from tests.kamailio.sipp import Sip, Telephone

pytestmark = [pytest.mark.kamailio, pytest.mark.long]

TELEPHONE = Telephone("101@1042.pbx.invalid", f"127.{random.randint(10, 250)}.3.1", 5060, "segredo")
"""At an address of its own: several tests may run at once on one machine."""
NUMBER = "+551130000001"
IN_SERVICE = CustomerSeed(
    customer=cases.customer(),
    resources=(resource(ResourceKind.EXTENSION, "101"),),
    numbers=(Number(number=NUMBER, customer_owned=True, routes_to=("101",)),),
)
CLEAN = NOTHING.model_copy(update={"looked": 1})
TABLES = ("subscriber", "dbaliases")


@dataclass(frozen=True)
class Platform:
    """Customer 1042 in service on a platform with its telephone, and what is looked at after the end."""

    watch: WatchRig
    telephony: KamailioTelephony
    sip: Sip
    database: "asyncpg.Connection[asyncpg.Record]"
    """Of the platform itself."""

    async def rows(self) -> dict[str, Sequence[str]]:
        """What a copy of the platform's tables holds now."""
        return {
            table: [row[0] for row in await self.database.fetch(f"select to_jsonb(t)::text from {table} t")]
            for table in TABLES
        }

    async def restore(self, copy: dict[str, Sequence[str]]) -> None:
        """Somebody puts the copy back, as the tables were then."""
        for table, rows in copy.items():
            for row in rows:
                await self.database.execute(
                    f"insert into {table} select (jsonb_populate_record(null::{table}, $1::text::jsonb)).*",
                    row,
                )

    async def revived(self) -> list[str]:
        """What one look finds to be in use again."""
        before = {act.key for act in await self.watch.recorded("case-a")}
        found = await self.watch.look()
        acts = [act for act in await self.watch.recorded("case-a") if act.key not in before]
        revived = [act.found.reference for act in acts if act.kind == "revived"]
        assert (found.revived, found.failed) == (len(revived), 0)
        return revived


@pytest.fixture(scope="module")
async def server(
    postgres_server: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[KamailioServer]:
    require_kamailio()
    folder = tmp_path_factory.mktemp("kamailio")
    async with KamailioServer(folder, postgres_server, reload_delta=0, database="kamailio_watch") as running:
        yield running


@pytest.fixture
async def platform(server: KamailioServer, database: str, tmp_path: Path) -> AsyncIterator[Platform]:
    await empty(server)
    async with AsyncExitStack() as stack:
        pool = await open_pool(database, max_size=2)
        stack.push_async_callback(pool.close)
        telephony = await stack.enter_async_context(kamailio_telephony(server.settings, pool))
        own = await asyncpg.connect(server.database_url)
        stack.push_async_callback(own.close)

        async def recorded(case_id: str) -> list[WatchAct]:
            [case] = await watches.watched(SOON, rig.policy.watch, None, 10)
            return list(case.acts)

        watches = PostgresWatches(pool)
        rig = WatchRig(
            PostgresCrm(pool), PostgresBilling(pool), telephony, watches, PostgresDesk(pool), recorded
        )
        await telephony.provision(IN_SERVICE, passwords={"101": TELEPHONE.password})
        yield Platform(rig, telephony, Sip(server.sip_port, tmp_path), own)


async def test_an_extension_and_a_number_that_are_back_on_the_platform_are_found_once_X10(
    platform: Platform,
) -> None:
    assert await platform.sip.register(TELEPHONE) == 200
    copy = await platform.rows()
    await platform.watch.closed()
    assert await platform.sip.register(TELEPHONE) == 404
    assert await platform.watch.look() == CLEAN
    await platform.restore(copy)
    assert await platform.sip.register(TELEPHONE) == 200
    assert await platform.revived() == ["101", NUMBER]
    assert await platform.revived() == []
    (task,) = await platform.watch.tasks("watch_revived")
    assert task.order.team is Team.SUPPORT
    assert "- ramal 101\n- número +55 (11) 3000-0001" in task.order.text


async def test_a_telephone_that_is_registered_without_an_account_is_found_too_X10(platform: Platform) -> None:
    copy = await platform.rows()
    await platform.watch.closed()
    await platform.restore({"subscriber": copy["subscriber"]})
    assert await platform.sip.register(TELEPHONE) == 200
    await platform.database.execute("delete from subscriber")
    assert await platform.revived() == ["101"]


async def test_a_number_that_was_held_and_taken_away_is_found_when_it_comes_back_X6_X10(
    platform: Platform,
) -> None:
    warrant = await platform.watch.leaving()
    await platform.telephony.record_port(port(PortStatus.REQUESTED, NUMBER))
    report = await platform.telephony.release(Shutdown(warrant=warrant, hold=(NUMBER,)))
    assert [number.number for number in report.remaining.numbers] == [NUMBER]
    # What it needs is held with it.
    assert await platform.sip.register(TELEPHONE) == 200
    copy = await platform.rows()
    await platform.telephony.record_port(port(PortStatus.COMPLETED, NUMBER, hours=2))
    await platform.telephony.release(Shutdown(warrant=warrant))
    await platform.watch.ended()
    assert await platform.sip.register(TELEPHONE) == 404
    assert await platform.watch.look() == CLEAN
    await platform.restore({"dbaliases": copy["dbaliases"]})
    assert await platform.revived() == [NUMBER]
