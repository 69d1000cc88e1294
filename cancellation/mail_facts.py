"""From an e-mail to a fact about a case: who wrote it, by the CRM, and what it reports (P7, P11, X9)."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime

from cancellation.domain.values import Authentication
from cancellation.messages.crm import Customer as CrmCustomer
from cancellation.messages.crm import Original
from cancellation.messages.facts import FormalizationMessage
from cancellation.ports import CustomerDirectory, SentLetters
from cancellation.understanding import (
    Clues,
    Customer,
    MailReading,
    ResolvedDirectory,
    Understanding,
    valid_cnpj,
)

_MOST_RECIPIENTS = 100
_LONGEST_MESSAGE_ID = 200
_NOBODY = "nobody@example.invalid"
_NO_CNPJ = "00000000000000"
_NO_PROTOCOL = "CAN-0"
_NO_CUSTOMER = "0"
_NO_LETTER = "<nobody@example.invalid>"


async def resolve(customers: CustomerDirectory, clues: Clues) -> ResolvedDirectory:
    """Look up in the CRM whatever in a message may name its customer."""

    async def by_protocol(protocol: str) -> list[CrmCustomer]:
        case = await customers.case_by_protocol(protocol)
        return await by_number(case.customer_id) if case else []

    async def by_number(number: str) -> list[CrmCustomer]:
        customer = await customers.customer(number)
        return [customer] if customer else []

    return ResolvedDirectory(
        emails=await _looked_up(clues.addresses, customers.customers_by_email),
        protocols=await _looked_up(clues.protocols, by_protocol),
        cnpjs=await _looked_up(clues.cnpjs, customers.customers_by_cnpj),
        customer_numbers=await _looked_up(clues.customer_numbers, by_number),
    )


def formalization(
    reading: MailReading,
    understanding: Understanding,
    original: Original,
    received_at: datetime,
    *,
    actor: str,
    explicit_request: bool | None = None,
    reason: str | None = None,
    confirmed_by: str | None = None,
) -> FormalizationMessage:
    """What the e-mail reports to the case.

    Args:
        reading: the e-mail as it was read.
        understanding: what the reader made of it.
        original: where its bytes are kept.
        received_at: when the receiving server took it; from then the notice counts (P8).
        actor: who reports it.
        explicit_request: what a person read, where the reader left it open.
        reason: what a person read, where the reader found none.
        confirmed_by: the Commercial person who vouches for the e-mail.
    """
    asked = understanding.explicit_request is True if explicit_request is None else explicit_request
    return FormalizationMessage(
        message_id=reading.message_id[:_LONGEST_MESSAGE_ID],
        actor=actor,
        occurred_at=received_at,
        sender=reading.sender or "desconhecido@invalid",
        recipients=_recipients(reading, understanding),
        received_at=received_at,
        subject=reading.subject[:1000],
        explicit_request=asked,
        reason=reason or understanding.reason,
        authentication=Authentication(understanding.authentication),
        original_sha256=original.sha256,
        original_ref=original.ref,
        confirmed_by=confirmed_by,
    )


def _recipients(reading: MailReading, understanding: Understanding) -> tuple[str, ...]:
    """The policy's mailboxes first: a long list of addressees must not push them out."""
    everybody = dict.fromkeys((*understanding.mailboxes, *reading.recipients))
    return tuple(everybody)[:_MOST_RECIPIENTS]


async def _looked_up(
    names: Iterable[str], look_up: Callable[[str], Awaitable[Sequence[CrmCustomer]]]
) -> dict[str, tuple[Customer, ...]]:
    return {name: tuple(_known(one) for one in await look_up(name)) for name in names}


def _known(customer: CrmCustomer) -> Customer:
    return Customer(
        customer_id=customer.customer_id,
        authorised_emails=tuple(contact.email for contact in customer.contacts),
        names=(customer.name, *(contact.name for contact in customer.contacts)),
        cnpj=valid_cnpj(customer.cnpj or ""),
        contract=customer.contract,
    )


async def systems_answer(customers: CustomerDirectory, letters: SentLetters | None) -> bool:
    """Whether what is asked about every e-mail is answered about nobody's: then it is the e-mail itself that fails."""
    try:
        await customers.customers_by_email(_NOBODY)
        await customers.customers_by_cnpj(_NO_CNPJ)
        await customers.case_by_protocol(_NO_PROTOCOL)
        await customers.customer(_NO_CUSTOMER)
        await customers.case_by_id(_NO_CUSTOMER)
        if letters is not None:
            await letters.texts_sent_to([_NOBODY])
            await letters.sent_letter([_NO_LETTER])
    except Exception:
        return False
    return True
