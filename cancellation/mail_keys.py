"""The keys of an e-mail's DKIM signatures, kept beside it while they are still published (X13).

Domains change their keys, and an old signature can then be checked by nobody who has not kept them. Nothing waits for
them: an e-mail whose keys could not be had is what it was, and its verdict is the receiving server's (X9).
"""

import asyncio
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from cancellation.dossier.verificar import signatures_of, signer_of
from cancellation.mail_entries import head_of
from cancellation.messages.dkim import Signer, SigningKey
from cancellation.ports import MailLedger, Originals
from cancellation.ports.dkim import KeyDirectory

logger = logging.getLogger(__name__)

_LABEL: Final = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_SELECTOR: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_DOMAIN: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})+")
_LONGEST_NAME: Final = 200


@dataclass(frozen=True)
class MailKeys:
    """Looks up the keys of e-mails and keeps them."""

    originals: Originals
    ledger: MailLedger
    directory: KeyDirectory
    seconds: float = 5.0
    """For all keys of one e-mail together."""
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    async def keep(self, sha256: str) -> None:
        """Keep what is published for every signature of an e-mail; what was kept before stays, and nothing fails."""
        try:
            async with asyncio.timeout(self.seconds):
                await self._keep(sha256)
        except Exception as error:
            logger.warning("signing keys not kept", extra={"sha256": sha256, "error": type(error).__name__})

    async def _keep(self, sha256: str) -> None:
        signers = signers_of(await self.originals.original(sha256) or b"")
        if not signers:
            return
        known = {(one.domain, one.selector) for one in await self.ledger.keys_of(sha256)}
        wanted = [one for one in signers if (one.domain, one.selector) not in known]
        found = await asyncio.gather(*map(self._look_up, wanted))
        if keys := [one for one in found if one is not None]:
            await self.ledger.keep_keys(sha256, keys)

    async def _look_up(self, signer: Signer) -> SigningKey | None:
        """What is published; None: nobody knows, which is not the same as nothing."""
        try:
            # A little less than all together have: one that is late does not take the others with it.
            async with asyncio.timeout(self.seconds * 0.8):
                record = await self.directory.published(signer)
        except Exception as error:
            logger.warning("signing key not found out", extra={"error": type(error).__name__})
            return None
        return SigningKey(
            domain=signer.domain, selector=signer.selector, record=record, looked_up_at=self.clock()
        )


def signers_of(raw: bytes) -> tuple[Signer, ...]:
    """Whose keys the signatures of an e-mail name, each once; only names that may stand in the public DNS."""
    named = (Signer(**signer_of(tags)) for tags in signatures_of(head_of(raw)))
    return tuple(
        one
        for one in dict.fromkeys(named)
        if len(one.domain) + len(one.selector) <= _LONGEST_NAME
        and _DOMAIN.fullmatch(one.domain)
        and _SELECTOR.fullmatch(one.selector)
    )
