"""What has to be there before the first case: namespace, search attributes, sample customers if wanted."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Protocol, cast

import obstore
from obstore.store import from_url

from cancellation.adapters.crm_views import ReadableCrm
from cancellation.messages.seed import CustomerSeed
from cancellation.settings import Settings
from samples import customer_ids, sample_customer, sample_recordings
from workers.connecting import connect
from workers.namespace import prepare_attributes, prepare_namespace
from workers.wiring import open_systems


class Provisioned(Protocol):
    """An embedded system into which sample customers can be put."""

    async def provision(self, seed: CustomerSeed) -> None:
        """Put in a customer's part; running twice counts once."""


async def prepare_temporal(settings: Settings, retention: timedelta) -> tuple[str | None, list[str]]:
    """Have the namespace with its search attributes; what was done with it, and which attributes are new."""
    client = await connect(settings)
    done = await prepare_namespace(client, retention)
    return done, await prepare_attributes(client)


async def plant_samples(
    settings: Settings, today: date, wanted: Sequence[str] | None = None
) -> tuple[list[str], list[str]]:
    """Put the sample customers into CRM, billing, telephony and recordings.

    A customer that the CRM knows already is left as it is: what a case released must not come back.

    Returns:
        Names of the customers that were put in, and of those that were there.

    Raises:
        LookupError: there is no sample customer of that id.
    """
    unknown = sorted(set(wanted or ()) - set(customer_ids()))
    if unknown:
        raise LookupError(f"não há cliente de exemplo {', '.join(unknown)}")
    planted: list[str] = []
    known: list[str] = []
    async with open_systems(settings) as systems:
        crm = cast(ReadableCrm, systems.crm)
        for customer_id in wanted or customer_ids():
            seed = sample_customer(customer_id, today)
            label = f"{customer_id} {seed.customer.name}"
            if await crm.customer(customer_id) is not None:
                known.append(label)
                continue
            # The CRM comes last: a customer that it knows is there completely.
            for system in (systems.billing, systems.telephony):
                await cast(Provisioned, system).provision(seed)
            await _record_calls(settings, customer_id, today)
            await crm.provision(seed)
            planted.append(label)
    return planted, known


async def _record_calls(settings: Settings, customer_id: str, today: date) -> None:
    recordings = sample_recordings(customer_id, today)
    if not recordings:
        return
    store: Any = from_url(settings.recordings_url, **_local_options(settings.recordings_url))
    for recording in recordings:
        await obstore.put_async(store, recording.path, recording.wav())


def _local_options(url: str) -> dict[str, Any]:
    return {"mkdir": True} if url.startswith("file:") else {}
