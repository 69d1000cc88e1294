"""Whoever reads the trail sees which message led to what, and every effect outside (P20)."""

from typing import Any

from cancellation.contract import FACTS
from tests.durable.customers import own_numbers
from tests.durable.house import House

REASON = {"category": "price", "text": "Ficou caro"}


async def test_every_entry_that_a_message_led_to_names_it_P20(house: House) -> None:
    case = await house.open(message_id="request-1")
    await case.quiet()
    number = own_numbers(case.seed)[0]
    offer = {"offer_id": "o1", "kind": "training", "description": "Treinamento", "status": "made"}
    told: list[tuple[str, dict[str, Any]]] = [
        ("request", {"channel": "phone", "text": "E aí?"}),
        ("retention_offer", offer),
        ("retention_outcome", {"outcome": "declined", "reason": REASON}),
        ("formalization", await case.email()),
        ("recordings_request", {}),
        ("portability", {"number": number, "status": "requested"}),
        ("resend", {"letter": "notice_started"}),
        ("discard", {"reason": "Tarde demais"}),
        ("withdrawal", {"reason": "Fica"}),
    ]
    for name, fields in told:
        await case.signal(name, **fields | {"message_id": f"{name}-2", "actor": "ana"})
        await case.quiet()
    assert {name for name, _ in told} | {"bounce"} == {fact.name for fact in FACTS}
    await case.result()
    trail = await case.trail()
    for name, _ in [("request", {}), *told]:
        assert [entry for entry in trail if entry.message_id in (f"{name}-1", f"{name}-2")], name
    reported = {entry.seq for entry in trail if entry.actor in ("ana", "bot")}
    assert reported <= {entry.seq for entry in trail if entry.message_id is not None}
    said = [entry.detail for entry in trail if entry.kind == "crm_updated"]
    assert "status do cliente “Em retenção”; tarefa aberta" in said[0]
    assert "status do cliente “Ativo”; caso encerrado" in said[-1]
    assert await house.replays() == 1
