"""Cases of every outcome, worked the way people and other systems do, over whatever dies meanwhile."""

import asyncio
import re
import smtplib
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, TypeVar

from temporalio.api.enums.v1 import PendingActivityState
from temporalio.client import WorkflowExecutionStatus, WorkflowHandle
from temporalio.service import RPCError

from cancellation.client import CancellationClient
from cancellation.domain.identity import workflow_id
from cancellation.domain.refusal import Refused
from cancellation.domain.stage import Stage
from cancellation.domain.values import (
    Channel,
    Contact,
    OfferKind,
    OfferStatus,
    Outcome,
    PortStatus,
    Reason,
    ReasonCategory,
)
from cancellation.failures import CaseNotAnswering, CaseNotFound, ServerUnreachable
from cancellation.messages.envelope import Message
from cancellation.messages.facts import (
    DiscardMessage,
    PortabilityMessage,
    RecordingsRequestMessage,
    RequestMessage,
    RetentionOfferMessage,
    RetentionOutcomeMessage,
    WithdrawalMessage,
)
from cancellation.messages.seed import CustomerSeed
from cancellation.messages.status import CaseResult
from embedded.mail import MailSink
from embedded.virtual_time import VirtualTime
from starters.cli.demo.download import download, is_dead
from tests.durable.customers import address_of, new_customer, own_numbers
from tests.e2e.mail_rig import BOTH, COMMERCIAL, FINANCE, email_from

PATIENCE: Final = 600.0
"""Seconds in which whatever died has to be back, and everything owed done."""
DAYS_BEFORE_THE_END: Final = 10
_SKIP_SECONDS: Final = 15.0
"""After this long whoever skips time is asked anew: what it waited for may have died."""
_LOOKS_AGAIN: Final = 2.0
"""Seconds after which a case that sleeps is taken to have nothing to do but wait."""
_AFTER_THE_NOTICE: Final = timedelta(days=6)
"""By then nobody waits any longer for the look at an e-mail that started a notice (X14)."""
_TERM: Final = timedelta(days=32)
_AWAY: Final = (ServerUnreachable, CaseNotAnswering, RPCError, OSError, smtplib.SMTPException)
T = TypeVar("T")


@dataclass(frozen=True)
class Story:
    """What happens in a case, and how it has to end."""

    name: str
    ends: Stage
    known: bool = True
    """Whether the CRM knows the customer."""
    early_mail: bool = False
    """Whether the e-mail comes before Commercial's outcome (X2)."""
    mails: tuple[tuple[str, ...], ...] = ()
    """The addressees of each e-mail of the customer's."""
    outcome: Outcome | None = Outcome.DECLINED
    discarded: bool = False
    contacts: int = 1
    recordings: bool = False
    port: bool = False
    late: str = ""
    """What happens ten days later: `withdrawn`, `retained`, `cancelled`."""


STORIES: Final = (
    Story("closed", Stage.CLOSED, mails=(BOTH,)),
    Story("retained with an offer", Stage.RETAINED, outcome=Outcome.RETAINED),
    Story("lapsed", Stage.LAPSED),
    Story("withdrawn in the notice", Stage.WITHDRAWN, mails=(BOTH,), late="withdrawn"),
    Story("opened by mistake", Stage.DISCARDED, outcome=None, discarded=True),
    Story("closed, recordings downloaded", Stage.CLOSED, mails=(BOTH,), recordings=True),
    Story("closed, a number held", Stage.CLOSED, mails=(BOTH,), port=True),
    Story("closed, two e-mails", Stage.CLOSED, mails=((FINANCE,), (COMMERCIAL,))),
    Story("closed, e-mail before outcome", Stage.CLOSED, mails=(BOTH,), early_mail=True, contacts=2),
    Story("retained after all", Stage.RETAINED, late="retained"),
    Story("cancelled in Temporal", Stage.DISCARDED, mails=(BOTH,), late="cancelled"),
    Story("a customer nobody knows", Stage.DISCARDED, known=False, outcome=None),
)
"""Every outcome, and what is peculiar on the way."""


@dataclass
class Case:
    """One customer's case."""

    story: Story
    seed: CustomerSeed
    marks: str = field(default_factory=lambda: uuid.uuid4().hex[:8])
    """Begins the ids of its messages, so that what is sent again counts once."""
    letters: list[bytes] = field(default_factory=list)
    """The customer's e-mails, as they lie in the mailboxes; what is read once more is the same e-mail."""
    link: str = ""
    result: CaseResult | None = None

    @property
    def customer_id(self) -> str:
        """The customer's number."""
        return self.seed.customer.customer_id

    @property
    def outlives_the_upgrade(self) -> bool:
        """Whether it is open before the workers are changed, and something happens in it afterwards."""
        return self.story.ends in (Stage.CLOSED, Stage.LAPSED)


