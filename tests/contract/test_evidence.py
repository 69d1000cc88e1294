"""A case's evidence in memory and in PostgreSQL, read with the worker's rights, and the command `dossier` (X13)."""

import io
import json
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from cancellation.adapters.memory.billing import MemoryBilling
from cancellation.adapters.memory.crm import MemoryCrm
from cancellation.adapters.memory.desk import MemoryDesk
from cancellation.adapters.memory.evidence import MemoryEvidence
from cancellation.adapters.memory.inbox import MemoryInbox
from cancellation.adapters.memory.mailer import MemoryOutbox
from cancellation.adapters.memory.recordings import MemoryLedger
from cancellation.adapters.memory.telephony import MemoryTelephony
from cancellation.adapters.memory.watch import MemoryWatches
from cancellation.adapters.postgres.billing import PostgresBilling
from cancellation.adapters.postgres.crm import PostgresCrm
from cancellation.adapters.postgres.desk import PostgresDesk
from cancellation.adapters.postgres.evidence import PostgresEvidence
from cancellation.adapters.postgres.inbox import PostgresInbox
from cancellation.adapters.postgres.outbox import PostgresOutbox
from cancellation.adapters.postgres.pool import Pool, open_pool
from cancellation.adapters.postgres.recordings import PostgresLedger
from cancellation.adapters.postgres.roles import Role
from cancellation.adapters.postgres.telephony import PostgresTelephony
from cancellation.adapters.postgres.watch import PostgresWatches
from cancellation.dossier import bundle, parts, verificar
from cancellation.messages.evidence import Evidence
from starters.cli.app import run
from starters.cli.running import ExitCode
from tests.contract import closed_case
from tests.contract.evidence_suite import EvidenceContract, EvidenceRig
from tests.contract.time_authority import Authority, answering

RAW = closed_case.RAW


@pytest.fixture
async def whole(database: str) -> AsyncIterator[Pool]:
    """Customer 1042's case `case-a`, closed; everything of it in the records."""
    pool = await open_pool(database, max_size=2)
    await closed_case.put(pool)
    yield pool
    await pool.close()


@pytest.fixture
async def found(whole: Pool, database: str) -> AsyncIterator[Evidence]:
    """What the worker's role reads of it."""
    own = await open_pool(database, max_size=1, role=Role.WORKER)
    evidence = await PostgresEvidence(own).of("case-a")
    assert evidence is not None
    yield evidence
    await own.close()


async def test_the_worker_may_read_it_all_P19_X13(found: Evidence) -> None:
    assert [original.keys for original in found.originals] == [(closed_case.KEY,)]
    assert len(found.trail) == 4


class TestMemoryEvidence(EvidenceContract):
    @pytest.fixture
    def rig(self) -> EvidenceRig:
        return memory_rig()


class TestPostgresEvidence(EvidenceContract):
    @pytest.fixture
    async def rig(self, database: str) -> AsyncIterator[EvidenceRig]:
        async with postgres_rig(database) as rig:
            yield rig


async def test_memory_and_postgresql_tell_the_same_of_a_case_X13(database: str) -> None:
    def told(found: Evidence) -> dict[str, Any]:
        """Without what is drawn by lot, and without the clocks of mail servers."""
        by_chance = {"salt", "commitment", "hash", "head", "trail_head"}
        clocks = {"last_attempt_at", "settled_at"}

        def bare(value: Any, name: str = "") -> Any:
            if isinstance(value, dict):
                drop = by_chance | (clocks if name in ("letters", "deliveries") else set())
                return {key: bare(one, key) for key, one in value.items() if key not in drop}
            return [bare(one, name) for one in value] if isinstance(value, list | tuple) else value

        plain: dict[str, Any] = bare(found.model_dump())
        return plain

    memory = memory_rig()
    async with postgres_rig(database) as postgres:
        for rig in (memory, postgres):
            await rig.closed()
        assert told(await memory.found()) == told(await postgres.found())


def memory_rig() -> EvidenceRig:
    crm, inbox, outbox = MemoryCrm(), MemoryInbox(), MemoryOutbox()
    billing, telephony = MemoryBilling(crm.formalization), MemoryTelephony(crm)
    recordings = MemoryLedger(crm.formalization)
    desk, watches = MemoryDesk(crm, inbox), MemoryWatches(crm)
    evidence = MemoryEvidence(crm, inbox, outbox, telephony, billing, recordings, desk, watches)
    return EvidenceRig(evidence, crm, telephony, billing, inbox, outbox, recordings, desk, watches)


