"""Commercial's desk in a real browser: a whole case, an e-mail to decide, and everybody who must not come in (X24)."""

import asyncio
import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import psutil
import pytest

from cancellation.client import CancellationClient
from cancellation.language.words import cnpj
from cancellation.messages.facts import BounceMessage
from samples import sample_customer
from tests.e2e.desk_rig import Seat, mails
from tests.e2e.running_up import PROGRAM, Up, discard, environment, running_up, spawned
from tests.e2e.test_web_ui import ARGUMENTS, CHROMIUM, PATIENCE, apart, pass_time, status, until

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")

PASSWORD = "uma senha bem longa"
PEOPLE = {
    "ana": ("Ana Lima", "comercial"),
    "fabio": ("Fábio Reis", "financeiro"),
    "lia": ("Lia Sá", "leitura"),
}
SIZES = {"telefone": (390, 844), "mesa": (1280, 900)}

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed (apt-get install chromium)"),
]


@pytest.fixture(scope="module")
def up(open_folder: Path) -> Iterator[Up]:
    """Everything embedded in virtual time, with the desk and three people; nothing is left after it."""
    home = open_folder / "desk"
    with running_up(home, "--virtual-clock", "--seed") as running:
        for login, (name, role) in PEOPLE.items():
            add = ("desk", "--add", login, "--name", name, "--role", role)
            assert spawned(home, *add, stdin=f"{PASSWORD}\n".encode()).code == 0
        children = psutil.Process(running.process.pid).children(recursive=True)
        yield running
    assert [child for child in children if child.is_running()] == []
    discard(home)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    playwright.expect.set_options(timeout=PATIENCE * 1000)
    with playwright.sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=str(CHROMIUM), args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture
def ana(up: Up, chromium: Any) -> Iterator[Seat]:
    """Ana of Commercial, without JavaScript: every form works."""
    context = chromium.new_context(locale="pt-BR", java_script_enabled=False)
    page = context.new_page()
    page.goto(up.addresses.desk)
    page.get_by_label("Usuário").fill("ana")
    page.get_by_label("Senha").fill(PASSWORD)
    page.get_by_role("button", name="Entrar").click()
    playwright.expect(page.get_by_role("heading", name="O que espera")).to_be_visible()
    yield Seat(up, page)
    context.close()


# -------------------------------------------------------------------- a whole case


@pytest.mark.some(1)
def test_a_salesperson_works_a_whole_case_in_the_browser_X24(up: Up, ana: Seat) -> None:
    case = ana.opens_case("1042", "O preço subiu demais.")
    ana.sees("Rita Souza")
    ana.sees("R$ 859,00")
    assert ana.page.locator('a[href="tel:+5511999990000"]').count() >= 1
    ana.sees("Se a formalização chegasse hoje")

    ana.page.locator("#of-tipo").select_option(label="Ajuste de plano")
    ana.page.get_by_label("O que foi oferecido").fill("20% de desconto por 12 meses")
    ana.presses("Registrar a oferta")
    ana.sees("Oferta registrada")
    ana.presses("O cliente recusou: 20% de desconto")
    ana.sees("recusada")

    ana.declines("Ficou caro")
    ana.sees("O fim em números")
    ana.sees("Como formalizar o cancelamento")
    assert status(up, "1042")["stage"] == "retention"
    ana.presses("Registrar e enviar o roteiro")
    ana.sees("Aguardando formalização por e-mail")

    mails(up, "acme-gmail-completo")
    until(lambda: status(up, "1042")["stage"] == "notice")
    ana.goes(case)
    ana.sees("Aviso prévio em curso")
    preview = ana.page.locator("section", has_text="Prévia da fatura final").locator("tfoot td").inner_text()
    ana.comes_to_see(case, "Conferir o e-mail que começou o aviso prévio")

    ana.opens_mail("Conferir: o aviso prévio", "Acme")
    ana.sees("Entendido como pedido")
    ana.sees("Entendido como motivo")
    ana.page.get_by_label("Está certo").check()
    ana.presses("Registrar a decisão")
    ana.sees("Decisão registrada no seu nome")
    assert status(up, "1042")["formalization"]["confirmed_by"] == "Ana Lima"

    apart(pass_time(up, "1042", timedelta(days=32)))
    until(lambda: status(up, "1042")["stage"] == "closed")
    ana.goes(case)
    ana.sees("Encerrado em")
    ana.page.get_by_role("link", name="Cancelamento concluído").first.click()
    # The final invoice is what the preview said (X25).
    ana.sees(preview.strip())
    # An e-mail that nobody has to decide on any more asks for no decision (X15).
    ana.goes("/numeros?ver=emails&valor=recebidos")
    ana.page.locator("tr", has_text="Acme").filter(has_text="entrou no caso").get_by_role(
        "link"
    ).first.click()
    ana.sees("Como foi lido")
    assert not ana.page.get_by_role("button", name="Registrar a decisão").is_visible()
    trail = spawned(up.home, "trail", "1042").out
    assert trail.count("Ana Lima") >= 4


