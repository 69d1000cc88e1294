"""What must stand in every letter, read as the recipient's mail program reads it."""

import re
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from itertools import chain, cycle
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cancellation.domain import values
from cancellation.domain.identity import find_protocols, mail_message_id
from cancellation.domain.state import Held
from cancellation.domain.values import Authentication, Channel, Contact, OfferStatus, Reason, Released, Team
from cancellation.letters import REQUIRED, WITH_LINK, IncompleteLetter, render
from cancellation.messages.letters import Letter, LetterFacts, LetterKind
from cancellation.messages.telephony import Inventory
from tests.unit.letters.examples import (
    AT,
    FULL,
    HOUSE,
    INVENTORY,
    NOTICE,
    OFFERS,
    POLICY,
    PROTOCOL,
    TEAMS,
    TOKEN_URL,
    example,
    link_url,
)
from tests.unit.letters.reading import arrived, flat, html_of, plain, shown, text_of

KINDS = list(LetterKind)
TO_CUSTOMER = [kind for kind in KINDS if kind not in TEAMS]
FINANCE, COMMERCIAL = POLICY.mailboxes
LAST_DAY = "terça-feira, 22 de dezembro de 2026"

EMPTY: dict[str, Any] = {
    name: None if field.default is None else field.get_default()
    for name, field in LetterFacts.model_fields.items()
    if name in FULL
}
"""Every fact that may be missing, missing."""


def sparse(kind: LetterKind) -> dict[str, Any]:
    """No fact but those that the kind requires."""
    return {name: value for name, value in EMPTY.items() if name not in REQUIRED.get(kind, ())}


FORMS: dict[str, dict[str, Any]] = {
    "full": {},
    "unknown customer": {"customer_name": "1042"},
    "one number": {"numbers": ("+551130000001",), "recordings": False},
    "one mailbox": {"mailboxes": (FINANCE,), "missing": (f"recipient:{FINANCE}",)},
    "three mailboxes": {"mailboxes": (FINANCE, COMMERCIAL, "x@y.com.br")},
    "nothing released": {"released": Released(), "voided_charges": 0},
    "empty inventory": {"inventory": Inventory(customer_id="1042")},
    "holds ended": {
        "held": (
            Held(number="+551130000001", held_until=AT, ended="completed"),
            Held(number="+551130000002", held_until=AT, ended="expired"),
        )
    },
    "every doubt": {"missing": ("authentication", "sender", "something_new")},
    **{
        f"{channel.value}, {category.value}": {
            "channel": channel,
            "reason": Reason(category=category, text="Sem mais."),
        }
        for channel, category in zip(cycle(Channel), values.ReasonCategory, strict=False)
    },
}


def form_of(kind: LetterKind, form: str) -> dict[str, Any]:
    return sparse(kind) if form == "sparse" else FORMS[form]


ENUMS = (
    *(LetterKind, Channel, OfferStatus, Team, Authentication),
    *(values.ReasonCategory, values.OfferKind, values.PortStatus, values.Outcome),
)
SAME_IN_PORTUGUESE = {"whatsapp", "chatbot"}
CODES = {code.value for code in chain.from_iterable(ENUMS)} - SAME_IN_PORTUGUESE
CODES |= {"explicit_request", "recipient", "sender", "authentication", "something_new"}
ENGLISH = {
    *("none", "true", "false", "null", "undefined", "the", "and", "of", "is", "your", "you", "please", "day"),
    *(
        "days",
        "mail",
        "customer",
        "case",
        "request",
        "reason",
        "notice",
        "billing",
        "number",
        "numbers",
        "date",
    ),
}
# A person's own words may be anything; ours are looked at.
QUIET: dict[str, Any] = {"words": "Sem mais.", "request_text": "Sem mais.", "mail_subject": "Sem mais."}


# ---------------------------------------------------------------------- every letter


@pytest.mark.parametrize("kind", KINDS)
def test_no_code_no_english_no_none_in_any_letter(kind: LetterKind) -> None:
    for form in [*FORMS, "sparse"]:
        message = arrived(example(kind, **{**QUIET, **form_of(kind, form)}))
        everything = f"{message['Subject']} {flat(text_of(message))} {shown(html_of(message))}"
        ours = re.sub(r"\S+@\S+|https?://\S+", " ", everything)
        found = {word.lower() for word in re.findall(r"[\w-]+", ours)}
        assert not found & CODES, form
        assert not found & ENGLISH, form
        assert not re.search(r"[{}]|%[sd]|\bdatetime\b|<[A-Z]", ours), form


