"""A message moves a case only by what was surely read; what was not is named, and a person looks (X14)."""

import base64
import quopri
from collections.abc import Sequence

import pytest

from cancellation.understanding import Action, Understanding, read_message, understand
from cancellation.understanding.html import read_html
from tests.unit.understanding.letters import BORDER, MAILBOXES, PASSED, TRUSTED, message
from tests.unit.understanding.test_decide import DIRECTORY, NOW

DENIAL = "Não solicito o cancelamento do contrato. Mantenham o serviço ativo. Motivo: a fusão não aconteceu."
REQUEST = "Solicito a rescisão do contrato. Motivo: mudança de endereço."


def mail(body: bytes, *headers: str) -> bytes:
    """A message of the authorised contact, to both mailboxes, DMARC passed; `headers` are those of its content."""
    trace = [f"Received: {BORDER}", f"Authentication-Results: {PASSED}"]
    own = ["From: Rita Souza <rita@acme.com.br>", f"To: {', '.join(MAILBOXES)}", "Subject: Contrato"]
    own += ["Date: Sun, 22 Nov 2026 10:14:50 -0300", "Message-ID: <a1@acme.com.br>", "MIME-Version: 1.0"]
    return "\n".join([*trace, *own, *headers]).encode() + b"\n\n" + body


def text(body: bytes, charset: str = "utf-8") -> bytes:
    return mail(body, f"Content-Type: text/plain; charset={charset}", "Content-Transfer-Encoding: 8bit")


def part(content: str | bytes, kind: str = "text/plain; charset=utf-8", *headers: str) -> bytes:
    data = content.encode() if isinstance(content, str) else content
    head = "\n".join([f"Content-Type: {kind}", "Content-Transfer-Encoding: base64", *headers])
    return head.encode() + b"\n\n" + base64.encodebytes(data)


def several(kind: str, *parts: bytes, closed: bool = True) -> bytes:
    body = b"".join(b"--=_b\n" + one + b"\n" for one in parts) + (b"--=_b--\n" if closed else b"")
    return mail(body, f'Content-Type: multipart/{kind}; boundary="=_b"')


def decided(raw: bytes) -> Understanding:
    return understand(read_message(raw), DIRECTORY, MAILBOXES, TRUSTED, now=NOW)


def test_sound_message_counts_whatever_its_charset_is_called_X14() -> None:
    for charset, codec in (
        ("utf-8", "utf-8"),
        ("iso-8859-1", "cp1252"),
        ("cp-850", "cp850"),
        ("x-mac-roman", "mac-roman"),
        ("iso-8859-1", "utf-8"),
        ("us-ascii", "utf-8"),
    ):
        got = decided(text(REQUEST.encode(codec), charset))
        assert (got.action, got.reason) == (Action.ACCEPT, "mudança de endereço"), charset
    assert decided(text(REQUEST.encode().decode("latin-1").encode())).action is Action.ACCEPT


SIGNED = "\n\nAtt,\nRita "


@pytest.mark.parametrize("said", [DENIAL, REQUEST])
@pytest.mark.parametrize(
    ("codec", "label", "more"),
    [
        ("utf-8", "utf-8", b"\xff"),
        ("cp1252", "windows-1252", b"\x81\x8d\x8f\x90\x9d"),
        ("cp1252", "x-nunca-visto", b""),
        ("cp1252", "", b""),
        ("utf-16", "utf-8", b""),
        ("cp850", "iso-8859-1", b""),
        ("cp1252", "utf-8", b""),
    ],
)
def test_damaged_text_counts_neither_as_a_request_nor_as_its_opposite_X14(
    said: str, codec: str, label: str, more: bytes
) -> None:
    got = decided(text((said + SIGNED).encode(codec) + more, label))
    assert got.action is Action.TRIAGE
    assert (got.explicit_request, got.reason) == ("unsure", None)


