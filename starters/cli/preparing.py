"""What Temporal has to know before the first case: namespace, retention, search attributes, the daily schedule."""

from datetime import timedelta

from cancellation.settings import Settings
from workers.connecting import connect
from workers.namespace import prepare_attributes, prepare_namespace
from workers.schedule import prepare_schedule


async def prepare_temporal(
    settings: Settings, retention: timedelta
) -> tuple[str | None, list[str], str | None]:
    """Have the namespace with its search attributes and the schedule.

    Returns:
        What was done with the namespace, which attributes are new, and what was done with the schedule.
    """
    client = await connect(settings)
    done = await prepare_namespace(client, retention)
    return done, await prepare_attributes(client), await prepare_schedule(client)