@pytest.mark.parametrize("kind", KINDS)
def test_text_and_html_say_the_same(kind: LetterKind) -> None:
    facts = r"\d[\d./:-]*\d|\d+h\d\d|[\w.]+@[\w.]+|R\$.\S+|(?:segunda|terça|quarta|quinta|sexta)-feira"
    prose = r"[a-zà-ÿ]{4,}"
    for form in [*FORMS, "sparse"]:
        message = arrived(example(kind, **form_of(kind, form)))
        text, html = flat(f"{message['Subject']} {text_of(message)}"), shown(html_of(message))
        assert set(re.findall(facts, text)) == set(re.findall(facts, html)), form
        # Beside a button the HTML says otherwise how to open the link.
        unseen = set(re.findall(prose, text.lower())) - set(re.findall(prose, html.lower()))
        assert unseen <= {"abra", "endereço"}, form


@pytest.mark.parametrize("kind", KINDS)
def test_protocol_is_in_subject_text_and_html_X12(kind: LetterKind) -> None:
    message = arrived(example(kind))
    assert message["Subject"].startswith(f"[{PROTOCOL}] ")
    assert find_protocols(message["Subject"]) == [PROTOCOL]
    assert PROTOCOL in text_of(message)
    assert PROTOCOL in html_of(message)


@pytest.mark.parametrize("kind", KINDS)
def test_headers_of_every_letter(kind: LetterKind) -> None:
    letter = example(kind)
    message = arrived(letter)
    assert message["From"] == "NuvemJTI Cancelamentos <cancelamento@nuvemjti.com.br>"
    assert message["Message-ID"] == mail_message_id(letter.key, "nuvemjti.com.br")
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert parsedate_to_datetime(message["Date"]) == AT
    assert message["Date"].endswith("-0300")
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert not message.defects


@pytest.mark.parametrize("kind", KINDS)
def test_same_letter_gives_the_same_bytes(kind: LetterKind) -> None:
    first, second = (render(example(kind), HOUSE, link_url).as_bytes() for _ in range(2))
    assert first == second
    assert max(len(line) for line in first.split(b"\r\n")) <= 998
    assert b"\n" not in first.replace(b"\r\n", b"")


@pytest.mark.parametrize("kind", KINDS)
def test_plain_text_is_wrapped(kind: LetterKind) -> None:
    for line in text_of(arrived(example(kind))).splitlines():
        assert len(line) <= 72 or " " not in line.strip()


@pytest.mark.parametrize("kind", KINDS)
def test_html_brings_nothing_from_outside(kind: LetterKind) -> None:
    html = html_of(arrived(example(kind)))
    assert not re.search(r"<(script|img|link|iframe|object|form|base)\b|\bsrc=|@import|url\(", html)
    assert {url for url in re.findall(r"https?://[^\s\"<]+", html)} <= {TOKEN_URL}
    assert '<html lang="pt-BR">' in html
    assert "prefers-color-scheme: dark" in html
    assert 'name="viewport"' in html


@pytest.mark.parametrize("kind", TO_CUSTOMER)
def test_answers_of_customers_reach_both_mailboxes_P7(kind: LetterKind) -> None:
    assert arrived(example(kind))["Reply-To"] == f"{FINANCE}, {COMMERCIAL}"
    assert arrived(example(kind))["To"] == "rita@acme.com.br, joao@acme.com.br"


@pytest.mark.parametrize("kind", TEAMS)
def test_team_letters_go_to_the_team(kind: LetterKind) -> None:
    message = arrived(example(kind))
    assert message["To"] == HOUSE.team_address(TEAMS[kind])
    assert message["Reply-To"] is None
    assert "Acme Comércio de Ferragens Ltda" in plain(example(kind))


@pytest.mark.parametrize(("kind", "names"), REQUIRED.items())
def test_letter_without_what_makes_it_true_is_not_written(kind: LetterKind, names: tuple[str, ...]) -> None:
    for name in names:
        with pytest.raises(IncompleteLetter, match=name):
            render(example(kind, **{name: EMPTY[name]}), HOUSE, link_url)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_label(kind: LetterKind) -> None:
    assert kind.label
    assert "_" not in kind.label


# ---------------------------------------------------------------------- threads


