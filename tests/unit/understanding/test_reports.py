"""Delivery reports as mail servers write them, and what only looks like one (X16)."""

import pytest

from cancellation.understanding import DeliveryReport, read_message

LETTER = "<abc.def@nuvemjti.com.br>"

STATUS = """Reporting-MTA: dns; mx.acme.com.br

Final-Recipient: rfc822; rita@acme.com.br
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {status} <rita@acme.com.br>:
    Recipient address rejected: User unknown
"""
QUOTED = f"From: NuvemJTI <cancelamento@nuvemjti.com.br>\nMessage-ID: {LETTER}\nSubject: [CAN-1] Roteiro\n"


def report(status: str, *, returned: str = "text/rfc822-headers", quoted: str = QUOTED) -> bytes:
    """A report in the form of RFC 3464."""
    return (
        "Return-Path: <>\nFrom: MAILER-DAEMON@mx.acme.com.br\nSubject: Undelivered Mail Returned to Sender\n"
        "MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"
        "--b\n\nThis is the mail system.\n"
        f"--b\nContent-Type: message/delivery-status\n\n{status}\n"
        f"--b\nContent-Type: {returned}\n\n{quoted}\n--b--\n"
    ).encode()


def plain(text: str, *, top: str = "Return-Path: <>\nFrom: MAILER-DAEMON@mx.acme.com.br\n") -> bytes:
    """A message of plain text."""
    return f"{top}Subject: failure notice\n\n{text}".encode()


def found(raw: bytes) -> DeliveryReport | None:
    return read_message(raw).report


def test_a_report_names_letter_code_and_words_without_addresses_X16() -> None:
    said = found(report(STATUS.format(action="failed", status="5.1.1")))
    assert said == DeliveryReport(
        letters=(LETTER,),
        failed=True,
        words="5.1.1 …: Recipient address rejected: User unknown",
        subject="[CAN-1] Roteiro",
    )


@pytest.mark.parametrize(
    ("action", "status", "failed"),
    [
        ("failed", "5.1.1", True),
        ("failed", "4.4.7", True),
        ("delayed", "4.4.1", False),
        ("delivered", "2.0.0", False),
    ],
)
def test_only_what_was_given_up_has_failed_X16(action: str, status: str, failed: bool) -> None:
    said = found(report(STATUS.format(action=action, status=status)))
    assert said is not None
    assert said.failed is failed


def test_the_recipient_who_failed_counts_among_others_X16() -> None:
    both = STATUS.format(action="relayed", status="2.0.0") + "\n" + STATUS.partition("\n\n")[2]
    said = found(report(both.format(action="failed", status="5.2.2")))
    assert said is not None
    assert (said.failed, said.words.partition(" ")[0]) == (True, "5.2.2")


@pytest.mark.parametrize("encoding", ["", "Content-Transfer-Encoding: base64\n"])
def test_the_letter_is_found_in_the_message_that_is_returned_X16(encoding: str) -> None:
    import base64

    whole = f"{QUOTED}\nPrezados"
    body = base64.encodebytes(whole.encode()).decode() if encoding else whole
    raw = report(
        STATUS.format(action="failed", status="5.1.1"), returned=f"message/rfc822\n{encoding}", quoted=body
    )
    said = found(raw.replace(b"message/rfc822\n\n\n", b"message/rfc822\n\n"))
    assert said is not None
    assert LETTER in said.letters


@pytest.mark.parametrize(
    "text",
    [
        "Hi. This is the qmail-send program.\nI wasn't able to deliver; it failed permanently.\n"
        "<rita@acme.com.br>:\n550 5.1.1 no mailbox\n\n--- Below this line is a copy of the message.\n\n",
        "Sua mensagem não pôde ser entregue.\n550 Usuário inexistente\n\n",
        "Delivery has failed to these recipients.\n\nOriginal message headers:\n\n",
    ],
)
def test_a_report_that_only_quotes_our_headers_counts_X16(text: str) -> None:
    said = found(plain(text + QUOTED))
    assert said is not None
    assert (said.letters, said.failed) == ((LETTER,), True)
    assert "@" not in said.words


@pytest.mark.parametrize(
    "raw",
    [
        plain("Estarei de férias.\n\n" + QUOTED),
        plain(
            "Não foi entregue.\n" + QUOTED, top="Return-Path: <rita@acme.com.br>\nFrom: rita@acme.com.br\n"
        ),
        b"Return-Path: <>\nFrom: a@b.c\n\nDelivery failed. 550 5.1.1 sem nada citado.",
        b"From: a@b.c\nContent-Type: multipart/report; boundary=b\n\nnothing",
    ],
    ids=["absence", "a person", "names no letter", "broken"],
)
def test_what_only_looks_like_a_report_is_none_X16(raw: bytes) -> None:
    assert found(raw) is None


def test_a_report_without_the_message_id_names_the_letter_by_its_subject_X16() -> None:
    quoted = "From: nos@x\nSubject: =?utf-8?q?=5BCAN-1=5D_Formaliza=C3=A7=C3=A3o?=\n incompleta\n"
    said = found(report(STATUS.format(action="failed", status="5.2.2"), quoted=quoted))
    assert said is not None
    assert (said.letters, said.subject) == ((), "[CAN-1] Formalização incompleta")
