"""Typer in Portuguese: help pages, and what it says when a command is typed wrongly."""

import re
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


def what_was_typed_wrongly(message: str) -> str:
    """A usage error of the library in one Portuguese line; an unknown one stays as it is."""
    line = " ".join(message.split())
    for pattern, words in _WORDS:
        found = pattern.match(line)
        if found:
            return words.format(**found.groupdict())
    return line


def _in_portuguese(usage: str) -> str:
    usage = usage.replace("Usage:", "Uso:", 1)
    return usage.replace("[OPTIONS]", "[OPÇÕES]").replace("COMMAND [ARGS]...", "COMANDO [ARGUMENTOS]...")


def _explained(option: Any) -> Any:
    if option is not None:
        option.help = _HELP
    return option
