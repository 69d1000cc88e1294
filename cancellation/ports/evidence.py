"""What a case's dossier is written from (X13)."""

from typing import Protocol

from cancellation.messages.evidence import Evidence


class EvidenceRecords(Protocol):
    """The records, read for whoever has to prove a case afterwards."""

    async def of(self, reference: str) -> Evidence | None:
        """What the records hold of a case, all of it as it stood in one instant.

        Args:
            reference: protocol, case id, workflow id or customer id; of several cases the newest.
        """
