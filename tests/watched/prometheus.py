"""Prometheus's own programs: the release of docker-compose.yml where somebody built it, else Debian's.

`python -m tests.watched.prometheus` builds the release with Go's own client and keeps it in the user's cache; it takes
minutes, so no test does.
"""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

_MODULE: Final = "github.com/prometheus/prometheus"
_VERSION: Final = "v0.316.0"
"""That of the module; the release is 3.16.0."""
_TAGS: Final = "remove_all_sd,enable_dns_sd"
"""Of all the ways to find whom to ask, the one that we use."""
_KEPT: Final = (
    Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    / "cancelamento"
    / f"prometheus-{_VERSION}"
)


NOT_INSTALLED: Final = (
    "prometheus is not installed: Debian's package, or python -m tests.watched.prometheus with Go"
)


def found(name: str) -> Path | None:
    """`promtool` or `prometheus`, if it is there."""
    if (_KEPT / name).exists():
        return _KEPT / name
    return Path(debians) if (debians := shutil.which(name)) is not None else None


def program(name: str) -> Path:
    """`promtool` or `prometheus`; without either the test is skipped."""
    path = found(name)
    if path is None:
        pytest.skip(NOT_INSTALLED)
    return path


def build() -> None:
    """Build both; Go must be installed."""
    packages = [f"{_MODULE}/cmd/{name}@{_VERSION}" for name in ("promtool", "prometheus")]
    environment = {**os.environ, "GOBIN": str(_KEPT), "GOTOOLCHAIN": "local", "GOFLAGS": "-trimpath"}
    _KEPT.mkdir(parents=True, exist_ok=True)
    subprocess.run(["go", "install", "-tags", _TAGS, *packages], env=environment, check=True)


if __name__ == "__main__":
    build()
