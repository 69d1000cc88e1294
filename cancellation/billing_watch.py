"""Looks after billing of customers who have left, until nothing more is owed (X10).

Every step counts once, so a run may end anywhere, run twice or beside another one: a charge is void once in billing, an
act is recorded once by its key, a letter goes out once by its own.
"""

import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from cancellation.application import watch
from cancellation.domain.billing_watch import Remedy, UndueCharge, remedy_for
from cancellation.domain.inventory import Inventory
from cancellation.domain.policy import CancellationPolicy
from cancellation.letters.task_facts import with_page
from cancellation.messages.billing import Aftermath, BillingWatch, TakeBack
from cancellation.messages.watch import (
    ActKind,
    WatchAct,
    WatchBatch,
    WatchBatchResult,
    WatchedCase,
    WatchLook,
)
from cancellation.ports import BillingAfterwards, Mailer, PermanentRefusal, Telephony
from cancellation.ports.watch import WatchRecords

logger = logging.getLogger(__name__)

MOST_IN_A_ROW: Final = 3
"""After so many failures one after the other a system is not asked again in a batch: waiting for it takes the time of
the cases that come after."""
_SYSTEMS: Final = frozenset({"billing", "telephony"})

Given = TypeVar("Given")

_COUNTED = {
    ActKind.VOIDED: "voided",
    ActKind.REPAY: "to_repay",
    ActKind.REVIEW: "to_review",
    ActKind.REVIVED: "revived",
    ActKind.OVERDUE: "overdue",
}


@dataclass(frozen=True)
class BillingWatcher:
    """The watch over the ports; cases are looked at one after the other."""

    records: WatchRecords
    billing: BillingAfterwards
    telephony: Telephony
    mailer: Mailer
    policy: CancellationPolicy
    """Of this process: mailboxes, and the terms of cases that closed without saying their own."""
    desk_url: str = ""
    """Where tasks lead to; empty where there is no desk."""

    async def watch(self, batch: WatchBatch, heartbeat: Callable[[], None]) -> WatchBatchResult:
        """Look at the next cases.

        A system that fails holds up what needs it: the rest of the case and the other cases go on (X17).

        Args:
            batch: where to go on, and the run's clock.
            heartbeat: called before every case.
        """
        cases = await self.records.watched(batch.at, self.policy.watch, batch.cursor, batch.most)
        new: list[WatchAct] = []
        failed = settled = 0
        in_a_row = Counter[str]()
        for case in cases:
            heartbeat()
            look = _OneCase(self, case, batch.at, in_a_row)
            await look.run()
            new += look.new
            failed += look.failed
            settled += look.settled
        counts = {name: sum(act.kind is kind for act in new) for kind, name in _COUNTED.items()}
        return WatchBatchResult(
            cursor=cases[-1].case_id if len(cases) == batch.most else None,
            looked=len(cases),
            settled=settled,
            failed=failed,
            **counts,
        )


