"""Whether a case that lived through an outage stands where the clean run of its story does, and lost nothing."""

from collections import Counter
from collections.abc import Collection, Iterator
from fnmatch import fnmatchcase
from typing import Final

from cancellation.domain.letter_kinds import LetterKind
from cancellation.domain.trail import TrailEntry
from cancellation.language import vocabulary
from cancellation.messages.status import CaseResult
from tests.durable.house import until
from tests.durable.test_outcomes import everything_is_told
from tests.matrix.cells import Lived
from tests.matrix.facts import BESIDE_THE_STORY, Plain, by_kind, facts, told_in_crm
from tests.matrix.outages import Kind
from tests.matrix.ports import SEND, Call

EVERYTHING: Final = ("*",)
DESTRUCTIVE: Final = ("crm.formalization", "crm.record", "telephony.inventory", "telephony.record_port")
MAY_WAIT: Final[tuple[tuple[str, str, tuple[str, ...]], ...]] = (
    ("opening", "letter: request_to_commercial:*", ("mailer.*",)),
    ("opening", "*", ("crm.open_case",)),
    ("*", "crm: *", ("crm.open_case", "crm.record")),
    ("*", "billing: *", ("billing.*",)),
    ("*", "telephony: *", ("telephony.*",)),
    ("*", "recordings: *", ("recordings.*",)),
    ("*", "letter: *", ("mailer.send",)),
    ("*", "inbox: *", ("inbox.*", "crm.*")),
    ("incoming_mail", "*", ("inbox.*", "crm.*")),
    ("*", "letter: recordings_ready:*", ("recordings.export",)),
    ("*", "letter: shutdown_plan:*", ("telephony.inventory",)),
    ("*", "crm: task shutdown_plan *", ("telephony.inventory",)),
    ("*", "acts: *", DESTRUCTIVE),
    ("*", "billing: *", DESTRUCTIVE),
    ("*", "telephony: *", DESTRUCTIVE),
    ("*", "recordings: *", DESTRUCTIVE),
    ("*", "acts: *", ("telephony.*",)),
    ("*", "letter: closed*", ("telephony.*", "billing.*", "recordings.*", *DESTRUCTIVE)),
    ("*", "letter: hold_ended*", ("telephony.*", "billing.*", "recordings.*", *DESTRUCTIVE)),
    ("*", "crm: task d30 *", ("telephony.*", "billing.*", "recordings.*", *DESTRUCTIVE)),
    ("end_of_hold", "crm: *", EVERYTHING),
    ("retained", "crm: *", EVERYTHING),
    ("lapsed", "crm: *", EVERYTHING),
    ("discarded", "crm: *", EVERYTHING),
    ("withdrawn", "crm: *", EVERYTHING),
    ("stopped", "crm: *", EVERYTHING),
)
"""Stage, what is done, and what it needs; nothing else waits for a system that fails (X17)."""

UNSTEADY: Final = frozenset(
    {
        "attention_cleared",
        "attention_raised",
        "crm_updated",
        "letter_omitted",
        "letter_sent",
        "letter_undelivered",
        "reminded",
        "reminder_omitted",
    }
)
"""Entries that an outage brings, or that are told otherwise: each is judged by itself."""


async def verdict(lived: Lived) -> None:
    """Fail with everything that is wrong."""
    case = lived.life.case
    await case.result()
    wrong = [*_held_up(lived), *_unseen(lived), *await _differences(lived), *await _loose_ends(lived)]
    assert not wrong, "\n".join(wrong)
    await everything_is_told(case)
    assert await until(lived.life.house.replays)


# ---------------------------------------------------------------------------- while it lasted


def _held_up(lived: Lived) -> Iterator[str]:
    """X17: what was not done while the outage lasted, and needs nothing that failed."""
    outage = lived.cell.outage
    if outage.lasts is None:
        return
    failing = [*outage.fails()]
    if outage.another is not None and outage.lasts == lived.cell.outage.lasts and outage.kind is Kind.HOUR:
        failing.append(f"{outage.another}.*")
    for fact in sorted(lived.missing):
        if not any(_needs(lived.cell.stage.name, fact, one) for one in failing):
            yield f"held up although it does not need {', '.join(failing)}: {fact}"


def _needs(stage: str, fact: str, failing: str) -> bool:
    if failing.startswith(f"{SEND}:"):
        audience = failing.rpartition(":")[2]
        return fact.startswith("letter: ") and fact.split(":")[2] == audience or _ends(stage, fact)
    return any(
        fnmatchcase(stage, where)
        and fnmatchcase(fact, what)
        and any(fnmatchcase(failing, need) or fnmatchcase(need, failing) for need in needs)
        for where, what, needs in MAY_WAIT
    )


def _ends(stage: str, fact: str) -> bool:
    return any(
        needs is EVERYTHING and fnmatchcase(stage, where) and fnmatchcase(fact, what)
        for where, what, needs in MAY_WAIT
    )


