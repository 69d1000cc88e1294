"""Where domains publish the keys with which they sign e-mails (X13)."""

from typing import Protocol

from cancellation.messages.dkim import Signer


class KeyDirectory(Protocol):
    """The DNS, asked for DKIM keys."""

    async def published(self, signer: Signer) -> str | None:
        """The key record as it is published now; None: nothing is.

        Raises:
            Exception: the DNS did not say, in the time that it was given.
        """
