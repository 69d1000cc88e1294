"""Erasing people's data when its term is over (LGPD): all of it, never before, and the proof stays."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import asyncpg
import pytest

from cancellation.adapters.postgres.crm import PostgresCrm
from cancellation.adapters.postgres.erasure import PostgresErasure
from cancellation.adapters.postgres.evidence import PostgresEvidence
from cancellation.adapters.postgres.migrate import migrate
from cancellation.adapters.postgres.pool import Pool, open_pool
from cancellation.adapters.postgres.roles import SCHEMAS, Role
from cancellation.adapters.postgres.watch import PostgresWatches
from cancellation.adapters.trailchain import ERASED
from cancellation.domain.policy import CancellationPolicy
from cancellation.dossier import bundle, parts, verificar
from cancellation.messages.erasure import Erased, ErasedKind
from cancellation.messages.evidence import Evidence
from cancellation.setting_groups import EraseSettings
from starters.cli.app import run
from tests.contract import cases, closed_case

Typed = Callable[..., tuple[int, str]]
REFUSED = asyncpg.RestrictViolationError
DOCUMENT = Path(__file__).parents[2] / "docs" / "dados-pessoais.md"
ENDED = cases.OPENED + timedelta(days=31)
TERM_OVER = ENDED + timedelta(days=1826)
CANARY = "zqcanario"
TERMS = CancellationPolicy().watch.model_dump_json()
PERSONAL = f"""
insert into crm.desk_acts (act_id, case_id, actor, kind, subject, words)
    values ('{CANARY}', 'case-a', '{CANARY}', 'note', '{CANARY}', '{CANARY}');
insert into crm.offers (case_id, offer_id, kind, description, status, actor, at)
    values ('case-a', 'o1', 'training', '{CANARY}', 'refused', '{CANARY}', now());
insert into crm.retention (case_id, outcome, reason_category, reason_text, decided_by, decided_at)
    values ('case-a', 'declined', 'price', '{CANARY}', '{CANARY}', now());
insert into crm.mail_decisions (message_id, original_sha256, case_id, customer_id, is_request, reason, decided_by,
        decided_at)
    values ('<{CANARY}>', '{closed_case.SHA256}', 'case-a', '1042', true, '{CANARY}', '{CANARY}', now());
insert into crm.mail_tasks (sha256, reported_as, customer_id, title, text, opened_at, closed_at, closed_by)
    values ('{closed_case.SHA256}', '<{CANARY}>', '1042', '{CANARY}', '{CANARY}', now(), now(), '{CANARY}');
insert into crm.tasks (case_id, key, team, title, text, ordered_at)
    values ('case-a', 'mail:<{CANARY}>', 'commercial', '{CANARY}', '{CANARY}', now());
insert into crm.trail (case_id, seq, at, actor, kind, detail, message_id, problems)
    values ('case-a', 5, now(), '{CANARY}', 'note', '{CANARY}', '{CANARY}',
        '[{{"field": "x", "problem": "{CANARY}"}}]');
insert into crm.billing_watches (case_id, terms) values ('case-a', '{TERMS}');
insert into crm.watch_acts (case_id, seq, look, at, actor, kind, key, detail, facts)
    select 'case-a', n, 1, now(), '{CANARY}', 'revived', 'revived:extension:{CANARY}' || n, '{CANARY}',
        '{{"reference": "{CANARY}"}}' from generate_series(1, 2) n;
update recordings.links set revoked_at = now();
insert into recordings.links (link_id, case_id, customer_id, ordinal, archive_path, download_name, files, size, sha256,
        token_hash, made_at, expires_at, left_out, left_out_count)
    values ('link-b', 'case-a', '1042', 2, 'x', 'gravacoes.zip', 3, 900, repeat('ab', 32), repeat('ce', 32), now(),
        now(), '{{{CANARY}}}', 1);
insert into recordings.removals (case_id, path, customer_id, kind, size, ordered_at, warrant_notice_ends_at)
    select case_id, 'recordings/1042/{CANARY}.wav', customer_id, 'recording', 1, notice_ends_at, notice_ends_at
    from crm.formalizations where case_id = 'case-a';
insert into telephony.platform_acts (case_id, customer_id, act, kind, platform_id, ordered_at, warrant_notice_ends_at)
    select case_id, customer_id, act, 'extension', '{CANARY}@acme', notice_ends_at, notice_ends_at
    from crm.formalizations, unnest('{{deactivate,release}}'::text[]) act where case_id = 'case-a';
