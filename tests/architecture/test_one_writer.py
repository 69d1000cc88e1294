"""A case is changed by its own verbs alone, and its rules speak no language."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from cancellation.domain.commands import Owed
from cancellation.domain.stage import Stage
from cancellation.domain.state import CaseState
from cancellation.domain.values import Team

CHECKOUT: Final = Path(__file__).parents[2]
OUTSIDE: Final = ("cancellation/application", "workflows", "activities", "starters", "workers", "embedded")
"""Everything that handles cases beside their own rules; `cancellation/adapters` and `letters` never see one."""
FILES: Final = sorted(file for folder in OUTSIDE for file in (CHECKOUT / folder).rglob("*.py"))
DOMAIN: Final = sorted((CHECKOUT / "cancellation" / "domain").glob("*.py"))

CASES: Final = frozenset({"case", "_case"})
"""Names under which a case goes, as a variable or as an attribute of something."""
OF_A_CASE: Final = frozenset({"Case", "CaseState", "Facts", "Procedure", "Answers"})
"""Types of a case, by which another variable is known as one."""
WORK: Final = frozenset({"owed"})
"""Names under which a piece of owed work goes."""
OF_WORK: Final = frozenset({"Owed"})
MUTATORS: Final = frozenset(
    {
        *("append", "extend", "insert", "remove", "pop", "clear", "sort", "reverse", "update", "setdefault"),
        *("popitem", "add", "discard", "settle", "drop"),
    }
)
"""Methods that change a list, a dictionary, a set or the ledger."""


def changes_of_cases(source: str) -> list[int]:
    """Lines on which a case, or something inside of one, is changed from outside."""
    tree = ast.parse(source)
    roots = CASES | _annotated(tree, OF_A_CASE)
    work = WORK | _annotated(tree, OF_WORK)
    found = set()
    for node in ast.walk(tree):
        for target in _assigned(node):
            whole = isinstance(target, ast.Attribute | ast.Subscript)
            if whole and (_inside(target, roots) or _inside(target, work)):
                found.add(target.lineno)
        if isinstance(node, ast.Call) and (_mutates(node, roots) or _sets_attribute(node, roots | work)):
            found.add(node.lineno)
    return sorted(found)


def _annotated(tree: ast.AST, types: frozenset[str]) -> frozenset[str]:
    """Variables and parameters that are annotated with, or made as, one of these types."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.arg) and _names(node.annotation) & types:
            names.add(node.arg)
        if (
            isinstance(node, ast.AnnAssign)
            and isinstance(node.target, ast.Name)
            and _names(node.annotation) & types
        ):
            names.add(node.target.id)
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Call)
            and _names(node.value.func) & types
        ):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return frozenset(names)


def _names(node: ast.AST | None) -> set[str]:
    """Names in an annotation that stand for a single one: `Case`, `Case | None`, `"Case"`."""
    if isinstance(node, ast.BinOp):
        return _names(node.left) | _names(node.right)
    if isinstance(node, ast.Constant):
        return {str(node.value)}
    return {node.id} if isinstance(node, ast.Name) else set()


def _assigned(node: ast.AST) -> Iterator[ast.expr]:
    targets: list[ast.expr] = []
    match node:
        case ast.Assign() | ast.Delete():
            targets = node.targets
        case ast.AugAssign() | ast.AnnAssign() | ast.For() | ast.AsyncFor() | ast.NamedExpr():
            targets = [node.target]
        case ast.withitem():
            targets = [node.optional_vars] if node.optional_vars else []
    for target in targets:
        yield from target.elts if isinstance(target, ast.Tuple | ast.List) else [target]


def _inside(target: ast.expr, roots: frozenset[str]) -> bool:
    """Whether `target` is reached through a case: `case.x`, `self._case.x[0]`, `file.case.held[0].ended`."""
    node = target
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
        if (isinstance(node, ast.Name) and node.id in roots) or (
            isinstance(node, ast.Attribute) and node.attr in roots
        ):
            return True
    return False


def _mutates(call: ast.Call, roots: frozenset[str]) -> bool:
    """`case.mails.append(…)`, `case.pending.drop(…)`; a verb of the case itself, `case.discard(…)`, is none."""
    method = call.func
    if not isinstance(method, ast.Attribute) or method.attr not in MUTATORS:
        return False
    owner = method.value
    return isinstance(owner, ast.Attribute | ast.Subscript) and _inside(owner, roots)


