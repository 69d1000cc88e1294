import json
import os
import stat
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from pydantic import ValidationError

from cancellation.addresses import Addresses, read_addresses, temporal_connect_config, write_addresses
from cancellation.setting_groups import SmtpSecurity
from cancellation.settings import Clock, Settings, load_settings, secret_variables
from starters.inbox.main import reads_reports

SECRETS = {
    "DATABASE_URL": "postgresql://u:senha1@h/d",
    "CANCELAMENTO_SMTP_PASSWORD": "senha2",
    "CANCELAMENTO_LINK_SECRET": "senha3",
    "CANCELAMENTO_TELEPHONY_OPTIONS": '{"rpc_password": "senha4"}',
}


def addresses(pid: int) -> Addresses:
    return Addresses(
        temporal="127.0.0.1:1", namespace="n", web_ui="w", gateway="http://127.0.0.1:2", database_url="postgresql:///x",
        smtp_in="127.0.0.1:3", outbox="/o", smtp_out="127.0.0.1:4", virtual_clock=True, pid=pid,
    )  # fmt: skip


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CANCELAMENTO_HOME", str(tmp_path))
    return tmp_path


def test_groups_are_read_by_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANCELAMENTO_SMTP_HOST", "mx")
    monkeypatch.setenv("CANCELAMENTO_SMTP_SECURITY", "starttls")
    monkeypatch.setenv("CANCELAMENTO_SMTP_CA_FILE", "/ca.pem")
    monkeypatch.setenv("CANCELAMENTO_GATEWAY_PUBLIC_URL", "https://baixar.exemplo.com.br")
    settings = Settings()
    assert (settings.smtp.host, settings.smtp.security) == ("mx", SmtpSecurity.STARTTLS)
    assert settings.smtp.ca_file == Path("/ca.pem")
    assert settings.gateway.public_url == "https://baixar.exemplo.com.br"
    assert settings.clock is Clock.STRICT


def test_nothing_secret_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert "senha" not in f"{settings!r} {settings}"
    assert settings.require_database_url() == SECRETS["DATABASE_URL"]
    monkeypatch.setenv("CANCELAMENTO_TELEPHONY_OPTIONS", '{"senha4"}')
    with pytest.raises(Exception, match="telephony") as refused:
        Settings()
    assert "senha" not in str(refused.value)


def test_a_wrong_value_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANCELAMENTO_SMTP_PORT", "0")
    with pytest.raises(ValidationError, match=r"smtp\.port"):
        Settings()


def test_the_home_is_absolute_and_holds_the_recordings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings()
    assert settings.home == tmp_path / ".cancelamento"
    assert settings.recordings_url == (tmp_path / ".cancelamento/recordings").as_uri()


def test_a_running_up_fills_what_the_environment_leaves_open(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_addresses(home, addresses(os.getpid()))
    settings = load_settings()
    assert settings.require_database_url() == "postgresql:///x"
    assert (settings.smtp.port, settings.clock) == (4, Clock.VIRTUAL)
    assert temporal_connect_config(home)["target_host"] == "127.0.0.1:1"
    monkeypatch.setenv("DATABASE_URL", "postgresql:///real")
    monkeypatch.setenv("TEMPORAL_ADDRESS", "real:7233")
    assert load_settings().require_database_url() == "postgresql:///real"
    assert temporal_connect_config(home)["target_host"] == "real:7233"


def test_the_file_of_a_killed_up_is_not_believed(home: Path) -> None:
    write_addresses(home, addresses(pid=2**22 + 1))
    assert read_addresses(home) is None
    assert temporal_connect_config(home)["target_host"] == "127.0.0.1:7233"
    with pytest.raises(LookupError, match="DATABASE_URL"):
        load_settings().require_database_url()


def test_the_link_key_is_made_once_and_kept_closed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = Settings().link_key()
    assert len(key) >= 32
    assert Settings().link_key() == key
    assert stat.S_IMODE((home / "link-secret").stat().st_mode) == 0o600
    assert [file.name for file in home.iterdir()] == ["link-secret"]
    monkeypatch.setenv("CANCELAMENTO_LINK_SECRET", "meu")
    assert Settings().link_key() == b"meu"


def test_servers_without_a_name_and_our_cnpjs_are_lists_X9(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANCELAMENTO_INBOX_NAMELESS_SERVERS", "prod.outlook.com, protection.outlook.com")
    monkeypatch.setenv("CANCELAMENTO_SENDER_CNPJ", "11.222.333/0001-81")
    settings = Settings()
    assert settings.inbox.trusted_nameless_servers == ("prod.outlook.com", "protection.outlook.com")
    assert settings.sender.cnpjs == ("11222333000181",)


PASSWORD = "a@b/c#d:e%f?g&h=i ção'\\"
"""What no URL takes as it stands."""


@pytest.mark.parametrize("password", [PASSWORD, "#", "@", "/", "%41", "é"])
def test_a_database_by_parts_takes_any_password(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, password: str
) -> None:
    (tmp_path / "password").write_text(password + "\n")
    for name, value in (
        ("HOST", "banco.interno"),
        ("NAME", "cancel/amento"),
        ("USER", "ana@casa"),
        ("PASSWORD_FILE", str(tmp_path / "password")),
        ("SSL", "verify-full"),
        ("CA_FILE", "/ca.pem"),
    ):
        monkeypatch.setenv(f"CANCELAMENTO_DATABASE_{name}", value)
    settings = Settings()
    parts = urlsplit(settings.require_database_url())
    assert (parts.hostname, parts.port, unquote(parts.path)) == ("banco.interno", 5432, "/cancel/amento")
    assert (unquote(parts.username or ""), unquote(parts.password or "")) == ("ana@casa", password)
    assert parse_qs(parts.query) == {"sslmode": ["verify-full"], "sslrootcert": ["/ca.pem"]}
    assert PASSWORD not in repr(settings)


def test_a_socket_and_an_ipv6_address_are_hosts_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANCELAMENTO_DATABASE_HOST", "/run/postgresql")
    assert Settings().require_database_url() == (
        "postgresql://@/cancelamento?host=%2Frun%2Fpostgresql&port=5432"
    )
    monkeypatch.setenv("CANCELAMENTO_DATABASE_HOST", "fd00::7")
    assert "@[fd00::7]:5432/" in Settings().require_database_url()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"CANCELAMENTO_DATABASE_USER": "ana"}, "CANCELAMENTO_DATABASE_HOST: falta"),
        ({"CANCELAMENTO_DATABASE_HOST": "h", "DATABASE_URL": "postgresql:///x"}, "só um dos dois"),
        ({"CANCELAMENTO_CODEC_TOKEN": "curto"}, "CANCELAMENTO_CODEC_TOKEN: são precisos 20 caracteres"),
        ({"CANCELAMENTO_LINK_SECRET": "a", "CANCELAMENTO_LINK_SECRET_FILE": "/dev/null"}, "só um dos dois"),
        (
            {"CANCELAMENTO_LINK_SECRET_FILE": "/dev/null"},
            "CANCELAMENTO_LINK_SECRET_FILE: /dev/null está vazio",
        ),
        (
            {"CANCELAMENTO_SMTP_PASSWORD_FILE": "/nada"},
            "CANCELAMENTO_SMTP_PASSWORD_FILE: não é possível ler /nada",
        ),
    ],
)
def test_what_contradicts_itself_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], words: str
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match=words):
        Settings()


