"""What is wrong with the settings, before any server is asked: one sentence that names the variable.

Whatever a command does, it starts from settings that were looked at here; a server that does not answer is told apart
by `trouble`.
"""

import asyncio
import difflib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError

from cancellation.failures import ServerUnreachable
from cancellation.messages.envelope import words_of
from cancellation.settings import PREFIX, Settings, secret_variables
from starters.cli.running import ExitCode, Failure

if TYPE_CHECKING:
    from pydantic_settings import SettingsError

_NEAR: Final = 0.75
"""How alike two names are when one is taken for the other misspelt."""
_STORES: Final = frozenset({"file", "memory", "s3", "s3a", "gs", "az", "azure", "abfs", "abfss", "adl"})
_TELEPHONY: Final = ("postgres", "kamailio")


def unknown_variable(environment: Mapping[str, str]) -> str | None:
    """The first variable that nobody reads and that looks like a misspelt one of ours, with the right name.

    What begins like ours and looks like nothing that we read is somebody else's: a script's own, a test's.
    """
    known = {name.upper().removeprefix(PREFIX) for name in known_variables()}
    for name in sorted(environment):
        rest = name.upper().removeprefix(PREFIX)
        if name.upper().startswith(PREFIX) and rest not in known:
            near = difflib.get_close_matches(rest, known, n=1, cutoff=_NEAR)
            if near:
                return f"variável desconhecida: {name}; você quis dizer {PREFIX}{near[0]}?"
    return None


def known_variables() -> Iterator[str]:
    """Every variable that the settings read."""
    for name, field in Settings.model_fields.items():
        yield f"{PREFIX}{name}"
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from (f"{PREFIX}{name}_{inner}" for inner in kind.model_fields)
    yield from (f"{name}_FILE" for name in secret_variables() if name.startswith(PREFIX))


def not_read(error: ValidationError) -> Failure:
    """A variable that cannot be read as what it is for."""
    first = error.errors(include_url=False, include_input=False)[0]
    if not first["loc"]:  # about several of them: the sentence names them
        return Failure(str(first["ctx"]["error"]), ExitCode.USAGE)
    name = "_".join(str(part) for part in first["loc"]).upper()
    variable = name if name == "DATABASE_URL" or name.startswith(PREFIX) else f"{PREFIX}{name}"
    return Failure(f"configuração inválida em {variable}: {words_of(first)}", ExitCode.USAGE)


def not_parsed(error: "SettingsError") -> Failure:
    """A variable that should hold a JSON object and does not."""
    named = re.search(r'field "(\w+)"', str(error))
    variable = f"{PREFIX}{named[1].upper()}" if named else "uma variável"
    return Failure(f"configuração inválida em {variable}: não é JSON válido", ExitCode.USAGE)


def check(settings: Settings) -> None:
    """Look at what can be looked at without any server.

    Raises:
        Failure: something is wrong; the sentence names the variable.
    """
    for problem in _problems(settings):
        raise Failure(problem, ExitCode.USAGE)


def _problems(settings: Settings) -> Iterator[str]:
    if settings.database_url is not None:
        parts = urlsplit(settings.database_url.get_secret_value())
        if parts.scheme not in ("postgresql", "postgres"):
            yield "DATABASE_URL não é um endereço de PostgreSQL (postgresql://usuário:senha@servidor/banco)"
    if settings.policy_file is not None and not settings.policy_file.is_file():
        yield f"CANCELAMENTO_POLICY_FILE: não há arquivo em {settings.policy_file}"
    parts = urlsplit(settings.recordings_url)
    if parts.scheme not in _STORES or (parts.scheme == "file" and not parts.path.startswith("/")):
        yield "CANCELAMENTO_RECORDINGS_URL: use file:///pasta/absoluta, s3://, gs:// ou az://"
    if settings.telephony.adapter not in _TELEPHONY:
        yield (
            f"CANCELAMENTO_TELEPHONY_ADAPTER: adaptador desconhecido: {settings.telephony.adapter}; "
            f"use {' ou '.join(_TELEPHONY)}"
        )
    for variable, address in (
        ("CANCELAMENTO_METRICS_ADDRESS", settings.metrics_address),
        ("CANCELAMENTO_HEALTH_ADDRESS", settings.health_address),
    ):
        if address and not re.fullmatch(r"(\[[0-9a-fA-F:]+\]|[\d.]+):\d{1,5}", address):
            yield f"{variable}: esperado endereço:porta, como 127.0.0.1:9464"
    if not _can_be_written(settings.home):
        yield f"CANCELAMENTO_HOME: não é possível gravar em {settings.home}"