def _sets_attribute(call: ast.Call, roots: frozenset[str]) -> bool:
    by_name = getattr(call.func, "id", getattr(call.func, "attr", ""))
    if by_name not in {"setattr", "delattr", "__setattr__", "__delattr__"} or not call.args:
        return False
    first = call.args[0]
    return (
        (isinstance(first, ast.Name) and first.id in roots)
        or _inside(first, roots)
        or (isinstance(first, ast.Attribute) and first.attr in roots)
    )


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(CHECKOUT)))
def test_nobody_outside_changes_a_case(file: Path) -> None:
    assert changes_of_cases(file.read_text()) == []


@pytest.mark.parametrize(
    "line",
    [
        "case.stage = Stage.CLOSED",
        "self._case.stage = Stage.CLOSED",
        "file.case.stage = Stage.CLOSED",
        "self._file.case.stage, x = 1, 2",
        "case.exports += 1",
        "case.notice: object = None",
        "del case.refused[0]",
        "case.threads['customer'] = 'x'",
        "case.held[0].ended = 'expired'",
        "case.pending.find('x').attention = True",
        "case.mails.append(mail)",
        "self._case.letters.update(x=1)",
        "file.case.pending.drop(which)",
        "case.pending.owed.clear()",
        "case.held[0].notes.append(1)",
        "setattr(case, 'stage', 1)",
        "object.__setattr__(file.case, 'stage', 1)",
        "owed.told = True",
        "def f(other: Case) -> None: other.stage = 1",
        "def f(other: 'Case | None') -> None: other.stage = 1",
        "def f(one: Owed) -> None: one.told = True",
        "mine = Case(); mine.stage = 1",
        "for case.stage in stages: pass",
    ],
)
def test_every_way_to_change_a_case_is_found(line: str) -> None:
    assert changes_of_cases(line.replace("'Case | None'", "Case | None")) == [1]


@pytest.mark.parametrize(
    "line",
    [
        "case = file.case",
        "self._case = case",
        "case.discard('x', 'ana', now)",
        "case.remember('discard', 'm1', '{}')",
        "found.append(case.stage)",
        "trail.stage = case.stage",
        "lanes = case.pending.lanes()",
        "self._file.trail.confirm(3)",
        "queue = case.pending.find(key)",
    ],
)
def test_reading_a_case_and_calling_its_verbs_is_fine(line: str) -> None:
    assert changes_of_cases(line) == []


def test_the_state_keeps_its_list_of_fields_and_work_its_own() -> None:
    """The names by which the checks above know a case and its work still mean what they did."""
    assert {"stage", "pending", "mails", "held"} <= set(CaseState.model_fields)
    assert {"attention", "failing_since", "told"} <= set(Owed.model_fields)


# ---------------------------------------------------------------- no language in the rules

SPOKEN: Final = frozenset({*(stage.crm_status for stage in Stage), *(team.label for team in Team)})
"""Customer statuses and names of teams: codes of other systems that happen to be Portuguese (P12)."""
PORTUGUESE: Final = re.compile(
    r"\b(?:não|uma?|dos?|das?|para|com|que|por|sem|ao|às?|os?|já|foi|está|caso|cliente|ainda|precisa)\b",
    re.IGNORECASE,
)


def sentences(source: str) -> list[str]:
    """Texts in a module that people would read: Portuguese words in a row, outside of docstrings."""
    tree = ast.parse(source)
    said_of_code = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in said_of_code
        and node.value not in SPOKEN
        and " " in node.value.strip()
        and (_has_accent(node.value) or PORTUGUESE.search(node.value))
    ]


def _has_accent(text: str) -> bool:
    return any(letter.isalpha() and not letter.isascii() for letter in text)


@pytest.mark.parametrize("file", DOMAIN, ids=lambda file: file.name)
def test_the_rules_of_the_process_speak_no_language(file: Path) -> None:
    assert sentences(file.read_text()) == []


def test_sentences_are_found_and_docstrings_and_codes_are_none() -> None:
    assert sentences('raise X("stage", "o caso já terminou")') == ["o caso já terminou"]
    assert sentences('x = f"falta o {what} do cliente"') == ["falta o ", " do cliente"]
    assert sentences('"""O caso já terminou."""\nx = "Em retenção"\ny = "unknown_customer"') == []
    assert sentences('class A:\n    x: int = 1\n    """Não é código."""') == []
    assert sentences('raise ValueError("the case cannot owe this letter")') == []
