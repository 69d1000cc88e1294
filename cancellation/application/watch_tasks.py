"""The CRM tasks that the billing watch gives to the teams, in their language (X10)."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from cancellation.domain.billing_watch import Found
from cancellation.domain.values import Team
from cancellation.language import vocabulary, watch, words
from cancellation.messages.crm import TaskOrder

VOIDED: Final = "watch_voided"
REPAY: Final = "watch_repay"
REVIEW: Final = "watch_review"
REVIVED: Final = "watch_revived"
OVERDUE: Final = "watch_overdue"
STATEMENT: Final = "watch_statement"
OPEN_FINDINGS: Final = (REPAY, REVIEW, REVIVED)
"""Heads of the keys of tasks that hold up the statement of no debt until somebody closes them."""

_TEXT_KEPT: Final = 30_000


def voided(customer_id: str, items: Sequence[Found]) -> TaskOrder:
    """Finance looks why a contract that has ended was charged; the charge itself is void."""
    what = words.counted(len(items), "cobrança indevida anulada", "cobranças indevidas anuladas")
    return _task(
        VOIDED,
        items,
        Team.FINANCE,
        f"Conferir a causa: {what} do cliente {customer_id}",
        "Depois do encerramento apareceu cobrança de dias em que não há mais contrato. Ninguém pagou, e ela já foi "
        "anulada. Verifiquem no faturamento por que foi gerada, para que não se repita, e avisem o cliente se ele "
        "chegou a receber a fatura:",
        [watch.voided(one) for one in items],
    )


def repay(customer_id: str, items: Sequence[Found]) -> TaskOrder:
    """Finance gives back what was paid without being due; nothing is paid by itself."""
    total = words.money(sum((one.repay or Decimal(0) for one in items), Decimal(0)))
    asked = watch.times(items[0])
    return _task(
        REPAY,
        items,
        Team.FINANCE,
        f"Devolver {total} ao cliente {customer_id}: cobrança indevida já paga",
        f"O cliente pagou cobrança de dias em que não havia mais contrato. {watch.LAW} Pela política em vigor, o valor "
        f"a devolver é {asked} do que foi pago, sem contar correção e juros, que vocês calculam até o dia da "
        "devolução. Se houve engano justificável, anotem qual foi. O sistema não devolve nada sozinho: combinem com o "
        "cliente como, devolvam, corrijam o documento fiscal e anotem nesta tarefa o que foi feito:"
        if asked == "o dobro"
        else f"O cliente pagou cobrança de dias em que não havia mais contrato. {watch.LAW} Pela política em vigor "
        "tratamos o engano como justificável e devolvemos o valor simples, sem contar correção e juros, que vocês "
        "calculam até o dia da devolução. Se o caso não for esse, devolvam o dobro. O sistema não devolve nada "
        "sozinho: combinem com o cliente como, devolvam, corrijam o documento fiscal e anotem nesta tarefa o que foi "
        "feito:",
        [watch.to_repay(one) for one in items],
    )


def review(customer_id: str, items: Sequence[Found]) -> TaskOrder:
    """Finance decides on undue charges of which nobody knows whether they were paid, or that billing holds fast."""
    what = words.counted(len(items), "cobrança indevida", "cobranças indevidas")
    return _task(
        REVIEW,
        items,
        Team.FINANCE,
        f"Conferir: {what} do cliente {customer_id} depois do encerramento",
        "Há cobrança de dias em que não há mais contrato, e o sistema não pode anulá-la sozinho. Se ninguém pagou, "
        "anulem a cobrança e o documento fiscal; se o cliente pagou, devolvam. "
        f"{watch.LAW} Anotem nesta tarefa o que foi feito:",
        [watch.to_review(one) for one in items],
    )


def revived(customer_id: str, items: Sequence[Found]) -> TaskOrder:
    """Support looks at what a customer who has left occupies again."""
    return _task(
        REVIVED,
        items,
        Team.SUPPORT,
        f"Conferir na telefonia: o cliente {customer_id}, já cancelado, tem recursos em uso",
        "No encerramento tudo foi liberado e conferido; agora a telefonia mostra em uso o que está abaixo. "
        "Verifiquem quem ativou e por quê. Se foi engano, desativem e liberem; se o cliente voltou, peçam ao "
        "Comercial que registre o contrato novo e corrija o status no CRM:",
        [watch.resource(one) for one in items],
    )


def overdue(customer_id: str, until: date, owed: Sequence[str]) -> TaskOrder:
    """Finance settles what holds up the statement of no debt."""
    return TaskOrder(
        key=OVERDUE,
        team=Team.FINANCE,
        title=f"Declaração de quitação do cliente {customer_id} parada: há pendência",
        text="\n".join(
            [
                f"O acompanhamento do faturamento terminou em {words.short_date(until)}, e a declaração de que nada "
                "consta em aberto só sai quando nada estiver pendente. A conferência continua todos os dias e envia a "
                "declaração sozinha assim que as pendências acabarem. Falta resolver:",
                "",
                *(f"- {one}" for one in owed),
            ]
        )[:_TEXT_KEPT],
    )


def deliver_statement(customer_id: str, refusal: str) -> TaskOrder:
    """Commercial brings the statement to a customer whom no e-mail reaches."""
    return TaskOrder(
        key=STATEMENT,
        team=Team.COMMERCIAL,
        title=f"Entregar a declaração de quitação ao cliente {customer_id} por outro canal",
        text=(
            "Nada consta em aberto, e a declaração de quitação não pôde ser entregue por e-mail. "
            f"Motivo: {words.sentence(vocabulary.undelivered(refusal))}\n\n"
            "Falem com o cliente por outro canal e entreguem a declaração, que está entre as mensagens do caso. "
            "Corrijam o endereço no CRM."
        ),
    )


def _task(
    head: str, items: Sequence[Found], team: Team, title: str, text: str, lines: Sequence[str]
) -> TaskOrder:
    return TaskOrder(
        key=f"{head}:{items[0].reference}"[:300],
        team=team,
        title=title[:200],
        text="\n".join([text, "", *(f"- {line}" for line in lines)])[:_TEXT_KEPT],
    )
