"""The bare workflow's worker process: `python -m benchmarks.beside.worker TEMPORAL DATABASE MAIL_PORT STORE`."""

import asyncio
import sys
from collections.abc import Callable, Sequence
from typing import Any

from obstore.store import from_url
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Worker

from benchmarks.beside.activities import BareActivities
from benchmarks.beside.workflow import TASK_QUEUE, BareWorkflow
from cancellation.adapters.postgres.pool import open_pool


async def work(temporal: str, database: str, mail_port: int, store: str) -> None:
    """Work until the process is ended."""
    client = await Client.connect(temporal, data_converter=pydantic_data_converter)
    pool = await open_pool(database)
    does = BareActivities(pool, from_url(store), mail_port)
    activities: Sequence[Callable[..., Any]] = [
        does.open_case,
        does.record_case,
        does.send_letters,
        does.plan_billing_end,
        does.deactivate_services,
        does.release_resources,
        does.close_billing,
        does.purge_recordings,
    ]
    await Worker(client, task_queue=TASK_QUEUE, workflows=[BareWorkflow], activities=activities).run()


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]))
