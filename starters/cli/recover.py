"""The command that shows, and does again, what records that were restored have lost of cases (P20, X11)."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Final

import typer

from starters.cli.options import AsJson
from starters.cli.portuguese import PortugueseCommand
from starters.cli.running import Failure, as_json, kept_to_ourselves, settings_of_command, wait_for

if TYPE_CHECKING:
    from temporalio.client import Client

    from activities.restoring import Lost, RestoreActivities
    from cancellation.settings import Settings

_AT_ONCE: Final = 4


@dataclass(frozen=True)
class LostOfCase:
    """What the records lack of a case that Temporal remembers."""

    customer_id: str
    case_id: str
    held: int
    """Up to which entry the CRM holds the trail; 0: nothing of the case."""
    remembered: int
    """Up to which entry it was told."""
    steps: list[str]
    """What has to be done again, in order, each once."""


def add_commands(app: typer.Typer) -> None:
    """Add the command."""
    app.command("recover", cls=PortugueseCommand, rich_help_panel="Servidores")(recover)


def recover(
    customers: Annotated[
        list[str] | None,
        typer.Argument(metavar="[CLIENTE]...", help="Números de clientes; sem nenhum, todos os do Temporal."),
    ] = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Faz de novo o que falta; sem ela, só mostra, e sai com 1.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Mostra, caso a caso, o que o banco restaurado perdeu e o Temporal lembra; com --apply, faz de novo."""
    settings = settings_of_command()
    with kept_to_ourselves():
        found, seen = wait_for(_recover(settings, customers or [], apply))
    if json:
        typer.echo(as_json([asdict(one) for one in found]))
    else:
        _tell(found, seen, apply)
    if found and not apply:
        raise Failure(f"o banco perdeu parte de {len(found)} casos; com --apply, é feito de novo")


def _tell(found: list[LostOfCase], seen: int, apply: bool) -> None:
    from cancellation.language import vocabulary

    for one in found:
        typer.echo(
            f"cliente {one.customer_id}, caso {one.case_id}: o CRM tem {one.held} de {one.remembered} entradas"
        )
        for step in dict.fromkeys(one.steps):
            times = one.steps.count(step)
            typer.echo(f"  {vocabulary.step(step)}" + (f" ({times})" if times > 1 else ""))
    done = "Feito de novo" if apply else "Com perda"
    typer.echo(f"Clientes conferidos: {seen}. {done}: {len(found)} casos.")


async def _recover(settings: "Settings", customers: list[str], apply: bool) -> tuple[list[LostOfCase], int]:
    from workers.connecting import connect
    from workers.wiring import guard_of, open_systems
    from workers.worker import restoring_of

    client = await connect(settings)
    async with open_systems(settings) as systems:
        restoring = restoring_of(systems, guard_of(settings, systems), lambda: client)
        whose = customers or [one async for one in _customers(client)]
        at_once = asyncio.Semaphore(_AT_ONCE)

        async def one(customer_id: str) -> list[LostOfCase]:
            async with at_once:
                return await _of_customer(restoring, customer_id, apply)

        told = await asyncio.gather(*map(one, whose))
    return [case for cases in told for case in cases], len(whose)


async def _of_customer(restoring: "RestoreActivities", customer_id: str, apply: bool) -> list[LostOfCase]:
    from cancellation.messages.crm import LostRecords

    """What is surely lost; what no record tells yet, because the case goes on, is done again with the rest."""
    lost = await restoring.look(customer_id)
    if apply and lost.steps:
        whose = LostRecords(case_id=lost.steps[-1].case_id, customer_id=customer_id)
        await restoring.restore_records(whose)
    return [
        _of_case(lost, customer_id, case_id)
        for case_id, remembered in lost.remembered.items()
        if lost.held[case_id] < remembered
    ]


def _of_case(lost: "Lost", customer_id: str, case_id: str) -> LostOfCase:
    return LostOfCase(
        customer_id=customer_id,
        case_id=case_id,
        held=lost.held[case_id],
        remembered=lost.remembered[case_id],
        steps=[step.done.step for step in lost.of(case_id)],
    )


async def _customers(client: "Client") -> AsyncIterator[str]:
    """Everybody of whom Temporal remembers a case, each once."""
    from cancellation.contract import CANCELLATION
    from cancellation.domain.identity import customer_of

    seen = set()
    async for execution in client.list_workflows(f"WorkflowType = '{CANCELLATION}'"):
        customer_id = customer_of(execution.id)
        if customer_id is not None and customer_id not in seen:
            seen.add(customer_id)
            yield customer_id
