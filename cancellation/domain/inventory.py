"""What a customer occupies: extensions, trunks, licences, numbers (P9, P13, P17)."""

from enum import StrEnum
from typing import Annotated, Final

from pydantic import AfterValidator

from cancellation.domain.values import PhoneNumber, PortStatus, Value

MOST_LABEL: Final = 100
"""Characters of a label. It is only read by people, and one that is endless must not stop a whole closing."""


def _readable(label: str) -> str:
    """The label in one line of visible characters, cut where it is too long."""
    line = " ".join("".join(char if char.isprintable() else " " for char in label[: 4 * MOST_LABEL]).split())
    return line if len(line) <= MOST_LABEL else f"{line[: MOST_LABEL - 1]}…"


Label = Annotated[str, AfterValidator(_readable)]


class ResourceKind(StrEnum):
    """What closing must release (P17)."""

    EXTENSION = "extension"
    TRUNK = "trunk"
    LICENCE = "licence"


class Resource(Value):
    """An extension, trunk or licence of a customer that is not released yet."""

    kind: ResourceKind
    resource_id: str
    label: Label
    active: bool


class Number(Value):
    """A number that routes to a customer and is neither released nor ported away."""

    number: PhoneNumber
    customer_owned: bool
    routes_to: tuple[str, ...] = ()
    """Ids of the resources that the number needs to work."""
    active: bool = True
    port: PortStatus | None = None


class Inventory(Value):
    """Everything that a customer still occupies; empty in every part when all is released."""

    customer_id: str
    extensions: tuple[Resource, ...] = ()
    trunks: tuple[Resource, ...] = ()
    licences: tuple[Resource, ...] = ()
    numbers: tuple[Number, ...] = ()

    @property
    def resources(self) -> tuple[Resource, ...]:
        """Extensions, trunks and licences together."""
        return self.extensions + self.trunks + self.licences
