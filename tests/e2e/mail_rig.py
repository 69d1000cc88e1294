"""A mail room at work: real Temporal, real PostgreSQL, the product's own worker, and e-mails as they arrive."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any, cast

from pydantic import SecretStr
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from activities.guard import Guard
from cancellation.adapters.postgres.roles import Role
from cancellation.client import CancellationClient
from cancellation.contract import SEARCH_ATTRIBUTES
from cancellation.domain.policy import CancellationPolicy
from cancellation.domain.values import Channel, Outcome, Reason, ReasonCategory
from cancellation.messages.facts import RequestMessage, RetentionOutcomeMessage
from cancellation.messages.mail_in import IncomingMail, MailOutcome, MailTask
from cancellation.messages.status import CaseStatus
from cancellation.setting_groups import SmtpSettings
from cancellation.settings import Clock, Settings
from embedded import EmbeddedTemporal, MailSink
from starters.inbox.reception import Reception
from tests.durable.customers import address_of, new_customer
from workers.records import open_crm
from workers.systems import Systems
from workers.wiring import mailroom_of, open_systems
from workers.worker import (
    activities_of,
    cancellation_worker,
    mail_activities_of,
    mail_worker,
)

FINANCE, COMMERCIAL = "financeiro@nuvemjti.com.br", "comercial@nuvemjti.com.br"
BOTH = (FINANCE, COMMERCIAL)
REQUEST = "Prezados, solicito o cancelamento do contrato. Motivo: o preço ficou alto demais para nós."
PATIENCE = 60.0


@asynccontextmanager
async def plain_temporal(folder: Path) -> AsyncIterator[EmbeddedTemporal]:
    """A Temporal server that keeps to the machine's clock."""
    async with EmbeddedTemporal(
        folder, ui_port=0, search_attributes=SEARCH_ATTRIBUTES, durable=False
    ) as server:
        yield server


def settings_for(database: str, folder: Path, sink: MailSink | None = None) -> Settings:
    """Settings of a process of ours."""
    smtp = SmtpSettings(host=sink.host, port=sink.port) if sink else SmtpSettings(port=1)
    return Settings(home=folder, database_url=SecretStr(database), smtp=smtp, clock=Clock.STRICT)


@dataclass
class Rig:
    """Everything that an e-mail meets."""

    client: Client
    systems: Systems
    reception: Reception

    @property
    def cases(self) -> CancellationClient:
        """What another service would use."""
        return CancellationClient(self.client)

    async def customer(self) -> str:
        """A new customer, known to every system."""
        seed = new_customer()
        for system in (self.systems.billing, self.systems.telephony, self.systems.crm):
            await cast(Any, system).provision(seed)
        return seed.customer.customer_id

    async def awaiting(self) -> str:
        """A new customer whose case waits for the formalization."""
        customer_id = await self.customer()
        await self.cases.open_or_join(customer_id, RequestMessage(channel=Channel.PHONE))
        reason = Reason(category=ReasonCategory.PRICE, text="caro")
        await self.cases.report(
            customer_id, RetentionOutcomeMessage(outcome=Outcome.DECLINED, reason=reason, actor="ana")
        )
        return customer_id

    async def take(
        self, raw: bytes, *envelope: str, received_at: datetime | None = None, **more: Any
    ) -> IncomingMail:
        """Reception takes an e-mail."""
        return await self.reception.take(
            raw, received_at or datetime.now(UTC), envelope or (FINANCE,), source="test", **more
        )

    async def handled(self, mail: IncomingMail) -> MailOutcome:
        """What became of it, once it has been handled."""
        handle: Any = self.client.get_workflow_handle(mail.workflow_id, result_type=MailOutcome)
        outcome: MailOutcome = await asyncio.wait_for(handle.result(), PATIENCE)
        return outcome

    async def mailed(self, raw: bytes, *envelope: str, **more: Any) -> MailOutcome:
        """An e-mail arrives and is handled."""
        return await self.handled(await self.take(raw, *envelope, **more))

    async def tasks(self) -> list[MailTask]:
        """E-mails that wait for a person."""
        assert self.systems.inbox is not None
        return list(await self.systems.inbox.mail_tasks())

    async def status(self, customer_id: str) -> CaseStatus:
        """The customer's case."""
        return await self.cases.status(customer_id)


@asynccontextmanager
async def rig_over(
    temporal: EmbeddedTemporal, database: str, folder: Path, sink: MailSink
) -> AsyncIterator[Rig]:
    """A worker over these servers, with the rights that it has; the test has the owner's."""
    settings = settings_for(database, folder, sink)
    client = await Client.connect(temporal.address, data_converter=pydantic_data_converter)
    policy = CancellationPolicy()
    async with (
        open_systems(settings, Role.WORKER) as own,
        open_systems(settings) as systems,
        open_crm(settings, Role.INBOX) as originals,
    ):
        activities = activities_of(own, policy, Guard(own.crm, None))
        of_mail = mail_activities_of(own, policy, mailroom_of(settings, own, policy, client))
        async with cancellation_worker(client, activities), mail_worker(client, of_mail):
            yield Rig(client, systems, Reception(originals, client))


def email_from(
    customer_id: str,
    text: str = REQUEST,
    *,
    sender: str | None = None,
    to: tuple[str, ...] = BOTH,
    subject: str = "Cancelamento",
    message_id: str | None = "",
    verdict: str | None = "pass",
    delivered_to: str = FINANCE,
    headers: dict[str, str] | None = None,
    written_at: datetime | None = None,
) -> bytes:
    """An e-mail as our receiving server leaves it in a mailbox.

    Args:
        customer_id: whose authorised contact writes.
        text: the body.
        sender: another sender.
        to: addressees in the header.
        subject: of the header.
        message_id: None leaves it out, empty makes one.
        verdict: our server's DMARC result; None when it wrote none.
        delivered_to: the mailbox of this copy.
        headers: more of them.
        written_at: what its Date says; today by default.
    """
    address = sender or address_of(customer_id)
    now = format_datetime(datetime.now(UTC) - timedelta(minutes=1))
    trace = uuid.uuid4().hex[:12]
    top = f"Return-Path: <{address}>\r\nDelivered-To: {delivered_to}\r\n"
    top += (
        "Received: from mail.example (mail.example [192.0.2.1])\r\n"
        f"\tby mx.nuvemjti.com.br (Postfix) with ESMTPS id {trace};\r\n\t{now}\r\n"
    )
    if verdict is not None:
        top += (
            f"Authentication-Results: mx.nuvemjti.com.br;\r\n"
            f"\tdmarc={verdict} header.from={address.rpartition('@')[2]}\r\n"
        )
    mail = EmailMessage()
    mail["From"] = f"Rita Souza <{address}>"
    mail["To"] = ", ".join(to)
    mail["Subject"] = subject
    # The day's beginning: copies of one e-mail that are made one after the other say the same.
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    mail["Date"] = format_datetime(written_at or today)
    if message_id is not None:
        mail["Message-ID"] = message_id or f"<{uuid.uuid4().hex}@{address.rpartition('@')[2]}>"
    for name, value in (headers or {}).items():
        mail[name] = value
    mail.set_content(text)
    return top.encode() + mail.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


async def eventually(ask: Callable[[], Awaitable[Any]], seconds: float = PATIENCE) -> Any:
    """Ask until the answer is true."""
    async with asyncio.timeout(seconds):
        while not (answer := await ask()):
            await asyncio.sleep(0.02)
    return answer
