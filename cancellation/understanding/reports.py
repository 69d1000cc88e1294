"""Delivery reports: which letter came back, for good or not, and what the server says of it (X16, RFC 3464).

A report in the standard's form says so by its type. Other servers send plain text, with the headers of the letter
quoted below it: that counts only where the message comes from a mail server, which has no envelope sender.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from email.header import decode_header, make_header

from cancellation.understanding.mime import Part, Structure
from cancellation.understanding.models import DeliveryReport

_MOST_BYTES = 64_000
_MOST_IDS = 20
_LONGEST_WORDS = 300

_ID = re.compile(r"^[ \t>|]*message-id[ \t]*:\s*(<[^<>\s]{1,250}>)", re.IGNORECASE | re.MULTILINE)
_SUBJECT = re.compile(r"^[ \t>|]*subject[ \t]*:[ \t]*(.+(?:\n[ \t].*)*)", re.IGNORECASE | re.MULTILINE)
_FIELD = re.compile(r"^([A-Za-z-]+)[ \t]*:[ \t]*(.*(?:\n[ \t].*)*)", re.MULTILINE)
_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_BASIC_STATUS = re.compile(r"(?<![\d.])(5[0-5]\d)(?=[ -])")
_FAILED = re.compile(
    r"undeliver|could not be delivered|couldn.t be delivered|delivery (?:has |to the following \w+ )?failed"
    r"|failed permanently|permanent (?:fatal )?error|returned to sender"
    r"|n[ãa]o (?:p[ôo]de ser|foi) entregue|falha (?:permanente )?na entrega|n[ãa]o foi poss[ií]vel entregar",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"<?[^\s<>@]+@[^\s<>@]+>?")


def report_of(structure: Structure, *, from_a_server: bool) -> DeliveryReport | None:
    """The delivery report that a message is, or None.

    Args:
        structure: The message taken apart.
        from_a_server: Whether the message has no envelope sender, or says by its sender that a server wrote it.
    """
    parts = list(structure.root.walk())
    letters = tuple(dict.fromkeys(_ids(parts)))[:_MOST_IDS]
    subject = _subject(parts)
    if not letters and not subject:
        return None
    if structure.root.kind == "multipart/report":
        status = next((part for part in parts if part.kind in _STATUS_KINDS), None)
        if status is not None:
            return _standard(_text(status), letters, subject)
    text = next((_text(part) for part in parts if part.kind.startswith("text/") and not part.inside), "")
    if from_a_server and _FAILED.search(text):
        found = _STATUS.search(text) or _BASIC_STATUS.search(text)
        failed = found is None or found.group(1).startswith("5")
        words = _told(found.group(1) if found else "", "")
        return DeliveryReport(letters=letters, failed=failed, words=words, subject=subject)
    return None


_STATUS_KINDS = ("message/delivery-status", "message/global-delivery-status")


def _standard(text: str, letters: tuple[str, ...], subject: str) -> DeliveryReport:
    """Of several recipients the first that failed counts, else the first."""
    groups = [
        {name.lower(): " ".join(value.split()) for name, value in _FIELD.findall(block)}
        for block in re.split(r"\n[ \t]*\n", text)
    ]
    recipients = [group for group in groups if "action" in group or "status" in group] or [{}]
    failed = [group for group in recipients if _has_failed(group)]
    told = (failed or recipients)[0]
    _, _, diagnostic = told.get("diagnostic-code", "").partition(";")
    return DeliveryReport(
        letters=letters,
        failed=bool(failed),
        words=_told(told.get("status", ""), diagnostic.strip()),
        subject=subject,
    )


def _has_failed(recipient: dict[str, str]) -> bool:
    """A letter that was put off until its server gave it up has failed with a passing status (4.4.7)."""
    action = recipient.get("action", "").lower()
    return action == "failed" or (not action and recipient.get("status", "").startswith("5"))


def _told(status: str, diagnostic: str) -> str:
    code = "" if not status or status in diagnostic else f"{status} "
    words = _ADDRESS.sub("…", f"{code}{diagnostic}")
    return " ".join(words.split())[:_LONGEST_WORDS] or "devolvida pelo servidor de destino"


def _ids(parts: Sequence[Part]) -> Iterator[str]:
    """Of the message that is quoted: as a part, by its headers alone, or in the text."""
    for part in parts:
        if part.inside and any(name == "message-id" for name, _ in part.headers):
            yield from re.findall(r"<[^<>\s]{1,250}>", next(v for n, v in part.headers if n == "message-id"))
    for part in parts:
        leaf = part.kind.startswith(("text/", "message/")) and not part.children
        if leaf and not part.inside:
            yield from _ID.findall(_text(part))


def _subject(parts: Sequence[Part]) -> str:
    """Of the message that is quoted; every letter of ours has its protocol there (X12)."""
    for part in parts:
        quoted = next((value for name, value in part.headers if name == "subject"), "") if part.inside else ""
        if not quoted and part.kind in ("text/rfc822-headers", "text/plain") and not part.inside:
            found = _SUBJECT.search(_text(part))
            quoted = found.group(1) if found else ""
        if quoted:
            return " ".join(str(make_header(decode_header(" ".join(quoted.split())[:1_000]))).split())
    return ""


def _text(part: Part) -> str:
    return part.content(_MOST_BYTES)[0].decode("utf-8", "replace").replace("\r\n", "\n")
