"""Everything embedded, composed: servers, preparation, and our own processes beside them."""

import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from pydantic import SecretStr
from temporalio.client import Client

from cancellation.contract import SEARCH_ATTRIBUTES
from cancellation.settings import Addresses, Settings
from embedded import Child, EmbeddedStack
from starters.cli.options import SAO_PAULO
from starters.cli.preparing import plant_samples, prepare_database
from starters.gateway import is_serving
from starters.inbox.listener import is_listening
from workers.main import is_polled


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
        applied = await prepare_database(addresses.database_url)
        if applied:
            progress(f"Banco de dados preparado ({len(applied)} migrações)")
        if seed:
            known = settings.model_copy(update={"database_url": SecretStr(addresses.database_url)})
            planted, _ = await plant_samples(known, datetime.now(SAO_PAULO).date())
            progress(f"{len(planted)} clientes de exemplo plantados")

    return EmbeddedStack(
        settings,
        search_attributes=SEARCH_ATTRIBUTES,
        children=_children,
        prepare=prepare,
        virtual_clock=virtual_clock,
        progress=progress,
        **more,
    )


def _children(addresses: Addresses) -> Sequence[Child]:
    """Our own processes. One more process of ours is one more line here."""

    async def worker_is_ready() -> bool:
        return await is_polled(await Client.connect(addresses.temporal, namespace=addresses.namespace))

    _, _, smtp_in = addresses.smtp_in.rpartition(":")
    inbox = {"CANCELAMENTO_INBOX_LISTENER_PORT": smtp_in}
    return [
        Child(name="worker", argv=_ours("worker"), ready=worker_is_ready),
        Child(name="gateway", argv=_ours("gateway"), ready=partial(is_serving, addresses.gateway)),
        Child(
            name="inbox",
            argv=_ours("inbox"),
            environment=inbox,
            ready=partial(is_listening, addresses.smtp_in),
        ),
    ]


def _ours(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "starters.cli", *arguments]