def test_answer_stands_in_the_customers_thread_P7() -> None:
    asked = "<CAF=abc123@mail.gmail.com>"
    letter = example(LetterKind.WHAT_IS_MISSING).model_copy(
        update={"in_reply_to": asked, "references": ("<first@acme.com.br>", asked, "<first@acme.com.br>")}
    )
    message = arrived(letter)
    assert message["In-Reply-To"] == asked
    assert message["References"].split() == ["<first@acme.com.br>", asked]


def test_long_message_ids_are_not_mangled() -> None:
    asked = f"<{'CP4P284MB1234567890ABCDEF' * 4}@{'CP4P284MB1234.BRAP284.PROD.' * 2}OUTLOOK.COM>"
    letter = example(LetterKind.WHAT_IS_MISSING).model_copy(
        update={"in_reply_to": asked, "references": tuple(f"<{n}-{asked[1:]}" for n in range(50))}
    )
    raw = render(letter, HOUSE).as_bytes()
    assert f"In-Reply-To: {asked}\r\n".encode() in raw
    references = arrived(letter)["References"].split()
    assert len(references) == 20
    assert references[0] == f"<0-{asked[1:]}"
    assert references[-1] == asked
    assert b"=?" not in raw.partition(b"References:")[2].partition(b"\r\nAuto")[0]


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "abc",
        "<a b@c>",
        "<a@b>\r\nBcc: x@y.z",
        "<a@b>\x00",
        "<ação@b>",
        "<a@" + "b" * 999 + ">",
        "<a\n@b>",
    ],
)
def test_what_is_no_message_id_is_left_out_X8(bad: str) -> None:
    letter = example(LetterKind.WHAT_IS_MISSING).model_copy(
        update={"in_reply_to": bad, "references": (bad, "<good@acme.com.br>")}
    )
    message = arrived(letter)
    assert message["In-Reply-To"] is None
    assert message["References"] == "<good@acme.com.br>"
    assert message["Bcc"] is None


# ---------------------------------------------------------------------- hostile text

HOSTILE = [
    "Acme\r\nBcc: todos@exemplo.com.br\r\n\r\nOutro corpo",
    "Acme\nSubject: outro",
    "x" * 10_000,
    "\ud800\udfff Acme",
    "Acme \u202eadtL",
    "Acme\x00\x07\x1b[31m",
    "{{ 7 * 7 }} {% raw %}",
    "<script>alert(1)</script><img src=x onerror=1>",
    '"Acme" <x@y.z>, outra@y.z',
    "=?utf-8?q?Bcc:_x@y.z?=",
]


@pytest.mark.parametrize("kind", KINDS)
def test_hostile_text_stays_text_X8(kind: LetterKind) -> None:
    for text in HOSTILE:
        message = arrived(hostile(kind, text))
        assert set(message.keys()) <= {
            *("From", "To", "Reply-To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version"),
            *("X-Auto-Response-Suppress", "Content-Language", "Content-Type"),
        }
        assert len(message["Subject"]) <= 150
        assert message["Subject"].startswith(f"[{PROTOCOL}] ")
        everything = f"{message['Subject']}{text_of(message)}{html_of(message)}"
        assert not re.search("[\u202a-\u202e\u2066-\u2069\x00\x07\x1b]", everything)
        assert not re.search("<(script|img)", html_of(message))
        assert len(everything) < 60_000


def hostile(kind: LetterKind, text: str) -> Letter:
    """A letter of which every text that others write is `text`."""
    return example(
        kind,
        customer_name=text,
        request_text=text,
        words=text,
        mail_subject=text,
        mail_sender=text,
        mail_message_id=text,
        step=text,
        contact=Contact.model_construct(name=text, email=text, phone=text),
        offers=tuple(offer.model_copy(update={"description": text}) for offer in OFFERS),
        reason=Reason.model_construct(category=values.ReasonCategory.OTHER, text=text),
    )


def test_templates_are_not_written_by_customers_X8() -> None:
    message = arrived(hostile(LetterKind.REQUEST_TO_COMMERCIAL, "{{ 7 * 7 }} {% raw %}"))
    assert "> {{ 7 * 7 }} {% raw %}" in text_of(message)
    assert "{{ 7 * 7 }}" in message["Subject"]


