"""One case on a fixed timetable, so that the same story runs alike whatever fails in it."""

import asyncio
import functools
import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from temporalio.client import WorkflowHandle

from cancellation.contract import CANCELLATION, INCOMING_MAIL
from cancellation.domain.identity import workflow_id
from cancellation.messages.mail_in import IncomingMail
from tests.durable.customers import ZONE, new_customer, own_numbers
from tests.durable.house import PATIENCE, CaseDriver, until
from tests.matrix.frail import FrailHouse

TUESDAY, TEN = 1, 10
POLICY: Final[dict[str, Any]] = {
    "holidays": [],
    "commercial_reminder_hours": [4, 30, 400],
    "formalization_reminder_days": [2, 20],
    "port_reminder_days_before": 2,
    "link_reminder_days_before": 6,
    "attention_after_minutes": 90,
}
"""Reminders fall due in the stages that have outages; neither they nor attention at the very end of an outage.

What has failed for just the hour after which people are told may be told or have healed, whichever comes first.
"""
_BEYOND: Final = timedelta(minutes=1)
"""So long after what it brings about a stretch of time ends: what goes on at its end is passed over (`VirtualTime`)."""
_SETTLED: Final = 2
"""How often in a row nothing may be going on: a timer that has rung is a workflow task a moment later."""


def next_tuesday(now: datetime) -> datetime:
    """Tuesday at ten, half a minute past the full minute: a busy machine moves no printed minute."""
    day = now.astimezone(ZONE).replace(hour=TEN, minute=0, second=30, microsecond=0)
    return day + timedelta(days=(TUESDAY - day.weekday() - 1) % 7 + 1)


@dataclass
class Life:
    """A case, and what happens to it when."""

    house: FrailHouse
    began: datetime
    """When the case opens."""
    case: CaseDriver = field(init=False)
    case_id: str = ""
    mails: list["WorkflowHandle[Any, Any]"] = field(default_factory=list)
    """E-mails that are being handled."""

    def __post_init__(self) -> None:
        self.case = CaseDriver(self.house, new_customer())
        self.house.cases.append(self.case)

    @property
    def is_open(self) -> bool:
        """Whether the customer has asked to cancel."""
        return bool(self.case_id)

    @property
    def numbers(self) -> tuple[str, ...]:
        """The customer's own numbers."""
        return own_numbers(self.case.seed)

    async def open(self) -> None:
        """The customer asks to cancel, at the hour at which every story begins."""
        await self.house.provision(self.case.seed)
        environment = self.house.environment
        now = datetime.now(self.began.tzinfo)
        with environment.with_time_skipping_disabled():
            handle = await environment.client.start_workflow(
                CANCELLATION,
                {
                    "customer_id": self.case.customer_id,
                    "request": {"channel": "whatsapp", "text": "Quero cancelar", "actor": "bot"}
                    | {"message_id": "w1", "contact": {"name": "Rita"}},
                    "policy": POLICY,
                },
                id=workflow_id(self.case.customer_id),
                task_queue=self.house.task_queue,
                start_delay=self.began - now,
            )
        self.case_id = handle.first_execution_run_id or ""
        await self.case.forward_to(self.began + _BEYOND)
        await self.case.status()

    async def tell(self, name: str, message_id: str, **fields: Any) -> None:
        """Somebody reports a fact; it is taken whatever is out of order."""
        answer = await self.case.check(name, message_id=message_id, actor="ana", **fields)
        assert answer["accepted"], answer

    async def write_in(self, raw: bytes, *envelope: str) -> None:
        """An e-mail arrives, at this moment of the case, and begins to be handled."""
        self.house.now = now = await self.case.now()
        original = await self.house.crm.adapter.keep_original(raw, now)
        mail = IncomingMail(
            sha256=hashlib.sha256(raw).hexdigest(), ref=original.ref, received_at=now, envelope=envelope
        )
        environment = self.house.environment
        with environment.with_time_skipping_disabled():
            self.mails.append(
                await environment.client.start_workflow(
                    INCOMING_MAIL, mail, id=mail.workflow_id, task_queue=self.house.task_queue
                )
            )

    # ------------------------------------------------------------ time

    async def forward_to(self, instant: datetime) -> None:
        """Let time pass for everything that runs, and let what it brings be done.

        Reminder after reminder: of two that have fallen due before one was heard only the last goes out (X4).
        """
        while (reminder := await self._next_reminder()) is not None and reminder <= instant:
            await self._pass_until(min(reminder + _BEYOND, instant))
            await until(functools.partial(self._has_reminded, reminder))
        await self._pass_until(instant)
        await self.settle()

    async def _pass_until(self, instant: datetime) -> None:
        span = instant - await self.case.now()
        if span > timedelta(0):
            async with asyncio.TaskGroup() as together:
                for mail in self.mails:
                    together.create_task(self.house.time.pass_by(mail, span))
            self.house.now = instant
            await self.case.forward(span)

    async def _next_reminder(self) -> datetime | None:
        due = (await self.case.status()).due
        return min((one.at for one in due if one.what.startswith("remind_")), default=None)

    async def _has_reminded(self, instant: datetime) -> bool:
        coming = await self._next_reminder()
        return coming is None or coming > instant

    async def settle(self) -> None:
        """Wait until nothing goes on but pauses between attempts at what fails."""
        async with asyncio.timeout(PATIENCE):
            calm, pause = 0, 0.01
            while calm < _SETTLED:
                await asyncio.sleep(pause)
                busy = [await self._is_busy(handle) for handle in (self.case.handle, *self.mails)]
                calm = 0 if any(busy) else calm + 1
                pause = min(pause * 1.5, 0.1) if any(busy) else 0.01

    async def _is_busy(self, handle: "WorkflowHandle[Any, Any]") -> bool:
        raw = (await handle.describe()).raw_description
        trying = [one for one in raw.pending_activities if not one.HasField("last_failure")]
        return bool(trying) or raw.HasField("pending_workflow_task")
