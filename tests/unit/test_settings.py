import json
import os
import stat
from pathlib import Path

import pytest
from pydantic import ValidationError

from cancellation.addresses import Addresses, read_addresses, temporal_connect_config, write_addresses
from cancellation.settings import Clock, Settings, SmtpSecurity, load_settings
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