@pytest.mark.parametrize(
    "name", ["Acme", "Ação", "=?utf-8?q?Bcc:_x@y.z?=", "A" * 30, "é " * 40, "Zoë 🙂" * 9]
)
def test_subject_arrives_as_it_was_written(name: str) -> None:
    for kind in KINDS:
        letter = example(kind, customer_name=name)
        subject = str(render(letter, HOUSE, link_url)["Subject"])
        assert arrived(letter)["Subject"] == subject
        raw = render(letter, HOUSE, link_url).as_bytes()
        assert f"\r\nSubject: [{PROTOCOL}] ".encode() in raw
        assert all(len(line) <= 78 for line in raw.partition(b"MIME-Version")[0].split(b"\r\n"))


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.sampled_from(KINDS),
    st.text(st.characters(codec=None, exclude_categories=()), max_size=400),
    st.text(st.characters(codec=None, exclude_categories=()), max_size=400),
)
def test_any_text_makes_a_letter_that_can_be_read_X8(kind: LetterKind, name: str, text: str) -> None:
    message = arrived(
        example(kind, customer_name=name, request_text=text, words=text, mail_subject=text, step=text or "x")
    )
    assert message["Subject"].startswith(f"[{PROTOCOL}]")
    assert not message.defects
    assert PROTOCOL in text_of(message)


def test_customer_text_is_quoted_and_bounded_for_commercial_P2() -> None:
    message = arrived(example(LetterKind.REQUEST_TO_COMMERCIAL, request_text="linha\n" * 500 + "fim"))
    quoted = [line for line in text_of(message).splitlines() if line.startswith(">")]
    assert 1 < len(quoted) <= 41
    assert quoted[-1].endswith("[…]")
    assert "<blockquote>linha<br>" in html_of(message)


# ---------------------------------------------------------------------- the letters, one by one


def test_request_reaches_commercial_with_everything_P2() -> None:
    text = plain(example(LetterKind.REQUEST_TO_COMMERCIAL))
    for fact in (
        *("WhatsApp", "22/11/2026 às 10h15", "Rita Souza", "rita@acme.com.br", "+55 (11) 99999-0000", "1042"),
        *("quero cancelar tudo", "ajuste de plano", "correção de problemas técnicos", "condições comerciais"),
        *("treinamento ou reconfiguração", "motivo"),
    ):
        assert fact in text


def test_request_names_a_customer_that_the_crm_has_not_told_yet_P2() -> None:
    letter = example(LetterKind.REQUEST_TO_COMMERCIAL, customer_name="1042")
    assert arrived(letter)["Subject"].endswith("Assumam o atendimento: cliente 1042 pediu o cancelamento")
    assert "Código do cliente: 1042" in plain(letter)
    assert "Cliente: 1042" not in plain(letter)


@pytest.mark.parametrize("part", [text_of, lambda m: shown(html_of(m))])
def test_script_holds_the_whole_row_P6(part: Any) -> None:
    text = flat(part(arrived(example(LetterKind.SCRIPT))))
    for fact in (
        *(FINANCE, COMMERCIAL),
        *("pedido explícito", "motivo do cancelamento"),
        *("30 dias", "cláusula 8.2"),
        "começa a contar quando recebemos o e-mail completo",
        *("O dia do recebimento não entra na conta", "se o e-mail completo chegar em 22/11/2026"),
        "o último dia será 22/12/2026",
        *("+55 (11) 3000-0001", "+55 (11) 3000-0002", "permanecem ativos", "portabilidade"),
        "quinta-feira, 17 de dezembro de 2026",
        "não há garantia de manutenção dos números",
        *("gravações", "link", "poderão ser removidos"),
        "confira se os dois aparecem no campo “Para”",
        f"até {LAST_DAY}",
    ):
        assert fact in text, fact


def test_script_follows_the_policy_P6() -> None:
    facts: dict[str, Any] = {"clause": "11.4", "notice_days": 45, "mailboxes": ("a@b.com.br", "c@d.com.br")}
    letter = example(LetterKind.SCRIPT, **facts)
    text = plain(letter)
    assert "cláusula 11.4" in text
    assert "45 dias" in text
    assert "06/01/2027" in text
    assert "30 dias" not in text
    assert "8.2" not in text
    assert "nuvemjti.com.br" not in text.replace("cancelamento@nuvemjti.com.br", "")
    assert arrived(letter)["Reply-To"] == "a@b.com.br, c@d.com.br"


