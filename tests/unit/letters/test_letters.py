"""What must stand in every letter, read as the recipient's mail program reads it."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes
from email import policy as email_policy
from email.utils import parsedate_to_datetime
from itertools import chain, cycle
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cancellation.domain import values
from cancellation.domain.identity import find_protocols, mail_message_id
from cancellation.domain.inventory import Inventory
from cancellation.domain.letter_kinds import LetterKind
from cancellation.domain.values import Authentication, Channel, Contact, OfferStatus, Reason, Released, Team
from cancellation.letters import render, with_original
from cancellation.messages.letters import Letter
from tests.unit.letters.examples import (
    AT,
    CONTENT,
    ENDED,
    HOUSE,
    OFFERS,
    POLICY,
    PROTOCOL,
    TOKEN_URL,
    example,
    letter,
    link_url,
)
from tests.unit.letters.instances import any_of, smallest
from tests.unit.letters.reading import arrived, flat, html_of, shown, text_of

KINDS = list(LetterKind)
TO_CUSTOMER = [kind for kind in KINDS if kind.audiences == (None,)]
TO_TEAMS = [(kind, team) for kind in KINDS for team in kind.audiences if team is not None]
FINANCE, COMMERCIAL = POLICY.mailboxes

FORMS: dict[str, dict[str, Any]] = {
    "full": {},
    "unknown customer": {"customer_name": "1042"},
    "one number": {"numbers": ("+551130000001",), "recordings_asked": False},
    "one mailbox": {"mailboxes": (FINANCE,), "missing": (f"recipient:{FINANCE}",)},
    "three mailboxes": {"mailboxes": (FINANCE, COMMERCIAL, "x@y.com.br")},
    "nothing released": {"released": Released(), "voided_charges": 0},
    "empty inventory": {"inventory": Inventory(customer_id="1042")},
    "holds ended": {"held": ENDED},
    "every doubt": {
        "missing": ("authentication", "sender", "something_new"),
        "doubts": ("authentication", "sender", "something_new"),
    },
    "refused": {"words": "Sem mais."},
    "lost on the way to a team": {"about": LetterKind.CLOSED_TO_TEAM, "about_team": Team.FINANCE},
    "on the last safe day": {"at": datetime(2026, 12, 17, 13, tzinfo=UTC)},
    "after the last safe day": {"at": datetime(2026, 12, 18, 13, tzinfo=UTC)},
    "on the last day": {"at": datetime(2026, 12, 22, 13, tzinfo=UTC)},
    "long after": {"at": datetime(2027, 3, 1, 13, tzinfo=UTC)},
    **{
        f"{channel.value}, {category.value}": {
            "channel": channel,
            "reason": Reason(category=category, text="Sem mais."),
        }
        for channel, category in zip(cycle(Channel), values.ReasonCategory, strict=False)
    },
}


def forms(kind: LetterKind, **also: Any) -> Iterator[tuple[str, Letter]]:
    """A letter in every form that makes a difference, and as short as can be; `also` stands in all of them."""
    for name, changes in FORMS.items():
        yield name, example(kind, **also | changes)
    for name, field in type(CONTENT[kind]).model_fields.items():
        if field.default is None:
            yield f"without {name}", example(kind, **also | {name: None})
    for team in kind.audiences:
        yield f"for {team}", example(kind, **also, team=team)
        yield f"smallest, for {team}", letter(smallest(type(CONTENT[kind])), team=team)


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
QUIET: dict[str, Any] = {"words": "Sem mais.", "request_text": "Sem mais.", "subject": "Sem mais."}


# ---------------------------------------------------------------------- every letter


@pytest.mark.some(12)
@pytest.mark.parametrize("kind", KINDS)
def test_no_code_no_english_no_none_in_any_letter(kind: LetterKind) -> None:
    for form, one in forms(kind, **QUIET):
        message = arrived(one)
        everything = f"{message['Subject']} {flat(text_of(message))} {shown(html_of(message))}"
        # A command is pasted as it is: options of a command line are English.
        ours = re.sub(
            r"\S+@\S+|https?://\S+|crm:original/\S+|--[a-z-]+|cancelamento (?:mail|formalize)",
            " ",
            everything,
        )
        found = {word.lower() for word in re.findall(r"[\w-]+", ours)}
        assert not found & CODES, form
        assert not found & ENGLISH, form
        assert not re.search(r"[{}]|%[sd]|\bdatetime\b|<[A-Z]", ours), form


@pytest.mark.some(12)
@pytest.mark.parametrize("kind", KINDS)
def test_text_and_html_say_the_same(kind: LetterKind) -> None:
    facts = r"\d[\d./:-]*\d|\d+h\d\d|[\w.]+@[\w.]+|R\$.\S+|(?:segunda|terça|quarta|quinta|sexta)-feira"
    prose = r"[a-zà-ÿ]{4,}"
    for form, one in forms(kind):
        message = arrived(one)
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
    one = example(kind)
    message = arrived(one)
    assert message["From"] == "NuvemJTI Cancelamentos <cancelamento@nuvemjti.com.br>"
    assert message["Message-ID"] == mail_message_id(one.key, "nuvemjti.com.br")
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert parsedate_to_datetime(message["Date"]) == AT
    assert message["Date"].endswith("-0300")
    # What goes along as a file stands beside the two forms of the text.
    texts, *files = message.iter_parts() if message.get_content_type() == "multipart/mixed" else (message,)
    assert texts.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in texts.iter_parts()] == ["text/plain", "text/html"]
    assert all(part.is_attachment() for part in files)
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
        assert len(line) <= 72 or " " not in line.strip() or line.startswith("    cancelamento ")


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


@pytest.mark.parametrize(("kind", "team"), TO_TEAMS)
def test_team_letters_go_to_the_team(kind: LetterKind, team: Team) -> None:
    message = arrived(example(kind, team=team))
    assert message["To"] == HOUSE.team_address(team)
    assert message["Reply-To"] is None
    text = flat(text_of(message))
    assert text.startswith(f"Equipe do {team.label},")
    assert kind is LetterKind.FINDINGS or "Acme Comércio de Ferragens Ltda" in text


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.data())
def test_whatever_its_types_allow_makes_a_letter(data: st.DataObject) -> None:
    content = data.draw(st.sampled_from(list(CONTENT.values())).flatmap(lambda one: any_of(type(one))))
    team = data.draw(st.sampled_from(content.kind.audiences))
    message = arrived(letter(content, team=team))
    assert not message.defects
    assert message["Subject"].startswith(f"[{PROTOCOL}] ")
    assert PROTOCOL in text_of(message)
    assert PROTOCOL in html_of(message)


# ---------------------------------------------------------------------- threads


def test_answer_stands_in_the_customers_thread_P7() -> None:
    asked = "<CAF=abc123@mail.gmail.com>"
    answer = example(LetterKind.WHAT_IS_MISSING).model_copy(
        update={"in_reply_to": asked, "references": ("<first@acme.com.br>", asked, "<first@acme.com.br>")}
    )
    message = arrived(answer)
    assert message["In-Reply-To"] == asked
    assert message["References"].split() == ["<first@acme.com.br>", asked]


def test_long_message_ids_are_not_mangled() -> None:
    asked = f"<{'CP4P284MB1234567890ABCDEF' * 4}@{'CP4P284MB1234.BRAP284.PROD.' * 2}OUTLOOK.COM>"
    answer = example(LetterKind.WHAT_IS_MISSING).model_copy(
        update={"in_reply_to": asked, "references": tuple(f"<{n}-{asked[1:]}" for n in range(50))}
    )
    raw = render(answer, HOUSE).as_bytes()
    assert f"In-Reply-To: {asked}\r\n".encode() in raw
    references = arrived(answer)["References"].split()
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
    answer = example(LetterKind.WHAT_IS_MISSING).model_copy(
        update={"in_reply_to": bad, "references": (bad, "<good@acme.com.br>")}
    )
    message = arrived(answer)
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
        subject=text,
        sender=text,
        message_id=text,
        step=text,
        contact=Contact.model_construct(name=text, email=text, phone=text),
        offers=tuple(offer.model_copy(update={"description": text}) for offer in OFFERS),
        accepted=tuple(offer.model_copy(update={"description": text}) for offer in OFFERS),
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
        named = example(kind, customer_name=name)
        subject = str(render(named, HOUSE, link_url)["Subject"])
        assert arrived(named)["Subject"] == subject
        raw = render(named, HOUSE, link_url).as_bytes()
        assert f"\r\nSubject: [{PROTOCOL}] ".encode() in raw
        assert all(len(line) <= 78 for line in raw.partition(b"MIME-Version")[0].split(b"\r\n"))


def test_what_looks_like_an_encoded_word_is_not_decoded_X8() -> None:
    name = "=?utf-8?q?Bcc:_x@y.z?="
    assert name in arrived(example(LetterKind.REQUEST_TO_COMMERCIAL, customer_name=name))["Subject"]


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.sampled_from(KINDS),
    st.text(st.characters(codec=None, exclude_categories=()), max_size=400),
    st.text(st.characters(codec=None, exclude_categories=()), max_size=400),
)
def test_any_text_makes_a_letter_that_can_be_read_X8(kind: LetterKind, name: str, text: str) -> None:
    message = arrived(
        example(kind, customer_name=name, request_text=text, words=text, subject=text, step=text or "x")
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


LONG_LINE = b"From: a@b\r\n\r\n" + b"x" * 2000


@pytest.mark.parametrize(
    ("original", "kind"),
    [
        (b"From: a@b\r\nSubject: x\r\n\r\nOi\r\n", "message/rfc822"),
        ("From: a@b\nSubject: ç\n\nNão e não\n".encode(), "message/rfc822"),
        (b"From: \xff@b\r\n\r\n\xfe\x80" * 20, "message/rfc822"),
        (b"", "message/rfc822"),
        (LONG_LINE, "application/octet-stream"),
        (b"From: a@b\r\n\r\n\x00", "application/octet-stream"),
    ],
)
def test_an_original_goes_along_byte_for_byte_X15(original: bytes, kind: str) -> None:
    one = example(LetterKind.MAIL_TO_DECIDE)
    sent = with_original(render(one, HOUSE, link_url), one, original)
    assert max(map(len, sent.split(b"\r\n"))) <= 998
    assert b"\n" not in sent.replace(b"\r\n", b"")
    message = message_from_bytes(sent, policy=email_policy.default)
    [part] = [part for part in message.iter_attachments() if part.get_filename() == "original.eml"]
    assert part.get_content_type() == kind
    wire = re.sub(rb"\r\n|\r|\n", b"\r\n", original)
    found = wire in sent if kind == "message/rfc822" else part.get_payload(decode=True) == original
    assert found
    text = message.get_body(("plain",))
    assert text is not None
    assert "Por que é preciso decidir" in text.get_content()
