"""Logs and metrics of every process: one JSON object a line, Prometheus where a setting asks for it.

A message is constant, what varies is a field (`extra=`). Texts, names and addresses of people are neither.
"""

import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TextIO

from cancellation.settings import LogFormat

if TYPE_CHECKING:
    from temporalio.runtime import Runtime

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}
"""Fields of every record; the last is the page server's message once more, in the colours of a terminal."""
_FROM_TEMPORAL = ("temporal_workflow", "temporal_activity")
_KEPT_FROM_TEMPORAL = ("workflow_id", "workflow_run_id", "run_id", "activity_type", "attempt")
_CORE = "temporalio.core"
"""The logger of the engine's core."""
case_at_work: ContextVar[dict[str, object]] = ContextVar("case_at_work")
"""Case id and stage of the case that this task works for: on every line that it writes."""
_TALKATIVE = {
    # It logs envelope addresses below this level.
    "mail.log": logging.WARNING,
    "asyncio": logging.WARNING,
    # Its lines hold the address asked for, and a download link is a secret.
    "uvicorn.access": logging.WARNING,
}


class JsonFormatter(logging.Formatter):
    """A log record as one line of JSON: instant (UTC), level, logger, message and the record's own fields."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= _fields(record)
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class TextFormatter(logging.Formatter):
    """A log record as a line for a person, its fields at the end."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:
        """The line without the traceback."""
        fields = " ".join(f"{name}={value}" for name, value in _fields(record).items())
        return f"{super().formatMessage(record)} {fields}".rstrip()


def configure_logging(
    level: str = "INFO", log_format: LogFormat = LogFormat.JSON, stream: TextIO | None = None
) -> None:
    """Send the whole process's logs to one stream, standard error by default."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if log_format is LogFormat.JSON else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name, floor in _TALKATIVE.items():
        logging.getLogger(name).setLevel(max(floor, root.level))


def temporal_runtime(metrics_address: str | None) -> "Runtime":
    """The runtime of a process's `Client.connect(runtime=...)`; serves Prometheus metrics at an address.

    What Temporal's own loggers know of a workflow or an activity becomes fields, as everywhere else, and the lines of
    the engine's core come through our own logging. Each call makes threads of its own: one a process.

    Args:
        metrics_address: `host:port` to serve on, or None.
    """
    # Here, because processes without a worker have logs too, and no use for twenty megabytes of library.
    from temporalio import activity, workflow
    from temporalio.runtime import (
        LogForwardingConfig,
        LoggingConfig,
        PrometheusConfig,
        Runtime,
        TelemetryConfig,
        TelemetryFilter,
    )

    workflow.logger.workflow_info_on_message = False
    activity.logger.activity_info_on_message = False
    metrics = (
        PrometheusConfig(bind_address=metrics_address, durations_as_seconds=True) if metrics_address else None
    )
    forwarding = LogForwardingConfig(
        logger=logging.getLogger(_CORE),
        append_target_to_name=False,
        prepend_target_on_message=False,
        append_log_fields_to_message=False,
    )
    core = LoggingConfig(
        filter=TelemetryFilter(core_level="WARN", other_level="ERROR"), forwarding=forwarding
    )
    return Runtime(telemetry=TelemetryConfig(logging=core, metrics=metrics))


def process_runtime(metrics_address: str | None) -> "Runtime":
    """The same for the whole process: whatever client it makes uses this one, unless it is given another.

    Args:
        metrics_address: `host:port` to serve on, or None.
    """
    from temporalio.runtime import Runtime

    runtime = temporal_runtime(metrics_address)
    Runtime.set_default(runtime, error_if_already_set=False)
    return runtime


def _fields(record: logging.LogRecord) -> dict[str, object]:
    fields: dict[str, object] = dict(case_at_work.get({}))
    for name, value in vars(record).items():
        if name == "temporal_log":
            fields |= {"target": value.target} | {f"core_{key}": one for key, one in value.fields.items()}
        elif name in _FROM_TEMPORAL and isinstance(value, dict):
            fields |= {key: value[key] for key in _KEPT_FROM_TEMPORAL if key in value}
        elif name not in _STANDARD:
            fields[name] = value
    return fields
