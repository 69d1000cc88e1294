"""What Temporal has to know before the first case: the namespace, its retention and its search attributes."""

from datetime import timedelta

from cancellation.settings import Settings
from workers.connecting import connect
from workers.namespace import prepare_attributes, prepare_namespace


async def prepare_temporal(settings: Settings, retention: timedelta) -> tuple[str | None, list[str]]:
    """Have the namespace with its search attributes; what was done with it, and which attributes are new."""
    client = await connect(settings)
    done = await prepare_namespace(client, retention)
    return done, await prepare_attributes(client)
