"""Our letters and the reader of e-mails fit together: what comes back of them is understood rightly."""

import pytest

from cancellation.domain.identity import find_protocols
from cancellation.domain.letter_kinds import LetterKind
from cancellation.letters import render
from cancellation.understanding import Automatic, read_message, understand_text
from tests.unit.letters.examples import HOUSE, PROTOCOL, example, link_url
from tests.unit.letters.reading import arrived, flat, text_of

GMAIL = "Em dom., 22 de nov. de 2026 às 10:15, NuvemJTI <cancelamento@nuvemjti.com.br> escreveu:\n\n"
OUTLOOK = "De: NuvemJTI <cancelamento@nuvemjti.com.br>\nEnviada em: domingo, 22 de novembro de 2026 10:15\n"
SAMPLE = "Solicito o cancelamento dos serviços contratados com a NuvemJTI.\nMotivo: {reason}"


def quoted(text: str, style: str) -> str:
    match style:
        case "gmail":
            return GMAIL + "\n".join(f"> {line}" for line in text.splitlines())
        case "outlook":
            return f"{OUTLOOK}Para: rita@acme.com.br\nAssunto: Cancelamento\n\n{text}"
        case "original":
            return f"-----Mensagem original-----\n{text}"
        case _:
            return text


@pytest.mark.parametrize("kind", LetterKind)
def test_our_own_letters_are_automatic_mail_and_never_answered(kind: LetterKind) -> None:
    reading = read_message(render(example(kind), HOUSE, link_url).as_bytes())
    assert Automatic.AUTO_SUBMITTED in reading.automatic
    assert find_protocols(reading.subject) == [PROTOCOL]


@pytest.mark.parametrize("style", ["gmail", "outlook", "original", "bare"])
@pytest.mark.parametrize("kind", LetterKind)
def test_quoted_letter_is_no_request_P7(kind: LetterKind, style: str) -> None:
    message = arrived(example(kind, request_text="Bom dia."))
    answer = f"Obrigada, vou pensar.\n\n{quoted(text_of(message), style)}"
    understood = understand_text(f"RE: {message['Subject']}", answer)
    assert understood.explicit_request is not True


@pytest.mark.parametrize("style", ["gmail", "outlook", "original"])
def test_our_sample_text_copied_and_completed_is_a_request_with_its_reason_P7(style: str) -> None:
    message = arrived(example(LetterKind.SCRIPT))
    assert flat(SAMPLE.format(reason="...")) in flat(text_of(message))
    answer = f"{SAMPLE.format(reason='vamos fechar a empresa.')}\n\n{quoted(text_of(message), style)}"
    understood = understand_text(f"RE: {message['Subject']}", answer)
    assert understood.explicit_request is True
    assert understood.reason is not None
    assert "fechar a empresa" in understood.reason


def test_our_sample_text_without_a_reason_has_none_P7() -> None:
    understood = understand_text("Cancelamento", SAMPLE.format(reason="..."))
    assert understood.explicit_request is True
    assert not understood.reason
