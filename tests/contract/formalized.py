"""Formalizations for suites of adapters that need one to destroy anything (P19)."""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from cancellation.adapters.postgres.pool import Pool
from cancellation.domain.notice import notice_from
from cancellation.domain.policy import CancellationPolicy
from cancellation.messages.crm import FormalizationState
from cancellation.messages.warrant import Warrant

POLICY = CancellationPolicy()
ZONE = ZoneInfo("America/Sao_Paulo")


def warrant_for(case_id: str, customer_id: str, last_day: date, *, late: timedelta = timedelta()) -> Warrant:
    """The warrant of a case whose notice ends with `last_day`, used `late` after the end."""
    ends_at = POLICY.day_start(last_day + timedelta(days=1))
    return Warrant(case_id=case_id, customer_id=customer_id, notice_ends_at=ends_at, at=ends_at + late)


def received_for(last_day: date) -> datetime:
    """When an e-mail must have come for the notice to end with `last_day`."""
    return datetime.combine(last_day - POLICY.notice, time(12), tzinfo=ZONE)


class Formalizations(Protocol):
    """Where a suite files what makes a warrant valid."""

    async def file(self, case_id: str, customer_id: str, last_day: date) -> None:
        """A complete formalization whose notice ends with `last_day`."""

    async def withdraw(self, case_id: str) -> None:
        """The customer gave up leaving."""


@dataclass
class MemoryFormalizations:
    """Formalizations in a dict."""

    held: dict[str, FormalizationState] = field(default_factory=dict)

    async def file(self, case_id: str, customer_id: str, last_day: date) -> None:
        notice = notice_from(received_for(last_day), POLICY)
        assert notice.last_day == last_day
        self.held[case_id] = FormalizationState(
            case_id=case_id,
            customer_id=customer_id,
            last_day=last_day,
            notice_ends_at=notice.ends_at,
            in_force=True,
        )

    async def withdraw(self, case_id: str) -> None:
        self.held[case_id] = self.held[case_id].model_copy(update={"in_force": False})

    async def of(self, case_id: str) -> FormalizationState | None:
        return self.held.get(case_id)


@dataclass
class PostgresFormalizations:
    """Formalizations in the CRM's own tables."""

    pool: Pool

    async def file(self, case_id: str, customer_id: str, last_day: date) -> None:
        received_at = received_for(last_day)
        notice = notice_from(received_at, POLICY)
        await self.pool.execute(
            """
            insert into crm.cases
                (case_id, customer_id, workflow_id, protocol, stage, opened_at, request, changed_at)
            values ($1, $2, 'cancellation-' || $2, 'CAN-' || $1, 'notice', $3, '{}', $3)
            """,
            case_id,
            customer_id,
            received_at,
        )
        await self.pool.execute(
            """
            insert into crm.formalizations
                (case_id, customer_id, message_id, sender, recipients, received_at, subject, explicit_request,
                 reason, authentication, mails, required_mailboxes, notice_days, clause, starts_at,
                 received_on, last_day, end_offset_minutes, notice_ends_at)
            values ($1, $2, '<m@x>', 'rita@acme.com.br', $3, $4, '', true, 'preço', 'pass',
                    $9, $3, $5, '8.2', $4, $6, $7, -180, $8)
            """,
            case_id,
            customer_id,
            list(POLICY.mailboxes),
            received_at,
            POLICY.notice_days,
            notice.last_day - POLICY.notice,
            notice.last_day,
            notice.ends_at,
            [{"authentication": "pass", "received_at": received_at.isoformat()}],
        )

    async def withdraw(self, case_id: str) -> None:
        await self.pool.execute(
            "update crm.formalizations set in_force = false, revoked_at = received_at where case_id = $1",
            case_id,
        )
        await self.end(case_id, "withdrawn")

    async def end(self, case_id: str, outcome: str = "closed") -> None:
        """The case ended, so that the customer may open another."""
        await self.pool.execute(
            "update crm.cases set outcome = $2, ended_at = opened_at where case_id = $1", case_id, outcome
        )
