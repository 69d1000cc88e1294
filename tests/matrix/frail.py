"""A house every part of which can fail in every way of the matrix, with a mail room."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

from temporalio import activity
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from activities.guard import Guard
from cancellation.adapters.mailing import MailNotTaken
from cancellation.client import CancellationClient
from cancellation.mailroom import Mailroom
from tests.durable.house import POLICY, House
from tests.durable.outage import Fragile
from tests.matrix.ports import Call
from workers.systems import Systems
from workers.worker import activities_of, cancellation_worker, mail_activities_of

_SHORT: Final = timedelta(minutes=1)
_PAUSE: Final = timedelta(hours=6)
_OUR_SERVER: Final = "mx.nuvemjti.com.br"


class Down(ApplicationError):
    """The system cannot be reached, and says when to come again: three days of it would be 800 tries."""

    def __init__(self) -> None:
        super().__init__("out of order", type="SystemDown", next_retry_delay=_pause())


def _pause() -> timedelta | None:
    """Twice more in the time there is to try, the second time at its very end; where that is short, as ever."""
    attempt = activity.info()
    patience = attempt.schedule_to_close_timeout
    if attempt.attempt == 1 or (patience is not None and patience < _SHORT):
        return None
    return _PAUSE if patience is None else (patience - timedelta(seconds=4)) / 2


class Frail(Fragile):
    """A system that knows which workflow asked for what."""

    def __init__(self, name: str, adapter: Any, made: Counter[tuple[Call, str]]) -> None:
        super().__init__(adapter)
        self.name = name
        self._made = made

    def goes_down(self, *methods: str) -> None:
        def fail() -> None:
            raise Down

        self._before.update(dict.fromkeys(methods or ("*",), fail))

    def __getattr__(self, name: str) -> Any:
        call = super().__getattr__(name)
        if not asyncio.iscoroutinefunction(call):
            return call

        async def made(*args: Any, **named: Any) -> Any:
            self._made[Call(self.name, name), str(activity.info().workflow_type)] += 1
            try:
                return await call(*args, **named)
            except MailNotTaken as put_off:
                raise Down from put_off

        return made


class FrailHouse(House):
    """The provider's systems and its mail room."""

    def __init__(self, environment: WorkflowEnvironment) -> None:
        super().__init__(environment)
        self.made: Counter[tuple[Call, str]] = Counter()
        """Every call so far, by the type of the workflow that asked."""
        for name, system in super().broken.items():
            setattr(self, name, Frail(name, system.adapter, self.made))
        self.inbox = Frail("inbox", self.mail, self.made)
        self.now = datetime.now(UTC)
        """The mail room's clock."""

    @property
    def systems(self) -> Systems:
        return replace(super().systems, inbox=cast(Any, self.inbox))

    @property
    def broken(self) -> dict[str, Fragile]:
        return super().broken | {"inbox": self.inbox}

    @asynccontextmanager
    async def worker(self, **options: Any) -> AsyncIterator[None]:
        client = self.environment.client
        mailroom = Mailroom(
            originals=cast(Any, self.crm),
            customers=cast(Any, self.crm),
            ledger=cast(Any, self.inbox),
            cases=CancellationClient(client, task_queue=self.task_queue),
            mailboxes=POLICY.mailboxes,
            trusted_servers=(_OUR_SERVER,),
            clock=lambda: self.now,
            letters=cast(Any, self.mailer),
        )
        activities = [
            *activities_of(self.systems, POLICY, Guard(cast(Any, self.crm), None)),
            *mail_activities_of(self.systems, POLICY, mailroom),
        ]
        async with cancellation_worker(client, activities, task_queue=self.task_queue, **options):
            yield

    def calls_of(self, workflow_type: str) -> set[Call]:
        """What workflows of a type have asked for so far."""
        return {call for call, kind in self.made if kind == workflow_type}

    @property
    def adapters(self) -> dict[str, object]:
        """What stands behind each system."""
        return {name: system.adapter for name, system in self.broken.items()}
