"""`cancelamento desk`: Commercial's desk, and who may come in (X24)."""

import sys
from typing import Annotated

import typer

from cancellation.settings import Settings
from cancellation.telemetry import configure_logging
from starters.cli.portuguese import PortugueseCommand
from starters.cli.running import ExitCode, Failure, serve_until_stopped, settings_of_command
from starters.desk.people import (
    FEWEST_CHARACTERS,
    BadPeopleFile,
    Passwords,
    People,
    Person,
    Role,
    give_first_access,
)


def desk(
    add: Annotated[
        str | None,
        typer.Option(metavar="USUÁRIO", help="Cadastra ou altera uma pessoa; a senha é perguntada."),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Nome da pessoa, com o qual tudo o que ela fizer fica registrado.")
    ] = None,
    role: Annotated[Role, typer.Option(help="Perfil da pessoa: o que ela pode registrar.")] = Role.COMMERCIAL,
    no_password: Annotated[
        bool, typer.Option("--no-password", help="Sem senha: só entra pelo proxy que a identifica.")
    ] = False,
    remove: Annotated[str | None, typer.Option(metavar="USUÁRIO", help="Retira uma pessoa.")] = None,
    people: Annotated[bool, typer.Option("--people", help="Mostra quem pode entrar.")] = False,
) -> None:
    """Serve a mesa do Comercial até ser interrompido, ou cadastra quem pode entrar."""
    settings = settings_of_command()
    try:
        if add is not None:
            _add(settings, add, name or add, role, with_password=not no_password)
        elif remove is not None:
            _remove(settings, remove)
        elif people:
            for person in People(settings.people_file).all().values():
                typer.echo(f"{person.login:<20} {person.role.label:<12} {person.name}")
        else:
            _serve(settings)
    except BadPeopleFile as error:
        raise Failure(f"o cadastro de pessoas não pôde ser lido: {error}", ExitCode.USAGE) from None


def _serve(settings: Settings) -> None:
    from starters.desk.serving import run_desk  # Whoever adds a person needs no server.

    configure_logging(settings.log_level, settings.log_format)
    give_first_access(settings)

    serve_until_stopped(
        run_desk(settings, ready=lambda url: typer.echo(f"Mesa do Comercial em {url}")),
        stopped="Mesa do Comercial parada.",
    )


def _add(settings: Settings, login: str, name: str, role: Role, *, with_password: bool) -> None:
    password = _asked_for_password() if with_password else None
    try:
        person = Person(
            login=login.strip().lower(),
            name=name,
            role=role,
            password=Passwords().hash(password) if password is not None else None,
        )
    except ValueError:
        allowed = "letras minúsculas sem acento, algarismos, ponto, hífen e @"
        raise Failure(f"usuário inválido: use {allowed}", ExitCode.USAGE) from None
    People(settings.people_file).put(person)
    typer.echo(f"{person.name} pode entrar como {person.login} ({person.role.label}).")


def _asked_for_password() -> str:
    """From the terminal, unseen; or one line of standard input, for a program.

    Raises:
        Failure: it is too short.
    """
    if sys.stdin.isatty():
        password = str(typer.prompt("Senha", hide_input=True, confirmation_prompt="Repita a senha"))
    else:
        password = sys.stdin.readline().rstrip("\n")
    if len(password) < FEWEST_CHARACTERS:
        raise Failure(f"a senha precisa de pelo menos {FEWEST_CHARACTERS} caracteres", ExitCode.USAGE)
    return password


def _remove(settings: Settings, login: str) -> None:
    if not People(settings.people_file).remove(login.strip().lower()):
        raise Failure(f"não há ninguém com o usuário {login}")
    typer.echo(f"{login} não entra mais: sessões abertas também terminam.")


def add_commands(app: typer.Typer) -> None:
    """Add the desk's command."""
    app.command("desk", cls=PortugueseCommand, rich_help_panel="Servidores")(desk)