insert into inbox.messages (id, sha256, message_id, content_sha256, reported_as, received_at, envelope, source, action,
        fate, customer_id, why, handled_at)
    values ('d4', '{closed_case.SHA256}', '<{CANARY}>', '{closed_case.SHA256}', '<{CANARY}>', '2026-11-23',
        '{{{CANARY}}}', '{CANARY}', 'report', 'task', '1042', '["{CANARY}"]', now());
update notification.outbox set last_error = '{CANARY}';
"""
"""Beside what the closed case holds anyway."""


class Line(NamedTuple):
    """A column as the document tells of it."""

    what: str
    term: str
    then: str


def told() -> dict[tuple[str, str], Line]:
    """Every column that the document names.

    Raises:
        AssertionError: one is named twice.
    """
    found: dict[tuple[str, str], Line] = {}
    for table, columns, what, term, then in re.findall(
        r"^\| `(\w+\.\w+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$",
        DOCUMENT.read_text(),
        re.MULTILINE,
    ):
        for column in columns.split(", "):
            assert (table, column) not in found, (table, column)
            found[table, column] = Line(what, term, then)
    return found


@pytest.fixture
async def whole(database: str) -> AsyncIterator[Pool]:
    """Customer 1042's case `case-a`, closed, with something in every column that is erased."""
    pool = await open_pool(database, max_size=2)
    await closed_case.put(pool)
    await pool.execute(PERSONAL)
    await pool.execute("update crm.customers set status = 'Cancelado'")
    yield pool
    await pool.close()


@pytest.fixture
async def records(database: str) -> AsyncIterator[PostgresErasure]:
    """As the command has them."""
    pool = await open_pool(database, max_size=1, role=Role.ERASE)
    yield PostgresErasure(pool)
    await pool.close()


async def erase_all(records: PostgresErasure, at: datetime = TERM_OVER) -> list[Erased]:
    return [
        await records.erase("1042", one, at, "encarregado")
        for one in await records.of("1042")
        if one.is_due(at)
    ]


async def columns(pool: Pool) -> set[tuple[str, str]]:
    rows = await pool.fetch(
        """
        select table_schema || '.' || table_name as name, column_name from information_schema.columns
        join information_schema.tables using (table_schema, table_name)
        where table_type = 'BASE TABLE' and table_schema = any($1)
        """,
        list(SCHEMAS),
    )
    return {(row["name"], row["column_name"]) for row in rows}


async def values(pool: Pool, table: str, column: str) -> set[str]:
    """What stands in a column, as text; of bytes their hexadecimal."""
    rows = await pool.fetch(
        f"select distinct {column}::text as value from {table} where {column} is not null"
    )
    return {row["value"] for row in rows} - {"", "[]", "{}", "\\x", ERASED}


async def everything(pool: Pool) -> str:
    """The whole database as text; bytes as hexadecimal and as what they say."""
    found = []
    for table in sorted({table for table, _ in await columns(pool)}):
        rows = await pool.fetch(f"select row_to_json(t)::text as row from {table} t")
        found += [row["row"] for row in rows]
    return "\n".join(found)


async def test_the_document_names_every_column_once(whole: Pool) -> None:
    assert set(told()) == await columns(whole)


async def test_what_the_document_calls_erased_or_removed_was_there_and_is_gone(
    whole: Pool, records: PostgresErasure
) -> None:
    personal = [place for place, line in told().items() if line.then != "fica"]
    before = {place: await values(whole, *place) for place in personal}
    # Nobody confirmed this formalization.
    assert [place for place in personal if not before[place]] == [("crm.formalizations", "confirmed_by")]
    await erase_all(records)
    kept = {place: before[place] & await values(whole, *place) for place in personal}
    allowed = {
        # Keys that name nobody, e-mail addresses of ours.
        ("crm.tasks", "key"): {"commercial"},
        ("crm.formalizations", "recipients"): before["crm.formalizations", "recipients"],
        # An e-mail of nobody that the closed case does not rest on.
        ("crm.originals", "sha256"): {closed_case.UNRELATED_SHA256},
    }
    surplus = {
        place: left - allowed.get(place, set()) for place, left in kept.items() if place[0] != "crm.originals"
    }
    assert not {place: left for place, left in surplus.items() if left and place[0] != "inbox.messages"}
    assert await values(whole, "crm.originals", "sha256") == {closed_case.UNRELATED_SHA256}
    assert await values(whole, "inbox.messages", "id") == {"d3"}


