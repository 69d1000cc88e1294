"""What stands in a letter of ours never counts, however a mail program quotes it; quotations of any language (X14)."""

import pytest

from cancellation.domain.letter_kinds import LetterKind
from cancellation.understanding import newest_text, read_message, understand_text
from cancellation.understanding.html import read_html
from cancellation.understanding.ours import without_ours
from tests.unit.letters.examples import example
from tests.unit.letters.reading import arrived, html_of, text_of
from tests.unit.understanding.letters import message
from tests.unit.understanding.quoting import (
    ATTRIBUTIONS,
    HEADERS,
    SUBJECT,
    header_block,
    html_answers,
    plain_answers,
)

SAID = "Ok, recebido, obrigada. Vou conversar com meu sócio."
FOR_CUSTOMERS = [
    LetterKind.REQUEST_RECEIVED,
    LetterKind.SCRIPT,
    LetterKind.WHAT_IS_MISSING,
    LetterKind.NOTICE_STARTED,
    LetterKind.RECORDINGS_READY,
    LetterKind.RETAINED,
    LetterKind.WITHDRAWN,
    LetterKind.LAPSED,
    LetterKind.CLOSED,
    LetterKind.REMIND_FORMALIZATION,
    LetterKind.REMIND_PORTABILITY,
]
SCRIPT = arrived(example(LetterKind.SCRIPT))
PROGRAMS = [*HEADERS, *ATTRIBUTIONS, "rule", "nothing", "indented", "below"]
PAGES = [
    *HEADERS,
    *(f"{name}-bare" for name in ATTRIBUTIONS),
    *("hr", "indent", "bare-blockquote", "gmail-quote-alone", "gmail", "outlook-web", "yahoo", "zoho"),
    *("nothing", "below"),
]


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("kind", FOR_CUSTOMERS)
def test_answer_above_a_letter_of_ours_is_all_that_counts_X14(kind: LetterKind, program: str) -> None:
    letter = text_of(arrived(example(kind, request_text="Quero cancelar o contrato.")))
    answer = plain_answers(SAID, letter)[program]
    assert SAID in newest_text(answer).text
    assert understand_text(f"RE: {SUBJECT}", answer).explicit_request is not True
    assert "olicito o cancelamento" not in newest_text(answer).text


@pytest.mark.parametrize("program", PAGES)
@pytest.mark.parametrize("kind", FOR_CUSTOMERS)
def test_answer_above_a_page_of_ours_is_all_that_counts_X14(kind: LetterKind, program: str) -> None:
    page = html_of(arrived(example(kind, request_text="Quero cancelar o contrato.")))
    answer = read_html(html_answers(SAID, page)[program]).text
    assert SAID in newest_text(answer).text
    assert understand_text(f"RE: {SUBJECT}", answer).explicit_request is not True
    assert "olicito o cancelamento" not in newest_text(answer).text


OFFERED = "Solicito o cancelamento dos serviços contratados com a NuvemJTI.\nMotivo: {reason}"


@pytest.mark.parametrize("program", [name for name in PROGRAMS if name != "below"])
def test_our_text_copied_and_completed_counts_however_the_letter_is_quoted_P7(program: str) -> None:
    answer = plain_answers(OFFERED.format(reason="vamos fechar a empresa."), text_of(SCRIPT))[program]
    understood = understand_text(f"RE: {SUBJECT}", answer)
    assert understood.explicit_request is True
    assert understood.reason is not None
    assert "fechar a empresa" in understood.reason


def test_our_text_that_nobody_completed_is_no_request_with_somebody_elses_reason_X14() -> None:
    below = "Esperamos o seu e-mail até 22 de dezembro. Se ele não chegar até essa data, encerramos este pedido e os"
    below += " serviços continuam ativos, como estão hoje."
    answer = f"Ok, recebido. O preço ficou alto mesmo.\n\n{OFFERED.format(reason='...')}\n\n{below}"
    assert understand_text("Re: x", answer).explicit_request is not True


