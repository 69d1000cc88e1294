import pytest

from cancellation.domain.refusal import Refused
from cancellation.domain.stage import Event, NotAllowed, Stage, advance
from cancellation.language import vocabulary
from tests.unit.domain.build import at_stage

S, E = Stage, Event

MOVES = {
    (S.RETENTION, E.DECLINED): S.AWAITING_FORMALIZATION,
    (S.RETENTION, E.RETAINED): S.RETAINED,
    (S.RETENTION, E.DISCARDED): S.DISCARDED,
    (S.RETENTION, E.STOPPED): S.DISCARDED,
    (S.AWAITING_FORMALIZATION, E.RETAINED): S.RETAINED,
    (S.AWAITING_FORMALIZATION, E.LAPSED): S.LAPSED,
    (S.AWAITING_FORMALIZATION, E.FORMALIZED): S.NOTICE,
    (S.AWAITING_FORMALIZATION, E.DISCARDED): S.DISCARDED,
    (S.AWAITING_FORMALIZATION, E.STOPPED): S.DISCARDED,
    (S.NOTICE, E.WITHDRAWN): S.WITHDRAWN,
    (S.NOTICE, E.NOTICE_ENDED): S.CLOSING,
    (S.NOTICE, E.STOPPED): S.DISCARDED,
    (S.CLOSING, E.ALL_RELEASED): S.CLOSED,
    (S.CLOSING, E.STOPPED): S.DISCARDED,
}
"""The picture of process.md, written down a second time."""


@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize("event", Event)
def test_only_the_moves_of_the_picture_exist(stage: Stage, event: Event) -> None:
    if (stage, event) in MOVES:
        assert advance(stage, event) is MOVES[stage, event]
    else:
        with pytest.raises(NotAllowed):
            advance(stage, event)


def test_five_stages_are_ends_and_have_no_way_out() -> None:
    ends = {stage for stage in Stage if stage.is_terminal}
    assert ends == {S.CLOSED, S.RETAINED, S.WITHDRAWN, S.LAPSED, S.DISCARDED}
    assert not [move for move in MOVES if move[0] in ends]


def test_closing_is_reached_through_the_notice_and_the_notice_through_formalization_P19() -> None:
    assert [move for move, to in MOVES.items() if to is S.CLOSED] == [(S.CLOSING, E.ALL_RELEASED)]
    assert [move for move, to in MOVES.items() if to is S.CLOSING] == [(S.NOTICE, E.NOTICE_ENDED)]
    assert [move for move, to in MOVES.items() if to is S.NOTICE] == [
        (S.AWAITING_FORMALIZATION, E.FORMALIZED)
    ]


def test_customer_status_is_in_the_procedures_exact_words_P12() -> None:
    words = {stage.value: stage.crm_status for stage in Stage}
    assert words == {
        "retention": "Em retenção",
        "awaiting_formalization": "Aguardando formalização",
        "notice": "Cancelamento em andamento",
        "closing": "Cancelamento em andamento",
        "closed": "Cancelado",
        "retained": "Ativo",
        "withdrawn": "Ativo",
        "lapsed": "Ativo",
        "discarded": "Ativo",
    }


def test_every_stage_can_be_reached_by_facts() -> None:
    assert {at_stage(stage).stage for stage in Stage} == set(Stage)


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage.is_terminal])
def test_an_ended_case_refuses_every_fact_and_says_where_it_ended_X2(stage: Stage) -> None:
    case = at_stage(stage)
    with pytest.raises(Refused, match=f"“{vocabulary.stage(stage)}”"):
        case.withdraw("quer ficar", "ana", case.opened_at)
    assert case.stage is stage
