"""The dossier's evidence in PostgreSQL, read with the worker's rights, and the command that writes it (X13)."""

import hashlib
import io
import json
import zipfile
from collections.abc import AsyncIterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from cancellation.adapters.postgres.billing import PostgresBilling
from cancellation.adapters.postgres.crm import PostgresCrm
from cancellation.adapters.postgres.evidence import PostgresEvidence
from cancellation.adapters.postgres.pool import Pool, open_pool
from cancellation.adapters.postgres.roles import Role
from cancellation.adapters.postgres.telephony import PostgresTelephony
from cancellation.domain.values import PortStatus
from cancellation.dossier import bundle, parts, verificar
from cancellation.messages.billing import BillingClosure, BillingEndPlan
from cancellation.messages.evidence import Evidence
from cancellation.messages.seed import SubscriptionSeed
from cancellation.messages.telephony import Shutdown
from samples import sample_email
from starters.cli.app import run
from tests.contract import cases
from tests.contract.telephony_suite import port, seed

RAW = sample_email("acme-gmail-completo", received_at=cases.RECEIVED)
SHA256 = hashlib.sha256(RAW).hexdigest()
UNRELATED = b"Subject: Outra coisa\r\n\r\nNada"
ADD_LINK = """
insert into recordings.links (link_id, case_id, customer_id, ordinal, archive_path, download_name, files, size, sha256,
    token_hash, made_at, expires_at)
values ('link-a', 'case-a', '1042', 1, 'x', 'gravacoes.zip', 3, 900, repeat('ab', 32), repeat('cd', 32), $1, $2)
"""
ADD_ACCESS = """
insert into recordings.accesses (case_id, link_id, at, address, kind, bytes)
values ('case-a', 'link-a', $1, '203.0.113.7', 'file', 900)
"""
ADD_LETTER = """
with letter as (
    insert into notification.outbox (key, case_id, kind, audience, message_id, subject, content, content_is_whole,
        written_at, status, settled_at, told)
    values ('k1', 'case-a', 'script', 'customer', '<l1@nuvemjti.com.br>', 'Roteiro', 'Subject: Roteiro', true, $1,
        'sent', $1, '{"last_day": "2026-12-22", "total": "0.00"}')
)
insert into notification.recipients (key, place, address, status, reply, settled_at)
values ('k1', 1, 'rita@acme.com.br', 'sent', null, $1), ('k1', 2, 'caio@acme.com.br', 'refused', '550 não existe', $1)
"""
ADD_DELIVERY = """
insert into inbox.messages (id, sha256, message_id, content_sha256, reported_as, received_at, envelope, source, action,
    fate, why, handled_at)
values ($1, $2, '<pedido@acme.com.br>', $2, $3, $4, '{financeiro@nuvemjti.com.br}', 'smtp', 'report', 'reported',
    '[]', $4)
"""


@pytest.fixture
async def whole(database: str) -> AsyncIterator[Pool]:
    """Customer 1042's case `case-a`, closed; everything of it in the records."""
    pool = await open_pool(database, max_size=2)
    crm, telephony, billing = PostgresCrm(pool), PostgresTelephony(pool), PostgresBilling(pool)
    customer = seed(
        subscriptions=(
            SubscriptionSeed(
                subscription_id="pabx", description="PABX", monthly=Decimal(310), started_on=date(2026, 12, 1)
            ),
        )
    )
    await crm.provision(customer)
    await telephony.provision(customer)
    await billing.provision(customer)
    await crm.keep_original(RAW, cases.RECEIVED)
    other = await crm.keep_original(UNRELATED, cases.RECEIVED)
    await pool.execute(ADD_DELIVERY, "d1", SHA256, "<pedido@acme.com.br>", cases.RECEIVED)
    await pool.execute(
        ADD_DELIVERY, "d2", SHA256, "<pedido@acme.com.br>", cases.RECEIVED + timedelta(hours=1)
    )
    await pool.execute(ADD_DELIVERY, "d3", other.sha256, "<outra@acme.com.br>", cases.RECEIVED)
    await crm.open_case(cases.opening())
    told = cases.mail(original_sha256=SHA256, original_ref=f"crm:original/{SHA256}")
    await crm.record(
        cases.record(
            stage="notice",
            trail=(*cases.trail(1, 2), cases.entry(3, message_id="<pedido@acme.com.br>")),
            formalization=cases.formalization(told),
        )
    )
    state = await crm.formalization("case-a")
    assert state is not None
    await telephony.record_port(port(PortStatus.REQUESTED))
    await pool.execute(ADD_LETTER, cases.OPENED)
    await pool.execute(ADD_LINK, cases.RECEIVED, cases.ENDS)
    await pool.execute(ADD_ACCESS, cases.RECEIVED)
    warrant = cases.warrant(state)
    await billing.plan_end(
        BillingEndPlan(case_id="case-a", customer_id="1042", last_day=state.last_day, at=cases.RECEIVED)
    )
    await telephony.deactivate(Shutdown(warrant=warrant))
    await telephony.release(Shutdown(warrant=warrant))
    await billing.close(BillingClosure(warrant=warrant, last_day=state.last_day))
    await crm.record(
        cases.record(minutes=60 * 24 * 31, stage="closed", trail=(cases.entry(4),), outcome="closed")
    )
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