def test_an_e_mail_that_waits_is_decided_under_the_name_of_who_read_it_X9(up: Up, ana: Seat) -> None:
    ana.opens_case("1043", "Vamos trocar de operadora.")
    ana.declines("Outra operadora")
    ana.presses("Registrar e enviar o roteiro")
    ana.sees("Aguardando formalização")
    mails(up, "padaria-remetente-nao-autorizado")
    ana.opens_mail("decidir: e-mail", "")
    ana.sees("Solicito o cancelamento do contrato")
    ana.sees("Por que ficou para você")
    with ana.page.expect_download() as download:
        ana.page.get_by_role("link", name="Baixar o original").click()
    assert b"Juliana Andrade" in Path(download.value.path()).read_bytes()
    ana.page.get_by_label("Pedido de cancelamento", exact=True).check()
    ana.page.get_by_label("Número do cliente").fill("1043")
    ana.page.get_by_label("Motivo, nas palavras do cliente").fill("vamos trocar de operadora")
    ana.presses("Registrar a decisão")
    ana.sees("Decisão registrada no seu nome")
    found = status(up, "1043")["formalization"]
    assert (found["confirmed_by"], found["reason"]) == ("Ana Lima", "vamos trocar de operadora")


@pytest.mark.long
def test_an_e_mail_of_no_case_is_decided_and_waits_no_more_X15(up: Up, ana: Seat) -> None:
    mails(up, "escola-pergunta")
    ana.opens_mail("Ler e decidir: e-mail recebido", "Escola")
    ana.sees("tem multa?")
    ana.sees("sem caso aberto")
    address = ana.page.url
    ana.page.get_by_label("Não é um pedido, ou já foi tratado").check()
    ana.presses("Registrar a decisão")
    ana.sees("Decisão registrada no seu nome")
    assert ana.page.locator("main li", has_text="Escola").count() == 0
    ana.page.goto(address)
    ana.sees("Ana Lima decidiu em")
    assert ana.page.get_by_role("button", name="Registrar a decisão").count() == 0


@pytest.mark.long
def test_who_has_formalised_already_gets_no_script_and_the_page_says_so_X18(up: Up, ana: Seat) -> None:
    case = ana.opens_case("1051", "Quer sair.")
    mails(up, "ana-paula-outlook-web-so-html", case)
    ana.comes_to_see(case, "já chegou e está completo")
    ana.declines("Ficou caro")
    ana.sees("Nenhum roteiro sai")
    ana.presses("Registrar a decisão")
    ana.sees("O aviso prévio já vale")


@pytest.mark.long
def test_a_notice_that_was_read_wrongly_is_undone_after_its_consequences_were_shown_X14(
    up: Up, ana: Seat
) -> None:
    ana.takes_to_notice("1048", "hotel-webmail-completo")
    ana.opens_mail("Conferir: o aviso prévio", "Hotel")
    ana.page.get_by_label("Não é um pedido de cancelamento").check()
    ana.presses("Registrar a decisão")
    ana.sees("Nada foi registrado ainda")
    ana.sees("O cliente lê que o aviso prévio começou por engano")
    assert status(up, "1048")["stage"] == "notice"
    ana.presses("Desfazer o aviso prévio")
    ana.sees("Decisão registrada no seu nome")
    until(lambda: status(up, "1048")["outcome"] == "withdrawn")
    assert status(up, "1048")["ended_by"] == "Ana Lima"


