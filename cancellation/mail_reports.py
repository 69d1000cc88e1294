"""What a case hears of an e-mail: a formalization, what a person has to read, a request to cancel (P1, P7, X15)."""

from typing import Final

from cancellation.domain.values import Authentication, Channel, Contact
from cancellation.mail_entries import Read, addresses
from cancellation.mail_facts import formalization
from cancellation.messages.crm import Original
from cancellation.messages.facts import FormalizationMessage, RequestMessage
from cancellation.understanding import Action, Understanding

ACTOR: Final = "caixa de entrada"
_MOST_ADDRESSES: Final = 50
_UNKNOWN_SENDER: Final = "desconhecido@example.invalid"
_LONGEST_WHY: Final = 1_000
_MOST_WHYS: Final = 20
_READ_IT: Final = "Uma pessoa deve ler este e-mail."


def counts(understood: Understanding) -> bool:
    """Whether the case decides about the e-mail; else a person does, before it."""
    return is_trusted(understood) or _only_sender_is_doubtful(understood)


def is_trusted(understood: Understanding) -> bool:
    """Whether the reader surely read it, and our own server vouches for who sent it."""
    return understood.action in (Action.ACCEPT, Action.INCOMPLETE)


def _only_sender_is_doubtful(understood: Understanding) -> bool:
    """Whether the case itself will doubt the e-mail and ask Commercial, though it was surely read (X9)."""
    return (
        understood.action is Action.TRIAGE
        and understood.explicit_request is True
        and not {"sender", "authentication"}.isdisjoint(understood.missing)
    )


def fact_of(read: Read, understood: Understanding, reported_as: str) -> FormalizationMessage:
    """The formalization that the e-mail is, as it was read."""
    mail = read.mail
    original = Original(sha256=mail.sha256, ref=mail.ref, size=read.reading.size)
    fact = formalization(read.reading, understood, original, mail.received_at, actor=ACTOR)
    return fact.model_copy(
        update={"message_id": reported_as, "request_words": understood.request_words, "unseen": True}
    )


def for_a_person(read: Read, reported_as: str) -> FormalizationMessage:
    """What a case hears of an e-mail that a person has to read: it counts neither as a request nor otherwise."""
    mail, reading, understood = read.mail, read.reading, read.understood
    verdict = Authentication(understood.authentication) if understood else Authentication.NONE
    recipients = addresses(reading.recipients)
    sender = next(iter(addresses([reading.sender or ""])), _UNKNOWN_SENDER)
    return FormalizationMessage(
        message_id=reported_as,
        actor=ACTOR,
        occurred_at=mail.received_at,
        sender=sender,
        recipients=tuple(recipients)[:_MOST_ADDRESSES],
        received_at=mail.received_at,
        subject=reading.subject[:1000],
        explicit_request=False,
        authentication=verdict,
        original_sha256=mail.sha256,
        original_ref=mail.ref,
        doubts=tuple(why[:_LONGEST_WHY] for why in read.why if why.strip())[:_MOST_WHYS] or (_READ_IT,),
        unseen=True,
    )


def request_of(read: Read, reported_as: str) -> RequestMessage:
    """The wish to cancel that the e-mail is, where no case is open."""
    reading = read.reading
    return RequestMessage(
        channel=Channel.EMAIL,
        text=reading.newest[:20_000],
        contact=Contact(name=reading.sender_name or None, email=reading.sender),
        message_id=reported_as,
        occurred_at=read.mail.received_at,
        actor=ACTOR,
    )