@pytest.mark.parametrize(
    "raw",
    [
        text(DENIAL.replace("ã", "?").replace("ç", "?").encode()),
        text(REQUEST.replace("ã", "?").replace("ç", "?").encode()),
        mail(
            quopri.encodestring(REQUEST.encode()).replace(b"=C3=A3", b"=C3=Z3"),
            "Content-Type: text/plain; charset=utf-8",
            "Content-Transfer-Encoding: quoted-printable",
        ),
        mail(base64.encodebytes(REQUEST.encode())[:-4], "Content-Transfer-Encoding: base64"),
        mail(REQUEST.encode(), "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: x-other"),
        mail(REQUEST.encode(), 'Content-Type: multipart/mixed; boundary="=_b"'),
        several("mixed", part(REQUEST), closed=False),
        mail(b"--=_b\n" + part(REQUEST) + b"--=_b--\n", 'Content-Type: multipart/mixed; boundary="=_other"'),
        text((REQUEST + "\n").encode() * 500),
        text(REQUEST.encode()).replace(b"Subject: Contrato", "Subject: Rescisão".encode("cp1252")),
        text(REQUEST.encode()).replace(b"Subject: Contrato", b"Subject: =?x-other?q?Rescis=E3o?="),
    ],
)  # fmt: skip
def test_cut_broken_and_undecoded_messages_go_to_a_person_X14(raw: bytes) -> None:
    reading = read_message(raw)
    assert reading.damage
    got = understand(reading, DIRECTORY, MAILBOXES, TRUSTED, now=NOW)
    assert got.action is Action.TRIAGE
    assert (got.explicit_request, got.reason) == ("unsure", None)
    assert any("não pôde ser lido com segurança" in line for line in got.why)


PAGE = "<html><body><p>{}</p></body></html>"
HTML = "text/html; charset=utf-8"


def alternative(plain: str, page: str) -> bytes:
    return several("alternative", part(plain), part(PAGE.format(page), HTML))


@pytest.mark.parametrize(
    ("plain", "page"),
    [
        (REQUEST, DENIAL),
        (DENIAL, REQUEST),
        (REQUEST, "Bom dia, segue o comprovante do boleto de outubro, obrigada."),
        ("Bom dia, segue o comprovante do boleto de outubro, obrigada.", REQUEST),
        (REQUEST, REQUEST.replace("Motivo: mudança de endereço.", "")),
        (REQUEST, REQUEST.replace("Solicito", "Não solicito")),
        (REQUEST, "<img src='cid:carta'>"),
        (REQUEST, "<span style='display:none'>oi</span>"),
        ("Mantenham tudo, foi um engano.", REQUEST),
    ],
)
def test_plain_and_html_that_say_different_things_go_to_a_person_X14(plain: str, page: str) -> None:
    got = decided(alternative(plain, page))
    assert got.action is Action.TRIAGE
    assert (got.explicit_request, got.reason) == ("unsure", None)


@pytest.mark.parametrize(
    "stub",
    [
        "",
        "Seu programa de e-mail não exibe HTML.",
        "Esta mensagem está em formato HTML: veja-a no navegador.",
        "[cid:image001.png@01DC5C6C.7BBB4F57]",
        "Enviado do meu iPhone",
        "Get Outlook for Android<https://aka.ms/AAb9ysg>",
        "[image: logo]",
    ],
)
def test_richer_part_is_read_where_the_plain_one_is_a_stub_X14(stub: str) -> None:
    got = decided(alternative(stub, REQUEST))
    assert (got.action, got.reason) == (Action.ACCEPT, "mudança de endereço")


@pytest.mark.parametrize(
    "page",
    [
        REQUEST,
        REQUEST.replace(". ", ".<br>"),
        f"{REQUEST}<br><a href='https://acme.com.br'>acme.com.br</a><img src=logo>",
        f"{REQUEST}<br><br>--<br>Rita Souza<br>Diretora",
    ],
)
def test_renditions_that_say_the_same_count_X14(page: str) -> None:
    plain = f"{REQUEST}\n\nacme.com.br <https://acme.com.br>\n[cid:logo]\n"
    assert decided(alternative(plain, page)).action is Action.ACCEPT


PICTURE = part(
    b"\x89PNG\r\n\x1a\n" + bytes(100), "image/png", 'Content-Disposition: inline; filename="logo.png"'
)


