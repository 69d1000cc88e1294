"""The sample e-mails, sent with a standard client to everything embedded, and what became of the cases."""

import asyncio
import re
import smtplib
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from cancellation.client import CancellationClient
from cancellation.domain.stage import Stage
from cancellation.domain.values import Channel, Outcome, Reason, ReasonCategory
from cancellation.failures import CaseNotFound
from cancellation.messages.facts import (
    DiscardMessage,
    RequestMessage,
    RetentionOutcomeMessage,
    WithdrawalMessage,
)
from samples import email_names, sample_email
from tests.e2e.running_up import TypedCommand, Up, discard, running_up, typing

FINANCE, COMMERCIAL = "financeiro@nuvemjti.com.br", "comercial@nuvemjti.com.br"
SAO_PAULO = ZoneInfo("America/Sao_Paulo")
MONTHS = (
    "janeiro", "fevereiro", "março", "abril", "maio", "junho", "julho", "agosto", "setembro", "outubro",
    "novembro", "dezembro",
)  # fmt: skip
PATIENCE = 30.0
CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip

COMPLETE = {
    "acme-gmail-completo": "1042",
    "acme-gmail-resposta-ao-roteiro": "1042",
    "advocacia-outlook-para-e-copia": "1047",
    "ana-paula-outlook-web-so-html": "1051",
    "clinica-iphone-completa": "1044",
    "fala-bem-outlook-com-anexo": "1050",
    "fala-bem-sistema-de-chamados": "1050",
    "hotel-webmail-completo": "1048",
    "oficina-gmail-celular": "1049",
}
"""The customer whose case each of them moves."""
FORGED = {
    "acme-forjado": ("authentication", "não confirmou a autenticidade do remetente"),
    "acme-dominio-parecido": ("sender", "o remetente não é um contato autorizado"),
}
"""They ask in the name of customer 1042: what the case doubts, and what the trail says of it."""
UNKNOWN_SENDER = "padaria-remetente-nao-autorizado"
INCOMPLETE = {
    "clinica-iphone-so-comercial-sem-motivo": (
        "1044",
        {f"recipient:{FINANCE}": FINANCE, "reason": "o motivo"},
    ),
    "transportadora-thunderbird-sem-motivo": ("1045", {"reason": "o motivo"}),
}
"""Whose they are, what is missing, and how the customer reads it."""
FOR_A_PERSON = {
    "acme-fora-do-escritorio": ("1042", "sinais de resposta automática"),
    "acme-encaminhado": ("1042", "só um encaminhamento"),
    "clinica-desistencia": ("1044", "desiste do cancelamento"),
    "escola-pergunta": ("1046", "pergunta sobre cancelamento"),
}
"""Written by the customer and yet no request; why, as Commercial reads it."""
AUTOMATIC = {"devolucao": "1046"}


@pytest.fixture(scope="module")
def up(open_folder: Path) -> Iterator[Up]:
    """Everything embedded, with the sample customers."""
    home = open_folder / "inbox"
    with running_up(home, "--virtual-clock", "--seed") as running:
        yield running
    discard(home)


@pytest.fixture
def do(up: Up, capsys: pytest.CaptureFixture[str]) -> TypedCommand:
    return typing(up, capsys)


def test_every_sample_is_sent_by_one_of_the_tests() -> None:
    sent = {*COMPLETE, *FORGED, UNKNOWN_SENDER, *INCOMPLETE, *FOR_A_PERSON, *AUTOMATIC}
    assert sent == set(email_names())


@pytest.mark.some(3)
@pytest.mark.parametrize(("name", "customer_id"), COMPLETE.items(), ids=COMPLETE)
def test_complete_mail_starts_the_notice_with_the_right_dates_P7_P8_P11_P12_P14(
    up: Up, do: TypedCommand, name: str, customer_id: str
) -> None:
    protocol = awaiting(up, customer_id)
    untouched = services(up, customer_id)
    before = datetime.now(UTC)
    send(up, sample(name, protocol=protocol), FINANCE)
    status = eventually(lambda: in_stage(do, customer_id, "notice"))
    received_at = datetime.fromisoformat(status["formalization"]["received_at"])
    assert before <= received_at <= datetime.now(UTC)
    last_day = thirty_days_after(received_at)
    assert status["notice"]["last_day"] == last_day.isoformat()
    assert datetime.fromisoformat(status["notice"]["starts_at"]) == received_at
    assert datetime.fromisoformat(status["notice"]["ends_at"]) == end_of(last_day)
    assert status["crm_status"] == "Cancelamento em andamento"
    assert set(status["formalization"]["recipients"]) >= {FINANCE, COMMERCIAL}
    page = told(do, customer_id)
    assert f"{in_words(last_day)}, inclusive" in page
    assert f"{last_day:%d/%m/%Y} 24h00 Fim do aviso prévio" in page
    assert f"motivo: {status['formalization']['reason']}" in page
    dated = eventually(lambda: dated_tasks(up, customer_id, "finance", "support"))
    assert {task["due_on"] for task in dated} == {last_day}
    assert services(up, customer_id) == untouched
    assert eventually(lambda: crm_status(up, customer_id) == "Cancelamento em andamento")


