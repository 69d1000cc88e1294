"""Formalizations typed by hand: what PostgreSQL refuses to anybody, whatever program or person asks (P19, X20, X23)."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from cancellation.adapters.postgres.crm import PostgresCrm
from cancellation.adapters.postgres.crm_records import write
from cancellation.adapters.postgres.pool import Pool
from cancellation.domain.notice import notice_from
from cancellation.domain.policy import CancellationPolicy
from tests.contract import cases
from tests.contract.guarded import until_somebody_waits

REFUSED = asyncpg.IntegrityConstraintViolationError
ENDS = "2026-12-23T03:00:00Z"


@pytest.mark.parametrize(
    "typed",
    [
        f"update crm.formalizations set notice_ends_at = '{ENDS}'::timestamptz - interval '1 day'",
        "update crm.formalizations set received_at = received_at - interval '20 days',"
        " starts_at = starts_at - interval '20 days', last_day = last_day - 20,"
        " notice_ends_at = notice_ends_at - interval '20 days'",
        "update crm.formalizations set notice_days = 1, last_day = last_day - 29,"
        " notice_ends_at = notice_ends_at - interval '29 days'",
        "update crm.formalizations set customer_id = '2001' where case_id = 'case-a'",
        "update crm.formalizations set case_id = 'case-c' where case_id = 'case-a'",
        "update crm.formalizations set reason = 'outro'",
        "update crm.formalizations set required_mailboxes = '{}'",
        "update crm.formalizations set in_force = false",
        "delete from crm.formalizations",
        "truncate crm.formalizations cascade",
        "update crm.cases set outcome = 'discarded', ended_at = now()",
        "update crm.cases set customer_id = '2001' where case_id = 'case-a'",
        "delete from crm.cases",
        "truncate crm.cases cascade",
    ],
)
async def test_a_formalization_is_never_edited_P19(refusing: Pool, typed: str) -> None:
    before = await refusing.fetch("select * from crm.formalizations order by case_id")
    with pytest.raises(REFUSED):
        await refusing.execute(typed)
    assert await refusing.fetch("select * from crm.formalizations order by case_id") == before


async def test_a_revoked_formalization_never_comes_back_P19(formalized: Pool) -> None:
    revoke = "update crm.formalizations set in_force = {0}, revoked_at = {1} where case_id = 'case-a'"
    await formalized.execute(revoke.format("false", "now()"))
    with pytest.raises(REFUSED):
        await formalized.execute(revoke.format("true", "null"))


COPY = """
    insert into crm.formalizations select (f).* from (
        select jsonb_populate_record(r, $1) as f from crm.formalizations r where case_id = 'case-a'
    ) as edited
