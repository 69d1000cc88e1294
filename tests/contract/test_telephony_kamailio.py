"""The telephony suite against a real Kamailio, and what only such a platform can show."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from pydantic import SecretStr

from cancellation.adapters.kamailio import KamailioTelephony, PlatformDisagrees, kamailio_telephony
from cancellation.adapters.kamailio.rpc import KamailioFault, KamailioRpc
from cancellation.adapters.kamailio.servers import Round
from cancellation.adapters.postgres.crm import PostgresCrm
from cancellation.adapters.postgres.pool import Pool, open_pool
from cancellation.adapters.postgres.queries import queries
from cancellation.domain.values import Released
from cancellation.messages.crm import FormalizationState
from cancellation.messages.seed import CustomerSeed
from cancellation.messages.telephony import ResourceKind, Shutdown
from embedded import EmbeddedPostgres
from tests.contract import cases
from tests.contract.object_stores import Fault, FaultyServer
from tests.contract.telephony_suite import (
    ALL,
    EVERYTHING,
    OWNED,
    TelephonyContract,
    alive,
    ids,
    resource,
    seed,
)
from tests.kamailio.server import KamailioServer, empty, low_port, require_kamailio
from tests.kamailio.sipp import Sip, Telephone
from tests.kamailio.wait import until

pytestmark = pytest.mark.kamailio

DOMAIN = "1042.pbx.invalid"
PASSWORD = "segredo"
DATABASE = "kamailio_contract"


@dataclass(frozen=True)
class Rig:
    telephony: KamailioTelephony
    crm: PostgresCrm
    server: KamailioServer
    pool: Pool

    async def provision(self, seed: CustomerSeed) -> None:
        await self.telephony.provision(seed, passwords={"101": PASSWORD, "102": PASSWORD})

    async def by_hand(self, statement: str, *values: object) -> None:
        """Do something in Kamailio's own database."""
        connection = await asyncpg.connect(self.server.database_url)
        try:
            await connection.execute(statement, *values)
        finally:
            await connection.close()