def _can_be_written(home: Path) -> bool:
    there = next((one for one in (home, *home.parents) if one.exists()), home)
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)


def trouble(error: BaseException, settings: Settings | None) -> tuple[ExitCode, str] | None:
    """A driver's error about a server that a variable names: how it ends, and what is said; None: another error."""
    import asyncpg

    from cancellation.adapters.postgres.pool import RoleRefused

    if isinstance(error, RuntimeError) and str(error).startswith("Failed client connect"):
        where = _temporal(settings).get("target_host", "")
        return ExitCode.UNREACHABLE, f"não foi possível conectar ao Temporal em {where} (TEMPORAL_ADDRESS)"
    if _is_of_namespace(error):
        name = _temporal(settings).get("namespace", "")
        return ExitCode.USAGE, f"o namespace “{name}” não existe no Temporal (TEMPORAL_NAMESPACE)"
    if isinstance(error, ServerUnreachable):
        return None  # It says itself which one.
    match error:
        case RoleRefused(role=role):
            return ExitCode.REFUSED, (
                f"o banco não deixa esta conexão trabalhar como {role}: rode cancelamento setup com o dono do banco, "
                "e conecte com esse usuário"
            )
        case asyncpg.InsufficientPrivilegeError():
            return ExitCode.REFUSED, (
                "este usuário do banco não pode fazer isso: use o ambiente do worker, ou o do dono para setup e seed"
            )
        case asyncpg.InvalidAuthorizationSpecificationError():
            return ExitCode.USAGE, "o PostgreSQL recusou o usuário ou a senha (DATABASE_URL)"
        case asyncpg.InvalidCatalogNameError():
            return ExitCode.USAGE, "o banco de dados não existe no PostgreSQL (DATABASE_URL)"
        case asyncpg.exceptions.ClientConfigurationError():
            return ExitCode.USAGE, "DATABASE_URL não pode ser lida como endereço de PostgreSQL"
        case OSError() if settings is not None and _is_within(error.filename, settings.home):
            return ExitCode.USAGE, f"CANCELAMENTO_HOME: não é possível gravar em {settings.home}"
        case OSError() if _is_about_a_connection(error) and settings is not None:
            where = _database(settings)
            return (
                (ExitCode.UNREACHABLE, f"não foi possível conectar ao PostgreSQL em {where} (DATABASE_URL)")
                if where
                else None
            )
        case _:
            return None


def _is_within(filename: object, home: Path) -> bool:
    """Whether an error about a file is about the home, or about a folder above it that is not there."""
    if not isinstance(filename, str | bytes) or not filename:
        return False
    there = Path(os.fsdecode(filename))
    return there.is_absolute() and (there.is_relative_to(home) or there in home.parents)


def _is_about_a_connection(error: OSError) -> bool:
    import socket

    gone = (ConnectionError, TimeoutError, asyncio.TimeoutError, socket.gaierror)
    return isinstance(error, gone) or "Connect call failed" in str(error)


def _is_of_namespace(error: BaseException | None) -> bool:
    from temporalio.service import RPCError, RPCStatusCode

    while error is not None:
        if isinstance(error, RPCError):
            return error.status is RPCStatusCode.NOT_FOUND and error.message.startswith("Namespace ")
        error = error.__cause__
    return False


def _temporal(settings: Settings | None) -> Mapping[str, Any]:
    from cancellation.addresses import temporal_connect_config

    return temporal_connect_config(settings.home if settings else Path(".cancelamento"))


def _database(settings: Settings) -> str:
    """Where the database should be, without who asks; empty where none is configured."""
    if settings.database_url is None:
        return ""
    parts = urlsplit(settings.database_url.get_secret_value())
    return f"{parts.hostname or 'soquete local'}:{parts.port or 5432}"
