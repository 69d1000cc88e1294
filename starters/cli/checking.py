"""What is wrong with the settings, before any server is asked: one sentence that names the variable.

Whatever a command does, it starts from settings that were looked at here; a server that does not answer is told apart
by `trouble`.
"""

import asyncio
import errno
import ipaddress
import json
import os
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import SplitResult, urlsplit

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
_CLOUDS: Final = _STORES - {"file", "memory"}
_TELEPHONY: Final = ("postgres", "kamailio")
_LISTENS: Final = re.compile(r"(\[[0-9a-fA-F:]+\]|[\d.]+):(\d{1,5})")
_TEMPORAL: Final = re.compile(r"(?:\[[0-9a-fA-F:]+\]|[^:/\s\[\]]+)(?::(\d{1,5}))?")
_TEMPORAL_FILES: Final = (
    "TEMPORAL_CONFIG_FILE",
    "TEMPORAL_TLS_CLIENT_CERT_PATH",
    "TEMPORAL_TLS_CLIENT_KEY_PATH",
    "TEMPORAL_TLS_SERVER_CA_CERT_PATH",
)
_HIGHEST_PORT: Final = 65_535
_BINDING: Final = re.compile(r"bind on address \('([^']+)', (\d+)")
"""What the event loop says, and our page servers, of an address on which nothing can listen."""


def unknown_variable(environment: Mapping[str, str]) -> str | None:
    """The first variable that nobody reads and that looks like a misspelt one of ours, with the right name.

    What begins like ours and looks like nothing that we read is somebody else's: a script's own, a test's.
    """
    known = {name.upper().removeprefix(PREFIX) for name in known_variables()}
    for name in sorted(environment):
        rest = name.upper().removeprefix(PREFIX)
        if name.upper().startswith(PREFIX) and rest not in known:
            near = get_close_matches(rest, known, n=1, cutoff=_NEAR)
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
    # Of a group the library names no more than the group.
    inner = (
        name
        for name in sorted(os.environ)
        if name.upper().startswith(f"{variable}_") and _is_json_of(name) and not _is_json(os.environ[name])
    )
    return Failure(f"configuração inválida em {next(inner, variable)}: não é JSON válido", ExitCode.USAGE)


def _is_json_of(variable: str) -> bool:
    """Whether a variable of a group holds JSON."""
    group, _, name = variable.upper().removeprefix(PREFIX).lower().partition("_")
    kind = Settings.model_fields[group].annotation if group in Settings.model_fields else None
    if not (isinstance(kind, type) and issubclass(kind, BaseModel)) or name not in kind.model_fields:
        return False
    return str(kind.model_fields[name].annotation).startswith(("dict", "tuple"))


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def check(settings: Settings) -> None:
    """Look at what can be looked at without any server.

    Raises:
        Failure: something is wrong; the sentence names the variable.
    """
    for look in (
        _problems,
        _temporal_problems,
        _problems_of_files,
        _problems_of_addresses,
        _problems_of_mail,
    ):
        for problem in look(settings):
            raise Failure(problem, ExitCode.USAGE)


def _problems(settings: Settings) -> Iterator[str]:
    if settings.database_url is not None:
        parts = urlsplit(settings.database_url.get_secret_value())
        if parts.scheme not in ("postgresql", "postgres"):
            yield "DATABASE_URL não é um endereço de PostgreSQL (postgresql://usuário:senha@servidor/banco)"
        elif not _has_a_port_or_none(parts):
            yield "DATABASE_URL: a porta é um número de 1 a 65535"
    parts = urlsplit(settings.recordings_url)
    if parts.scheme not in _STORES or (parts.scheme == "file" and not parts.path.startswith("/")):
        yield "CANCELAMENTO_RECORDINGS_URL: use file:///pasta/absoluta, s3://, gs:// ou az://"
    elif parts.scheme in _CLOUDS and not parts.netloc:
        yield f"CANCELAMENTO_RECORDINGS_URL: falta o nome do armazenamento, como {parts.scheme}://gravacoes"
    if settings.telephony.adapter not in _TELEPHONY:
        yield (
            f"CANCELAMENTO_TELEPHONY_ADAPTER: adaptador desconhecido: {settings.telephony.adapter}; "
            f"use {' ou '.join(_TELEPHONY)}"
        )
    elif settings.telephony.adapter == "kamailio":
        from cancellation.adapters.kamailio import KamailioSettings

        try:
            KamailioSettings.model_validate(settings.telephony.options)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            field = ".".join(str(part) for part in first["loc"])
            yield f"CANCELAMENTO_TELEPHONY_OPTIONS: {field}: {words_of(first)}"
    if not _can_be_written(settings.home):
        yield f"CANCELAMENTO_HOME: não é possível gravar em {settings.home}"


