"""E-mails sent with a standard client to everything embedded, and what became of the cases."""

import re
import smtplib
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from samples import sample_email
from starters.cli.options import SAO_PAULO
from tests.e2e.running_up import Said, Up, discard, running_up, typed

Command = Callable[..., Said]
FINANCE, COMMERCIAL = "financeiro@nuvemjti.com.br", "comercial@nuvemjti.com.br"
PATIENCE = 30.0


@pytest.fixture(scope="module")
def up(open_folder: Path) -> Iterator[Up]:
    """Everything embedded, with the sample customers."""
    home = open_folder / "inbox"
    with running_up(home, "--virtual-clock", "--seed") as running:
        yield running
    discard(home)


@pytest.fixture
def do(up: Up, capsys: pytest.CaptureFixture[str]) -> Command:
    """Type a command; it has to succeed unless another exit code is expected."""

    def command(*arguments: str, code: int = 0) -> Said:
        said = typed(up.home, capsys, *arguments)
        assert said.code == code, f"{arguments}: {said}"
        return said

    return command


def test_complete_mail_starts_the_notice_with_the_right_dates_P7_P8_P11_P12(up: Up, do: Command) -> None:
    awaiting(do, "1042")
    before = datetime.now(UTC)
    send(up, sample("acme-gmail-completo"), FINANCE)
    status = eventually(lambda: in_stage(do, "1042", "notice"))
    received_at = datetime.fromisoformat(status["formalization"]["received_at"])
    assert before <= received_at <= datetime.now(UTC)
    last_day = (received_at.astimezone(SAO_PAULO) + timedelta(days=30)).date()
    assert status["notice"]["last_day"] == last_day.isoformat()
    assert status["crm_status"] == "Cancelamento em andamento"
    assert set(status["formalization"]["recipients"]) >= {FINANCE, COMMERCIAL}


def test_forged_mail_moves_nothing_X9(up: Up, do: Command) -> None:
    awaiting(do, "1043")
    forged = sample("padaria-remetente-nao-autorizado")
    send(up, forged, FINANCE)
    [task] = eventually(lambda: mail_tasks(do, "Juliana|juliana.adm77@gmail.com"))
    assert do("status", "1043", "--json").json["stage"] == "awaiting_formalization"
    assert task["customer_id"] is None
    command = re.search(r"^cancelamento (formalize .*)$", task["text"], re.MULTILINE)
    assert command is not None
    arguments = command[1].replace('"SEU NOME"', "Ana").replace("NÚMERO", "1043").split()
    assert do(*arguments, "--json").json["stage"] == "notice"
    assert not mail_tasks(do, "juliana.adm77@gmail.com")
    assert do("status", "1043", "--json").json["formalization"]["confirmed_by"] == "Ana"


def awaiting(do: Command, customer_id: str) -> None:
    """A case that waits for its formalization."""
    do("open", customer_id, "--channel", "phone")
    do("outcome", customer_id, "declined", "--reason", "price", "--text", "caro")


def sample(name: str, **more: Any) -> bytes:
    """A sample e-mail received a moment ago; the header's own dates never count."""
    return sample_email(name, received_at=datetime.now(UTC) - timedelta(days=3), **more)


def send(up: Up, raw: bytes, *recipients: str) -> None:
    """Send as a receiving server passes a copy on."""
    host, _, port = up.addresses.smtp_in.rpartition(":")
    with smtplib.SMTP(host, int(port), timeout=20) as client:
        client.sendmail("rita@acme.com.br", recipients, raw)


def in_stage(do: Command, customer_id: str, stage: str) -> Any:
    """The status, if the case stands in that stage."""
    status = do("status", customer_id, "--json").json
    return status if status["stage"] == stage else None


def mail_tasks(do: Command, pattern: str) -> list[Any]:
    """Open tasks about e-mails whose text has the pattern."""
    return [task for task in do("inbox", "--tasks", "--json").json if re.search(pattern, task["text"])]


def eventually(ask: Callable[[], Any]) -> Any:
    """Ask until the answer is true."""
    deadline = time.monotonic() + PATIENCE
    while not (answer := ask()):
        assert time.monotonic() < deadline, "never came true"
        time.sleep(0.1)
    return answer
