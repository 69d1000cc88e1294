"""Customers by the thousand with nothing wrong, and for every rule of reconciliation one thing that is (X11)."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cancellation.adapters.postgres.pool import Pool
from cancellation.domain.findings import Rule

NOW: Final = datetime(2027, 3, 1, 12, tzinfo=UTC)
"""When the run begins."""

CLEAN: Final = Path(__file__).parents[2] / "benchmarks" / "clean_customers.sql"

_LOST: Final = b"Message-ID: <lost@c>"
# Customers of one stage are ten apart: retention 0, formalization 1, notice 2, closing 3, closed 4, retained 5,
# withdrawn 6, lapsed 7, discarded 8, without a case 9.

MESS: Final[Mapping[Rule, tuple[str, str]]] = {
    Rule.CASE_WITHOUT_EXECUTION: (
        "case-10",
        "delete from reconciliation.executions where workflow_id = 'cancellation-c10'",
    ),
    Rule.EXECUTION_WITHOUT_CASE: (
        "cancellation-c15",
        "insert into reconciliation.executions (workflow_id, run_id, workflow_type, started_at, seen_at, wedged, "
        "stage) values ('cancellation-c15', 'r', 'Cancellation', '2027-02-01Z', '2027-03-01 12:00Z', false, 'notice')",
    ),
    Rule.EXECUTION_WEDGED: (
        "cancellation-c20",
        "update reconciliation.executions set wedged = true, stage = null, trail_entries = null, trail_recorded = null "
        "where workflow_id = 'cancellation-c20'",
    ),
    Rule.STAGE_DIFFERS: (
        "case-30",
        "update reconciliation.executions set stage = 'awaiting_formalization' where workflow_id = 'cancellation-c30'",
    ),
    Rule.TRAIL_BEHIND: ("case-40", "update crm.cases set trail_seq = 7 where case_id = 'case-40'"),
    Rule.TRAIL_AHEAD: (
        "case-50",
        "update reconciliation.executions set trail_entries = 9, trail_recorded = 9 "
        "where workflow_id = 'cancellation-c50'",
    ),
    Rule.TASK_DIFFERS: (
        "case-12",
        "update crm.tasks set due_on = due_on + 1 where case_id = 'case-12' and key = 'd30'",
    ),
    Rule.TIMER_MISSED: (
        "cancellation-c22",
        "update crm.formalizations set received_at = received_at - interval '30 days', starts_at = starts_at "
        "- interval '30 days', received_on = received_on - 30, last_day = last_day - 30, "
        "notice_ends_at = notice_ends_at - interval '30 days' where case_id = 'case-22'; "
        "update crm.tasks set due_on = due_on - 30 where case_id = 'case-22'; "
        "update recordings.links set revoked_at = made_at where case_id = 'case-22'; "
        "update reconciliation.executions set notice_ends_at = notice_ends_at - interval '30 days' "
        "where workflow_id = 'cancellation-c22'",
    ),
    Rule.TASK_LEFT: ("case-16:d30", "update crm.tasks set closed_at = null where case_id = 'case-16'"),
    Rule.STATUS_UNEXPLAINED: (
        "c25",
        "update crm.customers set status = 'Em retenção' where customer_id = 'c25'",
    ),
    Rule.BILLING_END_LEFT: (
        "case-26",
        "update billing.end_plans set state = 'planned' where case_id = 'case-26'",
    ),
    Rule.LINK_LEFT: ("link-36", "update recordings.links set revoked_at = null where link_id = 'link-36'"),
    Rule.EXPORT_WITHOUT_CASE: (
        "link-x",
        "insert into recordings.links select 'link-x', 'case-x', 'c35', 1, 'x', 'x.zip', 1, 1, sha256, "
        "repeat('ef', 32), made_at, expires_at, made_at from recordings.links where link_id = 'link-32'",
    ),
    Rule.LETTER_NOT_SENT: (
        "case-60:script:customer:",
        "update notification.outbox set status = 'pending', settled_at = null, last_attempt_at = '2027-03-01 11:55Z' "
        "where case_id = 'case-60'",
    ),
    Rule.MAIL_NOT_HANDLED: (
        "mail-42",
        "update inbox.messages set fate = null, action = null, handled_at = null where id = 'mail-42'",
    ),
    Rule.MAIL_UNDECIDED: (
        "case-21:mail:1",
        "insert into crm.tasks (case_id, key, team, title, text, ordered_at) "
        "values ('case-21', 'mail:1', 'commercial', 'Decidir', '', '2027-02-20Z')",
    ),
    Rule.NUMBER_WITHOUT_HOLD: (
        "c13:+551130000013",
        "insert into telephony.portability (case_id, customer_id, number, status, at) "
        "values ('case-13', 'c13', '+551130000013', 'rejected', '2027-02-28Z')",
    ),
}
"""By rule: what is found, and what brings it about among the clean customers."""

MORE: Final[tuple[tuple[Rule, str, str], ...]] = (
    (
        Rule.TASK_DIFFERS,
        "case-32",
        "update crm.tasks set closed_at = ordered_at where case_id = 'case-32' and key = 'd30'",
    ),
    (
        Rule.TASK_DIFFERS,
        "case-52",
        "update crm.tasks set key = 'gone' where case_id = 'case-52' and key = 'd30'",
    ),
    (
        Rule.BILLING_END_LEFT,
        "case-y",
        "insert into billing.end_plans values ('case-y', 'c45', '2027-03-20', '2027-02-20Z')",
    ),
    (
        Rule.LINK_LEFT,
        "link-62",
        "update recordings.links set expires_at = expires_at + interval '1 day' where link_id = 'link-62'",
    ),
    (
        Rule.MAIL_NOT_HANDLED,
        "mail-77",
        "insert into reconciliation.executions (workflow_id, run_id, workflow_type, started_at, seen_at, wedged) "
        "values ('mail-77', 'r', 'IncomingMail', '2027-02-01Z', '2027-03-01 12:00Z', false)",
    ),
    (
        Rule.MAIL_NOT_HANDLED,
        f"original:{hashlib.sha256(_LOST).hexdigest()}",
        f"insert into crm.originals values ('{hashlib.sha256(_LOST).hexdigest()}', '{_LOST.decode()}', '2027-02-01Z')",
    ),
    (
        Rule.NUMBER_WITHOUT_HOLD,
        "c14:+551130000014",
        "update telephony.numbers set released_at = null where customer_id = 'c14'",
    ),
    (
        Rule.STATUS_UNEXPLAINED,
        "c19",
        "update crm.customers set status = 'Cancelado' where customer_id = 'c19'",
    ),
)


async def clean(pool: Pool, first: int, last: int, now: datetime = NOW) -> None:
    """Customers `c<first>` to `c<last>` in every stage, with everything in order, and the executions of this run."""
    statements = CLEAN.read_text().replace(":now", f"'{now.isoformat()}'::timestamptz")
    await spoil(pool, statements.replace(":first", str(first)).replace(":last", str(last)))


async def spoil(pool: Pool, statement: str) -> None:
    """Bring about what nothing of ours would."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("set local session_replication_role = replica")
        await connection.execute(statement)
