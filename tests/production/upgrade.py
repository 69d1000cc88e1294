"""A new version of the workers over open cases, as docs/implantacao.md has it, on the real server (X22)."""

import json
from typing import Final

from tests.durable.versions import ADDITIVE_MIGRATION, GUARDED, version
from tests.production.production_set import BUILD_ID, ProductionSet
from tests.production.working import Working

NEXT_BUILD_ID: Final = "2026.12.1"
_RAMP: Final = "50"
_WATCHED_SECONDS: Final = "3"


async def first_version(production: ProductionSet) -> None:
    """Have the workers that came with the set taken into service: with a build id they get no case before."""
    await _done(production, "worker-1", "deploy", "serve", BUILD_ID, "--watch", "0")


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
    shown = json.loads(await _done(production, beside[0], "deploy", "--json"))
    assert shown["current"] == NEXT_BUILD_ID, shown
    tell(f"  {NEXT_BUILD_ID} is in service")
    await production.up_anew("worker")
    await production.down(*beside)
    tell("  the old workers have given place to new ones")


async def _done(production: ProductionSet, *typed: str) -> str:
    code, out, err = await production.command(*typed)
    assert code == 0, f"{typed}: {out} {err}"
    return out
