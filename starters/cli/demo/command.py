"""The command `demo`: servers up, stories played, and what came of them shown."""

import os
import shutil
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import quote

import typer
from filelock import FileLock, Timeout
from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from cancellation.addresses import Addresses
from cancellation.client import CancellationClient
from cancellation.language import vocabulary
from cancellation.settings import Settings, load_settings
from cancellation.telemetry import configure_logging
from embedded import EmbeddedPostgres, FolderInUse
from starters.cli import budget, rendering, words
from starters.cli.demo.afterwards import watch_acme
from starters.cli.demo.stories import ACME, DAYS, EXPECTED, play
from starters.cli.demo.theatre import Theatre
from starters.cli.portuguese import PortugueseCommand
from starters.cli.running import Failure, wait_for
from starters.cli.stack import embedded_stack
from starters.cli.terminal import console
from starters.desk.people import first_access_file
from workers.policy import load_policy
from workers.wiring import open_systems

_FOREIGN: Final = ("TEMPORAL_", "CANCELAMENTO_", "DATABASE_URL")


def add_commands(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo", cls=PortugueseCommand, rich_help_panel="Servidores")(demo)


def demo(
    keep: Annotated[
        bool,
        typer.Option("--keep", envvar="KEEP", show_envvar=False, help="Deixa tudo no ar no fim, até Ctrl-C."),
    ] = False,
) -> None:
    """Mostra cancelamentos completos, de ponta a ponta, em servidores de verdade e com relógio virtual."""
    settings = _own_settings()
    configure_logging("ERROR", settings.log_format)
    _clear(settings.home)
    wait_for(_run(settings, keep))


async def _run(settings: Settings, keep: bool) -> None:
    out = console()
    out.print(
        Panel("[bold]Demonstração[/bold] com RELÓGIO VIRTUAL: trinta dias passam em segundos.", style="cyan")
    )
    stack = embedded_stack(
        settings,
        virtual_clock=True,
        seed=True,
        progress=lambda line: out.print(escape(line), style="bright_black", soft_wrap=True),
    )
    async with stack:
        client = await CancellationClient.connect(settings.home)
        await _play(client, stack.addresses, out)
        await _show_results(client, stack.addresses, out)
        if keep:
            acme = f"{stack.addresses.desk}/caso/{(await client.status(ACME)).protocol}"
            _show_how_to_look(settings, acme, out)
            await stack.wait()
        else:
            out.print(_after_the_end(settings), soft_wrap=True)


async def _play(client: CancellationClient, addresses: Addresses, out: Console) -> None:
    settings = load_settings()
    names: dict[str, str] = {}
    with _progress(out) as progress:
        days = progress.add_task("dias", total=DAYS)

        def tell(customer_id: str, line: str) -> None:
            day = int(progress.tasks[0].completed)
            progress.console.print(
                Text.assemble(
                    (f"dia {day:>2}  ", "bright_black"),
                    (f"{names.get(customer_id, customer_id):<15}", "bold"),
                    line,
                ),
                soft_wrap=not out.is_terminal,
            )

        async with open_systems(settings) as systems:
            for customer_id in EXPECTED:
                customer = await systems.crm.customer(customer_id)
                names[customer_id] = customer.name.split()[0] if customer else customer_id
            policy = load_policy(settings)
            theatre = Theatre(
                client,
                systems.crm,
                systems.crm,
                policy.mailboxes,
                settings.inbox.trusted_servers,
                addresses,
                tell,
            )
            await play(theatre, lambda: progress.advance(days))
            acme = await client.result(ACME)
            await watch_acme(client.temporal, systems, policy, acme, lambda line: tell(ACME, line))


async def _show_results(client: CancellationClient, addresses: Addresses, out: Console) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", pad_edge=False)
    for heading in ("Cliente", "Protocolo", "Desfecho"):
        table.add_column(heading, no_wrap=True)
    for heading in ("Ações", "Eventos", "Tamanho"):
        table.add_column(heading, justify="right", no_wrap=True)
    wrong = []
    for customer_id, expected in EXPECTED.items():
        status = await client.status(customer_id)
        cost = await budget.budget_of(await client.find(customer_id), customer_id)
        table.add_row(
            f"{customer_id} {(status.customer_name or '').split()[0]}",
            status.protocol,
            Text(vocabulary.short_stage(status.stage), style=words.STAGE_STYLES[status.stage]),
            *budget.cells(cost),
        )
        if not cost.is_kept:
            wrong.append(f"{customer_id} custou mais que o orçamento")
        if status.stage is not expected:
            came, wanted = vocabulary.stage(status.stage), vocabulary.stage(expected)
            wrong.append(f"{customer_id} terminou em “{came}”, e não em “{wanted}”")
    out.print()
    rendering.show_trail(await client.trail(ACME), "Histórico completo do caso da Acme")
    await _show_closing(client, out)
    out.print()
    out.print("[bold]Os casos[/bold], com o que custaram ao Temporal, de quanto podiam custar")
    out.print(table)
    _show_links(addresses, out)
    if wrong:
        raise Failure("; ".join(wrong))


async def _show_closing(client: CancellationClient, out: Console) -> None:
    result = await client.result(ACME)
    out.print()
    out.print(
        f"Liberados: {words.released(result.released)}. "
        f"Cobranças canceladas: {result.voided_charges}. "
        f"Registros no histórico: {result.trail_entries}."
    )


def _show_links(addresses: Addresses, out: Console) -> None:
    base = f"{addresses.web_ui}/namespaces/{addresses.namespace}/workflows"
    out.print()
    out.print("[bold]Na tela do Temporal[/bold]")
    for label, query in (
        ("todos os casos", "WorkflowType = 'Cancellation'"),
        ("só os encerrados", "CancellationStage = 'closed'"),
    ):
        out.print(f"  {label}: {base}?query={quote(query)}", soft_wrap=True)
    out.print(f"  caso da Acme: {base}/cancellation-{ACME}", soft_wrap=True)
    count = len(list(Path(addresses.outbox).glob("*.eml")))
    out.print(f"[bold]E-mails enviados:[/bold] {count}, em {addresses.outbox}", soft_wrap=True)


def _show_how_to_look(settings: Settings, acme: str, out: Console) -> None:
    out.print()
    out.print("[bold]Tudo continua no ar.[/bold] Na mesa do Comercial:")
    out.print(f"  caso da Acme: {acme} (acesso em {first_access_file(settings)})", soft_wrap=True)
    out.print("Em outro terminal, por exemplo:")
    out.print(f"  export CANCELAMENTO_HOME={settings.home}", soft_wrap=True)
    out.print(f"  .venv/bin/cancelamento status {ACME}")
    out.print("  .venv/bin/cancelamento open 1047 --channel whatsapp --text 'Quero cancelar'")
    out.print("Ctrl-C para tudo.")


def _after_the_end(settings: Settings) -> str:
    return (
        "Os servidores foram parados. Para olhar com calma: make demo KEEP=1; ou, com os mesmos dados e "
        f"endereços, CANCELAMENTO_HOME={settings.home} .venv/bin/cancelamento up --virtual-clock"
    )


def _own_settings() -> Settings:
    """Nothing configured on this machine counts: the demonstration never touches a real server."""
    home = Settings().home / "demo"
    for name in list(os.environ):
        if name.startswith(_FOREIGN):
            del os.environ[name]
    os.environ["CANCELAMENTO_HOME"] = str(home)
    return Settings()


def _clear(home: Path) -> None:
    """Forget the last demonstration, unless it is still running.

    Raises:
        FolderInUse: it is.
    """
    if not home.exists():
        return
    lock = FileLock(home / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise FolderInUse(f"a demonstração anterior ainda está no ar na pasta {home}") from None
    EmbeddedPostgres(home / "postgres").discard()
    shutil.rmtree(home, ignore_errors=True)
    lock.release()


def _progress(out: Console) -> Any:
    return Progress(
        TextColumn("dia {task.completed} de {task.total}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=out,
        transient=True,
        disable=not out.is_terminal,
    )