async def test_no_word_of_the_customer_is_left_and_the_chain_holds_X13(
    whole: Pool, records: PostgresErasure
) -> None:
    words = (
        CANARY,
        CANARY.encode().hex(),
        "Rita",
        "Caio",
        "rita@acme.com.br",
        "+5511999990000",
        "203.0.113.7",
        "Quero cancelar",
        "11222333000181",
        "Acme",
    )
    before = await everything(whole)
    assert [word for word in words if word not in before] == [CANARY.encode().hex()]
    intact = await PostgresCrm(whole).verify_trail("case-a")
    erased = await erase_all(records)
    after = await everything(whole)
    assert [word for word in words if word in after] == []
    check = await PostgresCrm(whole).verify_trail("case-a")
    assert check == intact.model_copy(update={"erased": 5})
    assert {one.of.kind for one in erased} == set(ErasedKind)
    assert {name for one in erased for name in one.deliveries} == {"d1", "d2", "d4"}


async def test_a_dossier_of_an_erased_case_still_holds_X13(whole: Pool, records: PostgresErasure) -> None:
    await erase_all(records)
    found = await PostgresEvidence(whole).of("case-a")
    assert found is not None
    made = parts.parts_of(found)
    files = bundle.files_of(made, bundle.manifest_of(made, parts.heading_of(found)), redacted=False)
    assert [one for one in verificar.check(files)[0] if one.state not in verificar.GOOD] == []


async def test_what_the_billing_watch_recorded_loses_its_words_and_its_chain_holds_X10_X13(
    whole: Pool, records: PostgresErasure
) -> None:
    def state(found: Evidence | None) -> dict[str, str]:
        assert found is not None
        made = parts.parts_of(found)
        files = bundle.files_of(made, bundle.manifest_of(made, parts.heading_of(found)), redacted=False)
        return {one.path: one.state for one in verificar.check(files)[0]}

    evidence = PostgresEvidence(whole)
    before = await evidence.of("case-a")
    assert state(before)[verificar.WATCH] == verificar.WHOLE
    await erase_all(records)
    after = await evidence.of("case-a")
    assert state(after)[verificar.WATCH] == verificar.WHOLE
    assert before is not None
    assert before.watch is not None
    assert after is not None
    assert after.watch is not None
    assert after.watch.head == before.watch.head
    assert [(act.kind, act.at, act.detail, act.salt) for act in after.watch.acts] == [
        ("revived", act.at, ERASED, None) for act in before.watch.acts
    ]


async def test_an_erased_case_is_watched_no_more_X10(
    database: str, whole: Pool, records: PostgresErasure
) -> None:
    pool = await open_pool(database, max_size=1, role=Role.WORKER)
    try:
        watches, terms = PostgresWatches(pool), CancellationPolicy().watch
        assert [case.case_id for case in await watches.watched(TERM_OVER, terms, None, 10)] == ["case-a"]
        await erase_all(records)
        assert await watches.watched(TERM_OVER, terms, None, 10) == []
    finally:
        await pool.close()


async def test_the_erasure_itself_is_on_record_and_a_second_one_leaves_no_second(
    whole: Pool, records: PostgresErasure
) -> None:
    first = await erase_all(records)
    again = await erase_all(records, TERM_OVER + timedelta(days=1))
    assert [one.rows for one in again] == [{}, {}, {}]
    rows = await whole.fetch(
        "select kind, case_id, term_days, at, actor, erased, xid from crm.erasures order by kind"
    )
    assert [(row["kind"], row["case_id"], row["term_days"]) for row in rows] == [
        ("accesses", "case-a", 183),
        ("case", "case-a", 1826),
        ("customer", None, 1826),
    ]
    assert {(row["at"], row["actor"], row["xid"]) for row in rows} == {(TERM_OVER, "encarregado", None)}
    assert rows[1]["erased"]["crm.trail"] == 5
    assert [one.rows for one in first] == [row["erased"] for row in rows]
    for typed in ("update crm.erasures set actor = 'x'", "delete from crm.erasures", "truncate crm.erasures"):
        with pytest.raises(REFUSED):
            await whole.execute(typed)


# ---------------------------------------------------------------------------------------- never before


