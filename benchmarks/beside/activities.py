"""The bare workflow's effects: a transaction a step, a mail a letter."""

from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from email.policy import SMTP

import aiosmtplib
import obstore
from obstore.store import ObjectStore
from temporalio import activity

from benchmarks.beside.payloads import (
    Customer,
    Ending,
    Entry,
    Invoice,
    Letter,
    Letters,
    Opening,
    Record,
    Task,
)
from cancellation.adapters.postgres.pool import Connection, Pool

SENDER = "cancelamento@nuvemjti.com.br"


class NotOver(Exception):
    """Nothing is deactivated before the notice has ended."""


@dataclass(frozen=True)
class BareActivities:
    """All of them."""

    pool: Pool
    store: ObjectStore
    mail_port: int

    @activity.defn
    async def open_case(self, opening: Opening) -> Customer:
        """The case, Commercial's task, the customer's status; and what the customer occupies."""
        async with self.pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "insert into bare.cases values ($1, $2, $3, 'retention', $4, $5) on conflict do nothing",
                *(opening.case_id, opening.customer_id, opening.protocol, opening.at, opening.request),
            )
            await _open_tasks(connection, opening.case_id, [opening.task])
            row = await connection.fetchrow(
                "update bare.customers set status = 'Em retenção' where customer_id = $1 returning name, email",
                opening.customer_id,
            )
            await _write_trail(connection, opening.case_id, opening.trail)
        assert row is not None
        rows = await self.pool.fetch(
            "select resource_id from bare.resources where customer_id = $1 and released_at is null",
            opening.customer_id,
        )
        resources = [found["resource_id"] for found in rows]
        return Customer(name=row["name"], email=row["email"], resources=resources)

    @activity.defn
    async def record_case(self, record: Record) -> None:
        """Stage, status, tasks, formalization, trail."""
        async with self.pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "update bare.cases set stage = $2 where case_id = $1", record.case_id, record.stage
            )
            await connection.execute(
                "update bare.customers set status = $2 where customer_id = $1",
                *(record.customer_id, record.status),
            )
            if (found := record.formalized) is not None:
                await connection.execute(
                    "insert into bare.formalizations values ($1, $2, $3, $4, $5, $6) on conflict do nothing",
                    *(record.case_id, found.message_id, found.sender, found.reason),
                    *(found.received_at, found.ends_at),
                )
            await _open_tasks(connection, record.case_id, record.opened)
            if record.closed:
                await connection.execute(
                    "update bare.tasks set closed = true where case_id = $1 and key = any($2)",
                    *(record.case_id, record.closed),
                )
            await _write_trail(connection, record.case_id, record.trail)

    @activity.defn
    async def send_letters(self, batch: Letters) -> None:
        """Each letter: written down, sent, written down."""
        for letter in batch.letters:
            content = _written(letter).as_bytes()
            sent = await self.pool.fetchval(
                "insert into bare.outbox values ($1, $2, $3, $4) on conflict (key) do update set key = excluded.key"
                " returning sent_at",
                *(letter.key, letter.case_id, letter.to, content),
            )
            if sent is None:
                await aiosmtplib.send(
                    content,
                    sender=SENDER,
                    recipients=[letter.to],
                    hostname="127.0.0.1",
                    port=self.mail_port,
                )
                await self.pool.execute("update bare.outbox set sent_at = now() where key = $1", letter.key)

    @activity.defn
    async def plan_billing_end(self, ending: Ending) -> None:
        """Nothing recurs after the last day."""
        await self.pool.execute(
            "update bare.subscriptions set ends_on = $2 where customer_id = $1",
            *(ending.customer_id, ending.last_day),
        )

    @activity.defn
    async def deactivate_services(self, ending: Ending) -> None:
        """Everything is dead."""
        await self._check(ending)
        await self.pool.execute(
            "update bare.resources set deactivated_at = $2 where customer_id = $1 and deactivated_at is null",
            *(ending.customer_id, ending.at),
        )

    @activity.defn
    async def release_resources(self, ending: Ending) -> int:
        """Everything is given back; what is left."""
        await self._check(ending)
        async with self.pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "update bare.resources set released_at = $2 where customer_id = $1 and released_at is null",
                *(ending.customer_id, ending.at),
            )
            left: int = await connection.fetchval(
                "select count(*) from bare.resources where customer_id = $1 and released_at is null",
                ending.customer_id,
            )
        return left

    @activity.defn
    async def close_billing(self, ending: Ending) -> Invoice:
        """Subscriptions stop, later charges are void, the rest is invoiced."""
        await self._check(ending)
        async with self.pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "update bare.subscriptions set stopped_on = $2 where customer_id = $1",
                *(ending.customer_id, ending.last_day),
            )
            rows = await connection.fetch(
                "select charge_id, first_day, amount from bare.charges join bare.subscriptions"
                " using (subscription_id) where customer_id = $1 and status = 'open'",
                ending.customer_id,
            )
            late = [row["charge_id"] for row in rows if row["first_day"] > ending.last_day]
            total = sum(row["amount"] for row in rows if row["charge_id"] not in late)
            await connection.execute(
                "update bare.charges set status = case when charge_id = any($2) then 'void' else 'invoiced' end"
                " where charge_id = any($1)",
                *([row["charge_id"] for row in rows], late),
            )
            await connection.execute(
                "insert into bare.invoices values ($1, $2, $3, $4) on conflict do nothing",
                *(ending.case_id, ending.customer_id, ending.last_day, total),
            )
            open_ones = await connection.fetchval(
                "select count(*) from bare.charges join bare.subscriptions using (subscription_id)"
                " where customer_id = $1 and status = 'open'",
                ending.customer_id,
            )
        assert open_ones == 0
        return Invoice(total=total, voided=len(late))

    @activity.defn
    async def purge_recordings(self, ending: Ending) -> int:
        """The recordings are removed; how many."""
        await self._check(ending)
        count = 0
        async for found in obstore.list(self.store, prefix=f"recordings/{ending.customer_id}"):
            await obstore.delete_async(self.store, [one["path"] for one in found])
            count += len(found)
        return count

    async def _check(self, ending: Ending) -> None:
        ends_at = await self.pool.fetchval(
            "select ends_at from bare.formalizations where case_id = $1", ending.case_id
        )
        if ends_at is None or ending.at < ends_at - timedelta(seconds=1):
            raise NotOver