@pytest.mark.parametrize(("name", "doubt"), FORGED.items(), ids=FORGED)
def test_forged_mail_moves_nothing_and_commercial_hears_of_it_X9(
    up: Up, do: TypedCommand, name: str, doubt: tuple[str, str]
) -> None:
    code, why = doubt
    protocol = awaiting(up, "1042")
    untouched = services(up, "1042")
    raw = sample(name)
    send(up, raw, FINANCE)
    [task] = eventually(lambda: tasks(up, "1042", "key = $2", f"mail:{message_id(raw)}"))
    assert (task["team"], task["closed_at"]) == ("commercial", None)
    assert sender(raw) in task["text"]
    assert "/email/" in task["text"]
    assert "cancelamento formalize crm:original/" in task["text"]
    [entry] = [e for e in do("trail", "1042", "--json").json if e["kind"] == "formalization_untrusted"]
    assert message_id(raw) in entry["detail"]
    assert why in entry["detail"]
    status = do("status", "1042", "--json").json
    assert (status["stage"], status["protocol"]) == ("awaiting_formalization", protocol)
    assert (status["missing"], status["notice"], status["formalization"]) == ([code], None, None)
    assert services(up, "1042") == untouched
    assert crm_status(up, "1042") == "Aguardando formalização"
    assert "inclusive" not in told(do, "1042")


def test_mail_of_an_unknown_sender_moves_nothing_until_commercial_vouches_X9(
    up: Up, do: TypedCommand
) -> None:
    awaiting(up, "1043")
    untouched = services(up, "1043")
    send(up, sample(UNKNOWN_SENDER), FINANCE)
    [task] = eventually(lambda: mail_tasks(do, "juliana.adm77@gmail.com"))
    assert do("status", "1043", "--json").json["stage"] == "awaiting_formalization"
    assert task["customer_id"] is None
    assert "Nenhum cliente foi encontrado para este remetente" in task["text"]
    assert services(up, "1043") == untouched
    # As a person copies it from the terminal: a line break would make it another command.
    pasted = rf"^cancelamento (formalize crm:original/{task['sha256']} .*)$"
    command = re.search(pasted, do("inbox", "--tasks").out, re.MULTILINE)
    assert command is not None
    arguments = command[1].replace('"SEU NOME"', "Ana").replace("NÚMERO", "1043").split()
    assert do(*arguments, "--json").json["stage"] == "notice"
    assert not mail_tasks(do, "juliana.adm77@gmail.com")
    assert do("status", "1043", "--json").json["formalization"]["confirmed_by"] == "Ana"


@pytest.mark.parametrize("name", INCOMPLETE)
def test_incomplete_mail_is_answered_in_its_thread_with_what_is_missing_P7(
    up: Up, do: TypedCommand, name: str
) -> None:
    customer_id, missing = INCOMPLETE[name]
    awaiting(up, customer_id)
    raw = sample(name)
    send(up, raw, message(raw)["Delivered-To"])
    answer = eventually(lambda: answer_to(up, message_id(raw)))
    assert sender(raw) in answer["To"]
    assert message_id(raw) in answer["References"]
    asked = re.findall(r"^- (.*)$", plain(answer).partition("ainda falta:")[2].partition("O que já")[0], re.M)
    assert len(asked) == len(missing)
    assert all(words in line for words, line in zip(missing.values(), asked, strict=True))
    status = do("status", customer_id, "--json").json
    assert (status["stage"], status["missing"]) == ("awaiting_formalization", list(missing))


