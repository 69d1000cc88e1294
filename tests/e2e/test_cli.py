"""The commands that a person types, against everything embedded."""

import asyncio
import json
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cancellation.client import CancellationClient, Registry
from cancellation.domain.stage import Stage
from embedded.virtual_time import VirtualTime
from samples import sample_email
from starters.cli.catalogue import COMMANDS
from starters.cli.running import crm_registry, settings_of_command
from tests.contract.dns_server import dns_in_a_thread, txt
from tests.e2e.running_up import TypedCommand, Up, discard, running_up, spawned, typed, typing


@pytest.fixture(scope="module")
def up(open_folder: Path) -> Iterator[Up]:
    """Everything embedded, with the sample customers."""
    home = open_folder / "cli"
    with running_up(home, "--virtual-clock", "--seed") as running:
        yield running
    discard(home)


@pytest.fixture
def do(up: Up, capsys: pytest.CaptureFixture[str]) -> TypedCommand:
    return typing(up, capsys)


def test_up_tells_where_everything_is_and_warns_of_the_virtual_clock(up: Up) -> None:
    found = json.loads((up.home / "addresses.json").read_text())
    wanted = {"temporal", "namespace", "web_ui", "gateway", "database_url", "smtp_in", "outbox"}
    assert wanted <= set(found)
    assert found["web_ui"] in up.output
    assert "RELÓGIO VIRTUAL" in up.output


def test_case_is_driven_to_the_notice_by_commands_P1_P4_P7_P8_P9_P10(
    up: Up, do: TypedCommand, tmp_path: Path
) -> None:
    opened = do("open", "1042", "--channel", "whatsapp", "--text", "Quero cancelar", "--json").json
    assert (opened["stage"], opened["opened"], opened["duplicate"]) == ("retention", True, False)
    protocol = opened["protocol"]

    joined = do("open", "1042", "--channel", "phone", "--name", "Rita Souza", "--json").json
    assert (joined["opened"], joined["protocol"]) == (False, protocol)

    do("offer", "1042", "plan_adjustment", "made", "--text", "Plano menor")
    do("offer", protocol, "plan_adjustment", "refused")
    do("outcome", "cancellation-1042", "declined", "--reason", "price", "--text", "Caro demais")

    mail = tmp_path / "mail.eml"
    received = datetime.now(UTC).replace(microsecond=0)
    mail.write_bytes(sample_email("acme-gmail-completo", received_at=received))
    answer = do("formalize", str(mail), "--json").json
    assert answer["stage"] == "notice"
    again = do("formalize", str(mail), "--json").json
    assert again["duplicate"] is True

    do("portability", "1042", "+551130000001", "requested", "--operator", "Vozel")
    do("recordings", "1042", "--from", "2026-01-01")

    status = do("status", protocol, "--json").json
    assert status["customer_id"] == "1042"
    assert status["crm_status"] == "Cancelamento em andamento"
    assert datetime.fromisoformat(status["notice"]["starts_at"]) == received
    assert status["formalization"]["authentication"] == "pass"
    assert status["formalization"]["original_sha256"]
    assert [offer["status"] for offer in status["offers"]] == ["refused"]
    assert [number["port"] for number in status["numbers"] if number["port"]] == ["requested"]
    assert len(status["contacts"]) == 2

    trail = do("trail", "1042", "--json").json
    assert [entry["seq"] for entry in trail] == list(range(1, len(trail) + 1))
    # The command fills in what a person leaves out, so that the case does not have to.
    assert "fields_filled" not in {entry["kind"] for entry in trail}
    listed = do("list", "--stage", "notice", "--json").json
    assert [(case["customer_id"], case["protocol"]) for case in listed] == [("1042", protocol)]


def test_pages_for_people_fit_80_columns_and_hold_no_codes(up: Up, do: TypedCommand) -> None:
    _be_opened(do, "1047")
    do("outcome", "1047", "declined", "--reason", "competitor", "--text", "Telefonia do condomínio")
    assert max(len(line) for line in do("trail", "1047").out.splitlines()) <= 80
    for page in (do("status", "1047").out, do("list").out, do("budget", "1047").out):
        assert max(len(line) for line in page.splitlines()) <= 80
        assert not re.search(r"\bNone\b|awaiting_formalization|competitor|recipient:", page)
    status = do("status", "1047").out
    assert "Aguardando formalização" in status
    assert "mudança para outra operadora: Telefonia do condomínio" in status
    assert "o envio para financeiro@nuvemjti.com.br" in status
    assert re.search(r"\d\d/\d\d/\d{4} às \d\dh\d\d", status)
    do("withdraw", "1047", "--reason", "cedo demais", code=1)
    assert "desistência do cancelamento: não se aplica" in " ".join(do("status", "1047").out.split())


