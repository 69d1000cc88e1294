"""The stories that are walked, and what may come next wherever a worker stops (X22)."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any

from tests.durable.house import CaseDriver

Step = Callable[[CaseDriver], Awaitable[Any]]
Arrival = Callable[[CaseDriver], Awaitable[None]]

# ------------------------------------------------------------------------- what may come next


async def an_update(case: CaseDriver) -> None:
    """One more contact, by somebody who waits for the answer."""
    contact = {"channel": "phone", "text": "E aí?", "actor": "bia"}
    await case.handle.execute_update("request_checked", contact)


async def a_signal(case: CaseDriver) -> None:
    """One more contact, by somebody who does not wait."""
    await case.signal("request", channel="phone", text="E aí?", actor="bia")


async def a_query(case: CaseDriver) -> None:
    """Somebody looks."""
    await case.handle.query("status")


async def a_timer(case: CaseDriver) -> None:
    """Time passes, over whatever is due within some hours."""
    await case.forward(timedelta(hours=30))


LOOK = "query"
"""The one that leaves nothing behind."""
ARRIVALS: dict[str, Arrival] = {"update": an_update, "signal": a_signal, LOOK: a_query, "timer": a_timer}

# ------------------------------------------------------------------------------------ stories


async def _decline(case: CaseDriver) -> None:
    await case.decline()


async def _formalize(case: CaseDriver) -> None:
    await case.formalize()


async def _half_a_formalization(case: CaseDriver) -> None:
    await case.formalize(message_id="<meia@cliente>", recipients=["financeiro@nuvemjti.com.br"], reason=None)


async def _offer(case: CaseDriver) -> None:
    offer = {"offer_id": "o1", "kind": "training", "description": "Treinamento", "actor": "ana"}
    await case.check("retention_offer", **offer, status="accepted")


async def _retain(case: CaseDriver) -> None:
    reason = {"category": "features", "text": "Não usamos tudo"}
    await case.check("retention_outcome", outcome="retained", reason=reason, actor="ana")


async def _discard(case: CaseDriver) -> None:
    await case.check("discard", reason="Engano", actor="ana")


async def _withdraw(case: CaseDriver) -> None:
    await case.check("withdrawal", reason="Fica", actor="ana")


async def _recordings(case: CaseDriver) -> None:
    await case.check("recordings_request", actor="ana")


async def _port(case: CaseDriver) -> None:
    number = next(one.number for one in case.seed.numbers if one.customer_owned)
    await case.check("portability", number=number, status="requested", actor="leo")


async def _ported(case: CaseDriver) -> None:
    number = next(one.number for one in case.seed.numbers if one.customer_owned)
    await case.check("portability", number=number, status="completed", actor="leo")


async def _stop(case: CaseDriver) -> None:
    await case.handle.cancel()


def _days(count: int) -> Step:
    async def pass_by(case: CaseDriver) -> None:
        await case.forward(timedelta(days=count))

    return pass_by


STORIES: dict[str, Sequence[Step]] = {
    "closed": (_decline, _half_a_formalization, _formalize, _recordings, _days(28), _days(4)),
    "held": (_decline, _formalize, _port, _days(28), _days(4), _ported),
    "retained": (_offer, _days(8), _retain),
    "withdrawn": (_decline, _formalize, _recordings, _days(3), _withdraw),
    "lapsed": (_decline, _half_a_formalization, _days(21), _days(12)),
    "discarded": (_decline, _discard),
    "stopped": (_decline, _formalize, _stop),
}
"""Outcome to what happens, one thing after the other."""
