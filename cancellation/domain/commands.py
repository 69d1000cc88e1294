"""What a case owes outside: commands of the ledger, small and typed. What they need is read when they run.

One outside system is one lane, for mail one audience: commands of a lane run in order, and no lane waits for another.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, Field

from cancellation.domain.letter_kinds import LetterOrder
from cancellation.domain.values import KeptNumber, MailAddress, PhoneNumber, PortStatus, Value


class System(StrEnum):
    """An outside system."""

    CRM = "crm"
    BILLING = "billing"
    TELEPHONY = "telephony"
    RECORDINGS = "recordings"
    MAIL = "mail"


class TaskKind(StrEnum):
    """The CRM tasks that a case gives to the teams; each has a text in `application.tasks`."""

    COMMERCIAL = "commercial"
    """P2: talk to the customer now."""
    FORMALIZATION = "formalization"
    """P6: follow the formalization that is missing."""
    D30 = "d30"
    """P14: the last day of the notice."""
    FINAL_BILLING = "final_billing"
    """P13: to Finance."""
    SHUTDOWN_PLAN = "shutdown_plan"
    """P13: to Support."""
    DECIDE_ON_MAIL = "mail"
    """X9, X15: an e-mail that cannot count by itself."""
    CONFIRM_NOTICE = "confirm_notice"
    """X14: a notice that started without a person."""
    DELIVER_OFFER = "offer"
    """P5: what the customer accepted."""
    ATTENTION = "attention"
    """X7: a step that keeps failing."""
    SILENCE = "silence"
    """X19: nobody acts."""
    UNDELIVERED = "undelivered"
    """X16, X17: a letter that did not arrive."""
    REASON_OF_STOP = "reason_of_stop"
    """X18: the execution was stopped by the Web UI's button, nobody said why."""
    NOT_DELIVERED = "not_delivered"
    """P10: recordings that could not be put into the customer's archive."""
    ODD_NUMBERS = "odd_numbers"
    """P9: own numbers that telephony keeps in another form than E.164, so that no portability finds them."""
    DOUBTFUL_AMOUNTS = "doubtful_amounts"
    """P16: what the final invoice leaves to Finance, because billing holds no sound amount of it."""
    REFUND = "refund"
    """P16, P18: the final invoice is a credit, which is given back."""
    NOT_REMOVED = "not_removed"
    """P10: recordings that could not be removed, and are still kept."""
    NOTHING_TO_CLOSE = "nothing_to_close"
    """X20: a customer who has no service any more asks to cancel."""


LASTING_TASKS = frozenset(
    {
        TaskKind.UNDELIVERED,
        TaskKind.DELIVER_OFFER,
        TaskKind.REASON_OF_STOP,
        TaskKind.DOUBTFUL_AMOUNTS,
        TaskKind.REFUND,
        TaskKind.NOT_REMOVED,
        TaskKind.NOTHING_TO_CLOSE,
        TaskKind.DECIDE_ON_MAIL,
    }
)
"""Tasks that somebody still has to do when the case has ended."""


class OpenCase(Value):
    """Record the case and Commercial's task (P2)."""

    do: Literal["open_case"] = "open_case"


class OpenTask(Value):
    """Give a team a task, or bring its text and date up to date."""

    do: Literal["open_task"] = "open_task"
    task: TaskKind
    about: str = ""
    """What of its kind: an e-mail, an offer, a step, a letter."""
    step: str = ""
    """The code of the step that needs attention."""
    codes: tuple[str, ...] = ()
    letter: LetterOrder | None = None
    """The letter that was not delivered."""
    words: str | None = None
    since: AwareDatetime | None = None
    names: tuple[str, ...] = ()
    """Recordings, numbers or amounts that it is about, the first of them; `count` says how many there are."""
    count: int = 0

    @property
    def key(self) -> str:
        """The task's key in the CRM, unique within the case."""
        return f"{self.task.value}:{self.about}"[:300] if self.about else self.task.value


class CloseTask(Value):
    """A task is done."""

    do: Literal["close_task"] = "close_task"
    key: str


class SetStatus(Value):
    """Bring the customer's CRM status in step with the stage (P12)."""

    do: Literal["set_status"] = "set_status"


class RegisterFormalization(Value):
    """Register the complete formalization (P11)."""

    do: Literal["register_formalization"] = "register_formalization"


class KeepDecision(Value):
    """What a person decided about an e-mail, kept as a label for the reader (X14)."""

    do: Literal["keep_decision"] = "keep_decision"
    message_id: str
    original_sha256: str | None
    is_request: bool
    reason: str | None = None
    decided_by: str
    decided_at: AwareDatetime


class CorrectContact(Value):
    """An authorised contact's address is another one (X9, X16)."""

    do: Literal["correct_contact"] = "correct_contact"
    wrong: MailAddress
    right: MailAddress


class WriteTrail(Value):
    """Bring the CRM's trail up to date (P20)."""

    do: Literal["write_trail"] = "write_trail"