@pytest.fixture(scope="module")
async def server(
    postgres_server: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[KamailioServer]:
    """A Kamailio that takes one reload after the other, so that the tests need not wait for it."""
    require_kamailio()
    folder = tmp_path_factory.mktemp("kamailio")
    async with KamailioServer(folder, postgres_server, reload_delta=0, database=DATABASE) as running:
        yield running


@pytest.fixture
async def rig(server: KamailioServer, database: str) -> AsyncIterator[Rig]:
    await empty(server)
    async with rig_on(server, database) as made:
        yield made


@pytest.fixture
async def formalized(rig: Rig) -> FormalizationState:
    """Customer 1042 in service, with a complete formalization."""
    await rig.provision(seed())
    return await cases.formalize(rig.crm)


@pytest.fixture
def sip(server: KamailioServer, tmp_path: Path) -> Sip:
    return Sip(server.sip_port, tmp_path)


@asynccontextmanager
async def rig_on(server: KamailioServer, database: str, **changes: Any) -> AsyncIterator[Rig]:
    """The adapter over a server, with settings of its own."""
    pool = await open_pool(database, max_size=4)
    try:
        settings = server.settings.model_copy(update=changes)
        async with kamailio_telephony(settings, pool) as telephony:
            yield Rig(telephony, PostgresCrm(pool), server, pool)
    finally:
        await pool.close()


async def test_kamailios_database_takes_every_query(rig: Rig, server: KamailioServer) -> None:
    await rig.provision(seed())  # makes the adapter's own table there
    connection = await asyncpg.connect(server.database_url)
    try:
        for name, query in queries("tables", "cancellation.adapters.kamailio").items():
            try:
                await connection.prepare(query.replace("{location}", server.settings.location_table))
            except asyncpg.PostgresError as error:
                pytest.fail(f"{name}: {error}")
    finally:
        await connection.close()


def telephone(name: str = "101") -> Telephone:
    return Telephone(f"{name}@{DOMAIN}", "127.0.3.1", 5060, PASSWORD)


class TestKamailioTelephony(TelephonyContract):
    """The suite as it is."""


# ---------------------------------------------------------------------- what its memories still serve


async def test_a_registered_telephone_is_forgotten_P15(
    rig: Rig, formalized: FormalizationState, sip: Sip
) -> None:
    assert await sip.register(telephone()) == 200
    await rig.telephony.deactivate(Shutdown(warrant=cases.warrant(formalized)))
    assert not await rig.server.commands.registered(f"101@{DOMAIN}")
    assert await sip.register(telephone()) == 404


async def test_a_telephone_registered_for_an_account_deleted_by_hand_still_counts_as_alive_P17(
    rig: Rig, formalized: FormalizationState, sip: Sip
) -> None:
    assert await sip.register(telephone()) == 200
    await rig.by_hand("delete from subscriber where username = '101'")
    extensions = {e.resource_id: e.active for e in (await rig.telephony.inventory("1042")).extensions}
    assert extensions == {"101": True, "102": True, "103": True}
    await rig.telephony.deactivate(Shutdown(warrant=cases.warrant(formalized)))
    assert alive(await rig.telephony.inventory("1042")) == set()


async def test_a_trunk_deleted_by_hand_is_alive_until_the_server_forgets_it_P17(
    rig: Rig, formalized: FormalizationState
) -> None:
    await rig.by_hand("delete from address where tag = $1", f"tronco1@{DOMAIN}")
    trunks = {t.resource_id: t.active for t in (await rig.telephony.inventory("1042")).trunks}
    assert trunks == {"tronco1": True, "tronco2": True}
    await rig.telephony.deactivate(Shutdown(warrant=cases.warrant(formalized)))
    assert alive(await rig.telephony.inventory("1042")) == set()


async def test_trunks_named_by_networks_and_host_names_are_seen_in_memory_too_P17(
    rig: Rig, formalized: FormalizationState
) -> None:
    await rig.by_hand(
        """
        insert into address (grp, ip_addr, mask, tag) values
            (1, '198.51.100.0', 24, 'rede@1042.pbx.invalid'),
            (1, 'a.example.com', 32, 'nome-a@1042.pbx.invalid'),
            (1, 'b.example.com', 32, 'nome-b@1042.pbx.invalid'),
            (1, 'fd00::1', 128, 'v6@1042.pbx.invalid')
        """
    )
    await rig.server.commands.reload_trunks()
    await rig.by_hand("delete from address where grp = 1")
    names = {"rede", "nome-a", "nome-b", "v6", "tronco1", "tronco2"}
    assert {t.resource_id for t in (await rig.telephony.inventory("1042")).trunks} == names
    await rig.telephony.deactivate(Shutdown(warrant=cases.warrant(formalized)))
    assert alive(await rig.telephony.inventory("1042")) == set()


async def test_every_server_on_the_database_forgets_P15(
    rig: Rig,
    formalized: FormalizationState,
    database: str,
    postgres_server: EmbeddedPostgres,
    tmp_path: Path,
) -> None:
    async with KamailioServer(
        tmp_path / "second", postgres_server, reload_delta=0, database=DATABASE
    ) as second:
        assert await Sip(second.sip_port, tmp_path).register(telephone("102")) == 200
        both = (rig.server.rpc_url, second.rpc_url)
        async with rig_on(rig.server, database, rpc_urls=both) as wider:
            await wider.telephony.deactivate(Shutdown(warrant=cases.warrant(formalized)))
        for server in (rig.server, second):
            assert {entry.tag for entry in await server.commands.trunk_entries()} == {"NULL"}
            assert not await server.commands.registered(f"102@{DOMAIN}")


# ---------------------------------------------------------------------- failures in the middle


async def test_a_server_that_is_down_in_the_middle_is_asked_again_when_it_is_back_X7(
    rig: Rig, formalized: FormalizationState, sip: Sip
) -> None:
    """Killed like by a power cut: when it is back it knows the registrations of before from its table."""
    shutdown = Shutdown(warrant=cases.warrant(formalized))
    assert await sip.register(telephone()) == 200
    await rig.server.kill()
    try:
        with pytest.raises(OSError, match="refused"):
            await rig.telephony.deactivate(shutdown)
    finally:
        await rig.server.start()
    # It answers before it has read its table.
    await until(lambda: rig.server.commands.registered(f"101@{DOMAIN}"))
    await rig.telephony.deactivate(shutdown)
    assert alive(await rig.telephony.inventory("1042")) == set()
    assert not await rig.server.commands.registered(f"101@{DOMAIN}")
    assert (await rig.telephony.release(shutdown)).released == EVERYTHING


async def test_what_was_erased_before_the_server_was_told_is_found_again_and_counted_once_P17(
    rig: Rig, formalized: FormalizationState, sip: Sip, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tables show nothing of it and its telephone is still registered: only the ledger knows."""
    shutdown = Shutdown(warrant=cases.warrant(formalized))
    assert await sip.register(telephone()) == 200

    async def power_cut(*_: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(Round, "unregister", power_cut)
        with pytest.raises(ConnectionError):
            await rig.telephony.release(shutdown)
    await rig.by_hand("delete from location")
    assert await rig.server.commands.registered(f"101@{DOMAIN}")
    report = await rig.telephony.release(shutdown)
    assert report.released == EVERYTHING
    assert not await rig.server.commands.registered(f"101@{DOMAIN}")


async def test_a_platform_database_that_is_down_touches_nothing_and_heals_X7(
    rig: Rig, formalized: FormalizationState, postgres_server: EmbeddedPostgres, database: str
) -> None:
    shutdown = Shutdown(warrant=cases.warrant(formalized))
    admin = await asyncpg.connect(postgres_server.url_of("postgres"))
    try:
        async with rig_on(rig.server, database) as worker_started_meanwhile:
            await admin.execute(f"alter database {DATABASE} allow_connections false")
            with pytest.raises((OSError, asyncpg.PostgresError)):
                await worker_started_meanwhile.telephony.deactivate(shutdown)
            await admin.execute(f"alter database {DATABASE} allow_connections true")
            assert alive(await rig.telephony.inventory("1042")) == ALL
            await worker_started_meanwhile.telephony.deactivate(shutdown)
    finally:
        await admin.execute(f"alter database {DATABASE} allow_connections true")
        await admin.close()
    assert (await rig.telephony.release(shutdown)).released == EVERYTHING


@pytest.mark.rest
async def test_the_limit_on_reloads_is_waited_for_and_never_passed_over_X7(
    postgres_server: EmbeddedPostgres, database: str, tmp_path: Path
) -> None:
    require_kamailio()
    async with KamailioServer(
        tmp_path / "limited", postgres_server, reload_delta=3, database="kamailio_limited"
    ) as limited:
        await empty(limited)
        async with rig_on(limited, database) as patient:
            await patient.provision(seed())
            formalized = await cases.formalize(patient.crm)
        shutdown = Shutdown(warrant=cases.warrant(formalized))
        async with rig_on(limited, database, reload_patience_seconds=0.3) as hasty:
            with pytest.raises(PlatformDisagrees):
                await hasty.telephony.deactivate(shutdown)
            assert {"tronco1", "tronco2"} <= alive(await hasty.telephony.inventory("1042"))
        async with rig_on(limited, database) as patient:
            await patient.telephony.deactivate(shutdown)
            assert alive(await patient.telephony.inventory("1042")) == set()


async def test_commands_that_nobody_answers_are_an_error_and_not_a_success_X7(
    rig: Rig, formalized: FormalizationState, database: str
) -> None:
    nowhere = f"http://127.0.0.1:{low_port()}/RPC"
    async with rig_on(rig.server, database, rpc_urls=(rig.server.rpc_url, nowhere)) as half:
        with pytest.raises(OSError, match="refused"):
            await half.telephony.deactivate(Shutdown(warrant=cases.warrant(formalized)))
    # The server that does answer serves nothing of the customer's any more.
    assert {entry.tag for entry in await rig.server.commands.trunk_entries()} == {"NULL"}
    assert alive(await rig.telephony.inventory("1042")) == set()
    assert await undone(rig) != []
    wrong = rig.server.rpc_url.replace("/RPC", "/other")
    async with rig_on(rig.server, database, rpc_urls=(wrong,)) as misled:
        with pytest.raises(Exception, match="not a JSON-RPC answer"):
            await misled.telephony.inventory("1042")


# ---------------------------------------------------------------------- one bad thing among many


async def undone(rig: Rig) -> list[str]:
    """What was ordered and not seen done."""
    rows = await rig.pool.fetch(
        "select platform_id from telephony.platform_acts where done_at is null order by platform_id"
    )
    return [row["platform_id"] for row in rows]


def refusing(method: str, account: str) -> Fault:
    """A server that cannot digest that account in that command."""

    def fault(_: str, __: str, body: bytes) -> tuple[int, bytes] | None:
        refused = method.encode() in body and account.encode() in body
        answer = b'{"jsonrpc": "2.0", "id": 1, "error": {"code": 500, "message": "Internal error"}}'
        return (200, answer) if refused else None

    return fault


@asynccontextmanager
async def behind_a_fault(rig: Rig, database: str) -> AsyncIterator[tuple[FaultyServer, Rig]]:
    """The adapter over a server that can be made to refuse single commands."""
    faulty = FaultyServer(rig.server.rpc_url.removesuffix("/RPC"))
    with faulty.listening() as url:
        async with rig_on(rig.server, database, rpc_urls=(f"{url}/RPC",)) as made:
            yield faulty, made


async def test_an_account_that_a_server_does_not_forget_leaves_none_of_the_others_in_service_P15_X7(
    rig: Rig, formalized: FormalizationState, sip: Sip, database: str
) -> None:
    shutdown = Shutdown(warrant=cases.warrant(formalized))
    for name in ("101", "102"):
        assert await sip.register(telephone(name)) == 200
    async with behind_a_fault(rig, database) as (faulty, other):
        faulty.fault = refusing("ul.rm", f"102@{DOMAIN}")
        with pytest.raises(PlatformDisagrees):
            await other.telephony.deactivate(shutdown)
        assert alive(await rig.telephony.inventory("1042")) == {"102"}
        assert not await rig.server.commands.registered(f"101@{DOMAIN}")
        assert await undone(rig) == [f"102@{DOMAIN}"]
        with pytest.raises(PlatformDisagrees):
            await other.telephony.release(shutdown)
        assert await undone(rig) == [f"102@{DOMAIN}", f"102@{DOMAIN}"]
        faulty.fault = lambda *_: None
        assert (await other.telephony.release(shutdown)).released == EVERYTHING
    assert not await rig.server.commands.registered(f"102@{DOMAIN}")


async def test_an_account_that_only_the_ledger_knows_is_not_told_as_dead_while_a_server_keeps_it_P15(
    rig: Rig, formalized: FormalizationState, sip: Sip, database: str
) -> None:
    shutdown = Shutdown(warrant=cases.warrant(formalized))
    assert await sip.register(telephone("102")) == 200
    async with behind_a_fault(rig, database) as (faulty, other):
        faulty.fault = refusing("ul.rm", f"102@{DOMAIN}")
        for _ in range(2):
            with pytest.raises(PlatformDisagrees):
                await other.telephony.deactivate(shutdown)
            await rig.by_hand("delete from cancelamento.parked where kind = 'extension'")
            await rig.by_hand("delete from location")
        assert await undone(rig) == [f"102@{DOMAIN}"]
        faulty.fault = lambda *_: None
        await other.telephony.deactivate(shutdown)
    assert await undone(rig) == []


async def test_an_account_that_is_gone_needs_no_order_to_forget_it_P17(
    rig: Rig, formalized: FormalizationState, database: str
) -> None:
    shutdown = Shutdown(warrant=cases.warrant(formalized))
    async with behind_a_fault(rig, database) as (faulty, other):
        faulty.fault = refusing("ul.rm", f"102@{DOMAIN}")
        await other.telephony.deactivate(shutdown)
        assert (await other.telephony.release(shutdown)).released == EVERYTHING
    assert len(faulty.answered) == 2


async def test_an_account_of_which_a_server_tells_nothing_is_not_told_as_released_P17(
    rig: Rig, formalized: FormalizationState, database: str
) -> None:
    shutdown = Shutdown(warrant=cases.warrant(formalized))
    async with behind_a_fault(rig, database) as (faulty, other):
        faulty.fault = refusing("ul.", f"103@{DOMAIN}")
        for act in (other.telephony.deactivate, other.telephony.release):
            with pytest.raises(KamailioFault):
                await act(shutdown)
        assert f"103@{DOMAIN}" in await undone(rig)
        assert f"101@{DOMAIN}" not in await undone(rig)
        faulty.fault = lambda *_: None
        assert (await other.telephony.release(shutdown)).released == EVERYTHING


async def test_a_call_that_cannot_be_read_hides_none_of_the_others_P15() -> None:
    calls = [
        None,
        [1, 2],
        {},
        {"h_entry": "x", "h_id": 1},
        {"h_entry": 3, "h_id": 4, "from_uri": 7, "to_uri": "sip:102@1042.pbx.invalid:5060", "state": 4},
        "call",
    ]
    faulty = FaultyServer("http://127.0.0.1:9", lambda *_: (200, json.dumps({"result": calls}).encode()))
    with faulty.listening() as url:
        [call] = await KamailioRpc(f"{url}/RPC", "location", 3).calls()
    assert (call.entry, call.entry_id, call.answered) == (3, 4, True)
    assert {str(party) for party in call.parties} == {f"102@{DOMAIN}"}


# ---------------------------------------------------------------------- two steps, and the way back


async def test_deactivation_can_be_taken_back_until_the_release(
    rig: Rig, formalized: FormalizationState
) -> None:
    before = await rig.telephony.inventory("1042")
    shutdown = Shutdown(warrant=cases.warrant(formalized))
    await rig.telephony.deactivate(shutdown)
    back = await rig.telephony.reinstate("1042")
    assert (back.extensions, back.trunks, back.numbers) == (before.extensions, before.trunks, before.numbers)
    await rig.telephony.deactivate(shutdown)
    assert alive(await rig.telephony.inventory("1042")) == set()
    assert (await rig.telephony.release(shutdown)).released == EVERYTHING
    assert ids(await rig.telephony.reinstate("1042")) == set()


async def test_what_somebody_creates_after_the_deactivation_is_released_too_P17(
    rig: Rig, formalized: FormalizationState
) -> None:
    shutdown = Shutdown(warrant=cases.warrant(formalized))
    await rig.telephony.deactivate(shutdown)
    await rig.telephony.provision(seed(resources=(resource(ResourceKind.EXTENSION, "199"),), numbers=()))
    report = await rig.telephony.release(shutdown)
    assert report.released == EVERYTHING + Released(extensions=1)
    assert ids(report.remaining) == set()


async def test_mere_aliases_and_second_domains_and_numbers_without_plus_go_too_P17(
    rig: Rig, formalized: FormalizationState
) -> None:
    await rig.by_hand(
        """
        insert into domain (domain, did) values ('filial.acme.invalid', '1042');
        insert into subscriber (username, domain) values ('101', 'filial.acme.invalid');
        insert into dbaliases (alias_username, alias_domain, username, domain) values
            ('vendas', '1042.pbx.invalid', '101', '1042.pbx.invalid'),
            ('551130000077', 'pbx.invalid', '101', 'filial.acme.invalid');
        """
    )
    inventory = await rig.telephony.inventory("1042")
    names = {e.resource_id for e in inventory.extensions}
    assert names == {"101", "102", "103", "101@filial.acme.invalid"}
    second = next(number for number in inventory.numbers if number.number == "+551130000077")
    assert second.routes_to == ("101@filial.acme.invalid",)
    shutdown = Shutdown(warrant=cases.warrant(formalized))
    await rig.telephony.deactivate(shutdown)
    report = await rig.telephony.release(shutdown)
    assert report.released == EVERYTHING + Released(extensions=1, numbers=1)
    connection = await asyncpg.connect(rig.server.database_url)
    try:
        for table in ("subscriber", "dbaliases", "usr_preferences", "cancelamento.parked"):
            assert await connection.fetchval(f"select count(*) from {table}") == 0, table
    finally:
        await connection.close()


async def test_the_documented_rights_in_the_platforms_database_are_enough(
    rig: Rig, formalized: FormalizationState, database: str
) -> None:
    await rig.by_hand(
        """
        drop schema cancelamento cascade;
        do $$ begin
            if not exists (select from pg_roles where rolname = 'cancelamento_role') then
                create role cancelamento_role login;
            end if;
        end $$;
        grant select, insert, delete on subscriber, address, dbaliases, usr_preferences to cancelamento_role;
        grant select on domain, location to cancelamento_role;
        """
    )
    await rig.by_hand(f"grant create on database {DATABASE} to cancelamento_role")
    url = SecretStr(rig.server.database_url.replace("postgres@", "cancelamento_role@"))
    shutdown = Shutdown(warrant=cases.warrant(formalized))
    async with rig_on(rig.server, database, database_url=url) as restricted:
        await restricted.telephony.deactivate(shutdown)
        await restricted.telephony.reinstate("1042")
        await restricted.telephony.deactivate(shutdown)
        assert (await restricted.telephony.release(shutdown)).released == EVERYTHING
    await rig.by_hand("drop schema cancelamento cascade")


async def test_a_large_customer_is_closed_within_one_activity_P17(rig: Rig) -> None:
    many = tuple(resource(ResourceKind.EXTENSION, f"{1000 + n}") for n in range(300))
    await rig.provision(seed(resources=many, numbers=()))
    formalized = await cases.formalize(rig.crm)
    shutdown = Shutdown(warrant=cases.warrant(formalized))
    await rig.telephony.deactivate(shutdown)
    assert (await rig.telephony.release(shutdown)).released == Released(extensions=300)


# ---------------------------------------------------------------------- P19 in the ledger, by hand


@pytest.mark.parametrize(
    "statement",
    [
        "insert into telephony.platform_acts (case_id, customer_id, act, kind, platform_id, ordered_at,"
        " warrant_notice_ends_at) values ('case-x', '1042', 'release', 'number', 'x', $1, $1)",
        "insert into telephony.platform_acts (case_id, customer_id, act, kind, platform_id, ordered_at,"
        " warrant_notice_ends_at) values ('case-a', '2001', 'release', 'number', 'x', $1, $1)",
        "insert into telephony.platform_acts (case_id, customer_id, act, kind, platform_id, ordered_at,"
        " warrant_notice_ends_at) values ('case-a', '1042', 'release', 'number', 'x',"
        " $1::timestamptz - interval '1 microsecond', $1)",
        "insert into telephony.platform_acts (case_id, customer_id, act, kind, platform_id, ordered_at,"
        " warrant_notice_ends_at) values ('case-a', '1042', 'release', 'number', 'x', $1,"
        " $1::timestamptz - interval '1 day')",
        "update telephony.platform_acts set ordered_at = $1::timestamptz - interval '1 day'",
        "update telephony.platform_acts set done_at = $1::timestamptz - interval '1 day'",
        "update telephony.platform_acts set case_id = 'case-x' where $1::timestamptz is not null",
        "delete from telephony.platform_acts where $1::timestamptz is not null",
    ],
)
async def test_the_ledger_refuses_what_has_no_good_warrant_even_by_hand_P19(
    rig: Rig, formalized: FormalizationState, statement: str
) -> None:
    await rig.telephony.deactivate(Shutdown(warrant=cases.warrant(formalized), hold=(OWNED,)))
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await rig.pool.execute(statement, cases.ENDS)


async def test_the_ledger_tells_what_was_done_and_when_P20(rig: Rig, formalized: FormalizationState) -> None:
    later = cases.ENDS + timedelta(minutes=5)
    shutdown = Shutdown(warrant=cases.warrant(formalized))
    await rig.telephony.deactivate(shutdown)
    await rig.telephony.release(Shutdown(warrant=cases.warrant(formalized, at=later)))
    rows = await rig.pool.fetch(
        "select act, done_at, count(*) as many from telephony.platform_acts group by 1, 2 order by 1"
    )
    assert [tuple(row) for row in rows] == [("deactivate", cases.ENDS, 8), ("release", later, 8)]
