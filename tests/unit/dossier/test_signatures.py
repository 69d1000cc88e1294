"""DKIM signatures are checked offline, over the original's bytes, with the key that was kept (X13, RFC 6376)."""

import base64
import json
import re
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cancellation.dossier import verificar
from cancellation.dossier.verificar import INVALID, NO_KEY, PARTLY, UNCHECKED, VALID
from tests.unit.dossier.signed import DOMAIN, MAIL, SELECTOR, key, record, signed

ANOTHER = json.loads(Path(__file__).with_name("signed_by_another.json").read_text())
"""Odd e-mails with signatures by dkimpy, and the key that they hold with."""
WAYS = list(product((b"simple", b"relaxed"), repeat=2))


def result(raw: bytes, kept: str | None) -> str:
    (one,) = verificar.checked(raw, [kept])
    assert (one["domain"], one["selector"]) == (DOMAIN, SELECTOR)
    return one["result"]


@pytest.mark.parametrize("way", WAYS)
def test_a_signature_holds_with_its_key_in_every_canonical_form_X13(way: tuple[bytes, bytes]) -> None:
    raw = signed(canonical=way)
    assert result(raw, record()) == VALID
    assert result(raw, record(bare=True)) == VALID
    assert result(raw, record().removeprefix("v=DKIM1; k=rsa; ")) == VALID
    assert result(raw.replace(b"\r\n", b"\n"), record()) == VALID


@pytest.mark.parametrize("way", WAYS)
def test_what_was_signed_and_then_changed_does_not_hold_X13(way: tuple[bytes, bytes]) -> None:
    raw = signed(canonical=way)
    for was, now in (
        (b"custo", b"gosto"),
        (b"Quero", b"N\xc3\xa3o quero"),
        (b"rita@acme", b"caio@acme"),
        (b"Cancelamento", b"Renovacao"),
        (b"financeiro@", b"suporte@"),
        (b"bh=", b"bh=AA"),
        (b"h=from", b"h=x-note : from"),
    ):
        assert was in raw
        assert result(raw.replace(was, now, 1), record()) == INVALID
    assert result(raw.replace(b"not signed", b"whatever"), record()) == VALID
    # A second From above or below the signed one: the lowest is the one that was signed.
    assert result(raw.replace(b"X-Note: not signed", b"From: caio@acme.com.br"), record()) == INVALID


def test_relaxed_forgives_what_servers_do_to_blanks_and_simple_does_not_X13() -> None:
    for way, expected in ((b"relaxed", VALID), (b"simple", INVALID)):
        raw = signed(canonical=(way, way))
        assert result(raw.replace(b"cancelar \t o", b"cancelar o"), record()) == expected
        assert result(raw.replace(b"Subject:   Cancelamento", b"Subject: Cancelamento"), record()) == expected
        assert result(raw + b"\r\n\r\n", record()) == VALID


def test_a_signature_over_a_part_of_the_text_says_so_X13() -> None:
    raw = signed(length=True)
    assert b" l=" in raw
    assert result(raw, record()) == VALID
    assert result(raw + b"Mais texto\r\n", record()) == PARTLY
    assert result(raw[:-30], record()) == INVALID


def test_without_a_key_or_with_a_revoked_or_other_one_it_does_not_hold_X13() -> None:
    raw = signed()
    assert result(raw, None) == NO_KEY
    assert result(raw, "v=DKIM1; k=rsa; p=") == NO_KEY
    assert result(raw, "nada") == NO_KEY
    assert result(raw, record(key(1024))) == INVALID
    for spoilt in ("v=DKIM1; p=AAAA", "p=MIGf", f"p={'A' * 4000}", "p=MAA=", "p=é"):
        assert result(raw, spoilt) == INVALID


def test_other_kinds_of_signature_are_not_judged_here_X13() -> None:
    raw = signed()
    assert (
        result(raw.replace(b"a=rsa-sha256", b"a=ed25519-sha256"), "v=DKIM1; k=ed25519; p=AAAA") == UNCHECKED
    )
    assert result(raw.replace(b"a=rsa-sha256", b"a=rsa-sha1"), record()) == UNCHECKED


def test_a_signature_in_the_name_of_another_domain_does_not_hold_X13() -> None:
    raw = signed()
    assert b"i=@acme.com.br" in raw
    (one,) = verificar.checked(raw.replace(b"d=acme.com.br", b"d=cme.com.br"), [record()])
    assert one["result"] == INVALID


def test_who_signed_is_told_without_what_a_terminal_would_obey_X13() -> None:
    (one,) = verificar.signatures_of(b"DKIM-Signature: d=Acme.com.br.\x1b[2J; s=\xff s2026\r\n\r\n")
    assert verificar.signer_of(one) == {"domain": "acme.com.br.?[2j", "selector": "?s2026"}


def test_every_signature_is_told_and_a_flood_of_them_is_not_followed_X13() -> None:
    other = signed(signed(), selector="outra")
    assert [(one["selector"], one["result"]) for one in verificar.checked(other, [record(), None])] == [
        ("outra", VALID),
        (SELECTOR, NO_KEY),
    ]
    assert len(verificar.checked(b"DKIM-Signature: d=a\r\n" * 1000 + MAIL, [])) == verificar.MOST_SIGNATURES


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n\r\n",
        b"DKIM-Signature",
        b"DKIM-Signature:\r\n\r\n",
        b"DKIM-Signature: a=rsa-sha256; d=a; s=b; h=from; bh=; b=; l=x\r\n\r\nx",
        b"DKIM-Signature: \xff=\xff;;;=\r\nFrom: a\r\n\r\n\r",
    ],
)
def test_whatever_stands_in_a_header_never_breaks_the_check_X13(raw: bytes) -> None:
    assert {one["result"] for one in verificar.checked(raw, [record()])} <= {INVALID, UNCHECKED}


def test_what_another_program_signed_holds_and_changed_does_not_X13() -> None:
    for mail in map(base64.b64decode, ANOTHER["mails"]):
        assert result(mail, ANOTHER["record"]) == VALID, mail
        assert result(mail.replace(b"Rita", b"Caio"), ANOTHER["record"]) == INVALID, mail
        changed = mail.replace(b"\r\n\r\n", b"\r\n\r\nAntes\r\n", 1)
        assert result(changed, ANOTHER["record"]) == (PARTLY if b" l=0;" in mail else INVALID), mail


# Lines as they may stand in an e-mail: words, blanks, tabs, blank ends, nothing at all.
LINE = st.text(alphabet="ab \t.:;=", max_size=12).map(str.encode)
FIELD = st.builds(
    lambda value, folded: b"X-Any: " + value + (b"\r\n\t" + folded if folded.strip() else b""), LINE, LINE
)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(WAYS), st.lists(FIELD, max_size=3), st.lists(LINE, max_size=6))
def test_a_signature_holds_whatever_was_written_X13(
    way: tuple[bytes, bytes], fields: list[bytes], lines: list[bytes]
) -> None:
    head = b"".join(field + b"\r\n" for field in [b"From: rita@acme.com.br", *fields])
    raw = head + b"\r\n" + b"".join(line + b"\r\n" for line in lines)
    names = (b"from", *[b"x-any"] * len(fields), b"x-any")
    sealed = signed(raw, way, names=names, of=key(1024))
    assert result(sealed, record(key(1024))) == VALID
    spoilt = re.sub(rb"(bh=.)", lambda found: found[1] + b"A", sealed, count=1)
    assert result(spoilt, record(key(1024))) == INVALID
