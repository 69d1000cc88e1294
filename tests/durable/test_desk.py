"""What the desk sees of whole cases on the real server: the script before it goes out, what Commercial tried (X24)."""

from datetime import UTC, datetime

from cancellation.messages.letters import Letter
from tests.durable.house import House


async def test_the_script_that_is_shown_is_the_one_that_goes_out_X24(house: House) -> None:
    case = await house.open()
    await case.quiet()
    shown = await case.handle.query("script", result_type=Letter)
    assert case.letters("script") == []
    await case.decline()
    await case.quiet()
    (sent,) = case.letters("script")
    assert (shown.content, shown.to, shown.key) == (sent.content, sent.to, sent.key)


async def test_the_script_is_shown_as_of_today_however_long_nothing_has_happened_X25(house: House) -> None:
    case = await house.open()
    await case.quiet()
    asked = datetime.now(UTC)
    # The case's own clock stands still while it waits for people.
    assert (await case.handle.query("script", result_type=Letter)).at >= asked


async def test_what_commercial_tried_reaches_the_crm_as_data_P3_P4_X26(house: House) -> None:
    case = await house.open()
    await case.quiet()
    offer = {"offer_id": "o1", "kind": "training", "description": "Treinamento", "actor": "ana"}
    await case.check("retention_offer", status="made", **offer)
    await case.check("retention_offer", status="refused", **offer)
    await case.decline()
    await case.quiet()
    held = house.crm.adapter.all_cases()[await case.case_id()]
    assert {key: (one.kind.value, one.status.value) for key, one in held.offers.items()} == {
        "o1": ("training", "refused")
    }
    assert held.decision is not None
    assert (held.decision.outcome.value, held.decision.actor) == ("declined", "ana")
    assert held.decision.reason.text == "Ficou caro"
    assert list(held.stages) == ["retention", "awaiting_formalization"]
    await case.check(
        "retention_outcome", outcome="retained", reason=held.decision.reason.model_dump(), actor="bia"
    )
    await case.result()
    assert held.decision.actor == "bia"
    assert list(held.stages) == ["retention", "awaiting_formalization", "retained"]
    await house.replays()