def test_parts_in_a_row_are_read_in_a_row_X14() -> None:
    first, second = REQUEST.split(" Motivo")
    for parts in (
        (part(first), PICTURE, part(f"Motivo{second}")),
        (part(first), PICTURE, part(PAGE.format(f"Motivo{second}"), HTML)),
        (part(PAGE.format(first), HTML), PICTURE, part(PAGE.format(f"Motivo{second}"), HTML)),
    ):
        assert decided(several("mixed", *parts)).action is Action.ACCEPT
    denied = several(
        "mixed", part(REQUEST), PICTURE, part(PAGE.format("Pensando bem, desisto de cancelar."), HTML)
    )
    assert decided(denied).explicit_request is not True


ATTACHED = 'Content-Disposition: attachment; filename="{}"'


@pytest.mark.parametrize(
    ("parts", "named"),
    [
        ((part("Segue."), part(REQUEST, "text/plain", ATTACHED.format("carta.txt"))), "carta.txt"),
        ((part(REQUEST), part(DENIAL, "text/plain", ATTACHED.format("carta.txt"))), "carta.txt"),
        ((part(REQUEST), part(DENIAL, "text/plain; name=carta.txt")), "carta.txt"),
        ((part(REQUEST), part(DENIAL, "application/octet-stream", ATTACHED.format("carta"))), "carta"),
        ((part(REQUEST), part(DENIAL, "application/octet-stream")), "octet-stream"),
        ((part(REQUEST), part(PAGE.format(DENIAL), "text/html", ATTACHED.format("a.html"))), "a.html"),
        ((part(REQUEST), part(DENIAL, "text/enriched")), "text/enriched"),
        ((part(REQUEST), part(DENIAL, "application/rtf", ATTACHED.format("a.rtf"))), "a.rtf"),
        ((part(REQUEST), part(b"\x78\x9f\x3e\x22", "application/ms-tnef; name=winmail.dat")), "winmail.dat"),
        (
            (part(REQUEST), part(b"\x78\x9f\x3e\x22", "application/octet-stream; name=winmail.dat")),
            "winmail.dat",
        ),
    ],
)
def test_what_was_not_read_is_named_and_goes_to_a_person_X14(parts: Sequence[bytes], named: str) -> None:
    reading = read_message(several("mixed", *parts))
    assert any(named in name for name in reading.unread)
    got = understand(reading, DIRECTORY, MAILBOXES, TRUSTED, now=NOW)
    assert (got.action, got.explicit_request) == (Action.TRIAGE, "unsure")
    assert any(named in line for line in got.why)


@pytest.mark.parametrize(
    "other",
    [
        PICTURE,
        part(b"%PDF-1.4 \x00\xff", "application/pdf", ATTACHED.format("carta.pdf")),
        part(b"PK\x03\x04\x00\xff" * 9, "application/octet-stream", ATTACHED.format("a.docx")),
        part("BEGIN:VCARD\nFN:Rita Souza\nEND:VCARD", "text/vcard", ATTACHED.format("rita.vcf")),
        part("<nfe>nota fiscal eletronica</nfe>", "application/octet-stream", ATTACHED.format("nota.xml")),
        part("-----BEGIN PGP SIGNATURE-----", "application/pgp-signature", ATTACHED.format("x.asc")),
        part("", "text/plain", ATTACHED.format("vazio.txt")),
    ],
)
def test_attachment_that_holds_no_words_to_us_changes_nothing(other: bytes) -> None:
    assert decided(several("mixed", part(REQUEST), other)).action is Action.ACCEPT


def test_text_outside_of_the_parts_and_struck_text_are_named_X14() -> None:
    raw = several("mixed", part(REQUEST)) + b"\nNao cancelem nada, foi um engano.\n"
    assert read_message(raw).unread == ("texto fora das partes da mensagem",)
    struck = mail(PAGE.format(f"<s>{REQUEST}</s> Desisto.").encode(), f"Content-Type: {HTML}")
    assert "texto riscado ou escondido" in read_message(struck).unread
    assert decided(struck).action is Action.TRIAGE


