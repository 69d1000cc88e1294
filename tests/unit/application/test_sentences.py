"""Whatever a message does to a case, people read of it in Portuguese, without codes (process.md)."""

import json
import re
from datetime import datetime, timedelta
from typing import Any

import pytest

from cancellation.application.intake import Incoming, take
from cancellation.domain.case import Case
from cancellation.domain.refusal import Refused
from cancellation.domain.stage import Stage
from cancellation.domain.values import Channel, OfferKind, OfferStatus, Outcome, PortStatus, ReasonCategory
from cancellation.language import vocabulary
from cancellation.messages.facts import SIGNALS
from tests.unit.domain.build import (
    COMMERCIAL,
    OPENED,
    OWN_NUMBER,
    RITA,
    at_stage,
    in_notice,
    known,
    told,
    with_letter_sent,
)
from tests.unit.domain.codes import codes_in
from tests.unit.messages.garbage import VALID

NOW = OPENED + timedelta(hours=4)
WORDS = {"text": "Ficou caro", "description": "Plano menor", "reason": "Ficou caro"}
DECLINED = {"outcome": "declined", "reason": {"category": "other", "text": "Sim."}}
SENT: list[tuple[str, dict[str, Any]]] = [
    *(("request", {"channel": channel.value, "text": "Quero sair"}) for channel in Channel),
    ("request", {"channel": "phone"}),
    *(
        (
            "retention_offer",
            {"offer_id": "7", "kind": kind.value, "description": "Plano", "status": status.value},
        )
        for kind in OfferKind
        for status in OfferStatus
    ),
    *(
        ("retention_outcome", {"outcome": outcome.value, "reason": {"category": why.value, "text": "Sim."}})
        for outcome in Outcome
        for why in ReasonCategory
    ),
    ("formalization", VALID["formalization"]),
    ("formalization", VALID["formalization"] | {"confirmed_by": "Ana"}),
    ("formalization", VALID["formalization"] | {"authentication": "fail", "sender": "x@y.com.br"}),
    ("formalization", VALID["formalization"] | {"recipients": [], "explicit_request": False, "reason": None}),
    *(("portability", {"number": OWN_NUMBER, "status": status.value}) for status in PortStatus),
    ("portability", {"number": OWN_NUMBER, "status": "requested", "operator": "Vozel"}),
    ("recordings_request", {}),
    ("recordings_request", {"from_date": "2026-10-01", "to_date": "2026-10-31"}),
    ("recordings_request", {"from_date": "2026-10-01"}),
    ("recordings_request", {"to_date": "2026-10-31"}),
    ("withdrawal", {"reason": "Renegociou"}),
    ("discard", {"reason": "Cliente errado"}),
    ("bounce", VALID["bounce"]),
    *(("resend", {"letter": kind}) for kind in ("request_received", "script", "notice_started", "closed")),
    ("resend", {"letter": "script", "wrong_address": "x@y.com.br", "right_address": "z@y.com.br"}),
    ("resend", {"letter": "script", "wrong_address": RITA, "right_address": "z@y.com.br"}),
    ("resend", {"letter": "script", "wrong_address": RITA}),
    ("bounce", {"letter": "<outra@nuvemjti.com.br>", "status": "5.1.1 unknown"}),
]


def send(case: Case, name: str, message: dict[str, Any], now: datetime = NOW) -> None:
    data = Incoming(name=name, data=json.dumps(message).encode())
    try:
        take(case, data, now, "auto-1")
    except Refused as refusal:
        for problem in refusal.problems:
            # The field is named as the sender knows it, and only there or in parentheses.
            assert not codes_in(re.sub(r"\([a-z_]+\)", "", problem.problem)), problem


def read_by_people(case: Case) -> list[str]:
    """The trail's sentences, without the names of fields that a refusal quotes."""
    return [
        re.sub(r"“[a-z_.0-9]+”:|\([a-z_]+\)", "", entry.detail) if entry.problems else entry.detail
        for entry in told(case)
    ]


@pytest.mark.parametrize("stage", Stage)
def test_every_message_in_every_stage_is_told_without_codes_P20_X8(stage: Stage) -> None:
    for name, message in SENT:
        case = with_letter_sent(at_stage(stage))
        for _ in range(2):
            send(case, name, message)
            send(case, name, message | {"message_id": "9", "actor": "ana"})
        lines = read_by_people(case)
        assert len(lines) >= 4
        assert not [(line, codes_in(line)) for line in lines if codes_in(line)]


def test_what_time_does_is_told_without_codes_P20() -> None:
    case = in_notice()
    send(case, "portability", {"number": OWN_NUMBER, "status": "requested"})
    assert case.notice is not None
    case.meet_deadlines(case.notice.ends_at)
    case.pass_point_of_no_return(case.notice.ends_at)
    case.stop("operador (Temporal)", case.notice.ends_at)
    case.meet_deadlines(case.held[0].held_until)
    case.finish(case.held[0].held_until)
    stopped, lapsed = known(), at_stage(Stage.LAPSED)
    stopped.stop("operador (Temporal)", NOW)
    lines = [line for one in (case, stopped, lapsed) for line in read_by_people(one)]
    assert not [(line, codes_in(line)) for line in lines if codes_in(line)]
    # The grace ends at a midnight: people say the day that is over then.
    assert any("mantido até 31/12/2026, inclusive" in line for line in lines)


@pytest.mark.parametrize("name", [*SIGNALS, "cancelar"])
def test_a_refusal_says_which_message_it_was_X8(name: str) -> None:
    case = known()
    with pytest.raises(Refused):
        take(case, Incoming(name=name, data=b"[]"), NOW, "auto-1")
    assert f"Mensagem recusada ({vocabulary.message_name(name)}): " in told(case)[-1].detail


def test_sentences_read_well_P20() -> None:
    case = known()
    send(
        case,
        "request",
        {"channel": "phone", "text": "Quero sair", "occurred_at": "2026-11-14T09:00:00-03:00"},
    )
    send(case, "retention_offer", SENT[6][1] | {"occurred_at": NOW.isoformat()})
    send(
        case, "formalization", VALID["formalization"] | {"recipients": [COMMERCIAL], "message_id": "<1@a.b>"}
    )
    send(case, "retention_outcome", DECLINED)
    lines = read_by_people(case)
    for line in (
        "Novo contato do cliente no caso aberto, por telefone (em 14/11/2026 às 09h00): “Quero sair”",
        "E-mail de formalização <1@a.b> recebido em 16/11/2026 às 12h15 (horário de Brasília).",
        "Formalização incompleta. Falta: o envio para financeiro@nuvemjti.com.br.",
    ):
        assert line in lines


@pytest.mark.parametrize(
    ("purging", "names", "count", "sentence"),
    [
        (
            False,
            ["a.wav", "b.wav"],
            2,
            "2 gravações não puderam ser incluídas no arquivo de download: “a.wav” e “b.wav”.",
        ),
        (
            False,
            ["a.wav"],
            1,
            "1 gravação não pôde ser incluída no arquivo de download: “a.wav”.",
        ),
        (True, ["a.wav"], 1, "1 gravação não pôde ser removida e continua guardada: “a.wav”."),
        (
            True,
            ["a.wav", "b.wav"],
            1002,
            "1.002 gravações não puderam ser removidas e continuam guardadas: “a.wav”, “b.wav” e mais 1.000.",
        ),
    ],
)
def test_recordings_left_out_are_named_in_the_trail_P10_P20(
    purging: bool, names: list[str], count: int, sentence: str
) -> None:
    case = in_notice()
    case.note_left_out(names, count, NOW, purging=purging)
    assert told(case)[-1].detail == sentence