@pytest.mark.parametrize(
    ("kind", "days", "passes"),
    [
        (ErasedKind.ACCESSES, 182, False),
        (ErasedKind.ACCESSES, 183, True),
        (ErasedKind.CASE, 1825, False),
        (ErasedKind.CASE, 1826, True),
        (ErasedKind.CUSTOMER, 1825, False),
        (ErasedKind.CUSTOMER, 1826, True),
    ],
)
async def test_nothing_is_erased_before_its_term_whoever_asks(
    whole: Pool, records: PostgresErasure, kind: ErasedKind, days: int, passes: bool
) -> None:
    at = ENDED + timedelta(days=days)
    [one] = [one for one in await records.of("1042") if one.kind is kind]
    assert one.is_due(at) is passes
    by_hand = (
        "insert into crm.erasures (customer_id, case_id, kind, term_days, at, actor)"
        " values ('1042', $1, $2, 0, $3, 'x')"
    )
    before = await everything(whole)
    if passes:
        await records.erase("1042", one, at, "x")
        assert await everything(whole) != before
        return
    with pytest.raises(REFUSED):
        await records.erase("1042", one, at, "x")
    with pytest.raises(REFUSED):
        await whole.execute(by_hand, one.case_id, kind.value, at)
    assert await everything(whole) == before


async def test_a_customer_with_an_open_case_or_who_stayed_keeps_name_and_contacts(
    whole: Pool, records: PostgresErasure
) -> None:
    await PostgresCrm(whole).open_case(cases.opening(case_id="case-b", opened_at=ENDED + timedelta(days=60)))
    found = {(one.kind, one.case_id): one.is_due(TERM_OVER) for one in await records.of("1042")}
    assert found == {
        (ErasedKind.ACCESSES, "case-a"): True,
        (ErasedKind.CASE, "case-a"): True,
        (ErasedKind.ACCESSES, "case-b"): False,
        (ErasedKind.CASE, "case-b"): False,
        (ErasedKind.CUSTOMER, None): False,
    }
    await PostgresCrm(whole).record(
        cases.record(case_id="case-b", minutes=60 * 24 * 100, stage="retained", outcome="retained")
    )
    await whole.execute("update crm.customers set status = 'Ativo'")
    far = TERM_OVER + timedelta(days=4000)
    assert [one.kind for one in await records.of("1042") if not one.is_due(far)] == [ErasedKind.CUSTOMER]
    assert await records.of("9999") == []


async def test_the_clock_of_the_database_counts_and_not_the_word_of_whoever_asks(
    database: str, whole: Pool, records: PostgresErasure
) -> None:
    await migrate(database, virtual_clock=False)
    try:
        [_, one, _] = await records.of("1042")
        with pytest.raises(asyncpg.ObjectNotInPrerequisiteStateError):
            await records.erase("1042", one, TERM_OVER, "x")
    finally:
        await migrate(database, virtual_clock=True)


async def test_the_terms_are_the_owners(database: str, whole: Pool, records: PostgresErasure) -> None:
    await migrate(database, erasure_terms=EraseSettings(case_days=10).terms)
    try:
        assert {one.kind: one.term_days for one in await records.of("1042")} == {
            "accesses": 183,
            "case": 10,
            "customer": 1826,
        }
    finally:
        await migrate(database, erasure_terms=EraseSettings().terms)


async def test_guards_hold_again_once_the_erasure_is_over_P20(whole: Pool, records: PostgresErasure) -> None:
    await erase_all(records)
    for typed in (
        "update crm.trail set salt = null",
        "update crm.trail set detail = 'x'",
        "delete from crm.trail",
        "update crm.watch_acts set salt = null",
        "update crm.watch_acts set detail = 'x'",
        "delete from crm.watch_acts",
        "delete from crm.originals",
        "update crm.cases set request = '{}'",
        "update notification.outbox set subject = 'x'",
    ):
        with pytest.raises(REFUSED):
            await whole.execute(typed)


