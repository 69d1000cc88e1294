"""What Temporal has to know before the first case."""

from typing import Final

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest

from cancellation.client import CancellationClient
from cancellation.contract import SEARCH_ATTRIBUTES
from cancellation.settings import Settings

_TYPES: Final = {
    "Keyword": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    "Datetime": IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
    "KeywordList": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST,
}


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