@pytest.mark.parametrize("variable", secret_variables())
def test_every_secret_can_be_the_content_of_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    content = {
        "CANCELAMENTO_INBOX_MAILBOXES": '[{"host": "h", "user": "u", "password": "p"}]',
        "CANCELAMENTO_RECORDINGS_OPTIONS": '{"secret_access_key": "p"}',
        "CANCELAMENTO_TELEPHONY_OPTIONS": '{"rpc_password": "p"}',
        "CANCELAMENTO_CODEC_KEYS": '{"current": null, "keys": {}}',
    }.get(variable, "postgresql://u:p@h/d")
    if variable == "CANCELAMENTO_DATABASE_PASSWORD":
        monkeypatch.setenv("CANCELAMENTO_DATABASE_HOST", "h")
    monkeypatch.setenv(variable, content)
    in_the_open = Settings()
    monkeypatch.delenv(variable)
    (tmp_path / "secret").write_text(content + "\r\n")
    monkeypatch.setenv(f"{variable}_FILE", str(tmp_path / "secret"))
    assert Settings() == in_the_open
    monkeypatch.delenv(f"{variable}_FILE")
    assert Settings() != in_the_open


def test_temporals_key_can_be_a_file_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("chave\n")
    monkeypatch.setenv("TEMPORAL_API_KEY_FILE", str(tmp_path / "key"))
    assert temporal_connect_config(tmp_path)["api_key"] == "chave"


@pytest.mark.parametrize(
    ("address", "read"), [("cancelamento@nuvemjti.com.br", True), ("outra@x.com", False)]
)
def test_without_a_listener_the_senders_mailbox_has_to_be_read_X16(
    monkeypatch: pytest.MonkeyPatch, address: str, read: bool
) -> None:
    assert reads_reports(Settings())
    monkeypatch.setenv("CANCELAMENTO_INBOX_LISTENER_PROTOCOL", "none")
    mailboxes = [{"host": "imap.x", "user": address, "password": "x"}]
    monkeypatch.setenv("CANCELAMENTO_INBOX_MAILBOXES", json.dumps(mailboxes))
    assert reads_reports(Settings()) is read


def test_the_build_and_what_it_is_a_build_of_are_taken_from_kubernetes_controller_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert (Settings().build_id, Settings().deployment_name) == (None, "cancelamento")
    monkeypatch.setenv("TEMPORAL_WORKER_BUILD_ID", "0.1.0-5f3a")
    monkeypatch.setenv("TEMPORAL_DEPLOYMENT_NAME", "cancelamento/worker")
    assert (Settings().build_id, Settings().deployment_name) == ("0.1.0-5f3a", "cancelamento/worker")
    monkeypatch.setenv("CANCELAMENTO_BUILD_ID", "ours")
    assert Settings().build_id == "ours"
