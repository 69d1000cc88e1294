"""What the monitor tells Prometheus: bounded labels, no personal data, and what does not answer is said."""

import asyncio
import datetime
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path

import pytest
import trustme
from aiosmtpd.controller import Controller
from prometheus_client.parser import text_string_to_metric_families

from cancellation.adapters.postgres.gauges import BOUNDS, Gauges, Waiting
from cancellation.settings import Settings
from embedded.ports import free_port
from starters.monitor.certificates import Certificates, certificates_of
from starters.monitor.engine import QUEUES, Engine, Queue
from starters.monitor.serving import Monitor

DOCUMENT = (Path(__file__).parents[3] / "docs" / "metricas.md").read_text()
GAUGES = Gauges(
    open_cases={"notice": Waiting(2, 60.0)},
    opened={"phone": 3},
    ended={"closed": 1},
    late_ends=0,
    undecided_mails={"case": Waiting(1, 5.0)},
    troubles={"close_billing": Waiting(1, 9.0), "rita@acme.com.br": Waiting(2, 30.0), "x" * 61: Waiting(1, 40.0)},
    letters={("customer", "sent"): 4, ("customer", "pending"): 1},
    waiting_letters={"customer": Waiting(1, 7.0)},
    told_within=(1,) * len(BOUNDS),
    told=2,
    told_seconds=90_000.0,
    mails={("accept", "reported"): 1},
    unhandled_mails=Waiting(1, 3.0),
    formalizations={"formalized": 1},
    watch_acts={"voided": 4, "repay": 1, "revived": 2},
    findings={"link_left": 2},
    reconciled_ago=60.0,
    database_bytes=9,
    connections=5,
    most_connections=60,
)  # fmt: skip
ENGINE = Engine(dict.fromkeys(QUEUES, Queue(3, 0, 0.0)), running=2, wedged=1)
NO_CERTIFICATES = Certificates({})


async def silent() -> None:
    raise ConnectionRefusedError


def monitor(
    *, database: bool = True, temporal: bool = True, certificates: Certificates = NO_CERTIFICATES
) -> Monitor:
    async def records() -> Gauges:
        if not database:
            await silent()
        return GAUGES

    async def engine() -> Engine:
        if not temporal:
            await silent()
        return ENGINE

    return Monitor(
        records=records, engine=engine, certificates=certificates, volumes=[Path("/"), Path("/none")]
    )


