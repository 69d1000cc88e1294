"""Whether a case that lived through outages stands where the clean run of its story does, and lost nothing."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from email.parser import BytesHeaderParser
from fnmatch import fnmatchcase
from typing import Final

from cancellation.domain.letter_kinds import LetterKind
from cancellation.domain.trail import TrailEntry
from cancellation.language import vocabulary
from cancellation.messages.status import CaseResult
from tests.durable.customers import ZONE
from tests.durable.house import until
from tests.durable.test_outcomes import everything_is_told
from tests.matrix.cells import HOUR, Endured, Lived
from tests.matrix.facts import BESIDE_THE_STORY, Plain, facts, of_kinds, told_in_crm
from tests.matrix.outages import Kind
from tests.matrix.ports import SEND
from tests.matrix.stories import STORIES

CLOSING: Final = ("telephony.*", "billing.*", "recordings.*", "crm.formalization")
EVERYTHING: Final = ("*",)
ENDS: Final = sorted({story.stages[-1].name for story in STORIES})
MAY_WAIT: Final[Sequence[tuple[str, str, Sequence[str]]]] = (
    # A system waits for itself, and for nobody else.
    ("*", "crm: *", ("crm.open_case", "crm.record")),
    ("*", "billing: *", ("billing.*",)),
    ("*", "telephony: *", ("telephony.*",)),
    ("*", "recordings: *", ("recordings.*",)),
    ("*", "letter: *", (str(SEND),)),
    # Commercial first (P2): before the case is in the CRM nothing goes out but the letter to Commercial.
    ("opening", "[!l]*", ("crm.open_case",)),
    ("opening", "letter: request_received:*", ("crm.open_case",)),
    # No destructive act without a look at the formalization (P19), no confirmation before all has ended (P18).
    ("*", "acts: *", ("telephony.*", "crm.formalization")),
    ("*", "telephony: *", ("crm.formalization",)),
    ("*", "billing: *", ("crm.formalization",)),
    ("*", "recordings: *", ("crm.formalization",)),
    ("*", "letter: closed*", CLOSING),
    ("*", "letter: hold_ended*", CLOSING),
    ("*", "crm: task d30 *", CLOSING),
    # What was exported is delivered.
    ("*", "letter: recordings_ready:*", ("recordings.export",)),
    # An e-mail is read before it counts.
    ("incoming_mail", "*", ("inbox.*", "crm.*", "mailer.texts_sent_to", "mailer.sent_letter")),
    # The CRM's record of the end comes last (P20).
    *((stage, "crm: *", EVERYTHING) for stage in ENDS),
)
"""Stage, what is done there, and which calls it needs; nothing else may wait for one that fails (X17)."""

TELLS_OF_THE_PAST: Final = frozenset(
    {LetterKind.LAPSED, LetterKind.LAPSED_TO_COMMERCIAL, LetterKind.DISCARDED}
)
UNSTEADY: Final = frozenset(
    {
        "attention_cleared",
        "attention_raised",
        "crm_updated",
        "letter_omitted",
        "letter_sent",
        "letter_undelivered",
        "message_repeated",
        "reminded",
        "reminder_omitted",
    }
)
"""Entries that an outage brings, or that are told otherwise: each is judged by itself."""


async def verdict(lived: Lived) -> None:
    """Judge a case that has lived to the end of its story.

    Raises:
        AssertionError: with everything that is wrong.
    """
    result = await lived.life.case.result()
    trail = await lived.life.house.crm.adapter.trail(result.case_id)
    held = await facts(lived.life)
    wrong = [
        *(line for one in lived.endured for line in (*_held_up(one), *_unseen(one))),
        *_miscounted(lived, trail),
        *_result_differs(lived, result),
        *_facts_differ(lived, held, trail),
        *_trail_differs(lived, trail),
        *_untrue(lived),
        *await _loose_ends(lived, held, trail),
    ]
    assert not wrong, "\n".join(wrong)
    await everything_is_told(lived.life.case)
    assert await until(lived.life.house.replays)


# ---------------------------------------------------------------------------- while it lasted


def _held_up(endured: Endured) -> Iterator[str]:
    """X17: what was not done while the outage lasted, and needs nothing that failed."""
    cell, outage = endured.cell, endured.cell.outage
    if not endured.was_met:
        yield f"{cell}: nobody asked for what failed"
    failing = [*outage.fails()]
    if outage.another is not None and outage.lasts == HOUR:
        failing.append(f"{outage.another}.*")
    for fact in sorted(endured.missing):
        if not any(_may_wait(cell.stage.name, fact, one) for one in failing):
            yield f"{cell}: held up, and does not need {' or '.join(failing)}: {fact}"


def _may_wait(stage: str, fact: str, failing: str) -> bool:
    call, _, audience = failing.partition(":")
    if audience and fact.startswith("letter: "):
        return fact.split(":")[2] == audience
    return any(
        fnmatchcase(stage, where)
        and fnmatchcase(fact, what)
        and any(fnmatchcase(call, need) or fnmatchcase(need, call) for need in needs)
        for where, what, needs in MAY_WAIT
    )


def _unseen(endured: Endured) -> Iterator[str]:
    """X7: what fails for longer than the policy allows is seen, told, and told again when it works."""
    cell, outage = endured.cell, endured.cell.outage
    is_answer = outage.kind is Kind.REFUSED and outage.call == SEND  # then it is Commercial's task (X16)
    lasting = outage.kind in (Kind.DAYS, Kind.REFUSED, Kind.DEFERRED)
    if lasting and not is_answer and not cell.stage.of_mail and not endured.attention:
        yield f"{cell}: nobody sees that it fails"
    by_letter = any(one.startswith("letter: attention:") for one in endured.done)
    if set(endured.attention) - {"send_letters"} and not by_letter:
        yield f"{cell}: nobody was told by letter that it fails"
    yield from (f"{cell}: an alarm is left after the outage: {one}" for one in endured.alarms_left)


def _miscounted(lived: Lived, trail: Collection[TrailEntry]) -> Iterator[str]:
    """The trail says of every failure that people saw that it began, and that it works again (X7, P20)."""
    raised, cleared = of_kinds(trail, "attention_raised"), of_kinds(trail, "attention_cleared")
    given_up = of_kinds(trail, "letter_omitted", "letter_undelivered")
    seen = sum(bool(one.attention) for one in lived.endured)
    if len(raised) < seen:
        yield f"people saw {seen} failures, and the trail says {len(raised)} times that something fails"
    if not len(cleared) <= len(raised) <= len(cleared) + len(given_up):
        yield f"the trail says {len(raised)} times that it fails and {len(cleared)} times that it works again"


# ---------------------------------------------------------------------------- at the end


def _result_differs(lived: Lived, result: CaseResult) -> Iterator[str]:
    clean = lived.trial.clean
    assert clean.result is not None
    ours, theirs = _comparable(result, lived.plain), _comparable(clean.result, clean.plain)
    if ours != theirs:
        yield f"the result differs: {ours} instead of {theirs}"


def _comparable(result: CaseResult, plain: Plain) -> str:
    """How it ended, but for when to the second and in how many words."""
    return plain(
        repr(result.model_dump(exclude={"ended_at": True, "trail_entries": True, "notice": {"starts_at"}}))
    )


def _facts_differ(lived: Lived, held: frozenset[str], trail: Collection[TrailEntry]) -> Iterator[str]:
    """What the systems hold, but for letters and reminders of which the trail says why they were not sent."""
    omissions = of_kinds(trail, "letter_omitted", "letter_undelivered", "reminder_omitted")
    told = "\n".join(entry.detail for entry in omissions)
    clean = lived.trial.clean.facts
    yield from (f"missing at the end: {one}" for one in sorted(clean - held) if not _is_excused(one, told))
    too_much = sorted(one for one in held - clean if not BESIDE_THE_STORY.match(one))
    yield from (f"too much at the end: {one}" for one in too_much)


def _is_excused(fact: str, told: str) -> bool:
    if not fact.startswith("letter: "):
        return False
    kind, _, ordinal = fact.removeprefix("letter: ").split(":", 2)
    label = f"“{vocabulary.letter(LetterKind(kind))}”"
    return label in told or (kind.startswith("remind_") and vocabulary.due(ordinal) in told)


def _trail_differs(lived: Lived, trail: Collection[TrailEntry]) -> Iterator[str]:
    """Everything that happened is told as in the clean run, whatever else the outage brought (P20)."""
    clean = lived.trial.clean
    ours, theirs = _steady(trail, lived.plain), _steady(clean.trail, clean.plain)
    yield from (f"missing in the trail: {one}" for one in theirs - ours)
    yield from (f"too much in the trail: {one}" for one in ours - theirs)
    said, wanted = told_in_crm(trail, lived.plain), told_in_crm(clean.trail, clean.plain)
    yield from (f"the trail does not say of the CRM: {one}" for one in wanted - said)
    yield from (f"the trail says twice of the CRM: {one}" for one in said - wanted if one in wanted)


def _steady(trail: Collection[TrailEntry], plain: Plain) -> Counter[str]:
    return Counter(f"{one.kind}: {plain(one.detail)}" for one in trail if one.kind not in UNSTEADY)


def _untrue(lived: Lived) -> Iterator[str]:
    """X18: nobody is told to act by a day that has passed when the letter is written."""
    for letter in lived.life.case.letters():
        today = letter.at.astimezone(ZONE).date()
        until = [getattr(letter.content, name, None) for name in ("port_until", "formalization_until")]
        if letter.kind not in TELLS_OF_THE_PAST and any(day is not None and day < today for day in until):
            yield f"written on {today}, and tells to act until {until}: {letter.kind.value}"


async def _loose_ends(lived: Lived, held: frozenset[str], trail: Collection[TrailEntry]) -> list[str]:
    """Nobody is alarmed any more, and every letter went out once and is in the trail once (X7, P20)."""
    wrong = []
    for key, task in (await lived.life.case.tasks(open_only=True)).items():
        if key.startswith(("attention:", "silence")):
            wrong.append(f"open task: {task.order.title}")
    # A letter about an e-mail of no case is in no case's trail.
    sent = sum(one.startswith("letter: ") and "mail_without_case" not in one for one in held)
    told = len(of_kinds(trail, "letter_sent"))
    if sent != told:
        wrong.append(f"{sent} letters were sent, and the trail tells of {told}")
    ids = [_message_id(mail.content) for mail in lived.life.house.mailer.adapter.sent]
    if len(ids) != len(set(ids)):
        wrong.append("a letter went out twice")
    return wrong


def _message_id(content: bytes) -> str:
    """Of a message that we wrote."""
    return str(BytesHeaderParser().parsebytes(content)["Message-ID"])
