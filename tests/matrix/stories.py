"""The stories whose stages have outages: each reaches its stages with everything that can be owed there."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from tests.durable.house import POLICY
from tests.e2e.mail_rig import BOTH, REQUEST, email_from
from tests.matrix.life import Life
from tests.unit.understanding.test_reports import STATUS, report

DAY, MINUTE, SECONDS = timedelta(days=1), timedelta(minutes=1), timedelta(seconds=30)
SPAN: Final = 4 * DAY
"""How long a stage waits: longer than every outage, and for what is tried again after it."""

Act = Callable[[Life], Awaitable[None]]
Instant = Callable[[Life], Awaitable[datetime]]


async def _nothing(life: Life) -> None:
    """Time alone brings it."""


@dataclass(frozen=True)
class Stage:
    """A part of a story: what happens at its beginning, and the time until the next."""

    name: str
    at: Instant
    act: Act
    prepare: Act = _nothing
    """What comes before an outage can begin."""
    has_outages: bool = True
    of_mail: bool = False
    """Whether it is about what the handling of incoming e-mail asks for, and nothing else."""


@dataclass(frozen=True)
class Story:
    """Stages up to an end."""

    name: str
    stages: tuple[Stage, ...]

    def stages_with_outages(self) -> Iterator[Stage]:
        return (stage for stage in self.stages if stage.has_outages)


def after(days: float) -> Instant:
    """So many days after the opening."""

    async def instant(life: Life) -> datetime:
        return life.began + days * DAY

    return instant


def before(what: str, by: timedelta = SECONDS) -> Instant:
    """Right before the case does something by itself."""

    async def instant(life: Life) -> datetime:
        due = (await life.case.status()).due
        return next(one.at for one in due if one.what == what) - by

    return instant


# ---------------------------------------------------------------------------- what happens


async def open_case(life: Life) -> None:
    await life.open()


async def pass_a_minute(life: Life) -> None:
    await life.case.forward(MINUTE)


async def negotiate(life: Life) -> None:
    """Offers, another contact, and an e-mail that Commercial has to look at (P4, X1, X9)."""
    offer = {"offer_id": "o1", "kind": "plan_adjustment", "description": "Plano menor"}
    await life.tell("retention_offer", "o1-made", **offer, status="made")
    await life.tell("retention_offer", "o1-refused", **offer, status="refused")
    await life.tell("request", "p1", channel="phone", text="Ainda quero cancelar")
    await life.tell("formalization", "<a>", **await mail(life, "<a>", authentication="none"))


async def decline(life: Life) -> None:
    """With recordings wanted, a port asked for, and an e-mail that lacks a mailbox (P6, P7, P9, P10)."""
    reason = {"category": "price", "text": "Ficou caro"}
    await life.tell("retention_outcome", "declined", outcome="declined", reason=reason)
    await life.tell("recordings_request", "rec")
    await port(life, 0, "requested", "p-1")
    await life.tell("formalization", "<b>", **await mail(life, "<b>", recipients=[POLICY.mailboxes[0]]))


async def only_decline(life: Life) -> None:
    reason = {"category": "price", "text": "Ficou caro"}
    await life.tell("retention_outcome", "declined", outcome="declined", reason=reason)


async def formalize(life: Life) -> None:
    """A doubtful e-mail is decided, the notice begins; of one number two facts come together (P8, P9, X15)."""
    if any(mail.message_id == "<a>" for mail in (await life.case.status()).undecided_mails):
        await life.tell("formalization", "<a>", **await mail(life, "<a>", refused_by="ana"))
    await life.tell("formalization", "<c>", **await mail(life, "<c>"))
    await port(life, 0, "rejected", "p-2")
    await port(life, 0, "requested", "p-3")


async def decline_and_formalize(life: Life) -> None:
    await decline(life)
    await life.settle()
    await formalize(life)


async def ask_for_second_port(life: Life) -> None:
    await port(life, 1, "requested", "p-4")
    await life.settle()


async def complete_first_port(life: Life) -> None:
    await port(life, 0, "completed", "p-5")


async def accept_offers(life: Life) -> None:
    for number, kind in (("o1", "technical_fix"), ("o2", "commercial_terms")):
        offer = {"offer_id": number, "kind": kind, "description": "Combinado"}
        await life.tell("retention_offer", f"{number}-made", **offer, status="made")
        await life.tell("retention_offer", f"{number}-accepted", **offer, status="accepted")
    await life.settle()


async def retain(life: Life) -> None:
    reason = {"category": "technical", "text": "Ligações caindo"}
    await life.tell("retention_outcome", "retained", outcome="retained", reason=reason)


async def withdraw(life: Life) -> None:
    await life.tell("withdrawal", "withdrawn", reason="Renegociou")


async def discard(life: Life) -> None:
    await life.tell("discard", "discarded", reason="Cliente errado")


async def press_cancel(life: Life) -> None:
    """The Web UI's button (X18)."""
    await life.case.handle.cancel()


