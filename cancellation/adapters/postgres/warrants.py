"""Destructive acts under PostgreSQL's own guard (P19): the pattern is at the head of 001_crm.sql."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import asyncpg

from cancellation.adapters.postgres.pool import Executor
from cancellation.adapters.postgres.queries import queries
from cancellation.messages.warrant import Warrant
from cancellation.ports import DestructionForbidden

SQL: Final = queries("crm")


@contextmanager
def destroying() -> Iterator[None]:
    """Turn a constraint's refusal into the port's error; put every destructive statement inside.

    Raises:
        DestructionForbidden: a constraint or guard of the database refused; names it, and no row's content.
    """
    try:
        yield
    except asyncpg.IntegrityConstraintViolationError as error:
        raise DestructionForbidden(f"refused by the database: {error.constraint_name or error}") from error


async def order_act(connection: "Executor", warrant: Warrant, act: str) -> None:
    """Record a destructive act under its warrant, before anything is touched; the same act counts once.

    Args:
        connection: where the record is made; outside a transaction it stays even if the act then fails.
        warrant: complete formalization and ended notice that allow it.
        act: what is about to be done, such as `telephony.deactivate`.

    Raises:
        DestructionForbidden: no such formalization is in force, or its notice has not ended (P19).
    """
    with destroying():
        await connection.execute(
            SQL["order_act"],
            warrant.case_id,
            warrant.customer_id,
            act,
            warrant.at,
            warrant.notice_ends_at,
        )
