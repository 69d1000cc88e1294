"""The command line's parts in one place: which module has which commands, and how every error ends."""

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Final

import typer

from starters.cli.portuguese import PortugueseGroup, speak_portuguese, what_was_typed_wrongly
from starters.cli.running import ExitCode, complain, exit_code_of

MODULES: Final[Mapping[str, Sequence[str]]] = {
    "starters.cli.facts": (
        "open",
        "offer",
        "outcome",
        "portability",
        "recordings",
        "withdraw",
        "discard",
    ),
    "starters.cli.formalize": ("formalize",),
    "starters.cli.looking": ("status", "trail", "list"),
    "starters.cli.understand": ("understand",),
    "starters.cli.mail": ("mail",),
    "starters.cli.inbox": ("inbox",),
    "starters.cli.gateway": ("gateway",),
    "starters.cli.servers": ("up", "worker", "setup", "seed"),
    "starters.cli.demo": ("demo",),
    "starters.cli.budget": ("budget",),
    "starters.cli.schema": ("schema",),
}
"""Module to its commands; each module has `add_commands(app)`. Only what a command needs is imported."""


def build(modules: Sequence[str] = tuple(MODULES)) -> typer.Typer:
    """The application with the commands of `modules`."""
    speak_portuguese()
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
    # A single command would otherwise become the whole application.
    app.callback()(lambda: None)
    for name in modules:
        import_module(name).add_commands(app)
    return app


def run(arguments: Sequence[str]) -> ExitCode:
    """Run one command; every error is one line in Portuguese, never a traceback."""
    command = typer.main.get_command(build(_needed(arguments)))
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
    except Exception as error:
        code, line = exit_code_of(error)
        complain(line)
        return code
    return ExitCode(outcome) if isinstance(outcome, int) and outcome else ExitCode.DONE


def _needed(arguments: Sequence[str]) -> Sequence[str]:
    """The modules to import: one for a command that is known, all of them for help or a misspelt name."""
    typed = arguments[0] if arguments else ""
    found = [module for module, commands in MODULES.items() if typed in commands]
    return found or list(MODULES)


def _wrong_usage(error: typer.TyperException) -> ExitCode:
    if type(error).__name__ == "NoArgsIsHelpError":
        sys.stdout.write(f"{error}\n" if str(error) else "")
        return ExitCode.USAGE
    describe = getattr(error, "format_message", None)
    complain(f"{what_was_typed_wrongly(describe() if describe else str(error))} (veja cancelamento --help)")
    return ExitCode.USAGE
