"""Cases of every outcome on the set, over a rolling restart and the death of each process; what came of it."""

import asyncio
import json
import os
import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, cast
from urllib.request import Request, urlopen

import asyncpg
import psutil
from google.protobuf.json_format import MessageToDict
from pydantic import SecretStr

from cancellation.client import CancellationClient
from cancellation.domain.identity import workflow_id
from cancellation.settings import Clock, Settings
from samples import sample_recordings
from tests.production.production_set import ProductionSet
from tests.production.stories import Case, World, new_cases
from tests.production.translation import not_run
from workers.verify import replayed_cases
from workers.wiring import open_systems

AT_A_TIME: Final = 12
"""Cases in which somebody acts at the same moment."""
_SAMPLE_WITH_RECORDINGS: Final = "1042"
_CONNECTIONS: Final = (
    "select usename, count(*) from pg_stat_activity where usename is not null group by usename"
)
_BETWEEN_LOOKS: Final = 3.0
"""Seconds between two looks at memory and connections."""
_NOT_SOUND: Final = ("Nondeterminism", "nondeterminism")
"""What no log may say, whatever has died."""


@dataclass(frozen=True)
class Act:
    """A part of the run: what happens in every case, and what dies or is restarted meanwhile."""

    name: str
    act: Callable[[World, Case], Awaitable[None]]
    killed: tuple[str, ...] = ()
    restarted: tuple[str, ...] = ()


ACTS: Final = (
    Act("requests", World.opens, killed=("desk", "worker-1")),
    Act("Commercial's outcomes", World.is_decided, killed=("temporal", "monitor")),
    Act("formalizations", World.formalises, killed=("inbox", "worker-2")),
    Act("ten days later", World.goes_on, killed=("gateway",), restarted=("worker-1", "worker-2", "worker-3")),
    Act("the end", World.reaches_its_end, killed=("postgres", "worker-3", "codec")),
)
"""In their order."""


@dataclass
class Findings:
    """What came of a run."""

    cases: list[Case]
    replayed: int = 0
    wrong: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    back_after: dict[str, float] = field(default_factory=dict)
    """Seconds from the end of a process to its own word that it is ready again."""
    memory: dict[str, int] = field(default_factory=dict)
    """The most that a container's processes have had, in bytes."""
    connections: Counter[str] = field(default_factory=Counter)
    """The most at one moment, by the database's user."""
    letters: int = 0
    repeated: int = 0
    """Letters that came twice, with the same Message-ID."""


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
        findings.seconds["up"] = time.monotonic() - began
        tell(f"everything is up after {findings.seconds['up']:.0f} s")
        watching = asyncio.create_task(_watch(production, findings))
        try:
            await _work(production, findings, tell)
            await _look(production, findings, tell)
        finally:
            watching.cancel()
    findings.wrong += _logs(folder)
    unused = not_run(production.services, production.used)
    findings.wrong += [f"{service}: {setting} was given to no process" for service, setting in sorted(unused)]
    return findings, production


async def _work(production: ProductionSet, findings: Findings, tell: Callable[[str], None]) -> None:
    await _provision(production, findings.cases)
    client = CancellationClient(await production.client())
    done = _Done()
    host, _, port = production.address("inbox", 2525).partition(":")
    gateway = f"http://{production.address('gateway', 8080)}"
    world = World(client, production.mail, (host, int(port)), gateway, done.one_more)
    for act in ACTS:
        began = time.monotonic()
        done.reset()
        tell(f"{act.name}: {len(findings.cases)} cases")
        disturbing = asyncio.create_task(_disturb(production, act, done, len(findings.cases), findings, tell))
        places = asyncio.Semaphore(AT_A_TIME)
        results = await asyncio.gather(
            *(_in_turn(places, act, world, case) for case in findings.cases), return_exceptions=True
        )
        failed = [
            f"{case.customer_id} ({case.story.name}), {act.name}: {type(result).__name__}: {result}"
            for case, result in zip(findings.cases, results, strict=True)
            if isinstance(result, BaseException)
        ]
        done.all_over()
        await disturbing
        findings.seconds[act.name] = time.monotonic() - began
        findings.wrong += failed