def _unseen(lived: Lived) -> Iterator[str]:
    """X7: a piece of work that fails for longer than the policy allows is seen."""
    outage = lived.cell.outage
    lasting = outage.kind in (Kind.DAYS, Kind.REFUSED, Kind.DEFERRED)
    by_case = not lived.cell.stage.of_mail
    answered = (outage.kind, outage.call) in FINAL_ANSWERS
    if lasting and by_case and not answered and not lived.attention:
        yield "nobody was told that it fails"


FINAL_ANSWERS: Final = {
    (Kind.REFUSED, SEND),
    (Kind.REFUSED, Call("telephony", "record_port")),
}
"""Refusals that are an answer: a letter becomes Commercial's task, a port is not asked for again (X16, X6)."""

# ---------------------------------------------------------------------------- at the end


async def _differences(lived: Lived) -> list[str]:
    """The case, and the systems, as after the clean run."""
    cell, case = lived.cell, lived.life.case
    clean, result = cell.clean, await case.result()
    assert clean.result is not None
    trail = await lived.life.house.crm.adapter.trail(lived.life.case_id)
    plain = Plain(lived.life)
    wrong = []
    ours, theirs = _comparable(result, plain), _comparable(clean.result, Plain(clean.life))
    if ours != theirs:
        wrong.append(f"the result differs: {ours} instead of {theirs}")
    held = await facts(lived.life)
    excused = _told_otherwise(trail)
    for fact in sorted(clean.facts - held):
        if not _is_told_otherwise(fact, excused):
            wrong.append(f"missing at the end: {fact}")
    wrong += [f"too much at the end: {one}" for one in sorted(held - clean.facts) if not BESIDE_THE_STORY.match(one)]
    wrong += _of_the_trail(trail, plain, clean.trail, Plain(clean.life))
    return wrong


def _comparable(result: CaseResult, plain: Plain) -> str:
    """How it ended, but for when to the second and in how many words."""
    what = result.model_dump(exclude={"ended_at": True, "trail_entries": True, "notice": {"starts_at"}})
    return plain(repr(what))


def _told_otherwise(trail: Collection[TrailEntry]) -> str:
    kinds = by_kind(list(trail))
    entries = [*kinds.get("letter_omitted", ()), *kinds.get("letter_undelivered", ())]
    return "\n".join(entry.detail for entry in entries + kinds.get("reminder_omitted", []))


def _is_told_otherwise(fact: str, excused: str) -> bool:
    """Whether the trail says of a letter that it was omitted, or not delivered."""
    if not fact.startswith("letter: "):
        return False
    _, kind, _, ordinal = fact.split(":", 3)
    label = vocabulary.letter(LetterKind(kind.strip()))
    return f"“{label}”" in excused or (bool(ordinal) and vocabulary.due(ordinal) in excused)


def _of_the_trail(
    trail: Collection[TrailEntry], plain: Plain, clean: Collection[TrailEntry], clean_plain: Plain
) -> Iterator[str]:
    ours = Counter(f"{one.kind}: {plain(one.detail)}" for one in trail if one.kind not in UNSTEADY)
    theirs = Counter(f"{one.kind}: {clean_plain(one.detail)}" for one in clean if one.kind not in UNSTEADY)
    yield from (f"missing in the trail: {one}" for one in theirs - ours)
    yield from (f"too much in the trail: {one}" for one in ours - theirs)
    said, wanted = told_in_crm(list(trail)), told_in_crm(list(clean))
    said = Counter({plain(text): count for text, count in said.items()})
    wanted = Counter({clean_plain(text): count for text, count in wanted.items()})
    yield from (f"the trail does not say of the CRM: {one}" for one in wanted - said)
    yield from (
        f"the trail says more than once of the CRM: {one}" for one in said - wanted if one in wanted
    )


async def _loose_ends(lived: Lived) -> list[str]:
    """Nothing is owed, nobody is alarmed, every letter that went out is in the trail once (P20, X7)."""
    case = lived.life.case
    trail = by_kind(await lived.life.house.crm.adapter.trail(lived.life.case_id))
    wrong = []
    if attention := await case.attributes_of_attention():
        wrong.append(f"attention is left: {attention}")
    for key, task in (await case.tasks(open_only=True)).items():
        if key.startswith(("attention:", "silence")):
            wrong.append(f"open task: {task.order.title}")
    sent = [one for one in await facts(lived.life) if one.startswith("letter: ")]
    told = trail.get("letter_sent", [])
    if len(sent) != len(told):
        wrong.append(f"{len(sent)} letters were sent, and the trail tells of {len(told)}")
    raised, cleared = len(trail.get("attention_raised", ())), len(trail.get("attention_cleared", ()))
    if cleared > raised:
        wrong.append(f"attention was raised {raised} times and cleared {cleared} times")
    ids = [one.message["Message-ID"] for one in lived.life.house.mailer.adapter.sent]
    if len(ids) != len(set(ids)):
        wrong.append("a letter went out twice")
    return wrong
