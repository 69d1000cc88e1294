"""Messages for the tests, made as mail programs make them."""

from email.message import EmailMessage

MAILBOXES = ("financeiro@nuvemjti.com.br", "comercial@nuvemjti.com.br")
TRUSTED = ("mx.nuvemjti.com.br",)
REQUEST = "Solicito o cancelamento do contrato.\nMotivo: preço alto.\n\nAtt,\nRita"
BORDER = (
    "from mail.acme.com.br (mail.acme.com.br [203.0.113.5]) by mx.nuvemjti.com.br (Postfix) with "
    "ESMTPS id 4X1;"
    " Sun, 22 Nov 2026 10:15:00 -0300"
)
PASSED = "mx.nuvemjti.com.br; dmarc=pass (p=none) header.from=acme.com.br; dkim=pass header.d=acme.com.br"


def message(
    body: str = REQUEST,
    *,
    sender: str = "Rita Souza <rita@acme.com.br>",
    to: str = ", ".join(MAILBOXES),
    subject: str = "Cancelamento",
    results: str | None = PASSED,
    extra: tuple[tuple[str, str], ...] = (),
    top: tuple[tuple[str, str], ...] = (),
) -> bytes:
    """Return one message as it lies in the mailbox, trace headers on top."""
    mail = EmailMessage()
    mail["From"] = sender
    if to:
        mail["To"] = to
    mail["Subject"] = subject
    mail["Message-ID"] = "<a1@acme.com.br>"
    mail["Date"] = "Sun, 22 Nov 2026 10:14:50 -0300"
    for name, value in extra:
        mail[name] = value
    mail.set_content(body)
    trace = [*top, ("Received", BORDER), *([("Authentication-Results", results)] if results else [])]
    return "".join(f"{name}: {value}\n" for name, value in trace).encode() + mail.as_bytes()
