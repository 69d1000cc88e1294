"""Kinds, contents, templates and labels belong together, and payloads stay small."""

import re
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jinja2 import Environment, PackageLoader, meta, nodes

from cancellation.domain.letter_kinds import LetterKind, LetterOrder
from cancellation.domain.values import Team
from cancellation.language import vocabulary, words
from cancellation.letters import Letterhead, phrases
from cancellation.messages.letter_contents import LetterContent
from cancellation.messages.letters import Letter, LetterBatch
from tests.turns import examples
from tests.unit.letters.examples import CONTENT, example, letter
from tests.unit.letters.instances import any_of

MODELS: list[Any] = list(get_args(get_args(LetterContent)[0]))
TEMPLATES = Environment(loader=PackageLoader("cancellation.letters"), autoescape=True)
NAMES = {"w": words, "p": phrases, "v": vocabulary, "letter": Letter, "house": Letterhead}
"""What templates call by these names; `f` is the content."""


def test_every_kind_has_one_content_model_one_pair_of_templates_and_a_label() -> None:
    assert [model.model_fields["kind"].default for model in MODELS] == [
        content.kind for content in CONTENT.values()
    ]
    assert {model.model_fields["kind"].default for model in MODELS} == set(LetterKind)
    assert len(MODELS) == len(LetterKind)
    files = {name for name in TEMPLATES.list_templates() if not name.startswith("_")}
    assert files == {f"{kind.value}.{ending}" for kind in LetterKind for ending in ("txt", "html")}
    labels = [vocabulary.letter(kind) for kind in LetterKind]
    assert len(set(labels)) == len(labels)
    assert not any("_" in label for label in labels)


def source(name: str) -> str:
    assert TEMPLATES.loader is not None
    return TEMPLATES.loader.get_source(TEMPLATES, name)[0]


@pytest.mark.parametrize("template", [name for name in TEMPLATES.list_templates() if name.endswith(".txt")])
def test_a_paragraph_of_a_text_does_not_run_into_the_next(template: str) -> None:
    lines = [line for line in source(template).splitlines() if "{% block subject %}" not in line]
    # A tag at the end of a line swallows its break, unless it says `+%}`.
    swallowed = [line for line in lines if line.endswith("%}") and not line.endswith("+%}")]
    assert [line for line in swallowed if re.sub(r"{%.*?%}", "", line).strip()] == []


def asked_of(name: str, template: str) -> set[str]:
    """Attributes that a template, and what it extends and includes, asks of a name."""
    tree = TEMPLATES.parse(source(template))
    found = {
        node.attr
        for node in tree.find_all(nodes.Getattr)
        if isinstance(node.node, nodes.Name) and node.node.name == name
    }
    for other in meta.find_referenced_templates(tree):
        assert other is not None
        found |= asked_of(name, other)
    return found


@pytest.mark.parametrize("ending", ["txt", "html"])
@pytest.mark.parametrize("kind", LetterKind)
def test_templates_ask_for_what_there_is_and_for_all_of_it(kind: LetterKind, ending: str) -> None:
    template = f"{kind.value}.{ending}"
    fields = set(type(CONTENT[kind]).model_fields) - {"kind"}
    assert asked_of("f", template) == fields
    for name, owner in NAMES.items():
        there = set(dir(owner)) | set(getattr(owner, "model_fields", ()))
        assert asked_of(name, template) <= there


# ---------------------------------------------------------------------- JSON


@pytest.mark.parametrize("kind", LetterKind)
def test_letter_comes_back_from_json_as_it_was(kind: LetterKind) -> None:
    whole = example(kind)
    assert Letter.model_validate_json(whole.model_dump_json()) == whole


@pytest.mark.sampled
@settings(max_examples=examples(100), suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.data())
def test_batch_comes_back_from_json_as_it_was(data: st.DataObject) -> None:
    models = data.draw(st.lists(st.sampled_from(MODELS), max_size=4))
    batch = LetterBatch(letters=tuple(letter(data.draw(any_of(model))) for model in models))
    assert LetterBatch.model_validate_json(batch.model_dump_json()) == batch


def test_what_letters_of_a_batch_share_is_written_once() -> None:
    closed = [example(LetterKind.CLOSED_TO_TEAM, team=team) for team in (Team.FINANCE, Team.SUPPORT)]
    alone = len(closed[0].model_dump_json())
    assert len(LetterBatch(letters=tuple(closed)).model_dump_json()) < alone + 200


def test_what_is_not_said_is_not_written() -> None:
    written = example(LetterKind.ATTENTION).model_dump(mode="json")
    assert "in_reply_to" not in written
    assert "references" not in written
    assert set(written["content"]) == {"kind", "step", "since"}


# ---------------------------------------------------------------------- orders


def test_order_is_a_few_codes() -> None:
    order = LetterOrder(kind=LetterKind.SCRIPT)
    assert order.model_dump(mode="json") == {"kind": "script"}
    assert order.key == "script:customer:"
    assert LetterOrder(kind=LetterKind.FINAL_BILLING, team=Team.FINANCE, ordinal="2").key == (
        "final_billing:finance:2"
    )


@pytest.mark.parametrize("kind", LetterKind)
def test_order_goes_where_letters_of_its_kind_go(kind: LetterKind) -> None:
    for team in (None, *Team):
        if team in kind.audiences:
            assert LetterOrder(kind=kind, team=team).audience == (team.value if team else "customer")
        else:
            with pytest.raises(ValueError, match=kind.value):
                LetterOrder(kind=kind, team=team)


def test_lost_letter_to_the_only_team_of_its_kind_needs_no_telling() -> None:
    lost = LetterOrder(kind=LetterKind.BOUNCED, team=Team.COMMERCIAL, about=LetterKind.FINAL_BILLING)
    assert lost.lost_team is Team.FINANCE
    to_both = lost.model_copy(update={"about": LetterKind.CLOSED_TO_TEAM, "about_team": Team.SUPPORT})
    assert to_both.lost_team is Team.SUPPORT
    assert lost.model_copy(update={"about": LetterKind.SCRIPT}).lost_team is None