def _temporal_problems(settings: Settings) -> Iterator[str]:
    """What its own variables say; its library reads them later, in English."""
    address = os.environ.get("TEMPORAL_ADDRESS", "")
    found = _TEMPORAL.fullmatch(address)
    if address and (found is None or int(found[1] or 1) not in range(1, _HIGHEST_PORT + 1)):
        yield "TEMPORAL_ADDRESS: esperado servidor:porta, como 127.0.0.1:7233"
    for variable in _TEMPORAL_FILES:
        path = os.environ.get(variable)
        if path and not Path(path).is_file():
            yield f"{variable}: não há arquivo em {path}"


def _problems_of_files(settings: Settings) -> Iterator[str]:
    for variable, path in (
        ("POLICY_FILE", settings.policy_file),
        ("SMTP_CA_FILE", settings.smtp.ca_file),
        ("DATABASE_CA_FILE", settings.database.ca_file),
        ("INBOX_LISTENER_TLS_CERT", settings.inbox.listener_tls_cert),
        ("INBOX_LISTENER_TLS_KEY", settings.inbox.listener_tls_key),
    ):
        if path is not None and not path.is_file():
            yield f"{PREFIX}{variable}: não há arquivo em {path}"
    if settings.policy_file is not None:
        from workers.policy import load_policy

        try:
            load_policy(settings)
        except ValueError as error:  # names variable, file and field
            yield str(error)


def _problems_of_addresses(settings: Settings) -> Iterator[str]:
    """Where processes listen, and whom they believe."""
    for name, address in (("METRICS", settings.metrics_address), ("HEALTH", settings.health_address)):
        found = _LISTENS.fullmatch(address or "")
        if address and (found is None or int(found[2]) > _HIGHEST_PORT):
            yield f"{PREFIX}{name}_ADDRESS: esperado endereço:porta, como 127.0.0.1:9464"
    for name, networks in (
        ("DESK_PROXY_PEERS", settings.desk.proxy_peers),
        ("INBOX_LISTENER_PEERS", settings.inbox.listener_peers),
        ("GATEWAY_TRUSTED_PROXIES", settings.gateway.trusted_proxies),
        ("CODEC_TRUSTED_PROXIES", settings.codec.trusted_proxies),
    ):
        for one in filter(None, map(str.strip, networks.split(","))):
            if not _is_network(one):
                yield f"{PREFIX}{name}: não é um endereço nem uma rede, como 10.0.0.0/8: {one}"
    for prefix, host, _ in _listening(settings):
        if not _is_network(host) and not _is_known_here(host):
            yield f"{prefix}_HOST: endereço desconhecido: {host}"


def _problems_of_mail(settings: Settings) -> Iterator[str]:
    """Mailboxes that no letter could go out from, or to."""
    if not {"sender", "teams"} & settings.model_fields_set:
        return
    from cancellation.letters.letterhead import ascii_address, is_deliverable

    sender, teams = settings.sender, settings.teams
    for name, address in (
        ("SENDER_ADDRESS", sender.address),
        ("TEAMS_COMMERCIAL", teams.commercial),
        ("TEAMS_FINANCE", teams.finance),
        ("TEAMS_SUPPORT", teams.support),
        *(("SENDER_REPLY_TO", one) for one in sender.reply_to),
    ):
        if not is_deliverable(ascii_address(address)):
            yield f"{PREFIX}{name}: não é um endereço de e-mail: {address}"


