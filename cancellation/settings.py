"""Settings of every process, from the environment; what a running `cancelamento up` wrote fills the gaps.

Variables start with `CANCELAMENTO_`, a group's name comes next: `CANCELAMENTO_SMTP_HOST` is
`settings.smtp.host`. The database is `DATABASE_URL`, as everywhere, or its parts. Temporal has its own variables and
its profile file (`TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, `TEMPORAL_TLS...`), read by its own library.

Nothing secret shows in a `repr`, in an error or in a log. Whatever is secret, or may hold a secret, can be given as a
file: `CANCELAMENTO_SMTP_PASSWORD_FILE` names one whose content is `CANCELAMENTO_SMTP_PASSWORD`.
"""

import contextlib
import os
import re
import secrets
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import quote, urlencode

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, SecretStr, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from cancellation.addresses import read_addresses
from cancellation.key_ring import KeyRing
from cancellation.secret_files import read_secret

PREFIX: Final = "CANCELAMENTO_"
"""How every variable of ours begins."""


class NotConfigured(LookupError):
    """A server is needed, and neither a setting nor a running embedded one says where it is."""


class Clock(StrEnum):
    """Whether an effect may run ahead of the machine's clock."""

    STRICT = "strict"
    """Activities also refuse what the machine's own clock has not reached yet (P15, P19)."""
    VIRTUAL = "virtual"
    """Embedded and test servers only: thirty days may pass in a second."""


class SmtpSecurity(StrEnum):
    """How the connection to the outgoing mail server is encrypted."""

    NONE = "none"
    OPPORTUNISTIC = "opportunistic"
    """STARTTLS where the server offers it; with a password it is required, except on loopback."""
    STARTTLS = "starttls"
    """STARTTLS or no mail at all."""
    TLS = "tls"
    """TLS from the first byte, usually port 465."""


class LogFormat(StrEnum):
    """How log lines look."""

    JSON = "json"
    TEXT = "text"


