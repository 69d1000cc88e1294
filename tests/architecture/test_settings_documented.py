"""Every setting stands in the document of settings, and nothing there is none: read from the models themselves."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel
from pydantic_settings import BaseSettings

from cancellation.domain.policy import BusinessHours, CancellationPolicy
from cancellation.setting_groups import ImapSettings
from cancellation.settings import Settings, secret_variables

CHECKOUT = Path(__file__).parents[2]
DOCUMENT = (CHECKOUT / "docs" / "configuracao.md").read_text()
PREFIX = "CANCELAMENTO_"


def variables() -> Iterator[str]:
    """The names of all settings, as an environment has them."""
    for name, field in Settings.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel) and not issubclass(kind, BaseSettings):
            yield from (f"{PREFIX}{name}_{inner}".upper() for inner in kind.model_fields)
        else:
            yield f"{PREFIX}{name}".upper()


@pytest.mark.parametrize("variable", sorted(variables()))
def test_every_setting_stands_in_the_document(variable: str) -> None:
    row = re.search(rf"^\| [^|]*`{variable}`[^|]* \| (.+) \| (.+) \|$", DOCUMENT, re.MULTILINE)
    assert row, f"{variable} needs a line with its meaning and default"


def test_every_secret_can_be_a_file_and_the_document_says_so() -> None:
    about = DOCUMENT[DOCUMENT.index("## Segredos em arquivos") : DOCUMENT.index("## Mensagens que enviamos")]
    files = set(re.findall(r"`([A-Z_]+_FILE)`", about)) - {"_FILE", "TEMPORAL_API_KEY_FILE"}
    assert files == {f"{name}_FILE" for name in secret_variables()}


@pytest.mark.parametrize("field", sorted(ImapSettings.model_fields))
def test_every_field_of_a_mailbox_stands_in_the_document(field: str) -> None:
    about = DOCUMENT[DOCUMENT.index("Campos de uma caixa IMAP") : DOCUMENT.index("## Páginas")]
    assert f"`{field}`" in about


@pytest.mark.parametrize("field", sorted({*CancellationPolicy.model_fields, *BusinessHours.model_fields}))
def test_every_term_of_the_policy_stands_in_the_document(field: str) -> None:
    assert f"`{field}`" in DOCUMENT[DOCUMENT.index("## Política") :]


def test_no_document_names_a_setting_that_there_is_not() -> None:
    known = {*variables(), *(f"{name}_FILE" for name in secret_variables()), "CANCELAMENTO_OWNER_URL"}
    known |= {"CANCELAMENTO_NO_SKIPS"}
    for document in (*CHECKOUT.glob("*.md"), *(CHECKOUT / "docs").glob("*.md")):
        named = set(re.findall(r"CANCELAMENTO_[A-Z_]*[A-Z]", document.read_text()))
        assert named <= known, document.name
