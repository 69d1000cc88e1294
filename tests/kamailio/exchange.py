"""Two customers in service on a real SIP platform, with real telephones, and what all of them get to hear."""

import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from cancellation.adapters.kamailio import KamailioTelephony
from cancellation.adapters.kamailio.provisioning import Address
from cancellation.messages.seed import CustomerSeed
from cancellation.messages.telephony import Number, ResourceKind
from tests.contract import cases
from tests.contract.telephony_suite import resource
from tests.kamailio.server import CARRIER_IP, KamailioServer
from tests.kamailio.sipp import Sip, Telephone

PSTN = "+551133334444"
"""Somebody out in the world, and whoever calls from there."""


@dataclass(frozen=True)
class Customer:
    """A customer whose two extensions and trunk are real, each at an address of its own."""

    customer_id: str
    network: str
    """The first three parts of its addresses on loopback."""
    to_extension: str
    to_trunk: str

    @property
    def domain(self) -> str:
        return f"{self.customer_id}.pbx.invalid"

    @property
    def trunk_ip(self) -> str:
        return f"{self.network}.100"

    def telephone(self, name: str) -> Telephone:
        ip = f"{self.network}.{int(name) % 100}"
        return Telephone(f"{name}@{self.domain}", ip, 5060, f"segredo-{self.customer_id}-{name}")

    @property
    def seed(self) -> CustomerSeed:
        return CustomerSeed(
            customer=cases.customer(self.customer_id),
            resources=(
                resource(ResourceKind.EXTENSION, "101"),
                resource(ResourceKind.EXTENSION, "102"),
                resource(ResourceKind.TRUNK, "tronco"),
                resource(ResourceKind.LICENCE, "lic-1"),
            ),
            numbers=(
                Number(number=self.to_extension, customer_owned=True, routes_to=("101",)),
                Number(number=self.to_trunk, customer_owned=True, routes_to=("tronco",)),
            ),
        )


@dataclass(frozen=True)
class Exchange:
    """The platform with two customers in service."""

    sip: Sip
    telephony: KamailioTelephony
    leaving: Customer
    staying: Customer

    async def provision(self, customer: Customer) -> None:
        await self.telephony.provision(
            customer.seed,
            passwords={name: customer.telephone(name).password for name in ("101", "102")},
            addresses={"tronco": Address(customer.trunk_ip)},
        )

    async def codes(self, customer: Customer) -> dict[str, int]:
        """What the platform answers to everything that a customer does with telephones."""
        first, second = customer.telephone("101"), customer.telephone("102")
        return {
            "register 101": await self.sip.register(first),
            "register 102": await self.sip.register(second),
            "102 calls 101": await self.sip.call_from(second, first.account),
            "101 calls out": await self.sip.call_from(first, f"{PSTN}@{customer.domain}"),
            "trunk calls out": await self.sip.call(
                customer.trunk_ip, f"pabx@{customer.domain}", f"{PSTN}@{customer.domain}"
            ),
            **await self.codes_from_outside(customer),
        }

    async def codes_from_outside(self, customer: Customer) -> dict[str, int]:
        """What callers hear who dial the customer's numbers; nobody registers anew for it."""
        return {
            "number of an extension": await self.dial(customer, customer.to_extension),
            "number of the trunk": await self.dial(customer, customer.to_trunk),
            "extension 101 itself": await self.dial(customer, "101"),
        }

    async def dial(self, customer: Customer, number: str) -> int:
        return await self.sip.call(CARRIER_IP, f"{PSTN}@carrier.invalid", f"{number}@{customer.domain}")


IN_SERVICE = {
    "register 101": 200,
    "register 102": 200,
    "102 calls 101": 200,
    "101 calls out": 200,
    "trunk calls out": 200,
    "number of an extension": 200,
    "number of the trunk": 200,
    "extension 101 itself": 200,
}
DEAD = {
    "register 101": 404,
    "register 102": 404,
    "102 calls 101": 403,
    "101 calls out": 403,
    "trunk calls out": 403,
    "number of an extension": 404,
    "number of the trunk": 404,
    "extension 101 itself": 404,
}


@asynccontextmanager
async def exchange_on(
    server: KamailioServer, telephony: KamailioTelephony, sip: Sip
) -> AsyncIterator[Exchange]:
    """Provision both customers; their telephones and trunks and the carrier answer while the block lasts."""
    # Addresses of its own for each test: several may run at once on one machine.
    second, third = random.randint(10, 250), random.randint(0, 250)
    leaving = Customer("1042", f"127.{second}.{third}", "+551130000001", "+551130000002")
    staying = Customer("2001", f"127.{second}.{third + 1}", "+551150000001", "+551150000002")
    exchange = Exchange(sip, telephony, leaving, staying)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(sip.answering(CARRIER_IP, server.carrier_port))
        for customer in (leaving, staying):
            await exchange.provision(customer)
            for telephone in map(customer.telephone, ("101", "102")):
                await stack.enter_async_context(sip.answering(telephone.ip, telephone.port))
            await stack.enter_async_context(sip.answering(customer.trunk_ip, 5060))
        yield exchange