class _Group(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Ssl(StrEnum):
    """How a connection to PostgreSQL is encrypted, in its own words."""

    DISABLE = "disable"
    PREFER = "prefer"
    """Where the server offers it; whoever it is."""
    REQUIRE = "require"
    VERIFY_CA = "verify-ca"
    VERIFY_FULL = "verify-full"
    """Encrypted, by a server whose certificate holds for that name."""


class DatabaseSettings(_Group):
    """A real PostgreSQL by its parts, `CANCELAMENTO_DATABASE_*`: what stands in them needs no escaping."""

    url: SecretStr | None = None
    """The same as `DATABASE_URL`."""
    host: str = ""
    """A name, an address, or the folder of its socket; empty: no parts are given."""
    port: int = Field(default=5432, ge=1, le=65535)
    name: str = "cancelamento"
    user: str = ""
    """As whom to connect; for a process its own role, such as `cancelamento_worker`."""
    password: SecretStr | None = None
    ssl: Ssl = Ssl.PREFER
    ca_file: Path | None = None
    """PEM file of the authorities to trust, for the two `verify` words."""

    def as_url(self) -> str | None:
        """The URL that the driver takes; None where neither it nor parts are given.

        Raises:
            ValueError: a part is given, and the host is not.
        """
        if self.url is not None:
            return self.url.get_secret_value()
        if not self.host:
            if self.model_fields_set:
                msg = "CANCELAMENTO_DATABASE_HOST: falta dizer onde está o banco"
                raise ValueError(msg)
            return None
        who = quote(self.user, safe="")
        if self.password is not None:
            who += ":" + quote(self.password.get_secret_value(), safe="")
        more: dict[str, str] = {} if self.host.startswith("/") else {"sslmode": self.ssl.value}
        if self.ca_file is not None:
            more["sslrootcert"] = str(self.ca_file)
        where = f"[{self.host}]" if ":" in self.host else self.host
        if self.host.startswith("/"):
            where, more = "", more | {"host": self.host, "port": str(self.port)}
        else:
            where += f":{self.port}"
        return f"postgresql://{who}@{where}/{quote(self.name, safe='')}" + (
            f"?{urlencode(more)}" if more else ""
        )


class SmtpSettings(_Group):
    """The outgoing mail server, `CANCELAMENTO_SMTP_*`."""

    host: str = "127.0.0.1"
    port: int = Field(default=25, ge=1, le=65535)
    security: SmtpSecurity = SmtpSecurity.NONE
    username: str | None = None
    password: SecretStr | None = None
    ca_file: Path | None = None
    """PEM file of the authorities to trust instead of the system's."""
    timeout_seconds: float = Field(default=8.0, gt=0)
    """For one delivery as a whole; keep it well under the activity's start-to-close."""
    helo_name: str = "localhost"
    """How we introduce ourselves to the server; many want a full host name from outside."""


class SenderSettings(_Group):
    """Who our e-mails come from, `CANCELAMENTO_SENDER_*`."""

    address: str = "cancelamento@nuvemjti.com.br"
    name: str = "NuvemJTI Cancelamentos"
    company: str = "NuvemJTI"
    """How the letters name the provider."""
    cnpj: str = ""
    """The provider's own CNPJs, separated by commas: customers name them in formal letters (X9)."""
    postal: str = ""
    """The provider's postal address, for the foot of letters to customers."""
    phone: str = ""
    """The telephone number that customers may call, for the same place."""
    reply_to: tuple[str, ...] = ("financeiro@nuvemjti.com.br", "comercial@nuvemjti.com.br")
    """Where customers' answers go when the policy names no mailboxes; in the environment a JSON list."""

    @property
    def cnpjs(self) -> tuple[str, ...]:
        """The CNPJs, one by one, as 14 characters."""
        return tuple(re.sub(r"[^0-9A-Za-z]", "", one).upper() for one in _listed(self.cnpj))


class TeamsSettings(_Group):
    """The mailboxes of the teams, `CANCELAMENTO_TEAMS_*`."""

    commercial: str = "comercial@nuvemjti.com.br"
    finance: str = "financeiro@nuvemjti.com.br"
    support: str = "suporte@nuvemjti.com.br"


class GatewaySettings(_Group):
    """The download pages, `CANCELAMENTO_GATEWAY_*`."""

    public_url: str = "http://127.0.0.1:8080"
    """What customers reach; download links begin with it."""
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    trusted_proxies: str = ""
    """Addresses of reverse proxies whose word about the visitor's address counts, separated by commas."""


class DeskSettings(_Group):
    """Commercial's desk, `CANCELAMENTO_DESK_*` (X24)."""

    public_url: str = "http://127.0.0.1:8090"
    """What people type; links in letters to the teams begin with it."""
    host: str = "127.0.0.1"
    port: int = Field(default=8090, ge=0, le=65535)
    people_file: Path | None = None
    """Who may come in, with which role; `desk-people.json` in the home by default."""
    proxy_header: str = ""
    """The header in which a reverse proxy says who has logged in there, such as `X-Remote-User`; none by default."""
    proxy_peers: str = ""
    """Networks of reverse proxies whose headers count, separated by commas; nobody's by default."""
    secret: SecretStr | None = None
    """Key of the forms' tokens; without it one is made and kept in the home, see `desk_key`."""
    session_hours: int = Field(default=10, ge=1, le=24 * 7)
    idle_minutes: int = Field(default=120, ge=5, le=24 * 60)

    @property
    def trusted_peers(self) -> tuple[str, ...]:
        """The networks, one by one."""
        return _listed(self.proxy_peers)


class ImapSecurity(StrEnum):
    """How the connection to an IMAP server is encrypted."""

    TLS = "tls"
    """TLS from the first byte, usually port 993."""
    STARTTLS = "starttls"
    NONE = "none"
    """Only for a server on this machine."""


class Processed(StrEnum):
    """What is done to an e-mail in its mailbox once it has been taken."""

    FLAG = "flag"
    """It gets a keyword that no mail program shows: right for mailboxes in which people work."""
    MOVE = "move"
    """It goes to another folder, whatever it is about: only for a mailbox of copies that is ours alone."""


class ImapSettings(_Group):
    """A mailbox to read, one object of `CANCELAMENTO_INBOX_MAILBOXES`."""

    host: str
    port: int | None = Field(default=None, ge=1, le=65535)
    """993 with TLS, 143 otherwise, by default."""
    security: ImapSecurity = ImapSecurity.TLS
    ca_file: Path | None = None
    """PEM file of the authorities to trust instead of the system's."""
    user: str
    password: SecretStr | None = None
    token: SecretStr | None = None
    """An OAuth 2.0 access token (XOAUTH2) instead of the password."""
    token_file: Path | None = None
    """The same from a file, read at every connection: whoever renews the token writes it there."""
    address: str | None = None
    """The mailbox's own address where the user's name is not it: where its e-mails were delivered."""
    folder: str = "INBOX"
    processed: Processed = Processed.FLAG
    flag: str = "$CancelamentoLido"
    """Keyword of e-mails that were taken."""
    move_to: str = "Cancelamento"
    """Folder of e-mails that were taken, made if it is missing."""
    since: date | None = None
    """E-mails received before that day are left alone; none means all that carry no keyword."""

    @model_validator(mode="after")
    def _one_credential(self) -> Self:
        given = [one for one in (self.password, self.token, self.token_file) if one is not None]
        if len(given) != 1:
            msg = "exactly one of password, token, token_file is needed"
            raise ValueError(msg)
        return self

    @property
    def delivered_to(self) -> str:
        """The mailbox's address."""
        return (self.address or self.user).lower()


class ListenerProtocol(StrEnum):
    """What the listener speaks."""

    SMTP = "smtp"
    LMTP = "lmtp"
    NONE = "none"
    """There is no listener: e-mails come from mailboxes alone."""


class InboxSettings(_Group):
    """Incoming mail, `CANCELAMENTO_INBOX_*`."""

    authserv_ids: str = "mx.nuvemjti.com.br"
    """Our own receiving servers' names in `Authentication-Results`, separated by commas; no other counts."""
    nameless_servers: str = ""
    """Domains of our receiving servers that write no name of their own into that header, separated by commas.

    Exchange Online is one: `prod.outlook.com,protection.outlook.com`. Only the topmost header without a name
    counts, above the first `Received` that no server of these domains wrote (X9)."""
    mailboxes: tuple[ImapSettings, ...] = Field(default=(), repr=False)
    """IMAP mailboxes to read; in the environment a JSON list of objects."""
    listener_protocol: ListenerProtocol = ListenerProtocol.SMTP
    listener_host: str = "127.0.0.1"
    listener_port: int = Field(default=2525, ge=0, le=65535)
    listener_peers: str = "127.0.0.0/8,::1/128"
    """Networks from which the listener takes mail, separated by commas: the receiving servers, nobody else.

    Whoever may deliver here can write any verdict into a header, so the world must not (X9)."""
    listener_tls_cert: Path | None = None
    """PEM file of the certificate chain; with it STARTTLS is offered and required."""
    listener_tls_key: Path | None = None
    listener_username: str | None = None
    """With it a login is required, which itself requires TLS except from this machine."""
    listener_password: SecretStr | None = None
    listener_connections: int = Field(default=8, ge=1)
    """Conversations at a time; each may hold one e-mail in memory."""
    max_bytes: int = Field(default=30_000_000, ge=10_000)
    """The largest e-mail that is taken whole."""

    @property
    def trusted_servers(self) -> tuple[str, ...]:
        """The names, one by one (X9)."""
        return _listed(self.authserv_ids)

    @property
    def trusted_nameless_servers(self) -> tuple[str, ...]:
        """The domains of servers without a name, one by one (X9)."""
        return _listed(self.nameless_servers)


_SHORTEST_TOKEN: Final = 20


class CodecSettings(_Group):
    """Encryption of what Temporal keeps, `CANCELAMENTO_CODEC_*`."""

    keys: SecretStr | None = None
    """The key ring as JSON, see `KeyRing`; without it nothing is encrypted."""
    token: SecretStr | None = None
    """What operators show to the codec server, which shows them in Temporal's Web UI what is encrypted."""
    public_url: str = "http://127.0.0.1:8082"
    """What operators' browsers reach of it."""
    web_ui: str = "http://127.0.0.1:8233"
    """Origins of the Web UI, separated by commas: pages of no other may ask."""
    encodes: bool = False
    """Whether it encrypts too, for the Web UI's forms."""
    host: str = "127.0.0.1"
    port: int = Field(default=8082, ge=0, le=65535)
    trusted_proxies: str = ""
    """Addresses of reverse proxies whose word about the visitor's address counts, separated by commas."""

    @property
    def web_ui_origins(self) -> tuple[str, ...]:
        """The origins, one by one, as browsers say them."""
        return tuple(one.rstrip("/") for one in _listed(self.web_ui))

    @model_validator(mode="after")
    def _secrets_can_be_used(self) -> Self:
        _ = self.ring
        if self.token is not None and len(self.token.get_secret_value()) < _SHORTEST_TOKEN:
            msg = f"CANCELAMENTO_CODEC_TOKEN: são precisos {_SHORTEST_TOKEN} caracteres ou mais"
            raise ValueError(msg)
        return self

    @property
    def ring(self) -> KeyRing | None:
        """The keys; None: payloads are as they are.

        Raises:
            BadKeys: never once the settings were read.
        """
        return KeyRing.parse(self.keys.get_secret_value()) if self.keys is not None else None


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


class MonitorSettings(_Group):
    """What the monitor looks at beside the records, `CANCELAMENTO_MONITOR_*`."""

    volumes: str = ""
    """Folders whose disks are watched, separated by commas; each is called by its last name."""
    certificates: str = ""
    """More certificates to watch, separated by commas: `host:port` of a server with TLS, or a PEM file."""

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders, one by one."""
        return tuple(map(Path, _listed(self.volumes)))

    @property
    def certificate_places(self) -> tuple[str, ...]:
        """The places, one by one."""
        return _listed(self.certificates)

    @model_validator(mode="after")
    def _places_can_be_asked(self) -> Self:
        for place in self.certificate_places:
            if not place.startswith("/") and not re.fullmatch(r"[^:]+:\d{1,5}|\[.+\]:\d{1,5}", place):
                msg = "CANCELAMENTO_MONITOR_CERTIFICATES: esperado servidor:porta, ou o caminho de um arquivo"
                raise ValueError(msg)
        return self


class TelephonySettings(_Group):
    """The telephony platform, `CANCELAMENTO_TELEPHONY_*`."""

    adapter: str = "postgres"
    """Name of the adapter: `postgres` or `kamailio`."""
    options: dict[str, Any] = Field(default_factory=dict, repr=False)
    """The adapter's own settings as a JSON object; may hold secrets, so never shown."""


class Settings(BaseSettings):
    """Every setting of one process. Build it with `Settings()`, or with `load_settings()` in a command."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="_",
        env_nested_max_split=1,
        env_ignore_empty=True,
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        validate_by_name=True,
    )

    home: Path = Path(".cancelamento")
    """Folder of everything embedded, absolute once read."""
    database_url: SecretStr | None = Field(default=None, validation_alias=AliasChoices("DATABASE_URL"))
    """`postgresql://...`, also when its parts were given; none means the embedded server."""
    database: DatabaseSettings = Field(default=DatabaseSettings(), repr=False)
    smtp: SmtpSettings = SmtpSettings()
    sender: SenderSettings = SenderSettings()
    teams: TeamsSettings = TeamsSettings()
    recordings_url: str = ""
    """Object store of recordings (`file://`, `s3://`, `gs://`, `az://`); a folder of the home by default."""
    recordings_options: dict[str, Any] = Field(default_factory=dict, repr=False)
    """The cloud store's own settings as a JSON object, see `open_store`; may hold secrets, so never shown."""
    gateway: GatewaySettings = GatewaySettings()
    desk: DeskSettings = DeskSettings()
    link_secret: SecretStr | None = None
    """Key of the download links; without it one is made and kept in the home, see `link_key`."""
    policy_file: Path | None = None
    """JSON of a `CancellationPolicy`; none means the defaults."""
    clock: Clock = Clock.STRICT
    inbox: InboxSettings = InboxSettings()
    telephony: TelephonySettings = TelephonySettings()
    codec: CodecSettings = CodecSettings()
    monitor: MonitorSettings = MonitorSettings()
    invoice_due_days: int = Field(default=10, ge=0, le=365)
    """Days from its issue in which the embedded billing's final invoice is to be paid."""
    build_id: str | None = Field(
        default=None, validation_alias=AliasChoices("CANCELAMENTO_BUILD_ID", "TEMPORAL_WORKER_BUILD_ID")
    )
    """The worker's version: with it, it takes part in worker versioning; one string for each build that is deployed."""
    deployment_name: str = Field(
        default="cancelamento",
        validation_alias=AliasChoices("CANCELAMENTO_DEPLOYMENT_NAME", "TEMPORAL_DEPLOYMENT_NAME"),
    )
    """What builds are versions of; on Kubernetes the Temporal Worker Controller names it, and the build."""
    metrics_address: str | None = None
    """`host:port` where this process serves Prometheus metrics; none means it does not."""
    health_address: str | None = None
    """`host:port` where a worker, the inbox or the monitor answers `/live` and `/ready`; none means it does not."""
    log_level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR|CRITICAL)$")
    log_format: LogFormat = LogFormat.JSON

    @model_validator(mode="after")
    def _settle_paths(self) -> Self:
        # The model is frozen for its users; here it is still being made.
        home = Path(os.path.abspath(self.home.expanduser()))
        object.__setattr__(self, "home", home)
        if not self.recordings_url:
            object.__setattr__(self, "recordings_url", (home / "recordings").as_uri())
        return self

    @model_validator(mode="after")
    def _one_database(self) -> Self:
        made = self.database.as_url()
        if made is not None:
            if self.database_url is not None and self.database_url.get_secret_value() != made:
                msg = "DATABASE_URL e CANCELAMENTO_DATABASE_…: só um dos dois"
                raise ValueError(msg)
            object.__setattr__(self, "database_url", SecretStr(made))
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What a program gives, then the environment with the files that it names."""
        return init_settings, _EnvironmentWithFiles(settings_cls)

    @property
    def outbox(self) -> Path:
        """Folder where the embedded mail server keeps every outgoing e-mail as an `.eml` file."""
        return self.home / "outbox"

    def require_database_url(self) -> str:
        """The database's URL in clear, for the driver.

        Raises:
            NotConfigured: There is none: neither `DATABASE_URL` nor a running embedded server.
        """
        if self.database_url is None:
            msg = "DATABASE_URL não está definida e não há servidor embutido no ar (cancelamento up)"
            raise NotConfigured(msg)
        return self.database_url.get_secret_value()

    @property
    def desk_address(self) -> str:
        """What letters and tasks lead to; empty where no desk is configured and none is up."""
        return self.desk.public_url.rstrip("/") if "desk" in self.model_fields_set else ""

    @property
    def people_file(self) -> Path:
        """Who may come in at the desk."""
        return self.desk.people_file or self.home / "desk-people.json"

    def link_key(self) -> bytes:
        """The key of the download links, for the worker alone; made and kept in the home when none is configured."""
        return self._key(self.link_secret, "link-secret")

    def desk_key(self) -> bytes:
        """The key of the desk's forms; made and kept in the home when none is configured."""
        return self._key(self.desk.secret, "desk-secret")

    def _key(self, configured: SecretStr | None, file_name: str) -> bytes:
        """A key that is made once and kept."""
        if configured is not None:
            return configured.get_secret_value().encode()
        path = self.home / file_name
        self.home.mkdir(parents=True, exist_ok=True)
        # O_EXCL: of two processes that start together one makes the key and both use it.
        with contextlib.suppress(FileExistsError):
            fresh = self.home / f".{file_name}-{secrets.token_hex(8)}"
            fresh.touch(mode=0o600)
            fresh.write_text(secrets.token_hex(32))
            try:
                os.link(fresh, path)
            finally:
                fresh.unlink()
        return path.read_text().strip().encode()


