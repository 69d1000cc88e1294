"""What the case tells the recordings store (P10)."""

from datetime import date
from enum import StrEnum

from pydantic import AwareDatetime, Field

from cancellation.domain.values import MOST_LEFT_OUT as MOST_LEFT_OUT
from cancellation.domain.values import Archive as Archive
from cancellation.domain.values import Value
from cancellation.messages.warrant import Warrant


class ExportOrder(Value):
    """Put a customer's recordings into one archive behind a link that dies with the notice."""

    case_id: str
    customer_id: str
    ordinal: int
    """Which export of the case this is; with the case id it names archive and link."""
    from_date: date | None = None
    to_date: date | None = None
    """Both inclusive, dates of America/Sao_Paulo; null: no limit."""
    link_expires_at: AwareDatetime
    at: AwareDatetime


class LinkRevocation(Value):
    """Kill the links of a case now, and remove the archives behind them: they are copies of what stays."""

    case_id: str
    at: AwareDatetime


class PurgeOrder(Value):
    """Kill the links and remove the recordings and archives of a customer after the notice."""

    warrant: Warrant


class PurgeReport(Value):
    """What the case has removed in all, the same however often it ran."""

    recordings: int
    archives: int
    bytes: int
    left_out: tuple[str, ...] = ()
    """Names of what is still there and nobody could remove, as people can read them; at most `MOST_LEFT_OUT`."""
    left_out_count: int = 0
    """How many those are in all."""
    linked: bool = Field(default=True, exclude=True)
    """Whether the case ever had a link, so that uses may have to be told; not written down."""


class AccessKind(StrEnum):
    """What somebody got who came with a link."""

    PAGE = "page"
    FILE = "file"
    """The archive, or a range of it, from our own gateway."""
    REDIRECT = "redirect"
    """A short-lived address of the object store, which serves the archive itself."""
    DEAD = "dead"
    """Nothing: the link had died."""


class Access(Value):
    """One use of a download link (P10, P20)."""

    access_id: int
    """Rises with time within a case."""
    case_id: str
    link_id: str
    at: AwareDatetime
    address: str
    """The visitor's network address."""
    kind: AccessKind
    bytes: int | None
    """Bytes handed over; null while a transfer runs, or when it was cut without our seeing its end."""


class LinksEnded(Value):
    """The case's links are dead; this is who used them while they lived (P20)."""

    accesses: tuple[Access, ...] = ()
    purged: PurgeReport | None = None
    """What was removed, where the policy says so."""
