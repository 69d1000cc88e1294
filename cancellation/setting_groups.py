"""Settings that belong together: a group for each outside server, each process, each way in.

How their variables are called stands in `cancellation.settings`, which has all of them.
"""

import re
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import quote, urlencode

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from cancellation.key_ring import KeyRing


class SmtpSecurity(StrEnum):
    """How the connection to the outgoing mail server is encrypted."""

    NONE = "none"
    OPPORTUNISTIC = "opportunistic"
    """STARTTLS where the server offers it; with a password it is required, except on loopback."""
    STARTTLS = "starttls"
    """STARTTLS or no mail at all."""
    TLS = "tls"
    """TLS from the first byte, usually port 465."""


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


class EraseSettings(_Group):
    """After how many days from the end of a case what is erased, `CANCELAMENTO_ERASE_*` (LGPD); `setup` writes them."""

    accesses_days: int = Field(default=183, ge=0, le=36500)
    """From which addresses download links were used: six months (Marco Civil da Internet, article 15)."""
    case_days: int = Field(default=1826, ge=0, le=36500)
    """What was asked, said and written: five years (CDC article 27; Código Civil article 206, paragraph 5)."""
    customer_days: int = Field(default=1826, ge=0, le=36500)
    """Who the customer was, once the last case is over."""

    @property
    def terms(self) -> dict[str, int]:
        """The days by kind."""
        return {"accesses": self.accesses_days, "case": self.case_days, "customer": self.customer_days}


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


class EvidenceSettings(_Group):
    """What lets others check a case afterwards, `CANCELAMENTO_EVIDENCE_*` (X13)."""

    dkim_keys: bool = True
    """Whether the DKIM keys of received e-mails are looked up in the DNS and kept; the e-mail never waits for it."""
    dns_servers: str = ""
    """Servers to ask for them, `address` or `address:port`, separated by commas; this machine's by default."""
    dns_seconds: float = Field(default=5.0, gt=0, le=30)
    """For all keys of one e-mail together."""
    stamp_url: str = ""
    """Where an authority stamps the root of dossiers with the time (RFC 3161); empty: nobody does."""
    stamp_ca_file: Path | None = None
    """PEM file of the authorities under which its certificate must be; none: what it signs with is not judged here."""
    stamp_seconds: float = Field(default=15.0, gt=0)
    """For its answer."""

    @property
    def dns_addresses(self) -> tuple[str, ...]:
        """The servers, one by one."""
        return _listed(self.dns_servers)


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