def secret_variables() -> tuple[str, ...]:
    """Every variable that is secret or may hold a secret: with `_FILE` behind its name it names a file."""
    found = ["DATABASE_URL"]
    for name, field in Settings.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found += [
                f"{PREFIX}{name}_{inner}" for inner, one in kind.model_fields.items() if _may_be_secret(one)
            ]
        elif _may_be_secret(field):
            found.append(f"{PREFIX}{name}")
    return tuple(dict.fromkeys(name.upper() for name in found))


def _may_be_secret(field: FieldInfo) -> bool:
    return "SecretStr" in str(field.annotation) or field.repr is False


class _EnvironmentWithFiles(EnvSettingsSource):
    """The environment, in which a secret may be the content of a file that a variable names."""

    def _load_env_vars(self) -> dict[str, str | None]:
        found = dict(super()._load_env_vars())
        for name in secret_variables():
            path = found.pop(f"{name}_FILE".lower(), None)
            if path:
                if found.get(name.lower()):
                    msg = f"{name} e {name}_FILE: só um dos dois"
                    raise ValueError(msg)
                found[name.lower()] = read_secret(f"{name}_FILE", path)
        return found


def load_settings() -> Settings:
    """The environment's settings; a running `cancelamento up` on the same home fills what they leave open."""
    settings = Settings()
    addresses = read_addresses(settings.home)
    if addresses is None:
        return settings
    known: dict[str, Any] = {}
    if settings.database_url is None:
        known["database_url"] = SecretStr(addresses.database_url)
    if "gateway" not in settings.model_fields_set:
        known["gateway"] = settings.gateway.model_copy(update={"public_url": addresses.gateway})
    if "desk" not in settings.model_fields_set and addresses.desk:
        known["desk"] = settings.desk.model_copy(update={"public_url": addresses.desk})
    if "smtp" not in settings.model_fields_set and addresses.smtp_out:
        host, _, port = addresses.smtp_out.rpartition(":")
        known["smtp"] = SmtpSettings(host=host, port=int(port))
    if "clock" not in settings.model_fields_set and addresses.virtual_clock:
        known["clock"] = Clock.VIRTUAL
    return settings.model_copy(update=known)
