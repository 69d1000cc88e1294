"""What Kamailio's database holds of one customer, in Kamailio's own terms."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from cancellation.domain.values import PortStatus
from cancellation.messages.telephony import Inventory, Number, Resource, ResourceKind


class Account(NamedTuple):
    """The name of an extension or a trunk: an address of record."""

    user: str
    domain: str

    @classmethod
    def parse(cls, text: str) -> "Account":
        """From `user@domain`."""
        user, _, domain = text.rpartition("@")
        return cls(user, domain)

    def __str__(self) -> str:
        return f"{self.user}@{self.domain}"


@dataclass(frozen=True)
class Line:
    """An extension or a trunk."""

    account: Account
    label: str
    live: bool
    """Whether Kamailio still serves it: as its tables say, or as its servers say when those say otherwise."""


@dataclass(frozen=True)
class Route:
    """A telephone number and where its calls go."""

    number: str
    """E.164."""
    targets: tuple[Account, ...]
    customer_owned: bool
    live: bool


@dataclass(frozen=True)
class Holdings:
    """Everything of one customer, disabled or not; nothing of it when all is released."""

    domains: tuple[str, ...] = ()
    """The customer's SIP domains, the oldest first."""
    extensions: tuple[Line, ...] = ()
    trunks: tuple[Line, ...] = ()
    routes: tuple[Route, ...] = ()

    def resource_id(self, account: Account) -> str:
        """The resource's id: the bare user in the customer's first domain, the whole account in others."""
        return account.user if self.domains[:1] == (account.domain,) else str(account)

    def inventory(
        self, customer_id: str, licences: tuple[Resource, ...], ports: Mapping[str, PortStatus]
    ) -> Inventory:
        """The same in the words of the process."""
        return Inventory(
            customer_id=customer_id,
            extensions=tuple(self._resource(ResourceKind.EXTENSION, line) for line in self.extensions),
            trunks=tuple(self._resource(ResourceKind.TRUNK, line) for line in self.trunks),
            licences=licences,
            numbers=tuple(self._number(route, ports.get(route.number)) for route in self.routes),
        )

    def needed_by(self, hold: Collection[str]) -> "Things":
        """These numbers and exactly what they need to work (X6)."""
        held = [route for route in self.routes if route.number in hold]
        needed = {target for route in held if route.live for target in route.targets}
        return Things(
            extensions=frozenset(line.account for line in self.extensions if line.account in needed),
            trunks=frozenset(line.account for line in self.trunks if line.account in needed),
            numbers=frozenset(route.number for route in held),
        )

    def all(self) -> "Things":
        """Everything, disabled or not."""
        return Things(
            extensions=frozenset(line.account for line in self.extensions),
            trunks=frozenset(line.account for line in self.trunks),
            numbers=frozenset(route.number for route in self.routes),
        )

    def alive(self) -> "Things":
        """What of it still works."""
        return Things(
            extensions=frozenset(line.account for line in self.extensions if line.live),
            trunks=frozenset(line.account for line in self.trunks if line.live),
            numbers=frozenset(route.number for route in self.routes if route.live),
        )

    def _resource(self, kind: ResourceKind, line: Line) -> Resource:
        return Resource(
            kind=kind, resource_id=self.resource_id(line.account), label=line.label, active=line.live
        )

    def _number(self, route: Route, port: PortStatus | None) -> Number:
        return Number(
            number=route.number,
            customer_owned=route.customer_owned,
            routes_to=tuple(self.resource_id(target) for target in route.targets),
            active=route.live,
            port=port,
        )


@dataclass(frozen=True)
class Things:
    """A set of things on the platform: to be closed, or left over."""

    extensions: frozenset[Account] = field(default_factory=frozenset)
    trunks: frozenset[Account] = field(default_factory=frozenset)
    numbers: frozenset[str] = field(default_factory=frozenset)

    def __or__(self, other: "Things") -> "Things":
        return Things(
            self.extensions | other.extensions, self.trunks | other.trunks, self.numbers | other.numbers
        )

    def __and__(self, other: "Things") -> "Things":
        return Things(
            self.extensions & other.extensions, self.trunks & other.trunks, self.numbers & other.numbers
        )

    def __sub__(self, other: "Things") -> "Things":
        return Things(
            self.extensions - other.extensions, self.trunks - other.trunks, self.numbers - other.numbers
        )

    def __len__(self) -> int:
        return len(self.extensions) + len(self.trunks) + len(self.numbers)
