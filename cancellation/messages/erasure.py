"""What may be erased of a customer, and what was (LGPD)."""

from enum import StrEnum

from pydantic import AwareDatetime, Field

from cancellation.domain.values import Value


class ErasedKind(StrEnum):
    """What is erased together, under one term from the end of the case."""

    ACCESSES = "accesses"
    """From which addresses the download links of a case were used."""
    CASE = "case"
    """What was asked, said and written in a case: texts, e-mails, letters, labels, names of recordings."""
    CUSTOMER = "customer"
    """Who the customer was: name, CNPJ, contacts, and e-mails of no case."""


class Erasable(Value):
    """One kind of one case, or of the customer, and how it stands."""

    kind: ErasedKind
    case_id: str | None
    """None: the customer."""
    protocol: str | None
    outcome: str | None
    ended_at: AwareDatetime | None
    """When the case ended, or the customer's last one; None: one is open."""
    term_days: int
    erasable_at: AwareDatetime | None
    """From when; None: a case is open, or the customer is still one."""
    erased_at: AwareDatetime | None
    """When it was erased last; None: never."""

    def is_due(self, now: AwareDatetime) -> bool:
        """Whether it may be erased."""
        return self.erasable_at is not None and self.erasable_at <= now


class Erased(Value):
    """What was erased in the records."""

    of: Erasable
    rows: dict[str, int]
    """How many, by table; empty where everything was gone already."""
    deliveries: tuple[str, ...] = Field(default=(), exclude=True)
    """Executions that handled the e-mails that are gone."""
