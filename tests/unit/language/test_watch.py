"""What a run of the billing watch says to whoever ordered it (X10)."""

import pytest

from cancellation.language import watch
from cancellation.messages.watch import WatchBatchResult


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ({}, ""),
        ({"looked": 1}, "De quem já saiu, 1 caso conferido: nada de novo."),
        (
            {"looked": 1200, "voided": 1, "settled": 2, "failed": 1},
            "De quem já saiu, 1.200 casos conferidos: 1 cobrança indevida anulada, 2 declarações de quitação "
            "enviadas e 1 caso que não pôde ser conferido agora.",
        ),
    ],
)
def test_a_run_says_what_is_new_X10(counts: dict[str, int], said: str) -> None:
    assert watch.run(counts) == said


def test_everything_that_a_run_counts_is_said_X10() -> None:
    counted = set(WatchBatchResult.model_fields) - {"cursor", "looked"}
    for name in counted:
        assert "nada de novo" not in watch.run({"looked": 1, name: 1}), name