async def test_while_one_is_erased_trail_and_watch_lose_their_words_and_nothing_else_P20_X10(
    whole: Pool,
) -> None:
    begin = (
        "insert into crm.erasures (customer_id, case_id, kind, term_days, at, actor)"
        " values ('1042', 'case-a', 'case', 0, $1, 'x')"
    )
    blank = "actor = '(apagado)', detail = '(apagado)', message_id = null, problems = '[]'"
    bare = "actor = '(apagado)', key = 'apagado-' || seq, detail = '(apagado)', facts = '{}'"
    for typed, refused in (
        (f"update crm.trail set {blank}, salt = null, kind = 'x'", REFUSED),
        (f"update crm.trail set {blank}", REFUSED),
        ("update crm.trail set detail = 'x', salt = null", asyncpg.CheckViolationError),
        ("delete from crm.trail", REFUSED),
        (f"update crm.watch_acts set {bare}, salt = null, kind = 'x'", REFUSED),
        (f"update crm.watch_acts set {bare}", REFUSED),
        ("update crm.watch_acts set detail = 'x', salt = null", asyncpg.CheckViolationError),
        ("delete from crm.watch_acts", REFUSED),
        ("update crm.cases set trail_seq = 0", REFUSED),
    ):
        async with whole.acquire() as connection:
            attempt = connection.transaction()
            await attempt.start()
            await connection.execute(begin, TERM_OVER)
            with pytest.raises(refused):
                await connection.execute(typed)
            await attempt.rollback()


async def test_an_e_mail_that_another_case_rests_on_stays(whole: Pool, records: PostgresErasure) -> None:
    """Somebody who is a contact of two customers sends one e-mail for both."""
    await cases.formalize(PostgresCrm(whole), "2001", "case-c", datetime(2026, 11, 20, tzinfo=UTC))
    await whole.execute(
        "insert into crm.mail_decisions"
        " (message_id, original_sha256, case_id, customer_id, is_request, decided_by, decided_at)"
        " values ('<outra>', $1, 'case-c', '2001', true, 'ana', now())",
        closed_case.SHA256,
    )
    await erase_all(records)
    assert await PostgresCrm(whole).original(closed_case.SHA256) == closed_case.RAW


# ---------------------------------------------------------------------------------------- the command


@pytest.fixture
def typed(
    database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Typed:
    """What the command says, and how it ends, where no Temporal answers."""
    monkeypatch.setenv("DATABASE_URL", database)
    monkeypatch.setenv("CANCELAMENTO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")

    def ask(*arguments: str) -> tuple[int, str]:
        capsys.readouterr()
        code = run(["erase", *arguments])
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    return ask


def test_the_command_refuses_before_the_term_and_says_from_when(whole: Pool, typed: Typed) -> None:
    code, said = typed("1042", "--at", ENDED.isoformat())
    assert code == 1
    assert "nada de 1042 pode ser apagado ainda" in said
    assert "os textos, e-mails e mensagens do caso CAN-20261122-" in said
    assert "a partir de 23/12/2031" in said
    assert "1.826 dias depois do fim" in said
    assert typed("7777") == (1, "cancelamento: nenhum caso encontrado do cliente 7777\n")


def test_the_command_says_what_goes_what_stays_and_what_has_not_answered(
    whole: Pool, typed: Typed, tmp_path: Path
) -> None:
    at = ("--at", TERM_OVER.isoformat())
    for name in ("archives/case-a/link-a.zip", "staging/case-a/1/0", "recordings/1042/2026-01-01/a.wav"):
        (tmp_path / "home" / "recordings" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "home" / "recordings" / name).write_bytes(b"...")
    code, said = typed("1042", *at, "--dry-run")
    assert (code, said.splitlines()[0]) == (0, "Seria apagado:")
    assert len(list((tmp_path / "home" / "recordings").rglob("*.*"))) == 2
    code, said = typed("1042", *at)
    assert code == 3
    assert said.splitlines()[0] == "Apagado:"
    assert "os textos, e-mails e mensagens do caso CAN-" in said
    assert "3 arquivos de gravações e cópias delas" in said
    assert "cobranças, créditos e a fatura final, com datas e valores (obrigação fiscal)" in said
    assert "o Temporal não respondeu" in said
    assert "repita o comando" in said
    assert [one for one in (tmp_path / "home" / "recordings").rglob("*") if one.is_file()] == []
    code, said = typed("1042", *at, "--json")
    assert code == 3
    told = json.JSONDecoder().raw_decode(said)[0]
    assert [one["what"] for one in told["erased"]] == ["accesses", "case", "customer"]
    assert all(one["erased_before"] for one in told["erased"])


async def test_an_instant_is_said_only_where_time_is_skipped(
    database: str, whole: Pool, typed: Typed
) -> None:
    await migrate(database, virtual_clock=False)
    try:
        code, said = await asyncio.to_thread(typed, "1042", "--at", TERM_OVER.isoformat())
        assert (code, "--at é só para um banco em que o tempo é saltado" in said) == (2, True)
    finally:
        await migrate(database, virtual_clock=True)
