"""Plain requests with a reason, put in many ways: nearly each must be understood whole, and none denied (P7)."""

from pathlib import Path

import pytest

from cancellation.understanding import understand_text

PLAIN = Path(__file__).with_name("plain_requests.txt").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("text", PLAIN)
def test_plain_request_is_never_denied_P7(text: str) -> None:
    understood = understand_text("", text)
    assert understood.explicit_request in (True, "unsure"), understood.why


def test_most_plain_requests_are_understood_with_their_reason_P7() -> None:
    understood = [understand_text("", text) for text in PLAIN]
    assert sum(u.explicit_request is True for u in understood) / len(PLAIN) >= 0.76
    assert sum(u.reason is not None for u in understood) / len(PLAIN) >= 0.65
