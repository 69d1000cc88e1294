"""Random sequences of facts and instants: what holds whatever happens in whatever order."""

import contextlib
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from cancellation.application.casefile import CaseFile
from cancellation.application.intake import Incoming, take
from cancellation.application.views import status_of
from cancellation.domain.case import Case
from cancellation.domain.commands import (
    CloseBilling,
    CloseTask,
    DeactivateServices,
    EndCase,
    ExportRecordings,
    OpenCase,
    OpenTask,
    Owed,
    PlanBillingEnd,
    PurgeRecordings,
    RecordPort,
    RegisterFormalization,
    ReleaseResources,
    SendLetter,
    SetStatus,
    TaskKind,
)
from cancellation.domain.due import due_instants, overdue_reminders
from cancellation.domain.formalization import distrust
from cancellation.domain.letter_kinds import LetterKind
from cancellation.domain.refusal import Refused, RuleBroken
from cancellation.domain.stage import Stage
from cancellation.domain.values import Authentication, OfferKind, OfferStatus, Outcome, PortStatus, Reason
from cancellation.messages.envelope import Message
from cancellation.messages.facts import (
    SIGNALS,
    BounceMessage,
    DiscardMessage,
    FormalizationMessage,
    PortabilityMessage,
    RecordingsRequestMessage,
    RequestMessage,
    RetentionOfferMessage,
    RetentionOutcomeMessage,
    WithdrawalMessage,
)
from tests.unit.application.house import How, serve
from tests.unit.domain.build import (
    COMMERCIAL,
    FINANCE,
    INVENTORY,
    OPENED,
    OTHER_NUMBER,
    OWN_NUMBER,
    REASON,
    RITA,
    ZONE,
    declined,
    in_notice,
    known,
    opened,
    owed,
    port,
    recordings,
)

NAMES = {model: name for name, model in SIGNALS.items()}
ORDER = {
    Stage.RETENTION: 0,
    Stage.AWAITING_FORMALIZATION: 1,
    Stage.NOTICE: 2,
    Stage.CLOSING: 3,
    **{stage: 4 for stage in Stage if stage.is_terminal},
}
ORDERED: dict[str, set[object]] = {
    "handed_to_commercial": {LetterKind.REQUEST_TO_COMMERCIAL},
    "told_early": {LetterKind.FORMALIZED_EARLY, LetterKind.FORMALIZED_EARLY_TO_COMMERCIAL},
    "early_undone": {LetterKind.EARLY_UNDONE, LetterKind.EARLY_UNDONE_TO_COMMERCIAL},
    "script": {LetterKind.SCRIPT, SetStatus, CloseTask, TaskKind.FORMALIZATION},
    "notice_announced": {
        SetStatus,
        RegisterFormalization,
        CloseTask,
        PlanBillingEnd,
        TaskKind.D30,
        TaskKind.FINAL_BILLING,
        LetterKind.NOTICE_STARTED,
        LetterKind.FINAL_BILLING,
    },
    "shutdown_planned": {TaskKind.SHUTDOWN_PLAN, LetterKind.SHUTDOWN_PLAN},
    "silence": {TaskKind.SILENCE},
    "port_noted": {LetterKind.PORT_NOTED},
    "ending_settled": set(),
    "ended": {EndCase},
}
"""What each milestone of the procedure has ordered."""
REMINDERS = [kind for kind in LetterKind if kind.value.startswith("remind_")]
ids = st.sampled_from([None, "m1", "m2", "m3", "m4"])
numbers = st.sampled_from([OWN_NUMBER, OTHER_NUMBER, "+551199999999"])
reasons = st.just(Reason(category=REASON.category, text="caro"))
SPOILT: dict[str, Any] = {
    "sender": "x@y.z",
    "recipients": [FINANCE],
    "explicit_request": False,
    "reason": None,
    "authentication": Authentication.NONE,
}
addresses = st.sampled_from([FINANCE, COMMERCIAL, "outro@nuvemjti.com.br"])


