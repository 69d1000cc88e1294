"""The production-like set: taken by Compose itself, and read as far as it can be without an engine."""

import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from cancellation.key_ring import KeyRing
from cancellation.settings import Settings, secret_variables
from starters.cli.checking import known_variables, unknown_variable
from starters.desk import serving as desk_serving
from starters.gateway import serving as gateway_serving
from starters.inbox import main as inbox_main
from starters.monitor import serving as monitor_serving
from tests import compose
from tests.compose import CHECKOUT, FILE, SAID, linted, program, taken
from workers import wiring

ONE_SHOT = {"temporal-schema", "setup"}
OURS = {"worker", "inbox", "gateway", "desk", "monitor"}
WORKERS = {"worker", "worker-next"}
SERVERS = {"postgres", "temporal", "mail", "prometheus", "grafana", "codec"} | OURS | WORKERS
WRITES_BESIDE_ITS_PROGRAM = {"temporal-ui"}
NOT_TO_BE_MET = {
    # Built where it is started: a digest is what comes of it.
    "CL-0019": OURS | WORKERS | {"codec", "setup"},
    # The mail door: at the address that the administrator says.
    "CL-0005": {"inbox"},
    "CL-0007": WRITES_BESIDE_ITS_PROGRAM,
}
"""What the linter finds and nobody mends, and of whom."""
BY_HAND = 20
"""Connections left for people and for what starts while another ends."""


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    """As they stand in the file."""
    services: dict[str, Any] = yaml.safe_load(FILE.read_text())["services"]
    return services


# ---------------------------------------------------------------------------------------- Compose's own word


def test_compose_takes_the_file_without_a_warning(composed: dict[str, Any], services: dict[str, Any]) -> None:
    assert composed.keys() == services.keys()


def test_a_linter_finds_nothing_that_can_be_mended(composed: dict[str, Any]) -> None:
    found = linted()
    known = {(rule, service) for rule, services in NOT_TO_BE_MET.items() for service in services}
    assert found - known == set()
    assert {rule for rule, _ in found} == NOT_TO_BE_MET.keys()


@pytest.mark.parametrize("variable", SAID)
def test_what_must_be_said_is_asked_for_by_name(variable: str) -> None:
    done = taken({name: value for name, value in SAID.items() if name != variable})
    assert not done.stdout
    assert f"required variable {variable} is missing a value" in done.stderr


def test_no_mail_is_caught_unless_somebody_asks_for_a_demonstration() -> None:
    services = json.loads(taken(SAID).stdout)["services"]
    assert "mail" not in services
    worker = services["worker"]["environment"]
    assert (worker["CANCELAMENTO_SMTP_HOST"], worker["CANCELAMENTO_SMTP_SECURITY"]) == (
        "smtp.exemplo.com.br",
        "starttls",
    )


def test_the_mail_door_is_where_the_administrator_says(composed: dict[str, Any]) -> None:
    (port,) = composed["inbox"]["ports"]
    environment = composed["inbox"]["environment"]
    assert (port["host_ip"], port["published"]) == ("10.0.0.5", "2525")
    assert str(port["target"]) == environment["CANCELAMENTO_INBOX_LISTENER_PORT"]
    assert environment["CANCELAMENTO_INBOX_LISTENER_PEERS"] == "10.0.0.0/24"
    assert "CANCELAMENTO_INBOX_MAILBOXES_FILE" in environment


def test_everything_is_confined(composed: dict[str, Any]) -> None:
    for name, service in composed.items():
        assert service.get("read_only", False) is (name not in WRITES_BESIDE_ITS_PROGRAM), name
        assert service["cap_drop"] == ["ALL"], name
        assert "cap_add" not in service, name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["logging"]["options"] == {"max-size": "10m", "max-file": "5"}, name
        assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory", "pids"}, name


def test_everything_restarts_and_servers_say_how_they_are(composed: dict[str, Any]) -> None:
    for name, service in composed.items():
        assert service["restart"] == ("on-failure:5" if name in ONE_SHOT else "unless-stopped"), name
    assert {name for name, service in composed.items() if "healthcheck" in service} == SERVERS
    for name in OURS:
        assert "/ready'" in composed[name]["healthcheck"]["test"][-1]
    assert composed["postgres"]["healthcheck"]["test"][1:4] == ["pg_isready", "-h", "127.0.0.1"]


# ---------------------------------------------------------------------------------------- secrets and roles


def given(service: dict[str, Any]) -> set[str]:
    """The secrets that a service can read."""
    return {one["source"] for one in service.get("secrets", ())}


