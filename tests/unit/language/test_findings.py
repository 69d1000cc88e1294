"""Every rule of reconciliation in words: what disagrees, both sides, and what a person may do (X11)."""

from datetime import UTC, date, datetime

import pytest

from cancellation.domain.findings import RULES, Finding, Repair, Rule, Side, System, repair_of
from cancellation.language import findings as words

AT = datetime(2027, 2, 28, 3, 0, tzinfo=UTC)


def finding(rule: Rule, crm: Side | None = None, other: Side | None = None) -> Finding:
    return Finding(
        rule=rule,
        subject="x",
        customer_id="1042",
        case_id="case-a",
        protocol="CAN-20261122-7F3KQ2",
        crm=crm or Side(),
        other=other or Side(),
    )


@pytest.mark.parametrize("rule", Rule)
def test_every_rule_has_a_title_and_says_what_a_person_may_do_X11(rule: Rule) -> None:
    assert words.title(rule)[0].isupper()
    assert not words.title(rule).endswith(".")
    assert words.may_do(rule).endswith(".")
    assert words.other_system(finding(rule))


def test_every_system_and_every_repair_is_said_X11() -> None:
    assert {terms.against for terms in RULES.values()} == set(System)
    assert all(words.repaired(repair) for repair in Repair)


def test_both_sides_are_said_X11() -> None:
    wrong = finding(
        Rule.TASK_DIFFERS,
        Side(name="d30", day=date(2027, 3, 1), state="closed"),
        Side(name="cancellation-1042", day=date(2027, 2, 27), at=AT),
    )
    assert words.crm_says(wrong) == "tarefa D+30, fechada, para 01/03/2027"
    assert words.other_says(wrong) == "cancellation-1042, para 27/02/2027, até 27/02/2027 24h00"
    assert words.whose(wrong) == "cliente 1042, protocolo CAN-20261122-7F3KQ2"
    assert words.whose(wrong, "Acme Ltda") == "Acme Ltda, cliente 1042, protocolo CAN-20261122-7F3KQ2"


def test_an_email_of_nobody_is_not_named_by_its_hash_X11() -> None:
    kept = Finding(rule=Rule.MAIL_NOT_HANDLED, subject=f"original:{'ab' * 32}")
    assert words.whose(kept) == "e-mail de cliente não identificado"
    assert words.whose(Finding(rule=Rule.EXECUTION_WEDGED, subject="mail-1")) == "mail-1"


def test_who_holds_nothing_says_so_X11() -> None:
    assert words.crm_says(finding(Rule.EXPORT_WITHOUT_CASE)) == "nada consta"


def test_codes_are_said_in_words_X11() -> None:
    assert words.crm_says(finding(Rule.STAGE_DIFFERS, Side(state="notice"))) == "Aviso prévio em curso"
    assert words.other_says(finding(Rule.TRAIL_AHEAD, other=Side(count=1))) == "1 registro"
    letter = words.crm_says(finding(Rule.LETTER_NOT_SENT, Side(state="script", name="finance")))
    assert letter == "ao Financeiro, orientações para formalizar o cancelamento"
    planned = finding(Rule.BILLING_END_LEFT, other=Side(day=date(2027, 3, 1), at=AT))
    assert words.other_says(planned).startswith("último dia 01/03/2027, programado em 28/02/2027")
    idle = finding(Rule.CASE_WITHOUT_EXECUTION, other=Side(name="cancellation-1042", state="not_running"))
    assert words.other_says(idle) == "cancellation-1042, não está em andamento"
    link = finding(Rule.LINK_LEFT, Side(state="notice", at=AT), Side(at=AT))
    assert words.crm_says(link) == "Aviso prévio em curso, até 27/02/2027 24h00"
    link = finding(Rule.LINK_LEFT, Side(state="withdrawn", at=AT), Side(at=AT))
    assert words.crm_says(link) == "Cliente desistiu do cancelamento, desde 28/02/2027 00h00"
    wedged = finding(Rule.EXECUTION_WEDGED, other=Side(name="cancellation-1042", state="wedged", at=AT))
    assert words.other_says(wedged).endswith("falham seguidamente, iniciada em 28/02/2027 00h00")
    number = finding(Rule.NUMBER_WITHOUT_HOLD, other=Side(name="+551130000013", state="active"))
    assert words.other_says(number) == "+55 (11) 3000-0013, em uso"


@pytest.mark.parametrize("state", ["", "closed", "notice", "closing"])
def test_nothing_is_undone_where_it_is_in_doubt_X11(state: str) -> None:
    assert repair_of(finding(Rule.BILLING_END_LEFT, Side(state=state))) is None
    assert repair_of(finding(Rule.LINK_LEFT, Side(state=state))) is None


@pytest.mark.parametrize("rule", Rule)
def test_only_what_a_case_undoes_itself_is_undone_X11(rule: Rule) -> None:
    undone = repair_of(finding(rule, Side(state="withdrawn")))
    assert (undone is not None) is (rule in {Rule.BILLING_END_LEFT, Rule.LINK_LEFT})