class _OneCase:
    """One look at one case."""

    def __init__(
        self, watcher: BillingWatcher, case: WatchedCase, at: datetime, in_a_row: Counter[str]
    ) -> None:
        self._watcher = watcher
        self._case = case
        self._at = at
        self._in_a_row = in_a_row
        """How often a system has failed one after the other in this batch."""
        self.new: list[WatchAct] = []
        """What was recorded for the first time."""
        self.failed = False
        self.settled = False

    async def run(self) -> None:
        """Do what is done by itself, record it, tell of it, and end the watch where nothing more is owed."""
        aftermath = await self._tried("billing", self._billing_in_order)
        inventory = await self._tried("telephony", self._inventory)
        look = await self._tried("records", lambda: self._found(aftermath, inventory))
        await self._tried("mail", self._tell_teams)
        if aftermath is not None and look is not None and not self.failed:
            await self._tried("end", lambda: self._end(aftermath[0], look))

    async def _billing_in_order(self) -> tuple[Aftermath, dict[str, str]]:
        """Take back what is undue and not paid; what billing holds then, and what it refused."""
        case, billing = self._case, self._watcher.billing
        before = await self._aftermath()
        due = [(one, remedy_for(one, case.terms, self._at)) for one in before.undue]
        by_itself = [(one, remedy) for one, remedy in due if remedy.is_done_by_itself]
        if not by_itself:
            return before, {}
        if any(_is_open(one) for one, _ in by_itself):
            await billing.void_undue(
                BillingWatch(
                    case_id=case.case_id, customer_id=case.customer_id, last_day=case.last_day, at=self._at
                )
            )
        refused = {}
        for charge, remedy in by_itself:
            if not _is_open(charge):
                refusal = await self._take_back(charge, remedy)
                if refusal is not None:
                    refused[charge.charge_id] = refusal
        return await self._aftermath(), refused

    async def _take_back(self, charge: UndueCharge, remedy: Remedy) -> str | None:
        case = self._case
        order = TakeBack(
            case_id=case.case_id,
            customer_id=case.customer_id,
            charge_id=charge.charge_id,
            last_day=case.last_day,
            remedy=remedy,
            at=self._at,
        )
        try:
            await self._watcher.billing.take_back(order)
        except PermanentRefusal as refusal:
            return str(refusal)
        return None

    async def _aftermath(self) -> Aftermath:
        case = self._case
        return await self._watcher.billing.aftermath(case.case_id, case.customer_id, case.last_day)

    async def _inventory(self) -> Inventory:
        return (await self._watcher.telephony.inventory(self._case.customer_id)).told()

    async def _found(
        self, read: tuple[Aftermath, dict[str, str]] | None, inventory: Inventory | None
    ) -> WatchLook:
        """Record what is new. Without billing's word nobody knows whose the resources are."""
        if read is None:
            return watch.look_of(self._case, self._at, ())
        aftermath, refused = read
        look = watch.findings(self._case, aftermath, refused, inventory, self._at)
        await self._note(look)
        return look

    async def _note(self, look: WatchLook) -> Sequence[WatchAct]:
        if not look.acts:
            return ()
        desk, case_id = self._watcher.desk_url, self._case.case_id
        tasks = tuple(with_page(one, desk, case_id) for one in look.tasks)
        new = await self._watcher.records.note(look.model_copy(update={"tasks": tasks}))
        self.new += new
        return new

    async def _tell_teams(self) -> None:
        acts = [*self._case.acts, *self.new]
        for telling in watch.owed_letters(self._case, acts, self._watcher.policy.mailboxes, self._at):
            await self._send(telling)

    async def _send(self, telling: watch.Telling) -> Sequence[WatchAct]:
        delivery = await self._watcher.mailer.send(telling.letter)
        return await self._told(telling, delivery.message_id, delivery.refused)

    async def _told(self, telling: watch.Telling, message_id: str, refusal: str | None) -> Sequence[WatchAct]:
        return await self._note(watch.told(self._case, telling, message_id, refusal, self._at))

    async def _end(self, aftermath: Aftermath, look: WatchLook) -> None:
        case = self._case
        if not watch.cycles_are_over(case, self._at):
            return
        owed = watch.holds_up(case, aftermath, look, self._at)
        if owed:
            late = watch.overdue(case, owed, self._at)
            if late is not None:
                await self._note(late)
            return
        await self._note(watch.no_debt(case, self._at))
        telling = watch.statement(case, self._watcher.policy.mailboxes, self._at)
        try:
            new = await self._send(telling)
        except Exception:
            if not watch.gives_up(case, self._watcher.policy.letter_gives_up_days, self._at):
                raise
            new = await self._told(telling, "", "put_off")
        self.settled = bool(new)

    async def _tried(self, what: str, step: Callable[[], Awaitable[Given]]) -> Given | None:
        if what in _SYSTEMS and self._in_a_row[what] >= MOST_IN_A_ROW:
            self.failed = True
            return None
        try:
            given = await step()
            self._in_a_row[what] = 0
            return given
        except Exception as error:  # whatever a system brings about: the next run tries again
            self.failed = True
            self._in_a_row[what] += 1
            logger.warning(
                "billing watch: a step failed",
                extra={"case_id": self._case.case_id, "step": what, "error": type(error).__name__},
            )
            return None


def _is_open(charge: UndueCharge) -> bool:
    """Whether no invoice and no fiscal document holds it: all of these are voided in one go."""
    return not charge.invoiced and charge.document is None
