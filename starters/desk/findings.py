"""The page of what reconciliation has found (X11)."""

from itertools import groupby
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from cancellation.domain.findings import RULES
from cancellation.domain.values import Team
from cancellation.language import findings as told
from starters.desk.access import Visitor
from starters.desk.desk import Desk

_MOST: Final = 500


class FindingsPage:
    """What disagrees, rule by rule, with both sides and what a person may do."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def show(self, request: Request, visitor: Visitor) -> Response:
        """Everything that is open, or what one team can do something about."""
        team = request.query_params.get("equipe", "")
        counts = await self._desk.findings.counts()
        rules = [rule for rule in counts if team not in set(Team) or RULES[rule].team == team]
        found = await self._desk.findings.open_findings(rules, most=_MOST)
        return self._desk.pages.page(
            "findings",
            visitor,
            here="findings",
            groups=[(rule, list(group)) for rule, group in groupby(found, key=lambda one: one.rule)],
            count=sum(counts[rule] for rule in rules),
            shown=len(found),
            told=told,
            asked=dict(request.query_params),
        )
