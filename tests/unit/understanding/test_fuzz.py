"""No message, however it is made, breaks the reader, costs much, or passes for one of a vouched sender (X8, X9).

`FUZZ=20000 python -m pytest tests/unit/understanding/test_fuzz.py` tries more messages from a random start; what it
finds is written to `corpus/`, where the next run reads it first.
"""

import os
import random
import time
from pathlib import Path

import pytest

from cancellation.understanding import Action, read_message, understand, verdict
from tests.turns import WHOLE
from tests.unit.understanding.fuzz import made
from tests.unit.understanding.letters import MAILBOXES, TRUSTED
from tests.unit.understanding.test_decide import DIRECTORY, NOW

CORPUS = Path(__file__).with_name("corpus")
KEPT = sorted(CORPUS.glob("*.eml"))
MESSAGES = int(os.environ.get("FUZZ", "1000" if WHOLE else "60"))
START = random.SystemRandom().randrange(10**9) if "FUZZ" in os.environ else 0


def fault_of(raw: bytes, *, vouched: bool) -> str | None:
    """What is wrong with how a message is read, None for nothing."""
    start = time.process_time()
    try:
        reading = read_message(raw)
        reading.model_validate_json(reading.model_dump_json())
        got = understand(reading, DIRECTORY, MAILBOXES, TRUSTED, now=NOW)
        authenticated = verdict(reading, TRUSTED).verdict
    except Exception as error:  # whatever it is, it is a fault
        return f"{type(error).__name__}: {error}"
    if time.process_time() - start > 1:
        return "more than a second"
    if authenticated == "pass" and not vouched:
        return "passes for a vouched sender"
    if got.action is Action.ACCEPT and (authenticated != "pass" or reading.damage or reading.unread):
        return "accepted without a verdict, or without having been surely read"
    return None


def accepts(raw: bytes) -> bool:
    return understand(read_message(raw), DIRECTORY, MAILBOXES, TRUSTED, now=NOW).action is Action.ACCEPT


@pytest.mark.sampled
def test_messages_made_at_random_are_read_X8_X9() -> None:
    accepted = 0
    for seed in range(START, START + MESSAGES):
        message = made(seed)
        fault = fault_of(message.raw, vouched=message.vouched)
        if fault:
            CORPUS.mkdir(exist_ok=True)
            kind = "vouched" if message.vouched else "forged"
            (CORPUS / f"{kind}-{seed}.eml").write_bytes(message.raw)
        assert fault is None, f"seed {seed}: {fault}"
        accepted += accepts(message.raw)
    assert accepted, "what is sound among them counts"


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_messages_that_once_were_read_wrongly_are_read_X8_X9(path: Path) -> None:
    assert fault_of(path.read_bytes(), vouched=path.name.startswith("vouched")) is None
