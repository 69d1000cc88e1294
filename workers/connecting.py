"""How a process of ours reaches the configured Temporal server."""

from typing import Any

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from cancellation.settings import Settings, temporal_connect_config


async def connect(settings: Settings, **more: Any) -> Client:
    """A client of the configured Temporal server.

    Raises:
        RuntimeError: the server cannot be reached.
    """
    return await Client.connect(
        **temporal_connect_config(settings.home), data_converter=pydantic_data_converter, **more
    )
