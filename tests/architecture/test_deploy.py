"""The production-like set, read as far as it can be without running it."""

import json
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

CHECKOUT = Path(__file__).parents[2]
ONE_SHOT = {"temporal-schema", "temporal-namespace", "setup"}
SERVERS = {"postgres", "temporal", "worker", "gateway", "desk", "mail", "prometheus", "grafana"}


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    services: dict[str, Any] = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text())["services"]
    return services


def test_every_image_is_pinned(services: dict[str, Any]) -> None:
    for name, service in services.items():
        tag = service["image"].rpartition(":")[2]
        assert re.search(r"\d+\.\d+", tag), name


def test_everything_restarts_and_servers_say_how_they_are(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert service["restart"] == ("on-failure:5" if name in ONE_SHOT else "unless-stopped"), name
    assert {name for name, service in services.items() if "healthcheck" in service} == SERVERS


def test_the_web_ui_has_no_button_that_ends_a_case_without_a_name_X24(services: dict[str, Any]) -> None:
    environment = services["temporal-ui"]["environment"]
    for action in ("WORKFLOW_CANCEL", "WORKFLOW_TERMINATE", "WORKFLOW_RESET", "BATCH_ACTIONS"):
        assert environment[f"TEMPORAL_{action}_DISABLED"] == "true"


def test_no_secret_stands_in_the_file(services: dict[str, Any]) -> None:
    for service in services.values():
        for variable, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET|PWD|DATABASE_URL", variable):
                assert "${" in value, variable


def test_only_loopback_is_published(services: dict[str, Any]) -> None:
    for service in services.values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


def test_what_is_mounted_or_built_from_the_checkout_is_there(services: dict[str, Any]) -> None:
    for service in services.values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert not source.startswith(".") or (CHECKOUT / source).exists(), source
    for file in (CHECKOUT / "deploy").rglob("*"):
        if file.suffix == ".yml":
            assert yaml.safe_load(file.read_text())
        if file.suffix == ".json":
            assert json.loads(file.read_text())["panels"]
        if file.suffix == ".sh":
            subprocess.run(["sh", "-n", str(file)], check=True)


def test_the_image_holds_every_package_and_what_its_metadata_names() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
    needed = {*project["tool"]["importlinter"]["root_packages"], project["project"]["readme"], "LICENSE"}
    copied = re.findall(r"^COPY (?!--)(.+) \S+$", (CHECKOUT / "Dockerfile").read_text(), re.MULTILINE)
    assert needed <= {name for names in copied for name in names.split()}
    assert needed <= {line.lstrip("!") for line in (CHECKOUT / ".dockerignore").read_text().splitlines()}
