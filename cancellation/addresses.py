"""Where the servers of a running `cancelamento up` are, and which Temporal a client speaks to.

Apart from the settings, of which the client needs nothing: Temporal's library and pydantic are enough for it.
"""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, ConfigDict, ValidationError

from cancellation.secret_files import read_secret

if TYPE_CHECKING:
    from temporalio.envconfig import ClientConnectConfig

ADDRESSES_FILE: Final = "addresses.json"
DEFAULT_TEMPORAL_ADDRESS: Final = "127.0.0.1:7233"
DEFAULT_NAMESPACE: Final = "default"


class Addresses(BaseModel):
    """Where the parts of a running `cancelamento up` listen: the content of `addresses.json`."""

    model_config = ConfigDict(frozen=True)

    temporal: str
    namespace: str
    web_ui: str
    gateway: str
    database_url: str
    smtp_in: str
    outbox: str
    smtp_out: str = ""
    """`host:port` of the loopback server that takes our outgoing mail and keeps it in the outbox."""
    desk: str = ""
    """Where Commercial works."""
    virtual_clock: bool = False
    pid: int = 0
    """Process that keeps everything up: the file of one that was killed is told from a living one's."""


def read_addresses(home: Path) -> Addresses | None:
    """Where a `cancelamento up` on this home listens, or None where none is up."""
    try:
        addresses = Addresses.model_validate_json((home / ADDRESSES_FILE).read_bytes())
    except (FileNotFoundError, NotADirectoryError, ValidationError):
        return None
    return addresses if _is_alive(addresses.pid) else None


def write_addresses(home: Path, addresses: Addresses) -> None:
    """Publish where the parts listen, whole or not at all, readable by the owner alone."""
    fresh = home / f".{ADDRESSES_FILE}.new"
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps(addresses.model_dump(), indent=2, ensure_ascii=False) + "\n")
    fresh.replace(home / ADDRESSES_FILE)


def temporal_connect_config(home: Path) -> "ClientConnectConfig":
    """What `Client.connect(**config)` takes: Temporal's own variables and profile, else the home's `up`."""
    from temporalio.envconfig import ClientConfig  # Ten megabytes, and the gateway never speaks to Temporal.

    config = ClientConfig.load_client_connect_config()
    addresses = read_addresses(home)
    if addresses is not None and "target_host" not in config:
        config["target_host"] = addresses.temporal
        config.setdefault("namespace", addresses.namespace)
    if path := os.environ.get("TEMPORAL_API_KEY_FILE"):
        config["api_key"] = read_secret("TEMPORAL_API_KEY_FILE", path)
    config.setdefault("target_host", DEFAULT_TEMPORAL_ADDRESS)
    config.setdefault("namespace", DEFAULT_NAMESPACE)
    return config


def _is_alive(pid: int) -> bool:
    """Whether there is such a process, whoever it belongs to."""
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