class RestoreRecords(Value):
    """Give the CRM again what it has lost, as the engine remembers it (P20)."""

    do: Literal["restore_records"] = "restore_records"
    after: int
    """The last trail entry that it still holds; 0: nothing of the case."""


class EndCase(Value):
    """The case has ended: outcome, status, tasks closed, formalization revoked where nobody leaves."""

    do: Literal["end_case"] = "end_case"


class SendLetter(Value):
    """Send one letter to one audience."""

    do: Literal["send_letter"] = "send_letter"
    letter: LetterOrder


class PlanBillingEnd(Value):
    """Nothing recurs after the last day of the notice; can be lifted (P16)."""

    do: Literal["plan_billing_end"] = "plan_billing_end"


class LiftBillingEnd(Value):
    """Charge on as before the case `case_id` (X3, X20)."""

    do: Literal["lift_billing_end"] = "lift_billing_end"
    case_id: str


class CloseBilling(Value):
    """Invoice the days due, void the rest, read it back (P16)."""

    do: Literal["close_billing"] = "close_billing"


class ReadInventory(Value):
    """Learn what the customer occupies (P9, P13)."""

    do: Literal["read_inventory"] = "read_inventory"


class RecordPort(Value):
    """Tell telephony what became of a number's portability (P9)."""

    do: Literal["record_port"] = "record_port"
    number: PhoneNumber
    status: PortStatus
    operator: str | None = None
    at: AwareDatetime


class DeactivateServices(Value):
    """Make everything dead but what held numbers need (P15)."""

    do: Literal["deactivate_services"] = "deactivate_services"
    hold: tuple[KeptNumber, ...] = ()


class ReleaseResources(Value):
    """Give everything back but what held numbers need, and read it back (P17)."""

    do: Literal["release_resources"] = "release_resources"
    hold: tuple[KeptNumber, ...] = ()


class ExportRecordings(Value):
    """Archive the recordings behind a link that dies with the notice (P10)."""

    do: Literal["export_recordings"] = "export_recordings"
    ordinal: int
    from_date: date | None = None
    to_date: date | None = None


class RevokeLinks(Value):
    """Kill the links of the case `case_id` (X3, X20)."""

    do: Literal["revoke_links"] = "revoke_links"
    case_id: str


class PurgeRecordings(Value):
    """Kill the links and remove the recordings (P10)."""

    do: Literal["purge_recordings"] = "purge_recordings"


Command = Annotated[
    OpenCase
    | OpenTask
    | CloseTask
    | SetStatus
    | RegisterFormalization
    | KeepDecision
    | CorrectContact
    | WriteTrail
    | RestoreRecords
    | EndCase
    | SendLetter
    | PlanBillingEnd
    | LiftBillingEnd
    | CloseBilling
    | ReadInventory
    | RecordPort
    | DeactivateServices
    | ReleaseResources
    | ExportRecordings
    | RevokeLinks
    | PurgeRecordings,
    Field(discriminator="do"),
]

_SYSTEMS: dict[str, System] = {
    "send_letter": System.MAIL,
    "plan_billing_end": System.BILLING,
    "lift_billing_end": System.BILLING,
    "close_billing": System.BILLING,
    "read_inventory": System.TELEPHONY,
    "record_port": System.TELEPHONY,
    "deactivate_services": System.TELEPHONY,
    "release_resources": System.TELEPHONY,
    "export_recordings": System.RECORDINGS,
    "revoke_links": System.RECORDINGS,
    "purge_recordings": System.RECORDINGS,
}
"""What is not here is the CRM's."""

_STEPS = {"send_letter": "send_letters"}


class Owed(BaseModel):
    """A command that is owed, from when it arose until its result is known."""

    key: str
    """Unique within the case, the same for every attempt: with the case id the idempotency key."""
    command: Command
    since: AwareDatetime
    failing_since: AwareDatetime | None = None
    attention: bool = False
    """Whether people were told that it fails (X7)."""
    refusals: int = 0
    """How often the other side refused it for good."""
    told: bool = False
    """Whether the trail's entry about it is written already; for what the CRM is owed."""
    retry_at: AwareDatetime | None = None
    """Not before this instant: the pause after a refusal."""

    @property
    def system(self) -> System:
        """Whose it is to do."""
        return _SYSTEMS.get(self.command.do, System.CRM)

    @property
    def lane(self) -> str:
        """What it queues in: its system, for mail its audience."""
        if isinstance(self.command, SendLetter):
            return f"mail:{self.command.letter.audience}"
        return self.system.value

    @property
    def step(self) -> str:
        """What it is called wherever people see it: the step's code."""
        if self.system is System.CRM and not isinstance(self.command, OpenCase | RestoreRecords):
            return "record_case"
        return _STEPS.get(self.command.do, self.command.do)

    @property
    def trouble(self) -> str:
        """What attention is about: the step, for mail with its audience."""
        return f"{self.step}:{self.lane.partition(':')[2]}" if self.system is System.MAIL else self.step
