"""What waits: cases by stage, e-mails to decide, tasks by team (X24)."""

import asyncio
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from cancellation.domain.stage import Stage
from cancellation.domain.values import Team
from cancellation.messages.desk import (
    CONFIRMS_NOTICE,
    DECIDES_ON_MAIL,
    CaseFilter,
    DeskAct,
    DeskActKind,
    TaskFilter,
)
from starters.desk.access import Visitor, machine_clock
from starters.desk.cases import SAID
from starters.desk.desk import Desk, case_address, done
from starters.desk.forms import Form, new_key

_PAGE: Final = 50
_TASKS_PAGE: Final = 100


class Waiting:
    """The lists."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def cases(self, request: Request, visitor: Visitor) -> Response:
        """Cases, by the filters in the address."""
        asked = request.query_params
        page = _page(asked.get("pagina"))
        stage = asked.get("etapa", "")
        wanted = CaseFilter(
            words=asked.get("busca", "")[:100],
            stage=stage if stage in set(Stage) else None,
            assigned_to=visitor.person.name if asked.get("meus") else None,
            attention=bool(asked.get("atencao")),
            open_only=not asked.get("todos"),
            offset=(page - 1) * _PAGE,
            most=_PAGE,
        )
        found, mails, tasks = await asyncio.gather(
            self._desk.records.cases(wanted),
            self._desk.records.mails(most=6),
            self._desk.records.tasks(TaskFilter(team=_own_team(visitor), most=6)),
        )
        return self._desk.pages.page(
            "waiting",
            visitor,
            here="cases",
            found=found,
            wanted=wanted,
            asked=dict(asked),
            page=page,
            pages=max(1, -(-found.total // _PAGE)),
            mails=mails,
            tasks=tasks,
        )

    async def tasks(self, request: Request, visitor: Visitor) -> Response:
        """Tasks, by the filters in the address."""
        asked = request.query_params
        page = _page(asked.get("pagina"))
        team = asked.get("equipe", "")
        wanted = TaskFilter(
            team=Team(team) if team in set(Team) else None,
            open_only=not asked.get("fechadas"),
            offset=(page - 1) * _TASKS_PAGE,
            most=_TASKS_PAGE + 1,
        )
        found, mails = await asyncio.gather(self._desk.records.tasks(wanted), self._desk.records.mails())
        shows_mails = wanted.team in (None, Team.COMMERCIAL) and page == 1
        return self._desk.pages.page(
            "tasks",
            visitor,
            here="tasks",
            tasks=found[:_TASKS_PAGE],
            has_more=len(found) > _TASKS_PAGE,
            mails=mails if shows_mails else (),
            asked=dict(asked),
            page=page,
            said=SAID.get(asked.get("feito", "")),
            key=new_key,
        )

    async def close_task(self, request: Request, visitor: Visitor, form: Form) -> Response:
        """A task is done: by whom, and a word on how."""
        protocol = form["protocolo"]
        dossier = await self._desk.dossier(protocol)
        if dossier is None:
            return self._desk.pages.message(404, "Caso não encontrado", "", visitor)
        back = "/tarefas?feito=tarefa" if form["de"] == "tarefas" else case_address(protocol, "tarefa")
        if not form["palavra"]:
            text = (
                "Escreva em poucas palavras como a tarefa foi resolvida: é o que os colegas vão ler depois."
            )
            return self._desk.pages.message(
                422, "Falta uma palavra", text, visitor, back=back.partition("?")[0]
            )
        if form["tarefa"] == CONFIRMS_NOTICE or form["tarefa"].startswith(DECIDES_ON_MAIL):
            text = "Ela é sobre um e-mail, e fecha com a decisão: abra o e-mail e diga o que ele é."
            return self._desk.pages.message(
                422, "Falta a decisão", text, visitor, back=case_address(protocol)
            )
        act = DeskAct(
            act_id=f"mesa-{form.key}",
            case_id=dossier.summary.case_id,
            at=machine_clock(),
            actor=visitor.person.name,
            kind=DeskActKind.TASK_CLOSED,
            subject=form["tarefa"],
            words=form["palavra"][:4000],
        )
        try:
            await self._desk.records.note(act)
        except LookupError:
            text = "Ela já tinha sido fechada, por alguém ou pelo próprio caso."
            return self._desk.pages.message(
                409, "Tarefa já fechada", text, visitor, back=back.partition("?")[0]
            )
        return done(back)


def _own_team(visitor: Visitor) -> Team | None:
    return {"financeiro": Team.FINANCE, "suporte": Team.SUPPORT}.get(
        visitor.person.role.value, Team.COMMERCIAL
    )


def _page(text: str | None) -> int:
    return min(int(text), 100_000) if text and text.isdecimal() and int(text) > 0 else 1
