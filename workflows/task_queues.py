"""Task queues, as other systems know them (contract.md)."""

from typing import Final

CANCELLATIONS: Final = "cancellations"
