"""What the cases, the records, the histories and the logs say when a run is over."""

import asyncio
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final
from urllib.request import Request, urlopen

import asyncpg
from google.protobuf.json_format import MessageToDict

from cancellation.domain.identity import workflow_id
from tests.production.encrypted import look_at_encryption
from tests.production.findings import Findings
from tests.production.production_set import BUILD_ID, ProductionSet
from tests.production.scraped import asked, jobs
from tests.production.stories import Case
from tests.production.upgrade import NEXT_BUILD_ID

_SCRAPED_WITHIN: Final = 60.0
"""Seconds until everything that is up has been asked by Prometheus again."""
_NOT_SOUND: Final = ("Nondeterminism", "nondeterminism")
"""What no log may say, whatever has died."""


async def look(production: ProductionSet, findings: Findings, tell: Callable[[str], None]) -> None:
    """Look at everything, while the set is still up; what is wrong stands in `findings.wrong` afterwards."""
    began = time.monotonic()
    tell("looking at what came of it")
    for case in findings.cases:
        outcome = case.result.outcome if case.result else "nothing"
        if outcome != case.story.ends.value:
            findings.wrong.append(f"{case.customer_id} ({case.story.name}) ended as {outcome}")
    findings.wrong += await _records(production, findings.cases)
    await _replays(production, findings)
    await _taken_over(production, findings)
    findings.wrong += await _commands(production)
    findings.wrong += await _watched(production)
    findings.wrong += await _codec(production, findings.cases[0])
    await look_at_encryption(production, findings)
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
    """Have every history replayed by the version in service, whichever has made it (X22)."""
    order = ("worker-1", "worker", "--verify", "--closed", "10000", "--json")
    _, out, err = await production.command(*order)
    try:
        replayed = json.loads(out)
    except ValueError:
        findings.wrong.append(f"{order} says {out} {err}")
        return
    findings.replayed = len(replayed)
    findings.wrong += [
        f"{one['workflow_id']} does not replay: {one['problem']}" for one in replayed if one["problem"]
    ]


async def _taken_over(production: ProductionSet, findings: Findings) -> None:
    """Who had which case in hand: those that outlived the upgrade began with one version and ended with the next."""
    client = await production.client()
    for case in findings.cases:
        if not case.outlives_the_upgrade:
            continue
        history = await client.get_workflow_handle(workflow_id(case.customer_id)).fetch_history()
        builds = [
            event.workflow_task_completed_event_attributes.deployment_version.build_id
            for event in history.events
            if event.HasField("workflow_task_completed_event_attributes")
        ]
        if sorted(builds) == builds and {builds[0], builds[-1]} == {BUILD_ID, NEXT_BUILD_ID}:
            findings.taken_over += 1
        else:
            findings.wrong.append(f"{case.customer_id} ({case.story.name}) was in the hands of {builds}")


async def _commands(production: ProductionSet) -> list[str]:
    """What docs/servidores.md has an administrator ask, in one container of each kind."""
    wrong = []
    asked = {one.container.service: name for name, one in production.processes.items() if one.running}
    for service, name in asked.items():
        if "CANCELAMENTO_DATABASE_USER" not in production.containers[name].environment:
            continue
        # One after the other: each waits some seconds for an answer, and gives up.
        code, out, err = await production.command(name, "check", service)
        if code:
            wrong.append(f"{name} check {service} says {out} {err}")
    return wrong


async def _watched(production: ProductionSet) -> list[str]:
    """Prometheus has asked everybody whom its file names, and its rules are rules."""
    address, deploy = production.address("prometheus", 9090), production.project / "deploy"
    end = time.monotonic() + _SCRAPED_WITHIN
    while True:
        told = (await asyncio.to_thread(asked, address, "query", query="min by (job) (up)"))["result"]
        up = {one["metric"]["job"] for one in told if one["value"][1] == "1"}
        silent = jobs((deploy / "prometheus.yml").read_text()) - up
        if not silent or time.monotonic() > end:
            break
        await asyncio.sleep(1)
    groups = (await asyncio.to_thread(asked, address, "rules"))["groups"]
    rules = {rule["name"]: rule["health"] for group in groups for rule in group["rules"]}
    wanted = set(re.findall(r"- alert: (\w+)", (deploy / "alerts.yml").read_text()))
    return [
        *(f"Prometheus hears nothing of {job}" for job in sorted(silent)),
        *(f"Prometheus has no rule {name}" for name in sorted(wanted - rules.keys())),
        *(f"Prometheus says of {name}: {health}" for name, health in rules.items() if health != "ok"),
    ]


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


def log_problems(folder: Path) -> list[str]:
    """Lines of any process's log that nothing that dies excuses."""
    return [
        f"{log.name}: {line[:400]}"
        for log in sorted((folder / "logs").glob("*.log"))
        for line in log.read_text(errors="replace").splitlines()
        if any(word in line for word in _NOT_SOUND) or re.search(r"password authentication failed", line)
    ]
