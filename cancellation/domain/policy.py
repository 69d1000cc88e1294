"""Every duration and term of the process: data that a case carries from its start, never constants."""

from datetime import date, datetime, time, timedelta
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from cancellation.domain.billing_watch import WatchTerms
from cancellation.domain.values import MailAddress
from cancellation.domain.zone import ZoneRules, current_rules

Days = Annotated[int, Field(ge=0, le=3650)]
Hours = Annotated[int, Field(ge=1, le=24 * 365)]
_MOST_REMINDERS, _MOST_HOLIDAYS = 50, 400
"""Every look at a case goes through all of them."""


def _without_zone(clock: time) -> time:
    if clock.tzinfo is not None:
        raise PydanticCustomError("clock_with_zone", "a clock on the wall has no time zone")
    return clock


WallClock = Annotated[time, AfterValidator(_without_zone)]
"""An hour of the policy's own time zone."""


class BusinessHours(BaseModel):
    """When people may be reminded: weekdays that are no holiday, local time of the policy's zone (X4)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    opens: WallClock = time(9, 0)
    closes: WallClock = time(18, 0)

    @model_validator(mode="after")
    def _last_some_time(self) -> Self:
        if self.closes <= self.opens:  # nobody would ever be reminded (X19)
            raise PydanticCustomError("closes_before_it_opens", "it has to close after it opens")
        return self


class CancellationPolicy(BaseModel):
    """The terms of one cancellation, frozen into the case when it opens (process.md, legal background).

    Days are calendar days unless a name says business days; dates and hours are of `time_zone`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    time_zone: Literal["America/Sao_Paulo"] = "America/Sao_Paulo"
    mailboxes: Annotated[tuple[MailAddress, ...], Field(min_length=1, max_length=20)] = (
        "financeiro@nuvemjti.com.br",
        "comercial@nuvemjti.com.br",
    )
    """The mailboxes that a formalization must reach, all of them (P7)."""
    notice_days: Annotated[int, Field(ge=0, le=365)] = 30
    """Length of the notice; of none, it ends with the day of receipt (P8)."""
    clause: str = Field(default="8.2", min_length=1, max_length=20)
    """The contract's clause that sets the notice."""
    formalization_term_days: Annotated[int, Field(ge=1, le=365)] = 30
    """How long an unformalised case waits before it lapses, from the outcome `declined` (X5)."""
    clock_skew_seconds: Annotated[int, Field(ge=0, le=300)] = 60
    """How far a mail server's clock may run ahead before its e-mail counts as dated in the future."""
    mail_age_days: Annotated[int, Field(ge=1, le=365)] = 5
    """How far an e-mail's Date and its receipt may lie apart before a person looks at it (X9)."""
    attention_after_minutes: Annotated[int, Field(ge=1, le=60 * 24 * 7)] = 60
    """After how long a failing step of an outside system asks for attention (X7)."""
    letter_gives_up_days: Annotated[int, Field(ge=1, le=30)] = 5
    """How long a letter that a mail server puts off is tried before Commercial gets it as a task (X17)."""
    late_handling_hours: Annotated[int, Field(ge=0, le=24 * 14)] = 24
    """How long after its term a formalization that was received in time may be handled and counts (X21)."""
    awake_interval_hours: Hours = 168
    """How often people are reminded after the last of the reminders below, with attention raised (X19)."""
    commercial_reminder_hours: Annotated[tuple[Hours, ...], Field(max_length=_MOST_REMINDERS)] = (
        4,
        24,
        72,
        168,
    )
    """When Commercial is reminded, from the opening, while it has recorded no outcome (X4)."""
    decision_business_days: Annotated[int, Field(ge=0, le=30)] = 2
    """How many business days the point of no return waits for people to decide on e-mails (X14, X15)."""
    formalization_reminder_days: Annotated[tuple[Days, ...], Field(max_length=_MOST_REMINDERS)] = (7, 20, 27)
    """When the customer is reminded that the formalization is missing, from the outcome `declined` (X4)."""
    port_business_days: Annotated[int, Field(ge=0, le=30)] = 3
    """Business days that a portability takes (X4)."""
    port_reminder_days_before: Days = 5
    """How many days before the last safe day for portability the customer is reminded (X4)."""
    link_reminder_days_before: Days = 3
    """How many days before the download link dies the customer is reminded (X4)."""
    port_grace_days: Days = 15
    """How long after the notice a number in the middle of a portability is held (X6)."""
    purge_recordings: bool = True
    """Whether recordings are removed when the notice has ended (P10)."""
    billing_watch_cycles: Annotated[int, Field(ge=0, le=24)] = 2
    """Billing cycles after closure in which charges are looked for again; 0: no watch, no statement (X10)."""
    undue_repay_times: Annotated[int, Field(ge=1, le=2)] = 2
    """How many times an undue payment is given back: twice without good reason (consumer code, article 42; X10)."""
    fiscal_cancel_hours: Annotated[int, Field(ge=0, le=24 * 365)] = 120
    """Hours from its issue in which the fiscal document of an undue charge is cancelled (X10)."""
    fiscal_late: Literal["substitute", "credit"] = "substitute"
    """What takes the place of cancelling it when that time is over (X10)."""
    watch_overdue_days: Annotated[int, Field(ge=0, le=365)] = 10
    """Days after the last cycle after which Finance hears of a customer who has no statement of no debt yet (X10)."""
    business_hours: BusinessHours = BusinessHours()
    holidays: Annotated[tuple[date, ...], Field(max_length=_MOST_HOLIDAYS)] | None = None
    """National holidays, frozen with the case; None takes the worker's calendar when the case opens (X4)."""
    zone_rules: ZoneRules | None = None
    """The time zone's offsets, frozen with the case; None takes the worker's when the case opens (X23)."""

    @property
    def zone(self) -> ZoneRules:
        """The rules of every date of the case."""
        return self.zone_rules or current_rules()

    @property
    def watch(self) -> WatchTerms:
        """What is kept with a case when it closes (X10)."""
        return WatchTerms(
            cycles=self.billing_watch_cycles,
            repay_times=self.undue_repay_times,
            document_hours=self.fiscal_cancel_hours,
            late_documents=self.fiscal_late,
            overdue_days=self.watch_overdue_days,
        )

    @property
    def notice(self) -> timedelta:
        """The notice as a span of calendar days."""
        return timedelta(days=self.notice_days)

    def local_date(self, instant: datetime) -> date:
        """The calendar date of an aware instant in the policy's time zone."""
        return self.zone.local_date(instant)

    def day_start(self, day: date) -> datetime:
        """The first instant (UTC) of a calendar day in the policy's time zone."""
        return self.zone.at(day)
