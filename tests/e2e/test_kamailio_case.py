"""A whole case whose telephony platform is a real SIP registrar, chosen by settings alone."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from cancellation.adapters.kamailio import KamailioTelephony
from cancellation.adapters.postgres.billing import PostgresBilling
from cancellation.adapters.postgres.crm import PostgresCrm
from cancellation.domain.identity import workflow_id
from cancellation.domain.policy import CancellationPolicy
from cancellation.messages.status import CaseResult, CaseStatus
from cancellation.setting_groups import SmtpSettings, TelephonySettings
from cancellation.settings import Clock, Settings
from embedded import EmbeddedPostgres, MailSink
from tests.kamailio.exchange import DEAD, IN_SERVICE, Exchange, exchange_on
from tests.kamailio.server import KamailioServer, empty, require_kamailio
from tests.kamailio.sipp import Sip
from tests.kamailio.wait import PATIENCE_SECONDS, until
from workers.wiring import guard_of, open_systems
from workers.worker import activities_of, cancellation_worker
from workflows.plugin import replayer

pytestmark = pytest.mark.kamailio

POLICY = CancellationPolicy()
REASON = {"category": "price", "text": "Ficou caro"}


@pytest.fixture(scope="module")
async def server(
    postgres_server: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[KamailioServer]:
    """Kamailio with its limit on reloads of trunk addresses, the shortest one that is left."""
    require_kamailio()
    folder = tmp_path_factory.mktemp("kamailio")
    async with KamailioServer(folder, postgres_server, reload_delta=1, database="kamailio_case") as running:
        yield running


@dataclass(frozen=True)
class Case:
    """The leaving customer's case, driven with plain JSON, in virtual time."""

    environment: WorkflowEnvironment
    exchange: Exchange
    handle: "WorkflowHandle[Any, Any]"

    async def formalize(self) -> CaseStatus:
        """Commercial could not keep the customer, whose e-mail to both mailboxes has just come in."""
        await self.say("retention_outcome", outcome="declined", reason=REASON)
        await self.say(
            "formalization",
            sender="rita@acme.com.br",
            recipients=list(POLICY.mailboxes),
            received_at=datetime.now(UTC).isoformat(),
            explicit_request=True,
            reason="Ficou caro",
            authentication="pass",
        )
        # Until the inventory is read it is tried again each minute: thirty days of that, if the platform went down.
        return await self.until(lambda status: status.stage.value == "notice" and status.numbers)

    async def say(self, name: str, **fields: Any) -> None:
        await self.handle.execute_update(f"{name}_checked", {"actor": "ana", **fields})

    async def status(self) -> CaseStatus:
        status: CaseStatus = await self.handle.query("status", result_type=CaseStatus)
        return status

    async def until(self, condition: Any) -> CaseStatus:
        async def met() -> CaseStatus | None:
            status = await self.status()
            return status if condition(status) else None

        found: CaseStatus = await until(met)
        return found

    async def forward_to_end_of_notice(self, *, short_of_it: timedelta = -timedelta(minutes=1)) -> None:
        """Let time pass to a moment before the end of the notice, or after it when that is negative."""
        notice = (await self.status()).notice
        assert notice is not None
        passed = (await self.until(lambda status: status.notice)).opened_at
        await self.forward(notice.ends_at - short_of_it - passed)

    async def forward(self, span: timedelta) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self.environment.fast_forward(self.handle, span)


