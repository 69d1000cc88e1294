"""Whom Prometheus asks: its own file, with the containers that are up in place of their names."""

import json
from collections.abc import Callable, Sequence
from typing import Any, Final
from urllib.parse import urlencode
from urllib.request import urlopen

import yaml

ARGUMENTS: Final = ("--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus")
"""What its image starts it with."""


def scraped(file: str, addresses: Callable[[str, int], Sequence[str]]) -> str:
    """The file for this machine.

    Args:
        file: as the compose file mounts it.
        addresses: where the containers of a service that are up have a port.
    """
    config = yaml.safe_load(file)
    for job in config["scrape_configs"]:
        # What the engine's own name server tells there.
        asked = [(name, one["port"]) for one in job.pop("dns_sd_configs", ()) for name in one["names"]]
        for one in job.pop("static_configs", ()):
            asked += [
                (name, int(port)) for name, _, port in (where.partition(":") for where in one["targets"])
            ]
        targets = [address for name, port in asked for address in addresses(name, port)]
        job["static_configs"] = [{"targets": targets}]
    return str(yaml.safe_dump(config))


def jobs(file: str) -> set[str]:
    """The names of what it asks."""
    return {job["job_name"] for job in yaml.safe_load(file)["scrape_configs"]}


def asked(address: str, path: str, **parameters: str) -> Any:
    """What Prometheus answers there.

    Raises:
        OSError: it does not answer.
    """
    with urlopen(f"http://{address}/api/v1/{path}?{urlencode(parameters)}", timeout=20) as answer:
        return json.load(answer)["data"]