@pytest.mark.some(2)
@pytest.mark.parametrize("name", FOR_A_PERSON)
def test_mail_that_is_no_request_waits_for_commercial_P7_X15(up: Up, do: TypedCommand, name: str) -> None:
    customer_id, why = FOR_A_PERSON[name]
    awaiting(up, customer_id)
    raw = sample(name)
    send(up, raw, COMMERCIAL)
    [waiting] = eventually(lambda: do("status", customer_id, "--json").json["undecided_mails"])
    assert waiting["message_id"] == message_id(raw)
    assert any(why in reason for reason in waiting["why"])
    [task] = eventually(lambda: tasks(up, customer_id, "key = $2", f"mail:{message_id(raw)}"))
    assert why in task["text"]
    status = do("status", customer_id, "--json").json
    assert (status["stage"], status["formalization"]) == ("awaiting_formalization", None)
    assert answer_to(up, message_id(raw)) is None
    page = re.search(r"^Ler e decidir: http.*/email/([0-9a-f]{64})$", task["text"], re.MULTILINE)
    assert page is not None
    assert f"cancelamento mail {page[1]}" in task["text"]
    shown = do("mail", page[1]).out
    assert sender(raw) in shown
    do("mail", page[1], "--refused-by", "Ana")
    assert do("status", customer_id, "--json").json["undecided_mails"] == []
    entries = [e["detail"] for e in do("trail", customer_id, "--json").json if e["kind"] == "mail_refused"]
    assert "Ana leu, e não é um pedido a contar." in entries[0]
    do("mail", page[1], "--refused-by", "Ana")  # once more changes nothing
    listed = do("mail", customer_id, "--json").json
    assert page[1] in [one["sha256"] for one in listed]


@pytest.mark.parametrize(("name", "customer_id"), AUTOMATIC.items(), ids=AUTOMATIC)
def test_automatic_mail_is_recorded_and_nothing_else_P7(
    up: Up, do: TypedCommand, name: str, customer_id: str
) -> None:
    awaiting(up, customer_id)
    entries = len(quiet_trail(do, customer_id))
    raw = sample(name)
    send(up, raw, COMMERCIAL)
    assert eventually(lambda: fate(up, raw)) in ("automatic", "recorded")
    assert len(do("trail", customer_id, "--json").json) == entries
    assert answer_to(up, message_id(raw)) is None
    assert do("status", customer_id, "--json").json["stage"] == "awaiting_formalization"


def test_a_letter_that_comes_back_is_told_to_commercial_X16(up: Up, do: TypedCommand) -> None:
    protocol = awaiting(up, "1046")
    quiet_trail(do, "1046")
    send(up, sample("devolucao").replace(b"CAN-20261122-7F3KQ2", protocol.encode()), COMMERCIAL)
    [entry] = eventually(
        lambda: [e for e in do("trail", "1046", "--json").json if e["kind"] == "letter_bounced"]
    )
    assert "5.2.2" in entry["detail"]
    [task] = eventually(lambda: tasks(up, "1046", "key like $2", "undelivered:%"))
    assert task["team"] == "commercial"


@pytest.mark.some(1)
@pytest.mark.parametrize("refused", [False, True])
def test_a_notice_by_mail_is_looked_at_and_confirmed_or_undone_by_one_command_X14(
    up: Up, do: TypedCommand, refused: bool
) -> None:
    awaiting(up, "1048")
    raw = sample("hotel-webmail-completo")
    send(up, raw, FINANCE)
    eventually(lambda: in_stage(do, "1048", "notice"))
    [task] = eventually(lambda: tasks(up, "1048", "key = 'confirm_notice'"))
    answer = eventually(lambda: answer_to(up, message_id(raw)))
    quoted = [line for line in task["text"].splitlines() if line.startswith("> ")]
    assert quoted
    told = " ".join(line.removeprefix(">").strip() for line in plain(answer).splitlines())
    assert all(line.removeprefix("> ") in told for line in quoted)
    assert "Não é isso? Responda a este e-mail ou ligue" in told
    page = re.search(r"^Ler e decidir: http.*/email/([0-9a-f]{64})$", task["text"], re.MULTILINE)
    assert page is not None
    verb = "mail" if refused else "formalize"
    command = re.search(rf"^cancelamento ({verb} .*-by .*)$", task["text"], re.MULTILINE)
    assert command is not None
    do(*command[1].replace('"SEU NOME"', "Ana").split())
    if not refused:
        assert do("status", "1048", "--json").json["formalization"]["confirmed_by"] == "Ana"
        assert eventually(lambda: not tasks(up, "1048", "key = 'confirm_notice' and closed_at is null"))
    else:
        status = eventually(lambda: in_stage(do, "1048", "withdrawn"))
        assert status["ended_by"] == "Ana"
        assert eventually(lambda: crm_status(up, "1048") == "Ativo")


