"""Sentences that hold the words of a request and are none: a wrong yes may cut somebody off (P7, P19)."""

from pathlib import Path

import pytest

from cancellation.understanding import understand_text

NEVER = Path(__file__).with_name("never_a_request.txt").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("text", NEVER)
def test_words_of_a_request_are_not_a_request_P7(text: str) -> None:
    assert understand_text("", text).explicit_request is not True
    assert understand_text("Assunto", f"Bom dia,\n\n{text}\n\nAtt,\nRita").explicit_request is not True
