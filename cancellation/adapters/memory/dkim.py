"""A DNS in memory that knows DKIM keys alone, for tests."""

from dataclasses import dataclass, field

from cancellation.messages.dkim import Signer


@dataclass
class MemoryKeyDirectory:
    """Implements `cancellation.ports.dkim.KeyDirectory`."""

    records: dict[Signer, str] = field(default_factory=dict)
    is_down: bool = False

    async def published(self, signer: Signer) -> str | None:
        """The key record as it stands here."""
        if self.is_down:
            raise TimeoutError
        return self.records.get(signer)
