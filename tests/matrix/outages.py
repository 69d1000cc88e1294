"""What can go wrong with an outside call, and for how long."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from cancellation.domain.values import Team
from cancellation.letters import Letterhead
from tests.durable.customers import address_of
from tests.matrix.frail import Frail, FrailHouse
from tests.matrix.ports import SEND, Call

CUSTOMER: Final = "customer"
AUDIENCES: Final = (CUSTOMER, *(team.value for team in Team))


class Kind(StrEnum):
    """A way of failing."""

    SLOW = "slow"
    HOUR = "failing_an_hour"
    DAYS = "failing_three_days"
    LOST = "answer_lost"
    REFUSED = "refused_for_good"
    DEFERRED = "one_recipient_deferred"


LASTS: Final = {
    Kind.HOUR: timedelta(hours=1),
    Kind.DAYS: timedelta(days=3),
    Kind.REFUSED: timedelta(hours=3),
    Kind.DEFERRED: timedelta(days=3),
}
"""By the virtual clock; what is not here lasts as long as the stage."""


@dataclass(frozen=True)
class Outage:
    """One call that goes wrong; alone, or with another system that is down for an hour at the same time."""

    call: Call
    kind: Kind
    audience: str = ""
    """Who cannot be reached, of a recipient that is deferred."""
    another: str | None = None

    def __str__(self) -> str:
        to = f"({self.audience})" if self.audience else ""
        beside = f" with {self.another} down" if self.another else ""
        return f"{self.call}{to} {self.kind.value}{beside}"

    @property
    def lasts(self) -> timedelta | None:
        """How long; None: for the whole stage."""
        return LASTS.get(self.kind)

    def fails(self) -> Iterator[str]:
        """What cannot be had while it lasts: calls, whole systems (`billing.*`), audiences (`mailer.send:finance`)."""
        if self.kind is Kind.DEFERRED:
            yield f"{SEND}:{self.audience}"
        elif self.lasts is not None:
            yield str(self.call)

    def begin(self, house: FrailHouse, customer_id: str) -> None:
        """From now on."""
        system = house.broken[self.call.system]
        assert isinstance(system, Frail)
        match self.kind:
            case Kind.SLOW:
                system.becomes_slow(self.call.method)
            case Kind.HOUR | Kind.DAYS:
                system.goes_down(self.call.method)
            case Kind.LOST:
                system.loses_answers(2, self.call.method)
            case Kind.REFUSED if self.call == SEND:
                for audience in AUDIENCES:
                    house.mailer.adapter.refuse(_address(audience, customer_id))
            case Kind.REFUSED:
                system.refuses(self.call.method)
            case Kind.DEFERRED:
                house.mailer.adapter.delay(_address(self.audience, customer_id))
        if self.another is not None:
            house.broken[self.another].goes_down()

    def end(self, house: FrailHouse) -> None:
        """It works again."""
        house.broken[self.call.system].recovers()
        if self.call == SEND:
            house.mailer.adapter.recover()

    def end_of_the_other(self, house: FrailHouse) -> None:
        """The other system works again."""
        if self.another is not None:
            house.broken[self.another].recovers()


def _address(audience: str, customer_id: str) -> str:
    return address_of(customer_id) if audience == CUSTOMER else Letterhead().team_address(Team(audience))
