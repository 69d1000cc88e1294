"""Commands that prepare servers: setup, seed."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

import typer

from cancellation.adapters.postgres.migrate import migrate
from cancellation.adapters.postgres.roles import Role, missing_roles, set_passwords
from cancellation.language.words import ZONE
from cancellation.secret_files import read_secret
from starters.cli.portuguese import PortugueseCommand
from starters.cli.running import Failure, kept_to_ourselves, settings_of_command, wait_for
from starters.cli.terminal import PLANTED

_PANEL: Final = "Servidores"


def add_commands(app: typer.Typer) -> None:
    """Add the commands."""
    for name, command in (("setup", setup), ("seed", seed)):
        app.command(name, cls=PortugueseCommand, rich_help_panel=_PANEL)(command)


def setup(
    owner_url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            envvar="CANCELAMENTO_OWNER_URL",
            show_envvar=False,
            help="O banco como o dono dele, que migra e dá os direitos; sem ela, o banco configurado.",
        ),
    ] = None,
    passwords: Annotated[
        Path | None,
        typer.Option(
            metavar="PASTA",
            exists=True,
            file_okay=False,
            help="Um arquivo por papel, como cancelamento_worker, com a senha com que o processo entra no banco.",
        ),
    ] = None,
    retention_days: Annotated[
        int, typer.Option(min=1, metavar="DIAS", help="Por quanto tempo o Temporal guarda casos encerrados.")
    ] = 90,
) -> None:
    """Prepara o banco (papéis, migrações) e o Temporal (namespace, busca, conferência diária); pode ser repetido."""
    from starters.cli.preparing import prepare_temporal

    settings = settings_of_command()

    async def run() -> None:
        owner = owner_url or settings.require_database_url()
        applied = await migrate(owner, erasure_terms=settings.erase.terms)
        typer.echo(_counted("migração aplicada", "migrações aplicadas", applied))
        await _give_passwords(owner, passwords)
        namespace, added, schedule = await prepare_temporal(settings, timedelta(days=retention_days))
        if namespace:
            typer.echo(namespace)
        typer.echo(_counted("atributo de busca registrado", "atributos de busca registrados", added))
        if schedule:
            typer.echo(schedule)

    wait_for(run())


async def _give_passwords(owner: str, folder: Path | None) -> None:
    """Have every role, with the password that its file holds.

    Raises:
        Failure: the owner may not make roles, and nobody has.
    """
    missing = await missing_roles(owner)
    if missing:
        orders = " ".join(f"create role {role} login;" for role in missing)
        raise Failure(
            f"faltam papéis no banco, e o dono não pode criá-los: peça a quem pode ({orders}) e repita"
        )
    given = {role: folder / role for role in Role if folder and (folder / role).is_file()}
    await set_passwords(owner, {role: read_secret("--passwords", str(file)) for role, file in given.items()})
    if given:
        typer.echo(_counted("senha dada", "senhas dadas", list(given)))


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
        with kept_to_ourselves():
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
