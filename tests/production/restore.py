"""The one PostgreSQL is brought back to an instant minutes ago, as docs/backup.md has it (P20, X11)."""

import asyncio
import json
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from cancellation.domain.findings import RULES, Rule, System
from tests.production.processes import PostgresProcess
from tests.production.production_set import ProductionSet
from tests.production.working import Working

_DAYS: Final = 14
_SERVERS: Final = ("postgres", "temporal")
_NOT_OURS: Final = (*_SERVERS, "prometheus")
_TRAILS: Final = "select customer_id, trail_seq from crm.cases"
_OF_OPEN_CASES: Final = f"{_TRAILS} where ended_at is null"


async def take_copy(work: Working) -> None:
    """A whole copy, while everything works."""
    began = time.monotonic()
    copy = await _postgres(work).backup("base")
    seconds = time.monotonic() - began
    work.tell(f"  a whole copy of the database in {seconds:.1f} s: {Path(copy).name}")


async def remember_now(work: Working) -> None:
    """The instant to which everything is going to be brought back."""
    work.instant = await _postgres(work).ask("select clock_timestamp()")
    work.tell(f"  back to here: {work.instant}")


async def bring_records_back(work: Working) -> None:
    """Our database alone, out of a whole copy restored aside; Temporal has gone on, and X11 says what is missing."""
    production, postgres, began = work.production, _postgres(work), time.monotonic()
    ours = _ours(production)
    await production.down(*ours)
    held = await _trails(postgres, _OF_OPEN_CASES)
    await postgres.restore_database("cancelamento", work.instant, production.folder / "copies" / "aside")
    missing = await _shorter(postgres, held)
    work.tell(f"  the records alone are back, without entries of {len(missing)} cases")
    await production.up(*ours)
    found = await _checked(production)
    named = {one["customer_id"] for one in found if one["rule"] == Rule.TRAIL_BEHIND.value}
    # A case that has something to record meanwhile has restored itself, or is about to: what it was never told to be
    # recorded, because its worker was stopped just then, it owes still.
    unnamed = (await _shorter(postgres, held)) - named
    owing = {who for who in unnamed if (await work.world.client.status(who)).pending}
    if not missing or not named <= missing or (unnamed - owing) & await _shorter(postgres, held):
        work.findings.wrong.append(f"X11 finds entries missing of {sorted(named)}, not of {sorted(missing)}")
    rules = Counter(one["rule"] for one in found)
    work.tell(f"  check --now: {dict(rules)}")
    code, out, err = await production.command("worker-1", "recover", "--apply")
    assert code == 0, f"{out} {err}"
    work.tell(f"  recover --apply: {out.strip().splitlines()[-1]}")
    if await _shorter(postgres, held):
        work.findings.wrong.append("recover --apply leaves entries out")
    _agree(work, await _checked(production))
    work.findings.told.append(
        f"our database alone was brought back while Temporal went on: X11 named {len(named)} of {len(missing)} cases "
        f"whose trails had lost entries, all were done again; {time.monotonic() - began:.0f} s in all"
    )


async def bring_everything_back(work: Working) -> None:
    """Temporal's databases and ours together: what came after the instant is lost for both, and nothing stands half."""
    production, postgres, began = work.production, _postgres(work), time.monotonic()
    ours, before = _ours(production), await _trails(postgres)
    back = datetime.now(UTC) - datetime.fromisoformat(work.instant)
    await production.down(*ours)
    for server in reversed(_SERVERS):
        await production.down(server)
    await postgres.backup("restore", str(postgres.data), work.instant)
    await production.up("postgres")
    while await postgres.ask("select pg_is_in_recovery()") == "t":
        await asyncio.sleep(0.2)
    lost = await _shorter(postgres, before)
    work.tell(
        f"  everything is back to {back.total_seconds():.0f} s ago; {len(lost)} cases had gone on since"
    )
    await production.up("temporal")
    code, out, err = await production.command("worker-1", "recover", "--json")
    if code != 0:
        work.findings.wrong.append(f"after a whole restore recover says {out} {err}")
    await production.up(*ours)
    _agree(work, await _checked(production))
    work.tell("  check --now: records and Temporal agree")
    await _prune(work, postgres)
    work.findings.told.append(
        f"everything was brought back by {back.total_seconds():.0f} s, over {len(lost)} cases that had gone on: "
        f"records and Temporal agreed (X11); {time.monotonic() - began:.0f} s until all worked again"
    )


async def _prune(work: Working, postgres: PostgresProcess) -> None:
    """A new whole copy, for the log begins a line of its own; then what is old goes, and the log that only it needs."""
    folder = work.production.folder / "copies"
    old = sorted((folder / "base").iterdir())
    broken_off = folder / "base" / "20260101T000000Z"
    await postgres.program("mkdir", str(broken_off))
    await take_copy(work)
    long_ago = (datetime.now(UTC) - timedelta(days=2 * _DAYS)).isoformat()
    for copy in old:
        await postgres.program("touch", "-d", long_ago, str(copy / "finished"))
    await postgres.program("touch", "-d", long_ago, str(broken_off))
    log = len(list((folder / "wal").iterdir()))
    await postgres.backup("prune", str(_DAYS))
    left = [copy.name for copy in (folder / "base").iterdir()]
    if len(left) != 1 or left[0] in {broken_off.name, *(copy.name for copy in old)}:
        work.findings.wrong.append(f"backup.sh prune leaves {left}")
    work.tell(
        f"  backup.sh prune: {len(old)} copies and {log - len(list((folder / 'wal').iterdir()))} pieces of the log"
    )


async def _checked(production: ProductionSet) -> list[dict[str, Any]]:
    """What X11 finds now."""
    code, out, err = await production.command("worker-1", "check", "--now", "--json")
    assert code in (0, 1), f"{out} {err}"
    told = json.loads(out)
    assert not told["failed"], told
    found: list[dict[str, Any]] = told["findings"]
    return found


def _agree(work: Working, found: list[dict[str, Any]]) -> None:
    """Nothing of what is found is between the records and Temporal."""
    between = [one for one in found if RULES[Rule(one["rule"])].against is System.ENGINE]
    work.findings.wrong += [f"X11: {one['rule']} of {one['customer_id']}" for one in between]


async def _trails(postgres: PostgresProcess, query: str = _TRAILS) -> dict[str, int]:
    """How many entries the CRM holds, by customer."""
    said = await postgres.ask(query, database="cancelamento")
    rows = (line.split("|") for line in said.splitlines())
    return {who: int(length) for who, length in rows}


async def _shorter(postgres: PostgresProcess, than: dict[str, int]) -> set[str]:
    """Customers of whose case the CRM holds fewer entries than it did."""
    now = await _trails(postgres)
    return {who for who, length in than.items() if now.get(who, 0) < length}


def _ours(production: ProductionSet) -> list[str]:
    return [name for name, one in production.processes.items() if one.running and name not in _NOT_OURS]


def _postgres(work: Working) -> PostgresProcess:
    postgres = work.production.processes["postgres"]
    assert isinstance(postgres, PostgresProcess)
    return postgres