def test_a_fact_happened_when_it_was_typed_by_the_cases_own_clock_P20(up: Up, do: TypedCommand) -> None:
    _be_opened(do, "1046")
    asyncio.run(_skip(up, "1046", timedelta(days=3)))
    do("recordings", "1046")
    asked = do("status", "1046", "--json").json["recordings"]
    assert asked is not None
    entry = do("trail", "1046", "--json").json[-1]
    assert entry["detail"] == "Gravações pedidas: todo o período."
    assert datetime.fromisoformat(entry["at"]) > datetime.now(UTC) + timedelta(days=2)
    do("discard", "1046", "--reason", "engano", "--occurred-at", "2026-11-20T09:30")
    told = [entry["detail"] for entry in do("trail", "1046", "--json").json if entry["kind"] == "discarded"]
    assert told == ["Caso descartado (em 20/11/2026 às 09h30): engano"]


def test_refusal_names_the_field_and_ends_with_1_P3_X8(up: Up, do: TypedCommand) -> None:
    _be_opened(do, "1048")
    said = do("outcome", "1048", "declined", code=1)
    assert said.err == "cancelamento: recusado: “--reason”: campo obrigatório ausente\n"
    said = do("portability", "1048", "+5511", "requested", code=1)
    assert "“NÚMERO”" in said.err
    said = do("withdraw", "1048", "--reason", "ficou", code=1)
    stays = "cancelamento outcome 1048 retained --reason CATEGORIA --text ficou"
    assert said.err.endswith(f"na etapa “Em retenção com o Comercial”; nesta etapa: {stays}\n")


def test_an_e_mail_without_a_case_is_told_how_it_opens_one(up: Up, do: TypedCommand, tmp_path: Path) -> None:
    mail = tmp_path / "mail.eml"
    mail.write_bytes(sample_email("oficina-gmail-celular", received_at=datetime.now(UTC)))
    said = do("formalize", str(mail), "--customer", "1052", "--confirmed-by", "ana", code=1)
    assert said.err.endswith("; com --open este e-mail abre um novo caso\n")


def test_message_sent_twice_counts_once_X2(up: Up, do: TypedCommand) -> None:
    first = do("open", "1050", "--channel", "chatbot", "--message-id", "m-1", "--json").json
    second = do("open", "1050", "--channel", "chatbot", "--message-id", "m-1", "--json").json
    assert (first["opened"], second["opened"], second["duplicate"]) == (True, False, True)
    assert "nada mudou" in do("open", "1050", "--channel", "chatbot", "--message-id", "m-1").out


def test_unknown_case_ends_with_1(up: Up, do: TypedCommand) -> None:
    for reference in ("9999", "CAN-20261122-7F3KQ2", "cancellation-9999"):
        said = do("status", reference, code=1)
        assert said.err == f"cancelamento: nenhum caso encontrado para “{reference}”\n"
        assert "novo pedido: cancelamento open" in do("discard", reference, "--reason", "x", code=1).err


def test_a_protocol_just_given_finds_its_case_X12(up: Up, do: TypedCommand) -> None:
    given = do("open", "1044", "--channel", "phone", "--json").json
    status = do("status", given["protocol"], "--json").json
    assert (status["customer_id"], status["protocol"]) == ("1044", given["protocol"])
    do("discard", given["protocol"], "--reason", "engano", "--no-wait")
    _until(up, "1044", Stage.DISCARDED)


