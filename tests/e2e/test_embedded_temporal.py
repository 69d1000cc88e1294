import asyncio
import contextlib
import os
import sqlite3
import urllib.request
from datetime import timedelta
from pathlib import Path
from signal import SIGKILL

import pytest
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes
from temporalio.service import RPCError

from embedded import EmbeddedError, EmbeddedTemporal, Supervisor
from embedded.ports import free_port

STAGE = SearchAttributeKey.for_keyword("CancellationStage")
ATTENTION = SearchAttributeKey.for_keyword_list("CancellationAttention")


async def open_a_case(server: EmbeddedTemporal) -> None:
    client = await Client.connect(server.address, namespace=server.namespace)
    stage = TypedSearchAttributes([SearchAttributePair(STAGE, "notice")])
    await client.start_workflow("Cancellation", id="cancellation-1", task_queue="q", search_attributes=stage)


async def opened_cases(server: EmbeddedTemporal) -> list[str]:
    async with asyncio.timeout(60):
        while True:
            try:
                client = await Client.connect(server.address, namespace=server.namespace)
                found = [run.id async for run in client.list_workflows("CancellationStage = 'notice'")]
            except (RPCError, RuntimeError):
                found = []
            if found:
                return found
            await asyncio.sleep(0.02)


@pytest.mark.rest
async def test_cases_stay_over_a_restart_on_the_same_port(tmp_path: Path) -> None:
    port = free_port()
    for first in (True, False):
        async with EmbeddedTemporal(
            tmp_path, port=port, ui_port=0, search_attributes={STAGE.name: "Keyword"}
        ) as server:
            assert server.address == f"127.0.0.1:{port}"
            if first:
                await open_a_case(server)
            assert await opened_cases(server) == ["cancellation-1"]


async def test_killed_server_comes_back_with_its_cases(tmp_path: Path) -> None:
    server = EmbeddedTemporal(tmp_path, ui_port=0, search_attributes={STAGE.name: "Keyword"})
    supervisor = Supervisor()
    try:
        await supervisor.add(server)
        await open_a_case(server)
        killed = server.pid
        os.kill(killed, SIGKILL)
        assert await opened_cases(server) == ["cancellation-1"]
        assert server.pid != killed
    finally:
        await supervisor.stop()


@pytest.mark.rest
async def test_database_file_without_a_write_ahead_log_gets_one(tmp_path: Path) -> None:
    attributes = {STAGE.name: "Keyword"}
    async with EmbeddedTemporal(tmp_path, ui_port=0, search_attributes=attributes) as server:
        await open_a_case(server)
        assert await opened_cases(server) == ["cancellation-1"]
    assert journal(tmp_path, "journal_mode = delete") == "delete"
    async with EmbeddedTemporal(tmp_path, ui_port=0, search_attributes=attributes) as server:
        assert await opened_cases(server) == ["cancellation-1"]
    assert journal(tmp_path, "journal_mode") == "wal"


def journal(folder: Path, pragma: str) -> str:
    with contextlib.closing(sqlite3.connect(folder / "temporal.db")) as file:
        [mode] = file.execute(f"pragma {pragma}").fetchone()
    return str(mode)


@pytest.mark.rest
async def test_older_database_file_learns_new_search_attributes(tmp_path: Path) -> None:
    async with EmbeddedTemporal(tmp_path, ui_port=0, search_attributes={STAGE.name: "Keyword"}):
        pass
    both = {STAGE.name: "Keyword", ATTENTION.name: "KeywordList"}
    async with EmbeddedTemporal(tmp_path, ui_port=0, search_attributes=both) as server:
        client = await Client.connect(server.address)
        listed = await client.operator_service.list_search_attributes(
            ListSearchAttributesRequest(namespace="default")
        )
        assert set(listed.custom_attributes) == {STAGE.name, ATTENTION.name}
        attention = TypedSearchAttributes([SearchAttributePair(ATTENTION, ["billing"])])
        await client.start_workflow("Cancellation", id="c", task_queue="q", search_attributes=attention)


@pytest.mark.rest
async def test_ended_cases_are_kept_for_ninety_days(tmp_path: Path) -> None:
    async with EmbeddedTemporal(tmp_path, ui_port=0, namespace="provedor", durable=False) as server:
        client = await Client.connect(server.address)
        described = await client.workflow_service.describe_namespace(
            DescribeNamespaceRequest(namespace="provedor")
        )
        assert described.config.workflow_execution_retention_ttl.ToTimedelta() == timedelta(days=90)


async def test_web_ui_answers(tmp_path: Path) -> None:
    async with EmbeddedTemporal(tmp_path, durable=False) as server:
        page = await asyncio.to_thread(urllib.request.urlopen, server.web_ui)
        assert page.status == 200


async def test_port_in_use_is_named(tmp_path: Path) -> None:
    async with EmbeddedTemporal(tmp_path / "one", ui_port=0, durable=False) as server:
        port = int(server.address.split(":")[1])
        with pytest.raises(EmbeddedError, match=f"a porta {port} do Temporal"):
            async with EmbeddedTemporal(tmp_path / "two", port=port, ui_port=0):
                pass