async def _in_turn(places: asyncio.Semaphore, act: Act, world: World, case: Case) -> None:
    async with places:
        await act.act(world, case)


class _Done:
    """How many cases have been through an act."""

    def __init__(self) -> None:
        self._count = 0
        self._more = asyncio.Condition()
        self._over = False

    def reset(self) -> None:
        self._count, self._over = 0, False

    def one_more(self) -> None:
        self._count += 1

    def all_over(self) -> None:
        self._over = True

    async def reached(self, count: float) -> None:
        while self._count < count and not self._over:
            await asyncio.sleep(0.05)


async def _disturb(
    production: ProductionSet,
    act: Act,
    done: _Done,
    cases: int,
    findings: Findings,
    tell: Callable[[str], None],
) -> None:
    """Kill and restart, spread over the act."""
    moments = len(act.killed) + len(act.restarted) + 1
    for place, name in enumerate((*act.killed, *act.restarted), 1):
        await done.reached(cases * place / moments)
        began = time.monotonic()
        if name in act.killed:
            tell(f"  {name} is killed")
            await production.kill(name)
            await production.until_healthy(name)
            findings.back_after[name] = time.monotonic() - began
        else:
            tell(f"  {name} is restarted")
            await production.restart(name)


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


# ---------------------------------------------------------------------------------------- what came of it


async def _look(production: ProductionSet, findings: Findings, tell: Callable[[str], None]) -> None:
    began = time.monotonic()
    tell("looking at what came of it")
    for case in findings.cases:
        outcome = case.result.outcome if case.result else "nothing"
        if outcome != case.story.ends.value:
            findings.wrong.append(f"{case.customer_id} ({case.story.name}) ended as {outcome}")
    findings.wrong += await _records(production, findings.cases)
    await _replays(production, findings)
    findings.wrong += await _commands(production)
    findings.wrong += await _codec(production, findings.cases[0])
    arrived = Counter(
        (mail.message["Message-ID"], recipient)
        for mail in production.mail.mails
        for recipient in mail.recipients
    )
    findings.letters, findings.repeated = len(arrived), sum(arrived.values()) - len(arrived)
    findings.seconds["looking"] = time.monotonic() - began


async def _records(production: ProductionSet, cases: Sequence[Case]) -> list[str]:
    """What the provider's own systems say (P12, P16, P17, P19, P20)."""
    wrong = []
    connection = await asyncpg.connect(production.owner_url())
    try:
        for case in cases:
            if not case.story.known or case.result is None:
                continue
            row = await connection.fetchrow(_FACTS, case.customer_id, case.result.case_id)
            assert row is not None
            closed = case.result.outcome == "closed"
            expected = {
                "status": "Cancelado" if closed else "Ativo",
                "active": 0 if closed else len(case.seed.resources) + len(case.seed.numbers),
                "charged_after_the_end": 0,
                "invoices": int(closed),
                "acts": closed,
                "trail": case.result.trail_entries,
                "unbroken": True,
                "open_tasks": 0,
            }
            wrong += [
                f"{case.customer_id} ({case.story.name}): {name} is {row[name]}, not {value}"
                for name, value in expected.items()
                if name in row and row[name] != value
            ]
    finally:
        await connection.close()
    return wrong


