"""The dossier's evidence in PostgreSQL, read with the worker's rights, and the command that writes it (X13)."""

import io
import json
import zipfile
from collections.abc import AsyncIterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from cancellation.adapters.postgres.crm import PostgresCrm
from cancellation.adapters.postgres.evidence import PostgresEvidence
from cancellation.adapters.postgres.pool import Pool, open_pool
from cancellation.adapters.postgres.roles import Role
from cancellation.dossier import bundle, parts, verificar
from cancellation.messages.evidence import Evidence
from starters.cli.app import run
from starters.cli.running import ExitCode
from tests.contract import cases, closed_case
from tests.contract.time_authority import Authority, answering

RAW, SHA256 = closed_case.RAW, closed_case.SHA256


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


async def test_everything_that_the_records_hold_of_a_case_is_read_X13(found: Evidence) -> None:
    assert [entry.seq for entry in found.trail] == [1, 2, 3, 4]
    assert found.trail[-1].hash == found.case.trail_head
    (original,) = found.originals
    assert (original.raw, original.sha256, original.authentication) == (RAW, SHA256, "pass")
    assert original.received_at == cases.RECEIVED
    assert original.keys == (closed_case.KEY,)
    (letter,) = found.letters
    assert [(one.address, one.status, one.reply) for one in letter.deliveries] == [
        ("rita@acme.com.br", "sent", None),
        ("caio@acme.com.br", "refused", "550 não existe"),
    ]
    assert [(one.address, one.bytes) for one in found.accesses] == [("203.0.113.7", 900)]
    assert {one.act for one in found.acts} == {"telephony.deactivate", "telephony.release", "billing.close"}
    assert len(found.resources) == 10
    assert [one.status for one in found.ports] == ["requested"]
    assert found.formalization is not None
    assert found.formalization.originals_kept
    assert found.invoice is not None
    assert found.invoice.total == sum(Decimal(line["amount"]) for line in found.invoice.lines)
    assert [one.stopped_on for one in found.subscriptions] == [date(2026, 12, 22)]
    assert found.read_back is not None
    assert found.read_back.model_dump() == {
        "resources_in_use": 0,
        "numbers_in_use": 0,
        "recurring_active": 0,
        "charges_after_end": 0,
        "days_due": 22,
        "days_invoiced": 22,
    }


@pytest.mark.parametrize(
    "reference", ["case-a", "1042", "cancellation-1042", cases.opening().protocol.lower()]
)
async def test_a_case_is_named_in_every_way_X13(whole: Pool, reference: str) -> None:
    found = await PostgresEvidence(whole).of(reference)
    assert found is not None
    assert found.case.case_id == "case-a"


async def test_of_a_customers_cases_the_newest_is_meant_and_of_none_nothing_X13(whole: Pool) -> None:
    later = cases.OPENED + timedelta(days=60)
    await PostgresCrm(whole).open_case(cases.opening(case_id="case-b", opened_at=later))
    found = await PostgresEvidence(whole).of("1042")
    assert found is not None
    assert (found.case.case_id, found.originals, found.read_back) == ("case-b", (), None)
    assert await PostgresEvidence(whole).of("nada\x00") is None


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
