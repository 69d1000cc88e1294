"""Letters of ours as text: what stands in the outbox, without its HTML."""

from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from typing import Any


def text_of_letter(raw: bytes) -> dict[str, Any]:
    """Subject, addressees, instant and plain text of a letter that we wrote."""
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    body = message.get_body(("plain",))
    return {
        "subject": str(message["Subject"]),
        "to": str(message["To"] or ""),
        "sent": parsedate_to_datetime(str(message["Date"])),
        "text": str(body.get_content()) if body is not None else "",
    }
