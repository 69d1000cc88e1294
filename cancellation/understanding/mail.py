"""What is written in a message: the values a reading gives. How they are read is in `reader.py`."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from cancellation.understanding.models import DeliveryReport, Frozen


class Warning(StrEnum):
    """What is odd about a message."""

    NO_FROM = "no_from"
    SEVERAL_FROM = "several_from"
    SENDER_DIFFERS = "sender_differs"
    REPLY_TO_DIFFERS = "reply_to_differs"
    ADDRESS_IN_NAME = "address_in_name"
    FOREIGN_LETTERS = "foreign_letters"
    DUPLICATE_HEADER = "duplicate_header"
    NO_MESSAGE_ID = "no_message_id"
    BROKEN_MIME = "broken_mime"
    UNKNOWN_CHARSET = "unknown_charset"
    TOO_COMPLEX = "too_complex"
    ENCRYPTED = "encrypted"
    TNEF = "tnef"
    NESTED_MESSAGE = "nested_message"
    HTML_ONLY = "html_only"
    TEXT_CUT = "text_cut"
    NO_TEXT = "no_text"


class Automatic(StrEnum):
    """Why a message is taken for automatic mail, which is never answered."""

    AUTO_SUBMITTED = "auto_submitted"
    AUTO_REPLY = "auto_reply"
    BULK = "bulk"
    LIST = "list"
    REPORT = "report"
    NULL_RETURN_PATH = "null_return_path"
    MAILER_DAEMON = "mailer_daemon"
    CALENDAR = "calendar"


class Attachment(Frozen):
    """A part that is not read. Its size is that of the encoded form, in bytes."""

    name: str | None
    content_type: str
    size: int


class MailReading(Frozen):
    """What is written in a message. Nothing here is judged yet.

    Attributes:
        sha256: Of the original bytes, in hex (P11).
        size: Of the original, in bytes.
        message_id: As written, with angle brackets; made from the hash when there is none.
        from_addresses: Every address in every From header, lower case.
        from_headers: How many From headers there are.
        sender_name: The display name in From.
        sender_header: The address in Sender.
        reply_to: Addresses in Reply-To.
        original_from: The address in X-Original-From, written by group services that rewrite From.
        return_path: The envelope sender when the server kept it; "" for the null one, None when unknown.
        addressed: Addresses in To, Cc, Bcc and their Resent forms, lower case.
        delivered: Addresses the message was really delivered to: Delivered-To and the like, and the given
            envelope.
        subject: Decoded.
        date_header: The Date header; it never counts for anything (P8).
        received_at: The instant of receipt given by the caller, else that of the topmost Received; aware,
            None unknown.
        in_reply_to: Message-IDs in In-Reply-To.
        references: Message-IDs in References.
        automatic: Signs of automatic mail.
        list_id: The list that passed it on, without brackets.
        hops: Number of Received headers.
        newest: The newest text.
        signature: What stands below it; only clues to the customer are taken from there.
        quoted: Earlier text, at most as much as was looked at.
        forwarded: Whether the earlier text is a forward.
        attachments: Parts that were not read.
        warnings: What is odd.
        trace: Received and Authentication-Results from the top, for the verdict.
        alternative: The newest text of the other rendition (plain or HTML), where its words are not the same.
        damage: What is wrong with the text, in Portuguese (`Damage`): what was read then never counts (X14).
        unread: What may hold words of the writer's and was not read, in Portuguese (X14).
        report: What a mail server reports of another message (X16).
    """

    sha256: str
    size: int
    message_id: str
    from_addresses: tuple[str, ...] = ()
    from_headers: int = 0
    sender_name: str = ""
    sender_header: str | None = None
    reply_to: tuple[str, ...] = ()
    original_from: str | None = None
    return_path: str | None = None
    addressed: tuple[str, ...] = ()
    delivered: tuple[str, ...] = ()
    subject: str = ""
    date_header: datetime | None = None
    received_at: datetime | None = None
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    automatic: tuple[Automatic, ...] = ()
    list_id: str | None = None
    hops: int = 0
    newest: str = ""
    signature: str = ""
    quoted: str = ""
    forwarded: bool = False
    attachments: tuple[Attachment, ...] = ()
    warnings: tuple[Warning, ...] = ()
    trace: tuple[tuple[str, str], ...] = ()
    alternative: str = ""
    damage: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    report: DeliveryReport | None = None

    @property
    def sender(self) -> str | None:
        """The one address in From, None when there is none or more than one."""
        return self.from_addresses[0] if len(self.from_addresses) == 1 else None

    @property
    def recipients(self) -> tuple[str, ...]:
        """Every address it was addressed or really delivered to."""
        return tuple(dict.fromkeys((*self.addressed, *self.delivered)))
