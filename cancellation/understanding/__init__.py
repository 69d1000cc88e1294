"""Understanding an e-mail: what was asked, by whom, and what must be left to a person (P7, X9).

Everything here is pure: bytes and plain values go in, frozen models come out, nothing is read or written.
The order is `read_message` → `clues_of` (the caller looks them up) → `understand`; `understand_text` is
for bare texts.

A name is loaded when it is first asked for: who only shows what another process has read needs no rule of reading.
"""

from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from cancellation.understanding.authentication import Authentication, verdict
    from cancellation.understanding.clues import (
        Clues,
        Customer,
        Directory,
        ResolvedDirectory,
        clues_in,
        clues_of,
        valid_cnpj,
    )
    from cancellation.understanding.damage import Damage
    from cancellation.understanding.decide import reached, understand
    from cancellation.understanding.mail import Attachment, Automatic, MailReading, Warning
    from cancellation.understanding.models import (
        Action,
        DeliveryReport,
        ExplicitRequest,
        Provider,
        ReasonCategory,
        TextUnderstanding,
        Understanding,
    )
    from cancellation.understanding.newest import NewestText, newest_text
    from cancellation.understanding.reader import read_message
    from cancellation.understanding.text import understand_text
else:
    _WHERE = {
        "Action": "models",
        "Attachment": "mail",
        "Authentication": "authentication",
        "Automatic": "mail",
        "Clues": "clues",
        "Customer": "clues",
        "Damage": "damage",
        "DeliveryReport": "models",
        "Directory": "clues",
        "ExplicitRequest": "models",
        "MailReading": "mail",
        "NewestText": "newest",
        "Provider": "models",
        "ReasonCategory": "models",
        "ResolvedDirectory": "clues",
        "TextUnderstanding": "models",
        "Understanding": "models",
        "Warning": "mail",
        "clues_in": "clues",
        "clues_of": "clues",
        "newest_text": "newest",
        "reached": "decide",
        "read_message": "reader",
        "understand": "decide",
        "understand_text": "text",
        "valid_cnpj": "clues",
        "verdict": "authentication",
    }

    def __getattr__(name: str) -> Any:
        """Load a public name."""
        if name not in _WHERE:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        globals()[name] = getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
        return globals()[name]
