import pytest

from cancellation.domain.refusal import RuleBroken
from cancellation.domain.stage import Move, NotAllowed, Stage, advance
from cancellation.language import vocabulary
from cancellation.language.refusals import worded
from tests.unit.domain.build import at_stage

S, M = Stage, Move

MOVES = {
    (S.RETENTION, M.DECLINED): S.AWAITING_FORMALIZATION,
    (S.RETENTION, M.RETAINED): S.RETAINED,
    (S.RETENTION, M.DISCARDED): S.DISCARDED,
    (S.RETENTION, M.NOTHING_TO_DO): S.DISCARDED,
    (S.RETENTION, M.STOPPED): S.DISCARDED,
    (S.AWAITING_FORMALIZATION, M.RETAINED): S.RETAINED,
    (S.AWAITING_FORMALIZATION, M.LAPSED): S.LAPSED,
    (S.AWAITING_FORMALIZATION, M.FORMALIZED): S.NOTICE,
    (S.AWAITING_FORMALIZATION, M.DISCARDED): S.DISCARDED,
    (S.AWAITING_FORMALIZATION, M.NOTHING_TO_DO): S.DISCARDED,
    (S.AWAITING_FORMALIZATION, M.STOPPED): S.DISCARDED,
    (S.NOTICE, M.WITHDRAWN): S.WITHDRAWN,
    (S.NOTICE, M.NOTICE_ENDED): S.CLOSING,
    (S.NOTICE, M.STOPPED): S.DISCARDED,
    (S.CLOSING, M.ALL_RELEASED): S.CLOSED,
    (S.CLOSING, M.STOPPED): S.DISCARDED,
    (S.CLOSING, M.WITHDRAWN): S.WITHDRAWN,
}
"""The picture of process.md, written down a second time."""


@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize("move", Move)
def test_only_the_moves_of_the_picture_exist(stage: Stage, move: Move) -> None:
    if (stage, move) in MOVES:
        assert advance(stage, move) is MOVES[stage, move]
    else:
        with pytest.raises(NotAllowed):
            advance(stage, move)


def test_five_stages_are_ends_and_have_no_way_out() -> None:
    ends = {stage for stage in Stage if stage.is_terminal}
    assert ends == {S.CLOSED, S.RETAINED, S.WITHDRAWN, S.LAPSED, S.DISCARDED}
    assert not [move for move in MOVES if move[0] in ends]


def test_closing_is_reached_through_the_notice_and_the_notice_through_formalization_P19() -> None:
    assert [move for move, to in MOVES.items() if to is S.CLOSED] == [(S.CLOSING, M.ALL_RELEASED)]
    assert [move for move, to in MOVES.items() if to is S.CLOSING] == [(S.NOTICE, M.NOTICE_ENDED)]
    assert [move for move, to in MOVES.items() if to is S.NOTICE] == [
        (S.AWAITING_FORMALIZATION, M.FORMALIZED)
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
    with pytest.raises(RuleBroken) as caught:
        case.withdraw("quer ficar", "ana", case.opened_at)
    assert f"“{vocabulary.stage(stage)}”" in worded(caught.value).problem
    assert case.stage is stage
