"""A message as it lies on the wire, read without ever failing: any bytes give a reading (X8, X9, P11).

The standard `email` package does the work; everything it is known to raise on is asked for one header or
part at a time, and what cannot be read becomes a warning. Bounds keep the time in hand: very many parts,
deep nesting or huge headers are not followed, and the message then goes to a person.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import getaddresses, parsedate_to_datetime
from typing import TypeVar

from cancellation.understanding.authres import MAX_VALUE
from cancellation.understanding.html import text_of_html
from cancellation.understanding.mail import Attachment, Automatic, MailReading, Warning
from cancellation.understanding.newest import newest_text

_T = TypeVar("_T")
_POLICY = policy.default

_MAX_BOUNDARIES = 60
_MAX_PARTS = 300
_MAX_DEPTH = 20
_MAX_HEADERS = 1_000
_MAX_HEADER = 16_000
_MAX_ADDRESSES = 200
_MAX_TEXT = 200_000
_MAX_HEAD = 1_000_000

_ADDRESS = re.compile(r"[^\s<>\"(),:;@\\]{1,64}@[^\s<>\"(),:;@\\]{1,255}")
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,250}>")
_PGP = re.compile(r"^-----BEGIN PGP MESSAGE-----", re.MULTILINE)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def read_message(
    raw: bytes, *, envelope_recipients: Sequence[str] = (), delivered_at: datetime | None = None
) -> MailReading:
    """Read a message; never raises, whatever the bytes.

    Args:
        raw: The original, byte for byte.
        envelope_recipients: Addresses of RCPT TO, or the mailbox it was found in: where it really arrived.
        delivered_at: The receiving server's own clock (IMAP INTERNALDATE, the listener's), aware. Without it
            the
            topmost Received header counts; the Date header never does (P8).

    Returns:
        What is written in it. What cannot be read is said by `MailReading.warnings`.
    """
    return _Reader(raw).reading(envelope_recipients, delivered_at)


class _Reader:
    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._warnings: dict[Warning, None] = {}
        self._headers: list[tuple[str, str]] = []
        self._plain: list[str] = []
        self._html: list[str] = []
        self._nested: list[str] = []
        self._attachments: list[Attachment] = []
        self._message = self._parsed()
        items: list[tuple[str, str]] = self._safely(lambda: list(self._message.raw_items()), [])
        for name, value in items[:_MAX_HEADERS]:
            self._headers.append((str(name).lower(), _as_text(value)[:_MAX_HEADER]))

    def reading(self, envelope_recipients: Sequence[str], delivered_at: datetime | None) -> MailReading:
        digest = hashlib.sha256(self._raw).hexdigest()
        self._read_parts()
        body = self._body()
        parted = self._safely(lambda: newest_text(body), None)
        from_headers = self._all("from")
        senders = self._addresses(from_headers)
        written_id = _MESSAGE_ID.search(" ".join(self._all("message-id")[:1]))
        if written_id is None:
            self._warn(Warning.NO_MESSAGE_ID)
        received = self._all("received")
        addressed = self._addresses(self._all("to", "cc", "bcc", "resent-to", "resent-cc", "resent-bcc"))
        delivered = self._addresses(
            self._all(
                "delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-delivered-to", "x-rcpt-to"
            )
        )
        self._judge_sender(from_headers, senders)
        return MailReading(
            sha256=digest,
            size=len(self._raw),
            message_id=written_id.group() if written_id else f"<{digest}@sem-message-id.invalid>",
            from_addresses=tuple(dict.fromkeys(address for _, address in senders)),
            from_headers=len(from_headers),
            sender_name=senders[0][0] if senders else "",
            sender_header=next((address for _, address in self._addresses(self._all("sender"))), None),
            reply_to=tuple(dict.fromkeys(address for _, address in self._addresses(self._all("reply-to")))),
            original_from=next(
                (a for _, a in self._addresses(self._all("x-original-from", "x-original-sender"))), None
            ),
            return_path=self._return_path(),
            addressed=tuple(dict.fromkeys(address for _, address in addressed)),
            delivered=tuple(
                dict.fromkeys(
                    [*(a for _, a in delivered), *(_clean(a).strip().lower() for a in envelope_recipients)]
                )
            ),
            subject=self._unstructured("subject"),
            date_header=self._instant(self._all("date")[:1]),
            received_at=delivered_at
            if delivered_at is not None
            else self._instant([r.rpartition(";")[2] for r in received[:1]]),
            in_reply_to=tuple(_MESSAGE_ID.findall(" ".join(self._all("in-reply-to"))))[:50],
            references=tuple(_MESSAGE_ID.findall(" ".join(self._all("references"))))[-50:],
            automatic=tuple(dict.fromkeys(self._automatic(senders))),
            list_id=self._list_id(),
            hops=len(received),
            newest=parted.text if parted else "",
            signature=parted.signature if parted else "",
            quoted=(parted.quoted if parted else "")[:20_000] or "\n".join(self._nested)[:20_000],
            forwarded=bool(parted and parted.forwarded) or bool(self._nested),
            attachments=tuple(self._attachments),
            warnings=tuple(self._final_warnings(parted.text if parted else "")),
            trace=tuple(
                (n, v[: MAX_VALUE + 1])
                for n, v in self._headers
                if n in ("received", "authentication-results")
            ),
        )

    # --- headers ----------------------------------------------------------------------------------

    def _parsed(self) -> Message:
        if (
            self._raw.count(b"boundary") > _MAX_BOUNDARIES
            or self._raw.count(b"message/rfc822") > _MAX_BOUNDARIES
        ):
            self._warn(Warning.TOO_COMPLEX)
        else:
            message = self._safely(lambda: message_from_bytes(self._raw, policy=_POLICY), None)
            if message is not None:
                return message
        head = self._raw[:_MAX_HEAD]
        empty = message_from_bytes(b"", policy=_POLICY)
        return self._safely(lambda: BytesHeaderParser(policy=_POLICY).parsebytes(head), empty)

    def _all(self, *names: str) -> list[str]:
        return [value for name, value in self._headers if name in names]

    def _unstructured(self, name: str) -> str:
        values = self._all(name)
        if len(values) > 1:
            self._warn(Warning.DUPLICATE_HEADER)
        if not values:
            return ""
        flat = " ".join(values[0].split())[:4_000]
        decoded = self._safely(lambda: str(_POLICY.header_factory(name, flat)), None)
        return _clean(decoded if decoded is not None else flat)[:1_000]

    def _addresses(self, values: Sequence[str]) -> list[tuple[str, str]]:
        """Return (display name, address) pairs, addresses in lower case."""
        found: list[tuple[str, str]] = []
        for value in values[:50]:
            flat = " ".join(value.split())
            for name, address in self._pairs(flat):
                match = _ADDRESS.fullmatch(_clean(address).strip())
                if match:
                    found.append((self._name(name), match.group().lower()))
            if not found:
                found.extend(("", _clean(match.group()).lower()) for match in _ADDRESS.finditer(flat))
        return found[:_MAX_ADDRESSES]

    def _pairs(self, value: str) -> list[tuple[str, str]]:
        nothing: list[tuple[str, str]] = []
        return self._safely(lambda: getaddresses([value]), nothing)

    def _name(self, name: str) -> str:
        return self._safely(lambda: _decoded(name), _clean(name)[:200])

    def _return_path(self) -> str | None:
        values = self._all("return-path")
        if not values:
            return None
        match = _ADDRESS.search(values[0])
        return match.group().lower() if match else ""

    def _instant(self, values: Sequence[str]) -> datetime | None:
        if not values:
            return None
        instant = self._safely(lambda: parsedate_to_datetime(" ".join(values[0].split())[:200]), None)
        if instant is None:
            return None
        aware = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
        return self._safely(lambda: aware.astimezone(UTC), None)

    def _list_id(self) -> str | None:
        values = self._all("list-id")
        if not values:
            return None
        inside = re.search(r"<([^<>]{1,250})>", values[0])
        return _clean(inside.group(1) if inside else values[0]).strip().lower()[:250] or None

    def _automatic(self, senders: Sequence[tuple[str, str]]) -> Iterator[Automatic]:
        submitted = " ".join(self._all("auto-submitted")).strip().lower()
        if submitted and not submitted.startswith("no"):
            yield Automatic.AUTO_SUBMITTED
        precedence = " ".join(self._all("precedence")).strip().lower()
        if "auto" in precedence:
            yield Automatic.AUTO_REPLY
        if re.search(r"\b(?:bulk|junk)\b", precedence):
            yield Automatic.BULK
        if self._all(
            "x-autoreply",
            "x-autorespond",
            "x-autoresponder",
            "x-auto-reply-from",
            "x-autogenerated",
            "x-auto-response-id",
        ):
            yield Automatic.AUTO_REPLY
        if self._all("list-id", "list-post", "list-unsubscribe", "feedback-id") or "list" in precedence:
            yield Automatic.LIST
        kind = self._kind(self._message)
        if kind == "multipart/report" or self._all("x-failed-recipients") or kind.startswith("message/d"):
            yield Automatic.REPORT
        if self._return_path() == "":
            yield Automatic.NULL_RETURN_PATH
        if any(
            re.match(r"(?:mailer-daemon|postmaster|no-?reply|nao-?responda|donotreply)@", address)
            for _, address in senders
        ):
            yield Automatic.MAILER_DAEMON
        if kind == "text/calendar" or any(part.content_type == "text/calendar" for part in self._attachments):
            yield Automatic.CALENDAR

    def _judge_sender(self, from_headers: Sequence[str], senders: Sequence[tuple[str, str]]) -> None:
        distinct = {address for _, address in senders}
        if not distinct:
            self._warn(Warning.NO_FROM)
        if len(from_headers) > 1 or len(distinct) > 1:
            self._warn(Warning.SEVERAL_FROM)
        named = {a.lower() for name, _ in senders for a in _ADDRESS.findall(name)}
        if named - distinct:
            self._warn(Warning.ADDRESS_IN_NAME)
        if any(not address.isascii() or "xn--" in address for address in distinct):
            self._warn(Warning.FOREIGN_LETTERS)
        for header, warning in (("sender", Warning.SENDER_DIFFERS), ("reply-to", Warning.REPLY_TO_DIFFERS)):
            others = {address for _, address in self._addresses(self._all(header))}
            if others and not others & distinct:
                self._warn(warning)

    # --- parts ------------------------------------------------------------------------------------

    def _read_parts(self) -> None:
        if Warning.TOO_COMPLEX in self._warnings:
            return
        todo: list[tuple[Message, int, bool]] = [(self._message, 0, False)]
        seen = 0
        while todo:
            part, depth, inside = todo.pop()
            seen += 1
            if seen > _MAX_PARTS or depth > _MAX_DEPTH:
                self._warn(Warning.TOO_COMPLEX)
                return
            if part.defects:
                self._warn(Warning.BROKEN_MIME)
            payload = self._payload(part)
            kind = self._kind(part)
            self._note_encryption(part, kind)
            if isinstance(payload, list):
                inside = inside or kind == "message/rfc822"
                if kind == "message/rfc822":
                    self._warn(Warning.NESTED_MESSAGE)
                todo.extend(
                    (child, depth + 1, inside) for child in reversed(payload) if isinstance(child, Message)
                )
            else:
                self._read_leaf(part, kind, inside)

    def _payload(self, part: Message) -> object:
        return self._safely(lambda: part.get_payload(), None)

    def _kind(self, part: Message) -> str:
        return self._safely(lambda: str(part.get_content_type()), "text/plain")

    def _note_encryption(self, part: Message, kind: str) -> None:
        opaque = kind in ("application/pkcs7-mime", "application/x-pkcs7-mime")
        if kind in ("multipart/encrypted", "application/pgp-encrypted") or opaque:
            self._warn(Warning.ENCRYPTED)
        name = self._safely(lambda: part.get_filename(), None)
        if (
            kind in ("application/ms-tnef", "application/vnd.ms-tnef")
            or str(name or "").lower() == "winmail.dat"
        ):
            self._warn(Warning.TNEF)

    def _read_leaf(self, part: Message, kind: str, inside: bool) -> None:
        attached = self._safely(lambda: part.get_content_disposition(), None) == "attachment"
        if attached or kind not in ("text/plain", "text/html", "text/enriched", "text/richtext"):
            self._attach(part, kind)
            return
        text = self._text(part)
        if inside:
            self._nested.append((text_of_html(text) if kind == "text/html" else text)[:20_000])
        elif kind == "text/html":
            self._html.append(text)
        else:
            self._plain.append(text)

    def _attach(self, part: Message, kind: str) -> None:
        name = self._safely(lambda: part.get_filename(), None)
        payload = self._payload(part)
        if len(self._attachments) < 100:
            clean = _clean(str(name))[:200] if name else None
            self._attachments.append(
                Attachment(
                    name=clean,
                    content_type=_clean(kind)[:100],
                    size=len(payload) if isinstance(payload, str) else 0,
                )
            )

    def _text(self, part: Message) -> str:
        data = self._safely(lambda: part.get_payload(decode=True), None)
        if not isinstance(data, bytes):
            data = _as_bytes(self._payload(part))
        if len(data) > _MAX_TEXT * 4:
            self._warn(Warning.TEXT_CUT)
            data = data[: _MAX_TEXT * 4]
        charset = self._safely(lambda: part.get_content_charset(), None)
        return _clean(self._decoded_bytes(data, charset))[: _MAX_TEXT * 2]

    def _decoded_bytes(self, data: bytes, charset: str | None) -> str:
        for name in (charset, "utf-8", "cp1252"):
            if not name or (name in ("us-ascii", "ascii") and not data.isascii()):
                continue
            try:
                return data.decode("cp1252" if name in ("iso-8859-1", "latin-1", "latin1") else name)
            except LookupError:
                self._warn(Warning.UNKNOWN_CHARSET)
            except (UnicodeError, ValueError, TypeError, AssertionError):
                continue
        return data.decode("utf-8", "replace")

    def _body(self) -> str:
        plain = "\n".join(self._plain)
        if len(plain.strip()) >= 3 or not self._html:
            return plain
        self._warn(Warning.HTML_ONLY)
        return "\n".join(text_of_html(html) for html in self._html[:10])

    def _final_warnings(self, newest: str) -> list[Warning]:
        if _PGP.search("\n".join(self._plain)):
            self._warn(Warning.ENCRYPTED)
        if not newest.strip():
            self._warn(Warning.NO_TEXT)
        return list(self._warnings)

    def _warn(self, warning: Warning) -> None:
        self._warnings[warning] = None

    def _safely(self, ask: Callable[[], _T], otherwise: _T) -> _T:
        """Ask the `email` package for something; whatever it raises becomes a warning."""
        try:
            return ask()
        except (MessageError, Exception):  # any: a message is never lost to a parser's fault
            self._warn(Warning.BROKEN_MIME)
            return otherwise


def _decoded(name: str) -> str:
    return _clean(str(make_header(decode_header(name[:1_000]))))[:200]


def _as_text(value: object) -> str:
    """Bring a raw header to text: bytes that are not ASCII are taken for UTF-8, else for Windows-1252."""
    text = str(value)
    if text.isascii():
        return text
    data = text.encode("utf-8", "surrogateescape")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _as_bytes(value: object) -> bytes:
    return value.encode("utf-8", "surrogateescape") if isinstance(value, str) else b""


def _clean(text: str) -> str:
    """Leave out what no text may hold: control characters and halves of surrogate pairs."""
    return _CONTROL.sub("", text.encode("utf-8", "replace").decode("utf-8"))
