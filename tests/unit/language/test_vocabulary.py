import inspect
from collections.abc import Callable, Iterable
from typing import Any

import pytest

import activities.billing
import activities.crm
import activities.mail
import activities.recordings
import activities.telephony
from cancellation.domain.due import due_instants
from cancellation.domain.letter_kinds import LetterKind
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
from tests.unit.domain.build import at_stage

STEPS = [
    method.__name__
    for module in (
        activities.billing,
        activities.crm,
        activities.mail,
        activities.recordings,
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