async def write_in(life: Life) -> None:
    """The formalization as an e-mail, one of somebody whom nobody knows, reports of mail servers (X9, X16)."""
    status = await life.case.status()
    subject = f"Cancelamento {status.protocol}, cliente {life.case.customer_id}"
    customer, now = life.case.customer_id, await life.case.now()
    strange: dict[str, Any] = {"sender": f"x@{customer}.net", "verdict": "fail"}
    text = f"{REQUEST}\n\nCNPJ 11.222.333/0001-81"
    await life.write_in(email_from(customer, subject=subject, written_at=now), *BOTH)
    await life.write_in(email_from(customer, text, written_at=now, **strange), *BOTH)
    gone = STATUS.format(action="failed", status="5.1.1").replace(
        "Recipient address rejected: User unknown", "não há"
    )
    quoted = "From: nos@x\nMessage-ID: <nobody@nuvemjti.com.br>\n"
    await life.write_in(report(gone, quoted=quoted), BOTH[0])
    (script,) = [one for one in life.house.mailer.adapter.outbox.drafts.values() if one.kind == "script"]
    returned = quoted.replace("<nobody@nuvemjti.com.br>", script.message_id)
    await life.write_in(report(gone, quoted=returned), BOTH[0])


async def port(life: Life, place: int, status: str, message_id: str) -> None:
    await life.tell("portability", message_id, number=life.numbers[place], status=status, operator="Vivo")


async def mail(life: Life, message_id: str, **changes: object) -> dict[str, object]:
    """A complete formalization but for the changes."""
    fields = await life.case.email(**changes)
    return {name: value for name, value in fields.items() if name not in ("message_id", "actor")}


# ---------------------------------------------------------------------------- the stories

_OPENED: Final = Stage("opening", after(0), open_case, has_outages=False)
_NOTICE: Final = Stage("notice", after(1), decline_and_formalize, has_outages=False)

CLOSED: Final = Story(
    "closed",
    (
        Stage("opening", after(0), open_case),
        Stage("retention", after(4), negotiate),
        Stage("awaiting_formalization", after(8), decline),
        Stage("notice", after(12), formalize),
        Stage("reminders", before("remind_portability"), pass_a_minute),
        Stage("closing", before("notice_end"), pass_a_minute, prepare=ask_for_second_port),
        Stage("held_number", after(47.5), complete_first_port),
        Stage("end_of_hold", before("hold_end"), pass_a_minute),
    ),
)
RETAINED: Final = Story("retained", (_OPENED, Stage("retained", after(1), retain, prepare=accept_offers)))
LAPSED: Final = Story(
    "lapsed",
    (
        _OPENED,
        Stage("awaiting_formalization", after(1), only_decline, has_outages=False),
        Stage("lapsed", before("lapse"), pass_a_minute),
    ),
)
DISCARDED: Final = Story(
    "discarded",
    (
        _OPENED,
        Stage("awaiting_formalization", after(1), only_decline, has_outages=False),
        Stage("discarded", after(2), discard),
    ),
)
WITHDRAWN: Final = Story("withdrawn", (_OPENED, _NOTICE, Stage("withdrawn", after(6), withdraw)))
STOPPED: Final = Story("stopped", (_OPENED, _NOTICE, Stage("stopped", after(6), press_cancel)))
WRITTEN: Final = Story(
    "written",
    (
        _OPENED,
        Stage("awaiting_formalization", after(1), only_decline, has_outages=False),
        Stage("incoming_mail", after(4), write_in, of_mail=True),
        Stage("withdrawn", after(8), withdraw, has_outages=False),
    ),
)
STORIES: Final = (CLOSED, RETAINED, LAPSED, DISCARDED, WITHDRAWN, STOPPED, WRITTEN)
