"""What the demonstration's stories need: report facts as people do, deliver e-mails, let days pass."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from temporalio.client import WorkflowExecutionStatus, WorkflowHandle

from cancellation.addresses import Addresses
from cancellation.client import CancellationClient
from cancellation.domain.identity import workflow_id
from cancellation.domain.stage import Stage
from cancellation.mail_facts import formalization, resolve
from cancellation.messages.envelope import Message
from cancellation.messages.facts import FormalizationMessage, RequestMessage
from cancellation.messages.status import Answer, CaseStatus
from cancellation.ports import CustomerDirectory, Originals
from cancellation.settings import Clock
from cancellation.understanding import Understanding, clues_of, read_message, understand
from embedded.virtual_time import VirtualTime
from samples import sample_email
from starters.cli.moment import dated

_PATIENCE: Final = 30.0
DAY: Final = timedelta(days=1)


class Theatre:
    """The servers of the demonstration, and the virtual day that every case is in.

    Args:
        client: connected to the embedded Temporal.
        customers: where customers are found.
        originals: where e-mails are kept.
        mailboxes: those that a formalization must reach.
        trusted_servers: whose authentication verdict counts.
        addresses: where the outbox and the download pages are.
        tell: takes a line for whoever watches: customer id, and what happened.
    """

    def __init__(
        self,
        client: CancellationClient,
        customers: CustomerDirectory,
        originals: Originals,
        mailboxes: tuple[str, ...],
        trusted_servers: tuple[str, ...],
        addresses: Addresses,
        tell: Callable[[str, str], None],
    ) -> None:
        self.client = client
        self.addresses = addresses
        self.tell = tell
        self.cast: list[str] = []
        """Customers whose cases were opened, in order."""
        self._delivered: dict[tuple[str, str], FormalizationMessage] = {}
        self._customers = customers
        self._originals = originals
        self._mailboxes = mailboxes
        self._trusted_servers = trusted_servers
        self._time = VirtualTime(client.temporal)

    def handle(self, customer_id: str) -> WorkflowHandle[Any, Any]:
        """The execution of a customer's case."""
        return self.client.temporal.get_workflow_handle(workflow_id(customer_id))

    async def now(self, customer_id: str) -> datetime:
        """The case's own virtual instant."""
        return await self._time.now(self.handle(customer_id))

    async def ask(self, customer_id: str, request: RequestMessage) -> Answer:
        """The customer asks to cancel, through some channel."""
        request = await dated(self.client, customer_id, request, Clock.VIRTUAL)
        answer = await self.client.open_or_join(customer_id, request)
        if answer.opened:
            self.cast.append(customer_id)
        return answer

    async def report(self, customer_id: str, message: Message) -> Answer:
        """Somebody reports a fact."""
        message = await dated(self.client, customer_id, message, Clock.VIRTUAL)
        return await self.client.report(customer_id, message)

    async def deliver(self, customer_id: str, name: str) -> Understanding:
        """A sample e-mail arrives now, is read and kept, and goes to the customer's case."""
        now = (await self.now(customer_id)).replace(microsecond=0)
        status = await self.client.status(customer_id)
        raw = sample_email(name, received_at=now, protocol=status.protocol)
        reading = read_message(raw, delivered_at=now)
        directory = await resolve(self._customers, clues_of(reading))
        understood = understand(reading, directory, self._mailboxes, self._trusted_servers)
        original = await self._originals.keep_original(raw, now)
        fact = formalization(reading, understood, original, now, actor="leitor de e-mail")
        fact = fact.model_copy(update={"request_words": understood.request_words, "unseen": True})
        self._delivered[customer_id, name] = fact
        await self.report(customer_id, fact)
        return understood

    async def decide(self, customer_id: str, name: str, by: str, *, is_request: bool) -> None:
        """Somebody at Commercial read that e-mail, and says what it is (X14, X15)."""
        who = {"confirmed_by": by} if is_request else {"refused_by": by, "explicit_request": False}
        await self.report(
            customer_id, self._delivered[customer_id, name].model_copy(update={**who, "actor": by})
        )

    async def until(self, customer_id: str, *stages: Stage) -> CaseStatus:
        """Wait until the case stands in one of the stages.

        Raises:
            TimeoutError: it does not get there.
        """
        async with asyncio.timeout(_PATIENCE):
            # Nothing tells when a case moves, so it is asked; a bounded wait for people who watch.
            while (status := await self.client.status(customer_id)).stage not in stages:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        return status

    async def pass_days(self, days: int, after_each: Callable[[], None]) -> None:
        """Let days pass in every open case."""
        for _ in range(days):
            await self.pass_time(DAY)
            after_each()

    async def pass_time(self, span: timedelta) -> None:
        """Let time pass in every open case at once."""
        await asyncio.gather(*(self._time.pass_by(handle, span) for handle in await self._open_cases()))

    async def ended(self, customer_ids: Iterable[str]) -> None:
        """Wait until these cases have ended, with everything recorded."""
        async with asyncio.timeout(_PATIENCE):
            for customer_id in customer_ids:
                await self.client.result(customer_id)

    async def _open_cases(self) -> list[WorkflowHandle[Any, Any]]:
        handles = [self.handle(customer_id) for customer_id in self.cast]
        described = await asyncio.gather(*(handle.describe() for handle in handles))
        return [
            handle
            for handle, found in zip(handles, described, strict=True)
            if found.status is WorkflowExecutionStatus.RUNNING
        ]