def test_the_crm_tells_commands_whose_protocol_it_is_while_the_case_is_open_X12(
    up: Up, do: TypedCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANCELAMENTO_HOME", str(up.home))
    protocol = do("open", "1045", "--channel", "phone", "--json").json["protocol"]
    look = crm_registry(settings_of_command())
    assert look is not None
    assert asyncio.run(_asked_until(look, protocol)) == "cancellation-1045"
    assert asyncio.run(_asked(look, "CAN-20261122-7F3KQ2")) is None
    do("discard", "1045", "--reason", "engano")
    _until(up, "1045", Stage.DISCARDED)
    assert asyncio.run(_asked(look, protocol)) is None


def test_request_of_an_unknown_customer_ends_discarded(up: Up, do: TypedCommand) -> None:
    opening = do("open", "424242", "--channel", "phone", "--text", "não está no CRM", code=1)
    assert "o CRM não conhece o cliente 424242; o Comercial recebeu o pedido, sem um contato" in opening.err
    assert "Caso aberto" not in opening.out
    _until(up, "424242", Stage.DISCARDED)
    assert "já terminou" in do("withdraw", "424242", "--reason", "x", code=1).err


def test_fact_can_be_told_without_waiting(up: Up, do: TypedCommand) -> None:
    _be_opened(do, "1046")
    do("discard", "1046", "--reason", "pedido de outra pessoa", "--no-wait")
    _until(up, "1046", Stage.DISCARDED)


def test_forged_mail_moves_nothing_and_commercial_can_vouch_for_it_X9(
    up: Up, do: TypedCommand, tmp_path: Path
) -> None:
    _be_opened(do, "1043")
    do("outcome", "1043", "declined", "--reason", "competitor", "--text", "Trocou de operadora")
    mail = tmp_path / "mail.eml"
    mail.write_bytes(sample_email("padaria-remetente-nao-autorizado", received_at=datetime.now(UTC)))
    assert "informe com --customer" in do("formalize", str(mail), code=1).err
    assert (
        do("formalize", str(mail), "--customer", "1043", "--json").json["stage"] == "awaiting_formalization"
    )
    assert do("status", "1043", "--json").json["missing"] == ["sender"]
    answer = do("formalize", str(mail), "--customer", "1043", "--confirmed-by", "Ana Lima", "--json").json
    assert answer["stage"] == "notice"
    assert do("status", "1043", "--json").json["formalization"]["confirmed_by"] == "Ana Lima"


def test_question_and_automatic_mail_are_no_formalization_P7(
    up: Up, do: TypedCommand, tmp_path: Path
) -> None:
    mail = tmp_path / "mail.eml"
    for name in ("escola-pergunta", "acme-fora-do-escritorio", "devolucao"):
        mail.write_bytes(sample_email(name, received_at=datetime.now(UTC)))
        said = do("formalize", str(mail), "--customer", "1042", code=1)
        assert "não parece uma formalização" in said.err


def test_formalize_opens_a_case_if_told_to_P1_X2(up: Up, do: TypedCommand, tmp_path: Path) -> None:
    mail = tmp_path / "mail.eml"
    mail.write_bytes(sample_email("oficina-gmail-celular", received_at=datetime.now(UTC)))
    assert "nenhum caso" in do("formalize", str(mail), code=1).err
    assert do("formalize", str(mail), "--open", "--json").json["stage"] == "retention"
    # The sender counts as soon as the CRM has told who the customer's contacts are.
    status = _status_once(do, "1049", lambda found: not found["missing"])
    assert status["channel"] == "email"


def test_an_original_given_by_hand_is_kept_with_the_keys_of_its_signatures_X13(
    up: Up, do: TypedCommand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _be_opened(do, "1048")
    mail = tmp_path / "mail.eml"
    # It reaches one mailbox of two: no formalization is complete, and the dossier shows it all the same.
    raw = sample_email("hotel-webmail-completo", received_at=datetime.now(UTC))
    mail.write_bytes(raw.replace(b"comercial@nuvemjti.com.br", b"outra@nuvemjti.com.br"))
    record = "v=DKIM1; k=rsa; p=QUJD"
    with dns_in_a_thread(
        {("default._domainkey.hotelmirantedaserra.com.br.", "TXT"): [txt(record)]}
    ) as address:
        monkeypatch.setenv("CANCELAMENTO_EVIDENCE_DNS_SERVERS", address)
        do("formalize", str(mail), "--customer", "1048", "--confirmed-by", "Ana Lima")
    do("dossier", "1048", "--folder", "--to", str(tmp_path))
    (folder,) = (path for path in tmp_path.iterdir() if path.is_dir())
    (kept,) = json.loads((folder / "emails.json").read_text())
    assert (folder / kept["file"]).read_bytes() == mail.read_bytes()
    assert [one["key"] for one in kept["dkim"]] == [record]


def test_understand_says_what_and_why_without_a_case(up: Up, do: TypedCommand, tmp_path: Path) -> None:
    mail = tmp_path / "mail.eml"
    mail.write_bytes(sample_email("ana-paula-outlook-web-so-html", received_at=datetime.now(UTC)))
    understood = do("understand", str(mail), "--json").json
    assert set(understood) == {
        "customer_id", "mailboxes", "authentication", "explicit_request", "reason", "reason_category",
        "action", "missing", "why", "request_words", "automatic", "authorised",
    }  # fmt: skip
    assert (understood["customer_id"], understood["action"]) == ("1051", "accept")
    assert understood["explicit_request"] is True
    assert "aceitar" in do("understand", str(mail)).out
    do("status", "1051", code=1)


def test_understand_reads_bare_texts_line_by_line(tmp_path: Path) -> None:
    texts = tmp_path / "texts.jsonl"
    lines = [
        {"id": 1, "subject": "Cancelamento", "body": "Solicito o cancelamento do contrato. Motivo: preço."},
        {"id": "dois", "subject": "", "body": "Quanto custa cancelar?"},
    ]
    texts.write_text("\n".join(map(json.dumps, lines)) + "\n\nnot json\n", encoding="utf-8")
    said = spawned(tmp_path / "nothing-here", "understand", "--texts", str(texts))
    assert said.code == 0, said
    answers = [json.loads(line) for line in said.out.splitlines()]
    assert [answer["id"] for answer in answers] == [1, "dois", None]
    assert [answer["explicit_request"] for answer in answers[:2]] == [True, False]
    assert answers[0]["reason_category"] == "price"
    assert answers[2]["action"] == "triage"


def test_seed_and_setup_can_be_repeated(up: Up, do: TypedCommand) -> None:
    assert do("seed", "1042").out == "já existia, nada mudou: 1042 Acme Comércio de Ferragens Ltda\n"
    do("seed", "nobody", code=1)
    assert "já estava em dia" in do("setup").out


def test_list_shows_open_cases_only_if_asked(up: Up, do: TypedCommand) -> None:
    do("open", "555", "--channel", "other", code=1)
    _until(up, "555", Stage.DISCARDED)
    everything = {case["customer_id"] for case in do("list", "--json").json}
    still_open = {case["customer_id"] for case in do("list", "--open", "--json").json}
    assert "555" in everything - still_open


def test_a_namespace_that_is_not_there_is_named(
    up: Up, do: TypedCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", up.addresses.temporal)
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "nada")
    for command in (("list",), ("status", "1042"), ("open", "1042")):
        said = do(*command, code=2)
        assert said.err == "cancelamento: o namespace “nada” não existe no Temporal (TEMPORAL_NAMESPACE)\n"


def test_list_shows_the_company_and_filters_by_what_people_ask(up: Up, do: TypedCommand) -> None:
    do("open", "1051", "--channel", "whatsapp", "--text", "Quero sair")
    _status_once(do, "1051", lambda status: status["customer_name"])
    mine = ("list", "--customer", "1051", "--json")
    for filters in (
        ("--channel", "whatsapp"),
        ("--since", "01/01/2020"),
        ("--name", "ana paula"),
        ("--limit", "1"),
    ):
        (line,) = do(*mine, *filters).json
        assert line["company"].startswith("Ana Paula"), filters
        assert line["since"]
    for filters in (
        ("--channel", "phone"),
        ("--until", "01/01/2020"),
        ("--name", "acme"),
        ("--reason", "price"),
    ):
        assert do(*mine, *filters).json == []
    assert "Ana Paula" in do("list", "--customer", "1051").out
    assert "--since: data inválida: ontem" in do("list", "--since", "ontem", code=2).err


def test_status_of_an_ended_case_says_how_when_by_whom_and_why(up: Up, do: TypedCommand) -> None:
    do("open", "1051", "--channel", "whatsapp")
    do("discard", "1051", "--reason", "Era outro cliente", "--actor", "ana")
    _until(up, "1051", Stage.DISCARDED)
    page = do("status", "1051", "--watch").out
    assert "Terminou em" in page
    assert ", por ana" in page
    assert "Era outro cliente" in page


def test_the_page_of_a_case_is_named_and_samples_are_listed(up: Up, do: TypedCommand) -> None:
    protocol = do("open", "1049", "--channel", "phone", "--json").json["protocol"]
    assert do("ui", "1049", "--print").out == f"{up.addresses.desk}/caso/{protocol}\n"
    assert "1042  Acme" in do("samples").out
    assert do("--version").out.startswith("cancelamento ")
    do("portability", "1049", "(11) 3000-0001", "requested", code=1)  # read, and not this customer's


def test_wrong_usage_ends_with_2_in_portuguese(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, words in (
        (("nada",), "comando desconhecido: nada (veja cancelamento --help)"),
        (("statu", "1042"), "comando desconhecido: statu; você quis dizer status?"),
        (("open",), "falta o argumento CLIENTE (veja cancelamento open --help)"),
        (("open", "1042", "--channel", "fax"), "valor inválido para '--channel': 'fax'; aceitos:"),
        (("status", "1042", "--foo"), "opção desconhecida: --foo (veja cancelamento status --help)"),
        (("status", "1042", "--jsn"), "opção desconhecida: --jsn; você quis dizer --json? (veja"),
        (("status", "1042", "1043"), "argumento a mais: 1043"),
        (("withdraw", "1042"), "falta a opção --reason"),
        (("understand",), "informe um e-mail ou --texts"),
        (("formalize", "/nowhere/mail.eml"), "não foi possível ler /nowhere/mail.eml: não existe"),
        (("open", "1042", "--occurred-at", "ontem"), "data e hora inválidas: ontem"),
    ):
        said = typed(tmp_path, capsys, *arguments)
        assert (said.code, said.out) == (2, ""), said
        assert said.err.startswith(f"cancelamento: {words}"), said
        assert said.err.count("\n") == 1


def test_unreachable_server_ends_with_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mail = tmp_path / "mail.eml"
    mail.write_bytes(sample_email("acme-gmail-completo", received_at=datetime.now(UTC)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
        for arguments in (
            ("status", "1042"),
            ("list",),
            ("open", "1042"),
            ("setup",),
            ("formalize", str(mail)),
        ):
            said = typed(tmp_path, capsys, *arguments)
            assert (said.code, said.out) == (3, ""), said
            assert said.err.count("\n") == 1


def test_invalid_setting_is_named_and_ends_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CANCELAMENTO_CLOCK", "sundial")
        said = typed(tmp_path, capsys, "list")
    assert said.code == 2
    assert "CANCELAMENTO_CLOCK" in said.err


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_is_in_portuguese(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = typed(tmp_path, capsys, *([command] if command else []), "--help")
    assert said.code == 0
    assert "Uso: cancelamento" in said.out
    english = (
        r"Usage|env var|Show this|Options|Arguments|\[required\]|\[default|<(?:bool|str|int|path|list)\b"
    )
    assert not re.search(english, said.out)


async def _asked(look: Registry, protocol: str) -> str | None:
    return await look(protocol)


async def _asked_until(look: Registry, protocol: str) -> str | None:
    """The CRM hears of a case a moment after whoever opened it."""
    async with asyncio.timeout(20):
        while (found := await look(protocol)) is None:
            await asyncio.sleep(0.05)
        return found


def _be_opened(do: TypedCommand, customer_id: str) -> None:
    do("open", customer_id, "--channel", "phone")


def _status_once(do: TypedCommand, customer_id: str, true: Callable[[Any], bool]) -> Any:
    """The status as soon as it fulfils a condition."""
    deadline = time.monotonic() + 60
    while not true(found := do("status", customer_id, "--json").json):
        assert time.monotonic() < deadline, found
    return found


async def _skip(up: Up, customer_id: str, span: timedelta) -> None:
    client = await CancellationClient.connect(up.home)
    await VirtualTime(client.temporal).pass_by(await client.find(customer_id), span)


def _until(up: Up, customer_id: str, stage: Stage) -> None:
    """Wait until a case has ended in a stage."""

    async def ended() -> str:
        client = await CancellationClient.connect(up.home)
        async with asyncio.timeout(timedelta(seconds=30).total_seconds()):
            return (await client.result(customer_id)).outcome

    assert asyncio.run(ended()) == stage.value
