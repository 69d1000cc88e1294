"""What the monitor counts, on real rows and with the rights of its role alone."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from cancellation.adapters.postgres.gauges import BOUNDS, Gauges, PostgresGauges, Waiting
from cancellation.adapters.postgres.pool import open_pool
from cancellation.adapters.postgres.roles import Role

CASES = """
insert into crm.cases (case_id, customer_id, workflow_id, protocol, stage, opened_at, request, changed_at, outcome,
    ended_at)
select id, id, id, id, stage, now() - age, '{"channel": "phone"}', now() - age, outcome,
    case when outcome is not null then now() end
from (values
    ('a', 'retention', interval '3 days', null),
    ('b', 'retention', interval '1 hour', null),
    ('c', 'notice', interval '40 days', null),
    ('d', 'closed', interval '50 days', 'closed')
) as one (id, stage, age, outcome)
"""
NOTICE = """
insert into crm.formalizations (case_id, customer_id, message_id, sender, recipients, received_at, subject,
    explicit_request, reason, authentication, confirmed_by, mails, required_mailboxes, notice_days, clause, starts_at,
    received_on, last_day, end_offset_minutes, notice_ends_at)
select 'c', 'c', '<m>', 'x@y', '{f@n,c@n}', now() - interval '35 days', 's', true, 'r', 'pass', null,
    '[{"message_id": "<m>", "authentication": "pass"}]', '{f@n,c@n}', 30, '8.2', now() - interval '35 days',
    (now() - interval '35 days')::date, (now() - interval '5 days')::date, -180,
    ((now() - interval '5 days')::date + 1)::timestamp at time zone 'UTC' + interval '3 hours'
"""
TASKS = """
insert into crm.tasks (case_id, key, team, title, text, ordered_at, closed_at)
select case_id, key, 'support', 't', 't', now() - age, case when closed then now() end
from (values
    ('a', 'mail:<seen>', interval '1 minute', false),
    ('a', 'mail:<decided>', interval '9 days', true),
    ('c', 'confirm_notice', interval '1 minute', false),
    ('c', 'attention:close_billing', interval '2 hours', false),
    ('c', 'attention:send_letter:customer', interval '3 hours', false),
    ('b', 'silence', interval '1 day', false)
) as one (case_id, key, age, closed)
"""
LETTERS = """
insert into notification.outbox (key, case_id, kind, audience, message_id, subject, content, content_is_whole,
    written_at, status, settled_at)
select key, case_id, kind, audience, key, 's', '', true, now() - interval '2 hours', status,
    (select opened_at from crm.cases c where c.case_id = one.case_id) + settled
from (values
    ('1', 'a', 'request_to_commercial', 'commercial', 'sent', interval '4 minutes'),
    ('2', 'b', 'request_to_commercial', 'commercial', 'sent', interval '2 seconds'),
    ('3', 'a', 'script', 'customer', 'refused', interval '1 day'),
    ('4', 'a', 'script', 'customer', 'pending', null)
) as one (key, case_id, kind, audience, status, settled)
"""
MAILS = """
with kept as (
    insert into crm.originals (sha256, raw, kept_at)
    select encode(sha256(raw), 'hex'), raw, now() from unnest('{one,two}'::bytea[]) raw returning sha256
)
insert into inbox.messages (id, sha256, message_id, content_sha256, reported_as, received_at, envelope, source,
    registered_at, action, fate, handled_at)
select sha256, sha256, '<seen>', sha256, '<seen>', now() - interval '3 days', '{}', 's', now() - interval '1 hour',
    case when handled then 'triage' end, case when handled then 'undecided' end, case when handled then now() end
from (select sha256, row_number() over (order by sha256) = 1 as handled from kept) one
"""
MAIL_TASK = """
insert into crm.mail_tasks (sha256, reported_as, title, text, opened_at, quiet)
select sha256, sha256, 't', 't', now() - interval '6 hours', row_number() over (order by sha256) = 1
from crm.originals where raw in ('one', 'two')
"""
TRAIL = """
insert into crm.trail (case_id, seq, at, actor, kind, detail)
select 'c', place, now(), 'sistema', kind, 'd'
from unnest('{request_received,formalization_incomplete,formalization_incomplete,formalized}'::text[])
    with ordinality as one (kind, place) order by place
