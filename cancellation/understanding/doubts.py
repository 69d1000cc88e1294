"""Why a message whose text plainly asks does not count all the same: a person looks first (X9, X14)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from cancellation.understanding.body import AMID, is_stub
from cancellation.understanding.clues import Customer, Directory, clues_in
from cancellation.understanding.domains import domain_of
from cancellation.understanding.mail import MailReading
from cancellation.understanding.models import Provider, TextUnderstanding
from cancellation.understanding.newest import NewestText
from cancellation.understanding.ours import WithoutOurs, without_ours
from cancellation.understanding.text import understand_newest
from cancellation.understanding.whose import companies_in, names_agree, other_contracts


@dataclass(frozen=True, slots=True)
class Said:
    """What a message says.

    Attributes:
        text: What its text says.
        other: What its other rendition says, where that has other words.
        amid: Whether words of the writer's stand in the middle of a letter of ours, unread.
        words: The newest text without what stands in letters of ours.
    """

    text: TextUnderstanding
    other: TextUnderstanding | None = None
    amid: bool = False
    words: str = ""

    @property
    def quiet(self) -> bool:
        """Whether nothing in it is about cancelling."""
        return all(
            is_silent(one) and not one.about_cancelling for one in (self.text, self.other or self.text)
        )


def said(reading: MailReading, known_letters: Sequence[str]) -> Said:
    """Understand what a message says, without what stands in letters of ours."""
    own = without_ours(reading.newest, known_letters) if known_letters else WithoutOurs(reading.newest)
    other = without_ours(reading.alternative, known_letters).text if known_letters else reading.alternative

    def understood(text: str) -> TextUnderstanding:
        quoted = f"{reading.quoted}\n{own.removed}".strip()
        return understand_newest(reading.subject, NewestText(text, quoted, reading.forwarded))

    return Said(understood(own.text), understood(other) if other.strip() else None, own.amid, own.text)


def not_surely_read(reading: MailReading, found: Said) -> list[str]:
    """Why what was read does not count (X14)."""
    why: list[str] = []
    if reading.damage:
        why.append(f"O texto não pôde ser lido com segurança: {', '.join(reading.damage)}.")
    unread = [*reading.unread, *([AMID] if found.amid and AMID not in reading.unread else [])]
    if unread:
        why.append(f"Há partes que não foram lidas: {', '.join(unread)}.")
    other = found.other
    stub = is_stub(reading.alternative) and is_silent(
        understand_newest("", NewestText(reading.alternative))  # the subject is not the stub's own
    )
    if other is not None and _differ(found.text, other) and not stub:
        why.append("A parte em texto e a parte em HTML dizem coisas diferentes.")
    return why


def _differ(one: TextUnderstanding, other: TextUnderstanding) -> bool:
    return (one.explicit_request, one.reason_category, one.automatic) != (
        other.explicit_request,
        other.reason_category,
        other.automatic,
    )


def is_silent(text: TextUnderstanding) -> bool:
    """Whether a text neither asks for anything nor gives a reason."""
    return text.explicit_request is False and text.reason is None and not text.automatic


def out_of_time(reading: MailReading, days: int | None) -> list[str]:
    """Why a message may be an old one sent again: its signature would still pass (X9)."""
    if days is None or reading.received_at is None:
        return []
    if reading.date_header is None:
        return ["A mensagem não diz quando foi escrita (Date)."]
    apart = abs(reading.received_at - reading.date_header)
    if apart <= timedelta(days=days):
        return []
    written, received = (f"{at:%d/%m/%Y}" for at in (reading.date_header, reading.received_at))
    return [f"A mensagem foi escrita em {written} e recebida em {received}: pode ser uma mensagem antiga."]


def somebody_elses(
    reading: MailReading,
    directory: Directory,
    customer: Customer | None,
    policy_mailboxes: Sequence[str],
    provider: Provider,
) -> list[str]:
    """What the text names that is not the customer's (X9); a signature may be of whom the customer hired."""
    if customer is None:
        return []
    text = clues_in((), reading.subject, reading.newest)
    named = [
        *((f"o protocolo {one}", directory.by_protocol(one)) for one in text.protocols),
        *((f"o número de cliente {one}", directory.by_customer_number(one)) for one in text.customer_numbers),
        *(
            (f"o CNPJ {one}", directory.by_cnpj(one))
            for one in text.cnpjs
            if one != customer.cnpj and one not in provider.cnpjs
        ),
    ]
    strange = [
        what for what, found in named if customer.customer_id not in {one.customer_id for one in found}
    ]
    words = f"{reading.subject}\n{reading.newest}"
    if customer.contract:
        strange += [f"o contrato {number}" for number in other_contracts(words, customer.contract)]
    if customer.names:
        own = [*customer.names, *(domain_of(address) for address in customer.authorised_emails)]
        ours = [*provider.names, *(domain_of(mailbox) for mailbox in policy_mailboxes)]
        strange += [
            f"a empresa {name}" for name in companies_in(words) if not names_agree(name, [*own, *ours])
        ]
    return [f"O texto menciona {what}, que não é deste cliente." for what in strange]