@pytest.mark.long
@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed (apt-get install chromium)")
def test_operators_see_the_notice_in_the_web_ui_and_none_for_a_forged_mail_P8_X9(
    up: Up, do: TypedCommand
) -> None:
    playwright = pytest.importorskip("playwright.async_api", reason="Playwright is not installed")
    for customer_id in ("1042", "1049"):
        awaiting(up, customer_id)
    forged = sample("acme-forjado")
    send(up, forged, FINANCE)
    before = datetime.now(UTC)
    send(up, sample("oficina-gmail-celular"), FINANCE)
    eventually(lambda: tasks(up, "1042", "key = $2", f"mail:{message_id(forged)}"))
    eventually(lambda: in_stage(do, "1049", "notice"))
    last_days = {thirty_days_after(instant) for instant in (before, datetime.now(UTC))}
    waiting, notice = asyncio.run(
        seen_in_web_ui(
            playwright.async_playwright(),
            up,
            {"1042": "Aguardando formalização por e-mail", "1049": "Aviso prévio em curso"},
        )
    )
    assert "Status no CRM: Cancelamento em andamento" in notice
    shown = re.search(
        r"Aviso prévio: de \d\d/\d\d/\d{4} \d\dh\d\d até (\d\d)/(\d\d)/(\d{4}), inclusive", notice
    )
    assert shown is not None
    assert date(int(shown[3]), int(shown[2]), int(shown[1])) in last_days
    assert "Status no CRM: Aguardando formalização" in waiting
    assert "Falta para a formalização: " in waiting
    assert "inclusive" not in waiting
    for details in (waiting, notice):
        assert not re.search(r"00[h:]00", details), "a deadline at midnight reads as if it were a day later"


# ------------------------------------------------------------------------------------------- cases


def awaiting(up: Up, customer_id: str) -> str:
    """A new case that waits for its formalization, whatever came before it; its protocol."""

    async def told() -> str:
        client = await CancellationClient.connect(up.home)
        await end(client, customer_id)
        opened = await client.open_or_join(customer_id, RequestMessage(channel=Channel.PHONE, actor="ana"))
        assert opened.opened
        reason = Reason(category=ReasonCategory.PRICE, text="caro")
        declined = RetentionOutcomeMessage(outcome=Outcome.DECLINED, reason=reason, actor="ana")
        assert (await client.report(customer_id, declined)).stage is Stage.AWAITING_FORMALIZATION
        return opened.protocol

    return asyncio.run(told())


async def end(client: CancellationClient, customer_id: str) -> None:
    """End the customer's case, if there is one, and wait until everything of it is recorded."""
    try:
        stage = (await client.status(customer_id)).stage
    except CaseNotFound:
        return
    over = WithdrawalMessage if stage is Stage.NOTICE else DiscardMessage
    if not stage.is_terminal:
        await client.report(customer_id, over(reason="outro teste", actor="ana"))
    async with asyncio.timeout(PATIENCE):
        await client.result(customer_id)


def in_stage(do: TypedCommand, customer_id: str, stage: str) -> Any:
    """The status, if the case stands in that stage."""
    status = do("status", customer_id, "--json").json
    return status if status["stage"] == stage else None


def told(do: TypedCommand, customer_id: str) -> str:
    """What `cancelamento status` says, whichever way its lines are broken."""
    return " ".join(do("status", customer_id).out.split())


def mail_tasks(do: TypedCommand, words: str) -> list[Any]:
    """Open tasks about e-mails of no case whose text has the words."""
    return [task for task in do("inbox", "--tasks", "--json").json if words in task["text"]]


def quiet_trail(do: TypedCommand, customer_id: str) -> list[Any]:
    """The trail, once the letter after the outcome has gone: nothing more will come by itself."""

    def complete() -> Any:
        entries = do("trail", customer_id, "--json").json
        return entries if [e for e in entries if e["kind"] == "letter_sent"][2:] else None

    return list(eventually(complete))


def eventually(ask: Callable[[], Any]) -> Any:
    """Ask until the answer is true."""
    deadline = time.monotonic() + PATIENCE
    while not (answer := ask()):
        assert time.monotonic() < deadline, "never came true"
        time.sleep(0.1)
    return answer


# ------------------------------------------------------------------------------------------- dates


def thirty_days_after(instant: datetime) -> date:
    """The last day of a notice that began then, by the contract's own words and no code of ours (P8)."""
    return instant.astimezone(SAO_PAULO).date() + timedelta(days=30)


def end_of(day: date) -> datetime:
    """The instant at which the day is over in São Paulo."""
    following = day + timedelta(days=1)
    return datetime(following.year, following.month, following.day, tzinfo=SAO_PAULO)


def in_words(day: date) -> str:
    """As people in Brazil write it."""
    return f"{day.day if day.day > 1 else '1º'} de {MONTHS[day.month - 1]} de {day.year}"


