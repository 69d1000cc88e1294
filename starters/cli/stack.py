"""Everything embedded, composed: servers, preparation, and our own processes beside them."""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any

from temporalio.client import Client

from cancellation.adapters.postgres.migrate import migrate
from cancellation.addresses import Addresses
from cancellation.contract import SEARCH_ATTRIBUTES
from cancellation.settings import Settings
from embedded import Child, EmbeddedError, EmbeddedStack
from starters.answering import is_listening, is_serving
from starters.cli.terminal import PLANTED
from workers.connecting import is_polled
from workers.schedule import prepare_schedule


def embedded_stack(
    settings: Settings,
    *,
    virtual_clock: bool = False,
    seed: bool = False,
    progress: Callable[[str], None],
    **more: Any,
) -> EmbeddedStack:
    """The stack of `cancelamento up`, not yet started.

    Args:
        settings: from the environment alone: what is configured there is used, the rest is embedded.
        virtual_clock: allows time skipping; never for real cases.
        seed: whether to put in the sample customers.
        progress: takes a line in Portuguese for whoever watches.
        more: ports and the like, for `EmbeddedStack`.
    """

    async def prepare(addresses: Addresses) -> None:
        applied = await migrate(addresses.database_url, virtual_clock=virtual_clock)
        if applied:
            progress(f"Banco de dados preparado ({len(applied)} migrações)")
        await prepare_schedule(await Client.connect(addresses.temporal, namespace=addresses.namespace))
        if seed:
            progress(f"{await _plant_samples(stack.environment())} clientes de exemplo plantados")

    stack = EmbeddedStack(
        settings,
        search_attributes=SEARCH_ATTRIBUTES,
        children=_children,
        prepare=prepare,
        virtual_clock=virtual_clock,
        progress=progress,
        **more,
    )
    return stack


async def _plant_samples(environment: Mapping[str, str]) -> int:
    """Put in the sample customers, by a process that takes what it has loaded along when it ends; how many.

    Raises:
        EmbeddedError: they could not be put in; the message says why.
    """
    planting = await asyncio.create_subprocess_exec(
        *_ours("seed"), env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    said, complaint = await planting.communicate()
    if planting.returncode != 0:
        raise EmbeddedError(complaint.decode(errors="replace").strip())
    return sum(line.startswith(PLANTED) for line in said.decode().splitlines())


def _children(addresses: Addresses) -> Sequence[Child]:
    """Our own processes. One more process of ours is one more line here."""

    @cache
    def connecting() -> asyncio.Task[Client]:
        return asyncio.create_task(Client.connect(addresses.temporal, namespace=addresses.namespace))

    async def worker_is_ready() -> bool:
        return await is_polled(await connecting())

    _, _, smtp_in = addresses.smtp_in.rpartition(":")
    inbox = {"CANCELAMENTO_INBOX_LISTENER_PORT": smtp_in}
    return [
        Child(name="worker", argv=_ours("worker"), ready=worker_is_ready),
        Child(name="gateway", argv=_ours("gateway"), ready=partial(is_serving, addresses.gateway)),
        Child(name="desk", argv=_ours("desk"), ready=partial(is_serving, addresses.desk)),
        Child(
            name="inbox",
            argv=_ours("inbox"),
            environment=inbox,
            ready=partial(is_listening, addresses.smtp_in),
        ),
    ]


def _ours(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "starters.cli", *arguments]
