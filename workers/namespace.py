"""The namespace of the cases in Temporal: what it needs, what it lacks, and how it is prepared."""

import asyncio
from datetime import timedelta
from typing import Final

from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    RegisterNamespaceRequest,
    UpdateNamespaceRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from cancellation.contract import SEARCH_ATTRIBUTES

_TYPES: Final = {
    "Keyword": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    "Datetime": IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
    "KeywordList": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST,
}
_KNOWN_WITHIN: Final = 60.0
"""Real seconds until every part of a server knows a new namespace: it looks for new ones every ten."""
_SETUP: Final = "rode cancelamento setup"


async def lacks_of_temporal(client: Client) -> list[str]:
    """What is missing in the client's namespace, each in a sentence in Portuguese; nothing where all is there.

    Raises:
        RPCError: the server does not answer.
    """
    if await retention_of(client) is None:
        return [f"o namespace “{client.namespace}” não existe no Temporal (TEMPORAL_NAMESPACE): {_SETUP}"]
    known = await _known_attributes(client)
    found = []
    missing = sorted(set(SEARCH_ATTRIBUTES) - set(known))
    if missing:
        found.append(f"faltam atributos de busca no Temporal ({', '.join(missing)}): {_SETUP}")
    for name, kind in SEARCH_ATTRIBUTES.items():
        if name in known and known[name] != _TYPES[kind]:
            found.append(
                f"o atributo de busca {name} não é do tipo {kind} no Temporal: outro programa o usa?"
            )
    return found


async def retention_of(client: Client) -> timedelta | None:
    """How long the client's namespace keeps ended cases; None: there is no such namespace."""
    try:
        told = await client.workflow_service.describe_namespace(
            DescribeNamespaceRequest(namespace=client.namespace)
        )
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise
    return told.config.workflow_execution_retention_ttl.ToTimedelta()


async def must_know_namespace(client: Client) -> None:
    """Have the server say that it is there, with the namespace.

    Raises:
        LookupError: there is no such namespace.
        RPCError: the server does not answer.
    """
    if await retention_of(client) is None:
        raise LookupError(client.namespace)


async def prepare_namespace(client: Client, retention: timedelta) -> str | None:
    """Have the namespace, which keeps ended cases that long; what was done, in Portuguese, None: nothing.

    Raises:
        RPCError: the server does not answer, or whoever asks may not.
    """
    held = await retention_of(client)
    days = f"{retention.days} dias"
    if held is None:
        await client.workflow_service.register_namespace(
            RegisterNamespaceRequest(
                namespace=client.namespace, workflow_execution_retention_period=_duration(retention)
            )
        )
        return f"namespace criado: {client.namespace}, casos encerrados ficam {days}"
    if held == retention:
        return None
    config = NamespaceConfig(workflow_execution_retention_ttl=_duration(retention))
    await client.workflow_service.update_namespace(
        UpdateNamespaceRequest(namespace=client.namespace, config=config)
    )
    return f"namespace {client.namespace}: casos encerrados agora ficam {days}, antes {held.days}"


async def prepare_attributes(client: Client) -> list[str]:
    """Register the search attributes that the namespace does not have yet; their names.

    A namespace that was just made is waited for.

    Raises:
        RPCError: the server does not answer, or whoever asks may not.
    """
    known = await _known_attributes(client)
    missing = {name: _TYPES[kind] for name, kind in SEARCH_ATTRIBUTES.items() if name not in known}
    if missing:
        await client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(namespace=client.namespace, search_attributes=missing)
        )
    return sorted(missing)


async def _known_attributes(client: Client) -> dict[str, "IndexedValueType.ValueType"]:
    async with asyncio.timeout(_KNOWN_WITHIN):
        while True:
            try:
                told = await client.operator_service.list_search_attributes(
                    ListSearchAttributesRequest(namespace=client.namespace)
                )
            except RPCError as error:
                if error.status is not RPCStatusCode.NOT_FOUND:
                    raise
                await asyncio.sleep(0.5)
            else:
                return dict(told.custom_attributes)


def _duration(span: timedelta) -> Duration:
    duration = Duration()
    duration.FromTimedelta(span)
    return duration
