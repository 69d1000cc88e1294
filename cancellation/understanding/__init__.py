"""Understanding an e-mail: what was asked, by whom, and what must be left to a person (P7, X9).

Everything here is pure: bytes and plain values go in, frozen models come out, nothing is read or written.
The order is `read_message` → `clues_of` (the caller looks them up) → `understand`; `understand_text` is
for bare texts.
"""

from cancellation.understanding.authentication import Authentication, verdict
from cancellation.understanding.clues import (
    Clues,
    Customer,
    Directory,
    ResolvedDirectory,
    clues_in,
    valid_cnpj,
)
from cancellation.understanding.damage import Damage
from cancellation.understanding.decide import Understanding, clues_of, reached, understand
from cancellation.understanding.doubts import Provider
from cancellation.understanding.mail import Attachment, Automatic, MailReading, Warning
from cancellation.understanding.models import Action, ExplicitRequest, ReasonCategory, TextUnderstanding
from cancellation.understanding.newest import NewestText, newest_text
from cancellation.understanding.reader import read_message
from cancellation.understanding.reports import DeliveryReport
from cancellation.understanding.text import understand_text

__all__ = [
    "Action",
    "Attachment",
    "Authentication",
    "Automatic",
    "Clues",
    "Customer",
    "Damage",
    "DeliveryReport",
    "Directory",
    "ExplicitRequest",
    "MailReading",
    "NewestText",
    "Provider",
    "ReasonCategory",
    "ResolvedDirectory",
    "TextUnderstanding",
    "Understanding",
    "Warning",
    "clues_in",
    "clues_of",
    "newest_text",
    "reached",
    "read_message",
    "understand",
    "understand_text",
    "valid_cnpj",
    "verdict",
]