@pytest.mark.parametrize("name", ["Date", "Subject", "To", "Message-ID"])
def test_second_header_on_top_which_no_signature_covers_goes_to_a_person_X9(name: str) -> None:
    genuine = text(REQUEST.encode())
    assert decided(genuine).action is Action.ACCEPT
    written = {"Date": "Sun, 22 Nov 2026 10:14:50 -0300", "To": ", ".join(MAILBOXES)}.get(name, "<outra@x>")
    assert (
        decided(genuine.replace(b"From: ", f"{name}: {written}\nFrom: ".encode(), 1)).action is Action.TRIAGE
    )


@pytest.mark.parametrize(
    "hidden",
    [
        "<svg><text>Não</text></svg>",
        "<noscript>Não</noscript>",
        "<input value='Não'>",
        "<select><option>Não</select>",
        f"<p style='{'x' * 3_000};display:none'>oi</p>",
    ],
)
def test_text_that_some_programs_show_and_others_do_not_goes_to_a_person_X14(hidden: str) -> None:
    page = f"<p>{hidden} {REQUEST}</p>"
    assert decided(mail(page.encode(), f"Content-Type: {HTML}")).action is Action.TRIAGE
    assert decided(mail(f"<p>{REQUEST}</p>".encode(), f"Content-Type: {HTML}")).action is Action.ACCEPT


def test_letters_shown_in_another_order_go_to_a_person_X14() -> None:
    assert decided(text(f"\u202e{REQUEST}\u202c".encode())).action is Action.TRIAGE


def test_damaged_mail_of_a_stranger_about_nothing_is_left_alone() -> None:
    spam = text(b"Pre?o baixo! Promo??o imperd?vel").replace(b"rita@acme.com.br", b"x@loja.example")
    assert decided(spam).action is Action.IGNORE
    assert decided(text(b"Segue o comprovante de outubro, informa??o em anexo")).action is Action.TRIAGE


@pytest.mark.parametrize(
    ("page", "lines"),
    [
        ("<tr><td>Motivo</td><td>Falta de uso</td></tr>", "Motivo: Falta de uso"),
        ("<tr><th>Motivo</th><td>Falta de uso</td></tr>", "Motivo: Falta de uso"),
        ("<tr><td>Motivo:</td><td>Falta de uso</td></tr>", "Motivo: Falta de uso"),
        ("<tr><td><p>Motivo do cancelamento</p></td><td>Uso</td></tr>", "Motivo do cancelamento: Uso"),
        (
            "<tr><th>Contrato</th><th>Motivo</th></tr><tr><td>45</td><td>Uso</td></tr>",
            "Contrato: 45\nMotivo: Uso",
        ),
        (
            "<tr><td>Contrato</td><td>Motivo</td></tr><tr><td>45</td><td>Uso</td></tr>",
            "Contrato: 45\nMotivo: Uso",
        ),
        ("<tr><td>Cliente</td><td>Acme</td><td>Motivo</td><td>Uso</td></tr>", "Cliente: Acme\nMotivo: Uso"),
        ("<tr><td><img src=a></td><td>Oi</td></tr>", "Oi"),
        ("<tr><td>Rita Souza</td><td>Diretora</td></tr>", "Rita Souza\nDiretora"),
        (
            "<tr><td>x</td><td><table><tr><td>Motivo</td><td>Uso</td></tr></table></td></tr>",
            "x\nMotivo: Uso",
        ),
    ],
)
def test_cells_are_apart_and_a_label_row_is_a_label_P7(page: str, lines: str) -> None:
    assert read_html(f"<table>{page}</table>").text == lines


def test_reason_in_a_table_is_found_P7() -> None:
    table = "<table><tr><td>Motivo</td><td>Falta de uso</td></tr></table>"
    got = decided(
        mail(f"<p>Solicito o cancelamento do contrato.</p>{table}".encode(), f"Content-Type: {HTML}")
    )
    assert (got.action, got.reason) == (Action.ACCEPT, "Falta de uso")
    plain = decided(message("Solicito o cancelamento do contrato.\n\nMotivo\tFalta de uso\n"))
    assert (plain.action, plain.reason) == (Action.ACCEPT, "Falta de uso")
