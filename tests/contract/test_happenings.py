"""What happens to cases is heard from PostgreSQL, as it is committed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from cancellation.adapters.postgres.crm import PostgresCrm
from cancellation.adapters.postgres.happenings import Happening, happenings
from cancellation.adapters.postgres.pool import Pool
from starters.cli.happening import line_of, tell_happenings
from tests.contract.cases import OPENED, opening, record, trail

LISTENERS = """
select count(*) from pg_stat_activity
where datname = current_database() and query ilike 'listen%' and state = 'idle'
"""


async def until(condition: Callable[[], Awaitable[object]]) -> None:
    async with asyncio.timeout(20):
        while not await condition():
            await asyncio.sleep(0.01)


@pytest.fixture
async def said(pool: Pool, database: str) -> AsyncIterator[list[str]]:
    """The lines that were said since somebody listens."""
    lines: list[str] = []
    telling = asyncio.create_task(tell_happenings(database, lines.append))
    await until(lambda: pool.fetchval(LISTENERS))
    yield lines
    telling.cancel()


async def length(lines: list[str], count: int) -> bool:
    return len(lines) >= count


async def test_every_entry_is_said_once_and_in_order_P20(pool: Pool, said: list[str]) -> None:
    crm = PostgresCrm(pool)
    await crm.open_case(case := opening())
    await crm.record(record(trail=trail(2, 4)))
    await crm.record(record(trail=trail(1, 5)))
    await until(lambda: length(said, 5))
    assert said == [
        f"22/11/2026 10h{15 + seq}  cliente 1042  {case.protocol}  Aconteceu algo — ção “”"
        for seq in range(1, 6)
    ]


async def test_a_database_that_drops_the_listener_is_listened_to_again(pool: Pool, said: list[str]) -> None:
    dropped = await pool.fetchval(LISTENERS.replace("count(*)", "pid"))
    await pool.execute("select pg_terminate_backend($1)", dropped)
    await until(lambda: pool.fetchval(f"{LISTENERS} and pid <> $1", dropped))  # that one takes a moment to go
    await PostgresCrm(pool).open_case(opening())
    await until(lambda: length(said, 2))


async def test_listening_ends_with_its_connection(pool: Pool, database: str) -> None:
    async def listen() -> list[Happening]:
        return [one async for one in happenings(database)]

    listening = asyncio.create_task(listen())
    await until(lambda: pool.fetchval(LISTENERS))
    await pool.execute(LISTENERS.replace("count(*)", "pg_terminate_backend(pid)"))
    async with asyncio.timeout(20):
        assert await listening == []


@pytest.mark.parametrize(
    ("detail", "told"),
    [
        ("Solicitação recebida por WhatsApp: “Quero cancelar”", "Solicitação recebida por WhatsApp"),
        ("Oferta of-1, ajuste de plano, feita: Plano da Rita", "Oferta of-1, ajuste de plano, feita"),
        ("Cliente mantém a decisão. Motivo: preço (“Rita não quer”).", "Cliente mantém a decisão"),
        ("E-mail <1@a.br> de rita@a.br recebido em 22/11/2026: “Oi”.", "E-mail … de … recebido em 22/11/2026"),
        ("Portabilidade do número +55 11 3000-0001 concluída.", "Portabilidade do número … concluída"),
        ("Mensagem “Pedido recebido” enviada (cliente), Message-ID <1@a.br>.",
         "Mensagem “Pedido recebido” enviada (cliente), Message-ID …"),
        ("Cancelamento concluído.", "Cancelamento concluído"),
        ("Longo " * 60, "Longo " * 16 + "Lon…"),
        ("Duas\nlinhas", "Duas linhas"),
    ],
)  # fmt: skip
def test_a_line_says_what_happened_without_what_people_wrote(detail: str, told: str) -> None:
    one = Happening(customer_id="1042", protocol="CAN-1", seq=1, at=OPENED, kind="something", detail=detail)
    assert line_of(one) == f"22/11/2026 10h15  cliente 1042  CAN-1  {told}"
