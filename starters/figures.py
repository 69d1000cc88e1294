"""The figures as a table for spreadsheets, for the desk and for the command line (X26)."""

import csv
import io
from collections.abc import Iterator

from cancellation.application.figures import Figures
from cancellation.language import figures as told
from cancellation.language import vocabulary

_HEAD = ("parte", "grupo", "item", "casos", "de", "taxa", "de_95", "ate_95", "valor")


def as_csv(figures: Figures) -> str:
    """One row a figure; numbers with a decimal point, shares between 0 and 1."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(_HEAD)
    for row in _rows(figures):
        writer.writerow([_harmless(cell) for cell in row])
    return "\ufeff" + out.getvalue()


def _rows(figures: Figures) -> Iterator[tuple[str, ...]]:
    for step in figures.funnel:
        yield "funil", "", told.step(step.code), str(step.count), "", "", "", "", ""
    for by, rates in figures.saves.items():
        for rate in rates:
            share = "" if rate.share is None else f"{rate.share:.4f}"
            item = told.of_dimension(by.value, rate.code)
            low, high = f"{rate.low:.4f}", f"{rate.high:.4f}"
            yield (
                "ficaram",
                told.dimension(by.value),
                item,
                str(rate.count),
                str(rate.of),
                share,
                low,
                high,
                "",
            )
    answered = figures.answered
    yield (
        "resultado em 7 dias", "", "", str(answered.count), str(answered.of),
        "" if answered.share is None else f"{answered.share:.4f}", f"{answered.low:.4f}", f"{answered.high:.4f}", "",
    )  # fmt: skip
    for stage in figures.stages:
        name = vocabulary.short_stage(stage.stage)
        yield (
            "horas na etapa, mediana",
            "",
            name,
            str(stage.cases),
            "",
            "",
            "",
            "",
            f"{stage.median_hours:.2f}",
        )
        slowest = f"{stage.slowest_tenth_hours:.2f}"
        yield "horas na etapa, 9 em 10", "", name, str(stage.cases), "", "", "", "", slowest
    for month in figures.months:
        item = told.month(month.first_day)
        yield "reais por mês, mantidos", "", item, "", "", "", "", "", str(month.kept)
        yield "reais por mês, perdidos", "", item, "", "", "", "", "", str(month.lost)
        yield "reais por mês, ainda não se sabe", "", item, "", "", "", "", "", str(month.undecided)
    yield "e-mails recebidos", "", "", str(figures.mails_arrived), "", "", "", "", ""
    yield "e-mails deixados a uma pessoa", "", "", str(figures.mails_left_to_a_person), "", "", "", "", ""


def _harmless(cell: str) -> str:
    """What a spreadsheet would take for a formula is text: names come from people."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