async def told(asked: Monitor) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Every sample of a scrape."""
    page = (await asked.page()).body.decode()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


async def test_what_is_counted_is_told_and_what_there_is_none_of_is_nought() -> None:
    found = await told(monitor())

    def value(name: str, **labels: str) -> float:
        return found[name, frozenset(labels.items())]

    assert value("cancelamento_cases", stage="notice") == 2
    assert value("cancelamento_cases", stage="closing") == 0
    assert value("cancelamento_letters_total", audience="customer", result="sent") == 4
    assert value("cancelamento_outbox_letters", audience="customer") == 1
    assert value("cancelamento_commercial_told_seconds_bucket", le="60.0") == 1
    assert value("cancelamento_commercial_told_seconds_count") == 2
    assert value("cancelamento_wedged_executions") == 1
    undue = [value("cancelamento_undue_charges_total", done=done) for done in ("voided", "repay", "review")]
    assert undue == [4, 1, 0]
    assert value("cancelamento_revived_resources_total") == 2
    assert value("cancelamento_findings", rule="link_left") == 2
    assert value("cancelamento_findings", rule="stage_differs") == 0
    assert value("cancelamento_reconciled_seconds") == 60
    assert value("cancelamento_queue_pollers", queue="cancellations", kind="workflow") == 3
    assert value("cancelamento_answers", need="database") == 1
    assert 0 < value("cancelamento_disk_free_bytes", volume="") <= value("cancelamento_disk_bytes", volume="")


async def test_a_label_has_no_value_that_is_not_expected_there() -> None:
    found = await told(monitor())
    works = {
        dict(labels)["work"]: value for (name, labels), value in found.items() if name.endswith("stuck_work")
    }
    assert works == {"close_billing": 1, "other": 3}
    values = {value for _, labels in found for _, value in labels}
    assert not {value for value in values if not re.fullmatch(r"[a-z_:.0-9-]*|\+Inf|.*pytest.*|/", value)}
    assert "@" not in "".join(values)


@pytest.mark.parametrize(
    ("away", "lost"), [("database", "cancelamento_cases"), ("temporal", "cancelamento_executions")]
)
async def test_a_server_that_is_away_is_told_and_nothing_stale_stands_for_it(away: str, lost: str) -> None:
    found = await told(monitor(database=away != "database", temporal=away != "temporal"))
    answers = {
        dict(labels)["need"]: value
        for (name, labels), value in found.items()
        if name == "cancelamento_answers"
    }
    assert answers == {"database": 1, "temporal": 1, away: 0}
    names = {name for name, _ in found}
    assert lost not in names
    assert {"cancelamento_cases", "cancelamento_executions"} - {lost} <= names


async def test_every_metric_stands_in_the_document_and_nothing_else_does() -> None:
    names = {re.sub(r"_(bucket|count|sum)$", "", name) for name, _ in await told(monitor())}
    ours = {name for name in names if name.startswith("cancelamento_")}
    rows = re.findall(r"^\| `(cancelamento_\w+)` \|[^|]*\|[^|]*\| (.+) \|$", DOCUMENT, re.MULTILINE)
    assert ours <= {name for name, _ in rows}
    elsewhere = {name for name, of in rows if "monitor" not in of}
    assert {name for name, _ in rows} - ours - elsewhere == {
        "cancelamento_certificate_expires_timestamp_seconds", "cancelamento_certificate_seen"
    } - ours  # fmt: skip


# ---------------------------------------------------------------------------------------- certificates

ENDS = datetime.datetime(2031, 5, 6, 7, 8, 9, tzinfo=datetime.UTC)
AUTHORITY = trustme.CA()


def certificate(folder: Path, ends: datetime.datetime = ENDS) -> tuple[Path, ssl.SSLContext]:
    issued = AUTHORITY.issue_cert("127.0.0.1", "localhost", not_after=ends)
    file = folder / "chain.pem"
    issued.cert_chain_pems[0].write_to_path(file)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    issued.configure_cert(context)
    return file, context


@asynccontextmanager
async def tls_server(context: ssl.SSLContext) -> AsyncIterator[int]:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_certificates_are_seen_on_pages_on_the_mail_server_and_in_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, context = certificate(tmp_path)
    mail = Controller(object(), hostname="127.0.0.1", port=free_port(), tls_context=context)
    mail.start()
    try:
        async with tls_server(context) as port:
            for name, value in {
                "CANCELAMENTO_GATEWAY_PUBLIC_URL": f"https://localhost:{port}",
                "CANCELAMENTO_DESK_PUBLIC_URL": "http://localhost:1",
                "CANCELAMENTO_SMTP_HOST": "127.0.0.1",
                "CANCELAMENTO_SMTP_PORT": str(mail.port),
                "CANCELAMENTO_SMTP_SECURITY": "starttls",
                "CANCELAMENTO_INBOX_LISTENER_TLS_CERT": str(file),
                "CANCELAMENTO_MONITOR_CERTIFICATES": f"127.0.0.1:{port}, {file}, 127.0.0.1:1",
            }.items():
                monkeypatch.setenv(name, value)
            found = await certificates_of(Settings()).expiries()
    finally:
        mail.stop()
    seen = ENDS.timestamp()
    assert found == {
        "gateway": seen,
        "smtp": seen,
        "listener": seen,
        f"127.0.0.1:{port}": seen,
        str(file): seen,
        "127.0.0.1:1": None,
    }


@pytest.mark.parametrize(
    ("how", "speaks", "seen"),
    [
        ("verify-full", True, {"database": ENDS.timestamp()}),
        ("require", True, {"database": ENDS.timestamp()}),
        ("verify-full", False, {"database": None}),
        ("prefer", True, {}),
    ],
)
async def test_the_databases_certificate_is_seen_where_its_connections_are_to_be_encrypted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str, speaks: bool, seen: dict[str, float | None]
) -> None:
    _, context = certificate(tmp_path)

    async def postgres(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readexactly(8) == b"\x00\x00\x00\x08\x04\xd2\x16\x2f"
        writer.write(b"S" if speaks else b"N")
        if speaks:
            with suppress(OSError):  # Whoever has seen it hangs up.
                await writer.start_tls(context)
        writer.close()

    server = await asyncio.start_server(postgres, "127.0.0.1", 0)
    async with server:
        monkeypatch.setenv("CANCELAMENTO_DATABASE_HOST", "127.0.0.1")
        monkeypatch.setenv("CANCELAMENTO_DATABASE_PORT", str(server.sockets[0].getsockname()[1]))
        monkeypatch.setenv("CANCELAMENTO_DATABASE_SSL", how)
        assert await certificates_of(Settings()).expiries() == seen


async def test_one_that_has_expired_is_seen_and_told(tmp_path: Path) -> None:
    ended = datetime.datetime(2001, 1, 1, tzinfo=datetime.UTC)
    file, _ = certificate(tmp_path, ended)
    looks = {"a": partial(asyncio.to_thread, file.read_bytes)}
    found = await told(monitor(certificates=Certificates(looks)))
    assert (
        found["cancelamento_certificate_expires_timestamp_seconds", frozenset({("of", "a")})]
        == ended.timestamp()
    )
    assert found["cancelamento_certificate_seen", frozenset({("of", "a")})] == 1


async def test_a_certificate_is_looked_at_now_and_then_and_one_that_was_not_seen_sooner() -> None:
    clock, looks = [0.0], 0

    async def look() -> bytes:
        nonlocal looks
        looks += 1
        raise ConnectionRefusedError

    certificates = Certificates({"a": look}, clock=lambda: clock[0])
    for clock[0], expected in ((0.0, 1), (59.0, 1), (61.0, 2)):
        assert await certificates.expiries() == {"a": None}
        assert looks == expected