def test_example_of_the_script_counts_in_sao_paulo_P8() -> None:
    text = plain(example(LetterKind.SCRIPT, at=datetime(2027, 1, 31, 2, 59, 59, tzinfo=UTC)))
    assert "chegar em 30/01/2027, o último dia será 01/03/2027" in text


def test_script_without_known_numbers_still_tells_about_them_P9() -> None:
    text = plain(example(LetterKind.SCRIPT, numbers=(), port_until=None))
    assert "Os números de propriedade da sua empresa permanecem ativos durante os 30 dias" in text
    assert "último dia seguro" not in text


@pytest.mark.parametrize(
    ("codes", "there", "not_there"),
    [
        ((f"recipient:{FINANCE}",), [f"o envio para {FINANCE}"], ["explícito", "o motivo do"]),
        ((f"recipient:{COMMERCIAL}",), [f"o envio para {COMMERCIAL}"], [f"o envio para {FINANCE}"]),
        (("explicit_request",), ["o pedido explícito de cancelamento"], ["o envio para", "o motivo do"]),
        (("reason",), ["o motivo do cancelamento"], ["explícito", "o envio para"]),
        (("sender", "authentication"), ["contato autorizado", "partiu mesmo"], ["o envio para", "explícito"]),
        (
            (f"recipient:{FINANCE}", "explicit_request", "reason"),
            [f"o envio para {FINANCE}", "explícito", "o motivo do"],
            [f"o envio para {COMMERCIAL}"],
        ),
    ],
)
def test_exactly_what_is_missing_is_named_P7(
    codes: tuple[str, ...], there: list[str], not_there: list[str]
) -> None:
    text = plain(example(LetterKind.WHAT_IS_MISSING, missing=codes))
    assert all(phrase in text for phrase in there)
    assert not any(phrase in text for phrase in not_there)
    assert "está guardado" in text
    assert "os dois aparecem" in text


def test_doubtful_mail_goes_to_commercial_with_its_doubts_X9() -> None:
    facts: dict[str, Any] = {"missing": ("sender", "authentication"), "words": "Cancelem tudo."}
    text = plain(example(LetterKind.MAIL_TO_DECIDE, **facts))
    for fact in (
        *("rita@acrne.com.br", "Cancelamento do contrato", "<CAF=abc123@mail.gmail.com>"),
        *("não é um contato autorizado", "SPF, DKIM ou DMARC", "Cancelem tudo."),
        "não conta sem a decisão de vocês",
    ):
        assert fact in text
    assert "quero cancelar tudo" not in text


def test_notice_is_told_with_its_dates_P8() -> None:
    text = plain(example(LetterKind.NOTICE_STARTED))
    for fact in (
        *("22/11/2026 às 10h15 (horário de Brasília)", LAST_DAY, f"23h59 de {LAST_DAY}"),
        *("cláusula 8.2", "30 dias", "+55 (11) 3000-0002", "quinta-feira, 17 de dezembro de 2026"),
    ):
        assert fact in text
    assert "22/12/2026" in arrived(example(LetterKind.NOTICE_STARTED))["Subject"]


def test_finance_is_told_what_to_bill_P13() -> None:
    text = plain(example(LetterKind.FINAL_BILLING))
    assert "parar em 22/12/2026" in text
    assert "exatamente os dias até 22/12/2026, inclusive" in text
    assert "Nenhuma cobrança ou fatura pode ficar para um dia depois" in text


def test_support_gets_the_inventory_P13() -> None:
    text = plain(example(LetterKind.SHUTDOWN_PLAN))
    for resource in INVENTORY.resources:
        assert f"{resource.label} ({resource.resource_id})" in text
    for fact in (
        "4 ramais",
        "1 tronco",
        "1 licença",
        "2 números de propriedade do cliente",
        "1 número nosso",
    ):
        assert fact in text
    assert "portabilidade solicitada; atende em 1042-t1 e 1042-200" in text
    assert "nada é desativado antes do fim do último dia" in text


@pytest.mark.parametrize("kind", sorted(WITH_LINK))
def test_link_is_there_with_its_end_P10(kind: LetterKind) -> None:
    message = arrived(example(kind))
    assert f"\n{TOKEN_URL}\n" in text_of(message).replace("\r\n", "\n")
    assert html_of(message).count(f'href="{TOKEN_URL}"') == 2
    text = flat(text_of(message))
    for fact in (f"23h59 de {LAST_DAY}", "1.248 gravações", "3,5 GB", FULL["archive"].sha256):
        assert fact in text


