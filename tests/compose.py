"""docker-compose.yml as Compose itself takes it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

CHECKOUT: Final = Path(__file__).parents[1]
FILE: Final = CHECKOUT / "docker-compose.yml"
SAID: Final = {
    "GATEWAY_PUBLIC_URL": "https://gravacoes.exemplo.com.br",
    "DESK_PUBLIC_URL": "https://mesa.exemplo.com.br",
    "SMTP_HOST": "smtp.exemplo.com.br",
    "INBOX_PEERS": "10.0.0.0/24",
    "INBOX_LISTEN": "10.0.0.5:2525",
}
"""What the administrator must say."""


def program(name: str) -> str:
    """One of the programs that the development requirements or Debian bring; without it the test is skipped."""
    own = Path(sys.executable).parent / name
    found = str(own) if own.exists() else shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed (requirements-dev.lock, .ci/run)")
    return found


def linted() -> set[tuple[str, str]]:
    """What a linter finds in the file: its rules, and the services that do not keep them."""
    done = subprocess.run(
        [program("compose-lint"), "check", "--format", "json", "--no-merge-overrides", "--no-env", str(FILE)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return {(one["rule_id"], one["service"]) for one in json.loads(done.stdout)["findings"]}


def taken(
    said: Mapping[str, str], *options: str, project: Path = CHECKOUT
) -> subprocess.CompletedProcess[str]:
    """What Compose makes of the file, from nothing but what was said.

    Args:
        said: the administrator's variables.
        options: of Compose, before its command.
        project: the folder from which the file's relative paths are meant.
    """
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "COMPOSE_DISABLE_ENV_FILE": "1"}
    where = ("-f", str(FILE), "--project-directory", str(project))
    return subprocess.run(
        [program("docker-compose"), *where, *options, "config", "--format", "json"],
        env={**environment, **said},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def composed(said: Mapping[str, str], *options: str, project: Path = CHECKOUT) -> dict[str, Any]:
    """Every service as Compose takes it, without a word of warning."""
    done = taken(said, *options, project=project)
    # Its exit code is lost on the way through the package; what it says is not.
    assert done.stderr == ""
    services: dict[str, Any] = json.loads(done.stdout)["services"]
    return services