# ------------------------------------------------------------------------------------------- e-mails


def sample(name: str, **more: Any) -> bytes:
    """A sample e-mail received a moment ago; the header's own dates never count."""
    return sample_email(name, received_at=datetime.now(UTC) - timedelta(days=3), **more)


def send(up: Up, raw: bytes, *recipients: str) -> None:
    """Send as a receiving server passes a copy on."""
    host, _, port = up.addresses.smtp_in.rpartition(":")
    with smtplib.SMTP(host, int(port), timeout=20) as client:
        client.sendmail(message(raw)["Return-Path"].strip("<>"), recipients, raw)


def message(raw: bytes) -> EmailMessage:
    """The e-mail, for a look at it."""
    return message_from_bytes(raw, policy=policy.default)


def message_id(raw: bytes) -> str:
    """Its Message-ID."""
    return str(message(raw)["Message-ID"]).strip()


def sender(raw: bytes) -> str:
    """The address in From."""
    return str(message(raw)["From"].addresses[0].addr_spec)


def plain(mail: EmailMessage) -> str:
    """Its text."""
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def answer_to(up: Up, incoming: str) -> EmailMessage | None:
    """What was sent in answer to that Message-ID."""
    for path in sorted(Path(up.addresses.outbox or "").glob("[!.]*.eml"), reverse=True):
        raw = path.read_bytes()
        if incoming.encode() in raw and (mail := message(raw))["In-Reply-To"] == incoming:
            return mail
    return None


# ------------------------------------------------------------------------------------------- records


def rows(up: Up, query: str, *arguments: Any) -> list[dict[str, Any]]:
    """What the database has."""

    async def fetched() -> list[dict[str, Any]]:
        connection = await asyncpg.connect(up.addresses.database_url)
        try:
            return [dict(row) for row in await connection.fetch(query, *arguments)]
        finally:
            await connection.close()

    return asyncio.run(fetched())


def tasks(up: Up, customer_id: str, condition: str, *more: Any) -> list[dict[str, Any]]:
    """Tasks of the customer's open case in the CRM."""
    return rows(
        up,
        "select t.* from crm.tasks t join crm.cases c using (case_id)"
        f" where c.customer_id = $1 and c.ended_at is null and {condition}",
        customer_id,
        *more,
    )


def dated_tasks(up: Up, customer_id: str, *teams: str) -> list[dict[str, Any]]:
    """The open ones with a day, once each of these teams has one."""
    found = tasks(up, customer_id, "due_on is not null and closed_at is null")
    return found if {task["team"] for task in found} >= set(teams) else []


def crm_status(up: Up, customer_id: str) -> str:
    """The customer's status in the CRM."""
    [row] = rows(up, "select status from crm.customers where customer_id = $1", customer_id)
    return str(row["status"])


def fate(up: Up, raw: bytes) -> str | None:
    """What became of a delivery."""
    found = rows(up, "select fate from inbox.messages where message_id = $1", message_id(raw))
    return found[0]["fate"] if found else None


def services(up: Up, customer_id: str) -> list[dict[str, Any]]:
    """Everything that works for the customer and is paid for; all of it in use."""
    found = rows(
        up,
        """
        select kind, resource_id as id, status from telephony.resources where customer_id = $1
        union all select 'número', number, status from telephony.numbers where customer_id = $1
        union all select 'assinatura', subscription_id, coalesce(stopped_on::text, 'active')
            from billing.subscriptions where customer_id = $1 and ended_on is null
        order by 1, 2
        """,
        customer_id,
    )
    assert found
    assert {one["status"] for one in found} == {"active"}
    return found


async def seen_in_web_ui(driver: Any, up: Up, headings: dict[str, str]) -> list[str]:
    """The current details on the pages of these customers' cases, once each has its heading."""
    base = f"{(up.addresses.web_ui or '').rstrip('/')}/namespaces/{up.addresses.namespace}/workflows"

    async def seen(chromium: Any, customer_id: str, heading: str) -> str:
        page = await chromium.new_page(locale="pt-BR", timezone_id="America/Sao_Paulo")
        await page.goto(f"{base}/cancellation-{customer_id}")
        await page.locator("a", has_text="User Metadata").first.click()
        details = page.frame_locator("iframe").last
        await details.get_by_role("heading", name=heading).wait_for(timeout=PATIENCE * 1000)
        return str(await details.locator("body").inner_text())

    async with driver as playwright:
        chromium = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(ARGUMENTS))
        found = await asyncio.gather(*(seen(chromium, *one) for one in headings.items()))
        await chromium.close()
    return found
