"""Versions of the workers over open cases, a bad and a good one, as docs/implantacao.md has it, on the real server."""

import asyncio
import json
import time
from typing import Final

from cancellation.domain.identity import workflow_id
from cancellation.engine_errors import is_broken
from tests.durable.versions import ADDITIVE_MIGRATION, BROKEN, GUARDED, MIGRATION_AFTERWARDS, add, version
from tests.production.production_set import BUILD_ID, ProductionSet
from tests.production.scraped import asked
from tests.production.working import Working

BROKEN_BUILD_ID: Final = "2026.11.5"
NEXT_BUILD_ID: Final = "2026.12.1"
_RAMP: Final = "50"
_WATCHED_SECONDS: Final = "3"
_PATIENCE: Final = 180.0
_CALLERS: Final = 5
"""Customers who call while a version that fails is in service."""
_FAILED: Final = "sum(temporal_workflow_task_execution_failed) > 0"


async def first_version(production: ProductionSet) -> None:
    """Have the workers that came with the set taken into service: with a build id they get no case before."""
    await _done(production, "worker-1", "deploy", "serve", BUILD_ID, "--watch", "0")


async def take_back(work: Working) -> None:
    """A version that cannot decide comes into service and is taken back by hand; every case goes on (X7)."""
    production, tell = work.production, work.tell
    await production.new_version(BROKEN_BUILD_ID, version(production.folder / "broken", BROKEN))
    (beside,) = await production.up_beside("worker-next", scale=1)
    began = time.monotonic()
    await _done(production, beside, "deploy", "serve", BROKEN_BUILD_ID, "--no-verify", "--watch", "0")
    client = await production.client()
    open_ones = [case.customer_id for case in work.findings.cases if case.outlives_the_upgrade][:_CALLERS]
    handles = [client.get_workflow_handle(workflow_id(customer_id)) for customer_id in open_ones]
    for handle in handles:
        await handle.signal("request", {"channel": "phone", "text": "E agora?", "actor": "atendimento"})
    async with asyncio.timeout(_PATIENCE):
        while not any(await asyncio.gather(*(is_broken(client, handle) for handle in handles))):
            await asyncio.sleep(0.5)
    await _done(production, "worker-1", "deploy", "back", BUILD_ID)
    seconds = time.monotonic() - began
    assert await _current(production, "worker-1") == BUILD_ID
    tell(f"  {BROKEN_BUILD_ID} fails in its cases, and is taken back after {seconds:.0f} s")
    address = production.address("prometheus", 9090)
    async with asyncio.timeout(_PATIENCE):
        while not (await asyncio.to_thread(asked, address, "query", query=_FAILED))["result"]:
            await asyncio.sleep(1)
    await production.remove(beside)
    await production.new_version(BUILD_ID, None)
    work.findings.told.append(
        f"{BROKEN_BUILD_ID}, which fails in every case, was in service for {seconds:.0f} s; Prometheus told of it, "
        f"`deploy back {BUILD_ID}` took it back"
    )


async def upgrade(work: Working) -> None:
    """Database, workers beside, `--verify`, a part of the cases, all of them; then the old ones give place.

    The new version has a migration and another order of its commands, for cases that it has in hand from the beginning.
    """
    production, tell = work.production, work.tell
    code = version(production.folder / "next", GUARDED, added=ADDITIVE_MIGRATION)
    await production.new_version(NEXT_BUILD_ID, code)
    await production.run_setup()
    tell("  the database is migrated while the old workers work")
    beside = await production.up_beside("worker-next")
    tell(f"  {', '.join(beside)} are beside them, {NEXT_BUILD_ID}")
    said = await _done(production, beside[0], "worker", "--verify", "--closed", "0")
    tell(f"  {said.strip()}")
    serve = ("deploy", "serve", NEXT_BUILD_ID, "--no-verify", "--watch", _WATCHED_SECONDS)
    await _done(production, beside[0], *serve, "--ramp", _RAMP)
    tell(f"  {_RAMP} of a hundred cases go on with {NEXT_BUILD_ID}")
    await _done(production, beside[0], *serve)
    assert await _current(production, beside[0]) == NEXT_BUILD_ID
    add(code, MIGRATION_AFTERWARDS)
    await production.run_setup()
    tell(
        f"  {NEXT_BUILD_ID} is in service, and the migration of afterwards is done while the old ones are there"
    )
    await production.up_anew("worker")
    await production.remove(*beside)
    tell("  the old workers have given place to new ones")


async def _current(production: ProductionSet, container: str) -> str:
    """The version in service, as the command tells."""
    shown = json.loads(await _done(production, container, "deploy", "--json"))
    return str(shown["current"])


async def _done(production: ProductionSet, *typed: str) -> str:
    code, out, err = await production.command(*typed)
    assert code == 0, f"{typed}: {out} {err}"
    return out
