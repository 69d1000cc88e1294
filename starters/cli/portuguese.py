"""Typer in Portuguese: help pages, and what it says when a command is typed wrongly."""

import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any, Final

from typer.core import TyperCommand, TyperGroup

_HELP: Final = "Mostra esta ajuda."

# Typer's own words, for which it has no translation files; the first that fits is used.
_WORDS: Final = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"^Missing argument '?(?P<a>[^'.]+)'?\..*", "falta o argumento {a}"),
        (r"^Missing option '?(?P<a>[^'.]+)'?\..*", "falta a opção {a}"),
        (r"^Missing parameter:? '?(?P<a>[^'.]+)'?.*", "falta {a}"),
        (r"^No such command '(?P<a>.*?)'\..*", "comando desconhecido: {a}"),
        (r"^No such option: (?P<a>\S+)(?: .*)?$", "opção desconhecida: {a}"),
        (r"^Missing command\.", "falta o comando"),
        (r"^Got unexpected extra argument(?:\(s\)|s)? \((?P<a>.*)\)", "argumento a mais: {a}"),
        (r"^Option '?(?P<a>\S+?)'? requires an argument\.", "a opção {a} pede um valor"),
        (r"^Option '?(?P<a>\S+?)'? does not take a value\.", "a opção {a} não leva valor"),
        (
            r"^Invalid value for (?P<a>.+?): (?:Value error, )?(?P<b>'.*') is not one of (?P<c>.+?)\.?$",
            "valor inválido para {a}: {b}; aceitos: {c}",
        ),
        (
            r"^Invalid value for (?P<a>.+?): (?P<b>'.*') is not a valid (?P<c>.+?)\.?$",
            "valor inválido para {a}: {b}",
        ),
        (
            r"^Invalid value for (?P<a>.+?): (?P<b>'.*') does not match the formats.*$",
            "data inválida para {a}: {b}; escreva AAAA-MM-DD",
        ),
        (
            r"^Invalid value for (?P<a>.+?): .*?(?P<b>'.*') does not exist\.$",
            "arquivo não encontrado: {b}",
        ),
        (
            r"^Invalid value for (?P<a>.+?): Input should be greater than or equal to (?P<b>\S+)$",
            "valor inválido para {a}: deve ser no mínimo {b}",
        ),
        (
            r"^Invalid value for (?P<a>.+?): Input should be less than or equal to (?P<b>\S+)$",
            "valor inválido para {a}: deve ser no máximo {b}",
        ),
        (
            r"^Invalid value for (?P<a>.+?): Input should be a valid (?:integer|number).*$",
            "valor inválido para {a}: deve ser um número",
        ),
        (r"^Invalid value for (?P<a>.+?): (?:Value error, )?(?P<b>.*)$", "valor inválido para {a}: {b}"),
        (r"^Invalid value: (?P<b>.*)$", "valor inválido: {b}"),
    )
)

_TYPES: Final = {
    "<bool>": "", "<str>": "<texto>", "<list[str]>": "<texto>", "<int range>": "<número>", "<int>": "<número>",
    "<float>": "<número>", "<path>": "<caminho>", "<file>": "<arquivo>", "<directory>": "<pasta>",
}  # fmt: skip
_NEAR_COMMAND: Final = re.compile(r"^No such command '(?P<typed>.*?)'\.")


class PortugueseCommand(TyperCommand):
    """A command whose help page is in Portuguese."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """The help page."""
        _speak_portuguese()
        super().format_help(ctx, formatter)

    def get_usage(self, ctx: Any) -> str:
        """The usage line."""
        return _in_portuguese(super().get_usage(ctx))

    def get_help_option(self, ctx: Any) -> Any:
        """The option `--help`, explained in Portuguese."""
        return _explained(super().get_help_option(ctx))


class PortugueseGroup(TyperGroup):
    """The list of commands, in Portuguese."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """The help page."""
        _speak_portuguese()
        super().format_help(ctx, formatter)

    def get_usage(self, ctx: Any) -> str:
        """The usage line."""
        return _in_portuguese(super().get_usage(ctx))

    def get_help_option(self, ctx: Any) -> Any:
        """The option `--help`, explained in Portuguese."""
        return _explained(super().get_help_option(ctx))


def _speak_portuguese() -> None:
    """Give the headings of the help pages their Portuguese words; they are plain constants of the library."""
    from typer import rich_utils  # Loads rich, which a process that serves never needs.

    rich_utils.ARGUMENTS_PANEL_TITLE = "Argumentos"
    rich_utils.OPTIONS_PANEL_TITLE = "Opções"
    rich_utils.COMMANDS_PANEL_TITLE = "Comandos"
    rich_utils.DEFAULT_STRING = "[padrão: {}]"
    rich_utils.REQUIRED_LONG_STRING = "[obrigatório]"
    rich_utils.types_highlighter = _typed_in_portuguese  # type: ignore[assignment]


def _typed_in_portuguese(kind: Any) -> Any:
    """What an option takes, as the help page shows it; a flag takes nothing."""
    from rich.text import Text

    shown = kind.plain
    for theirs, ours in _TYPES.items():
        shown = shown.replace(theirs, ours)
    return Text(shown, style=kind.style, overflow="fold")


def what_was_typed_wrongly(error: Exception, commands: Iterable[str]) -> str:
    """A usage error of the library in one Portuguese line: what would be right, and where it is explained.

    One that has no words here stays as it is.
    """
    describe = getattr(error, "format_message", None)
    line = " ".join((describe() if describe else str(error)).split())
    said = next((words.format(**found.groupdict()) for found, words in _fitting(line)), line)
    near = list(getattr(error, "possibilities", None) or _commands_like(line, commands))
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "cancelamento"
    meant = f"; você quis dizer {' ou '.join(near)}?" if near else ""
    return f"{said}{meant} (veja {path} --help)"


def _fitting(line: str) -> Iterator[tuple[re.Match[str], str]]:
    return ((found, words) for pattern, words in _WORDS if (found := pattern.match(line)))


def _commands_like(line: str, commands: Iterable[str]) -> list[str]:
    found = _NEAR_COMMAND.match(line)
    return get_close_matches(found["typed"], commands, n=1) if found else []


def _in_portuguese(usage: str) -> str:
    usage = usage.replace("Usage:", "Uso:", 1)
    return usage.replace("[OPTIONS]", "[OPÇÕES]").replace("COMMAND [ARGS]...", "COMANDO [ARGUMENTOS]...")


def _explained(option: Any) -> Any:
    if option is not None:
        option.help = _HELP
    return option
