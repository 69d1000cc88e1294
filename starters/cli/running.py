"""What every command shares: settings, a connected client, messages built from options, exit codes."""

import asyncio
import errno
import getpass
import logging
import os
import sys
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final, TypeVar

from starters.cli.signs import is_unicode

if TYPE_CHECKING:
    from cancellation.client import CancellationClient, Registry
    from cancellation.domain.refusal import Refused
    from cancellation.messages.envelope import Message
    from cancellation.settings import Settings

# What only some commands need, or only a command that fails, is loaded there: a command is typed and waited for.

logger = logging.getLogger(__name__)

M = TypeVar("M", bound="Message")
T = TypeVar("T")


class ExitCode(IntEnum):
    """How a command ended (contract.md)."""

    DONE = 0
    REFUSED = 1
    """Refused, or not found."""
    USAGE = 2
    UNREACHABLE = 3
    INTERRUPTED = 130


class Failure(Exception):
    """A command ends with one clear line in Portuguese and an exit code."""

    def __init__(self, message: str, code: ExitCode = ExitCode.REFUSED) -> None:
        super().__init__(message)
        self.code = code


def settings_of_command(*, alone: bool = False) -> "Settings":
    """The settings of this command.

    Args:
        alone: of the environment alone, whatever a running `up` on the same home would fill in.

    Raises:
        Failure: a variable of the environment is wrong; the message names it.
    """
    from pydantic import ValidationError
    from pydantic_settings import SettingsError

    from cancellation.settings import Settings, load_settings
    from starters.cli import checking

    if (unknown := checking.unknown_variable(os.environ)) is not None:
        raise Failure(unknown, ExitCode.USAGE)
    try:
        settings = Settings() if alone else load_settings()
    except ValidationError as error:
        raise checking.not_read(error) from None
    except SettingsError as error:
        raise checking.not_parsed(error) from None
    checking.check(settings)
    return settings


def with_client(work: Callable[["CancellationClient"], Awaitable[T]]) -> T:
    """Run `work` with a connected client."""
    from cancellation.client import CancellationClient

    settings = settings_of_command()

    async def connected() -> T:
        return await work(await CancellationClient.connect(settings.home, registry=crm_registry(settings)))

    return wait_for(connected())


def crm_registry(settings: "Settings") -> "Registry | None":
    """The CRM as a registry of open cases, opened when it is first asked; None where no database is configured."""
    from cancellation.settings import NotConfigured

    try:
        settings.require_database_url()
    except NotConfigured:
        return None

    async def look(protocol: str) -> str | None:
        from workers.records import open_crm  # seldom needed, and a tenth of a second to load

        async with open_crm(settings) as crm:
            case = await crm.case_by_protocol(protocol)
        return case.workflow_id if case is not None and case.ended_at is None else None

    return look


