"""Words that one customer alone says are followed through a whole case, and looked for wherever anything is kept."""

import asyncio
import base64
import json
import os
import sys
import urllib.request
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import obstore
import pytest
from temporalio.client import Client

from cancellation.adapters.postgres.roles import SCHEMAS
from cancellation.encryption import data_converter
from cancellation.key_ring import KeyRing
from embedded.ports import free_port
from embedded.virtual_time import VirtualTime
from tests.durable.copies import Copies
from tests.durable.customers import new_customer
from tests.durable.house import MOST_SKIPS, CaseDriver, until
from tests.durable.premises import Premises, premises

KEY = b"k" * 32
CANARY = f"zq{uuid.uuid4().hex[:12]}"
"""In every name, text, address and file of the customer."""
ADDRESS = f"{CANARY}@acme.com.br"
RAW = f"From: Rita {CANARY} <{ADDRESS}>\r\nSubject: Cancelamento {CANARY}\r\n\r\nQuero cancelar {CANARY}".encode()
ERASED_AFTER = timedelta(days=1827)


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_no_word_of_an_erased_customer_is_anywhere_and_none_was_ever_where_it_must_not_be(
    open_folder: Path,
) -> None:
    folder = open_folder / "canaries"
    folder.mkdir(mode=0o711)
    async with premises(folder) as (house, _, postgres):
        encrypt(house)
        metrics = f"127.0.0.1:{free_port()}"
        house.settings["CANCELAMENTO_METRICS_ADDRESS"] = metrics
        async with house.worker_process():
            case = await whole_case(house)
            told = await asyncio.to_thread(_read, f"http://{metrics}/metrics")
        assert "temporal_workflow_completed" in told
        assert CANARY not in told
        result = await case.result()
        before = await house.crm.adapter.verify_trail(result.case_id)
        await house.replays()

        # What must hold also of a customer who is not erased.
        assert in_files(folder / "temporal") == []
        assert in_files(folder / "worker.log") == []
        # And what is kept on purpose: the search finds what is there.
        assert CANARY in await dumped(postgres.database_url)
        assert in_files(folder / "recordings")
        await house.pool.execute("checkpoint")
        assert in_files(postgres.kept_in / "data" / "base")

        at = (result.ended_at + ERASED_AFTER).isoformat()
        code, said = await typed(house, "erase", case.customer_id, "--at", at)
        assert code == 0, said
        assert CANARY not in said
        assert "1 execução encerrada no Temporal" in said
        assert await dumped(postgres.database_url) == ""
        assert in_files(folder / "recordings") == []
        check = await house.crm.adapter.verify_trail(result.case_id)
        assert check == before.model_copy(update={"erased": before.entries})

        async def forgotten() -> bool:
            found = house.environment.client.list_workflows(f"WorkflowId = '{case.handle.id}'")
            return [one async for one in found] == []

        await until(forgotten)

        # What docs/dados-pessoais.md tells the owner to run: deleted rows stay in a table's file until then.
        owner = await asyncpg.connect(postgres.database_url)
        await owner.execute("vacuum full")
        await owner.execute("checkpoint")
        await owner.close()
        assert in_files(postgres.kept_in / "data" / "base") == []

        # And what is copied from then on, once the copies of before have had their term.
        copies = Copies(postgres)
        await copies.begin()
        await house.answers()
        await house.pool.execute("select pg_switch_wal()")
        await copies.whole()
        await copies.prune(14)
        assert in_files(copies.folder) == []


def encrypt(house: Premises) -> None:
    """Speak with keys from now on, as every process does that gets them."""
    keys = json.dumps({"current": "k", "keys": {"k": base64.b64encode(KEY).decode()}})
    house.settings["CANCELAMENTO_CODEC_KEYS"] = keys
    plain = house.environment.client
    client = Client(**(plain.config() | {"data_converter": data_converter(KeyRing("k", {"k": KEY}))}))
    stands_in: Any = house.environment
    stands_in.client = client
    house.time = VirtualTime(client, most_skips=MOST_SKIPS)


async def whole_case(house: Premises) -> CaseDriver:
    """From the request to the end, with something to say in every message."""
    seed = new_customer()
    contacts = tuple(
        one.model_copy(update={"name": f"Rita {CANARY}", "email": ADDRESS}) for one in seed.customer.contacts
    )
    customer = seed.customer.model_copy(update={"name": f"Empresa {CANARY}", "contacts": contacts})
    resources = tuple(one.model_copy(update={"label": f"Ramal {CANARY}"}) for one in seed.resources)
    seed = seed.model_copy(update={"customer": customer, "resources": resources})
    contact = {"name": f"Rita {CANARY}", "email": ADDRESS, "phone": "+5511999990000"}
    kept = {"purge_recordings": False}  # a policy may leave the recordings where they are
    case = await house.open(seed, text=f"Quero sair {CANARY}", contact=contact, actor=CANARY, policy=kept)
    path = f"recordings/{case.customer_id}/2026-11-02/{CANARY}.wav"
    await obstore.put_async(house.store, path, f"RIFF {CANARY}".encode())
    await case.quiet()
    offer = {"offer_id": "o1", "kind": "technical_fix", "status": "refused"}
    await case.check("retention_offer", description=f"{CANARY} novo", actor=CANARY, **offer)
    await case.signal("retention_outcome", outcome="declined", **{CANARY: CANARY})
    reason = {"category": "price", "text": f"{CANARY} caro"}
    await case.check("retention_outcome", outcome="declined", reason=reason, notes=CANARY, actor=CANARY)
    await case.quiet()
    original = await house.crm.adapter.keep_original(RAW, await case.now())
    await case.formalize(
        sender=ADDRESS,
        subject=f"Cancelamento {CANARY}",
        reason=f"{CANARY} caro",
        message_id=f"<{CANARY}@acme.com.br>",
        original_sha256=original.sha256,
        original_ref=original.ref,
    )
    await case.check("recordings_request", deliver_to=ADDRESS, actor=CANARY)
    await case.quiet()
    await case.pass_notice()
    await case.result()
    return case


def in_files(where: Path) -> list[str]:
    """Files in which, or in whose names, the canary is."""
    return [
        str(path) for path in _files(where) if CANARY in path.name or CANARY.encode() in path.read_bytes()
    ]


def _files(where: Path) -> Iterator[Path]:
    yield from (where,) if where.is_file() else (path for path in where.rglob("*") if path.is_file())


async def dumped(database_url: str) -> str:
    """Every row of the database that holds the canary, bytes as they are."""
    connection = await asyncpg.connect(database_url)
    found = []
    try:
        for schema, table in await connection.fetch(
            "select schemaname, tablename from pg_tables where schemaname = any($1)", list(SCHEMAS)
        ):
            for row in await connection.fetch(f"select * from {schema}.{table}"):
                text = "\n".join(
                    value.decode(errors="replace") if isinstance(value, bytes) else str(value)
                    for value in row
                )
                found += [f"{schema}.{table}: {text}"] if CANARY in text else []
    finally:
        await connection.close()
    return "\n".join(found)


async def typed(house: Premises, *arguments: str) -> tuple[int | None, str]:
    """What a command says, and how it ends."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "starters.cli", *arguments),
        env={**os.environ, **house.settings},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode, said.decode()


def _read(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return str(answer.read().decode())