def test_words_in_the_middle_of_a_letter_of_ours_are_noted_as_unread_X14() -> None:
    letter = text_of(SCRIPT)
    assert not newest_text(f"{SAID}\n\n{letter}").amid
    completed = letter.replace("> Motivo: ...", "Motivo: preço alto")
    assert completed != letter
    assert newest_text(f"{SAID}\n\n{completed}").amid
    raw = message(f"{SAID}\n\n{completed}", subject=f"RE: {SUBJECT}")
    assert read_message(raw).unread == ("texto no meio de uma carta nossa",)


def test_letter_that_the_caller_knows_is_removed_word_by_word_X14() -> None:
    letter = "Prezada Rita, a sua visita técnica ficou para sexta-feira, e o técnico levará o telefone novo. Cancelem"
    letter += " tudo o que for preciso até lá."
    answer = f"{SAID}\n\n{letter}"
    assert newest_text(answer).text == answer
    assert newest_text(answer, [letter]).text == SAID
    assert read_message(message(answer), known_letters=[letter]).newest == SAID


@pytest.mark.parametrize(
    "text",
    [
        "O aviso prévio começa a contar quando recebemos o e-mail completo, certo?",
        "Vocês dizem que enquanto a formalização não chega, nada muda.",
        OFFERED.format(reason="preço alto"),
    ],
)
def test_a_sentence_of_ours_that_the_customer_repeats_is_no_letter(text: str) -> None:
    assert without_ours(text).text == text


@pytest.mark.parametrize("program", HEADERS)
def test_block_of_headers_is_known_by_its_shape_in_any_language_X14(program: str) -> None:
    earlier = "Prezados, solicito o cancelamento do contrato por causa do preço."
    for sender in ("Ana Lima <ana@acme.com.br>", "Ana Lima"):
        block = "\n".join(header_block(program, sender, "RE: Contrato"))
        parted = newest_text(f"{SAID}\n\n{block}\n\n{earlier}")
        assert parted.text == SAID
        assert earlier in parted.quoted


@pytest.mark.parametrize("program", ATTRIBUTIONS)
def test_line_above_a_quotation_is_known_by_its_shape_in_any_language_X14(program: str) -> None:
    line = ATTRIBUTIONS[program]
    for broken in (line, line.replace(" <", "\n<"), line.replace("10", "\n10", 1)):
        parted = newest_text(f"{SAID}\n\n{broken}\n\n> Solicito o cancelamento do contrato.")
        assert parted.text == SAID


@pytest.mark.parametrize(
    "form",
    [
        "Empresa: Acme\nE-mail: rita@acme.com.br\nData: 24/11/2026 10:15\nMotivo: preço alto",
        "Solicitante: Rita <rita@acme.com.br>\nAbertura: 24/11/2026 10:30\nCategoria: contrato\nMotivo: preço alto",
        "Nome: Rita\nTelefone: 11 4000-1000\nContrato: 4521\nMotivo: preço alto",
    ],
)
def test_form_that_somebody_filled_in_is_no_quotation_P7(form: str) -> None:
    said = f"Solicito o cancelamento do contrato.\n\n{form}"
    assert newest_text(said).text == said


@pytest.mark.parametrize(
    "sentence",
    [
        "Conforme o e-mail de 24/11/2026 às 10:15 que enviei para <comercial@nuvemjti.com.br> pedindo isto:",
        "Em resposta ao e-mail de comercial@nuvemjti.com.br, recebido ontem, informo o seguinte:",
    ],
)
def test_sentence_that_mentions_an_email_is_no_quotation_P7(sentence: str) -> None:
    assert "Solicito" in newest_text(f"{sentence}\n\nSolicito o cancelamento do contrato.").text


def test_answer_between_the_parts_of_a_quotation_in_one_element_is_read_P7() -> None:
    page = (
        '<div class="gmail_quote"><div class="gmail_attr">Em ter., Ana escreveu:</div>'
        '<blockquote class="gmail_quote">Qual é o motivo?</blockquote><div>Motivo: preço alto</div></div>'
    )
    assert newest_text(read_html(page).text).text == "Motivo: preço alto"
