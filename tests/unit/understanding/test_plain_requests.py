"""Plain requests with a reason, put in many ways: each must be understood whole (P7)."""

from pathlib import Path

import pytest

from cancellation.understanding import understand_text

PLAIN = Path(__file__).with_name("plain_requests.txt").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("text", PLAIN)
def test_plain_request_with_its_reason_is_understood_P7(text: str) -> None:
    understood = understand_text("", text)
    assert understood.explicit_request is True, understood.why
    assert understood.reason
