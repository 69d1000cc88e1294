"""Brazil brings summer time back while a case is open: its dates stay those that the customer was told (X23)."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, tzinfo

import pytest
from temporalio.testing import WorkflowEnvironment

from cancellation.domain import zone
from tests.durable.house import CaseDriver, House
from tests.durable.records import records_house

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class ADayAhead(tzinfo):
    """São Paulo almost a day nearer to tomorrow than it is."""

    def utcoffset(self, _: datetime | None) -> timedelta:
        return timedelta(hours=20, minutes=59)

    def fromutc(self, at: datetime) -> datetime:
        return at + timedelta(hours=20, minutes=59)

    def dst(self, _: datetime | None) -> timedelta:
        return timedelta(0)

    def tzname(self, _: datetime | None) -> str:
        return zone.NAME


class AlwaysSummer(tzinfo):
    """São Paulo an hour nearer to UTC than the wheel of today has it, from tomorrow on."""

    begins = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) + DAY

    def utcoffset(self, at: datetime | None) -> timedelta:
        assert at is not None
        summer = at.replace(tzinfo=UTC) + 3 * HOUR >= self.begins
        return -2 * HOUR if summer else -3 * HOUR

    def fromutc(self, at: datetime) -> datetime:
        return at + (-2 * HOUR if at.replace(tzinfo=UTC) >= self.begins else -3 * HOUR)

    def dst(self, _: datetime | None) -> timedelta:
        return timedelta(0)

    def tzname(self, _: datetime | None) -> str:
        return zone.NAME


@contextmanager
def edition(patch: pytest.MonkeyPatch, rules: type[tzinfo]) -> Iterator[None]:
    """A deployment brings another edition of the time-zone data."""
    with patch.context() as context:
        context.setattr(zone, "_wheel_zone", rules)
        zone.current_rules.cache_clear()
        yield
    zone.current_rules.cache_clear()


async def in_notice(house: House) -> tuple[CaseDriver, datetime]:
    """A case in its notice, and the end that its customer was told."""
    case = await house.open()
    status = await case.to_notice()
    assert status.notice is not None
    return case, status.notice.ends_at


@pytest.mark.some(1)
@pytest.mark.parametrize("before", [False, True], ids=["comes", "goes"])
@pytest.mark.parametrize("records", ["memory", "postgres"])
async def test_a_case_closes_when_its_customer_was_told_whatever_the_rules_are_by_then_X23_P8(
    temporal_env: WorkflowEnvironment,
    database: str,
    monkeypatch: pytest.MonkeyPatch,
    before: bool,
    records: str,
) -> None:
    async with records_house(temporal_env, database) as with_database:
        house = House(temporal_env) if records == "memory" else with_database
        old, new = (monkeypatch, None) if before else (None, monkeypatch)
        with rules(old):
            async with house.worker():
                case, told = await in_notice(house)
        with rules(new):
            async with house.worker():
                status = await case.status()
                assert status.notice is not None
                assert status.notice.ends_at == told
                other, told_other = await in_notice(house)
                assert told_other - told == (HOUR if before else -HOUR)
                await case.forward_to(told - timedelta(seconds=5))
                assert (await case.quiet()).stage.value == "notice"
                for one in (case, other):
                    await one.pass_notice()
                    assert (await one.result()).outcome == "closed"
                assert (await case.result()).ended_at < told + timedelta(minutes=1)
                assert await house.replays() == 2
        assert await house.replays() == 2


@contextmanager
def rules(patch: pytest.MonkeyPatch | None) -> Iterator[None]:
    """Those of another edition, or today's."""
    if patch is None:
        yield
        return
    with edition(patch, AlwaysSummer):
        yield


async def test_the_protocol_stays_the_one_that_was_told_whatever_the_rules_are_by_then_X23_X12(
    temporal_env: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House(temporal_env)
    async with house.worker():
        case = await house.open()
        told = (await case.quiet()).protocol
    with edition(monkeypatch, ADayAhead):
        async with house.worker():
            assert (await case.status()).protocol == told
            await case.check("discard", reason="Engano", actor="ana")
            assert (await case.result()).protocol == told
            assert all(letter.protocol == told for letter in case.letters())
            assert await house.replays() == 1
