"""Every event has a sentence that people can read, whatever it carries (P20)."""

import dataclasses
import itertools
import re
import types
import typing
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import cancellation.application
import cancellation.domain
from cancellation.domain import events
from cancellation.domain.events import Event
from cancellation.domain.letter_kinds import LetterKind
from cancellation.domain.notice import Notice, notice_from
from cancellation.domain.refusal import Problem
from cancellation.domain.values import (
    Archive,
    EndTold,
    FormalizationMail,
    Offer,
    Port,
    Reason,
    RecordingsRequest,
    Released,
    Request,
    Team,
)
from cancellation.language.trail import said
from cancellation.messages.recordings import AccessKind
from tests.unit.domain.build import OPENED, POLICY, REASON, mail, offer, port, recordings, request
from tests.unit.domain.codes import codes_in

NOW = OPENED + timedelta(days=1)
EVENTS = sorted(Event.__subclasses__(), key=lambda event: event.__name__)
BY_TYPE: dict[Any, list[Any]] = {
    bool: [True, False],
    int: [1, 2],
    Decimal: [Decimal("1234.5")],
    datetime: [OPENED],
    date: [date(2026, 12, 22)],
    Request: [request(), request(text="")],
    Offer: [offer()],
    Reason: [REASON],
    Notice: [notice_from(OPENED, POLICY)],
    FormalizationMail: [mail(), mail(confirmed_by="Ana"), mail(doubts=("Uma pessoa deve ler",))],
    Port: [port(), port(operator="Vozel")],
    RecordingsRequest: [recordings(), recordings(from_date=date(2026, 10, 1))],
    Released: [Released(), Released(extensions=4, numbers=1)],
    Archive: [Archive(link_id="l", files=1, size=34_500_000, sha256="0" * 64, expires_at=OPENED)],
    EndTold: [EndTold(last_day=date(2026, 12, 22), total=Decimal("1.5"), sha256="0" * 64)],
    LetterKind: list(LetterKind),
    Team: list(Team),
    tuple[Problem, ...]: [(Problem(field="reason.text", problem="não pode ficar vazio"),)],
}
BY_NAME: dict[str, list[Any]] = {
    "actor": ["ana"],
    "step": ["read_inventory", "send_letters", "record_case"],
    "number": ["+551130000001"],
    "name": ["discard", "cancelar"],
    "by": ["Ana"],
    "mail_id": ["<1@acme.com.br>"],
    "message_id": ["<1@acme.com.br>"],
    "letter_id": ["<1@nuvemjti.com.br>"],
    "doubts": [("sender", "authentication"), ("recipient:a@b.c",)],
    "missing": [("reason", "explicit_request"), ("recipient:a@b.c",)],
    "fields": [("message_id", "occurred_at", "actor")],
    "opened": [("Faturamento final do cliente 1042",), ("Uma", "Outra")],
    "closed": [("d30",), ("commercial", "mail:<1@a.b>", "attention:send_letters:customer")],
    "names": [("a.wav", "b.wav")],
    "why": ["no_contact", "put_off", "550 caixa inexistente"],
    "partly_refused": ["550 caixa inexistente"],
    "wrong": ["rita@acme.con.br"],
    "right": ["rita@acme.com.br"],
    "protocol": ["CAN-20261116-7F3KQ2"],
    "status": ["Em retenção", "5.1.1"],
    "outcome": ["closed"],
    "reason": ["Renegociou"],
    "notes": ["Falou com o dono"],
}
"""Texts by the name of their field; what has no type of its own is listed here."""
NO_BREAK_SPACE = "\u00a0"
"""Between currency and amount."""
DUE = [
    "remind_commercial:24",
    "remind_commercial:336",
    "remind_formalization:7",
    "remind_portability",
    "remind_link",
]


def values(event: type[Event], name: str, hint: Any) -> list[Any]:
    """What a field of an event may hold: every kind of value."""
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        return [
            None,
            *values(event, name, next(one for one in typing.get_args(hint) if one is not type(None))),
        ]
    if name == "what":
        return [kind.value for kind in AccessKind] if event is events.LinkUsed else DUE
    return BY_TYPE.get(hint) or BY_NAME[name]


def examples(event: type[Event]) -> Iterator[Event]:
    """An event of that class with every combination of what its fields may hold."""
    hints = typing.get_type_hints(event)
    fields = [field.name for field in dataclasses.fields(event)]
    for chosen in itertools.product(*(values(event, name, hints[name]) for name in fields)):
        yield event(**dict(zip(fields, chosen, strict=True)))


def test_no_event_hides_behind_another() -> None:
    """Otherwise the tests below would not see it."""
    assert len(EVENTS) > 40
    assert not [event for event in EVENTS if event.__subclasses__()]
    assert all(event.kind for event in EVENTS)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_every_event_is_told_in_a_sentence_without_codes_P20(event: type[Event]) -> None:
    count = 0
    for example in examples(event):
        for at in (OPENED, NOW):
            sentence = said(example, at)
            count += 1
            quoted = re.sub(r"“[a-z_.]+”:", "", sentence)
            assert sentence.replace(NO_BREAK_SPACE, " ").isprintable()
            assert sentence[0].isupper() or sentence[0].isdigit()
            assert not codes_in(quoted), sentence
            assert "{" not in sentence
    assert count


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_the_code_of_every_event_is_one_word_P20(event: type[Event]) -> None:
    assert re.fullmatch(r"[a-z][a-z_]*[a-z]", next(examples(event)).code)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_every_event_happens_somewhere(event: type[Event]) -> None:
    sources = [
        file.read_text()
        for package in (cancellation.domain, cancellation.application)
        for file in Path(package.__path__[0]).glob("*.py")
        if file.name != "events.py"
    ]
    assert any(re.search(rf"\b{event.__name__}\b", source) for source in sources)
