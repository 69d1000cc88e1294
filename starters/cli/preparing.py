"""What has to be there before the first case: schema, search attributes, sample customers if wanted."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final, Protocol, cast

import obstore
from obstore.store import from_url
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest

from cancellation.adapters.crm_views import ReadableCrm
from cancellation.client import CancellationClient
from cancellation.contract import SEARCH_ATTRIBUTES
from cancellation.messages.seed import CustomerSeed
from cancellation.settings import Settings
from samples import customer_ids, sample_customer, sample_recordings
from workers.wiring import open_systems

_TYPES: Final = {
    "Keyword": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    "Datetime": IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
    "KeywordList": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST,
}


class Provisioned(Protocol):
    """An embedded system into which sample customers can be put."""

    async def provision(self, seed: CustomerSeed) -> None:
        """Put in a customer's part; running twice counts once."""


async def prepare_temporal(settings: Settings) -> list[str]:
    """Register the search attributes that the namespace does not have yet; their names."""
    client = (await CancellationClient.connect(settings.home)).temporal
    known = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=client.namespace)
    )
    missing = {
        name: _TYPES[kind] for name, kind in SEARCH_ATTRIBUTES.items() if name not in known.custom_attributes
    }
    if missing:
        await client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(namespace=client.namespace, search_attributes=missing)
        )
    return sorted(missing)


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
