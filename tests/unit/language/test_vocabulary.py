import ast
import inspect
import re
import typing
from collections.abc import Callable, Iterable
from typing import Any

import pytest

import activities.billing
import activities.crm
import activities.mail
import activities.recordings
import activities.restoring
import activities.telephony
from cancellation.domain import due, facts, procedure, state
from cancellation.domain.commands import Command, Owed, TaskKind
from cancellation.domain.due import due_instants
from cancellation.domain.letter_kinds import LetterKind, LetterOrder
from cancellation.domain.stage import Stage
from cancellation.domain.values import (
    Authentication,
    Channel,
    OfferKind,
    OfferStatus,
    PortStatus,
    ReasonCategory,
    Released,
    Team,
)
from cancellation.language import vocabulary
from cancellation.messages.envelope import Message
from cancellation.messages.facts import SIGNALS
from cancellation.messages.recordings import AccessKind
from cancellation.messages.telephony import ResourceKind
from tests.unit.domain.build import OPENED, at_stage

STEPS = [
    method.__name__
    for module in (
        activities.billing,
        activities.crm,
        activities.mail,
        activities.recordings,
        activities.restoring,
        activities.telephony,
    )
    for _, owner in inspect.getmembers(module, inspect.isclass)
    for _, method in inspect.getmembers(owner, inspect.isfunction)
    if hasattr(method, "__temporal_activity_definition")
]
DUES = [due.what for stage in Stage for due in due_instants(at_stage(stage), at_stage(stage).opened_at)]
CODES: dict[Callable[[Any], str], Iterable[Any]] = {
    vocabulary.stage: Stage,
    vocabulary.short_stage: Stage,
    vocabulary.channel: Channel,
    vocabulary.by_channel: Channel,
    vocabulary.offer_kind: OfferKind,
    vocabulary.offer_status: OfferStatus,
    vocabulary.port_status: PortStatus,
    vocabulary.reason_category: ReasonCategory,
    vocabulary.asked: [True, False, "unsure"],
    vocabulary.verdict: Authentication,
    vocabulary.access: [kind.value for kind in AccessKind],
    vocabulary.resource: [kind.value for kind in ResourceKind],
    vocabulary.message_name: SIGNALS,
    vocabulary.envelope_field: Message.model_fields,
    vocabulary.due: [*DUES, "hold_end", "remind_link"],
    vocabulary.step: STEPS,
    vocabulary.in_system: STEPS,
    vocabulary.letter: LetterKind,
    vocabulary.audience: [None, *Team],
}


@pytest.mark.parametrize("say", CODES, ids=lambda say: say.__name__)
def test_every_code_is_said_in_words(say: Callable[[Any], str]) -> None:
    codes = list(CODES[say])
    assert codes
    for code in codes:
        words = say(code)
        assert words
        assert "_" not in words
        assert words.strip("“”") != str(code) or words in ("chatbot",)


def test_what_an_email_lacks_is_said_for_three_readers_P7_X9() -> None:
    for code in ("explicit_request", "reason", "sender", "authentication"):
        phrases = {vocabulary.missing(code), vocabulary.missing_for_customer(code), vocabulary.doubt(code)}
        assert len(phrases) == 3
        assert not any("_" in phrase for phrase in phrases)
    assert vocabulary.missing("recipient:a@b.c") == "o envio para a@b.c"
    assert vocabulary.doubt("recipient:a@b.c") == "não chegou a a@b.c"
    assert "some_new_code" not in vocabulary.missing("some_new_code")


def test_every_step_is_done_in_a_system_that_people_know_X7() -> None:
    unknown = vocabulary.in_system("of_tomorrow")
    assert all(vocabulary.in_system(step) not in ("", unknown) for step in STEPS)


def test_what_was_released_is_counted_by_kind_P17() -> None:
    assert vocabulary.released(Released(extensions=4, trunks=1, numbers=2)) == [
        "4 ramais",
        "1 tronco",
        "2 números",
    ]
    assert vocabulary.released(Released()) == []


# ---------------------------------------------------------------- codes that the process itself makes

COMMANDS = typing.get_args(typing.get_args(Command)[0])


def step_of(command: Any) -> str:
    """The step of a command, as people see it; it depends on nothing that the command holds."""
    letter = LetterOrder(kind=LetterKind.SCRIPT)
    made = command.model_construct(letter=letter)
    return Owed.model_construct(key="k", command=made, since=OPENED).step


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.__name__)
def test_every_command_of_the_ledger_is_a_step_with_words_and_a_place_X7(command: Any) -> None:
    step = step_of(command)
    assert step in STEPS
    assert vocabulary.step(step) != step
    assert vocabulary.in_system(step) != vocabulary.in_system("of_tomorrow")


@pytest.mark.parametrize("kind", TaskKind)
def test_every_task_that_a_case_gives_has_words_P20(kind: TaskKind) -> None:
    words = vocabulary.task(kind.value)
    assert words != kind.value
    assert vocabulary.task(f"{kind.value}:<1@acme.com.br>") == words


def test_every_instant_that_a_case_waits_for_has_words() -> None:
    source = inspect.getsource(due)
    reminders = r'(?:_Reminder\(|_without_end\(case, )\s*f?"(\w+)'
    codes = set(re.findall(r'Due\(what="(\w+)"', source)) | set(re.findall(reminders, source))
    assert codes >= {"lapse", "notice_end", "hold_end", "retry", "give_up"}
    assert codes >= {kind.value for kind in LetterKind if kind.value.startswith("remind_")}
    for code in codes:
        assert vocabulary.due(code) != code
        assert vocabulary.due(f"{code}:24") == vocabulary.due(code)


def test_attention_that_is_no_step_has_words_X19() -> None:
    found = re.findall(r'\["(\w+)"\] if self\.silent', inspect.getsource(state))
    assert found == ["waiting"]
    assert vocabulary.step("waiting") != "waiting"
    assert vocabulary.step("mail") != "mail"


def test_every_reason_of_ours_for_which_a_letter_is_given_up_has_words_X17() -> None:
    codes = {
        str(call.args[1].value)
        for module in (facts, procedure)
        for call in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(call, ast.Call)
        and getattr(call.func, "attr", "") == "give_up_letter"
        and isinstance(call.args[1], ast.Constant)
    }
    assert codes == {"put_off"}
    for code in (*codes, "no_contact"):
        assert vocabulary.undelivered(code) != code
    assert vocabulary.undelivered("550 cheia") == "550 cheia"
