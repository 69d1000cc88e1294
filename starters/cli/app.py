"""The command line's parts in one place: which module has which commands, and how every error ends."""

import os
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Annotated

import typer

from starters.cli.catalogue import COMMANDS
from starters.cli.portuguese import PortugueseGroup, what_was_typed_wrongly
from starters.cli.running import ExitCode, complain, exit_code_of


def build(commands: Iterable[str] = COMMANDS) -> typer.Typer:
    """The application with these commands, each with what it does: their modules are loaded."""
    app = _empty()
    for module in dict.fromkeys(COMMANDS[command].module for command in commands):
        import_module(module).add_commands(app)
    return app


def listing() -> typer.Typer:
    """The application with every command's name and line, for its list of commands; none can be run."""
    app = _empty()
    for name, listed in COMMANDS.items():
        app.command(name, help=listed.summary, rich_help_panel=listed.panel)(lambda: None)
    return app


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"cancelamento {version('cancelamento')}")
        raise typer.Exit


def _empty() -> typer.Typer:
    app = typer.Typer(
        name="cancelamento",
        cls=PortugueseGroup,
        help="Processo de cancelamento de clientes: abrir, acompanhar e conduzir casos.",
        epilog=(
            "Um caso é indicado pelo número do cliente, pelo protocolo ou pelo id da execução. "
            "Códigos de saída: 0 feito, 1 recusado ou não encontrado, 2 uso errado, 3 servidor inacessível."
        ),
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["--help", "-h"]},
    )
    app.callback()(_whole)
    return app


def _whole(
    version: Annotated[
        bool, typer.Option("--version", help="Mostra a versão.", is_eager=True, callback=_show_version)
    ] = False,
) -> None:
    """Has the options of the whole application; a single command would otherwise become it."""


def run(arguments: Sequence[str]) -> ExitCode:
    """Run one command; every error is one line in Portuguese, never a traceback."""
    command = typer.main.get_command(_application(_asked_by_shell() or arguments))
    try:
        outcome = command.main(list(arguments), prog_name="cancelamento", standalone_mode=False)
    except typer.TyperException as error:
        return _wrong_usage(error)
    except (typer.Abort, KeyboardInterrupt):
        complain("interrompido")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has read enough.
        sys.stderr.close()
        return ExitCode.DONE
    except ModuleNotFoundError:
        raise  # An extra is not installed: whoever started the process says so.
    except Exception as error:
        code, line = exit_code_of(error)
        complain(line)
        return code
    return ExitCode(outcome) if isinstance(outcome, int) and outcome else ExitCode.DONE


def _asked_by_shell() -> Sequence[str] | None:
    """What a shell wants completed; None for every other run, which loads nothing for it."""
    if not any(name.startswith("_CANCELAMENTO_") for name in os.environ):
        return None
    from starters.cli.completion import words_to_complete

    return words_to_complete()


def _application(arguments: Sequence[str]) -> typer.Typer:
    """What has to be loaded: one command that is known; for help or a misspelt name the list alone."""
    typed = next((argument for argument in arguments if argument != "--"), "")
    return build([typed]) if typed in COMMANDS else listing()


def _wrong_usage(error: typer.TyperException) -> ExitCode:
    if type(error).__name__ == "NoArgsIsHelpError":
        sys.stdout.write(f"{error}\n" if str(error) else "")
        return ExitCode.USAGE
    complain(what_was_typed_wrongly(error, COMMANDS))
    return ExitCode.USAGE
