import asyncio
import io
import json
import logging
import urllib.request
import uuid
from collections.abc import Iterator
from datetime import datetime
from types import SimpleNamespace

import pytest
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from cancellation.settings import LogFormat
from cancellation.telemetry import case_at_work, configure_logging, temporal_runtime
from embedded.ports import free_port
from tests.contract import cases
from workflows.at_work import case_of


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield io.StringIO()
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_line_is_json_with_its_fields(stream: io.StringIO) -> None:
    configure_logging(stream=stream)
    extra = {"case_id": "c1", "stage": "notice", "temporal_workflow": {"workflow_id": "w", "task_queue": "q"}}
    logging.getLogger("x").info("stage moved", extra=extra)
    line = json.loads(stream.getvalue())
    assert datetime.fromisoformat(line.pop("at")).utcoffset() is not None
    assert line == {
        "level": "INFO", "logger": "x", "message": "stage moved", "case_id": "c1", "stage": "notice",
        "workflow_id": "w",
    }  # fmt: skip


def test_an_exception_stays_in_its_line(stream: io.StringIO) -> None:
    configure_logging(stream=stream)
    try:
        raise ValueError("não")
    except ValueError:
        logging.getLogger("x").exception("failed")
    assert "ValueError: não" in json.loads(stream.getvalue())["exception"]


def test_text_for_a_person_shows_the_fields(stream: io.StringIO) -> None:
    configure_logging("DEBUG", LogFormat.TEXT, stream)
    logging.getLogger("x").debug("stage moved", extra={"stage": "notice"})
    assert stream.getvalue().endswith("x: stage moved stage=notice\n")


def test_addresses_of_the_mail_library_stay_out(stream: io.StringIO) -> None:
    configure_logging("DEBUG", stream=stream)
    logging.getLogger("mail.log").info("sender: rita@acme.com.br")
    assert not stream.getvalue()


async def test_metrics_are_served(temporal_env: WorkflowEnvironment) -> None:
    address = f"127.0.0.1:{free_port()}"
    config = temporal_env.client.service_client.config
    client = await Client.connect(config.target_host, runtime=temporal_runtime(address))
    await client.count_workflows(f"WorkflowId = '{uuid.uuid4()}'")
    page = await asyncio.to_thread(urllib.request.urlopen, f"http://{address}/metrics", timeout=5)
    assert b"temporal_request" in page.read()


def test_lines_of_the_engines_core_are_lines_like_ours(stream: io.StringIO) -> None:
    configure_logging(stream=stream)
    logging.getLogger("temporalio.core").handle(_core_record())
    line = json.loads(stream.getvalue())
    assert (line["level"], line["message"]) == ("WARNING", "gRPC call retried")
    assert (line["target"], line["core_attempt"]) == ("temporalio_client::retry", 3)


def _core_record() -> logging.LogRecord:
    """As the library makes one of what its core says."""
    entry = SimpleNamespace(target="temporalio_client::retry", fields={"attempt": 3})
    level = {"levelno": logging.WARNING, "levelname": "WARNING"}
    given = {"name": "temporalio.core", "msg": "gRPC call retried", "temporal_log": entry}
    return logging.makeLogRecord(given | level)


def test_a_line_says_for_which_case_it_was_written(stream: io.StringIO) -> None:
    configure_logging(stream=stream)
    token = case_at_work.set(case_of(cases.record(stage="notice")))
    logging.getLogger("x").warning("telephony does not answer")
    case_at_work.reset(token)
    logging.getLogger("x").warning("alone")
    told, alone = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert (told["case_id"], told["stage"]) == ("case-a", "notice")
    assert "case_id" not in alone
