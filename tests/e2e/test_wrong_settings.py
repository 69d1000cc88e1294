"""Each wrong setting is one true Portuguese sentence that names the variable, with the right exit code."""

import errno
import ssl
from pathlib import Path

import asyncpg
import pytest

from cancellation.settings import Settings
from starters.cli.checking import known_variables, trouble, unknown_variable
from starters.cli.running import ExitCode
from tests.e2e.running_up import typed

SETTINGS, UNREACHABLE = 2, 3
GONE = "postgresql://ana:segredo@127.0.0.1:1/cancelamento"
WRONG = [
    (
        "CANCELAMENTO_HOMEE",
        "x",
        "variável desconhecida: CANCELAMENTO_HOMEE; você quis dizer CANCELAMENTO_HOME?",
    ),
    (
        "CANCELAMENTO_CLOCK",
        "sundial",
        "configuração inválida em CANCELAMENTO_CLOCK: valor inválido; aceitos: 'strict' ou 'virtual'",
    ),
    (
        "CANCELAMENTO_SMTP_PORT",
        "0x",
        "configuração inválida em CANCELAMENTO_SMTP_PORT: esperado um número inteiro",
    ),
    (
        "CANCELAMENTO_GATEWAY_PORT",
        "99999",
        "configuração inválida em CANCELAMENTO_GATEWAY_PORT: deve ser no máximo 65535",
    ),
    (
        "CANCELAMENTO_INVOICE_DUE_DAYS",
        "-1",
        "configuração inválida em CANCELAMENTO_INVOICE_DUE_DAYS: deve ser no mínimo 0",
    ),
    ("CANCELAMENTO_POLICY_FILE", "/nada.json", "CANCELAMENTO_POLICY_FILE: não há arquivo em /nada.json"),
    (
        "DATABASE_URL",
        "mysql://x",
        "DATABASE_URL não é um endereço de PostgreSQL (postgresql://usuário:senha@servidor/banco)",
    ),
    (
        "CANCELAMENTO_RECORDINGS_URL",
        "ftp://x",
        "CANCELAMENTO_RECORDINGS_URL: use file:///pasta/absoluta, s3://, gs:// ou az://",
    ),
    (
        "CANCELAMENTO_TELEPHONY_ADAPTER",
        "pombo",
        "CANCELAMENTO_TELEPHONY_ADAPTER: adaptador desconhecido: pombo; use postgres ou kamailio",
    ),
    (
        "CANCELAMENTO_METRICS_ADDRESS",
        "foo",
        "CANCELAMENTO_METRICS_ADDRESS: esperado endereço:porta, como 127.0.0.1:9464",
    ),
]
MORE = [
    ("CANCELAMENTO_DESK_PROXY_PEERS", "x", "não é um endereço nem uma rede, como 10.0.0.0/8: x"),
    (
        "CANCELAMENTO_INBOX_LISTENER_PEERS",
        "10.0.0.0/8,y",
        "não é um endereço nem uma rede, como 10.0.0.0/8: y",
    ),
    ("CANCELAMENTO_GATEWAY_TRUSTED_PROXIES", "z", "não é um endereço nem uma rede, como 10.0.0.0/8: z"),
    ("CANCELAMENTO_SENDER_ADDRESS", "foo", "não é um endereço de e-mail: foo"),
    ("CANCELAMENTO_TEAMS_FINANCE", "foo@", "não é um endereço de e-mail: foo@"),
    ("CANCELAMENTO_SMTP_CA_FILE", "/nada.pem", "não há arquivo em /nada.pem"),
    ("CANCELAMENTO_METRICS_ADDRESS", "127.0.0.1:99999", "esperado endereço:porta, como 127.0.0.1:9464"),
    ("CANCELAMENTO_DESK_HOST", "nada.invalid", "endereço desconhecido: nada.invalid"),
    ("CANCELAMENTO_RECORDINGS_URL", "s3://", "falta o nome do armazenamento, como s3://gravacoes"),
    ("DATABASE_URL", "postgresql://u@h:abc/x", "a porta é um número de 1 a 65535"),
    ("DATABASE_URL", "postgresql://u@h:99999/x", "a porta é um número de 1 a 65535"),
    ("TEMPORAL_ADDRESS", "127.0.0.1:abc", "esperado servidor:porta, como 127.0.0.1:7233"),
    ("TEMPORAL_ADDRESS", "http://127.0.0.1:7233", "esperado servidor:porta, como 127.0.0.1:7233"),
    ("TEMPORAL_CONFIG_FILE", "/nada.toml", "não há arquivo em /nada.toml"),
    ("TEMPORAL_TLS_CLIENT_CERT_PATH", "/nada.pem", "não há arquivo em /nada.pem"),
]
COMMANDS = [
    ("list",), ("status", "1042"), ("open", "1042"), ("setup",), ("seed",), ("worker",), ("inbox",), ("gateway",),
    ("desk",), ("up",), ("report",), ("preview", "1042"), ("mail", "1042"), ("ui", "1042"),
]  # fmt: skip