"""

WATCHES = "insert into crm.billing_watches (case_id, terms) values ('d', '{\"cycles\": 2}')"
ACTS = """
insert into crm.watch_acts (case_id, seq, look, at, actor, kind, key, detail, facts)
select 'd', place, 1, now(), 'x', kind, place::text, 'd', '{}'
from unnest('{voided,voided,repay,told,revived,no_debt}'::text[]) with ordinality as one (kind, place)
order by one.place
"""
FINDINGS = """
insert into reconciliation.findings (rule, subject, crm, other, first_seen, last_seen, resolved_at)
values ('link_left', 'a', '{}', '{}', now(), now(), null), ('link_left', 'b', '{}', '{}', now(), now(), null),
    ('task_left', 'a', '{}', '{}', now(), now(), now())
"""
RUNS = """
insert into reconciliation.runs (run_at, executions_at)
select now() - age, now() from unnest('{2 hours,26 hours}'::interval[]) age
"""


@pytest.fixture
async def read(database: str) -> AsyncIterator[PostgresGauges]:
    pool = await open_pool(database, max_size=1, role=Role.MONITOR)
    yield PostgresGauges(pool)
    await pool.close()


async def fill(database: str) -> None:
    owner = await asyncpg.connect(database)
    for statement in (CASES, NOTICE, TASKS, LETTERS, MAILS, MAIL_TASK, TRAIL, WATCHES, ACTS, FINDINGS, RUNS):
        await owner.execute(statement)
    await owner.close()


def ages(waiting: dict[str, Waiting]) -> dict[str, tuple[int, int]]:
    """How many, and how old in whole minutes."""
    return {name: (one.count, round(one.oldest / 60)) for name, one in waiting.items()}


async def test_an_empty_database_has_nothing_to_count(read: PostgresGauges) -> None:
    found = await read.read()
    nothing = Waiting(0, 0.0)
    assert found.undecided_mails == {"case": nothing, "none": nothing}
    assert found.unhandled_mails == nothing
    assert not any((found.open_cases, found.letters, found.troubles, found.mails, found.formalizations))
    assert (found.told, found.told_seconds, tuple(found.told_within)) == (0, 0.0, (0,) * len(BOUNDS))
    assert (found.watch_acts, found.findings, found.reconciled_ago) == ({}, {}, None)
    assert found.database_bytes > 1_000_000
    assert 0 < found.connections < found.most_connections


async def test_everything_is_counted_once_and_the_oldest_tells_its_age(
    read: PostgresGauges, database: str
) -> None:
    await fill(database)
    found: Gauges = await read.read()
    assert ages(dict(found.open_cases)) == {"retention": (2, 3 * 1440), "notice": (1, 40 * 1440)}
    assert (found.opened, found.ended) == ({"phone": 4}, {"closed": 1})
    assert found.late_ends == 1
    # Since the e-mail came, and not since the task about it was last written anew (X15).
    assert ages(dict(found.undecided_mails)) == {"case": (2, 35 * 1440), "none": (1, 360)}
    assert ages(dict(found.troubles)) == {
        "close_billing": (1, 120),
        "send_letter:customer": (1, 180),
        "silence": (1, 1440),
    }
    assert found.letters == {
        ("commercial", "sent"): 2,
        ("customer", "refused"): 1,
        ("customer", "pending"): 1,
    }
    assert ages(dict(found.waiting_letters)) == {"customer": (1, 120)}
    assert (found.told, round(found.told_seconds), tuple(found.told_within)) == (2, 242, (1, 2, 2, 2, 2, 2))
    assert found.mails == {("triage", "undecided"): 1}
    assert (found.unhandled_mails.count, round(found.unhandled_mails.oldest / 60)) == (1, 60)
    assert found.formalizations == {"formalization_incomplete": 2, "formalized": 1}
    assert found.watch_acts == {"voided": 2, "repay": 1, "revived": 1}
    assert found.findings == {"link_left": 2}
    assert found.reconciled_ago is not None
    assert round(found.reconciled_ago / 60) == 120
