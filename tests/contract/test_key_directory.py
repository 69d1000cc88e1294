"""Where DKIM keys are published: the same behaviour in memory and against a real DNS server (X13)."""

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import dns.exception
import dns.nameserver
import dns.resolver
import pytest

from cancellation.adapters.dns.keys import DnsKeyDirectory
from cancellation.adapters.memory.dkim import MemoryKeyDirectory
from cancellation.messages.dkim import Signer
from cancellation.ports.dkim import KeyDirectory
from tests.contract.dns_server import DnsServer, dns_server, txt

SIGNER = Signer(domain="acme.com.br", selector="s2026")
NAME = "s2026._domainkey.acme.com.br."
LONG = f"v=DKIM1; k=rsa; p={'QUJD' * 180}"


@dataclass
class Rig:
    directory: KeyDirectory
    publish: Callable[[Signer, str], None]
    break_down: Callable[[], None]


@pytest.fixture
async def server() -> AsyncIterator[DnsServer]:
    async with dns_server() as running:
        yield running


@pytest.fixture(params=["memory", "dns"])
def rig(request: pytest.FixtureRequest, server: DnsServer) -> Rig:
    if request.param == "memory":
        memory = MemoryKeyDirectory()
        return Rig(memory, memory.records.__setitem__, lambda: setattr(memory, "is_down", True))

    def publish(signer: Signer, record: str) -> None:
        server.zone[f"{signer.selector}._domainkey.{signer.domain}.", "TXT"] = [txt(record)]

    directory = DnsKeyDirectory((server.address,), 0.3)
    return Rig(directory, publish, lambda: setattr(server, "is_silent", True))


async def test_a_key_is_found_as_it_was_published_whatever_its_length_X13(rig: Rig) -> None:
    rig.publish(SIGNER, LONG)
    assert await rig.directory.published(SIGNER) == LONG


async def test_what_is_published_nowhere_is_none_X13(rig: Rig) -> None:
    rig.publish(SIGNER, LONG)
    assert await rig.directory.published(Signer(domain="acme.com.br", selector="outro")) is None


async def test_who_does_not_answer_has_not_said_that_there_is_none_X13(rig: Rig) -> None:
    rig.publish(SIGNER, LONG)
    rig.break_down()
    with pytest.raises((TimeoutError, dns.exception.DNSException)):
        await rig.directory.published(SIGNER)


# ---------------------------------------------------------------------------------------- what only the DNS has


def asking(server: DnsServer, seconds: float = 1.0) -> DnsKeyDirectory:
    return DnsKeyDirectory((server.address,), seconds)


async def test_a_key_behind_another_name_is_found_X13(server: DnsServer) -> None:
    # As domains do that let a service sign for them.
    server.zone[NAME, "CNAME"] = ["acme.dkim.servico.example."]
    server.zone["acme.dkim.servico.example.", "TXT"] = [txt(LONG)]
    assert await asking(server).published(SIGNER) == LONG


async def test_what_else_stands_there_is_no_key_X13(server: DnsServer) -> None:
    server.zone[NAME, "TXT"] = [txt("verificacao de um servico"), txt(LONG), txt(f"p={'A' * 5000}")]
    assert await asking(server).published(SIGNER) == LONG
    server.zone[NAME, "TXT"] = [txt("verificacao de um servico")]
    assert await asking(server).published(SIGNER) is None
    server.zone = {(NAME, "A"): ["192.0.2.1"]}
    assert await asking(server).published(SIGNER) is None


async def test_the_name_asked_for_is_the_very_one_and_no_search_list_is_tried_X13(server: DnsServer) -> None:
    assert await asking(server).published(SIGNER) is None
    assert server.asked == [NAME]


async def test_a_server_that_fails_or_is_silent_takes_no_longer_than_it_may_X13(server: DnsServer) -> None:
    started = time.monotonic()
    server.is_silent = True
    with pytest.raises(dns.resolver.LifetimeTimeout):
        await asking(server, 0.3).published(SIGNER)
    server.is_silent, server.fails = False, True
    with pytest.raises(dns.resolver.NoNameservers):
        await asking(server, 0.3).published(SIGNER)
    assert time.monotonic() - started < 3


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("192.0.2.1", ("192.0.2.1", 53)),
        ("192.0.2.1:5353", ("192.0.2.1", 5353)),
        ("2001:db8::1", ("2001:db8::1", 53)),
        ("[2001:db8::1]:5353", ("2001:db8::1", 5353)),
        ("[2001:db8::1]", ("2001:db8::1", 53)),
    ],
)
def test_a_servers_address_may_have_a_port(given: str, meant: tuple[str, int]) -> None:
    (server,) = DnsKeyDirectory((given,))._resolver().nameservers
    assert isinstance(server, dns.nameserver.Do53Nameserver)
    assert (server.address, server.port) == meant
