"""Every rule that the process may break to somebody has words, and every word has a rule (X8)."""

import ast
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import cancellation.domain
from cancellation.domain.refusal import RuleBroken
from cancellation.domain.stage import Stage
from cancellation.domain.values import OfferKind, OfferStatus
from cancellation.language.refusals import CODES, worded
from tests.unit.domain.codes import codes_in

SOURCES = {
    file.name: ast.parse(file.read_text()) for file in Path(cancellation.domain.__path__[0]).glob("*.py")
}


class Raised(NamedTuple):
    """A place in the domain where a rule is broken."""

    where: str
    rule: str
    data: tuple[str, ...]


def calls(name: str) -> list[tuple[str, ast.Call]]:
    """Calls of a function or method of that name anywhere in the domain."""
    return [
        (f"{file}:{node.lineno}", node)
        for file, tree in SOURCES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and (getattr(node.func, "id", None) == name or getattr(node.func, "attr", None) == name)
    ]


def literal(node: ast.expr) -> str:
    assert isinstance(node, ast.Constant), ast.dump(node)
    assert isinstance(node.value, str)
    return node.value


RAISED = [
    Raised(where, literal(call.args[1]), tuple(str(keyword.arg) for keyword in call.keywords))
    for where, call in calls("RuleBroken")
]
MESSAGES = [literal(keyword.value) for _, call in calls("_must_stand_in") for keyword in call.keywords] or [
    "none found"
]


def sample(message: str) -> dict[str, Any]:
    return {
        "stage": Stage.NOTICE,
        "message": message,
        "most": 50,
        "offer_id": "7",
        "kind": OfferKind.TRAINING,
        "status": OfferStatus.ACCEPTED,
        "customer_id": "7777",
        "has_contact": False,
    }


def test_every_rule_of_the_domain_has_words_and_no_word_is_without_its_rule_X8() -> None:
    assert len(RAISED) > 10
    assert {raised.rule for raised in RAISED} == CODES


@pytest.mark.parametrize("raised", RAISED, ids=lambda raised: f"{raised.where}-{raised.rule}")
@pytest.mark.parametrize("message", MESSAGES)
def test_the_words_need_no_more_than_the_rule_tells_and_are_no_codes_X8(raised: Raised, message: str) -> None:
    data = {name: value for name, value in sample(message).items() if name in raised.data}
    assert set(data) == set(raised.data)
    problem = worded(RuleBroken("field", raised.rule, **data))
    assert problem.field == "field"
    assert problem.problem[0].islower()
    assert not codes_in(problem.problem), problem.problem