@pytest.mark.long
def test_an_e_mail_that_takes_the_request_back_is_recorded_as_that_X3_X15(up: Up, ana: Seat) -> None:
    case = ana.takes_to_notice("1044", "clinica-iphone-completa")
    mails(up, "clinica-desistencia", case)
    ana.opens_mail("Decidir: e-mail", "Clínica")
    ana.sees("Desisto do cancelamento")
    ana.page.get_by_label("Desistência").check()
    ana.page.get_by_label("Motivo, nas palavras do cliente").fill("decidimos ficar")
    ana.presses("Registrar a decisão")
    ana.sees("Decisão registrada no seu nome")
    until(lambda: status(up, "1044")["outcome"] == "withdrawn")
    ana.goes("/tarefas")
    assert ana.page.locator("main li", has_text="Clínica").count() == 0


def test_a_serious_act_shows_what_it_brings_first_and_then_does_it_X3(up: Up, ana: Seat) -> None:
    case = ana.opens_case("1050", "Ligou por engano.")
    ana.page.get_by_role("link", name="Foi aberto por engano").click()
    ana.sees("Não dá para desfazer")
    assert status(up, "1050")["stage"] == "retention"
    ana.page.get_by_label("Qual foi o engano").fill("Era outro cliente")
    ana.presses("Descartar o caso")
    ana.sees("Caso descartado.")
    until(lambda: status(up, "1050")["outcome"] == "discarded")
    ana.comes_to_see(case, "Por quê: Era outro cliente")
    ana.goes(f"{case}/desistencia")
    ana.sees("Isso não cabe nesta etapa")


def test_a_refusal_is_told_beside_its_field_and_nothing_typed_is_lost_P3(up: Up, ana: Seat) -> None:
    ana.opens_case("1045", "Quer sair.")
    # Blanks are enough for a browser.
    ana.page.get_by_label("Nas palavras do cliente").fill("   ")
    ana.page.get_by_label("Motivo do pedido").select_option(label="Preço")
    ana.presses("O cliente fica")
    ana.sees("Preencha este campo")
    assert ana.page.locator("#re-motivo").input_value() == "price"
    assert status(up, "1045")["stage"] == "retention"


@pytest.mark.long
def test_a_task_is_closed_with_a_word_and_a_note_moves_nothing_X24(up: Up, ana: Seat) -> None:
    case = ana.opens_case("1046", "Quer sair.")
    task = ana.page.get_by_role("button", name="Fechar a tarefa: Pedido de cancelamento")
    ana.page.get_by_label("Como foi resolvida").fill("Falei com a diretora")
    task.click()
    ana.sees("Tarefa fechada.")
    ana.page.get_by_label("Nova anotação").fill("Ligar depois das 14h")
    ana.presses("Guardar")
    ana.sees("Ligar depois das 14h")
    ana.presses("Anotar")
    ana.goes("/?meus=1")
    assert ana.page.locator(f'a[href="{case}"]').count() == 1
    assert status(up, "1046")["stage"] == "retention"


@pytest.mark.long
def test_figures_open_to_their_cases_X26(up: Up, ana: Seat, case: str) -> None:
    ana.goes("/numeros")
    ana.sees("Caminho dos pedidos")
    ana.page.locator("summary", has_text="Em tabela").click()
    ana.page.get_by_role("link", name=re.compile("Pedidos de cancelamento: ver")).click()
    ana.sees(re.compile("casos? abertos? de"))
    ana.goes("/numeros")
    ana.page.get_by_role("link", name=re.compile("ainda não se sabe: ver os casos")).first.click()
    assert ana.page.locator(f'main a[href="{case}"]').count() == 1
    mails(up, "escola-pergunta")
    ana.comes_to_see("/numeros?ver=emails&valor=pessoa", "Escola")
    ana.goes("/numeros")
    ana.page.get_by_role("link", name=re.compile("E-mails deixados a uma pessoa: ver")).click()
    ana.page.locator("tr", has_text="espera uma decisão").filter(has_text="Escola").locator(
        "th a"
    ).first.click()
    table = spawned(up.home, "report", "--csv").out
    assert table.startswith("\ufeffparte,grupo,item")
    assert "funil,,Pedidos de cancelamento," in table


# -------------------------------------------------------------------- who must not


def ask(
    up: Up, method: str, path: str, form: dict[str, str] | None = None, **headers: str
) -> tuple[HTTPResponse, str]:
    parts = urlsplit(up.addresses.desk)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    body = urlencode(form) if form is not None else None
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if body is not None:
        sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
    connection.request(method, path, body, sent)
    answer = connection.getresponse()
    return answer, answer.read().decode("utf-8", "replace")


def cookie_of(up: Up, login: str) -> str:
    answer, _ = ask(up, "POST", "/entrar", {"usuario": login, "senha": PASSWORD})
    assert answer.status == 303
    return str(answer.getheader("set-cookie")).partition(";")[0]


