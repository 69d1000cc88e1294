"""Settings of every process, from the environment; what a running `cancelamento up` wrote fills the gaps.

Variables start with `CANCELAMENTO_`, a group's name comes next: `CANCELAMENTO_SMTP_HOST` is
`settings.smtp.host`. The database is `DATABASE_URL`, as everywhere, or its parts. Temporal has its own variables and
its profile file (`TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, `TEMPORAL_TLS...`), read by its own library.

Nothing secret shows in a `repr`, in an error or in a log. Whatever is secret, or may hold a secret, can be given as a
file: `CANCELAMENTO_SMTP_PASSWORD_FILE` names one whose content is `CANCELAMENTO_SMTP_PASSWORD`.
"""

import contextlib
import os
import secrets
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Self

from pydantic import AliasChoices, BaseModel, Field, SecretStr, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from cancellation.addresses import read_addresses
from cancellation.secret_files import read_secret
from cancellation.setting_groups import (
    CodecSettings,
    DatabaseSettings,
    DeskSettings,
    EraseSettings,
    EvidenceSettings,
    GatewaySettings,
    InboxSettings,
    MonitorSettings,
    SenderSettings,
    SmtpSettings,
    TeamsSettings,
    TelephonySettings,
)

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


class LogFormat(StrEnum):
    """How log lines look."""

    JSON = "json"
    TEXT = "text"


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
    erase: EraseSettings = EraseSettings()
    evidence: EvidenceSettings = EvidenceSettings()
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
    if "evidence" not in settings.model_fields_set:
        # Nobody real writes to a home on one machine, and the DNS hears nothing of who is made up there.
        known["evidence"] = EvidenceSettings(dkim_keys=False)
    if "clock" not in settings.model_fields_set and addresses.virtual_clock:
        known["clock"] = Clock.VIRTUAL
    return settings.model_copy(update=known)