def new_cases(count: int) -> list[Case]:
    """That many cases, of all stories in turn."""
    return [Case(STORIES[number % len(STORIES)], new_customer()) for number in range(count)]


class World:
    """The doors by which people, customers and systems reach the set."""

    def __init__(
        self,
        client: CancellationClient,
        mail: MailSink,
        inbox: tuple[str, int],
        gateway: str,
        step_done: Callable[[], None],
    ) -> None:
        self.client = client
        self._mail = mail
        self._inbox = inbox
        self._gateway = gateway
        self._time = VirtualTime(client.temporal, most_skips=5_000)
        self._step_done = step_done

    # ------------------------------------------------------------------ acts of a case, in their order

    async def opens(self, case: Case) -> None:
        """The customer asks, once or more than once."""
        contact = Contact(name="Rita Souza", email=address_of(case.customer_id))
        for number in range(case.story.contacts):
            request = RequestMessage(
                channel=Channel.PHONE,
                text="Quero cancelar",
                contact=contact,
                actor="atendimento",
                message_id=f"{case.marks}-request-{number}",
            )
            try:
                await self._insist(partial(self.client.open_or_join, case.customer_id, request))
            except Refused:
                # So is whoever asks for somebody whom the CRM does not know; Commercial hears of it.
                if case.story.known:
                    raise
        self._step_done()

    async def is_decided(self, case: Case) -> None:
        """Commercial acts."""
        story = case.story
        if story.early_mail:
            await self._mails(case)
        if story.discarded:
            await self._report(case, DiscardMessage(reason="Cliente errado", actor="ana"))
        if story.outcome is Outcome.RETAINED:
            for status in (OfferStatus.MADE, OfferStatus.ACCEPTED):
                await self._report(
                    case,
                    RetentionOfferMessage(
                        offer_id="1",
                        kind=OfferKind.PLAN_ADJUSTMENT,
                        description="Plano menor",
                        status=status,
                        actor="ana",
                    ),
                    status.value,
                )
        if story.outcome is not None:
            await self._report(case, _outcome(story.outcome))
        self._step_done()

    async def formalises(self, case: Case) -> None:
        """The customer writes; what is asked for in the notice is asked for."""
        story = case.story
        if story.mails:
            status = await self._insist(lambda: self.client.status(case.customer_id))
            if status.stage is not Stage.NOTICE:
                await self._mails(case)
            await self._until(case, Stage.NOTICE)
        if story.recordings:
            await self._report(case, RecordingsRequestMessage(actor="ana"))
            case.link = await self._link(case)
        if story.port:
            await self._report(case, _port(case, PortStatus.REQUESTED), "requested")
        self._step_done()

    async def goes_on(self, case: Case) -> None:
        """Ten days pass, and what happens then happens."""
        await self._pass(case, timedelta(days=DAYS_BEFORE_THE_END))
        if case.link:
            got = await self._insist(lambda: download(case.link))
            assert got.files > 0, f"{case.customer_id} downloaded nothing"
        match case.story.late:
            case "withdrawn":
                await self._report(case, WithdrawalMessage(reason="Fica", actor="ana"))
            case "retained":
                await self._report(case, _outcome(Outcome.RETAINED), "late")
            case "cancelled":
                await self._insist(self._handle(case).cancel)
        self._step_done()

    async def reaches_its_end(self, case: Case) -> None:
        """The notice or the term ends, and everything that is owed then is done."""
        status = await self._insist(lambda: self.client.status(case.customer_id))
        if not status.stage.is_terminal:
            end = status.notice.ends_at if status.notice else status.opened_at + _TERM
            now = await self._now(case)
            await self._pass(case, end + (_AFTER_THE_NOTICE if status.notice else timedelta(0)) - now)
        if case.story.port:
            await self._as_time_goes_on(case, partial(self._stands_in, case, Stage.CLOSING))
            await self._report(case, _port(case, PortStatus.COMPLETED), "completed")
        await self._as_time_goes_on(case, partial(self._has_ended, case))
        case.result = await self._insist(lambda: self.client.result(case.customer_id))
        if case.link:
            assert await self._insist(lambda: is_dead(case.link)), (
                f"the link of {case.customer_id} outlived the case"
            )
        self._step_done()

    # ------------------------------------------------------------------ how

    def _handle(self, case: Case) -> "WorkflowHandle[Any, Any]":
        return self.client.temporal.get_workflow_handle(workflow_id(case.customer_id))

    async def _report(self, case: Case, message: Message, mark: str = "") -> None:
        identified = message.model_copy(
            update={
                "message_id": f"{case.marks}-{type(message).__name__}-{mark}",
                "occurred_at": await self._now(case),
            }
        )
        await self._insist(lambda: self.client.report(case.customer_id, identified))

    async def _mails(self, case: Case) -> None:
        """At the mail door, as the receiving server would deliver it: again, until it is taken."""
        if not case.letters:
            case.letters = [
                email_from(case.customer_id, to=mailboxes, delivered_to=mailboxes[0])
                for mailboxes in case.story.mails
            ]
        for raw, mailboxes in zip(case.letters, case.story.mails, strict=True):
            await self._insist(partial(asyncio.to_thread, self._deliver, raw, mailboxes))

    def _deliver(self, raw: bytes, mailboxes: tuple[str, ...]) -> None:
        with smtplib.SMTP(*self._inbox, timeout=20) as door:
            door.sendmail("entrega@mx.nuvemjti.com.br", list(mailboxes), raw)

    async def _link(self, case: Case) -> str:
        to = address_of(case.customer_id)
        pattern = re.compile(rf"{re.escape(self._gateway)}/d/[\w-]+")

        async def found() -> str | None:
            for mail in self._mail.mails:
                if to in mail.recipients:
                    body = mail.message.get_body(("plain",))
                    match = pattern.search(body.get_content()) if body is not None else None
                    if match:
                        return match[0]
            return None

        return str(await _eventually(found))

    async def _now(self, case: Case) -> datetime:
        return await self._insist(lambda: self._time.now(self._handle(case)))

    async def _pass(self, case: Case, span: timedelta) -> None:
        """Let time pass in a case that has not ended; from where it stands when something died meanwhile."""
        end: datetime | None = None

        async def passed() -> None:
            nonlocal end
            handle = self._handle(case)
            if (await handle.describe()).status is not WorkflowExecutionStatus.RUNNING:
                return
            now = await self._time.now(handle)
            end = end or now + span
            if end > now:
                async with asyncio.timeout(_SKIP_SECONDS):
                    await self._time.pass_by(handle, end - now)

        await self._insist(passed)

    async def _as_time_goes_on(self, case: Case, met: Callable[[], Awaitable[bool]]) -> None:
        """Wait until it is met; while the case sleeps, another day passes.

        The engine can put a clock forward over a timer that is due and that it could not fire, because its database was
        away: what should have happened then happens at the end of the span, and the case sleeps on to a later day.
        """

        async def met_or_a_day_later() -> bool:
            if await met():
                return True
            if await self._sleeps(case):
                await asyncio.sleep(_LOOKS_AGAIN)
                if await self._sleeps(case):
                    await self._pass(case, timedelta(days=1))
            return False

        await _eventually(met_or_a_day_later)

    async def _sleeps(self, case: Case) -> bool:
        """Whether nobody works for it: it waits for a timer, or for the next try of something."""
        raw = (await self._handle(case).describe()).raw_description
        started = PendingActivityState.PENDING_ACTIVITY_STATE_STARTED
        at_work = raw.HasField("pending_workflow_task") or any(
            one.state == started for one in raw.pending_activities
        )
        return not at_work

    async def _has_ended(self, case: Case) -> bool:
        return (await self._handle(case).describe()).status is not WorkflowExecutionStatus.RUNNING

    async def _stands_in(self, case: Case, stage: Stage) -> bool:
        return (await self.client.status(case.customer_id)).stage is stage

    async def _until(self, case: Case, stage: Stage) -> None:
        await _eventually(partial(self._stands_in, case, stage))

    async def _insist(self, act: Callable[[], Awaitable[T]]) -> T:
        """Do it, again while something that it needs is down."""
        pause, last = 0.2, ""
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    try:
                        return await act()
                    except CaseNotFound:
                        raise
                    except (*_AWAY, TimeoutError) as error:
                        last = f"{type(error).__name__}: {error}"
                        await asyncio.sleep(pause)
                        pause = min(2 * pause, 2.0)
        except TimeoutError:
            raise TimeoutError(f"not in {PATIENCE:.0f} s; at last {last or 'no answer'}") from None


async def _eventually(ask: Callable[[], Awaitable[T]]) -> Any:
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                if answer := await ask():
                    return answer
            except (*_AWAY, CaseNotFound):
                pass
            await asyncio.sleep(0.3)


def _outcome(outcome: Outcome) -> RetentionOutcomeMessage:
    reason = Reason(category=ReasonCategory.PRICE, text="Ficou caro")
    return RetentionOutcomeMessage(outcome=outcome, reason=reason, actor="ana")


def _port(case: Case, status: PortStatus) -> PortabilityMessage:
    return PortabilityMessage(number=own_numbers(case.seed)[0], status=status, operator="Vozel", actor="leo")
