"""Reading a message: who, to whom, when, what was typed now."""

import hashlib
import time
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest

from cancellation.understanding import Automatic, Warning, read_message
from tests.unit.understanding.letters import MAILBOXES, REQUEST, message


def html_mail(html: str) -> bytes:
    mail = EmailMessage()
    mail["From"] = "rita@acme.com.br"
    mail["To"] = MAILBOXES[0]
    mail.set_content(html, subtype="html")
    return mail.as_bytes()


def test_plain_message_is_read_whole_P7() -> None:
    raw = message()
    reading = read_message(raw)
    assert reading.sender == "rita@acme.com.br"
    assert reading.sender_name == "Rita Souza"
    assert reading.addressed == MAILBOXES
    assert reading.subject == "Cancelamento"
    assert reading.message_id == "<a1@acme.com.br>"
    assert reading.sha256 == hashlib.sha256(raw).hexdigest()
    assert reading.newest.startswith("Solicito o cancelamento")
    assert reading.warnings == ()
    assert reading.automatic == ()


def test_receipt_is_the_topmost_received_and_never_the_date_header_P8() -> None:
    assert read_message(message()).received_at == datetime(2026, 11, 22, 13, 15, tzinfo=UTC)
    bare = b"From: a@b.com\nDate: Sun, 22 Nov 2020 10:14:50 -0300\n\noi\n"
    assert read_message(bare).received_at is None
    assert read_message(bare).date_header == datetime(2020, 11, 22, 13, 14, 50, tzinfo=UTC)


def test_delivery_instant_of_the_caller_wins_P8() -> None:
    at = datetime(2026, 11, 22, 13, 20, tzinfo=UTC)
    assert read_message(message(), delivered_at=at).received_at == at


def test_missing_message_id_is_made_from_the_content() -> None:
    raw = b"From: a@b.com\n\noi\n"
    reading = read_message(raw)
    assert reading.message_id == f"<{hashlib.sha256(raw).hexdigest()}@sem-message-id.invalid>"
    assert Warning.NO_MESSAGE_ID in reading.warnings


def test_blind_copy_is_seen_where_it_was_delivered_P7() -> None:
    reading = read_message(
        message(to="", extra=(("Delivered-To", MAILBOXES[0]),)), envelope_recipients=[MAILBOXES[1].upper()]
    )
    assert set(reading.recipients) == set(MAILBOXES)
    assert reading.addressed == ()


def test_odd_senders_are_reported_X9() -> None:
    twice = b"From: rita@acme.com.br\nFrom: eva@outra.com\n\noi\n"
    assert Warning.SEVERAL_FROM in read_message(twice).warnings
    assert read_message(twice).sender is None
    named = message(sender='"rita@acme.com.br" <eva@outra.com>')
    assert Warning.ADDRESS_IN_NAME in read_message(named).warnings
    other = message(extra=(("Sender", "eva@outra.com"), ("Reply-To", "eva@outra.com")))
    assert {Warning.SENDER_DIFFERS, Warning.REPLY_TO_DIFFERS} <= set(read_message(other).warnings)


@pytest.mark.parametrize(
    ("headers", "sign"),
    [
        ((("Auto-Submitted", "auto-replied"),), Automatic.AUTO_SUBMITTED),
        ((("X-Autoreply", "yes"),), Automatic.AUTO_REPLY),
        ((("Precedence", "bulk"),), Automatic.BULK),
        ((("List-Id", "<novidades.loja.com.br>"),), Automatic.LIST),
        ((("Return-Path", "<>"),), Automatic.NULL_RETURN_PATH),
        ((("X-Failed-Recipients", "x@y.com"),), Automatic.REPORT),
    ],
)
def test_automatic_mail_is_known_by_its_headers(
    headers: tuple[tuple[str, str], ...], sign: Automatic
) -> None:
    assert sign in read_message(message(extra=headers)).automatic


def test_auto_submitted_no_is_an_ordinary_mail() -> None:
    assert read_message(message(extra=(("Auto-Submitted", "no"),))).automatic == ()


