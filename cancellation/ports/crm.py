"""The provider's CRM, AdaptNuvem, by the roles that it has in the process."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from cancellation.messages.crm import (
    CaseOpening,
    CaseRecord,
    CaseSummary,
    Customer,
    FormalizationState,
    OpenedCase,
    Original,
    TrailReceipt,
)


class Formalizations(Protocol):
    """Complete formalizations, for the precondition of destructive acts (P19)."""

    async def formalization(self, case_id: str) -> FormalizationState | None:
        """The case's complete formalization, or None (P19)."""


class CaseRecords(Formalizations, Protocol):
    """What a case tells the CRM, and hears back (P2, P11, P12, P14, P20)."""

    async def open_case(self, opening: CaseOpening) -> OpenedCase:
        """Record the case and Commercial's task; answer with the customer, if there is one (P2).

        A case that an earlier execution of the same workflow id left open was forsaken: one execution of an id
        runs at a time. Before the point of no return it ends as discarded, its formalization is revoked and its
        tasks are closed, and the answer describes it, so that the rest of what it had done can be undone. Past
        that point it stays open and no new case is made: Commercial's task of this opening is written into it,
        and whoever asked goes on as that case (X20). Asked again the answer is the same.

        Raises:
            PermanentRefusal: another case of this customer is still open (X1).
        """

    async def record(self, record: CaseRecord) -> TrailReceipt:
        """Write one transaction of the case: status, tasks, formalization, trail (P11, P12, P14, P20).

        Nothing of it is written, and the answer says `taken=False`, when its trail does not continue the one
        held or when it contradicts how the case has ended. A record with nothing to write is a look at that. A
        CRM that holds nothing of the case, because it was restored to before it, says so by the number 0.

        Raises:
            PermanentRefusal: the case is another customer's, the formalization is not complete or differs from
                the one held, or a revoked one has been acted upon.
        """


class CustomerDirectory(Protocol):
    """Who is a customer, and which case is whose (X9, X12)."""

    async def customer(self, customer_id: str) -> Customer | None:
        """The customer, or None."""

    async def customers_by_email(self, address: str) -> Sequence[Customer]:
        """Customers of whom the address is an authorised contact (X9)."""

    async def customers_by_cnpj(self, cnpj: str) -> Sequence[Customer]:
        """Customers with that CNPJ, digits only."""

    async def case_by_protocol(self, protocol: str) -> CaseSummary | None:
        """The case with that protocol number (X12)."""

    async def case_by_id(self, case_id: str) -> CaseSummary | None:
        """The case with that id (X16)."""


class Originals(Protocol):
    """Customers' e-mails, byte for byte (P11)."""

    async def keep_original(self, raw: bytes, at: datetime) -> Original:
        """Keep an e-mail byte for byte, once for each content (P11)."""

    async def original(self, sha256: str) -> bytes | None:
        """The bytes of a kept e-mail."""


class Crm(CaseRecords, CustomerDirectory, Originals, Protocol):
    """All of it, for where the roles are handed out; whoever works with it takes the role that it needs."""
