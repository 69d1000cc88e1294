"""The page of the figures, and the cases behind each of them (X26)."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from cancellation.application.figures import (
    FEW,
    FUNNEL,
    Dimension,
    Figures,
    Side,
    answered_cases,
    cases_of,
    cases_of_month,
    cases_of_stage,
    figures_of,
    standing,
)
from cancellation.domain.stage import Stage
from cancellation.domain.zone import current_rules
from cancellation.language import figures as told
from cancellation.messages.desk import CaseFigure
from starters.desk import plots
from starters.desk.access import Visitor, machine_clock
from starters.desk.desk import Desk
from starters.figures import as_csv

_USUAL: Final = timedelta(days=90)
_LONGEST: Final = timedelta(days=366 * 3)
_MOST_SHOWN: Final = 500


class FiguresPages:
    """Figures of a period."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def show(self, request: Request, visitor: Visitor) -> Response:
        """Funnel, saves, times, money; or the cases behind one figure."""
        first, last = _period(request)
        now = machine_clock()
        if request.query_params.get("ver") == "emails":
            return await self._mails(request, visitor, first, last)
        cases = await self._cases(first, last)
        if "ver" in request.query_params:
            return self._behind(request, visitor, cases, first, last, now)
        figures = await self._figures(cases, first, last, now)
        return self._desk.pages.page(
            "figures",
            visitor,
            here="figures",
            f=figures,
            first=first,
            last=last,
            told=told,
            few=FEW,
            funnel=plots.horizontal_bars(
                [told.step(step.code) for step in figures.funnel],
                [step.count for step in figures.funnel],
                "Caminho dos pedidos",
            ),
            money=_money_plot(figures),
        )

    async def csv(self, request: Request, visitor: Visitor) -> Response:
        """The same as a table for a spreadsheet."""
        first, last = _period(request)
        figures = await self._figures(await self._cases(first, last), first, last, machine_clock())
        name = f"cancelamentos-{first:%Y%m%d}-{last:%Y%m%d}.csv"
        return Response(
            as_csv(figures),
            media_type="text/csv; charset=utf-8",
            headers={"content-disposition": f'attachment; filename="{name}"'},
        )

    def _behind(
        self,
        request: Request,
        visitor: Visitor,
        cases: list[CaseFigure],
        first: date,
        last: date,
        now: datetime,
    ) -> Response:
        found, title = _cases_behind(request.query_params, cases, now)
        return self._desk.pages.page(
            "behind",
            visitor,
            here="figures",
            title=title,
            cases=[(case, standing(case, now)) for case in found[:_MOST_SHOWN]],
            total=len(found),
            first=first,
            last=last,
            told=told,
        )

    async def _mails(self, request: Request, visitor: Visitor, first: date, last: date) -> Response:
        """The very e-mails that a figure counts."""
        since, until = current_rules().span(first, last)
        left = request.query_params.get("valor") == "pessoa"
        records = self._desk.records
        counted = await records.mail_figures(since, until)
        found = await (records.mails_left if left else records.mails_arrived)(since, until, most=_MOST_SHOWN)
        return self._desk.pages.page(
            "behind_mails",
            visitor,
            here="figures",
            title=told.mails(left),
            left=left,
            mails=found,
            total=counted.left_to_a_person if left else counted.arrived,
            first=first,
            last=last,
            told=told,
        )

    async def _cases(self, first: date, last: date) -> list[CaseFigure]:
        return list(await self._desk.records.figures(*current_rules().span(first, last)))

    async def _figures(self, cases: list[CaseFigure], first: date, last: date, now: datetime) -> Figures:
        since, until = current_rules().span(first, last)
        mails = await self._desk.records.mail_figures(since, until)
        return figures_of(cases, mails, since, until, now)


def _cases_behind(
    asked: Mapping[str, str], cases: list[CaseFigure], now: datetime
) -> tuple[list[CaseFigure], str]:
    """The very cases that a figure counts, and what that figure is."""
    by, code = asked["ver"], asked.get("valor", "")
    if by == "funil" and code in FUNNEL:
        return [case for case in cases if FUNNEL[code](case)], told.step(code)
    if by == "resposta":
        in_time = code == "sim"
        return answered_cases(cases, now, in_time=in_time), told.answered(in_time)
    if by == "etapa" and code in set(Stage):
        return cases_of_stage(cases, Stage(code)), told.in_stage(code)
    month = _month(asked.get("mes", ""))
    if by == "valor" and code in set(Side) and month is not None:
        return cases_of_month(cases, month, Side(code), now), told.worth(month, code)
    if by not in set(Dimension):
        return [], "Nenhum caso"
    saved = bool(asked.get("salvos"))
    found = cases_of(cases, Dimension(by), code, now, saved_only=saved)
    # A code that no case has is whatever somebody typed.
    title = told.dimension(by) + (f": {told.of_dimension(by, code)}" if found else "")
    return found, title + (" – ficaram" if saved else "")


def _month(text: str) -> date | None:
    try:
        return date.fromisoformat(text).replace(day=1)
    except ValueError:
        return None


def _money_plot(figures: Figures) -> object:
    if not figures.months:
        return ""
    return plots.stacked_bars(
        [told.month(month.first_day) for month in figures.months],
        [
            ("Mantido", [float(month.kept) for month in figures.months]),
            ("Perdido", [float(month.lost) for month in figures.months]),
            ("Ainda não se sabe", [float(month.undecided) for month in figures.months]),
        ],
        "Valor mensal dos clientes que pediram o cancelamento, por mês do pedido",
    )


def _period(request: Request) -> tuple[date, date]:
    """The days that were asked for; the last ninety where they make no period."""
    today = current_rules().local_date(machine_clock())
    try:
        last = date.fromisoformat(request.query_params.get("ate") or today.isoformat())
        first = date.fromisoformat(request.query_params.get("de") or (last - _USUAL).isoformat())
    except ValueError:
        first, last = today - _USUAL, today
    if not (date(2000, 1, 1) <= first <= last <= date(2100, 1, 1)) or last - first > _LONGEST:
        first, last = today - _USUAL, today
    return first, last