_FACTS: Final = """
select
    (select status from crm.customers where customer_id = $1) as status,
    (select count(*) from telephony.resources where customer_id = $1 and released_at is null)
        + (select count(*) from telephony.numbers where customer_id = $1 and released_at is null and port_id is null)
        as active,
    (select count(*) from billing.charges c join billing.subscriptions s using (subscription_id)
        join billing.invoices i on i.case_id = $2
        where s.customer_id = $1 and c.status <> 'void' and c.first_day > i.last_day) as charged_after_the_end,
    (select count(*) from billing.invoices where case_id = $2) as invoices,
    (select count(*) > 0 from crm.destructive_acts where case_id = $2) as acts,
    (select count(*) from crm.trail where case_id = $2) as trail,
    (select coalesce(max(seq) = count(*), true) from crm.trail where case_id = $2) as unbroken
"""


async def _replays(production: ProductionSet, findings: Findings) -> None:
    """Replay every history here, which is the code at hand (X22)."""
    client = await production.client()
    async for one in replayed_cases(client, latest_closed=10_000):
        findings.replayed += 1
        if one.problem:
            findings.wrong.append(f"{one.workflow_id} does not replay: {one.problem}")


async def _commands(production: ProductionSet) -> list[str]:
    """The commands of docs/servidores.md, in the containers."""
    orders = [
        (name, "check", container.service)
        for name, container in production.containers.items()
        if container.restarts and "CANCELAMENTO_DATABASE_USER" in container.environment
    ]
    orders.append(("worker-1", "worker", "--verify"))
    wrong = []
    for order in orders:
        # One after the other: each waits some seconds for an answer, and gives up.
        code, out, err = await production.command(*order)
        if code:
            wrong.append(f"{order} says {out} {err}")
    return wrong


async def _codec(production: ProductionSet, case: Case) -> list[str]:
    """Temporal holds nothing that can be read, and the codec server reads it to whoever has the token."""
    client = await production.client()
    history = await client.get_workflow_handle(workflow_id(case.customer_id)).fetch_history()
    payload = history.events[0].workflow_execution_started_event_attributes.input.payloads[0]
    request = Request(
        f"http://{production.address('codec', 8082)}/decode",
        data=json.dumps({"payloads": [MessageToDict(payload)]}).encode(),
        headers={
            "Authorization": f"Bearer {production.secret('codec_token')}",
            "Content-Type": "application/json",
        },
    )
    with await asyncio.to_thread(urlopen, request) as answer:
        read = answer.read()
    return [
        word
        for word, fits in (
            ("Temporal can read a case", case.customer_id.encode() not in payload.data),
            ("the codec server does not read a case", b"payloads" in read and b"encrypted" not in read),
        )
        if not fits
    ]


async def _watch(production: ProductionSet, findings: Findings) -> None:
    """The most memory and connections that were used."""
    while True:
        running = {name: process.pid for name, process in production.processes.items() if process.running}
        for name, had in (await asyncio.to_thread(_memory, running)).items():
            findings.memory[name] = max(findings.memory.get(name, 0), had)
        try:
            connection = await asyncpg.connect(production.owner_url("postgres", "postgres"), timeout=5)
            for user, count in await connection.fetch(_CONNECTIONS):
                findings.connections[user] = max(findings.connections[user], count)
            await connection.close()
        except (OSError, asyncpg.PostgresError, TimeoutError):
            pass  # it has been killed
        await asyncio.sleep(_BETWEEN_LOOKS)


def _memory(pids: Mapping[str, int]) -> dict[str, int]:
    """What each process and its children have for themselves, and their share of what they have together."""
    return {name: sum(map(_share, _family(pid))) for name, pid in pids.items()}


def _family(pid: int) -> list[int]:
    try:
        return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
    except psutil.Error:
        return []


def _share(pid: int) -> int:
    """Bytes; 0 of a process that has ended."""
    try:
        found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    except OSError:
        return 0
    return int(found[1]) * 1024 if found else 0


def _logs(folder: Path) -> list[str]:
    return [
        f"{log.name}: {line[:400]}"
        for log in sorted((folder / "logs").glob("*.log"))
        for line in log.read_text(errors="replace").splitlines()
        if any(word in line for word in _NOT_SOUND) or re.search(r"password authentication failed", line)
    ]
