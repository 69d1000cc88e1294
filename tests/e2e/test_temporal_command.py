"""A whole case driven with nothing but the `temporal` command and plain JSON (contract.md)."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from embedded import temporal_binary
from tests.e2e.running_up import Said, Up, discard, running_up

CASE = "cancellation-1042"
README = Path(__file__).resolve().parents[2] / "README.md"


@pytest.fixture(scope="module")
def up(open_folder: Path) -> Iterator[Up]:
    home = open_folder / "temporal-command"
    with running_up(home, "--seed") as running:
        yield running
    discard(home)


def temporal(up: Up, *arguments: str) -> Said:
    """The `temporal` command, as anybody has it."""
    done = subprocess.run(
        [temporal_binary(), *arguments],
        env={**os.environ, "TEMPORAL_ADDRESS": up.addresses.temporal},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Said(done.returncode, done.stdout, done.stderr)


def start(up: Up, argument: object) -> Said:
    return temporal(
        up, "workflow", "start", "--type", "Cancellation", "--task-queue", "cancellations",
        "--workflow-id", CASE, "--input", json.dumps(argument),
    )  # fmt: skip


def signal(up: Up, name: str, payload: object) -> Said:
    return temporal(
        up, "workflow", "signal", "--workflow-id", CASE, "--name", name, "--input", json.dumps(payload)
    )


def update(up: Up, name: str, payload: object) -> Said:
    return temporal(
        up, "workflow", "update", "execute", "--workflow-id", CASE, "--name", name,
        "--input", json.dumps(payload), "--output", "json",
    )  # fmt: skip


def query(up: Up, name: str) -> Any:
    said = temporal(up, "workflow", "query", "--workflow-id", CASE, "--type", name, "--output", "json")
    assert said.code == 0, said
    return said.json["queryResult"][0]


def result(up: Up) -> Any:
    said = temporal(up, "workflow", "result", "--workflow-id", CASE, "--output", "json")
    assert said.code == 0, said
    return said.json["result"]


def test_whole_case_with_the_temporal_command_and_plain_json(up: Up) -> None:
    request = {"channel": "whatsapp", "text": "Quero cancelar", "actor": "bot-whatsapp"}
    assert start(up, {"customer_id": "1042", "request": request, "policy": None}).code == 0
    joined = update(up, "request_checked", {"channel": "phone", "text": "Ligou", "actor": "bia"})
    assert joined.code == 0, joined
    assert '"accepted":true' in joined.out.replace(" ", "")

    offer = {"offer_id": "of-1", "kind": "plan_adjustment", "description": "Plano menor", "status": "made"}
    assert signal(up, "retention_offer", offer).code == 0

    refused = update(up, "retention_outcome_checked", {"outcome": "declined"})
    assert refused.code != 0
    assert "“reason”: campo obrigatório ausente" in refused.err + refused.out
    reason = {"category": "price", "text": "Caro demais"}
    assert update(up, "retention_outcome_checked", {"outcome": "declined", "reason": reason}).code == 0
    assert query(up, "status")["stage"] == "awaiting_formalization"

    # An e-mail of forty days ago that is reported only now: the notice is over as soon as it is known (P8).
    mail = {
        "message_id": "<CAKx7pQm@mail.gmail.com>",
        "sender": "rita@acme.com.br",
        "recipients": ["financeiro@nuvemjti.com.br"],
        "received_at": (datetime.now(UTC) - timedelta(days=40)).isoformat(),
        "subject": "Cancelamento",
        "explicit_request": True,
        "reason": "Caro demais",
        "authentication": "pass",
    }
    assert signal(up, "formalization", mail).code == 0
    assert query(up, "status")["missing"] == ["recipient:comercial@nuvemjti.com.br"]
    mail |= {"message_id": "<second@mail.gmail.com>", "recipients": ["comercial@nuvemjti.com.br"]}
    assert signal(up, "formalization", mail).code == 0

    ended = result(up)
    assert ended["outcome"] == "closed"
    assert ended["released"] == {"extensions": 8, "trunks": 1, "licences": 4, "numbers": 3}
    status = query(up, "status")
    assert (status["stage"], status["crm_status"]) == ("closed", "Cancelado")
    trail = query(up, "trail")
    assert [entry["seq"] for entry in trail] == list(range(1, ended["trail_entries"] + 1))
    kinds = {entry["kind"] for entry in trail}
    assert {"request_received", "message_refused", "fields_filled", "formalized", "closed"} <= kinds


def test_commands_of_the_readme_work_as_they_stand(up: Up, tmp_path: Path) -> None:
    found = re.search(
        r"<!-- run by \S+ -->\n```bash\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL
    )
    assert found is not None
    (tmp_path / ".cancelamento").symlink_to(up.home)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", found[1]],
        cwd=tmp_path,
        env={**os.environ, "PATH": f"{temporal_binary().parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "CAN-" in done.stdout
    assert "withdrawn" in done.stdout
