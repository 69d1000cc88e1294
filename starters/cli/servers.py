"""Commands that prepare servers: setup, seed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final

import typer

from cancellation.adapters.postgres.migrate import migrate
from cancellation.language.words import ZONE
from starters.cli.portuguese import PortugueseCommand
from starters.cli.running import Failure, settings_of_command, wait_for
from starters.cli.terminal import PLANTED

_PANEL: Final = "Servidores"


def add_commands(app: typer.Typer) -> None:
    """Add the commands."""
    for name, command in (("setup", setup), ("seed", seed)):
        app.command(name, cls=PortugueseCommand, rich_help_panel=_PANEL)(command)


def setup() -> None:
    """Prepara o banco (migrações) e o Temporal (atributos de busca); pode ser repetido."""
    from starters.cli.preparing import prepare_temporal

    settings = settings_of_command()

    async def run() -> tuple[list[str], list[str]]:
        applied = await migrate(settings.require_database_url())
        return applied, await prepare_temporal(settings)

    applied, added = wait_for(run())
    typer.echo(_counted("migração aplicada", "migrações aplicadas", applied))
    typer.echo(_counted("atributo de busca registrado", "atributos de busca registrados", added))


def seed(
    customers: Annotated[
        list[str] | None, typer.Argument(metavar="[CLIENTE]...", help="Só estes; sem nenhum, todos.")
    ] = None,
) -> None:
    """Planta os clientes de exemplo, com contratos, cobranças, ramais, números e gravações."""
    from starters.cli.planting import plant_samples  # Every system, for these few.

    settings = settings_of_command()
    today = datetime.now(ZONE).date()
    try:
        planted, known = wait_for(plant_samples(settings, today, customers or None))
    except LookupError as error:
        raise Failure(str(error)) from None
    for name in planted:
        typer.echo(f"{PLANTED}{name}")
    for name in known:
        typer.echo(f"já existia, nada mudou: {name}")


def _counted(singular: str, plural: str, done: Sequence[str]) -> str:
    if not done:
        return f"nenhum(a) {singular}: já estava em dia"
    return f"{len(done)} {singular if len(done) == 1 else plural}: {', '.join(done)}"