@pytest.mark.parametrize("kind", sorted(WITH_LINK))
def test_record_of_a_letter_has_no_link_P10(kind: LetterKind) -> None:
    record = render(example(kind), HOUSE)
    assert TOKEN_URL.rpartition("/")[2][:10] not in record.as_string().replace("=\r\n", "")
    assert "não fica neste registro" in flat(text_of(record))
    assert "não fica neste registro" in html_of(record)


@pytest.mark.parametrize("kind", sorted(set(KINDS) - WITH_LINK))
def test_no_other_letter_holds_the_link_P10(kind: LetterKind) -> None:
    assert "gravacoes.nuvemjti" not in render(example(kind), HOUSE, link_url).as_string()


def test_retained_customer_reads_what_was_accepted_P5() -> None:
    text = plain(example(LetterKind.RETAINED))
    assert "Ajuste de plano: 20% de desconto por 12 meses" in text
    assert "Treinamento da equipe" not in text
    assert "combinamos" not in plain(example(LetterKind.RETAINED, offers=()))


def test_withdrawal_is_confirmed_and_undone_X3() -> None:
    assert "desistiu do cancelamento" in plain(example(LetterKind.WITHDRAWN))
    assert "link enviado" not in plain(example(LetterKind.WITHDRAWN, archive=None))
    finance = example(LetterKind.WITHDRAWN_TO_TEAM)
    support = finance.model_copy(update={"team": Team.SUPPORT})
    assert "Não emitam a fatura final" in plain(finance)
    assert "Não desliguem nada" in plain(support)
    assert "fatura" not in plain(support)


def test_lapse_tells_that_nothing_changed_X5() -> None:
    text = plain(example(LetterKind.LAPSED))
    assert LAST_DAY in text
    assert "os serviços continuam ativos" in text


def test_closure_is_confirmed_with_what_was_released_and_held_P18() -> None:
    text = plain(example(LetterKind.CLOSED))
    for fact in (
        *(LAST_DAY, "4 ramais", "1 tronco", "1 licença", "2 números", "R$ 1.234,56", "22/12/2026"),
        "+55 (11) 3000-0001: mantido até 06/01/2027",
        "2 cobranças de dias posteriores ao fim foram canceladas",
    ):
        assert fact in text
    assert "portabilidade" not in plain(example(LetterKind.CLOSED, held=()))
    ended = Held(number="+551130000001", held_until=AT, ended="completed")
    assert "3000-0001" not in plain(example(LetterKind.CLOSED, held=(ended,)))


def test_end_of_a_hold_says_how_it_ended_X6() -> None:
    completed = Held(number="+551130000001", held_until=AT, ended="completed")
    expired = Held(number="+551130000002", held_until=AT, ended="expired")
    text = plain(example(LetterKind.HOLD_ENDED, held=(completed, expired)))
    assert "A portabilidade foi concluída e, conosco, não resta nada a fazer: - +55 (11) 3000-0001" in text
    assert "deixamos de manter: - +55 (11) 3000-0002" in text
    assert "terminou" in plain(example(LetterKind.HOLD_ENDED, held=()))


def test_attention_names_the_step_X7() -> None:
    assert "Etapa: ler o inventário na plataforma de telefonia" in plain(example(LetterKind.ATTENTION))


def test_undelivered_message_is_named_in_words() -> None:
    text = plain(example(LetterKind.UNDELIVERED, words="550 5.1.1 (endereço) User unknown"))
    assert "orientações para formalizar o cancelamento" in text
    assert "550 5.1.1" in text


def test_reminders_name_their_dates_X4() -> None:
    portability = example(LetterKind.REMIND_PORTABILITY)
    assert "17/12/2026" in arrived(portability)["Subject"]
    assert LAST_DAY in plain(portability)
    assert "22/12/2026" in arrived(example(LetterKind.REMIND_LINK))["Subject"]
    formalization = plain(example(LetterKind.REMIND_FORMALIZATION))
    assert FINANCE in formalization
    assert COMMERCIAL in formalization
    assert LAST_DAY in formalization
    assert "sem resultado registrado" in plain(example(LetterKind.REMIND_COMMERCIAL))


def test_notice_of_the_examples_is_the_domains_own_P8() -> None:
    assert NOTICE.last_day == date(2026, 12, 22)