def csrf_of(page: str) -> str:
    found = re.search(r'name="csrf" value="([0-9a-f]{64})"', page)
    assert found
    return found[1]


@pytest.fixture(scope="module")
def case(up: Up) -> str:
    """The address of a case of customer 1047 in retention."""
    said = spawned(up.home, "open", "1047", "--channel", "phone", "--text", "Quer sair", "--json")
    return f"/caso/{said.json['protocol']}"


OFFER = {"tipo": "training", "descricao": "Treinamento", "situacao": "made", "chave": "a1" * 12}


def offers(up: Up) -> int:
    return len(status(up, "1047")["offers"] or ())


def test_a_stranger_sees_and_changes_nothing_X24(up: Up, case: str) -> None:
    for path in ("/", case, "/tarefas", "/numeros", "/numeros.csv", "/conferencia", "/novo"):
        answer, page = ask(up, "GET", path)
        assert (answer.status, page) == (303, "")
        assert str(answer.getheader("location")).startswith("/entrar?para=")
    answer, _ = ask(up, "POST", f"{case}/oferta", OFFER)
    assert answer.status == 403
    assert offers(up) == 0


def test_a_form_of_another_origin_or_without_its_token_changes_nothing_X24(up: Up, case: str) -> None:
    cookie = cookie_of(up, "ana")
    _, page = ask(up, "GET", case, Cookie=cookie)
    token = csrf_of(page)
    whole = {**OFFER, "csrf": token}
    tries: list[tuple[dict[str, str], dict[str, str]]] = [
        (whole, {"Origin": "https://evil.example"}),
        (whole, {"Origin": "null"}),
        (whole, {"Sec_Fetch_Site": "cross-site"}),
        (OFFER, {}),
        ({**OFFER, "csrf": "0" * 64}, {}),
        ({**OFFER, "csrf": csrf_of(ask(up, "GET", case, Cookie=cookie_of(up, "ana"))[1])}, {}),
        (whole, {"Content_Type": "text/plain"}),
    ]
    for form, headers in tries:
        answer, _ = ask(up, "POST", f"{case}/oferta", form, Cookie=cookie, **headers)
        assert answer.status == 403, (form, headers)
    assert offers(up) == 0


@pytest.mark.parametrize(("login", "allowed"), [("lia", set()), ("fabio", {"nota"})])
def test_a_role_changes_only_what_it_may_X24(up: Up, case: str, login: str, allowed: set[str]) -> None:
    cookie = cookie_of(up, login)
    _, page = ask(up, "GET", case, Cookie=cookie)
    assert "Registrar uma oferta" not in page
    whole = {**OFFER, "csrf": csrf_of(page), "texto": "nota", "motivo_texto": "x", "motivo": "price"}
    acts = (
        "oferta", "fica", "mantem", "portabilidade", "gravacoes", "desistencia", "descarte", "reenviar", "nota",
        "responsavel",
    )  # fmt: skip
    for act in acts:
        answer, _ = ask(up, "POST", f"{case}/{act}", whole, Cookie=cookie)
        assert answer.status == (303 if act in allowed else 403), act
    assert status(up, "1047")["stage"] == "retention"
    assert offers(up) == 0


def test_a_form_sent_again_counts_once_X24(up: Up, case: str) -> None:
    cookie = cookie_of(up, "ana")
    whole = {**OFFER, "csrf": csrf_of(ask(up, "GET", case, Cookie=cookie)[1]), "chave": "b2" * 12}
    answers = [ask(up, "POST", f"{case}/oferta", whole, Cookie=cookie)[0] for _ in range(2)]
    said = [str(answer.getheader("location")).rpartition("=")[2] for answer in answers]
    assert said == ["oferta", "repetido"]
    assert offers(up) == 1


def test_a_case_is_found_by_what_people_have_at_hand_X24(up: Up, case: str) -> None:
    cookie, protocol = cookie_of(up, "ana"), case.rpartition("/")[2]
    account = sample_customer("1047", datetime.now(UTC).date()).customer
    assert account.cnpj
    found = f'href="{case}"'
    for words in (protocol, protocol.lower(), account.cnpj, cnpj(account.cnpj), account.name[:8], "1047"):
        page = ask(up, "GET", f"/?{urlencode({'busca': words})}", Cookie=cookie)[1]
        listed = page.partition('id="t-casos"')[2]
        assert set(re.findall(r'href="/caso/(CAN-[0-9A-Z-]+)', listed)) == {protocol}, words
    for words in ("00.000.000/0000-00", "CAN-20200101-AAAAAA", "%"):
        assert found not in ask(up, "GET", f"/?{urlencode({'busca': words})}", Cookie=cookie)[1], words


