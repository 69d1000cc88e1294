"""Every setting stands in the document of settings, and nothing there is none: read from the models themselves."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel
from pydantic_settings import BaseSettings

from cancellation.domain.policy import BusinessHours, CancellationPolicy
from cancellation.settings import ImapSettings, Settings

CHECKOUT = Path(__file__).parents[2]
DOCUMENT = (CHECKOUT / "docs" / "configuracao.md").read_text()
PREFIX = "CANCELAMENTO_"
READ_APART = {"CANCELAMENTO_BUILD_ID"}
"""What the worker reads by itself, as Temporal's own tools do."""


def variables() -> Iterator[str]:
    """The names of all settings, as an environment has them."""
    for name, field in Settings.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel) and not issubclass(kind, BaseSettings):
            yield from (f"{PREFIX}{name}_{inner}".upper() for inner in kind.model_fields)
        else:
            yield f"{PREFIX}{name}".upper()


@pytest.mark.parametrize("variable", sorted({*variables(), *READ_APART}))
def test_every_setting_stands_in_the_document(variable: str) -> None:
    row = re.search(rf"^\| [^|]*`{variable}`[^|]* \| (.+) \| (.+) \|$", DOCUMENT, re.MULTILINE)
    assert row, f"{variable} needs a line with its meaning and default"


@pytest.mark.parametrize("field", sorted(ImapSettings.model_fields))
def test_every_field_of_a_mailbox_stands_in_the_document(field: str) -> None:
    about = DOCUMENT[DOCUMENT.index("Campos de uma caixa IMAP") : DOCUMENT.index("## Páginas")]
    assert f"`{field}`" in about


@pytest.mark.parametrize("field", sorted({*CancellationPolicy.model_fields, *BusinessHours.model_fields}))
def test_every_term_of_the_policy_stands_in_the_document(field: str) -> None:
    assert f"`{field}`" in DOCUMENT[DOCUMENT.index("## Política") :]


def test_no_document_names_a_setting_that_there_is_not() -> None:
    known = {*variables(), *READ_APART, "CANCELAMENTO_NO_SKIPS"}
    for document in (*CHECKOUT.glob("*.md"), *(CHECKOUT / "docs").glob("*.md")):
        named = set(re.findall(r"CANCELAMENTO_[A-Z_]*[A-Z]", document.read_text()))
        assert named <= known, document.name
