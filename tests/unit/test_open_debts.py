"""What is open of earlier invoices is told beside the final one, wherever the end is told in figures (X25)."""

from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from temporalio.testing import ActivityEnvironment

from activities.previews import MOST_LINES as MOST_ANSWERED
from activities.previews import PreviewActivities
from cancellation.adapters.memory.billing import MemoryBilling
from cancellation.adapters.memory.crm import MemoryCrm
from cancellation.application.letter_facts import MOST_LINES, with_preview
from cancellation.domain.letter_kinds import LetterKind
from cancellation.domain.proration import Charge, Days
from cancellation.messages.billing import BillingPreview, InvoiceLine, OpenDebt
from cancellation.messages.crm import Customer
from cancellation.messages.letter_contents import NoticeStarted
from cancellation.messages.letters import Letter
from cancellation.messages.previews import EndToPreview
from cancellation.messages.seed import ChargeSeed, CustomerSeed, PaymentSeed, SubscriptionSeed
from cancellation.ports.letter_facts import LetterFacts
from starters.cli import report
from starters.desk.access import Visitor
from starters.desk.forms import Form
from starters.desk.pages import House, Pages
from starters.desk.people import Person, Role
from tests.unit.letters.examples import LAST_DAY, example
from tests.unit.letters.reading import arrived, html_of, plain, shown

LINE = InvoiceLine(
    subscription_id="s",
    description="PABX em nuvem",
    first_day=date(2026, 12, 1),
    last_day=date(2026, 12, 22),
    days=22,
    period_days=31,
    amount=Decimal("609.61"),
)
SEPTEMBER = OpenDebt(
    description="Tronco SIP",
    first_day=date(2026, 9, 1),
    last_day=date(2026, 9, 30),
    amount=Decimal("1200.00"),
)
OCTOBER = SEPTEMBER.model_copy(
    update={"first_day": date(2026, 10, 1), "last_day": date(2026, 10, 31), "amount": Decimal("34.50")}
)
OWED = (
    "Tronco SIP, de 01/09/2026 a 30/09/2026: R$ 1.200,00",
    "Tronco SIP, de 01/10/2026 a 31/10/2026: R$ 34,50",
)
TELLS_THE_END = (LetterKind.SCRIPT, LetterKind.NOTICE_STARTED)


def preview(*debts: OpenDebt, lines: tuple[InvoiceLine, ...] = (LINE,)) -> BillingPreview:
    return BillingPreview(
        customer_id="1042",
        last_day=LAST_DAY,
        lines=lines,
        total=sum((line.amount for line in lines), Decimal("0.00")),
        debts=debts,
        debts_total=sum((debt.amount for debt in debts), Decimal("0.00")),
    )


def texts(letter: Letter) -> list[str]:
    """As text and as HTML, as people see it."""
    return [text.replace("\u00a0", " ") for text in (plain(letter), shown(html_of(arrived(letter))))]


@pytest.mark.parametrize("kind", TELLS_THE_END)
def test_a_letter_tells_open_debts_beside_the_total_of_the_final_invoice_X25(kind: LetterKind) -> None:
    for text in texts(with_preview(example(kind), preview(SEPTEMBER, OCTOBER))):
        assert all(owed in text for owed in OWED)
        assert "Total: R$ 609,61" in text
        assert "Total em aberto: R$ 1.234,50" in text
        assert "não entra na fatura final: vence à parte dela" in text
    for text in texts(with_preview(example(kind), preview())):
        assert "609,61" in text
        assert "em aberto" not in text.lower()


@pytest.mark.parametrize("kind", TELLS_THE_END)
def test_debts_too_many_to_be_read_are_told_as_their_total_X25(kind: LetterKind) -> None:
    for text in texts(with_preview(example(kind), preview(*[OCTOBER] * (MOST_LINES + 1)))):
        assert "Em aberto de faturas anteriores: R$ 2.104,50" in text
        assert OWED[1] not in text


@pytest.mark.parametrize("kind", TELLS_THE_END)
def test_debts_are_told_where_the_final_invoice_bills_nothing_X25(kind: LetterKind) -> None:
    for text in texts(with_preview(example(kind), preview(OCTOBER, lines=()))):
        assert "Nada a cobrar" in text
        assert "Total em aberto: R$ 34,50" in text
    assert with_preview(example(kind), preview(lines=())) == example(kind)


