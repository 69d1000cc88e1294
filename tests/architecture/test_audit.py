"""What is said of known vulnerabilities in the locks."""

import json
import runpy
import subprocess
from pathlib import Path
from typing import Any

import pytest

AUDIT = Path(__file__).parents[2] / ".ci" / "audit"
CLEAN = {"name": "h11", "version": "0.16.0", "vulns": []}
BAD = {"name": "x", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2"]}]}
UNKNOWN = {"name": "y", "skip_reason": "Dependency not found on PyPI and could not be audited"}


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        ([CLEAN], 0, ""),
        ([CLEAN, BAD], 1, "requirements.lock: x 1: PYSEC-1, fixed in 2"),
        ([UNKNOWN], 0, "skipped: nobody serves the advisories"),
        (None, 0, "skipped: nobody serves the advisories"),
    ],
)
def test_a_vulnerability_fails_and_nobody_to_ask_is_said(
    answer: list[dict[str, Any]] | None,
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    stdout = "no network" if answer is None else json.dumps({"dependencies": answer})
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 0, stdout, ""))
    assert runpy.run_path(str(AUDIT))["main"]() == code
    assert said in capsys.readouterr().out