"""


async def test_a_formalization_needs_an_open_case_of_its_customer_P19(formalized: Pool) -> None:
    await PostgresCrm(formalized).open_case(cases.opening("3003", "case-c"))
    for changes in (
        {"case_id": "case-x"},
        {"case_id": "case-c"},
        {"case_id": "case-c", "customer_id": "2001"},
    ):
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            await formalized.execute(COPY, changes)
    await formalized.execute(COPY, {"case_id": "case-c", "customer_id": "3003"})
    await PostgresCrm(formalized).open_case(cases.opening("4004", "case-d"))
    await formalized.execute(
        "update crm.cases set outcome = 'lapsed', ended_at = now() where case_id = 'case-d'"
    )
    with pytest.raises(REFUSED):
        await formalized.execute(COPY, {"case_id": "case-d", "customer_id": "4004"})


@pytest.mark.parametrize(
    "mails",
    [
        [{"authentication": "pass"}],
        [{"authentication": "pass", "received_at": None}],
        [{"authentication": "pass", "received_at": "2026-11-23T02:30:00Z"}],
        [{"authentication": "pass", "received_at": "2026-11-23T02:30:00"}],
        [
            {"authentication": "pass", "received_at": "2026-11-22T23:30:00-03:00"},
            {"authentication": "pass", "received_at": "2026-12-01T00:00:00Z"},
        ],
    ],
    ids=repr,
)
async def test_a_formalization_typed_by_hand_counts_no_mail_of_an_earlier_case_X20(
    formalized: Pool, mails: object
) -> None:
    await formalized.execute(
        "insert into crm.cases (case_id, customer_id, workflow_id, protocol, stage, opened_at, request, changed_at,"
        " outcome, ended_at) values ('case-c', '3003', 'w', 'p-1', 'lapsed', $1, '{}', $1, 'lapsed',"
        " $1::timestamptz + interval '1 minute')",
        cases.RECEIVED,
    )
    await formalized.execute(
        "insert into crm.cases (case_id, customer_id, workflow_id, protocol, stage, opened_at, request, changed_at,"
        " mails_count_after) values ('case-d', '3003', 'w', 'p-2', 'retention',"
        " $1::timestamptz + interval '1 minute', '{}', $1, null)",
        cases.RECEIVED,
    )
    mine = {"case_id": "case-d", "customer_id": "3003"}
    later = {
        "received_at": "2026-11-24T02:30:00Z",
        "starts_at": "2026-11-24T02:30:00Z",
        "received_on": "2026-11-23",
        "last_day": "2026-12-23",
        "notice_ends_at": "2026-12-24T03:00:00Z",
    }
    with pytest.raises(REFUSED):
        await formalized.execute(COPY, mine | later | {"mails": mails})
    with pytest.raises(REFUSED):
        await formalized.execute("update crm.cases set mails_count_after = null where case_id = 'case-d'")
    good = [{"authentication": "pass", "received_at": "2026-11-23T23:30:00-03:00"}]
    with pytest.raises(REFUSED):
        await formalized.execute(COPY, mine | {"mails": good})
    await formalized.execute(COPY, mine | later | {"mails": good})


async def test_a_case_waits_for_an_earlier_one_that_is_just_ending_X20(formalized: Pool) -> None:
    crm = PostgresCrm(formalized)
    async with formalized.acquire() as connection:
        async with connection.transaction():
            await connection.execute(
                "update crm.formalizations set in_force = false, revoked_at = now() where case_id = 'case-a'"
            )
            await connection.execute(
                "update crm.cases set outcome = 'withdrawn', ended_at = $1 where case_id = 'case-a'",
                cases.RECEIVED,
            )
            later = cases.opening(case_id="case-c", opened_at=cases.RECEIVED, workflow_id="another")
            following = asyncio.ensure_future(crm.open_case(later))
            await until_somebody_waits(formalized)
        assert (await following).mails_count_after == cases.RECEIVED - timedelta(minutes=1)


@pytest.mark.parametrize(
    "changes",
    [
        {"explicit_request": False},
        {"reason": " \n\t"},
        {"recipients": ["financeiro@nuvemjti.com.br"]},
        {"recipients": []},
        {"required_mailboxes": []},
        {"required_mailboxes": [None]},
        {"authentication": "fail"},
        {"authentication": "none"},
        {"authentication": "perhaps", "confirmed_by": "Bia"},
        {"authentication": "fail", "confirmed_by": " "},
        {"mails": []},
        {"mails": {}},
        {"mails": [{}]},
        {"mails": [{"authentication": None, "confirmed_by": None}]},
        {"mails": [{"authentication": "pass"}, {"authentication": "fail", "confirmed_by": ""}]},
        {"mails": [{"authentication": ["fail", "pass"]}]},
        {"starts_at": "2026-11-20T00:00:00Z"},
        {"last_day": "2026-12-21"},
        {"notice_ends_at": "2026-12-22T03:00:00Z"},
        {"notice_ends_at": "2026-12-23T00:00:00Z"},
        {"notice_days": -1, "last_day": "2026-11-21", "notice_ends_at": "2026-11-22T03:00:00Z"},
        {"notice_days": -400, "last_day": "2025-10-18", "notice_ends_at": "2025-10-19T03:00:00Z"},
        {"received_on": "2026-11-21", "last_day": "2026-12-21", "notice_ends_at": "2026-12-22T03:00:00Z"},
        {"received_on": "2026-11-23"},
        {"received_on": "-infinity", "last_day": "-infinity", "notice_ends_at": "-infinity"},
        {"end_offset_minutes": 0},
        {"end_offset_minutes": 841, "notice_ends_at": "2026-12-22T09:59:00Z"},
        {"notice_days": 0, "last_day": "2026-11-22"}
        | {"end_offset_minutes": 0, "notice_ends_at": "2026-11-23T00:00:00Z"},
        {"in_force": False},
        *({name: None} for name in ("explicit_request", "reason", "recipients", "required_mailboxes")),
        *({name: None} for name in ("authentication", "mails", "received_at", "starts_at", "last_day")),
        *({name: None} for name in ("notice_days", "notice_ends_at", "in_force", "customer_id", "sender")),
        *({name: None} for name in ("received_on", "end_offset_minutes")),
    ],
    ids=repr,
)
async def test_an_incomplete_formalization_typed_by_hand_is_refused_P19(
    refusing: Pool, changes: dict[str, object]
) -> None:
    await PostgresCrm(refusing).open_case(cases.opening("3003", "case-c"))
    with pytest.raises(REFUSED):
        await refusing.execute(COPY, {"case_id": "case-c", "customer_id": "3003"} | changes)
    assert await PostgresCrm(refusing).formalization("case-c") is None


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seconds=st.integers(0, 60 * 365 * 86400),
    days=st.integers(0, 365),
)
@example(seconds=560433600, days=29)  # the notice ends in an hour that does not exist: 4 November 2018
@example(seconds=537969600, days=30)  # its last day has 25 hours: 17 February 2018
async def test_every_notice_that_the_domain_computes_is_taken_P8(
    refusing: Pool, seconds: int, days: int
) -> None:
    received_at = datetime(2001, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    notice = notice_from(received_at, CancellationPolicy(notice_days=days))
    given = cases.formalization(cases.mail(received_at=received_at), notice=notice, notice_days=days)
    await PostgresCrm(refusing).open_case(cases.opening("5005", "case-e"))
    async with refusing.acquire() as connection:
        attempt = connection.transaction()
        await attempt.start()
        try:
            await write(connection, cases.record(case_id="case-e", customer_id="5005", formalization=given))
        finally:
            await attempt.rollback()