def test_no_secret_stands_in_an_environment(composed: dict[str, Any]) -> None:
    for name, service in composed.items():
        for variable, value in service.get("environment", {}).items():
            if variable.removesuffix("_FILE") in secret_variables() or re.search(
                "PASSWORD|SECRET|PWD", variable
            ):
                assert variable.endswith("_FILE"), f"{name}: {variable}"
                assert Path(value).parent == Path("/run/secrets"), f"{name}: {variable}"
                assert Path(value).name in given(service), f"{name}: {variable}"


def test_each_process_logs_in_as_its_own_role_and_knows_no_other_password_P19(
    composed: dict[str, Any],
) -> None:
    for name in OURS:
        environment = composed[name]["environment"]
        own = f"cancelamento_{name}"
        assert environment["CANCELAMENTO_DATABASE_USER"] == own
        assert environment["CANCELAMENTO_DATABASE_PASSWORD_FILE"] == f"/run/secrets/{own}"
        assert {secret for secret in given(composed[name]) if secret.startswith("cancelamento_")} == {own}
    owners = {name for name, service in composed.items() if "cancelamento_owner" in given(service)}
    assert owners == {"postgres", "setup"}


def test_the_links_key_is_the_workers_alone(composed: dict[str, Any]) -> None:
    assert {name for name, service in composed.items() if "link_secret" in given(service)} == WORKERS


def test_a_next_versions_workers_are_the_workers_and_start_only_for_an_upgrade_X22(
    composed: dict[str, Any],
) -> None:
    assert "worker-next" not in compose.composed(SAID)
    next_ones = {key: value for key, value in composed["worker-next"].items() if key != "profiles"}
    assert next_ones == composed["worker"]


def test_whoever_speaks_to_temporal_of_cases_has_the_keys_and_nobody_else(composed: dict[str, Any]) -> None:
    with_keys = {name for name, service in composed.items() if "codec_keys" in given(service)}
    assert with_keys == {"inbox", "desk", "codec"} | WORKERS
    for name in with_keys:
        assert composed[name]["environment"]["CANCELAMENTO_CODEC_KEYS_FILE"] == "/run/secrets/codec_keys"


def test_the_web_ui_asks_the_codec_server_which_answers_it_alone_and_only_decrypts() -> None:
    said = {**SAID, "CODEC_PUBLIC_URL": "https://codec.exemplo.br", "WEB_UI_ORIGIN": "https://ui.exemplo.br"}
    for given_too, public, origin in (
        (SAID, "http://127.0.0.1:8082", "http://127.0.0.1:8233"),
        (said, "https://codec.exemplo.br", "https://ui.exemplo.br"),
    ):
        services = json.loads(taken(given_too).stdout)["services"]
        codec, web_ui = services["codec"]["environment"], services["temporal-ui"]["environment"]
        assert web_ui["TEMPORAL_CODEC_ENDPOINT"] == codec["CANCELAMENTO_CODEC_PUBLIC_URL"] == public
        assert web_ui["TEMPORAL_CODEC_INCLUDE_CREDENTIALS"] == "true"
        assert codec["CANCELAMENTO_CODEC_WEB_UI"] == origin
        assert "CANCELAMENTO_CODEC_ENCODES" not in codec
        (port,) = services["codec"]["ports"]
        assert str(port["target"]) == codec["CANCELAMENTO_CODEC_PORT"]


def test_the_keys_that_are_made_can_be_used_and_stay(tmp_path: Path) -> None:
    program("openssl")
    made = shutil.copy(CHECKOUT / "deploy" / "secrets" / "make.sh", tmp_path)
    rings = []
    for _ in range(2):
        subprocess.run(["sh", made], check=True, capture_output=True)
        rings.append(KeyRing.parse((tmp_path / "codec_keys").read_text()))
    assert rings[0] == rings[1]
    assert rings[0].current == "1"
    assert len((tmp_path / "codec_token").read_text()) >= 20


def test_whoever_makes_secrets_makes_every_one_that_nobody_is_given() -> None:
    secrets = yaml.safe_load(FILE.read_text())["secrets"]
    script = (CHECKOUT / "deploy" / "secrets" / "make.sh").read_text()
    for name, where in secrets.items():
        assert where == {"file": f"deploy/secrets/{name}"}
        assert re.search(rf"\b{name}\b", script), name