async def _open_tasks(connection: Connection, case_id: str, tasks: list[Task]) -> None:
    for task in tasks:
        await connection.execute(
            "insert into bare.tasks values ($1, $2, $3, $4, false) on conflict do nothing",
            *(case_id, task.key, task.title, task.text),
        )


async def _write_trail(connection: Connection, case_id: str, trail: list[Entry]) -> None:
    await connection.executemany(
        "insert into bare.trail values ($1, $2, $3, $4) on conflict do nothing",
        [(case_id, entry.seq, entry.at, entry.detail) for entry in trail],
    )


def _written(letter: Letter) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"] = SENDER, letter.to
    message["Subject"] = letter.subject
    message["Message-ID"] = f"<{letter.key}@nuvemjti.com.br>"
    message.set_content(letter.text)
    message.add_alternative(f"<html><body><p>{letter.text}</p></body></html>", subtype="html")
    return message


async def provision(pool: Pool, customer_id: str, resources: int, charges: int) -> None:
    """A customer in the plain tables."""
    await pool.execute(
        "insert into bare.customers values ($1, $2, $3, 'Ativo')",
        *(customer_id, f"Empresa {customer_id}", f"rita@{customer_id}.com.br"),
    )
    await pool.execute(
        "insert into bare.resources select $1, $1 || '-' || n, 'extension' from generate_series(1, $2::int) n",
        *(customer_id, resources),
    )
    await pool.execute("insert into bare.subscriptions values ($1 || '-pabx', $1, 310)", customer_id)
    await pool.execute(
        "insert into bare.charges select $1 || n, $1 || '-pabx',"
        " (date_trunc('month', now()) + n * interval '1 month')::date, 310, 'open'"
        " from generate_series(0, $2::int - 1) n",
        *(customer_id, charges),
    )
