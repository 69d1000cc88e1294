"""What people are told so that they can act on it: who calls whom, what is owed, dates in a calendar."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from email.message import EmailMessage
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cancellation.application.letter_facts import (
    previewed_day,
    told_to_compare,
    with_account,
    with_changes,
    with_invoice,
    with_preview,
)
from cancellation.domain.letter_kinds import LetterKind
from cancellation.domain.notice import notice_from
from cancellation.domain.values import Contact, Team
from cancellation.letters import Letterhead, render
from cancellation.messages.billing import BillingPreview, FinalInvoice, InvoiceLine
from cancellation.messages.crm import AuthorisedContact, CaseSummary, Customer
from cancellation.messages.desk import Account
from cancellation.messages.letter_contents import EndPreview, Script
from cancellation.messages.letters import Letter
from tests.unit.letters.examples import HOUSE, LAST_DAY, POLICY, PROTOCOL, TOTAL, example
from tests.unit.letters.reading import arrived, html_of, plain

DESK = Letterhead(desk_url="https://mesa.nuvemjti.com.br")
ACCOUNT = Account(
    customer=Customer(
        customer_id="1042",
        name="Acme Comércio de Ferragens Ltda",
        contacts=(AuthorisedContact(name="Rita Souza", email="rita@acme.com.br", phone="+5511999990000"),),
    ),
    monthly=Decimal("859.00"),
    since=date(2021, 3, 15),
    plan=("PABX em nuvem", "Tronco SIP"),
    earlier=(
        CaseSummary(
            case_id="old", customer_id="1042", workflow_id="w", protocol="CAN-20250101-AAAAAA", stage="retained",
            opened_at=datetime(2025, 1, 1, 12, tzinfo=UTC), outcome="retained",
            ended_at=datetime(2025, 1, 2, 12, tzinfo=UTC),
        ),
    ),
)  # fmt: skip


def line(amount: str, description: str = "PABX em nuvem") -> InvoiceLine:
    return InvoiceLine(
        subscription_id="s",
        description=description,
        first_day=date(2026, 12, 1),
        last_day=date(2026, 12, 22),
        days=22,
        period_days=31,
        amount=Decimal(amount),
    )


def files(message: EmailMessage) -> dict[str, str]:
    return {str(part.get_filename()): part.get_content() for part in message.iter_attachments()}


# -------------------------------------------------------------------- Commercial


def test_commercials_first_letter_says_whom_to_call_and_what_is_at_stake_P2() -> None:
    text = plain(with_account(example(LetterKind.REQUEST_TO_COMMERCIAL), ACCOUNT))
    for words in (
        "Acme Comércio de Ferragens Ltda", "Rita Souza, +55 (11) 99999-0000, rita@acme.com.br", "R$ 859,00",
        "PABX em nuvem; Tronco SIP", "Cliente desde: 15/03/2021", "Casos anteriores: 01/01/2025 (Retido)",
    ):  # fmt: skip
        assert words in text, words


def test_a_request_of_somebody_unknown_without_a_contact_promises_none_P2() -> None:
    text = plain(example(LetterKind.REQUEST_TO_COMMERCIAL, unknown=True, contact=Contact()))
    assert "sem um contato: perguntem a quem o recebeu" in " ".join(text.split())
    assert "contato abaixo" not in text


def test_a_request_of_somebody_unknown_says_so_at_once_and_asks_for_no_offers_P2() -> None:
    letter = with_account(example(LetterKind.REQUEST_TO_COMMERCIAL), None)
    message = render(letter, HOUSE)
    assert "o CRM não o conhece" in str(message["Subject"])
    text = plain(letter)
    assert "O CRM não conhece o cliente 1042" in text
    assert "oferta" not in text
    assert "Quem é o cliente" not in text


def test_a_letter_to_a_team_leads_to_its_page_and_one_to_the_customer_does_not_X24() -> None:
    for kind in LetterKind:
        letter = example(kind)
        body = render(letter, DESK).get_body(("plain",))
        assert body is not None
        link = f"https://mesa.nuvemjti.com.br/caso/{PROTOCOL}"
        assert (link in body.get_content()) is (letter.team is not None), kind
        assert "/caso/" not in plain(letter)


# -------------------------------------------------------------------- the end


@pytest.mark.parametrize("kind", [LetterKind.CLOSED, LetterKind.CLOSED_TO_TEAM])
def test_the_closing_letters_say_the_invoice_line_by_line_P18(kind: LetterKind) -> None:
    lines = (line("1300.00"), line("-65.44", "Crédito: Tronco SIP"))
    invoice = FinalInvoice(invoice_id="i", lines=lines, total=TOTAL, due_on=date(2027, 1, 2))
    text = plain(with_invoice(example(kind), invoice))
    assert "Fatura final: R$ 1.234,56, com vencimento em 02/01/2027" in text
    assert "PABX em nuvem, de 01/12/2026 a 22/12/2026 (22 de 31 dias): R$ 1.300,00" in text
    assert "Crédito: Tronco SIP" in text
    assert "-R$ 65,44" in text.replace("R$ -65,44", "-R$ 65,44")


def test_lines_that_do_not_make_up_the_total_are_not_told_P16() -> None:
    invoice = FinalInvoice(invoice_id="i", lines=(line("1.00"),), total=Decimal("1.00"))
    letter = example(LetterKind.CLOSED)
    assert with_invoice(letter, invoice) == letter


@pytest.mark.parametrize("kind", [LetterKind.CLOSED, LetterKind.CLOSED_TO_TEAM])
def test_a_total_below_zero_is_a_credit_and_somebody_gives_it_back_P16(kind: LetterKind) -> None:
    text = plain(example(kind, invoice_total=Decimal("-12.30")))
    assert "Crédito a devolver: R$ 12,30" in text
    assert "Fatura final" not in text
    assert "devol" in text.partition("Crédito a devolver")[2]


def test_finance_gets_the_lines_as_a_file_and_nobody_else_does_P13() -> None:
    letter = example(LetterKind.CLOSED_TO_TEAM, invoice=(line("1234.56", "=1+1"),))
    finance = render(letter.model_copy(update={"team": Team.FINANCE}), HOUSE)
    assert files(finance)["fatura-final.csv"].splitlines()[1] == "'=1+1;01/12/2026;22/12/2026;22;31;1234,56"
    assert files(render(letter.model_copy(update={"team": Team.SUPPORT}), HOUSE)) == {}


# -------------------------------------------------------------------- the customer


def test_the_script_opens_a_draft_to_both_mailboxes_with_the_model_P6() -> None:
    letter = example(LetterKind.SCRIPT)
    (address,) = [part for part in html_of(arrived(letter)).split('"') if part.startswith("mailto:")][:1]
    parts = urlsplit(address.replace("&amp;", "&"))
    assert unquote(parts.path).split(",") == list(letter.mailboxes)
    asked = parse_qs(parts.query)
    assert asked["subject"] == [f"[{PROTOCOL}] Cancelamento dos serviços"]
    assert asked["body"][0].startswith(
        "Solicito o cancelamento dos serviços contratados com a NuvemJTI.\r\nMotivo:"
    )


def test_the_dates_of_the_notice_come_for_a_calendar_as_well_P8() -> None:
    message = render(example(LetterKind.NOTICE_STARTED), HOUSE)
    calendar = files(message)["datas-do-cancelamento.ics"]
    assert f"DTSTART;VALUE=DATE:{LAST_DAY:%Y%m%d}" in calendar
    assert "DTSTART;VALUE=DATE:20261217" in calendar
    assert calendar.count("BEGIN:VEVENT") == calendar.count("END:VEVENT") == 2
    late = example(LetterKind.NOTICE_STARTED).model_copy(
        update={"at": datetime(2026, 12, 18, 15, tzinfo=UTC)}
    )
    assert files(render(late, HOUSE))["datas-do-cancelamento.ics"].count("BEGIN:VEVENT") == 1
    over = late.model_copy(update={"at": datetime(2026, 12, 24, 15, tzinfo=UTC)})
    assert files(render(over, HOUSE)) == {}


def test_the_deadline_of_the_script_comes_for_a_calendar_while_it_lies_ahead_P6_X18() -> None:
    letter = example(LetterKind.SCRIPT)
    assert isinstance(letter.content, Script)
    calendar = files(render(letter, HOUSE))["prazo-para-formalizar.ics"]
    assert f"DTSTART;VALUE=DATE:{letter.content.formalization_until:%Y%m%d}" in calendar
    assert calendar.count("BEGIN:VEVENT") == 1
    late = letter.model_copy(update={"at": letter.at + timedelta(days=90)})
    assert files(render(late, HOUSE)) == {}


def test_a_letter_with_a_file_is_the_same_at_every_attempt_X12() -> None:
    letter = example(LetterKind.NOTICE_STARTED)
    assert bytes(render(letter, HOUSE)) == bytes(render(letter, HOUSE))
    assert "datas-do-cancelamento" not in plain(letter)


@given(st.text(max_size=80))
def test_no_line_of_a_calendar_is_longer_than_allowed_P8(company: str) -> None:
    from cancellation.letters.enclosures import enclosures

    (enclosed,) = enclosures(example(LetterKind.NOTICE_STARTED), company)
    assert all(len(part.encode()) <= 75 for part in enclosed.text.split("\r\n"))
    assert "\n" not in enclosed.text.replace("\r\n", "")


@pytest.mark.parametrize(
    "kind", [LetterKind.REMIND_FORMALIZATION, LetterKind.REMIND_PORTABILITY, LetterKind.REMIND_LINK]
)
def test_a_reminder_says_in_its_subject_how_many_days_are_left_X4(kind: LetterKind) -> None:
    assert "(faltam " in str(render(example(kind), HOUSE)["Subject"])


def test_nobody_is_called_a_company_or_a_team_X18() -> None:
    for kind in LetterKind:
        letter = example(kind)
        if letter.team is None:
            text = plain(letter)
            assert "sua empresa" not in text, kind
            assert "equipe Acme" not in text, kind
            assert not re.search(r"\b(vocês|quiserem|esperavam|precisarem|puderem|tiverem)\b", text), kind


def test_one_number_is_one_number_X4() -> None:
    one = example(LetterKind.REMIND_PORTABILITY, numbers=("+551130000001",))
    several = example(LetterKind.REMIND_PORTABILITY)
    assert "levá-lo para" in plain(one)
    assert "levá-los" not in plain(one)
    assert "levá-los" in plain(several)


def test_a_hold_that_ended_says_that_all_is_closed_now_X6() -> None:
    assert "todo concluído" in plain(example(LetterKind.HOLD_ENDED))


def test_the_foot_names_us_as_far_as_the_settings_do_P6() -> None:
    whole = Letterhead(cnpj="12.345.678/0001-90", postal="Rua A, 1, Campinas", phone="+551130001000")
    body = render(example(LetterKind.SCRIPT), whole).get_body(("plain",))
    assert body is not None
    text = " ".join(body.get_content().split())
    assert "NuvemJTI, CNPJ 12.345.678/0001-90, Rua A, 1, Campinas, +55 (11) 3000-1000" in text
    assert "CNPJ" not in plain(example(LetterKind.SCRIPT))


@pytest.mark.parametrize("kind", [LetterKind.SCRIPT, LetterKind.NOTICE_STARTED])
def test_the_end_is_told_in_figures_before_it_comes_X25(kind: LetterKind) -> None:
    letter = example(kind)
    day = previewed_day(letter)
    assert day == LAST_DAY
    preview = BillingPreview(
        customer_id="1042", last_day=day, lines=(line("609.61"),), total=Decimal("609.61")
    )
    told = with_preview(letter, preview)
    text = plain(told)
    assert "PRÉVIA DA FATURA FINAL" in text
    assert "22 de 31 dias): R$ 609,61" in text
    assert "Total: R$ 609,61." in text
    assert "609,61" in html_of(arrived(told))
    credit = preview.model_copy(update={"lines": (line("-1.00"),), "total": Decimal("-1.00")})
    assert "Crédito a devolver: R$ 1,00." in plain(with_preview(letter, credit))


# ---------------------------------------------------------------- what was told, and what came of it

TOLD = EndPreview(
    last_day=LAST_DAY,
    lines=(
        line("1300.00"),
        line("-65.44", "Crédito: Tronco SIP").model_copy(update={"subscription_id": "t"}),
    ),
    total=TOTAL,
)


def closing(kind: LetterKind, lines: tuple[InvoiceLine, ...], told: EndPreview = TOLD) -> Letter:
    """A closing letter as it goes out, held against what was told."""
    total = sum((one.amount for one in lines), Decimal(0))
    letter = example(kind, told=told.told, invoice_total=total)
    letter = with_invoice(letter, FinalInvoice(invoice_id="i", lines=lines, total=total))
    return with_changes(letter, told) if told_to_compare(letter) else letter


@pytest.mark.parametrize("kind", [LetterKind.CLOSED, LetterKind.CLOSED_TO_TEAM])
def test_an_invoice_as_it_was_told_says_so_X25(kind: LetterKind) -> None:
    letter = closing(kind, TOLD.lines)
    assert "O total é o mesmo da prévia" in plain(letter)
    assert "O total é o mesmo da prévia" in html_of(arrived(letter))
    assert "mudou" not in plain(letter)
    whole_month = tuple(one.model_copy(update={"period_days": one.days}) for one in TOLD.lines)
    assert told_to_compare(closing(kind, whole_month)) is None, "charged meanwhile, for the same days"


@pytest.mark.parametrize("kind", [LetterKind.CLOSED, LetterKind.CLOSED_TO_TEAM])
@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (
            (line("1000.00"), TOLD.lines[1]),
            "PABX em nuvem: R$ 1.000,00 em vez de R$ 1.300,00: os dias são os mesmos, o valor mudou",
        ),
        (
            (TOLD.lines[0].model_copy(update={"first_day": date(2026, 12, 5)}), TOLD.lines[1]),
            "PABX em nuvem: R$ 1.300,00 em vez de R$ 1.300,00: os dias a cobrar são outros",
        ),
        ((TOLD.lines[0],), "Tronco SIP: a prévia tinha -R$ 65,44; não há mais nada a cobrar"),
        (
            (*TOLD.lines, line("10.00", "Gravação").model_copy(update={"subscription_id": "g"})),
            "Gravação: R$ 10,00, que a prévia não tinha: passou a ser devido depois dela",
        ),
    ],
)
def test_an_invoice_that_is_not_as_it_was_told_says_what_changed_and_why_X25(
    kind: LetterKind, lines: tuple[InvoiceLine, ...], said: str
) -> None:
    letter = closing(kind, lines)
    for text in (plain(letter), " ".join(html_of(arrived(letter)).split())):
        assert said in text.replace("\u00a0", " ")
        assert "tinha o total de R$ 1.234,56" in text.replace("\u00a0", " ")


def test_an_end_that_was_told_for_another_last_day_says_so_X25() -> None:
    told = TOLD.model_copy(update={"last_day": date(2026, 12, 20)})
    text = plain(closing(LetterKind.CLOSED, (line("1.00"),), told))
    assert "supunha o último dia em 20/12/2026, com o total de R$ 1.234,56" in text
    assert f"terminou em {LAST_DAY:%d/%m/%Y}" in text


def test_a_difference_is_told_even_when_the_records_do_not_answer_X25() -> None:
    text = plain(example(LetterKind.CLOSED, told=TOLD.told, invoice_total=Decimal(1)))
    assert "A diferença vem do que mudou" in text
    assert "prévia" not in plain(example(LetterKind.CLOSED))


@pytest.mark.parametrize("kind", [LetterKind.SCRIPT, LetterKind.NOTICE_STARTED])
def test_figures_that_are_not_sure_are_not_told_X25(kind: LetterKind) -> None:
    letter = example(kind)
    unsure = BillingPreview(
        customer_id="1042", last_day=LAST_DAY, lines=(line("0.00"),), total=Decimal(0), doubtful_count=1
    )
    assert with_preview(letter, unsure) == letter
    assert previewed_day(example(LetterKind.RETAINED)) is None


def test_a_port_has_a_short_receipt_when_it_is_asked_for_and_when_it_is_done_P9() -> None:
    asked = example(LetterKind.PORT_NOTED)
    assert "Portabilidade anotada: +55 (11) 3000-0001" in str(render(asked, HOUSE)["Subject"])
    text = plain(asked)
    assert "foi pedida à operadora Operadora Azul" in text
    assert "O aviso prévio termina na terça-feira, 22 de dezembro de 2026 (faltam 30 dias)" in text
    done = example(LetterKind.PORT_NOTED, completed=True)
    assert "Portabilidade concluída" in str(render(done, HOUSE)["Subject"])
    assert "foi concluída, para a operadora Operadora Azul" in plain(done)
    assert "não resta nada a fazer" in plain(done)
    for letter in (asked, done):
        assert len(plain(letter)) < 700


def test_finance_and_support_hear_that_a_held_number_ended_X6() -> None:
    letter = example(LetterKind.HOLD_ENDED_TO_TEAM)
    finance, support = (
        plain(letter.model_copy(update={"team": team})) for team in (Team.FINANCE, Team.SUPPORT)
    )
    assert "Liberados sem portabilidade: - +55 (11) 3000-0002" in finance
    assert "Não há cobrança por esses números" in finance
    assert "Não é preciso desligar nada à mão" in support


def test_a_formalization_that_is_handled_late_asks_for_a_port_at_once_X18() -> None:
    """Received on 27 October, handled a month later: the last safe day has passed."""
    notice = notice_from(datetime(2026, 10, 27, 15, tzinfo=UTC), POLICY)
    letter = example(LetterKind.NOTICE_STARTED, notice=notice, port_until=date(2026, 11, 23)).model_copy(
        update={"at": datetime(2026, 11, 25, 13, tzinfo=UTC)}
    )
    text = plain(letter)
    assert "peça a portabilidade à nova operadora o quanto antes" in text
    assert "o último dia seguro para pedir a portabilidade" in text.lower()
    assert "já passou: um pedido feito agora pode não terminar a tempo" in text
    assert "até segunda-feira, 23 de novembro" not in text