def _listening(settings: Settings) -> Iterator[tuple[str, str, int]]:
    """Where processes listen that may be told another address: the variables' beginning, host and port."""
    yield f"{PREFIX}DESK", settings.desk.host, settings.desk.port
    yield f"{PREFIX}GATEWAY", settings.gateway.host, settings.gateway.port
    yield f"{PREFIX}CODEC", settings.codec.host, settings.codec.port
    yield f"{PREFIX}INBOX_LISTENER", settings.inbox.listener_host, settings.inbox.listener_port


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _is_known_here(host: str) -> bool:
    try:
        socket.getaddrinfo(host, None)
    except OSError:
        return False
    return True


def _has_a_port_or_none(parts: SplitResult) -> bool:
    try:
        return parts.port != 0
    except ValueError:
        return False


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
    if settings is not None and (told := _cannot_listen(error, settings)) is not None:
        return ExitCode.USAGE, told
    if type(error).__name__ == "ConfigError":  # of Temporal's own profile file
        is_profile = str(error).startswith("Profile ")
        variable = "TEMPORAL_PROFILE" if is_profile else "TEMPORAL_CONFIG_FILE"
        what = "não há esse perfil no arquivo do Temporal" if is_profile else "o arquivo não pôde ser lido"
        return ExitCode.USAGE, f"{variable}: {what}"
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
        case asyncpg.InvalidAuthorizationSpecificationError() if str(error).endswith("no encryption"):
            return (
                ExitCode.USAGE,
                "o PostgreSQL não deixa este usuário entrar sem TLS (CANCELAMENTO_DATABASE_SSL)",
            )
        case asyncpg.InvalidAuthorizationSpecificationError():
            return ExitCode.USAGE, "o PostgreSQL recusou o usuário ou a senha (DATABASE_URL)"
        case asyncpg.InvalidCatalogNameError():
            return ExitCode.USAGE, "o banco de dados não existe no PostgreSQL (DATABASE_URL)"
        case asyncpg.exceptions.ClientConfigurationError():
            return ExitCode.USAGE, "DATABASE_URL não pode ser lida como endereço de PostgreSQL"
        case ssl.SSLCertVerificationError() if settings is not None and (where := _database(settings)):
            return ExitCode.USAGE, (
                f"o certificado de {where} não é de quem se confia (CANCELAMENTO_DATABASE_CA_FILE): "
                f"{error.verify_message}"
            )
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


def _cannot_listen(error: BaseException, settings: Settings) -> str | None:
    """A process cannot listen where a variable tells it to; None: another error."""
    if str(error).startswith("Failed starting Prometheus exporter"):
        where = settings.metrics_address
        return f"o endereço {where} já está em uso, ou não é desta máquina ({PREFIX}METRICS_ADDRESS)"
    found = _BINDING.search(str(error)) if isinstance(error, OSError) else None
    if found is None or not isinstance(error, OSError):
        return None
    host, port = found[1], int(found[2])
    taken = error.errno == errno.EADDRINUSE
    known = [
        *((f"{PREFIX}{name}_ADDRESS", address) for name, address in (
            ("METRICS", settings.metrics_address), ("HEALTH", settings.health_address),
        )),
        *((f"{prefix}_{'PORT' if taken else 'HOST'}", f"{at}:{number}") for prefix, at, number in _listening(settings)),
    ]  # fmt: skip
    here = f"{host}:{port}"
    # A name was looked up meanwhile: then the port tells.
    named = next((name for name, at in known if at == here), None) or next(
        (name for name, at in known if at and at.endswith(f":{port}")), None
    )
    what = "já está em uso" if taken else "não pode ser usado nesta máquina"
    return f"o endereço {here} {what}" + (f" ({named})" if named else "")


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
