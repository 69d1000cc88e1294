"""What a case costs the engine: actions, history events, bytes; and the command that prints it."""

from collections import Counter
from typing import Annotated, Any, Final, Self

import typer
from pydantic import BaseModel, ConfigDict
from rich.table import Table
from rich.text import Text
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHandle

from cancellation.client import CancellationClient
from cancellation.language import words as letters
from starters.cli.options import AsJson
from starters.cli.portuguese import PortugueseCommand
from starters.cli.running import Failure, as_json, with_client
from starters.cli.terminal import console

ORDINARY_MESSAGES: Final = 3
"""The request, the outcome of the retention, the formalization: an ordinary case needs no more."""

# One billed action each; an activity counts once for every attempt, so it is counted by what its start says.
_ACTIONS: Final = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED: "starts",
    EventType.EVENT_TYPE_TIMER_STARTED: "timers",
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED: "signals",
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED: "updates",
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_REJECTED: "updates",
    EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES: "upserts",
    EventType.EVENT_TYPE_WORKFLOW_PROPERTIES_MODIFIED: "upserts",
    EventType.EVENT_TYPE_MARKER_RECORDED: "local_activities",
}
# Only a virtual clock writes these; a real case has none of them.
_OF_THE_CLOCK: Final = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIME_SKIPPING_TRANSITIONED,
}
_LABELS: Final = {
    "starts": "inícios",
    "activities": "atividades",
    "local_activities": "locais",
    "timers": "timers",
    "signals": "sinais",
    "updates": "updates",
    "upserts": "atributos",
}


class Limits(BaseModel):
    """What a case may cost (architecture.md): so much for an ordinary one, and a share for each message more.

    A further message costs itself, its record in the CRM, and at the most an effect and a letter.
    """

    model_config = ConfigDict(frozen=True)

    actions: int
    events: int
    bytes: int

    @classmethod
    def of(cls, messages: int) -> Self:
        """For a case that was sent so many messages."""
        more = max(0, messages - ORDINARY_MESSAGES)
        return cls(actions=30 + 4 * more, events=150 + 20 * more, bytes=100_000 + 6_000 * more)


class Budget(BaseModel):
    """What one case has cost so far, over all executions that it went on in."""

    model_config = ConfigDict(frozen=True)

    case: str
    actions: int
    by_kind: dict[str, int]
    events: int
    bytes: int
    """Size of the events as the server keeps them; those of a virtual clock are in none of these."""

    limits: Limits

    @property
    def is_kept(self) -> bool:
        """Whether the case is within its limits."""
        most = self.limits
        return self.actions <= most.actions and self.events <= most.events and self.bytes <= most.bytes


def add_commands(app: typer.Typer) -> None:
    """Add the command."""
    app.command("budget", cls=PortugueseCommand, rich_help_panel="Acompanhar")(budget)


def budget(
    cases: Annotated[
        list[str] | None,
        typer.Argument(metavar="[CASO]...", help="Cliente, protocolo ou id; sem nenhum, todos os casos."),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Termina com erro se algum caso passar do orçamento.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Mostra o custo de cada caso no Temporal: ações, eventos e bytes do histórico."""

    async def work(client: CancellationClient) -> list[Budget]:
        if cases:
            return [await budget_of(await client.find(case), case) for case in cases]
        return [
            await budget_of(
                client.temporal.get_workflow_handle(one.workflow_id, run_id=one.run_id), one.customer_id
            )
            async for one in client.cases()
        ]

    found = with_client(work)
    if json:
        typer.echo(as_json(found))
    else:
        show(found)
    if check and not all(one.is_kept for one in found):
        raise Failure("orçamento ultrapassado")


async def budget_of(handle: WorkflowHandle[Any, Any], case: str) -> Budget:
    """Count what an execution's history holds."""
    kinds: Counter[str] = Counter()
    events = size = 0
    async for event in handle.fetch_history_events():
        if event.event_type in _OF_THE_CLOCK:
            continue
        events += 1
        size += event.ByteSize()
        kinds.update(_actions_of(event))
    return Budget(
        case=case,
        actions=kinds.total(),
        by_kind=dict(kinds),
        events=events,
        bytes=size,
        limits=Limits.of(kinds["updates"] + kinds["signals"]),
    )


def show(budgets: list[Budget]) -> None:
    """The costs as a table; what is beyond the budget stands out."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", pad_edge=False)
    table.add_column("Caso", no_wrap=True)
    for heading in ("Ações", "Eventos", "Tamanho"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("Do que são as ações", overflow="fold")
    for one in budgets:
        table.add_row(
            one.case,
            *cells(one),
            Text(kinds_in_words(one)),
        )
    out = console()
    out.print(table)
    common = Limits.of(ORDINARY_MESSAGES)
    out.print(
        Text(
            f"Orçamento de um caso comum: {common.actions} ações, {common.events} eventos, "
            f"{letters.size(common.bytes)}; cada mensagem além de três acrescenta a sua parte.",
            style="bright_black",
        )
    )


def cells(one: Budget) -> tuple[Text, Text, Text]:
    """Actions and events with their limits, and the size; what is beyond its limit stands out."""
    most = one.limits
    return (
        _within(one.actions, most.actions, f"{one.actions}/{most.actions}"),
        _within(one.events, most.events, f"{one.events}/{most.events}"),
        _within(one.bytes, most.bytes, letters.size(one.bytes)),
    )


def kinds_in_words(one: Budget) -> str:
    """`9 atividades, 5 updates, …`."""
    kinds = sorted(one.by_kind.items(), key=lambda item: -item[1])
    return ", ".join(f"{count} {_LABELS[kind]}" for kind, count in kinds)


def _actions_of(event: HistoryEvent) -> dict[str, int]:
    if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED:
        return {"activities": max(1, event.activity_task_started_event_attributes.attempt)}
    kind = _ACTIONS.get(EventType.ValueType(event.event_type))
    return {kind: 1} if kind else {}


def _within(value: int, most: int, words: str) -> Text:
    return Text(words, style="" if value <= most else "bold red")
