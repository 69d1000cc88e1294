"""Cases of every outcome on the set, over an upgrade, a restore and the death of each process; what came of it."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, cast

from pydantic import SecretStr
from temporalio.service import RPCError

from cancellation.client import CancellationClient
from cancellation.settings import Clock, Settings
from samples import sample_recordings
from tests.production.findings import Findings
from tests.production.look import log_problems, look
from tests.production.production_set import ProductionSet
from tests.production.restore import bring_everything_back, bring_records_back, remember_now, take_copy
from tests.production.stories import Case, World, new_cases
from tests.production.translation import not_run
from tests.production.upgrade import first_version, take_back, upgrade
from tests.production.waiting import what_it_waits_for, where
from tests.production.watch import watch
from tests.production.working import Done, Working
from workers.wiring import open_systems

AT_A_TIME: Final = 12
"""Cases in which somebody acts at the same moment."""
_SAMPLE_WITH_RECORDINGS: Final = "1042"
_LONG: Final = 60.0
"""Seconds after which a case is asked what it waits for."""


@dataclass(frozen=True)
class Act:
    """A part of the run: what happens in every case, and what happens meanwhile."""

    name: str
    act: Callable[[World, Case], Awaitable[None]] | None = None
    meanwhile: tuple[str | Callable[[Working], Awaitable[None]], ...] = ()
    """In order: a process that is killed, by its name, or something else that is done."""

    @property
    def killed(self) -> tuple[str, ...]:
        """The processes that are killed."""
        return tuple(one for one in self.meanwhile if isinstance(one, str))


ACTS: Final = (
    Act("requests", World.opens, ("desk", "worker-1", "prometheus")),
    Act("Commercial's outcomes", World.is_decided, ("temporal", "monitor", take_copy)),
    Act("formalizations", World.formalises, (remember_now, "inbox", "worker-2")),
    Act("the records brought back", meanwhile=(bring_records_back,)),
    Act("everything brought back", meanwhile=(bring_everything_back,)),
    Act("formalizations, again", World.formalises),
    Act("a version that fails", meanwhile=(take_back,)),
    Act("ten days later", World.goes_on, ("gateway", upgrade)),
    Act("the end", World.reaches_its_end, ("postgres", "worker-3", "codec")),
)
"""In their order."""


async def run(count: int, folder: Path, tell: Callable[[str], None]) -> tuple[Findings, ProductionSet]:
    """Bring the set up, work that many cases on it, and look at what came of them.

    Args:
        count: how many cases.
        folder: where everything lies; made by the caller, and removed by the caller.
        tell: takes a line for whoever watches.
    """
    began = time.monotonic()
    findings = Findings(new_cases(count))
    production = ProductionSet(folder, tell)
    async with production:
        await first_version(production)
        findings.seconds["up"] = time.monotonic() - began
        tell(f"everything is up after {findings.seconds['up']:.0f} s")
        watching = asyncio.create_task(watch(production, findings))
        try:
            await _work(production, findings, tell)
            await look(production, findings, tell)
        finally:
            watching.cancel()
    findings.wrong += log_problems(folder)
    unused = not_run(production.services, production.used)
    findings.wrong += [f"{service}: {setting} was given to no process" for service, setting in sorted(unused)]
    return findings, production


async def _work(production: ProductionSet, findings: Findings, tell: Callable[[str], None]) -> None:
    await _provision(production, findings.cases)
    done = Done()
    host, _, port = production.address("inbox", 2525).partition(":")
    gateway = f"http://{production.address('gateway', 8080)}"
    client = CancellationClient(await production.client())
    world = World(client, production.mail, (host, int(port)), gateway, done.one_more)
    work = Working(production, findings, world, done, tell)
    for act in ACTS:
        began = time.monotonic()
        done.reset()
        tell(f"{act.name}: {len(findings.cases)} cases" if act.act else act.name)
        disturbing = asyncio.create_task(_disturb(work, act))
        places = asyncio.Semaphore(AT_A_TIME)
        results = await asyncio.gather(
            *(_in_turn(places, act, work, case) for case in findings.cases), return_exceptions=True
        )
        findings.wrong += [
            f"{case.customer_id} ({case.story.name}), {act.name}: {type(result).__name__}: {result}"
            for case, result in zip(findings.cases, results, strict=True)
            if isinstance(result, BaseException)
        ]
        done.all_over()
        await disturbing
        findings.seconds[act.name] = time.monotonic() - began


async def _in_turn(places: asyncio.Semaphore, act: Act, work: Working, case: Case) -> None:
    if act.act is None:
        return
    async with places:
        acting = asyncio.ensure_future(act.act(work.world, case))
        while not (await asyncio.wait({acting}, timeout=_LONG))[0]:
            try:
                waits = await what_it_waits_for(work.world.client.temporal, case.customer_id)
            except RPCError as error:
                waits = f"Temporal: {error.message}"
            work.tell(f"  {case.customer_id} ({case.story.name}), {where(acting)}, waits for {waits}")
        await acting


async def _disturb(work: Working, act: Act) -> None:
    """Kill what is killed and do what is done, spread over the act."""
    for place, one in enumerate(act.meanwhile, 1):
        if act.act is not None:
            await work.done.reached(len(work.findings.cases) * place / (len(act.meanwhile) + 1))
        await (_kill(work, one) if isinstance(one, str) else one(work))


async def _kill(work: Working, name: str) -> None:
    began = time.monotonic()
    work.tell(f"  {name} is killed")
    await work.production.kill(name)
    await work.production.until_healthy(name)
    work.findings.back_after[name] = time.monotonic() - began


async def _provision(production: ProductionSet, cases: Sequence[Case]) -> None:
    """Customers as the provider's systems know them; two of the folder's recordings for each that asks for them."""
    settings = Settings(
        home=production.folder / "home",
        database_url=SecretStr(production.owner_url()),
        clock=Clock.VIRTUAL,
        recordings_url=production.recordings.as_uri(),
    )
    today = datetime.now(UTC).date()
    async with open_systems(settings) as systems:
        for case in cases:
            if case.story.known:
                for system in (systems.billing, systems.telephony, systems.crm):
                    await cast(Any, system).provision(case.seed)
    owner = production.recordings.stat()
    for case in cases:
        if case.story.recordings:
            for recording in sample_recordings(_SAMPLE_WITH_RECORDINGS, today)[:2]:
                path = production.recordings / recording.path.replace(
                    _SAMPLE_WITH_RECORDINGS, case.customer_id
                )
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(recording.wav())
    for path in production.recordings.rglob("*"):
        os.chown(path, owner.st_uid, owner.st_gid)