def test_a_letter_that_did_not_arrive_is_sent_again_from_its_task_X16(up: Up, case: str) -> None:
    cookie = cookie_of(up, "ana")
    lost = next(
        found[1]
        for entry in spawned(up.home, "trail", "1047", "--json").json
        if (found := re.search(r"confirmação do pedido.*Message-ID (<[^>]+>)", entry["detail"]))
    )
    with ThreadPoolExecutor(1) as pool:  # The browser's own loop runs in this thread.
        pool.submit(asyncio.run, bounce(up, "1047", lost)).result()
    again = f"{case}?mensagem=request_received#reenviar"

    def tasks() -> str:
        return ask(up, "GET", "/tarefas", Cookie=cookie)[1]

    until(lambda: again in tasks())
    assert again in ask(up, "GET", case, Cookie=cookie)[1]
    assert again not in ask(up, "GET", "/tarefas", Cookie=cookie_of(up, "lia"))[1]
    page = ask(up, "GET", again.partition("#")[0], Cookie=cookie)[1]
    assert '<details id="reenviar" open>' in page
    assert '<option value="request_received" selected>' in page
    whole = {"csrf": csrf_of(page), "chave": "d4" * 12, "mensagem": "request_received"}
    assert ask(up, "POST", f"{case}/reenviar", whole, Cookie=cookie)[0].status == 303
    until(lambda: again not in tasks())


async def bounce(up: Up, customer: str, letter: str) -> None:
    client = await CancellationClient.connect(up.home)
    await client.report(customer, BounceMessage(letter=letter, status="5.1.1", actor="inbox"))


def test_a_letter_goes_out_again_to_a_corrected_contact_X16(up: Up, case: str) -> None:
    cookie = cookie_of(up, "ana")
    page = ask(up, "GET", case, Cookie=cookie)[1]
    wrong = re.findall(r'<option value="([^"@]+@[^"]+)"', page)[0]
    whole = {
        "csrf": csrf_of(page), "chave": "c3" * 12, "mensagem": "request_received",
        "errado": wrong, "certo": "novo@certo.com.br",
    }  # fmt: skip
    half, said = ask(up, "POST", f"{case}/reenviar", {**whole, "certo": ""}, Cookie=cookie)
    assert half.status == 422
    assert "informe o endereço errado e o certo" in said
    assert ask(up, "POST", f"{case}/reenviar", whole, Cookie=cookie)[0].status == 303
    letters = up.home / "outbox"
    until(lambda: any(b"novo@certo.com.br" in one.read_bytes() for one in letters.glob("[!.]*.eml")))
    page = ask(up, "GET", case, Cookie=cookie)[1]
    assert f'<option value="{wrong}"' not in page
    assert "novo@certo.com.br no lugar de" in page


def test_who_has_left_and_who_was_taken_out_is_out_X24(up: Up, case: str) -> None:
    cookie = cookie_of(up, "ana")
    token = csrf_of(ask(up, "GET", case, Cookie=cookie)[1])
    assert ask(up, "POST", "/sair", {"csrf": token}, Cookie=cookie)[0].status == 303
    assert ask(up, "GET", case, Cookie=cookie)[0].status == 303
    add = ("desk", "--add", "bia", "--role", "leitura")
    assert spawned(up.home, *add, stdin=f"{PASSWORD}\n".encode()).code == 0
    cookie = cookie_of(up, "bia")
    assert ask(up, "GET", case, Cookie=cookie)[0].status == 200
    assert spawned(up.home, "desk", "--remove", "bia").code == 0
    assert ask(up, "GET", case, Cookie=cookie)[0].status == 303


def test_what_surrounds_every_page_X24(up: Up, case: str) -> None:
    answer, _ = ask(up, "POST", "/entrar", {"usuario": "ana", "senha": PASSWORD})
    given = str(answer.getheader("set-cookie"))
    assert {"HttpOnly", "Path=/", "SameSite=lax"} <= {part.strip() for part in given.split(";")}
    answer, page = ask(up, "GET", case, Cookie=given.partition(";")[0])
    assert answer.getheader("cache-control") == "no-store"
    policy = str(answer.getheader("content-security-policy"))
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "unsafe-inline" not in policy
    assert answer.getheader("x-frame-options") == "DENY"
    assert "<script" not in page
    assert " style=" not in page