@pytest.fixture
async def case(
    server: KamailioServer,
    database: str,
    temporal_env: WorkflowEnvironment,
    mail_sink: MailSink,
    tmp_path: Path,
) -> AsyncIterator[Case]:
    """Systems and worker made as the product makes them, from settings that name Kamailio."""
    await empty(server)
    settings = Settings(
        home=tmp_path / "home",
        database_url=SecretStr(database),
        smtp=SmtpSettings(host=mail_sink.host, port=mail_sink.port),
        clock=Clock.VIRTUAL,
        telephony=TelephonySettings(
            adapter="kamailio",
            options={"rpc_urls": [server.rpc_url], "database_url": server.database_url},
        ),
    )
    async with AsyncExitStack() as stack:
        systems = await stack.enter_async_context(open_systems(settings))
        assert isinstance(systems.telephony, KamailioTelephony)
        assert isinstance(systems.crm, PostgresCrm)
        assert isinstance(systems.billing, PostgresBilling)
        exchange = await stack.enter_async_context(
            exchange_on(server, systems.telephony, Sip(server.sip_port, tmp_path))
        )
        for customer in (exchange.leaving, exchange.staying):
            await systems.crm.provision(customer.seed)
            await systems.billing.provision(customer.seed)
        task_queue = f"kamailio-{uuid.uuid4().hex[:8]}"
        activities = activities_of(systems, POLICY, guard_of(settings, systems))
        await stack.enter_async_context(
            cancellation_worker(temporal_env.client, activities, task_queue=task_queue)
        )
        with temporal_env.with_time_skipping_disabled():
            handle = await temporal_env.client.start_workflow(
                "Cancellation",
                {
                    "customer_id": exchange.leaving.customer_id,
                    "request": {"channel": "phone", "text": "Quero cancelar", "actor": "ana"},
                },
                id=workflow_id(exchange.leaving.customer_id),
                task_queue=task_queue,
            )
        yield Case(temporal_env, exchange, handle)
        if (await handle.describe()).close_time is None:
            await handle.terminate("the test is over")
        await replayer().replay_workflow(await handle.fetch_history())


async def result_of(case: Case) -> CaseResult:
    handle = case.environment.client.get_workflow_handle(case.handle.id, result_type=CaseResult)
    async with asyncio.timeout(PATIENCE_SECONDS):
        result: CaseResult = await handle.result()
        return result


@pytest.mark.some(1)
async def test_a_case_cuts_off_its_customer_alone_and_not_before_the_end_P9_P15_P17(case: Case) -> None:
    leaving, staying = case.exchange.leaving, case.exchange.staying
    assert await case.exchange.codes(leaving) == IN_SERVICE
    await case.formalize()
    await case.forward_to_end_of_notice(short_of_it=timedelta(minutes=1))
    assert await case.exchange.codes(leaving) == IN_SERVICE, "on the last day of the notice"
    await case.forward(timedelta(minutes=2))
    result = await result_of(case)
    assert result.outcome == "closed"
    assert (result.released.extensions, result.released.trunks, result.released.numbers) == (2, 1, 2)
    assert await case.exchange.codes(leaving) == DEAD
    assert await case.exchange.codes(staying) == IN_SERVICE


@pytest.mark.rest
async def test_a_case_holds_a_number_whose_port_is_in_flight_X6(case: Case) -> None:
    leaving = case.exchange.leaving
    await case.formalize()
    await case.say("portability", number=leaving.to_trunk, status="requested", operator="Outra Telecom")
    await case.forward_to_end_of_notice()
    only_the_trunk = DEAD | {"trunk calls out": 200, "number of the trunk": 200}

    async def closed_but_for_it() -> bool:
        return await case.exchange.codes(leaving) == only_the_trunk

    await until(closed_but_for_it)
    assert (await case.status()).stage.value == "closing"
    await case.say("portability", number=leaving.to_trunk, status="completed", operator="Outra Telecom")
    result = await result_of(case)
    assert [held.ended for held in result.held_numbers] == ["completed"]
    assert (result.released.extensions, result.released.trunks, result.released.numbers) == (2, 1, 1)
    assert await case.exchange.codes(leaving) == DEAD


@pytest.mark.rest
async def test_a_platform_that_is_down_at_the_end_is_waited_for_and_the_case_heals_X7(
    case: Case, server: KamailioServer
) -> None:
    leaving = case.exchange.leaving
    await case.formalize()
    await case.forward_to_end_of_notice(short_of_it=timedelta(minutes=5))
    await server.kill()
    try:
        await case.forward(timedelta(hours=2))
        status = await case.until(lambda status: status.attention)
        assert status.stage.value in ("notice", "closing")
    finally:
        await server.start()
    await case.forward(timedelta(hours=1))
    assert (await result_of(case)).outcome == "closed"
    assert await case.exchange.codes(leaving) == DEAD