def test_html_quotation_and_signature_are_left_out() -> None:
    raw = html_mail(
        "<html><head><style>p{color:red}</style></head><body><p>Desisto do <b>cancelamento</b>.</p>"
        '<div class="gmail_signature">Setor de Rescis&atilde;o</div>'
        '<div class="gmail_quote">Em seg., 12 de jan. de 2026 &agrave;s 10:11, '
        "Rita &lt;rita@acme.com.br&gt; escreveu:<br>"
        '<blockquote class="gmail_quote" style="border-left:1px solid">'
        "<p>Solicito o cancelamento do contrato.</p></blockquote></div>"
        '<p style="display:none">Quero cancelar</p></body></html>'
    )
    reading = read_message(raw)
    assert reading.newest == "Desisto do cancelamento."
    assert "Solicito" in reading.quoted
    assert Warning.HTML_ONLY in reading.warnings


def test_outlook_header_block_in_html_starts_the_quotation() -> None:
    raw = html_mail(
        "<p>Segue o pedido: solicito o cancelamento.</p><hr><div><b>De:</b> Ana "
        "&lt;comercial@nuvemjti.com.br&gt;<br>"
        "<b>Enviado:</b> quarta-feira, 14 de janeiro de 2026<br><b>Para:</b> Rita<br><b>Assunto:</b> "
        "Oi</div><p>Caso desista</p>"
    )
    reading = read_message(raw)
    assert reading.newest == "Segue o pedido: solicito o cancelamento."
    assert "desista" in reading.quoted


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1", "windows-1252", "x-nunca-visto", "utf-16", ""])
def test_any_charset_gives_text(charset: str) -> None:
    body = "Rescisão já".encode(
        "cp1252" if charset in ("iso-8859-1", "windows-1252", "x-nunca-visto") else "utf-8"
    )
    if charset == "utf-16":
        body = "Rescisão já".encode("utf-16")
    raw = (
        b"From: a@b.com\nMIME-Version: 1.0\nContent-Type: text/plain; charset="
        + charset.encode()
        + b"\n\n"
        + body
    )
    assert read_message(raw).newest.startswith("Rescisão j")


def test_raw_eight_bit_subject_is_read() -> None:
    assert read_message("From: a@b.com\nSubject: Rescisão\n\noi".encode()).subject == "Rescisão"
    assert read_message("From: a@b.com\nSubject: Rescisão\n\noi".encode("cp1252")).subject == "Rescisão"
    assert read_message(b"From: a@b.com\nSubject: =?utf-8?q?Rescis=C3=A3o?=\n\noi").subject == "Rescisão"


def test_nested_message_does_not_speak_for_its_sender() -> None:
    mail = EmailMessage()
    mail["From"] = "rita@acme.com.br"
    mail.set_content("Veja o anexo.")
    inner = EmailMessage()
    inner["From"] = "eva@outra.com"
    inner.set_content(REQUEST)
    mail.add_attachment(inner)
    reading = read_message(mail.as_bytes())
    assert reading.newest == "Veja o anexo."
    assert reading.forwarded
    assert "Solicito" in reading.quoted
    assert Warning.NESTED_MESSAGE in reading.warnings


@pytest.mark.parametrize(
    ("content_type", "warning"),
    [
        ("application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m", Warning.ENCRYPTED),
        ("application/ms-tnef; name=winmail.dat", Warning.TNEF),
        ('multipart/encrypted; protocol="application/pgp-encrypted"; boundary=x', Warning.ENCRYPTED),
    ],
)
def test_what_cannot_be_read_is_said(content_type: str, warning: Warning) -> None:
    raw = f"From: a@b.com\nMIME-Version: 1.0\nContent-Type: {content_type}\n\nAAAA\n".encode()
    assert warning in read_message(raw).warnings


def test_empty_bytes_are_a_reading() -> None:
    reading = read_message(b"")
    assert {Warning.NO_FROM, Warning.NO_TEXT} <= set(reading.warnings)


def test_big_attachment_is_read_in_bounded_time() -> None:
    mail = EmailMessage()
    mail["From"] = "rita@acme.com.br"
    mail.set_content(REQUEST)
    mail.add_attachment(b"x" * 18_000_000, maintype="application", subtype="pdf", filename="contrato.pdf")
    raw = mail.as_bytes()
    assert len(raw) > 24_000_000
    start = time.process_time()
    reading = read_message(raw)
    assert time.process_time() - start < 10
    assert reading.newest.startswith("Solicito")
    assert reading.attachments[0].name == "contrato.pdf"


def test_original_reading_is_fast_enough_for_a_full_mailbox() -> None:
    raws = [message(f"{REQUEST}\n{n}") for n in range(200)]
    start = time.process_time()
    for raw in raws:
        read_message(raw)
    assert (time.process_time() - start) / len(raws) < 0.02
