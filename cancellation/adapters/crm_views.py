"""What the CRM adapters show beyond the port: for the command line, the dossier and reconciliation."""

from typing import Protocol

from pydantic import AwareDatetime

from cancellation.adapters.trailchain import ChainedEntry, TrailCheck
from cancellation.domain.trail import TrailEntry
from cancellation.domain.values import Value
from cancellation.messages.crm import CaseSummary, TaskOrder
from cancellation.messages.seed import CustomerSeed
from cancellation.ports import Crm


class CaseTask(Value):
    """A task of a case as the CRM holds it (P14)."""

    case_id: str
    customer_id: str
    order: TaskOrder
    ordered_at: AwareDatetime
    """The workflow's instant of the last order."""
    closed_at: AwareDatetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to do it."""
        return self.closed_at is None


def bare_cnpj(cnpj: str) -> str:
    """A CNPJ without dots, slash and dash; letters, which it may hold since 2026, in capitals."""
    return "".join(c for c in cnpj if c.isalnum()).upper()


def bare_address(address: str) -> str:
    """An e-mail address as it is compared."""
    return address.strip().lower()


class ReadableCrm(Crm, Protocol):
    """A CRM that can also be read through, and into which sample customers can be put."""

    async def list_cases(
        self, *, customer_id: str | None = None, open_only: bool = False, most: int = 1000
    ) -> list[CaseSummary]:
        """Cases, the latest opened first; of one customer, or only those that have not ended."""

    async def trail(self, case_id: str) -> list[TrailEntry]:
        """The case's trail in order; empty for an unknown case (P20)."""

    async def chained_trail(self, case_id: str) -> list[ChainedEntry]:
        """The case's trail in order, each entry with its hash (X13)."""

    async def verify_trail(self, case_id: str) -> TrailCheck:
        """Compute the case's hash chain anew from what is held (X13)."""

    async def tasks(
        self, *, case_id: str | None = None, customer_id: str | None = None, open_only: bool = False
    ) -> list[CaseTask]:
        """Tasks of a case or customer, or everybody's, by day due and then as they were ordered (P14)."""

    async def provision(self, seed: CustomerSeed) -> None:
        """Put in or bring up to date a customer's master data; leaves the status of one already known."""
