"""The documents tell the truth about commands, attributes, stages and files."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer.main

from cancellation.contract import SEARCH_ATTRIBUTES
from cancellation.domain.stage import Stage
from cancellation.domain.values import Channel, ReasonCategory
from cancellation.messages.facts import SIGNALS
from starters.cli.app import build

CHECKOUT = Path(__file__).parents[2]
DOCUMENTS = [*sorted(CHECKOUT.glob("*.md")), *sorted((CHECKOUT / "docs").rglob("*.md"))]
COMMAND = re.compile(r"\bcancelamento ([a-z]+)\b([^`\n]*)")
CODES = {*Stage, *Channel, *ReasonCategory}


@pytest.fixture(scope="module")
def commands() -> Any:
    group: Any = typer.main.get_command(build())
    return group.commands


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_every_command_in_a_document_can_be_typed(document: Path, commands: Any) -> None:
    for name, rest in COMMAND.findall(document.read_text()):
        assert name in commands, f"cancelamento {name}"
        known = {option for parameter in commands[name].params for option in parameter.opts}
        assert set(re.findall(r"(?<!\S)--[a-z-]+", rest)) <= {*known, "--help"}, f"cancelamento {name}{rest}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_every_link_in_a_document_leads_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", document.read_text()):
        assert "://" in target or (document.parent / target).exists(), target


def test_filters_name_attributes_and_values_that_exist() -> None:
    text = (CHECKOUT / "docs" / "servidores.md").read_text()
    assert set(re.findall(r"\bCancellation[A-Z]\w+", text)) <= set(SEARCH_ATTRIBUTES)
    for attribute, value in re.findall(r"(Cancellation(?:Stage|Reason|Channel))='(\w+)'", text):
        codes = {
            "CancellationStage": Stage,
            "CancellationReason": ReasonCategory,
            "CancellationChannel": Channel,
        }
        assert value in set(codes[attribute])
    lists = text[text.index("Etapas:") : text.index("## Ler um caso")]
    assert {code for code in re.findall(r"`([a-z_]+)`", lists)} == {code.value for code in CODES}


def test_signals_in_the_document_can_be_sent_as_they_stand() -> None:
    text = (CHECKOUT / "docs" / "servidores.md").read_text()
    found = re.findall(r"^ {4}([a-z_]+) +(\{.*\})$", text, flags=re.MULTILINE)
    assert len(found) >= 5
    for name, message in found:
        SIGNALS[name].model_validate_json(message, strict=True)
