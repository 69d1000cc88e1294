"""The page of a case, and every fact that is reported from it (P3-P6, P9, P10, X3, X24)."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from starlette.requests import Request
from starlette.responses import Response

from cancellation.application.letter_facts import previewed_day, with_preview
from cancellation.domain.letter_kinds import LetterKind
from cancellation.domain.refusal import Refused
from cancellation.domain.stage import Stage
from cancellation.failures import CaseEnded, CaseNotFound, ServerUnreachable
from cancellation.language import typed, vocabulary
from cancellation.messages.billing import BillingPreview
from cancellation.messages.desk import CONFIRMS_NOTICE, DeskAct, DeskActKind, Dossier, TaskFilter, TaskLine
from cancellation.messages.envelope import Message
from cancellation.messages.facts import (
    DiscardMessage,
    PortabilityMessage,
    RecordingsRequestMessage,
    RequestMessage,
    ResendMessage,
    RetentionOfferMessage,
    RetentionOutcomeMessage,
    WithdrawalMessage,
)
from starters.desk import advice
from starters.desk.access import Visitor
from starters.desk.desk import SILENT, Desk, case_address, done
from starters.desk.forms import Form, message, new_key, problems_of

if TYPE_CHECKING:
    from cancellation.messages.letters import Letter
    from cancellation.messages.status import CaseStatus

SAID: Final = {
    "aberto": "Caso aberto. O Comercial recebeu a tarefa.",
    "contato": "Já havia um caso aberto deste cliente: o contato entrou nele.",
    "oferta": "Oferta registrada.",
    "fica": "Registrado: o cliente fica. As ofertas aceitas viraram tarefas.",
    "mantem": "Registrado: o cliente mantém a decisão. O roteiro está a caminho.",
    "aviso": "Registrado: o cliente mantém a decisão. O aviso prévio já vale, e todos estão sendo avisados.",
    "portabilidade": "Portabilidade registrada.",
    "gravacoes": "Pedido das gravações registrado.",
    "desistencia": "Desistência registrada. Tudo o que estava programado está sendo desfeito.",
    "descarte": "Caso descartado.",
    "reenviar": "A mensagem sai de novo em instantes.",
    "nota": "Anotação guardada.",
    "responsavel": "Responsável anotado.",
    "tarefa": "Tarefa fechada.",
    "email": "Decisão registrada no seu nome.",
    "repetido": "Este registro já tinha sido feito: nada mudou.",
}
"""What a page says after something was done, by the word in its address."""
_RECORDED_WITHIN: Final = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2)
"""Pauses, in seconds, in which a new case's page waits for the CRM."""
_REASON: Final = {
    "reason": "motivo",
    "reason.category": "motivo",
    "reason.text": "motivo_texto",
    "notes": "observacoes",
    "outcome": "resultado",
}


_SERIOUS: Final = {
    "desistencia": {
        "title": "O cliente desistiu do cancelamento",
        "final": "Se o cliente mudar de ideia outra vez, será um novo caso, com um novo aviso prévio inteiro.",
        "label": "Por que o cliente fica",
        "button": "Registrar a desistência",
    },
    "descarte": {
        "title": "O caso foi aberto por engano",
        "final": "Um novo pedido abre outro caso.",
        "label": "Qual foi o engano",
        "button": "Descartar o caso",
    },
}
"""What the page before a serious act says."""
_ALLOWED: Final[Mapping[str, Callable[["CaseStatus"], bool]]] = {
    "desistencia": advice.may_be_withdrawn,
    "descarte": lambda live: live.stage in (Stage.RETENTION, Stage.AWAITING_FORMALIZATION),
}


@dataclass(frozen=True)
class Tried:
    """A form that was not taken: shown again as it was filled in, with what was wrong."""

    name: str
    form: Form
    problems: Mapping[str, str]


