"""What each letter tells its reader, row by row."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from cancellation.domain.instants import Held
from cancellation.domain.letter_kinds import LetterKind
from cancellation.domain.values import Team
from cancellation.letters import WITH_LINK, render
from cancellation.messages.letter_contents import RecordingsReady
from tests.unit.letters.examples import (
    ARCHIVE,
    AT,
    ENDED,
    HOUSE,
    INVENTORY,
    NOTICE,
    POLICY,
    TOKEN_URL,
    example,
    letter,
    link_url,
)
from tests.unit.letters.reading import arrived, flat, html_of, plain, shown, text_of

FINANCE, COMMERCIAL = POLICY.mailboxes
LAST_DAY = "terça-feira, 22 de dezembro de 2026"


def test_request_reaches_commercial_with_everything_P2() -> None:
    text = plain(example(LetterKind.REQUEST_TO_COMMERCIAL))
    for fact in (
        *("WhatsApp", "22/11/2026 às 10h15", "Rita Souza", "rita@acme.com.br", "+55 (11) 99999-0000", "1042"),
        *("quero cancelar tudo", "ajuste de plano", "correção de problemas técnicos", "condições comerciais"),
        *("treinamento ou reconfiguração", "motivo"),
    ):
        assert fact in text


def test_request_names_a_customer_that_the_crm_has_not_told_yet_P2() -> None:
    letter = example(LetterKind.REQUEST_TO_COMMERCIAL, customer_name="1042")
    assert arrived(letter)["Subject"].endswith("Assumam o atendimento: cliente 1042 pediu o cancelamento")
    assert "Código do cliente: 1042" in plain(letter)
    assert "Cliente: 1042" not in plain(letter)


@pytest.mark.parametrize("part", [text_of, lambda m: shown(html_of(m))])
def test_script_holds_the_whole_row_P6(part: Any) -> None:
    text = flat(part(arrived(example(LetterKind.SCRIPT))))
    for fact in (
        *(FINANCE, COMMERCIAL),
        *("pedido explícito", "motivo do cancelamento"),
        *("30 dias", "cláusula 8.2"),
        "começa a contar quando recebemos o e-mail completo",
        *("O dia do recebimento não entra na conta", "se o e-mail completo chegar em 22/11/2026"),
        "o último dia será 22/12/2026",
        *("+55 (11) 3000-0001", "+55 (11) 3000-0002", "permanecem ativos", "portabilidade"),
        "quinta-feira, 17 de dezembro de 2026",
        "não há garantia de manutenção dos números",
        *("gravações", "link", "poderão ser removidos"),
        "confira se os dois aparecem no campo “Para”",
        f"até {LAST_DAY}",
    ):
        assert fact in text, fact


def test_script_follows_the_policy_P6() -> None:
    facts: dict[str, Any] = {"clause": "11.4", "notice_days": 45, "mailboxes": ("a@b.com.br", "c@d.com.br")}
    letter = example(LetterKind.SCRIPT, **facts)
    text = plain(letter)
    assert "cláusula 11.4" in text
    assert "45 dias" in text
    assert "06/01/2027" in text
    assert "30 dias" not in text
    assert "8.2" not in text
    assert "nuvemjti.com.br" not in text.replace("cancelamento@nuvemjti.com.br", "")
    assert arrived(letter)["Reply-To"] == "a@b.com.br, c@d.com.br"


def test_example_of_the_script_counts_in_sao_paulo_P8() -> None:
    text = plain(example(LetterKind.SCRIPT, at=datetime(2027, 1, 31, 2, 59, 59, tzinfo=UTC)))
    assert "chegar em 30/01/2027, o último dia será 01/03/2027" in text


def test_script_without_known_numbers_still_tells_about_them_P9() -> None:
    text = plain(example(LetterKind.SCRIPT, numbers=(), port_until=None))
    assert "Os números de sua propriedade permanecem ativos durante os 30 dias" in text
    assert "último dia seguro" not in text


@pytest.mark.parametrize(
    ("codes", "there", "not_there"),
    [
        ((f"recipient:{FINANCE}",), [f"o envio para {FINANCE}"], ["explícito", "o motivo do"]),
        ((f"recipient:{COMMERCIAL}",), [f"o envio para {COMMERCIAL}"], [f"o envio para {FINANCE}"]),
        (("explicit_request",), ["o pedido explícito de cancelamento"], ["o envio para", "o motivo do"]),
        (("reason",), ["o motivo do cancelamento"], ["explícito", "o envio para"]),
        (("sender", "authentication"), ["contato autorizado", "partiu mesmo"], ["o envio para", "explícito"]),
        (
            (f"recipient:{FINANCE}", "explicit_request", "reason"),
            [f"o envio para {FINANCE}", "explícito", "o motivo do"],
            [f"o envio para {COMMERCIAL}"],
        ),
    ],
)
def test_exactly_what_is_missing_is_named_P7(
    codes: tuple[str, ...], there: list[str], not_there: list[str]
) -> None:
    text = plain(example(LetterKind.WHAT_IS_MISSING, missing=codes))
    assert all(phrase in text for phrase in there)
    assert not any(phrase in text for phrase in not_there)
    assert "está guardado" in text
    assert "os dois aparecem" in text


def test_doubtful_mail_goes_to_commercial_with_its_doubts_X9() -> None:
    text = plain(example(LetterKind.MAIL_TO_DECIDE, words="Cancelem tudo."))
    for fact in (
        *("rita@acrne.com.br", "Cancelamento do contrato", "<CAF=abc123@mail.gmail.com>"),
        *("não é um contato autorizado", "SPF, DKIM ou DMARC", "Cancelem tudo."),
        "não conta sem a decisão de vocês",
    ):
        assert fact in text
    assert "quero cancelar tudo" not in text


def test_notice_is_told_with_its_dates_P8() -> None:
    text = plain(example(LetterKind.NOTICE_STARTED))
    for fact in (
        *("22/11/2026 às 10h15 (horário de Brasília)", LAST_DAY, f"23h59 de {LAST_DAY}"),
        *("cláusula 8.2", "30 dias", "+55 (11) 3000-0002", "quinta-feira, 17 de dezembro de 2026"),
    ):
        assert fact in text
    assert "22/12/2026" in arrived(example(LetterKind.NOTICE_STARTED))["Subject"]


def test_finance_is_told_what_to_bill_P13() -> None:
    text = plain(example(LetterKind.FINAL_BILLING))
    assert "parar em 22/12/2026" in text
    assert "exatamente os dias até 22/12/2026, inclusive" in text
    assert "Nenhuma cobrança ou fatura pode ficar para um dia depois" in text


def test_support_gets_the_inventory_P13() -> None:
    text = plain(example(LetterKind.SHUTDOWN_PLAN))
    for resource in INVENTORY.resources:
        assert f"{resource.label} ({resource.resource_id})" in text
    for fact in (
        "4 ramais",
        "1 tronco",
        "1 licença",
        "2 números de propriedade do cliente",
        "1 número nosso",
    ):
        assert fact in text
    assert "portabilidade solicitada; atende em 1042-t1 e 1042-200" in text
    assert "nada é desativado antes do fim do último dia" in text


@pytest.mark.parametrize("kind", sorted(WITH_LINK))
def test_link_is_there_with_its_end_P10(kind: LetterKind) -> None:
    message = arrived(example(kind))
    assert f"\n{TOKEN_URL}\n" in text_of(message).replace("\r\n", "\n")
    assert html_of(message).count(f'href="{TOKEN_URL}"') == 2
    text = flat(text_of(message))
    for fact in (f"23h59 de {LAST_DAY}", "1.248 gravações", "3,5 GB", ARCHIVE.sha256):
        assert fact in text


@pytest.mark.parametrize(("files", "opening"), [(3, "estão prontas"), (0, "nenhuma delas pôde ser lida")])
def test_customer_is_told_what_the_archive_lacks_P10(files: int, opening: str) -> None:
    archive = ARCHIVE.model_copy(
        update={"files": files, "left_out": ("a.wav", "b.wav"), "left_out_count": 30}
    )
    message = arrived(letter(RecordingsReady(archive=archive)))
    for text in map(flat, (text_of(message), html_of(message))):
        for fact in (opening, "30 gravações; o arquivo indice.csv diz quais", "já foi avisada"):
            assert fact in text
    assert ("não puderam ser lidas" in message["Subject"]) == (files == 0)
    assert "indice.csv" not in text_of(arrived(example(LetterKind.RECORDINGS_READY)))


@pytest.mark.parametrize("kind", sorted(WITH_LINK))
def test_record_of_a_letter_has_no_link_P10(kind: LetterKind) -> None:
    record = render(example(kind), HOUSE)
    assert TOKEN_URL.rpartition("/")[2][:10] not in record.as_string().replace("=\r\n", "")
    assert "não fica neste registro" in flat(text_of(record))
    assert "não fica neste registro" in html_of(record)


@pytest.mark.parametrize("kind", sorted(set(LetterKind) - WITH_LINK))
def test_no_other_letter_holds_the_link_P10(kind: LetterKind) -> None:
    assert "gravacoes.nuvemjti" not in render(example(kind), HOUSE, link_url).as_string()


def test_retained_customer_reads_what_was_accepted_P5() -> None:
    text = plain(example(LetterKind.RETAINED))
    assert "Ajuste de plano: 20% de desconto por 12 meses" in text
    assert "combinamos" not in plain(example(LetterKind.RETAINED, accepted=()))


def test_withdrawal_is_confirmed_and_undone_X3() -> None:
    assert "a sua desistência do cancelamento" in plain(example(LetterKind.WITHDRAWN))
    assert "link enviado" not in plain(example(LetterKind.WITHDRAWN, link_was_sent=False))
    finance = example(LetterKind.WITHDRAWN_TO_TEAM)
    support = finance.model_copy(update={"team": Team.SUPPORT})
    assert "Não emitam a fatura final" in plain(finance)
    assert "Não desliguem nada" in plain(support)
    assert "fatura" not in plain(support)


def test_lapse_tells_that_nothing_changed_X5() -> None:
    text = plain(example(LetterKind.LAPSED))
    assert LAST_DAY in text
    assert "os serviços continuam ativos" in text


def test_closure_is_confirmed_with_what_was_released_and_held_P18() -> None:
    text = plain(example(LetterKind.CLOSED))
    for fact in (
        *(LAST_DAY, "4 ramais", "1 tronco", "1 licença", "2 números", "R$ 1.234,56", "22/12/2026"),
        "+55 (11) 3000-0001: mantido até 06/01/2027",
        "2 cobranças de dias posteriores ao fim foram canceladas",
    ):
        assert fact in text
    assert "portabilidade" not in plain(example(LetterKind.CLOSED, held=()))
    assert "conferência" not in text
    assert "2 valores ainda em conferência pelo Financeiro" in plain(
        example(LetterKind.CLOSED, doubtful_amounts=2)
    )
    ended = Held(number="+551130000001", held_until=AT, ended="completed")
    assert "3000-0001" not in plain(example(LetterKind.CLOSED, held=(ended,)))


def test_end_of_a_hold_says_how_it_ended_X6() -> None:
    text = plain(example(LetterKind.HOLD_ENDED))
    assert "A portabilidade foi concluída e, conosco, não resta nada a fazer: - +55 (11) 3000-0001" in text
    assert "deixamos de manter: - +55 (11) 3000-0002" in text


def test_attention_names_the_step_and_since_when_it_fails_X7() -> None:
    now = AT + timedelta(hours=3)
    attention = example(LetterKind.ATTENTION, at=now)
    for fact in (
        "Etapa: Ler os recursos do cliente na telefonia",
        "Falha desde: 22/11/2026 às 10h15 (horário de Brasília)",
        "Situação em: 22/11/2026 às 13h15 (horário de Brasília)",
        *("continua tentando sozinho", "verifiquem o que acontece na telefonia"),
    ):
        assert fact in plain(attention), fact
    assert arrived(attention)["Subject"].endswith("Etapa com falha: Ler os recursos do cliente na telefonia")


@pytest.mark.parametrize("team", [Team.SUPPORT, Team.FINANCE])
def test_attention_for_a_refusal_says_so_and_who_must_act_X7(team: Team) -> None:
    changes: dict[str, Any] = {"step": "close_billing", "words": "Contrato bloqueado", "team": team}
    attention = example(LetterKind.ATTENTION, **changes)
    for fact in (
        *("recusou em definitivo", "não vai se resolver sozinha"),
        "Recusada desde: 22/11/2026 às 10h15",
        "Contrato bloqueado",
        f"Quem precisa agir é a equipe do {team.label}: corrijam a causa no faturamento",
    ):
        assert fact in plain(attention), fact
    assert "continua tentando" not in plain(attention)
    assert "Etapa recusada: Encerrar e conferir o faturamento" in arrived(attention)["Subject"]


LOST = [
    (LetterKind.UNDELIVERED, "não pôde ser entregue"),
    (LetterKind.BOUNCED, "foi devolvida depois do envio"),
]


@pytest.mark.parametrize(("kind", "happened"), LOST)
def test_letter_that_did_not_arrive_is_named_with_what_to_do_X16(kind: LetterKind, happened: str) -> None:
    text = plain(example(kind))
    for fact in (
        *(happened, "o cliente não a recebeu", "Destinatário: cliente", "550 5.1.1"),
        "Mensagem: orientações para formalizar o cancelamento",
        *("+55 (11) 99999-0000", "Falem com o cliente por outro canal", "corrijam o e-mail do contato"),
    ):
        assert fact in text, fact


@pytest.mark.parametrize(("kind", "happened"), LOST)
def test_letter_that_did_not_reach_a_team_is_no_letter_to_the_customer_X16(
    kind: LetterKind, happened: str
) -> None:
    text = plain(example(kind, about=LetterKind.CLOSED_TO_TEAM, about_team=Team.FINANCE))
    for fact in (happened, "a equipe não a recebeu", "Destinatário: Financeiro", "à equipe do Financeiro"):
        assert fact in text, fact
    assert "Falem com o cliente" not in text


def test_reminders_name_their_dates_X4() -> None:
    portability = example(LetterKind.REMIND_PORTABILITY)
    assert "17/12/2026" in arrived(portability)["Subject"]
    assert LAST_DAY in plain(portability)
    assert "22/12/2026" in arrived(example(LetterKind.REMIND_LINK))["Subject"]
    formalization = plain(example(LetterKind.REMIND_FORMALIZATION))
    assert FINANCE in formalization
    assert COMMERCIAL in formalization
    assert LAST_DAY in formalization
    assert "sem resultado registrado" in plain(example(LetterKind.REMIND_COMMERCIAL))


def test_notice_of_the_examples_is_the_domains_own_P8() -> None:
    assert NOTICE.last_day == date(2026, 12, 22)


# ---------------------------------------------------------------------- told truly


def test_early_formalization_is_told_with_the_day_from_which_it_counts_X18() -> None:
    customer, commercial = (
        example(LetterKind.FORMALIZED_EARLY),
        example(LetterKind.FORMALIZED_EARLY_TO_COMMERCIAL),
    )
    for fact in ("22/11/2026 às 10h15 (horário de Brasília)", LAST_DAY, "cláusula 8.2"):
        assert fact in plain(customer)
        assert fact in plain(commercial)
    for fact in (
        *("está completa", "não é preciso enviar mais nada", "nenhuma data de encerramento está marcada"),
        *("vai contar do dia em que recebemos o e-mail", "essas datas deixam de valer"),
    ):
        assert fact in plain(customer), fact
    for fact in (
        *(
            "só passa a valer se vocês registrarem",
            "Último dia, se a decisão for mantida",
            "rita@acme.com.br",
        ),
        *("O preço ficou alto demais para nós.", "registrem o resultado, com o motivo"),
    ):
        assert fact in plain(commercial), fact


def test_a_day_that_no_longer_holds_is_taken_back_X18() -> None:
    customer, commercial = example(LetterKind.EARLY_UNDONE), example(LetterKind.EARLY_UNDONE_TO_COMMERCIAL)
    for fact in (LAST_DAY, "não vale mais", "Nada muda nos seus serviços", "como formalizar o pedido"):
        assert fact in plain(customer), fact
    for fact in (LAST_DAY, "não conta mais", "O cliente foi avisado", "registrem o resultado"):
        assert fact in plain(commercial), fact


def test_stopped_case_is_told_with_the_day_that_no_longer_holds_X18() -> None:
    text = plain(example(LetterKind.DISCARDED))
    for fact in (
        *("foi interrompido do nosso lado", "Nada muda nos seus serviços", "Comercial vai entrar em contato"),
        f"A data de {LAST_DAY} como último dia dos serviços não vale mais",
        "O link enviado para baixar as gravações deixou de funcionar",
        "com um novo protocolo e uma nova formalização: a que já recebemos não vale para ele",
    ):
        assert fact in text, fact


def test_stopped_case_before_the_notice_takes_back_the_term_that_was_told_X18() -> None:
    changes: dict[str, Any] = {"last_day": None, "link_was_sent": False}
    text = plain(example(LetterKind.DISCARDED, **changes))
    assert f"O prazo de {LAST_DAY} para formalizar também não vale mais" in text
    assert "último dia" not in text
    assert "link" not in text
    assert "não vale mais" not in plain(example(LetterKind.DISCARDED, **changes, formalization_until=None))


@pytest.mark.parametrize("kind", [LetterKind.RETAINED, LetterKind.WITHDRAWN])
def test_customer_who_stays_hears_that_the_day_no_longer_holds_X18(kind: LetterKind) -> None:
    assert f"a data de {LAST_DAY} como último dia dos serviços não vale mais" in plain(example(kind))


def test_retained_customer_who_was_told_no_day_hears_of_none_X18() -> None:
    assert "não vale mais" not in plain(example(LetterKind.RETAINED, last_day=None))


@pytest.mark.parametrize("kind", [LetterKind.WITHDRAWN_TO_TEAM, LetterKind.DISCARDED_TO_TEAM])
def test_teams_hear_that_the_day_no_longer_holds_X18(kind: LetterKind) -> None:
    finance, support = example(kind, team=Team.FINANCE), example(kind, team=Team.SUPPORT)
    for text in (plain(finance), plain(support)):
        assert f"Último dia que não vale mais: {LAST_DAY}" in text
    assert "Não emitam a fatura final" in plain(finance)
    assert "Não desliguem nada" in plain(support)
    assert "desistiu" not in plain(example(LetterKind.DISCARDED_TO_TEAM))


def test_teams_hear_how_a_hold_ended_X6() -> None:
    still = Held(number="+551130000003", held_until=datetime(2027, 1, 7, 3, tzinfo=UTC))
    finance, support = (
        plain(example(LetterKind.HOLD_ENDED_TO_TEAM, held=(*ENDED, still), team=team))
        for team in (Team.FINANCE, Team.SUPPORT)
    )
    for text in (finance, support):
        assert "Portados para a outra operadora: - +55 (11) 3000-0001" in text
        assert "Liberados sem portabilidade: - +55 (11) 3000-0002" in text
        assert "Ainda mantidos: - +55 (11) 3000-0003: mantido até 06/01/2027" in text
    assert "Não há cobrança por esses números" in finance
    assert "cobrança" not in support
    assert "também foi liberado" in support


def test_request_of_a_cancelled_customer_asks_commercial_for_an_answer_X20() -> None:
    letter = example(LetterKind.NOTHING_TO_CLOSE)
    assert arrived(letter)["Subject"].endswith("pediu o cancelamento, mas já está cancelado")
    for fact in (
        *("já está como Cancelado no CRM", "nenhum processo foi iniciado", "não recebeu resposta automática"),
        *("WhatsApp", "22/11/2026 às 10h15", "Rita Souza", "+55 (11) 99999-0000", "quero cancelar tudo"),
        *("o cancelamento já está concluído", "acionem o Financeiro ou o Suporte"),
    ):
        assert fact in plain(letter), fact


def test_reminder_to_commercial_reads_well_week_after_week_X19() -> None:
    first = example(LetterKind.REMIND_COMMERCIAL, at=AT + timedelta(hours=4))
    assert arrived(first)["Subject"].endswith("espera o atendimento de vocês")
    assert "sem resultado registrado. O cliente" in plain(first)
    for weeks in (1, 6, 52):
        later = example(LetterKind.REMIND_COMMERCIAL, at=AT + timedelta(weeks=weeks))
        days = f"há {7 * weeks} dias"
        assert arrived(later)["Subject"].endswith(f"espera o atendimento de vocês {days}")
        assert f"sem resultado registrado {days}. O cliente" in plain(later)
        assert "Pedido recebido: 22/11/2026 às 10h15" in plain(later)
