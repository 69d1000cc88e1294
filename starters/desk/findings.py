"""The page of what reconciliation has found (X11)."""

import re
from itertools import groupby
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from cancellation.domain.findings import RULES, Finding, Rule
from cancellation.domain.values import Team
from cancellation.language import findings as told
from starters.desk.access import Visitor
from starters.desk.desk import Desk

_MOST: Final = 500
_ORDER: Final = {rule: place for place, rule in enumerate(Rule)}
"""What keeps a case from going on comes first."""
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


class FindingsPage:
    """What disagrees, rule by rule, with both sides and what a person may do."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def show(self, request: Request, visitor: Visitor) -> Response:
        """Everything that is open, or what one team can do something about."""
        team = request.query_params.get("equipe", "")
        findings = self._desk.findings
        counts = await findings.counts()
        rules = [rule for rule in counts if team not in set(Team) or RULES[rule].team == team]
        found = sorted(
            await findings.open_findings(rules, most=_MOST), key=lambda one: _ORDER[one.rule]
        )  # Which keeps the oldest of each rule first.
        return self._desk.pages.page(
            "findings",
            visitor,
            here="findings",
            groups=[(rule, list(group)) for rule, group in groupby(found, key=lambda one: one.rule)],
            counts=counts,
            of_team={one: sum(counts[rule] for rule in counts if RULES[rule].team is one) for one in Team},
            count=sum(counts[rule] for rule in rules),
            shown=len(found),
            last_run=await findings.last_run(),
            mail_of=mail_of,
            told=told,
            asked=dict(request.query_params),
        )


def mail_of(finding: Finding) -> str | None:
    """The e-mail that a finding is about, as the desk's pages name it."""
    if finding.rule not in (Rule.MAIL_NOT_HANDLED, Rule.MAIL_UNDECIDED):
        return None
    names = (finding.crm.name, finding.other.name)
    return next((name for name in names if _SHA256.fullmatch(name)), None)
