"""What the billing watch found and did, in words (X10)."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from cancellation.domain.billing_watch import Debt, Found, Occupied, Remedy
from cancellation.domain.values import Team, readable
from cancellation.language import vocabulary, words

_DOCUMENT_ENDS: Final = {
    Remedy.CANCEL_DOCUMENT: "cancelado",
    Remedy.SUBSTITUTE_DOCUMENT: "substituído, porque o prazo para cancelar já tinha passado",
    Remedy.CREDIT_DOCUMENT: "creditado, porque o prazo para cancelar já tinha passado",
}
_TIMES: Final = {1: "o valor simples", 2: "o dobro"}

LAW: Final = (
    "O Código de Defesa do Consumidor (art. 42, parágrafo único) manda devolver em dobro o que foi cobrado sem ser "
    "devido e o cliente pagou, com correção monetária e juros legais, a não ser que o engano seja justificável: aí se "
    "devolve o valor simples, também corrigido."
)


def charge(found: Found) -> str:
    """`cobrança c1, de 01/01/2027 a 31/01/2027, R$ 310,00`."""
    amount = words.money(found.amount) if found.amount is not None else "sem valor que se possa cobrar"
    period = words.period(found.first_day, found.last_day)
    return f"cobrança {readable(found.reference)}, {period}, {amount}"


def voided(found: Found) -> str:
    """An undue charge that is void, with what became of its fiscal document."""
    ended = _DOCUMENT_ENDS.get(found.remedy) if found.remedy else None
    if found.document and ended:
        return f"{charge(found)}; documento fiscal {readable(found.document)} {ended}"
    return charge(found)


def to_repay(found: Found) -> str:
    """An undue charge that was paid, with what the law asks to give back."""
    paid, repay = words.money(found.paid or Decimal(0)), words.money(found.repay or Decimal(0))
    document = f"; documento fiscal {readable(found.document)}" if found.document else ""
    return f"{charge(found)}: o cliente pagou {paid}; a devolver, {times(found)}: {repay}{document}"


def times(found: Found) -> str:
    """`o dobro`, or `o valor simples`."""
    return _TIMES[2 if found.paid and found.repay and found.repay > found.paid else 1]


def to_review(found: Found) -> str:
    """An undue charge that people look at, and why."""
    if found.refusal:
        return f"{charge(found)}: o faturamento não aceitou anular: {words.sentence(readable(found.refusal, 300))}"
    return f"{charge(found)}: está em uma fatura, e o faturamento não diz se ela foi paga"


def resource(found: Found) -> str:
    """`ramal 201`, `número +55 (11) 3000-0001`."""
    name = words.phone(found.reference) if found.resource is Occupied.NUMBER else readable(found.reference)
    return f"{vocabulary.resource(found.resource.value) if found.resource else 'recurso'} {name}"


def debt(owed: Debt) -> str:
    """`fatura final-case, R$ 150,00, vencida em 25/12/2026`, without the day where there is none."""
    due = f", vencimento {words.short_date(owed.due_on)}" if owed.due_on else ""
    return f"{readable(owed.reference)}, {words.money(owed.amount)}{due}"


# ---------------------------------------------------------------------------- what the record says


def voided_sentence(found: Found) -> str:
    """For the record."""
    return f"Indevida e não paga, anulada: {voided(found)}."


def repay_sentence(found: Found) -> str:
    """For the record."""
    return f"Indevida e já paga, devolução pedida ao Financeiro: {to_repay(found)}."


def review_sentence(found: Found) -> str:
    """For the record."""
    return words.sentence(f"Indevida, a conferir pelo Financeiro: {to_review(found)}")


def revived_sentence(found: Found) -> str:
    """For the record."""
    return f"Em uso depois do encerramento, a conferir pelo Suporte: {resource(found)}."


def overdue_sentence(until: date, owed: Sequence[str]) -> str:
    """For the record."""
    return (
        f"O acompanhamento terminou em {words.short_date(until)} e a declaração de quitação não pode sair: "
        f"{words.listed(owed)}."
    )


def no_debt_sentence(until: date) -> str:
    """For the record."""
    return (
        f"O acompanhamento terminou em {words.short_date(until)} e nada consta em aberto: o cliente recebe a "
        "declaração de quitação."
    )


def told_sentence(team: Team | None) -> str:
    """For the record."""
    if team is None:
        return "Declaração de quitação enviada ao cliente."
    return f"Equipe do {team.label} avisada por e-mail."


def not_told_sentence(team: Team | None, refusal: str) -> str:
    """For the record."""
    what = f"O aviso à equipe do {team.label}" if team else "A declaração de quitação"
    return words.sentence(f"{what} não pôde ser entregue: {vocabulary.undelivered(refusal)}")


# ---------------------------------------------------------------------------- what a run says

_RUN: Final = (
    ("voided", "cobrança indevida anulada", "cobranças indevidas anuladas"),
    ("to_repay", "devolução pedida ao Financeiro", "devoluções pedidas ao Financeiro"),
    ("to_review", "cobrança a conferir pelo Financeiro", "cobranças a conferir pelo Financeiro"),
    ("revived", "recurso em uso a conferir pelo Suporte", "recursos em uso a conferir pelo Suporte"),
    (
        "overdue",
        "declaração de quitação parada por pendência",
        "declarações de quitação paradas por pendência",
    ),
    ("settled", "declaração de quitação enviada", "declarações de quitação enviadas"),
    ("failed", "caso que não pôde ser conferido agora", "casos que não puderam ser conferidos agora"),
)


def run(counts: Mapping[str, int]) -> str:
    """What a run has newly found of customers who have left; empty: there was nobody to look after."""
    looked = counts.get("looked", 0)
    if not looked:
        return ""
    new = [words.counted(counts[name], one, many) for name, one, many in _RUN if counts.get(name)]
    told = words.listed(new) if new else "nada de novo"
    return f"De quem já saiu, {words.counted(looked, 'caso conferido', 'casos conferidos')}: {told}."
