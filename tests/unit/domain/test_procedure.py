"""Random sequences of facts and instants: what holds whatever happens in whatever order."""

import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from cancellation.application.intake import Incoming, take
from cancellation.domain.case import Case
from cancellation.domain.due import due_instants
from cancellation.domain.refusal import Refused
from cancellation.domain.stage import Stage
from cancellation.domain.values import Authentication, OfferKind, OfferStatus, Outcome, PortStatus, Reason
from cancellation.messages.envelope import Message
from cancellation.messages.facts import (
    SIGNALS,
    DiscardMessage,
    FormalizationMessage,
    PortabilityMessage,
    RecordingsRequestMessage,
    RequestMessage,
    RetentionOfferMessage,
    RetentionOutcomeMessage,
    WithdrawalMessage,
)
from cancellation.messages.status import status_of
from tests.unit.domain.build import (
    COMMERCIAL,
    FINANCE,
    OPENED,
    OTHER_NUMBER,
    OWN_NUMBER,
    POLICY,
    REASON,
    RITA,
    declined,
    in_notice,
    known,
    opened,
)

NAMES = {model: name for name, model in SIGNALS.items()}
ORDER = {
    Stage.RETENTION: 0,
    Stage.AWAITING_FORMALIZATION: 1,
    Stage.NOTICE: 2,
    Stage.CLOSING: 3,
    **{stage: 4 for stage in Stage if stage.is_terminal},
}
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
        ),
        st.builds(PortabilityMessage, message_id=ids, number=numbers, status=st.sampled_from(PortStatus)),
        st.builds(
            RecordingsRequestMessage, message_id=ids, deliver_to=st.sampled_from([None, RITA, "x@y.z"])
        ),
        st.builds(WithdrawalMessage, message_id=ids, reason=st.just("fica")),
        st.builds(DiscardMessage, message_id=ids, reason=st.just("engano")),
    )


class AnyProcedure(RuleBasedStateMachine):
    """The case as the workflow drives it, with everything arriving at any time."""

    @initialize(begin=st.sampled_from([opened, known, declined, in_notice, in_notice]))
    def open(self, begin: Callable[[], Case]) -> None:
        """Many cases begin near the ends that matter."""
        self.case = begin()
        self.now = OPENED + timedelta(hours=2)
        self.stages = [self.case.stage]
        self.counter = 0
        self.taken: list[Incoming] = []

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
        }
        self.report(FormalizationMessage.model_validate(whole | ({spoilt: SPOILT[spoilt]} if spoilt else {})))

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
        before = self.frozen()
        try:
            self.take(incoming)
        except Refused:
            refused = True
        else:
            refused = False
            self.taken.append(incoming)
        if refused:
            assert self.frozen() == before
            assert self.case.trail.entries[-1].kind == "message_refused"
            assert self.case.trail.entries[-1].problems

    @precondition(lambda self: self.taken)
    @rule(data=st.data())
    def a_message_with_an_id_arrives_again(self, data: st.DataObject) -> None:
        again = data.draw(st.sampled_from(self.taken))
        if b"message_id" not in again.data:
            return
        before = self.frozen()
        assert self.take(again)
        assert self.frozen() == before
        assert self.case.trail.entries[-1].kind == "message_repeated"

    @rule(hours=st.sampled_from([1, 5, 24, 24 * 7, 24 * 29, 24 * 40]))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        self.case.meet_deadlines(self.now)

    @precondition(lambda self: self.case.customer_name is None)
    @rule()
    def the_crm_answers(self) -> None:
        self.case.learn_customer("Acme", [RITA], self.now)

    @rule()
    def telephony_answers(self) -> None:
        self.case.learn_numbers([OWN_NUMBER, OTHER_NUMBER])

    @rule()
    def somebody_orders_destruction(self) -> None:
        allowed = self.case.stage is Stage.CLOSING
        with contextlib.suppress(Refused):
            self.case.pass_point_of_no_return(self.now)
            assert allowed

    @rule(really=st.sampled_from([True, False, False, False]))
    def the_execution_is_cancelled(self, really: bool) -> None:
        if really and not self.case.stage.is_terminal:
            self.case.stop(self.now)

    @precondition(lambda self: self.case.stage is Stage.CLOSING and self.case.past_no_return)
    @rule()
    def everything_is_released(self) -> None:
        if not self.case.held_now:
            self.case.finish(self.now)

    @rule(done=st.integers(0, 3))
    def duties_are_done(self, done: int) -> None:
        for duty in self.case.duties[:done]:
            self.case.done(duty)

    @rule()
    def the_case_goes_on_in_a_new_execution(self) -> None:
        again = Case.model_validate_json(self.case.model_dump_json())
        assert again == self.case
        self.case = again

    # ------------------------------------------------------------ what holds

    @invariant()
    def stages_only_go_forward_and_ends_absorb(self) -> None:
        if self.case.stage is not self.stages[-1]:
            assert ORDER[self.case.stage] > ORDER[self.stages[-1]]
            assert not self.stages[-1].is_terminal
            self.stages.append(self.case.stage)

    @invariant()
    def nothing_destructive_without_formalization_and_ended_notice_P19(self) -> None:
        if not (self.case.past_no_return or self.case.stage is Stage.CLOSED):
            return
        formalization, notice = self.case.formalization, self.case.notice
        assert formalization is not None
        assert notice is not None
        assert self.now >= notice.ends_at
        assert {FINANCE, COMMERCIAL} <= set(formalization.recipients)
        assert any(m.explicit_request for m in formalization.mails)
        assert formalization.reason.strip()
        for mail in formalization.mails:
            vouched = bool(mail.confirmed_by)
            assert vouched or (mail.sender == RITA and mail.authentication is Authentication.PASS)
        last_day = formalization.received_at.astimezone(POLICY.zone).date() + timedelta(days=30)
        assert self.now.astimezone(POLICY.zone).date() > last_day

    @invariant()
    def past_the_point_of_no_return_a_case_can_only_close_P19(self) -> None:
        if self.case.past_no_return:
            assert self.case.stage in (Stage.CLOSING, Stage.CLOSED)

    @invariant()
    def the_trail_has_no_gap_P20(self) -> None:
        assert [e.seq for e in self.case.trail.entries] == list(range(1, self.case.trail.last_seq + 1))

    @invariant()
    def status_and_due_instants_can_always_be_told(self) -> None:
        shown = status_of(self.case, self.now)
        assert shown.messages_seen == self.case.messages_seen
        for due in due_instants(self.case, self.now):
            assert not (due.is_reminder and due.at < self.now)

    # ------------------------------------------------------------ helpers

    def take(self, incoming: Incoming) -> bool:
        self.counter += 1
        return take(self.case, incoming, self.now, f"auto-{self.counter}").duplicate

    def frozen(self) -> dict[str, Any]:
        """Everything that a refused or repeated message must leave alone."""
        return self.case.model_dump(exclude={"trail", "refused", "messages_seen"})


AnyProcedure.TestCase.settings = settings(max_examples=80, stateful_step_count=30, deadline=None)
TestAnyProcedure = AnyProcedure.TestCase
