"""What in a message says which customer it is about."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from pydantic import Field

from cancellation.domain.identity import find_protocols
from cancellation.understanding.mail import MailReading
from cancellation.understanding.models import Frozen
from cancellation.understanding.normalise import fold

_CNPJ = re.compile(
    r"(?<![\w./-])([0-9A-Z]{2})[. ]?([0-9A-Z]{3})[. ]?([0-9A-Z]{3})[/ ]?([0-9A-Z]{4})[- ]?(\d{2})(?![\w])",
    re.IGNORECASE,
)
_WEIGHTS = (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
_CUSTOMER_NUMBER = re.compile(
    r"\b(?:(?:codigo|cod\.?|numero|no\.?|n\.?|id|matricula)(?: de| do| da)? clientes?|cliente|id do "
    r"assinante|codigo do assinante)"
    r"(?: (?:e|numero|no|n|codigo|cod|id))?\.?[ :#.º°-]{0,3}(?P<number>\d{1,12})\b"
)
_WRAP = re.compile(r"(?<!\n)\n(?!\n)")
"""Where a mail program broke a line; an empty line is the writer's own."""
_MOST = 50


class Customer(Frozen):
    """A customer as far as deciding needs it.

    Attributes:
        customer_id: The CRM's identity.
        authorised_emails: Addresses of the contacts who may speak for the customer (X9).
        names: Of the company and of its contacts, empty when they are not known.
        cnpj: 14 characters, None when it is not known.
        contract: The contract's number, None when it is not known.
    """

    customer_id: str
    authorised_emails: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    cnpj: str | None = None
    contract: str | None = None


class Clues(Frozen):
    """What a message holds that may name its customer, each in canonical form and once.

    Attributes:
        addresses: The addresses in From.
        protocols: Protocol numbers in subject, newest text, references and quotations (X12).
        cnpjs: 14 characters, check digits right; the alphanumeric form too.
        customer_numbers: Numbers written as the customer's number.
    """

    addresses: tuple[str, ...] = ()
    protocols: tuple[str, ...] = ()
    cnpjs: tuple[str, ...] = ()
    customer_numbers: tuple[str, ...] = ()


@runtime_checkable
class Directory(Protocol):
    """Who the customers are: plain look-ups.

    A caller with an async CRM resolves `Clues` first and hands over a `ResolvedDirectory`.
    """

    def by_email(self, address: str) -> Sequence[Customer]:
        """Return the customers that this address may speak for."""

    def by_protocol(self, protocol: str) -> Sequence[Customer]:
        """Return the customer of a protocol number."""

    def by_cnpj(self, cnpj: str) -> Sequence[Customer]:
        """Return the customers with this CNPJ (14 characters)."""

    def by_customer_number(self, number: str) -> Sequence[Customer]:
        """Return the customer with this number."""


class ResolvedDirectory(Frozen):
    """A directory of exactly what was looked up for one message's clues."""

    emails: dict[str, tuple[Customer, ...]] = Field(default_factory=dict)
    protocols: dict[str, tuple[Customer, ...]] = Field(default_factory=dict)
    cnpjs: dict[str, tuple[Customer, ...]] = Field(default_factory=dict)
    customer_numbers: dict[str, tuple[Customer, ...]] = Field(default_factory=dict)

    def by_email(self, address: str) -> Sequence[Customer]:
        """Return the customers that this address may speak for."""
        return self.emails.get(address.lower(), ())

    def by_protocol(self, protocol: str) -> Sequence[Customer]:
        """Return the customer of a protocol number."""
        return self.protocols.get(protocol, ())

    def by_cnpj(self, cnpj: str) -> Sequence[Customer]:
        """Return the customers with this CNPJ."""
        return self.cnpjs.get(cnpj, ())

    def by_customer_number(self, number: str) -> Sequence[Customer]:
        """Return the customer with this number."""
        return self.customer_numbers.get(number, ())


def clues_in(
    addresses: Sequence[str], subject: str, newest: str, quoted: str = "", references: Sequence[str] = ()
) -> Clues:
    """Gather what names the customer; look each of it up, then decide.

    Args:
        addresses: Addresses in From.
        subject: The subject.
        newest: What the writer typed now.
        quoted: Earlier messages: only protocol numbers are taken from there.
        references: Message-IDs in In-Reply-To and References.

    Returns:
        The clues, at most fifty of a kind.
    """
    text = f"{subject}\n{newest}"
    numbered = (fold(subject).plain, _WRAP.sub(" ", fold(newest).plain))
    return Clues(
        addresses=tuple(dict.fromkeys(address.lower() for address in addresses))[:_MOST],
        protocols=tuple(find_protocols("\n".join((subject, newest, " ".join(references), quoted))))[:_MOST],
        cnpjs=tuple(
            dict.fromkeys(
                found for match in _CNPJ.finditer(text) if (found := valid_cnpj("".join(match.groups())))
            )
        )[:_MOST],
        customer_numbers=tuple(
            dict.fromkeys(m.group("number") for part in numbered for m in _CUSTOMER_NUMBER.finditer(part))
        )[:_MOST],
    )


def valid_cnpj(text: str) -> str | None:
    """Return the 14 characters of a CNPJ whose check digits are right, else None.

    Letters count since July 2026: each character weighs its ASCII code less 48.
    """
    cnpj = re.sub(r"[^0-9A-Za-z]", "", text).upper()
    if len(cnpj) != 14 or not cnpj[12:].isdigit() or len(set(cnpj)) == 1:
        return None
    for length in (12, 13):
        total = sum((ord(c) - 48) * w for c, w in zip(cnpj[:length], _WEIGHTS[13 - length :], strict=True))
        if int(cnpj[length]) != (0 if total % 11 < 2 else 11 - total % 11):
            return None
    return cnpj


def clues_of(reading: MailReading) -> Clues:
    """Gather what names the customer, for the caller to look up."""
    addresses = [*reading.from_addresses, *([reading.original_from] if reading.original_from else [])]
    text = f"{reading.newest}\n{reading.signature}"
    return clues_in(
        addresses, reading.subject, text, reading.quoted, [*reading.references, *reading.in_reply_to]
    )