def facts(now: datetime) -> st.SearchStrategy[Message]:
    """Any message, plausible or not, at an instant."""
    received = st.integers(-40 * 24, 2).map(lambda hours: now + timedelta(hours=hours))
    return st.one_of(
        st.builds(RequestMessage, message_id=ids, channel=st.just("phone"), text=st.sampled_from(["a", "b"])),
        st.builds(
            RetentionOfferMessage,
            message_id=ids,
            offer_id=st.sampled_from(["o1", "o2"]),
            kind=st.sampled_from(OfferKind),
            description=st.just("x"),
            status=st.sampled_from(OfferStatus),
        ),
        st.builds(
            RetentionOutcomeMessage,
            message_id=ids,
            outcome=st.sampled_from([Outcome.DECLINED, Outcome.DECLINED, Outcome.RETAINED]),
            reason=reasons,
        ),
        st.builds(
            FormalizationMessage,
            message_id=ids,
            sender=st.sampled_from([RITA, RITA, "x@y.z"]),
            recipients=st.lists(addresses, max_size=3).map(tuple),
            received_at=received,
            explicit_request=st.booleans(),
            reason=st.sampled_from([None, "caro"]),
            authentication=st.sampled_from([Authentication.PASS, Authentication.PASS, Authentication.FAIL]),
            confirmed_by=st.sampled_from([None, None, "Ana"]),
            refused_by=st.sampled_from([None, None, None, "Bia"]),
            doubts=st.sampled_from([(), (), ("Leiam.",)]),
            unseen=st.booleans(),
        ),
        st.builds(PortabilityMessage, message_id=ids, number=numbers, status=st.sampled_from(PortStatus)),
        st.builds(
            RecordingsRequestMessage, message_id=ids, deliver_to=st.sampled_from([None, RITA, "x@y.z"])
        ),
        st.builds(WithdrawalMessage, message_id=ids, reason=st.just("fica")),
        st.builds(DiscardMessage, message_id=ids, reason=st.just("engano")),
    )


def porting() -> Case:
    """A case in its notice with a portability under way and recordings wanted."""
    case = in_notice()
    case.record_port(port(), OPENED + timedelta(hours=2))
    case.request_recordings(recordings(), OPENED + timedelta(hours=2))
    return case