def wait_for(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's asynchronous part."""
    return asyncio.run(work)


@contextmanager
def kept_to_ourselves() -> Iterator[None]:
    """Of files that this process makes meanwhile nobody but its user reads any: a folder's store asks for no more."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def serve_until_stopped(server: Coroutine[Any, Any, None], *, stopped: str) -> None:
    """Run a page server until SIGTERM or SIGINT.

    Args:
        server: runs until it is cancelled.
        stopped: what is said then.
    """
    import signal

    import typer

    async def run() -> None:
        serving = asyncio.create_task(server)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, serving.cancel)
        try:
            await serving
        except asyncio.CancelledError:
            typer.echo(stopped)

    wait_for(run())


def message(model: type[M], actor: str | None, fields: Mapping[str, Any]) -> M:
    """A message from a command's options, read as strictly as the case reads it; None stands for left out.

    Raises:
        Refused: naming the field.
    """
    from pydantic_core import to_json

    from cancellation.messages.envelope import read

    given = {name: value for name, value in fields.items() if value is not None}
    given.setdefault("message_id", f"cli-{uuid.uuid4()}")
    given["actor"] = actor or default_actor()
    return read(model, to_json(given))


def default_actor() -> str:
    """Who types: the operating system's user."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "linha de comando"


def as_json(value: Any) -> str:
    """A model, or a list of models, as JSON for other programs; escaped where the output is not UTF-8."""
    from pydantic_core import to_json

    text = to_json(value, indent=2).decode()
    if is_unicode():
        return text
    import json

    return json.dumps(json.loads(text), indent=2)


def exit_code_of(error: BaseException) -> tuple[ExitCode, str]:
    """What a failed command says, and how it ends."""
    if isinstance(error, Failure):
        return error.code, str(error)
    from starters.cli.checking import trouble

    if (told := trouble(error, _settings_if_any())) is not None:
        return told
    from cancellation.domain.refusal import Refused
    from cancellation.failures import CaseFailed, CaseNotAnswering, CaseNotFound, ServerUnreachable
    from cancellation.settings import NotConfigured

    match error:
        case Refused():
            return ExitCode.REFUSED, f"recusado: {by_option(error)}"
        case CaseNotFound() | CaseFailed() | CaseNotAnswering():
            return ExitCode.REFUSED, str(error)
        case ServerUnreachable():
            return ExitCode.UNREACHABLE, str(error)
        case _ if _is_of(error, "workers.prepared", "NotPrepared"):
            lacks = str(error).split("; ")
            wrong_namespace = all("TEMPORAL_NAMESPACE" in one for one in lacks)
            return ExitCode.USAGE if wrong_namespace else ExitCode.REFUSED, str(error)
        case NotConfigured():
            return ExitCode.UNREACHABLE, " ".join(str(error).split())
        case _ if _is_of(error, "cancellation.encryption", "CannotDecrypt"):
            return ExitCode.USAGE, str(error)
        case _ if _is_of(error, "embedded.errors", "EmbeddedError"):
            return ExitCode.UNREACHABLE, " ".join(str(error).split())
        case _:
            return _other_problem(error)


def _is_of(error: BaseException, module: str, kind: str) -> bool:
    """Whether it is an error of a module that only those have loaded who can get it."""
    loaded = sys.modules.get(module)
    return loaded is not None and isinstance(error, getattr(loaded, kind))


def _settings_if_any() -> "Settings | None":
    """The settings, where they can be read: what went wrong may be said with them."""
    from cancellation.settings import load_settings

    try:
        return load_settings()
    except ValueError:
        return None


_OPTIONS: Final = {
    "channel": "--channel",
    "contact.name": "--name",
    "contact.email": "--email",
    "contact.phone": "--phone",
    "text": "--text",
    "kind": "TIPO",
    "status": "SITUAÇÃO",
    "offer_id": "--offer-id",
    "description": "--text",
    "outcome": "RESULTADO",
    "reason": "--reason",
    "reason.category": "--reason",
    "reason.text": "--text",
    "notes": "--notes",
    "number": "NÚMERO",
    "operator": "--operator",
    "from_date": "--from",
    "to_date": "--to",
    "deliver_to": "--deliver-to",
    "letter": "MENSAGEM",
    "wrong_address": "--wrong",
    "right_address": "--right",
    "occurred_at": "--occurred-at",
    "message_id": "--message-id",
    "actor": "--actor",
    "customer_id": "CLIENTE",
    "received_at": "--received-at",
    "explicit_request": "--explicit-request",
    "confirmed_by": "--confirmed-by",
    "refused_by": "--refused-by",
}
"""What a field of a message is called where it is typed."""


def by_option(refusal: "Refused") -> str:
    """Every problem, each field under the name by which it was typed (X8)."""
    told = (
        one.model_copy(update={"field": _OPTIONS.get(one.field, one.field)}).told for one in refusal.problems
    )
    return "; ".join(told)


def _other_problem(error: BaseException) -> tuple[ExitCode, str]:
    words = " ".join(str(error).split()) or type(error).__name__
    if type(error) is ValueError:
        return ExitCode.USAGE, words
    if _is_unreachable(error):
        return ExitCode.UNREACHABLE, f"um servidor não pôde ser alcançado: {words}"
    logger.debug("unexpected error", exc_info=error)
    return ExitCode.REFUSED, f"erro inesperado ({type(error).__name__}): {words}"


def _is_unreachable(error: BaseException) -> bool:
    """Whether a driver's error means that its server is not there."""
    import asyncpg

    gone = (
        ConnectionError,
        TimeoutError,
        FileNotFoundError,
        asyncpg.PostgresConnectionError,
        asyncpg.CannotConnectNowError,
    )
    return isinstance(error, gone)


def why_not(error: OSError) -> str:
    """Why a file could not be read or written, in Portuguese."""
    return _FILES.get(error.errno or 0, f"erro {error.errno} do sistema")


_FILES: Final = {
    errno.ENOENT: "não existe",
    errno.EACCES: "sem permissão",
    errno.EPERM: "sem permissão",
    errno.EISDIR: "é uma pasta",
    errno.ENOTDIR: "o caminho passa por um arquivo",
    errno.ENOSPC: "o disco está cheio",
    errno.EROFS: "o disco não aceita gravação",
}


def complain(line: str) -> None:
    """One line on standard error."""
    sys.stderr.write(f"cancelamento: {line}\n")