class Cases:
    """The pages of a case."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    # ------------------------------------------------------------------ looking

    async def show(self, request: Request, visitor: Visitor) -> Response:
        """The whole case on one page."""
        asked = request.query_params
        return await self._case_page(
            request.path_params["protocol"],
            visitor,
            said=SAID.get(asked.get("feito", "")),
            wants_again=asked.get("mensagem", ""),
        )

    async def letter(self, request: Request, visitor: Visitor) -> Response:
        """A letter as it was sent, as text."""
        from starters.desk.reading import text_of_letter

        raw = await self._desk.records.letter(request.path_params["message_id"])
        if raw is None:
            return self._desk.pages.message(404, "Mensagem não encontrada", "", visitor)
        letter = text_of_letter(raw)
        return self._desk.pages.page(
            "letter", visitor, letter=letter, back=request.query_params.get("de", "")
        )

    async def _case_page(
        self,
        protocol: str,
        visitor: Visitor,
        *,
        said: str | None = None,
        tried: Tried | None = None,
        wants_again: str = "",
        status: int = 200,
    ) -> Response:
        desk = self._desk
        dossier = await desk.dossier(protocol)
        if dossier is None and said is not None:
            text = f"O protocolo é {protocol}. O registro no CRM está a caminho: abra a página em instantes."
            return desk.pages.message(202, said, text, visitor, back=case_address(protocol))
        if dossier is None:
            text = "Confira o número do protocolo ou procure pelo nome do cliente."
            return desk.pages.message(404, "Caso não encontrado", text, visitor)
        summary = dossier.summary
        (live, silence, preview), account, tasks, trail = await asyncio.gather(
            self._status_and_end(dossier),
            desk.records.account(summary.customer_id),
            desk.records.tasks(TaskFilter(case_id=summary.case_id, open_only=False)),
            desk.records.trail(summary.case_id),
        )
        now, looks = datetime.now(UTC), any(map(_looks, tasks))
        return desk.pages.page(
            "case",
            visitor,
            status=status,
            here="cases",
            d=dossier,
            s=live,
            silence=silence,
            account=account,
            tasks=tasks,
            trail=trail,
            people=[person.name for person in desk.people.all().values()],
            to_do=advice.to_do(live, now, looks=looks) if live else [],
            looks=looks,
            again=[(one.value, vocabulary.letter(LetterKind(one))) for one in advice.letters_again(live)]
            if live
            else [],
            wants_again=wants_again,
            ended=advice.how_it_ended(dossier, live),
            brought=advice.what_the_end_brought(dossier, live) if live else [],
            may_be_withdrawn=live is not None and advice.may_be_withdrawn(live),
            preview=preview,
            said=said,
            tried=tried,
            key=new_key(),
        )

    async def _status(self, dossier: Dossier) -> "tuple[CaseStatus | None, str | None]":
        """The live case; or why it does not answer, in words."""
        summary = dossier.summary
        try:
            client = await self._desk.connect()
            live = await client.status(summary.workflow_id)
            if live.case_id != summary.case_id and summary.ended_at is not None:
                # A later case of the customer answers under the same id; by protocol takes a search.
                live = await client.status(summary.protocol)
        except SILENT as error:
            return None, str(error)
        return (live, None) if live.case_id == summary.case_id else (None, None)

    async def _status_and_end(
        self, dossier: Dossier
    ) -> "tuple[CaseStatus | None, str | None, BillingPreview | None]":
        """The live case, or why it does not answer; and its end in figures."""
        live, silence = await self._status(dossier)
        return live, silence, await self._preview(live, dossier.summary.workflow_id)

    async def _preview(self, live: "CaseStatus | None", workflow_id: str) -> BillingPreview | None:
        """The end in figures: of the notice once it runs, else if it began today (X25)."""
        if live is None or live.customer_name is None:
            return None
        if live.stage.is_terminal or live.stage is Stage.CLOSING:
            return None
        early = live.formalization.notice_if_declined if live.formalization else None
        notice = live.notice or early
        last_day = notice.last_day if notice else None
        if last_day is None:
            with suppress(*SILENT):  # the script reckons it, by the case's own clock and policy
                last_day = previewed_day(await (await self._desk.connect()).script(workflow_id))
        return await self._desk.previews.preview(live.customer_id, last_day) if last_day else None

    # ------------------------------------------------------------------ a new case

    async def new(self, request: Request, visitor: Visitor) -> Response:
        """The form for a request that came by telephone, or otherwise."""
        form = Form(cliente=request.query_params.get("cliente", ""))
        return self._new_page(visitor, form, {})

    def _new_page(
        self, visitor: Visitor, form: Form, problems: Mapping[str, str], status: int = 200
    ) -> Response:
        return self._desk.pages.page(
            "new", visitor, status=status, here="new", form=form, problems=problems, key=form.key
        )

    async def open(self, request: Request, visitor: Visitor, form: Form) -> Response:
        """Open the customer's case, or join the open one (P1, X1)."""
        customer_id = form["cliente"]
        if not customer_id or await self._desk.records.account(customer_id) is None:
            known = {"cliente": "O CRM não conhece este número de cliente."}
            return self._new_page(visitor, form, known, 422)
        names = {"channel": "canal", "text": "texto", "contact.name": "nome", "contact.email": "email"}
        names["contact.phone"] = "telefone"
        try:
            fact = message(
                RequestMessage,
                form,
                visitor.person.name,
                {
                    "channel": form["canal"],
                    "text": form["texto"],
                    "contact": {
                        "name": form["nome"],
                        "email": form["email"],
                        "phone": typed.phone(form["telefone"]),
                    },
                },
            )
            client = await self._desk.connect()
            answer = await client.open_or_join(customer_id, fact)
        except Refused as refusal:
            return self._new_page(visitor, form, problems_of(refusal, names), 422)
        except ServerUnreachable as error:
            return self._new_page(visitor, form, {"": _not_now(error)}, 503)
        await self._is_recorded(answer.protocol)
        return done(case_address(answer.protocol, "aberto" if answer.opened else "contato"))

    async def _is_recorded(self, protocol: str) -> None:
        """Wait a little until the CRM knows a case that was just opened: its page shows what stands there."""
        for pause in _RECORDED_WITHIN:
            if await self._desk.dossier(protocol) is not None:
                return
            await asyncio.sleep(pause)

    # ------------------------------------------------------------------ facts

    async def offer(self, request: Request, visitor: Visitor, form: Form) -> Response:
        """An offer that was made, or what the customer said to it (P4)."""
        fields = {
            "offer_id": form["oferta"] or form.key[:6],
            "kind": form["tipo"],
            "description": form["descricao"],
            "status": form["situacao"],
        }
        names = {"kind": "tipo", "description": "descricao", "status": "situacao"}
        return await self._report(request, visitor, form, RetentionOfferMessage, fields, names, "oferta")

    async def stays(self, request: Request, visitor: Visitor, form: Form) -> Response:
        """The customer stays (P5)."""
        return await self._outcome(request, visitor, form, "retained", "fica")

    async def declines(self, request: Request, visitor: Visitor, form: Form) -> Response:
        """The customer stays with the decision: first the script is shown, then it is recorded (P6)."""
        if form["confirmado"] != "sim":
            return await self._script_page(request.path_params["protocol"], visitor, form)
        return await self._outcome(request, visitor, form, "declined", "mantem")

    async def _outcome(
        self, request: Request, visitor: Visitor, form: Form, outcome: str, said: str
    ) -> Response:
        fields = {
            "outcome": outcome,
            "reason": {"category": form["motivo"], "text": form["motivo_texto"]},
            "notes": form["observacoes"],
        }
        return await self._report(request, visitor, form, RetentionOutcomeMessage, fields, _REASON, said)

    async def _script_page(self, protocol: str, visitor: Visitor, form: Form) -> Response:
        """The very script that will go out, with the end in figures, before anything is recorded (X24, X25).

        None goes out to whoever has formalised already: their notice begins to count (X18).
        """
        wrong = {name: "Preencha este campo." for name in ("motivo", "motivo_texto") if not form[name]}
        if wrong:
            return await self._case_page(protocol, visitor, tried=Tried("mantem", form, wrong), status=422)
        dossier = await self._desk.dossier(protocol)
        if dossier is None:
            return self._desk.pages.message(404, "Caso não encontrado", "", visitor)
        try:
            client = await self._desk.connect()
            live = await client.status(dossier.summary.workflow_id)
            letter = await client.script(dossier.summary.workflow_id)
        except SILENT as error:
            tried = Tried("mantem", form, {"": _not_now(error)})
            return await self._case_page(protocol, visitor, tried=tried, status=503)
        if letter.case_id != dossier.summary.case_id or live.stage is not Stage.RETENTION:
            return self._changed(visitor, protocol)
        early = live.formalization.notice_if_declined if live.formalization else None
        last_day = early.last_day if early else previewed_day(letter)
        assert last_day is not None, "a script says when the end would be"
        preview = await self._desk.previews.preview(dossier.summary.customer_id, last_day)
        shown = None if early else _text_of(with_preview(letter, preview), self._desk)
        return self._desk.pages.page(
            "script",
            visitor,
            here="cases",
            d=dossier,
            form=form,
            key=form.key,
            early=early,
            letter=shown,
            to=letter.to,
            last_day=last_day,
            preview=preview,
        )

    async def portability(self, request: Request, visitor: Visitor, form: Form) -> Response:
        """What became of a number (P9)."""
        fields = {
            "number": typed.phone(form["numero"]),
            "status": form["situacao"],
            "operator": form["operadora"],
        }
        names = {"number": "numero", "status": "situacao", "operator": "operadora"}
        return await self._report(request, visitor, form, PortabilityMessage, fields, names, "portabilidade")

    async def recordings(self, request: Request, visitor: Visitor, form: Form) -> Response:
        """The customer wants the recordings (P10)."""
        fields = {"from_date": form["de"], "to_date": form["ate"], "deliver_to": form["para"]}
        names = {"from_date": "de", "to_date": "ate", "deliver_to": "para"}
        return await self._report(
            request, visitor, form, RecordingsRequestMessage, fields, names, "gravacoes"
        )

    async def resend(self, request: Request, visitor: Visitor, form: Form) -> Response:
        """A letter goes out once more, to a contact whose address may be put right first (X16)."""
        fields = {"letter": form["mensagem"], "wrong_address": form["errado"], "right_address": form["certo"]}
        names = {"letter": "mensagem", "wrong_address": "errado", "right_address": "certo"}
        return await self._report(request, visitor, form, ResendMessage, fields, names, "reenviar")

    async def ask_withdrawal(self, request: Request, visitor: Visitor) -> Response:
        """What a withdrawal brings, before it is recorded (X3)."""
        return await self._consequences(request, visitor, "desistencia", Form(), {})

    async def withdraw(self, request: Request, visitor: Visitor, form: Form) -> Response:
        """The customer gave up leaving (X3)."""
        return await self._serious(request, visitor, form, WithdrawalMessage, "desistencia")

    async def ask_discard(self, request: Request, visitor: Visitor) -> Response:
        """What discarding brings, before it is recorded."""
        return await self._consequences(request, visitor, "descarte", Form(), {})

    async def discard(self, request: Request, visitor: Visitor, form: Form) -> Response:
        """The case was opened by mistake."""
        return await self._serious(request, visitor, form, DiscardMessage, "descarte")

    async def _serious(
        self, request: Request, visitor: Visitor, form: Form, model: type[Message], what: str
    ) -> Response:
        try:
            return await self._told(request, visitor, form, model, {"reason": form["motivo_texto"]}, what)
        except Refused as refusal:
            problems = problems_of(refusal, {"reason": "motivo_texto"})
            return await self._consequences(request, visitor, what, form, problems, 422)
        except SILENT as error:
            return await self._consequences(request, visitor, what, form, {"": _not_now(error)}, 503)

    async def _consequences(
        self,
        request: Request,
        visitor: Visitor,
        what: str,
        form: Form,
        problems: Mapping[str, str],
        status: int = 200,
    ) -> Response:
        protocol = request.path_params["protocol"]
        dossier = await self._desk.dossier(protocol)
        if dossier is None:
            return self._desk.pages.message(404, "Caso não encontrado", "", visitor)
        live, _ = await self._status(dossier)
        if live is None or not _ALLOWED[what](live):
            return self._changed(visitor, protocol)
        brings = advice.brings_withdrawal if what == "desistencia" else advice.brings_discard
        return self._desk.pages.page(
            "consequences",
            visitor,
            status=status,
            here="cases",
            brings=brings(live),
            action=f"{case_address(protocol)}/{what}",
            back=case_address(protocol),
            hidden={},
            **_SERIOUS[what],
            form=form,
            problems=problems,
            key=form.key,
        )

    # ------------------------------------------------------------------ beside the case

    async def note(self, request: Request, visitor: Visitor, form: Form) -> Response:
        """A note, which moves nothing."""
        if not form["texto"]:
            tried = Tried("nota", form, {"texto": "Escreva a anotação."})
            return await self._case_page(request.path_params["protocol"], visitor, tried=tried, status=422)
        return await self._noted(request, visitor, form, DeskActKind.NOTE, "", form["texto"], "nota")

    async def assign(self, request: Request, visitor: Visitor, form: Form) -> Response:
        """Who has the case."""
        names = {person.name for person in self._desk.people.all().values()}
        if form["pessoa"] and form["pessoa"] not in names:
            tried = Tried("responsavel", form, {"pessoa": "Não há ninguém com esse nome."})
            return await self._case_page(request.path_params["protocol"], visitor, tried=tried, status=422)
        return await self._noted(
            request, visitor, form, DeskActKind.ASSIGNED, form["pessoa"], "", "responsavel"
        )

    async def _noted(
        self,
        request: Request,
        visitor: Visitor,
        form: Form,
        kind: DeskActKind,
        subject: str,
        text: str,
        said: str,
    ) -> Response:
        dossier = await self._desk.dossier(request.path_params["protocol"])
        if dossier is None:
            return self._desk.pages.message(404, "Caso não encontrado", "", visitor)
        await self._desk.records.note(
            DeskAct(
                act_id=f"mesa-{form.key}",
                case_id=dossier.summary.case_id,
                at=datetime.now(UTC),
                actor=visitor.person.name,
                kind=kind,
                subject=subject[:300],
                words=text[:4000],
            )
        )
        return done(case_address(dossier.summary.protocol, said))

    # ------------------------------------------------------------------ reporting

    async def _report(
        self,
        request: Request,
        visitor: Visitor,
        form: Form,
        model: type[Message],
        fields: Mapping[str, Any],
        names: Mapping[str, str],
        said: str,
    ) -> Response:
        """Report a fact; what is not taken is shown again, with what was filled in and the same key."""
        try:
            return await self._told(request, visitor, form, model, fields, said)
        except Refused as refusal:
            problems, status = problems_of(refusal, names), 422
        except SILENT as error:
            problems, status = {"": _not_now(error)}, 503
        tried = Tried(said, form, problems)
        return await self._case_page(request.path_params["protocol"], visitor, tried=tried, status=status)

    async def _told(
        self,
        request: Request,
        visitor: Visitor,
        form: Form,
        model: type[Message],
        fields: Mapping[str, Any],
        said: str,
    ) -> Response:
        fact = message(model, form, visitor.person.name, fields)
        dossier = await self._desk.dossier(request.path_params["protocol"])
        if dossier is None or dossier.summary.ended_at is not None:
            raise CaseEnded(request.path_params["protocol"])
        client = await self._desk.connect()
        answer = await client.report(dossier.summary.workflow_id, fact)
        if said == "mantem" and answer.stage is not Stage.AWAITING_FORMALIZATION:
            said = "aviso"  # the formalization was there already
        return done(case_address(answer.protocol, "repetido" if answer.duplicate else said))

    def _changed(self, visitor: Visitor, protocol: str) -> Response:
        text = "O caso mudou de etapa enquanto a página estava aberta, e este registro não cabe mais nela."
        return self._desk.pages.message(
            409, "Isso não cabe nesta etapa", text, visitor, back=case_address(protocol)
        )


def _looks(task: TaskLine) -> bool:
    return task.key == CONFIRMS_NOTICE and task.closed_at is None


def _not_now(error: Exception) -> str:
    if isinstance(error, CaseNotFound):
        return "O caso já terminou: nada foi registrado."
    return f"Nada foi registrado ainda: {error}. Envie de novo; o mesmo registro conta uma vez só."


def _text_of(letter: "Letter", desk: Desk) -> dict[str, str]:
    """Subject and text of a letter that has not been sent."""
    from cancellation.letters import render

    written = render(letter, desk.letterhead())
    body = written.get_body(("plain",))
    assert body is not None
    return {"subject": str(written["Subject"]), "text": str(body.get_content())}