@asynccontextmanager
async def postgres_rig(database: str) -> AsyncIterator[EvidenceRig]:
    pool = await open_pool(database, max_size=2)
    own = await open_pool(database, max_size=1, role=Role.WORKER)
    try:
        yield EvidenceRig(
            PostgresEvidence(own),
            PostgresCrm(pool),
            PostgresTelephony(pool),
            PostgresBilling(pool),
            PostgresInbox(pool),
            PostgresOutbox(pool),
            PostgresLedger(pool),
            PostgresDesk(pool),
            PostgresWatches(pool),
        )
    finally:
        await own.close()
        await pool.close()


def test_the_command_writes_a_bundle_that_holds_and_one_that_a_third_party_may_see_X13(
    whole: Pool,
    database: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_URL", database)
    monkeypatch.setenv("CANCELAMENTO_HOME", str(tmp_path / "home"))

    def ask(*options: str, code: int = 0) -> str:
        capsys.readouterr()
        said = run(["dossier", "1042", "--to", str(tmp_path / "out"), *options])
        printed = capsys.readouterr()
        assert said == code, printed
        return printed.out + printed.err

    told = json.loads(ask("--json"))
    data = Path(told["bundle"]).read_bytes()
    findings, root = verificar.check_zip(data, told["root"])
    assert {one.state for one in findings} == {verificar.WHOLE}
    assert RAW in (
        zipfile.ZipFile(io.BytesIO(data)).read(one.path) for one in findings if "emails/" in one.path
    )
    assert Path(told["pdf"]).read_bytes().startswith(b"%PDF")
    assert Path(told["pdf"]).stat().st_mode & 0o077 == 0

    redacted = json.loads(ask("--json", "--redact", "--folder"))
    assert redacted["root"] == root
    files = verificar.files_of(Path(redacted["bundle"]))
    assert "emails.json" not in files
    assert all(one.state in verificar.GOOD for one in verificar.check(files, root)[0])
    assert "não está vazia" in ask("--redact", "--folder", code=2)
    assert f"Raiz:   {root}" in ask()


def test_the_command_has_the_root_stamped_and_says_so_when_nobody_stamps_it_X13(
    whole: Pool,
    database: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_URL", database)
    monkeypatch.setenv("CANCELAMENTO_HOME", str(tmp_path / "home"))
    authority = Authority()
    ask = ["dossier", "1042", "--to", str(tmp_path / "out")]
    with answering(authority) as url:
        monkeypatch.setenv("CANCELAMENTO_EVIDENCE_STAMP_URL", url)
        monkeypatch.setenv("CANCELAMENTO_EVIDENCE_STAMP_CA_FILE", str(authority.root_file(tmp_path)))
        assert run([*ask, "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
    assert told["stamped_at"] == "26/11/2026 13:05:09 UTC"
    findings, _ = verificar.check_zip(Path(told["bundle"]).read_bytes(), told["root"])
    assert (verificar.STAMP, verificar.WHOLE) in {(one.path, one.state) for one in findings}

    # The authority is away: the dossier is there all the same, with the same root, and nobody takes it for stamped.
    assert run(ask) == ExitCode.UNREACHABLE
    printed = capsys.readouterr()
    assert f"Raiz:   {told['root']}" in printed.out
    assert "sem carimbo de tempo: a autoridade não respondeu" in printed.err
    findings, root = verificar.check_zip(Path(told["bundle"]).read_bytes())
    assert root == told["root"]
    assert {one.state for one in findings} == {verificar.WHOLE}
    assert verificar.STAMP not in {one.path for one in findings}


def test_a_customer_without_a_case_has_no_dossier_X13(
    database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database)
    monkeypatch.setenv("CANCELAMENTO_HOME", str(tmp_path / "home"))
    assert run(["dossier", "7777", "--to", str(tmp_path)]) == 1
    assert "nenhum caso encontrado: 7777" in capsys.readouterr().err


async def test_a_trail_that_was_changed_in_the_database_is_told_X13(whole: Pool, database: str) -> None:
    await whole.execute("alter table crm.trail disable trigger user")
    await whole.execute("update crm.trail set detail = 'outra coisa' where seq = 2")
    await whole.execute("alter table crm.trail enable trigger user")
    found = await PostgresEvidence(whole).of("case-a")
    assert found is not None
    made = parts.parts_of(found)
    files = bundle.files_of(made, bundle.manifest_of(made, parts.heading_of(found)), redacted=False)
    bad = [one for one in verificar.check(files)[0] if one.state not in verificar.GOOD]
    assert [(one.path, one.why) for one in bad] == [
        ("historico.json", "a cadeia do histórico se rompe no registro 2")
    ]
