"""Writes the e-mails of the process: from what a letter means to the message that is sent.

Pure, no I/O beyond the package's own templates; used by mail adapters, never by workflow code.
"""

from cancellation.letters.letterhead import Letterhead, is_deliverable
from cancellation.letters.rendering import (
    WITH_LINK,
    LinkUrl,
    message_id,
    original_of,
    render,
    with_original,
)

__all__ = [
    "WITH_LINK",
    "Letterhead",
    "LinkUrl",
    "is_deliverable",
    "message_id",
    "original_of",
    "render",
    "with_original",
]
