"""DKIM keys as domains publish them in the DNS (X13, RFC 6376 section 3.6.2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import dns.asyncresolver
import dns.name
import dns.resolver

from cancellation.messages.dkim import Signer

_PORT: Final = 53
_MOST_CHARACTERS: Final = 4000
"""More than any key of today takes; a longer text is none."""


@dataclass(frozen=True)
class DnsKeyDirectory:
    """Implements `cancellation.ports.dkim.KeyDirectory`.

    Args:
        servers: addresses of the servers to ask, `address` or `address:port`; none: those of this machine.
        seconds: for one key, with everything that is tried again.
    """

    servers: Sequence[str] = ()
    seconds: float = 5.0

    async def published(self, signer: Signer) -> str | None:
        """The key record as it is published now; None: nothing is.

        Raises:
            dns.exception.DNSException: the DNS did not say, or the name cannot be one.
        """
        name = dns.name.from_text(f"{signer.selector}._domainkey.{signer.domain}.")
        try:
            answer = await self._resolver().resolve(name, "TXT", search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return None
        texts = [b"".join(one.strings).decode("utf-8", "backslashreplace") for one in answer]
        # Beside the key there may stand what another service wants to find there.
        keys = [text for text in texts if "p=" in text.replace(" ", "") and len(text) <= _MOST_CHARACTERS]
        return min(keys, default=None)

    def _resolver(self) -> dns.asyncresolver.Resolver:
        """A fresh one: this machine's servers may have changed."""
        resolver = dns.asyncresolver.Resolver(configure=not self.servers)
        if self.servers:
            resolver.nameservers = [
                dns.nameserver.Do53Nameserver(*_address(server)) for server in self.servers
            ]
        resolver.lifetime = self.seconds
        resolver.timeout = min(resolver.timeout, self.seconds)
        return resolver


def _address(server: str) -> tuple[str, int]:
    host, colon, port = server.rpartition(":")
    if not colon or (":" in host and not host.endswith("]")):
        host, port = server, ""
    return host.strip("[]"), int(port or _PORT)