def test_a_guesser_is_slowed_down_and_learns_nothing_X24(up: Up) -> None:
    tries = [ask(up, "POST", "/entrar", {"usuario": "guess", "senha": "x" * 12}) for _ in range(11)]
    assert {answer.status for answer, _ in tries[:10]} == {401}
    assert tries[10][0].status == 429
    assert "Usuário ou senha não conferem" in tries[0][1]
    assert tries[0][1].count("Espere") == 0


def test_a_wrong_address_of_ours_is_no_way_out_X24(up: Up) -> None:
    for wanted in ("//evil.example", "https://evil.example", "/\\evil.example", "/entrar"):
        form = {"usuario": "fabio", "senha": PASSWORD, "para": wanted}
        answer, _ = ask(up, "POST", "/entrar", form)
        assert answer.getheader("location") == "/"


# -------------------------------------------------------------------- how it is to use


@pytest.mark.parametrize(
    ("size", "scheme"),
    [("telefone", "dark"), ("mesa", "light"), ("telefone", "light"), ("mesa", "dark")],
)
@pytest.mark.long
def test_every_page_fits_and_has_no_serious_finding_of_axe_X24(
    up: Up, chromium: Any, ana: Seat, case: str, size: str, scheme: str
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
    width, height = SIZES[size]
    context = chromium.new_context(
        locale="pt-BR", viewport={"width": width, "height": height}, color_scheme=scheme,
        storage_state=ana.page.context.storage_state(),
    )  # fmt: skip
    page = context.new_page()

    def fits(where: str) -> None:
        assert page.evaluate("document.documentElement.scrollWidth") <= width, where
        found = axe.Axe().run(page).response["violations"]
        serious = [one["id"] for one in found if one["impact"] in ("serious", "critical")]
        assert serious == [], f"{where}: {found}"

    mails(up, "escola-pergunta")
    arrived = "/numeros?ver=emails&valor=recebidos"
    ana.comes_to_see(arrived, "Escola")
    paths = ("/", "/novo", case, f"{case}/descarte", "/tarefas", "/conferencia", "/numeros")
    for path in ("/entrar", *paths, "/numeros?ver=funil&valor=opened", arrived):
        page.goto(f"{up.addresses.desk}{path}")
        fits(path)
    for listed, link in ((arrived, "th a"), (case, 'a[href^="/mensagem/"]')):
        page.goto(f"{up.addresses.desk}{listed}")
        page.locator(f"main {link}").first.click()
        fits(page.url)
    page.goto(f"{up.addresses.desk}{case}")
    Seat(up, page).declines("Ficou caro")
    fits("the script before it goes out")
    context.close()


@pytest.mark.long
def test_a_case_is_worked_with_the_keyboard_alone_X24(up: Up, chromium: Any, case: str) -> None:
    page = chromium.new_page(locale="pt-BR")
    page.goto(up.addresses.desk)
    page.locator("body").press("Tab")  # the link that skips to the content
    for text in ("fabio", PASSWORD):
        page.keyboard.press("Tab")
        page.keyboard.type(text)
    page.keyboard.press("Enter")
    playwright.expect(page.get_by_role("heading", name="O que espera")).to_be_visible()
    page.wait_for_load_state()
    page.keyboard.press("Tab")
    playwright.expect(page.get_by_role("link", name="Ir para o conteúdo")).to_be_focused()
    page.keyboard.press("Enter")
    seen = []
    for _ in range(12):
        page.keyboard.press("Tab")
        outline = "getComputedStyle(document.activeElement).outlineStyle"
        seen.append((page.evaluate("document.activeElement.tagName"), page.evaluate(outline)))
    assert {style for _, style in seen} == {"solid"}
    page.close()


@pytest.mark.rest
def test_an_address_that_is_taken_is_named_X24(up: Up) -> None:
    port = urlsplit(up.addresses.desk).port
    taken = {**environment(up.home), "CANCELAMENTO_DESK_PORT": str(port)}
    second = subprocess.run(
        [*PROGRAM, "desk"], env=taken, capture_output=True, text=True, timeout=60, check=False
    )
    assert second.returncode == 2
    assert f"127.0.0.1:{port} já está em uso" in second.stderr
