"""What the desk's pages work with, and how every request is let in or refused."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from cancellation.failures import CaseFailed, CaseNotAnswering, CaseNotFound, ServerUnreachable
from cancellation.messages.desk import Dossier
from cancellation.ports.billing import BillingPreviews
from cancellation.ports.desk import DeskRecords
from cancellation.ports.reconciliation import Findings
from cancellation.telemetry import case_at_work
from starters.desk.access import Door, NotAllowed, Visitor
from starters.desk.forms import Form, form_of
from starters.desk.mailwork import MailWork
from starters.desk.pages import Pages
from starters.desk.people import Act, People

if TYPE_CHECKING:
    from cancellation.client import CancellationClient
    from cancellation.letters import Letterhead

logger = logging.getLogger(__name__)

SILENT = (ServerUnreachable, CaseNotAnswering, CaseFailed, CaseNotFound)
"""What a case says that says nothing."""
Look = Callable[[Request, Visitor], Awaitable[Response]]
Do = Callable[[Request, Visitor, Form], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]


class Connect(Protocol):
    """Gives the client of the cases, connected when it is first needed."""

    async def __call__(self) -> "CancellationClient":
        """The client.

        Raises:
            ServerUnreachable: Temporal cannot be reached.
        """


@dataclass(frozen=True)
class Desk:
    """Everything that a page may need."""

    records: DeskRecords
    findings: Findings
    """What reconciliation has found; the desk only reads it."""
    previews: BillingPreviews
    connect: Connect
    mail: MailWork
    door: Door
    people: People
    pages: Pages
    letterhead: Callable[[], "Letterhead"]
    """The provider's side of letters that are shown before they are sent."""

    async def dossier(self, protocol: str) -> Dossier | None:
        """The case with that protocol number; from here on every line of this request says that it is about it."""
        found = await self.records.dossier(protocol)
        if found is not None:
            case_at_work.set({"case_id": found.summary.case_id, "stage": found.summary.stage})
        return found

    def look(self, page: Look) -> Endpoint:
        """An endpoint for everybody who has come in; a stranger is sent to the door."""

        async def endpoint(request: Request) -> Response:
            visitor = await self.door.visitor(request)
            if visitor is None:
                return _to_the_door(request)
            return await page(request, visitor)

        return endpoint

    def do(self, act: Act, work: Do) -> Endpoint:
        """An endpoint that takes a form: the visitor's own, of a role that may, from a page of ours."""

        async def endpoint(request: Request) -> Response:
            self.door.must_be_own(request)
            visitor = await self.door.visitor(request)
            if visitor is None:
                raise NotAllowed("A sessão terminou. Entre de novo e repita: nada foi registrado.")
            form = await form_of(request)
            self.door.must_fit(visitor, form["csrf"])
            if not visitor.person.may(act):
                raise NotAllowed("O seu perfil não permite este registro.")
            return await work(request, visitor, form)

        return endpoint


def _to_the_door(request: Request) -> Response:
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/entrar?{urlencode({'para': wanted})}", status_code=303)


def case_address(protocol: str, said: str = "") -> str:
    """The address of a case's page; `said` names what was just done, for its message."""
    return f"/caso/{quote(protocol, safe='')}" + (f"?feito={said}" if said else "")


def done(address: str) -> Response:
    """After a form: the page is asked for, so that going back sends nothing again."""
    return RedirectResponse(address, status_code=303)
