"""What the answers of other systems, and their failures, do to a case."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from cancellation.domain import events
from cancellation.domain.commands import (
    LiftBillingEnd,
    OpenTask,
    Owed,
    ReadInventory,
    RecordPort,
    RestoreRecords,
    RevokeLinks,
    SendLetter,
    System,
    TaskKind,
)
from cancellation.domain.formalization import Formalization, distrust
from cancellation.domain.instants import Held
from cancellation.domain.inventory import Inventory
from cancellation.domain.letter_kinds import LetterKind, LetterOrder
from cancellation.domain.notice import Notice
from cancellation.domain.procedure import NOTHING_TO_CLOSE, UNKNOWN_CUSTOMER, Procedure
from cancellation.domain.stage import Move, Stage
from cancellation.domain.state import SentLetter
from cancellation.domain.values import (
    MOST_LEFT_OUT,
    Archive,
    EndTold,
    PortStatus,
    Released,
    Replaced,
    Team,
)

_LETTERS_KEPT = 100
_LONGEST_PAUSE = timedelta(days=1)
_SHORTEST_PAUSE = timedelta(minutes=10)


class Answers(Procedure):
    """A case that hears what became of what it ordered."""

    # ------------------------------------------------------------------ the CRM

    def learn_customer(
        self,
        name: str,
        authorised: list[str],
        now: datetime,
        *,
        status: str = "Ativo",
        status_before: str = "Ativo",
        mails_count_after: datetime | None = None,
        inventory: Inventory | None = None,
    ) -> None:
        """The CRM answered: e-mails that came before are judged now (X2, X9, X20).

        And telephony with it, unless it has to be asked again (P9).
        """
        self.known_to_crm = True
        self.customer_name = name
        self.authorised = authorised
        self.status_before = status_before
        self.mails_count_after = mails_count_after
        if self.recordings and self.recordings.deliver_to not in authorised:
            self.recordings = self.recordings.model_copy(update={"deliver_to": None})
        over = self.stage.is_terminal or status == Stage.CLOSED.crm_status
        if not over:
            self._owe_letter(LetterOrder(kind=LetterKind.REQUEST_RECEIVED), now=now)
            if inventory is None:
                self._owe(ReadInventory(), now=now)
            else:
                self.learn_inventory(inventory, now)
        for number, mail in enumerate(self.mails, start=self.mails_seen - len(self.mails) + 1):
            if not over or distrust(
                mail, authorised
            ):  # also of a case that is over nobody's mail is dropped (X15)
                self._judge(mail, number, now)
        if not self.stage.is_terminal and over:
            self._have_nothing_to_close(now)
        self.take_up_formalization(now)

    def _have_nothing_to_close(self, now: datetime) -> None:
        """A customer with nothing left to close is a task for Commercial and no case (X20)."""
        self._advance(Move.NOTHING_TO_DO, field="stage")
        self.ending = NOTHING_TO_CLOSE
        self._happen(events.NothingToClose(), now)
        self._owe(OpenTask(task=TaskKind.NOTHING_TO_CLOSE), now=now)
        self._owe_letter(LetterOrder(kind=LetterKind.NOTHING_TO_CLOSE, team=Team.COMMERCIAL), now=now)

    def miss_customer(self, now: datetime) -> None:
        """The CRM does not know the customer: Commercial has the contact, and the case ends (contract.md)."""
        self.known_to_crm = True
        if self.stage.is_terminal:
            return
        self._advance(Move.NOTHING_TO_DO, field="stage")
        self.ending = UNKNOWN_CUSTOMER
        self._happen(events.CustomerUnknown(), now)

    def undo_forsaken(self, case_id: str, left: Replaced, now: datetime) -> None:
        """An earlier execution was terminated before its point of no return: undo what it left (X20).

        Who was told its protocol or its last day hears that it no longer holds: the customer in the letter with the
        new protocol, Finance and Support apart (X18).
        """
        self.replaces = left
        self._happen(events.TookOver(protocol=left.protocol, closing=False), now)
        if left.last_day is not None:
            self._owe(LiftBillingEnd(case_id=case_id), RevokeLinks(case_id=case_id), now=now)
            for team in (Team.FINANCE, Team.SUPPORT):
                order = LetterOrder(
                    kind=LetterKind.DISCARDED_TO_TEAM, team=team, ordinal=left.protocol, day=left.last_day
                )
                self._owe_letter(order, now=now)

    def take_over_closing(
        self,
        case_id: str,
        protocol: str,
        formalization: Formalization,
        notice: Notice,
        now: datetime,
        *,
        name: str,
        authorised: list[str],
    ) -> None:
        """An earlier execution was terminated while closing: this one goes on as that case (X20)."""
        self.customer_name, self.authorised = name, authorised
        self.case_id, self.protocol = case_id, protocol
        self.formalization, self.notice = formalization, notice
        self.mails = list(formalization.mails)
        self.stage = Stage.CLOSING
        self.past_no_return = True
        self.known_to_crm = True
        self.milestones += ["script", "notice_announced", "shutdown_planned"]
        self._happen(events.TookOver(protocol=protocol, closing=True), now)
        self._owe(ReadInventory(), now=now)

    def follow_crm(self, outcome: str, now: datetime) -> None:
        """After a reset: the CRM holds that the case has ended, so it has (P20)."""
        if self.stage.is_terminal:
            return
        self.stage = Stage(outcome)
        self.silent = False
        self.ended_at = now
        self.milestones += ["ending_settled", "ended"]
        self.pending.drop(lambda one: True)
        self._happen(events.FollowedCrm(outcome=outcome), now)

    def notice_reset(self, now: datetime) -> None:
        """An operator reset the execution: the first look is at the CRM (P20)."""
        self._happen(events.WasReset(), now)
        self.want_record(now)

    def branch(self, after: int, now: datetime) -> None:
        """The CRM holds other entries of the same numbers than this execution made (P20)."""
        self._happen(events.BranchMadeAnew(after=after), now)

    def restore_records(self, after: int, now: datetime) -> None:
        """The CRM holds less than it has confirmed: before anything else it is given that again (P20)."""
        self.pending.add_first(RestoreRecords(after=after), now, key="restore")

    def note_restored(self, after: int, now: datetime) -> None:
        """The CRM has again what it had lost after an entry; what was refused for want of it is asked for at once."""
        for owed in self.pending.owed:
            owed.retry_at = None
        self._happen(events.RecordsRestored(after=after), now)

    def note_lost(self, first: int, last: int, now: datetime) -> None:
        """Of what the CRM had lost these entries of the trail are remembered nowhere."""
        self._happen(events.RecordsLost(first=first, last=last), now)

    def tell_crm_change(self, keys: Sequence[str], change: events.CrmUpdated, now: datetime) -> None:
        """What the record of these commands changes in the CRM; said in the same record, once."""
        for key in keys:
            owed = self.pending.find(key)
            if owed is not None:
                owed.told = True
        if change.says_something:
            self._happen(change, now)

    # ------------------------------------------------------------------ telephony

    def learn_inventory(self, inventory: Inventory, now: datetime) -> None:
        """Telephony answered: what the customer occupies, and which numbers are the customer's own (P9, P13)."""
        self.inventory = inventory
        self.learn_numbers([number.number for number in inventory.numbers if number.customer_owned])
        self.numbers_complete = inventory.more is None or inventory.more.numbers == 0
        if self.odd_numbers:
            self._name_odd_numbers(self.odd_numbers, now)
        if self.past_no_return and self.kept is None:
            self._hold_ports_of(inventory)
        self._plan_shutdown(now)

    def _name_odd_numbers(self, odd: Sequence[str], now: datetime) -> None:
        """A port of these cannot be recorded before a person has corrected them in telephony (P9)."""
        names, count = tuple(odd[:MOST_LEFT_OUT]), len(odd)
        self._happen(events.NumbersOdd(names=names, count=count), now)
        self._owe(OpenTask(task=TaskKind.ODD_NUMBERS, names=names, count=count), now=now)

    def learn_numbers(self, numbers: list[str]) -> None:
        """These numbers are the customer's own."""
        self.numbers = numbers
        self.numbers_known = True

    def _hold_ports_of(self, inventory: Inventory) -> None:
        """The closing of an earlier execution goes on: telephony knows which ports are in flight (X6, X20)."""
        assert self.notice is not None
        last = self.notice.last_day + timedelta(days=1 + self.policy.port_grace_days)
        until = self.policy.day_start(last)
        known = {hold.number for hold in self.held}
        self.held += [
            Held(number=number.number, held_until=until)
            for number in inventory.numbers
            if number.port is PortStatus.REQUESTED and number.number not in known
        ]

    def note_port(self, number: str, now: datetime) -> None:
        """Telephony knows of the port."""
        self._happen(events.PortRecorded(number=number), now)

    def forget_port(self, number: str, now: datetime) -> None:
        """Telephony does not know the number as the customer's: it is not held (X6)."""
        self.ports = [port for port in self.ports if port.number != number]
        for hold in self.held:
            if hold.number == number and hold.ended is None:
                self.held.remove(hold)
                self._happen(events.HoldLifted(number=number), now)
                break

    def note_deactivated(self, now: datetime) -> None:
        """Services are dead but for what held numbers need (P15)."""
        self._happen(events.ServicesDeactivated(), now)

    def note_released(self, released: Released, now: datetime) -> None:
        """Released in all so far, and read back (P17)."""
        self.released = released
        self._happen(events.ResourcesReleased(released=released), now)

    # ------------------------------------------------------------------ billing

    def note_billing_planned(self, now: datetime) -> None:
        """Billing will not recur after the last day."""
        self._happen(events.BillingEndPlanned(), now)

    def note_billing_lifted(self, now: datetime) -> None:
        """Billing goes on as before."""
        self._happen(events.BillingEndLifted(), now)

    def note_billing_closed(
        self, total: Decimal, voided: int, now: datetime, doubtful: Sequence[str] = (), count: int = 0
    ) -> None:
        """Invoiced, voided and read back (P16); amounts that are none are named, and given to Finance (P18).

        Args:
            total: of the final invoice, in reais, without the doubtful amounts.
            voided: charges for days after the end.
            now: the workflow's instant.
            doubtful: what has no sound amount, the first of it, as people can read it.
            count: how many there are.
        """
        self.voided_charges, self.invoice_total, self.doubtful_amounts = voided, total, count
        self._happen(events.BillingClosed(total=total, voided=voided), now)
        if total < 0:
            self._owe(OpenTask(task=TaskKind.REFUND), now=now)
        if count:
            names = tuple(doubtful)
            self._happen(events.AmountsDoubtful(names=names, count=count), now)
            self._owe(OpenTask(task=TaskKind.DOUBTFUL_AMOUNTS, names=names, count=count), now=now)

    # ------------------------------------------------------------------ recordings

    def note_archive(self, archive: Archive | None, ordinal: int, now: datetime) -> None:
        """The export is done: the customer gets the link, or hears that there was nothing (P10)."""
        if self.stage is not Stage.NOTICE:
            return
        if archive is None:
            self._happen(events.NoRecordings(), now)
            self._owe_letter(LetterOrder(kind=LetterKind.NO_RECORDINGS, ordinal=str(ordinal)), now=now)
            return
        self.archive = archive
        self._happen(events.RecordingsReady(archive=archive), now)
        self._owe_letter(LetterOrder(kind=LetterKind.RECORDINGS_READY, ordinal=str(ordinal)), now=now)

    def note_left_out(self, names: Sequence[str], count: int, now: datetime, *, purging: bool) -> None:
        """Single recordings could not be delivered or removed: named, and given to a person (P10, P18).

        Args:
            names: the first of them, as people can read them.
            count: how many there are.
            now: the workflow's instant.
            purging: they are still kept, which remains to be done when the case has ended; else the customer's
                archive came without them, which nobody needs to know after the notice.
        """
        if not count or (not purging and self.stage is not Stage.NOTICE):
            return
        self._happen(events.RecordingsLeftOut(names=tuple(names), count=count, purging=purging), now)
        kind = TaskKind.NOT_REMOVED if purging else TaskKind.NOT_DELIVERED
        self._owe(OpenTask(task=kind, names=tuple(names), count=count), now=now)

    def note_links_ended(self, now: datetime) -> None:
        """The links are dead."""
        self._happen(events.LinksRevoked(), now)

    def note_access(self, at: datetime, address: str, what: str, size: int | None, now: datetime) -> None:
        """Somebody used a link while it lived, at `at` (P20)."""
        self._happen(events.LinkUsed(actor=address, used_at=at, what=what, bytes=size), now)

    def note_purged(self, recordings: int, archives: int, now: datetime) -> None:
        """The data is removed (P10)."""
        self._happen(events.RecordingsPurged(recordings=recordings, archives=archives), now)

    # ------------------------------------------------------------------ letters

    def note_letter(
        self,
        key: str,
        letter_id: str,
        refused: str | None,
        partly: str | None,
        now: datetime,
        told: EndTold | None = None,
        *,
        of: LetterOrder | None = None,
    ) -> None:
        """A letter went out, or its mail server refused it for good (X16); `told`: the end that it tells (X25).

        `of`: what was sent, also where it is owed no more: one that was given up while it was on its way (P20).
        """
        if refused is not None:
            self.give_up_letter(key, refused, now)
            return
        owed = self.pending.find(key)
        letter = owed.command.letter if owed is not None and isinstance(owed.command, SendLetter) else of
        if letter is None:
            return
        self.threads.setdefault(letter.audience, letter_id)
        self.letters[letter_id] = SentLetter(kind=letter.kind, team=letter.team)
        while len(self.letters) > _LETTERS_KEPT:
            del self.letters[next(iter(self.letters))]
        self.end_told = told or self.end_told
        self._happen(
            events.LetterSent(
                letter=letter.kind, team=letter.team, letter_id=letter_id, partly_refused=partly, told=told
            ),
            now,
        )
        self.note_done(key, now)

    def omit_letter(self, key: str, now: datetime) -> None:
        """A letter waited until it was not true any more (X18)."""
        owed = self.pending.find(key)
        if owed is not None and isinstance(owed.command, SendLetter):
            self._happen(events.LetterOmitted(letter=owed.command.letter.kind), now)
            self.note_done(key, now)

    # ------------------------------------------------------------------ any piece of work

    def note_done(self, key: str, now: datetime) -> None:
        """A command was done: it is owed no more, and whoever was told that it fails hears that it works again."""
        owed = self.pending.find(key)
        self.pending.settle(key)
        if owed is not None and owed.attention:
            self._happen(events.AttentionCleared(step=owed.step), now)
            self._close_attention(owed, now)

    def note_failing(self, key: str, since: datetime, now: datetime) -> None:
        """A command has been failing since then; after the policy's time people are told (X7, X17)."""
        owed = self.pending.find(key)
        if owed is None:
            return
        owed.failing_since = owed.failing_since or since
        patience = timedelta(minutes=self.policy.attention_after_minutes)
        if not owed.attention and now - owed.failing_since >= patience:
            self._raise_attention(owed, now)

    def note_refused(self, key: str, since: datetime, now: datetime, why: str) -> None:
        """The other side understood and will not do it: asked again after pauses that grow to a day (X7).

        A port of a number that telephony has not told to be the customer's own is not asked for again; that of an
        own number must not be lost (P9).
        """
        owed = self.pending.find(key)
        if owed is None:
            return
        if isinstance(owed.command, RecordPort) and owed.command.number not in self.numbers:
            self._happen(events.StepRefused(step=owed.step), now)
            self.note_done(key, now)
            self.forget_port(owed.command.number, now)
            return
        owed.failing_since = owed.failing_since or since
        owed.retry_at = now + min(_SHORTEST_PAUSE * 2 ** min(owed.refusals, 10), _LONGEST_PAUSE)
        owed.refusals += 1
        if not owed.attention:
            self._raise_attention(owed, now, refusal=why)

    def _raise_attention(self, owed: Owed, now: datetime, refusal: str | None = None) -> None:
        since = owed.failing_since
        assert since is not None
        owed.attention = True
        refused = refusal is not None
        self._happen(events.AttentionRaised(step=owed.step, since=since, refused=refused), now)
        task = OpenTask(
            task=TaskKind.ATTENTION, about=owed.trouble, step=owed.step, words=refusal, since=since
        )
        self._owe(task, now=now)
        if owed.system is not System.MAIL:
            self._owe_letter(
                LetterOrder(
                    kind=LetterKind.ATTENTION,
                    team=Team.SUPPORT,
                    ordinal=f"{owed.key}:{self.pending.seen}",
                    step=owed.step,
                    words=refusal,
                    since=since,
                ),
                now=now,
            )