class AnyProcedure(RuleBasedStateMachine):
    """The case as the workflow drives it, with everything arriving at any time."""

    @initialize(begin=st.sampled_from([opened, known, declined, in_notice, porting]))
    def open(self, begin: Callable[[], Case]) -> None:
        """Many cases begin near the ends that matter."""
        self.file = CaseFile(case=begin())
        self.now = OPENED + timedelta(hours=2)
        self.stages = [self.case.stage]
        self.counter = 0
        self.taken: list[Incoming] = []
        self.settled: list[Owed] = []
        self.owed_before: dict[str, Owed] = {}
        self.go_on()

    @property
    def case(self) -> Case:
        return self.file.case

    # ------------------------------------------------------------ what happens

    @rule(data=st.data())
    def a_fact_is_reported(self, data: st.DataObject) -> None:
        self.report(data.draw(facts(self.now)))

    @rule(spoilt=st.sampled_from([None, None, *SPOILT]), days=st.integers(0, 40))
    def an_email_comes_that_is_complete_or_nearly(self, spoilt: str | None, days: int) -> None:
        whole = {
            "message_id": f"<{len(self.case.mails)}@x>",
            "sender": RITA,
            "recipients": [FINANCE, COMMERCIAL],
            "received_at": self.now - timedelta(days=days),
            "explicit_request": True,
            "reason": "caro",
            "authentication": Authentication.PASS,
            "unseen": days % 2 == 0,
        }
        self.report(FormalizationMessage.model_validate(whole | ({spoilt: SPOILT[spoilt]} if spoilt else {})))

    @precondition(lambda self: self.case.letters and self.case.ended_at is None)
    @rule(data=st.data())
    def a_letter_comes_back(self, data: st.DataObject) -> None:
        letter_id = data.draw(st.sampled_from(sorted(self.case.letters)))
        self.report(BounceMessage(letter=letter_id[:200], status="5.1.1"))

    @precondition(lambda self: self.case.stage is Stage.NOTICE)
    @rule(seconds=st.sampled_from([-24 * 3600, -1, 0, 0]))
    def the_end_of_the_notice_is_near_and_somebody_hurries(self, seconds: int) -> None:
        assert self.case.notice is not None
        self.now = max(self.now, self.case.notice.ends_at + timedelta(seconds=seconds))
        self.case.meet_deadlines(self.now)
        self.somebody_orders_destruction()

    def report(self, message: Message) -> None:
        incoming = Incoming(
            name=NAMES[type(message)], data=message.model_dump_json(exclude_none=True).encode()
        )
        before, entries = self.frozen(), self.file.trail.last_seq
        try:
            self.take(incoming)
        except Refused:
            refused = True
        else:
            refused = False
            self.taken.append(incoming)
        if refused and not (self.case.stage.is_terminal and isinstance(message, RequestMessage)):
            assert self.frozen() == before
        self.write_down()
        if refused:
            entry = next(one for one in reversed(self.file.trail.entries) if one.kind == "message_refused")
            assert entry.problems
            assert entry.seq > entries
        self.go_on()

    @precondition(lambda self: self.taken)
    @rule(data=st.data())
    def a_message_with_an_id_arrives_again(self, data: st.DataObject) -> None:
        again = data.draw(st.sampled_from(self.taken))
        if b"message_id" not in again.data:
            return
        before = self.frozen()
        assert self.take(again)
        assert self.frozen() == before
        self.write_down()
        assert self.file.trail.entries[-1].kind == "message_repeated"

    @rule(hours=st.sampled_from([1, 5, 24, 24 * 7, 24 * 29, 24 * 40]))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        self.case.meet_deadlines(self.now)
        overdue = overdue_reminders(self.case, self.now)
        self.case.remind(overdue.due, overdue.pointless, self.now)
        self.go_on()

    @precondition(lambda self: self.case.pending.owed)
    @rule(data=st.data(), how=st.sampled_from([How.DONE, How.DONE, How.DONE, *How]))
    def a_system_does_what_it_is_owed_or_not(self, data: st.DataObject, how: How) -> None:
        lane = data.draw(st.sampled_from(sorted(self.case.pending.lanes())))
        if how is How.REFUSED and lane == "crm" and not self.case.known_to_crm:
            how = How.FAILS
        serve(self.file, lane, self.now, how)
        self.go_on()

    @precondition(lambda self: self.case.pending.owed)
    @rule()
    def every_system_does_all_that_it_is_owed(self) -> None:
        while lanes := self.case.pending.lanes():
            for lane in lanes:
                serve(self.file, lane, self.now)
                self.write_down()
        self.go_on()

    @rule()
    def telephony_tells_again_what_there_is(self) -> None:
        self.case.learn_inventory(INVENTORY, self.now)

    @rule()
    def somebody_orders_destruction(self) -> None:
        allowed = self.case.stage is Stage.CLOSING
        with contextlib.suppress(RuleBroken):
            self.case.pass_point_of_no_return(self.now)
            assert allowed

    @rule(really=st.sampled_from([True, False, False, False]))
    def the_execution_is_cancelled(self, really: bool) -> None:
        if really:
            self.case.stop("operador", self.now)
            self.go_on()

    @rule()
    def the_case_goes_on_in_a_new_execution(self) -> None:
        self.write_down()
        self.file = CaseFile.model_validate_json(self.file.model_dump_json())

    # ------------------------------------------------------------ what `run` orders

    def go_on(self) -> None:
        """As far as the case stands; nothing is ordered twice however often this is asked."""
        self.write_down()
        case, now = self.case, self.now
        case.hand_to_commercial(now)
        if case.known_to_crm:
            case.send_script(now)
            case.announce_notice(now)
            if case.stage is Stage.CLOSING and case.may_be_shut_down:
                self.close()
            if case.stage.is_terminal:
                case.settle_ending(now)
                if not case.pending.owed:
                    case.end(now)
        self.write_down()

    def close(self) -> None:
        case, now = self.case, self.now
        case.pass_point_of_no_return(now)
        if case.kept is None or (case.is_shut_down and case.holds_have_changed):
            case.end_services(now)
        if case.is_shut_down:
            case.confirm_closure(now)
        if case.is_closed_down:
            case.finish(now)

    def write_down(self) -> None:
        self.file.write_down(self.now)
        owed = {one.key: one for one in self.case.pending.owed}
        self.settled += [one for key, one in self.owed_before.items() if key not in owed]
        self.owed_before = owed

    # ------------------------------------------------------------ what holds

    @invariant()
    def stages_only_go_forward_and_ends_absorb(self) -> None:
        if self.case.stage is not self.stages[-1]:
            assert ORDER[self.case.stage] > ORDER[self.stages[-1]]
            assert not self.stages[-1].is_terminal
            self.stages.append(self.case.stage)

    @invariant()
    def nothing_destructive_without_formalization_and_ended_notice_P19(self) -> None:
        destructive = owed(self.case, DeactivateServices), owed(self.case, ReleaseResources)
        if not (self.case.past_no_return or self.case.stage is Stage.CLOSED or any(destructive)):
            return
        formalization, notice = self.case.formalization, self.case.notice
        assert self.case.past_no_return
        assert formalization is not None
        assert notice is not None
        assert self.now >= notice.ends_at
        assert {FINANCE, COMMERCIAL} <= set(formalization.recipients)
        assert any(m.explicit_request for m in formalization.mails)
        assert formalization.reason.strip()
        for mail in formalization.mails:
            vouched = bool(mail.confirmed_by)
            assert vouched or (mail.sender == RITA and mail.authentication is Authentication.PASS)
        last_day = formalization.received_at.astimezone(ZONE).date() + timedelta(days=30)
        assert self.now.astimezone(ZONE).date() > last_day

    @invariant()
    def past_the_point_of_no_return_a_case_can_only_close_P19(self) -> None:
        if self.case.past_no_return:
            assert self.case.stage in (Stage.CLOSING, Stage.CLOSED)

    @invariant()
    def the_trail_has_no_gap_P20(self) -> None:
        assert [e.seq for e in self.file.trail.entries] == list(range(1, self.file.trail.last_seq + 1))

    @invariant()
    def everything_owed_is_in_the_ledger_until_it_is_settled(self) -> None:
        """Whatever the case has decided has consequences outside: owed in the ledger, or once owed and settled."""
        case, commands = self.case, [one.command for one in [*self.case.pending.owed, *self.settled]]
        told = Counter(entry.kind for entry in self.file.trail.entries)
        tasks = Counter(one.task for one in commands if isinstance(one, OpenTask))
        letters = Counter(one.letter.kind for one in commands if isinstance(one, SendLetter))
        kinds: set[object] = {*tasks, *letters, *map(type, commands)}
        assert len({one.key for one in case.pending.owed}) == len(case.pending.owed)
        assert case.known_to_crm or case.pending.owes(OpenCase)
        for milestone in case.milestones:
            assert ORDERED[milestone.partition(":")[0]] <= kinds, milestone
        if case.kept is not None:
            assert {DeactivateServices, ReleaseResources, CloseBilling, PurgeRecordings} <= kinds
        if case.confirmed is not None:
            assert letters[LetterKind.CLOSED] == 1
            assert letters[LetterKind.CLOSED_TO_TEAM] == 2
        for status in PortStatus:
            recorded = [one for one in commands if isinstance(one, RecordPort) and one.status is status]
            assert len(recorded) == told[f"port_{status.value}"]
        assert tasks[TaskKind.ATTENTION] == told["attention_raised"]
        assert letters[LetterKind.MAIL_TO_DECIDE] == told["formalization_untrusted"]
        assert tasks[TaskKind.DECIDE_ON_MAIL] == told["formalization_untrusted"]
        # Of a letter to Commercial that comes back no further one goes there.
        assert letters[LetterKind.BOUNCED] <= told["letter_bounced"]
        assert tasks[TaskKind.UNDELIVERED] == told["letter_undelivered"] + told["letter_bounced"]
        assert sum(isinstance(one, ExportRecordings) for one in commands) == case.exports
        assert sum(letters[kind] for kind in REMINDERS) == told["reminded"] + told["decision_awaited"]

    @invariant()
    def nobody_s_mail_is_dropped_X15(self) -> None:
        """Whatever cannot count waits for a person, until one has decided or the case is over."""
        case = self.case
        if case.customer_name is None:
            return
        decided = {mail.message_id for mail in case.mails if mail.confirmed_by or mail.refused_by}
        waiting = {one.message_id for one in case.to_decide}
        for mail in case.countable_mails:
            if distrust(mail, case.authorised) and mail.message_id not in decided:
                assert mail.message_id in waiting
        assert len(waiting) == len(case.to_decide)

    @invariant()
    def the_point_of_no_return_waits_for_people_X14_X15(self) -> None:
        if self.case.holding_up:
            assert not self.case.may_be_shut_down
            assert "mail" in self.case.attention
            assert self.case.waits_until is not None
            assert self.now < self.case.waits_until

    @invariant()
    def a_case_that_continues_elsewhere_is_the_same(self) -> None:
        self.write_down()
        assert CaseFile.model_validate_json(self.file.model_dump_json()) == self.file

    @invariant()
    def attention_is_what_fails_and_nothing_else_X7_X17(self) -> None:
        failing = {one.step for one in self.case.pending.owed if one.attention}
        assert set(self.case.attention) - {"waiting", "mail"} == failing
        assert all(one.failing_since is not None for one in self.case.pending.owed if one.attention)

    @invariant()
    def status_and_due_instants_can_always_be_told(self) -> None:
        shown = status_of(self.case, self.now)
        assert shown.messages_seen == self.case.messages_seen
        for due in due_instants(self.case, self.now):
            assert not (due.what.startswith("remind_") and due.at < self.now)

    # ------------------------------------------------------------ helpers

    def take(self, incoming: Incoming) -> bool:
        self.counter += 1
        return take(self.case, incoming, self.now, f"auto-{self.counter}").duplicate

    def frozen(self) -> dict[str, Any]:
        """Everything that a refused or repeated message must leave alone."""
        return self.case.model_dump(exclude={"refused", "messages_seen"})


AnyProcedure.TestCase.settings = settings(max_examples=50, stateful_step_count=30, deadline=None)
TestAnyProcedure = AnyProcedure.TestCase
