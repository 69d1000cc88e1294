"""TLS between the processes of the production-like set and its PostgreSQL, as its files have it."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from tests.architecture.test_deploy import OURS, WORKERS, given
from tests.compose import CHECKOUT, program

VERIFIED = (
    # Ours, Temporal's schema tool, Temporal's server: each by its own words.
    {
        "CANCELAMENTO_DATABASE_SSL": "verify-full",
        "CANCELAMENTO_DATABASE_CA_FILE": "/run/secrets/postgres_tls_ca",
    },
    {"SQL_TLS": "true", "SQL_TLS_CA_FILE": "/run/secrets/postgres_tls_ca"},
    {
        "SQL_TLS_ENABLED": "true",
        "SQL_CA": "/run/secrets/postgres_tls_ca",
        "SQL_HOST_VERIFICATION": "true",
    },
)
"""What makes a client look at the database's certificate and at the name in it."""


def clients(services: dict[str, Any]) -> dict[str, bool]:
    """Services that are told where the database is, and whether they look at its certificate."""
    found = {}
    for name, service in services.items():
        said = {**service.get("environment", {}), "command": " ".join(service.get("command") or ())}
        # The host, and neither a file, a user, nor Temporal's word for the kind of database.
        if name != "postgres" and any(re.search(r"(?<!/)\bpostgres(?![\w/])", one) for one in said.values()):
            found[name] = (
                any(words.items() <= said.items() for words in VERIFIED)
                and "postgres_tls_ca" in given(service)
                and not said.keys() & {"SQL_TLS_DISABLE_HOST_VERIFICATION", "SQL_CONNECT_ATTRIBUTES"}
            )
    return found


def test_whoever_is_told_where_the_database_is_speaks_tls_to_it_and_looks_at_its_certificate(
    composed: dict[str, Any],
) -> None:
    found = clients(composed)
    assert {name for name, verified in found.items() if not verified} == set()
    assert found.keys() == OURS | WORKERS | {"temporal", "temporal-schema", "setup"}
    grafana = CHECKOUT / "deploy" / "grafana" / "provisioning"
    assert not [file for file in grafana.rglob("*.y*ml") if "postgres" in file.read_text()]


@pytest.mark.parametrize(
    "one_more",
    [
        {"environment": {"DATABASE_URL": "postgresql://a@postgres:5432/b"}},
        {"environment": {"PGHOST": "postgres"}},
        {"command": ["exporter", "--host=postgres"]},
        {"environment": {"PGHOST": "postgres", **VERIFIED[1]}},
    ],
)
def test_a_service_more_that_speaks_to_the_database_in_clear_is_found(
    composed: dict[str, Any], one_more: dict[str, Any]
) -> None:
    assert clients({**composed, "exporter": one_more})["exporter"] is False


def test_the_database_lets_nobody_in_over_the_network_in_clear(composed: dict[str, Any]) -> None:
    postgres = composed["postgres"]
    settings = dict(argument.split("=", 1) for argument in postgres["command"] if "=" in argument)
    assert settings["ssl"] == "on"
    assert settings["ssl_cert_file"] == "/run/secrets/postgres_tls_certificate"
    rules = Path(settings["hba_file"])
    (source,) = [one["source"] for one in postgres["volumes"] if one["target"] == str(rules.parent)]
    lines = [line.split() for line in (Path(source) / rules.name).read_text().splitlines()]
    entries = [line for line in lines if line and not line[0].startswith("#")]
    assert {entry[0] for entry in entries} == {"local", "hostssl"}
    assert all(entry[-1] == "scram-sha-256" for entry in entries if entry[0] == "hostssl")


def test_the_databases_key_is_its_own_and_read_by_nobody_else(composed: dict[str, Any]) -> None:
    assert [name for name, one in composed.items() if "postgres_tls_key" in given(one)] == ["postgres"]
    (shell, script), command = composed["postgres"]["entrypoint"], composed["postgres"]["command"]
    start = (CHECKOUT / "deploy" / "postgres" / Path(script).name).read_text()
    kept = re.search(r"^install -m 600 /run/secrets/postgres_tls_key (\S+)$", start, re.MULTILINE)
    assert kept
    assert f"ssl_key_file={kept[1]}" in command
    assert str(Path(kept[1]).parent) in composed["postgres"]["tmpfs"]
    assert shell == "/bin/sh"
    assert start.rstrip().endswith('exec docker-entrypoint.sh "$@"')


def test_the_certificate_that_is_made_holds_for_the_names_that_were_said_and_stays(tmp_path: Path) -> None:
    program("openssl")
    made = shutil.copy(CHECKOUT / "deploy" / "secrets" / "make.sh", tmp_path)
    names = ("banco.exemplo.com.br", "10.0.0.71", "fd00::7")
    subprocess.run(["sh", made, *names], check=True, capture_output=True)
    files = [tmp_path / f"postgres_tls_{one}" for one in ("ca", "certificate", "key")]
    before = [file.read_bytes() for file in files]
    certificate = x509.load_pem_x509_certificate(before[1])
    authority = x509.load_pem_x509_certificate(before[0])
    certificate.verify_directly_issued_by(authority)
    alternatives = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {str(one.value) for one in alternatives} == {"postgres", "localhost", "127.0.0.1", *names}
    # Nobody can sign for that authority again.
    assert (
        sum(b"PRIVATE KEY" in file.read_bytes() for file in tmp_path.iterdir() if file.suffix != ".sh") == 1
    )
    subprocess.run(["sh", made], check=True, capture_output=True)
    assert [file.read_bytes() for file in files] == before


def test_a_certificate_of_which_a_part_is_missing_is_not_made_again_over_the_rest(tmp_path: Path) -> None:
    made = shutil.copy(CHECKOUT / "deploy" / "secrets" / "make.sh", tmp_path)
    (tmp_path / "postgres_tls_ca").write_text("of the provider's own")
    done = subprocess.run(["sh", made], check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert "falta deploy/secrets/postgres_tls_certificate" in done.stderr
    assert (tmp_path / "postgres_tls_ca").read_text() == "of the provider's own"


def test_without_openssl_the_other_secrets_are_made_and_it_is_asked_for(tmp_path: Path) -> None:
    made = shutil.copy(CHECKOUT / "deploy" / "secrets" / "make.sh", tmp_path)
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("base64", "chmod", "dirname", "head", "od", "tr"):
        (programs / name).symlink_to(str(shutil.which(name)))
    done = subprocess.run(
        ["/bin/sh", made], check=False, capture_output=True, text=True, env={"PATH": str(programs)}
    )
    assert done.returncode == 1
    assert done.stderr.startswith("falta o programa openssl")
    assert (tmp_path / "codec_keys").exists()