def test_debts_are_no_part_of_what_the_final_invoice_is_held_against_X25() -> None:
    told = []
    for one in (preview(), preview(OCTOBER)):
        content = with_preview(example(LetterKind.NOTICE_STARTED), one).content
        assert isinstance(content, NoticeStarted)
        assert content.preview is not None
        told.append(content.preview.told)
    assert told[0] == told[1]


def test_the_desk_shows_open_debts_beside_the_invoice_X25() -> None:
    def page(told: BillingPreview) -> str:
        facts: dict[str, Any] = {
            "d": SimpleNamespace(summary=SimpleNamespace(protocol="CAN-20261122-AAAAAA")),
            "form": Form(motivo="price", motivo_texto="caro"),
            "key": "k",
            "early": None,
            "last_day": LAST_DAY,
            "preview": told,
            "letter": None,
            "to": [],
        }
        ana = Visitor(Person(login="ana", name="Ana Lima", role=Role.COMMERCIAL), "token")
        body = bytes(Pages(House()).page("script", ana, **facts).body).decode()
        return shown(body).replace("\u00a0", " ")

    text = page(preview(SEPTEMBER, OCTOBER))
    assert all(owed in text for owed in OWED)
    assert "Em aberto de faturas anteriores: R$ 1.234,50" in text
    assert "Em aberto" not in page(preview())


def test_the_command_tells_open_debts_after_the_total_X25(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = [preview(SEPTEMBER, OCTOBER), preview()]
    monkeypatch.setattr(report, "with_client", lambda _: told.pop(0))
    report.preview("1042")
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines[lines.index("Total: R$ 609,61") + 1 :] == [
        "Em aberto de faturas anteriores, à parte desta:",
        "01/09/2026 a 30/09/2026 R$ 1.200,00 Tronco SIP",
        "01/10/2026 a 31/10/2026 R$ 34,50 Tronco SIP",
        "Total em aberto: R$ 1.234,50",
    ]
    report.preview("1042")
    assert "Em aberto" not in capsys.readouterr().out


async def test_an_answer_lists_few_debts_and_the_total_of_all_X25() -> None:
    count = MOST_ANSWERED + 5
    names = [f"c{number}" for number in range(count)]
    billing = MemoryBilling(MemoryCrm().formalization)
    await billing.provision(
        CustomerSeed(
            customer=Customer(customer_id="1042", name="Acme"),
            subscriptions=(
                SubscriptionSeed(
                    subscription_id="s",
                    description="Tronco SIP",
                    monthly=Decimal("34.50"),
                    started_on=date(2026, 1, 1),
                ),
            ),
            charges=tuple(
                ChargeSeed(
                    charge_id=name,
                    subscription_id="s",
                    first_day=date(2026, 10, 1),
                    last_day=date(2026, 10, 31),
                    amount=Decimal("34.50"),
                    invoiced=True,
                )
                for name in names
            ),
            payments=tuple(PaymentSeed(charge_id=name) for name in names),
        )
    )
    previews = PreviewActivities(cast("LetterFacts", billing))
    asked = EndToPreview(customer_id="1042", last_day=LAST_DAY)
    answer = await ActivityEnvironment().run(previews.preview_end, asked)
    assert (len(answer.debts), answer.debts_total) == (MOST_ANSWERED, count * Decimal("34.50"))


def test_a_preview_of_before_is_read_and_owes_nothing_X25() -> None:
    kept = preview().model_dump(mode="json", exclude={"debts", "debts_total"})
    assert BillingPreview.model_validate(kept) == preview()


AMOUNTS = st.decimals(0, 100_000, places=2)


@given(AMOUNTS, st.one_of(st.none(), AMOUNTS), st.booleans())
def test_nothing_is_owed_of_what_nobody_knows_or_no_invoice_took_and_never_less_than_nothing_X25(
    amount: Decimal, paid: Decimal | None, invoiced: bool
) -> None:
    charge = Charge("c", Days(SEPTEMBER.first_day, SEPTEMBER.last_day), amount, invoiced, (), paid)
    known = invoiced and paid is not None
    assert charge.owed == (max(amount - (paid or 0), Decimal(0)) if known else 0)