def test_every_variable_of_ours_is_one_and_the_settings_can_be_read(
    composed: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").write_text("x")
    (tmp_path / "mailboxes").write_text("[]")
    (tmp_path / "codec_keys").write_text('{"current": null, "keys": {}}')
    known = set(map(str.upper, known_variables()))
    for name in OURS | {"setup"}:
        environment = composed[name]["environment"]
        ours = {key: value for key, value in environment.items() if key.startswith("CANCELAMENTO_")}
        assert set(ours) <= known, name
        assert unknown_variable(ours) is None
        with monkeypatch.context() as patch:
            for variable, value in ours.items():
                secret = Path(value).name if Path(value).name in ("mailboxes", "codec_keys") else "secret"
                patch.setenv(variable, str(tmp_path / secret) if variable.endswith("_FILE") else value)
            assert "postgres:5432" in Settings().require_database_url()
    example = (CHECKOUT / "deploy" / "cancelamento.env.example").read_text()
    named = set(re.findall(r"^(\w+)=", example, re.MULTILINE))
    assert len(named) > 5
    assert named <= known


# ---------------------------------------------------------------------------------------- sizes


def test_both_ends_of_the_database_agree_about_connections(composed: dict[str, Any]) -> None:
    settings = dict(argument.split("=") for argument in composed["postgres"]["command"] if "=" in argument)
    temporal = composed["temporal"]["environment"]
    of_temporal = 4 * (int(temporal["SQL_MAX_CONNS"]) + int(temporal["SQL_VIS_MAX_CONNS"]))
    one_at_the_start = len(OURS) - 1 + composed["worker"]["deploy"]["replicas"]
    of_ours = (
        composed["worker"]["deploy"]["replicas"] * wiring._CONNECTIONS
        + inbox_main._CONNECTIONS
        + gateway_serving._CONNECTIONS
        + desk_serving._CONNECTIONS
        + monitor_serving._CONNECTIONS
        + one_at_the_start
    )
    of_the_next = composed["worker-next"]["deploy"]["replicas"] * (wiring._CONNECTIONS + 1)
    superusers = 3
    assert of_temporal + of_ours + of_the_next + superusers + BY_HAND <= int(settings["max_connections"])
    told = re.search(
        r"Temporal takes at most (\d+) .*our processes (\d+), the workers of a next version (\d+)",
        FILE.read_text(),
    )
    assert told
    assert [int(one) for one in told.groups()] == [of_temporal, of_ours, of_the_next]


def test_what_temporal_fixes_for_ever_is_said(composed: dict[str, Any]) -> None:
    environment = composed["temporal"]["environment"]
    assert environment["NUM_HISTORY_SHARDS"] == "512"
    file = Path(environment["DYNAMIC_CONFIG_FILE_PATH"])
    (source,) = [
        volume["source"] for volume in composed["temporal"]["volumes"] if volume["target"] == str(file.parent)
    ]
    values = yaml.safe_load((Path(source) / file.name).read_text())
    assert all(isinstance(one["value"], int | str | bool) for given in values.values() for one in given)


# ---------------------------------------------------------------------------------------- without Compose


def test_every_image_is_pinned(services: dict[str, Any]) -> None:
    bases = re.findall(r"^FROM (\S+)", (CHECKOUT / "Dockerfile").read_text(), re.MULTILINE)
    ours = {name for name, service in services.items() if "build" in service}
    for image in [*bases, *(service["image"] for name, service in services.items() if name not in ours)]:
        assert re.fullmatch(r"[\w./-]+:v?\d+\.\d+[\w.-]*@sha256:[0-9a-f]{64}", image), image
    (built,) = {services[name]["image"] for name in ours}
    assert re.fullmatch(r"cancelamento:\d+\.\d+\.\d+", built)


def test_the_web_ui_has_no_button_that_ends_a_case_without_a_name_X24(services: dict[str, Any]) -> None:
    environment = services["temporal-ui"]["environment"]
    for action in ("WORKFLOW_CANCEL", "WORKFLOW_TERMINATE", "WORKFLOW_RESET", "BATCH_ACTIONS"):
        assert environment[f"TEMPORAL_{action}_DISABLED"] == "true"


def test_only_loopback_is_published_and_the_mail_door(services: dict[str, Any]) -> None:
    for name, service in services.items():
        for port in service.get("ports", []):
            assert port.startswith("${INBOX_LISTEN:?" if name == "inbox" else "127.0.0.1:"), name


def test_what_is_mounted_or_built_from_the_checkout_is_there(services: dict[str, Any]) -> None:
    for service in services.values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert not source.startswith(".") or (CHECKOUT / source).exists(), source
    for file in (CHECKOUT / "deploy").rglob("*"):
        if file.suffix in (".yml", ".yaml"):
            assert all(yaml.safe_load_all(file.read_text()))
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
