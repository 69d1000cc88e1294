"""A message as it lies on the wire, read without ever failing: any bytes give a reading (X8, X9, P11).

Headers and parts are found within bounds (`mime.py`); the standard `email` package decodes single values of
bounded length, and whatever it raises becomes a warning. What goes beyond a bound is not followed, and the
message then goes to a person. Reading is still work of seconds for a hostile message: who handles other things
beside it reads in a process of its own (`cancellation.confined`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from email import policy
from email.header import decode_header, make_header
from email.utils import getaddresses, parsedate_to_datetime
from typing import TypeVar

from cancellation.understanding.authres import MAX_VALUE
from cancellation.understanding.body import Body, clean, read_body
from cancellation.understanding.charsets import undo_double_encoding
from cancellation.understanding.damage import Damage, damage_in
from cancellation.understanding.mail import Attachment, Automatic, MailReading, Warning
from cancellation.understanding.mime import Problem, structure_of
from cancellation.understanding.reports import report_of

_T = TypeVar("_T")
_POLICY = policy.default

_MAX_ADDRESSES = 200

_ADDRESS = re.compile(r"[^\s<>\"(),:;@\\]{1,64}@[^\s<>\"(),:;@\\]{1,255}")
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,250}>")
_PGP = re.compile(r"^-----BEGIN PGP MESSAGE-----", re.MULTILINE)
_ONCE = ("date", "subject", "to", "cc", "sender", "reply-to", "message-id")
"""Headers that a message has once (RFC 5322): one more on top is not covered by the writer's signature."""
_ENCODED = re.compile(r"=\?[\w.*-]{2,40}\?[bq]\?", re.IGNORECASE)


def read_message(
    raw: bytes,
    *,
    envelope_recipients: Sequence[str] = (),
    delivered_at: datetime | None = None,
    known_letters: Sequence[str] = (),
) -> MailReading:
    """Read a message; never raises, whatever the bytes.

    Args:
        raw: The original, byte for byte.
        envelope_recipients: Addresses of RCPT TO, or the mailbox it was found in: where it really arrived.
        delivered_at: The receiving server's own clock (IMAP INTERNALDATE, the listener's), aware. Without it
            the topmost Received header counts; the Date header never does (P8).
        known_letters: Texts of letters that the sender got from us: their sentences are not the sender's.

    Returns:
        What is written in it. What cannot be read is said by `MailReading.warnings`, what is not sure by
        `MailReading.damage` and `MailReading.unread`.
    """
    return _Reader(raw, known_letters).reading(envelope_recipients, delivered_at)


