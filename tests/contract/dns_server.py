"""A small DNS server on loopback, which answers what a test puts into its zone."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import cast

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset


@dataclass
class DnsServer(asyncio.DatagramProtocol):
    """Speaks DNS over UDP; one that is silent hears and says nothing."""

    zone: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    """Records by name and type, as a zone file writes them."""
    asked: list[str] = field(default_factory=list)
    is_silent: bool = False
    fails: bool = False
    transport: asyncio.DatagramTransport | None = None

    @property
    def address(self) -> str:
        """Where it listens."""
        assert self.transport is not None
        host, port = self.transport.get_extra_info("sockname")
        return f"{host}:{port}"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str | int, int]) -> None:
        query = dns.message.from_wire(data)
        (question,) = query.question
        name, kind = question.name.to_text().lower(), dns.rdatatype.to_text(question.rdtype)
        self.asked.append(name)
        if self.is_silent:
            return
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        if self.fails:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif records := self.zone.get((name, kind)):
            answer.answer.append(dns.rrset.from_text_list(name, 60, "IN", kind, records))
        elif (alias := self.zone.get((name, "CNAME"))) is not None:
            # As a resolver does: what the other name has comes along.
            (other,) = alias
            answer.answer.append(dns.rrset.from_text_list(name, 60, "IN", "CNAME", alias))
            answer.answer.append(dns.rrset.from_text_list(other, 60, "IN", kind, self.zone[other, kind]))
        elif not any(known == name for known, _ in self.zone):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        assert self.transport is not None
        self.transport.sendto(answer.to_wire(max_size=65535), addr)


@asynccontextmanager
async def dns_server() -> AsyncIterator[DnsServer]:
    """One that knows nothing yet."""
    transport, server = await asyncio.get_running_loop().create_datagram_endpoint(
        DnsServer, local_addr=("127.0.0.1", 0)
    )
    try:
        yield server
    finally:
        transport.close()


@contextmanager
def dns_in_a_thread(zone: dict[tuple[str, str], list[str]]) -> Iterator[str]:
    """One that knows a zone, for whoever has no loop of its own; the address where it listens."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    running = dns_server()
    try:
        server = asyncio.run_coroutine_threadsafe(running.__aenter__(), loop).result(5)
        server.zone |= zone
        yield server.address
    finally:
        asyncio.run_coroutine_threadsafe(running.__aexit__(None, None, None), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def txt(text: str) -> str:
    """A TXT record of any length: strings of at most 255 characters, as they must be."""
    return " ".join(f'"{text[at : at + 200]}"' for at in range(0, len(text), 200))