SAID = [(*wrong, command) for wrong in WRONG for command in COMMANDS] + [
    # What only one process would stumble over.
    (variable, value, f"{variable}: {what}", command)
    for variable, value, what in MORE
    for command in (("list",), ("desk",))
]


@pytest.mark.parametrize(
    ("variable", "value", "sentence", "command"),
    SAID,
    ids=[f"{variable}={value}-{command[0]}" for variable, value, _, command in SAID],
)
def test_a_wrong_setting_is_named_by_every_command_alike(
    variable: str,
    value: str,
    sentence: str,
    command: tuple[str, ...],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(variable, value)
    said = typed(tmp_path, capsys, *command)
    assert (said.code, said.out, said.err) == (SETTINGS, "", f"cancelamento: {sentence}\n")


def test_a_setting_in_json_is_named_by_its_whole_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANCELAMENTO_TELEPHONY_OPTIONS", "foo")
    said = typed(tmp_path, capsys, "list")
    assert said.code == SETTINGS
    assert "inválida em CANCELAMENTO_TELEPHONY_OPTIONS: não é JSON válido" in said.err
    monkeypatch.setenv("CANCELAMENTO_TELEPHONY_OPTIONS", "{}")
    monkeypatch.setenv("CANCELAMENTO_TELEPHONY_ADAPTER", "kamailio")
    said = typed(tmp_path, capsys, "list")
    assert said.code == SETTINGS
    assert said.err == "cancelamento: CANCELAMENTO_TELEPHONY_OPTIONS: rpc_urls: campo obrigatório ausente\n"


def test_a_policy_that_is_none_is_named_by_a_command_that_needs_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "politica.json"
    file.write_text('{"notice_dayz": 30}')
    monkeypatch.setenv("CANCELAMENTO_POLICY_FILE", str(file))
    said = typed(tmp_path, capsys, "list")
    told = f"CANCELAMENTO_POLICY_FILE: política inválida em {file}: notice_dayz: campo desconhecido"
    assert (said.code, said.err) == (SETTINGS, f"cancelamento: {told}\n")


def test_a_profile_of_temporal_that_is_not_there_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPORAL_PROFILE", "nada")
    said = typed(tmp_path, capsys, "list")
    assert (said.code, said.err) == (
        SETTINGS,
        "cancelamento: TEMPORAL_PROFILE: não há esse perfil no arquivo do Temporal\n",
    )


@pytest.mark.parametrize("name", ["METRICS_ADDRESS", "DESK_PORT", "DESK_HOST"])
def test_an_address_on_which_nothing_can_listen_is_told_with_its_own_variable(name: str) -> None:
    """Whoever fails to listen: the event loop's words, a page server's, and those of the engine's library."""
    here = Settings.model_validate({"metrics_address": "127.0.0.1:9464", "desk": {"host": "10.9.9.9"}})
    number = errno.EADDRNOTAVAIL if name.endswith("HOST") else errno.EADDRINUSE
    told = {
        "METRICS_ADDRESS": ValueError(
            "Failed starting Prometheus exporter: Address already in use (os error 98)"
        ),
        "DESK_PORT": OSError(number, "error while attempting to bind on address ('10.9.9.9', 8090): x"),
        "DESK_HOST": OSError(number, "error while attempting to bind on address ('10.9.9.9', 8090): x"),
    }
    found = trouble(told[name], here)
    assert found is not None
    assert found[0] is ExitCode.USAGE
    assert found[1].endswith(f"(CANCELAMENTO_{name})")
    bound = OSError(
        errno.EADDRINUSE, "[Errno 98] error while attempting to bind on address ('127.0.0.1', 9464): x"
    )
    assert trouble(bound, here) == (
        ExitCode.USAGE, "o endereço 127.0.0.1:9464 já está em uso (CANCELAMENTO_METRICS_ADDRESS)"
    )  # fmt: skip


@pytest.mark.parametrize(
    "command", [("list",), ("worker",), ("up",), ("desk",)], ids=lambda command: command[0]
)
def test_a_home_that_cannot_be_one_is_named(
    command: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "arquivo"
    file.touch()
    said = typed(file / "casa", capsys, *command)
    assert said.code == SETTINGS
    assert said.err == f"cancelamento: CANCELAMENTO_HOME: não é possível gravar em {file / 'casa'}\n"


@pytest.mark.parametrize(
    "command", [("setup",), ("seed",), ("desk",), ("gateway",), ("report",)], ids=lambda command: command[0]
)
def test_a_database_that_is_not_there_is_named_without_its_password(
    command: tuple[str, ...],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_URL", GONE)
    said = typed(tmp_path, capsys, *command)
    assert said.code == UNREACHABLE
    assert said.err.endswith("não foi possível conectar ao PostgreSQL em 127.0.0.1:1 (DATABASE_URL)\n")
    assert "segredo" not in said.err


@pytest.mark.parametrize(
    "command", [("list",), ("worker",), ("status", "1042"), ("ui", "1042")], ids=lambda command: command[0]
)
def test_a_temporal_that_is_not_there_is_named(
    command: tuple[str, ...],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    monkeypatch.setenv("CANCELAMENTO_DESK_PUBLIC_URL", "http://mesa")
    monkeypatch.setenv("DATABASE_URL", GONE)
    said = typed(tmp_path, capsys, *command)
    assert said.code == UNREACHABLE
    assert (
        said.err == "cancelamento: não foi possível conectar ao Temporal em 127.0.0.1:1 (TEMPORAL_ADDRESS)\n"
    )


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (asyncpg.InvalidPasswordError("x"), "recusou o usuário ou a senha"),
        (asyncpg.InvalidCatalogNameError("x"), "o banco de dados não existe"),
    ],
)
def test_what_postgresql_refuses_is_a_setting(error: Exception, words: str) -> None:
    told = trouble(error, Settings())
    assert told is not None
    assert told[0] is ExitCode.USAGE
    assert words in told[1]
    assert "DATABASE_URL" in told[1]


def test_what_stands_in_the_way_of_tls_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://worker:segredo@banco/cancelamento")
    no_entry = (
        'no pg_hba.conf entry for host "10.0.0.7", user "worker", database "cancelamento", no encryption'
    )
    untrusted = ssl.SSLCertVerificationError()
    untrusted.verify_message = "self-signed certificate"
    for error, words in (
        (asyncpg.InvalidAuthorizationSpecificationError(no_entry), "sem TLS (CANCELAMENTO_DATABASE_SSL)"),
        (
            untrusted,
            "banco:5432 não é de quem se confia (CANCELAMENTO_DATABASE_CA_FILE): self-signed certificate",
        ),
    ):
        told = trouble(error, Settings())
        assert told is not None
        assert told[0] is ExitCode.USAGE
        assert words in told[1]
        assert "segredo" not in told[1]


def test_every_documented_variable_is_known() -> None:
    documented = (Path(__file__).parents[2] / "docs" / "configuracao.md").read_text()
    known = set(map(str.upper, known_variables()))
    assert unknown_variable(dict.fromkeys(known, "")) is None
    named = {
        word
        for word in documented.replace("`", " ").replace("|", " ").split()
        if word.startswith("CANCELAMENTO_")
    }
    assert (
        unknown_variable(dict.fromkeys((word for word in named if not word.endswith(("_", "*"))), "")) is None
    )


def test_a_variable_of_somebody_elses_is_left_alone() -> None:
    assert unknown_variable({"CANCELAMENTO_CMD": "x", "CANCELAMENTO_PROOF": "1", "PATH": "/bin"}) is None
    assert unknown_variable({"CANCELAMENTO_SMTP_PROT": "25"}) is not None