class _Reader:
    def __init__(self, raw: bytes, known_letters: Sequence[str]) -> None:
        self._raw = raw
        self._warnings: dict[Warning, None] = {}
        structure = structure_of(raw)
        self._structure = structure
        self._headers = structure.root.headers
        self._guessed = structure.root.guessed
        self._kind = structure.root.kind
        if Problem.TOO_COMPLEX in structure.problems:
            self._warn(Warning.TOO_COMPLEX)
        self._body = self._safely(lambda: read_body(structure, known_letters), None) or Body(
            damage=[Damage.MIME]
        )
        if structure.problems - {Problem.TOO_COMPLEX}:
            self._warn(Warning.BROKEN_MIME)

    def reading(self, envelope_recipients: Sequence[str], delivered_at: datetime | None) -> MailReading:
        digest = hashlib.sha256(self._raw).hexdigest()
        body = self._body
        parted = body.newest
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
        subject = self._unstructured("subject")
        self._judge_body(parted.text)
        damage = self._damage(subject)
        from_a_server = self._return_path() == "" or _is_a_server(senders)
        report = self._safely(lambda: report_of(self._structure, from_a_server=from_a_server), None)
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
                    [*(a for _, a in delivered), *(clean(a).strip().lower() for a in envelope_recipients)]
                )
            ),
            subject=subject,
            date_header=self._instant(self._all("date")[:1]),
            received_at=delivered_at
            if delivered_at is not None
            else self._instant([r.rpartition(";")[2] for r in received[:1]]),
            in_reply_to=tuple(_MESSAGE_ID.findall(" ".join(self._all("in-reply-to"))))[:50],
            references=tuple(_MESSAGE_ID.findall(" ".join(self._all("references"))))[-50:],
            automatic=tuple(dict.fromkeys(self._automatic(senders))),
            list_id=self._list_id(),
            hops=len(received),
            newest=parted.text,
            signature=parted.signature,
            quoted=parted.quoted[:20_000] or body.nested,
            forwarded=parted.forwarded or bool(body.nested),
            attachments=tuple(
                Attachment(name=leaf.name or None, content_type=leaf.kind, size=leaf.size)
                for leaf in body.leaves
            ),
            warnings=tuple(self._warnings),
            trace=tuple(
                (n, v[: MAX_VALUE + 1])
                for n, v in self._headers
                if n in ("received", "authentication-results")
            ),
            alternative=body.other,
            damage=damage,
            unread=tuple(dict.fromkeys(body.unread)),
            report=report,
        )

    # --- headers ----------------------------------------------------------------------------------

    def _all(self, *names: str) -> list[str]:
        return [value for name, value in self._headers if name in names]

    def _unstructured(self, name: str) -> str:
        values = self._all(name)
        if not values:
            return ""
        flat = " ".join(values[0].split())[:4_000]
        decoded = self._safely(lambda: str(_POLICY.header_factory(name, flat)), None)
        return undo_double_encoding(clean(decoded if decoded is not None else flat))[:1_000]

    def _addresses(self, values: Sequence[str]) -> list[tuple[str, str]]:
        """Return (display name, address) pairs, addresses in lower case."""
        found: list[tuple[str, str]] = []
        for value in values[:50]:
            flat = " ".join(value.split())
            for name, address in self._pairs(flat):
                match = _ADDRESS.fullmatch(clean(address).strip())
                if match:
                    found.append((self._name(name), match.group().lower()))
            if not found:
                found.extend(("", clean(match.group()).lower()) for match in _ADDRESS.finditer(flat))
        return found[:_MAX_ADDRESSES]

    def _pairs(self, value: str) -> list[tuple[str, str]]:
        nothing: list[tuple[str, str]] = []
        return self._safely(lambda: getaddresses([value]), nothing)

    def _name(self, name: str) -> str:
        return self._safely(lambda: _decoded(name), clean(name)[:200])

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
        return clean(inside.group(1) if inside else values[0]).strip().lower()[:250] or None

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
        kind = self._kind
        if kind == "multipart/report" or self._all("x-failed-recipients") or kind.startswith("message/d"):
            yield Automatic.REPORT
        if self._return_path() == "":
            yield Automatic.NULL_RETURN_PATH
        if any(
            re.match(r"(?:mailer-daemon|postmaster|no-?reply|nao-?responda|donotreply)@", address)
            for _, address in senders
        ):
            yield Automatic.MAILER_DAEMON
        if kind == "text/calendar" or any(leaf.kind == "text/calendar" for leaf in self._body.leaves):
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

    def _judge_body(self, newest: str) -> None:
        body = self._body
        if body.encrypted or _PGP.search(body.plain):
            self._warn(Warning.ENCRYPTED)
        noted = (
            (body.tnef, Warning.TNEF),
            (body.has_message, Warning.NESTED_MESSAGE),
            (body.html_only, Warning.HTML_ONLY),
            (Damage.CHARSET in body.damage, Warning.UNKNOWN_CHARSET),
            (Damage.CUT in body.damage, Warning.TEXT_CUT),
            (Damage.COMPLEX in body.damage, Warning.TOO_COMPLEX),
            (not newest.strip(), Warning.NO_TEXT),
        )
        for found, warning in noted:
            if found:
                self._warn(warning)

    def _damage(self, subject: str) -> tuple[str, ...]:
        found = [*self._body.damage, *damage_in(f"{subject}\n{self._body.newest.text}")]
        # What is below the text is not the writer's: only that something was lost on the way matters there.
        found += [one for one in damage_in(self._body.newest.signature) if one is Damage.LOST]
        if "subject" in self._guessed or _ENCODED.search(subject):
            found.append(Damage.CHARSET)
        if any(len(self._all(name)) > 1 for name in _ONCE):
            self._warn(Warning.DUPLICATE_HEADER)
            found.append(Damage.MIME)
        return tuple(dict.fromkeys(str(one) for one in found))

    def _warn(self, warning: Warning) -> None:
        self._warnings[warning] = None

    def _safely(self, ask: Callable[[], _T], otherwise: _T) -> _T:
        """Ask the `email` package for something; whatever it raises becomes a warning."""
        try:
            return ask()
        except Exception:  # any: a message is never lost to a parser's fault
            self._warn(Warning.BROKEN_MIME)
            return otherwise


def _is_a_server(senders: Sequence[tuple[str, str]]) -> bool:
    return any(address.startswith(("mailer-daemon@", "postmaster@")) for _, address in senders)


def _decoded(name: str) -> str:
    return clean(str(make_header(decode_header(name[:1_000]))))[:200]
