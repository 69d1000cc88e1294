"""`Authentication-Results` by its grammar, also when a sender chose part of what stands in it (X9, RFC 8601)."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cancellation.understanding import read_message, verdict
from cancellation.understanding.authres import MAX_VALUE, MalformedResults, named_server, parse
from tests.turns import examples
from tests.unit.understanding.letters import TRUSTED, message


def test_value_is_read_as_the_standard_says() -> None:
    read = parse(
        'mx.nuvemjti.com.br (x(y)) 1; spf=pass (a; "b") smtp.mailfrom="rita \\" souza"@acme.com.br;\r\n'
        "\tdmarc/1 = pass action=none header . from\t=\tacme.com.br (p=none (x\\)) dis=none);"
        ' dkim=pass reason="ok; really" header.d=acme.com.br header.b=a/b+=;'
    )
    assert read.server == "mx.nuvemjti.com.br"
    assert [(r.method, r.result) for r in read.results] == [
        ("spf", "pass"),
        ("dmarc", "pass"),
        ("dkim", "pass"),
    ]
    spf, dmarc, dkim = read.results
    assert spf.values("smtp.mailfrom") == ['rita " souza@acme.com.br']
    assert spf.domains("smtp.mailfrom") == ["acme.com.br"]
    assert dmarc.domains("header.from") == ["acme.com.br"]
    assert (dkim.values("reason"), dkim.values("header.b")) == (["ok; really"], ["a/b+="])


@pytest.mark.parametrize("value", ["mx.example; none", "mx.example 1; none (nothing done)", "mx.example"])
def test_server_that_did_nothing_has_no_results(value: str) -> None:
    assert (parse(value).server, parse(value).results) == ("mx.example", ())


@pytest.mark.parametrize(
    "value",
    [
        "",
        "; dmarc=pass",
        "mx.example x; dmarc=pass",
        "mx.example; dmarc=pass (",
        "mx.example; dmarc=pass (x\\)",
        'mx.example; dmarc="pass"',
        'mx.example; dmarc=pass"x"',
        'mx.example; dmarc=pass header.from="a',
        'mx.example; dmarc=pass header.from="a\\"',
        "mx.example; dmarc=pass header.from=",
        "mx.example; dmarc=pass header from=a",
        "mx.example; dmarc=pass a.b.c=d",
        "mx.example; dmarc=",
        "mx.example; =pass",
        "mx.example; dm arc=pass",
        "mx.example; dmarc=pass \\x=y",
        "mx.example; dmarc=pass )",
        "mx.example; dmarc=pass \x00",
        "mx.example; " + "x" * MAX_VALUE,
    ],
)
def test_what_is_not_of_the_grammar_says_nothing_X9(value: str) -> None:
    with pytest.raises(MalformedResults):
        parse(value)


@pytest.mark.parametrize(
    ("value", "server"),
    [("MX.example (; dmarc=pass", "mx.example"), ("(a) mx.example; (", "mx.example"), ("spf=pass (", None)],
)
def test_server_of_a_malformed_value_is_known_where_it_can_be(value: str, server: str | None) -> None:
    assert named_server(value) == server


TRICKS = st.sampled_from(
    [
        *('"', "\\", "(", ")", ";", "=", " ", "@", ".", ",", "<", ">", "/", "\t", "x", "1", "ç", "none"),
        "; dmarc=pass header.from=acme.com.br",
        "; dkim=pass header.d=acme.com.br; spf=pass smtp.mailfrom=rita@acme.com.br",
        " header.from=acme.com.br",
        "mx.nuvemjti.com.br; dmarc=pass",
        "@acme.com.br",
        "\r\n ",
    ]
)
CHOSEN = st.lists(TRICKS, max_size=12).map("".join)
"""What a sender may choose: a local part, an identity, a name in HELO."""


def as_quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\r\n", "") + '"'


def as_comment(text: str) -> str:
    """A careful server escapes in comments; a careless one copies the quoted form as it came."""
    escaped = "".join("\\" + c if c in "()\\" else c for c in text.replace("\r\n", "") if c != '"')
    return f"({escaped})"


@given(st.text(max_size=200))
def test_any_value_is_read_or_refused_X8(value: str) -> None:
    try:
        parse(value)
    except MalformedResults:
        named_server(value)


@pytest.mark.sampled
@settings(max_examples=examples(400), deadline=None)
@given(CHOSEN, CHOSEN, st.booleans(), st.sampled_from(["fail", "none", ""]))
def test_no_choice_of_the_sender_passes_for_a_verdict_X9(
    local: str, identity: str, careful: bool, dmarc: str
) -> None:
    comment = as_comment(local) if careful else f"(domain of {as_quoted(local)}@evil.example designates it)"
    value = (
        f"mx.nuvemjti.com.br; spf=pass {comment} smtp.mailfrom={as_quoted(local)}@evil.example;"
        f" dkim=pass header.d=evil.example header.i={as_quoted(identity)}@evil.example"
    )
    value += f"; dmarc={dmarc} header.from=acme.com.br" if dmarc else ""
    found = verdict(read_message(message(results=value.replace("\r\n", ""))), TRUSTED).verdict
    assert found != "pass"


@given(CHOSEN)
def test_what_is_quoted_stays_quoted_X9(chosen: str) -> None:
    [result] = parse(f"mx.example; spf=none smtp.mailfrom={as_quoted(chosen)}@evil.example").results
    assert result.method == "spf"
    assert result.values("smtp.mailfrom") == [chosen.replace("\r\n", "") + "@evil.example"]


@pytest.mark.parametrize("piece", ["(", ")", '"', "\\", "a=b ", ";", "x.", "(a)", '"a"', "a/", "\t"])
def test_reading_takes_linear_time(piece: str) -> None:
    value = "mx.example; dmarc=pass " + piece * (MAX_VALUE // len(piece))
    # Four times the length: four times the work, or sixteen times where it grows with the square.
    assert seconds_for(value[:MAX_VALUE]) < 10 * max(seconds_for(value[: MAX_VALUE // 4]), 0.0005)


def seconds_for(value: str) -> float:
    """CPU of reading that value, the least of several tries."""

    def once() -> float:
        start = time.process_time()
        try:
            parse(value)
        except MalformedResults:
            named_server(value)
        return time.process_time() - start

    return min(once() for _ in range(5))
