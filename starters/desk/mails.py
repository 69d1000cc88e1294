"""The page of an e-mail that waits for a person, and what a person decides (X9, X15, X24)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from cancellation.domain.refusal import Refused
from cancellation.messages.desk import CaseFilter, CaseLine, DeskAct, DeskActKind, TaskFilter
from cancellation.messages.facts import WithdrawalMessage
from starters.desk.access import Visitor
from starters.desk.desk import SILENT, Desk, case_address, done
from starters.desk.forms import Form, message, problems_of
from starters.desk.mailwork import ReadMail

DECISIONS: Final = ("pedido", "incompleto", "desistencia", "outro")
_NAMES: Final = {"reason": "motivo", "received_at": "", "explicit_request": ""}


class Mails:
    """The pages of an e-mail."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def show(self, request: Request, visitor: Visitor) -> Response:
        """The original as text, why the reader hesitated, and the decision."""
        return await self._page(request, visitor, Form(), {})

    async def find(self, request: Request, visitor: Visitor) -> Response:
        """The page of an e-mail by its Message-ID, as a case names it."""
        sha256 = await self._desk.records.original_of(request.query_params.get("id", ""))
        if sha256 is None:
            text = "O original não está guardado. Veja a tarefa no caso."
            return self._desk.pages.message(404, "E-mail não encontrado", text, visitor)
        return done(f"/email/{sha256}")

    async def download(self, request: Request, visitor: Visitor) -> Response:
        """The original, byte for byte: to be saved, never shown by a browser."""
        sha256 = request.path_params["sha256"]
        raw = await self._raw(sha256)
        headers = {
            "content-disposition": f'attachment; filename="email-{sha256[:12]}.eml"',
            "content-security-policy": "sandbox; default-src 'none'",
        }
        return Response(raw, media_type="application/octet-stream", headers=headers)

    async def decide(self, request: Request, visitor: Visitor, form: Form) -> Response:
        """What the e-mail is, by a person who has read it."""
        sha256, by = request.path_params["sha256"], visitor.person.name
        if form["decisao"] not in DECISIONS:
            return await self._page(request, visitor, form, {"decisao": "Escolha o que este e-mail é."}, 422)
        if form["decisao"] == "outro":
            return await self._dismiss(request, visitor, form)
        mail = await self._desk.mail.read(sha256, await self._raw(sha256))
        customer_id = form["cliente"]
        problems = await self._problems(mail, customer_id, form)
        if problems or mail is None:
            return await self._page(request, visitor, form, problems, 422)
        try:
            client = await self._desk.connect()
            if form["decisao"] == "desistencia":
                fact = message(WithdrawalMessage, form, by, {"reason": form["motivo"]})
                answer = await client.report(customer_id, fact)
            else:
                asks = form["decisao"] == "pedido"
                answer = await self._desk.mail.report_request(
                    client, mail, customer_id, by=by, asks=asks, reason=form["motivo"] or None
                )
        except Refused as refusal:
            return await self._page(request, visitor, form, problems_of(refusal, _NAMES), 422)
        except SILENT as error:
            told = f"Nada foi registrado: {error}. Envie de novo; a mesma decisão conta uma vez só."
            return await self._page(request, visitor, form, {"": told}, 503)
        await self._settle(sha256, mail, answer.protocol, form, by)
        return done(case_address(answer.protocol, "email"))

    async def _problems(self, mail: ReadMail | None, customer_id: str, form: Form) -> dict[str, str]:
        problems = {}
        if mail is None or mail.received_at is None or mail.understood is None:
            return {"": "O sistema não consegue ler este e-mail. Registre-o com cancelamento formalize."}
        if not customer_id or await self._desk.records.account(customer_id) is None:
            problems["cliente"] = "O CRM não conhece este número de cliente."
        if form["decisao"] in ("pedido", "desistencia") and not form["motivo"]:
            problems["motivo"] = "Copie o motivo, nas palavras do cliente."
        return problems

    async def _dismiss(self, request: Request, visitor: Visitor, form: Form) -> Response:
        """It is about something else: the e-mail stays kept, and the task goes."""
        sha256, by = request.path_params["sha256"], visitor.person.name
        closed = await self._desk.mail.close(sha256, by, datetime.now(UTC))
        protocol = form["protocolo"]
        if protocol:
            mail = await self._desk.mail.read(sha256, await self._raw(sha256))
            closed = await self._close_case_task(mail, protocol, form, by, DeskActKind.TASK_CLOSED) or closed
        if not closed:
            text = "Ele já tinha sido decidido."
            return self._desk.pages.message(409, "E-mail já decidido", text, visitor, back="/tarefas")
        return done(case_address(protocol, "email") if protocol else "/tarefas?feito=email")

    async def _settle(self, sha256: str, mail: ReadMail, protocol: str, form: Form, by: str) -> None:
        """The tasks about an e-mail that is decided are done."""
        await self._desk.mail.close(sha256, by, datetime.now(UTC))
        await self._close_case_task(mail, protocol, form, by, DeskActKind.TASK_CLOSED)

    async def _close_case_task(
        self, mail: ReadMail | None, protocol: str, form: Form, by: str, kind: DeskActKind
    ) -> bool:
        dossier = await self._desk.records.dossier(protocol)
        if dossier is None or mail is None:
            return False
        names = {mail.reading.message_id, mail.copies.reported_as if mail.copies else ""}
        keys = {f"mail:{name}"[:300] for name in names}
        tasks = await self._desk.records.tasks(TaskFilter(case_id=dossier.summary.case_id))
        closed = False
        for task in tasks:
            if task.key in keys:
                await self._desk.records.note(
                    DeskAct(
                        act_id=f"mesa-{form.key}",
                        case_id=task.case_id,
                        at=datetime.now(UTC),
                        actor=by,
                        kind=kind,
                        subject=task.key,
                        words=_SETTLED[form["decisao"]],
                    )
                )
                closed = True
        return closed

    async def _page(
        self, request: Request, visitor: Visitor, form: Form, problems: Mapping[str, str], status: int = 200
    ) -> Response:
        sha256 = request.path_params["sha256"]
        raw = await self._raw(sha256)
        task = await self._desk.records.mail(sha256)
        mail = await self._desk.mail.read(sha256, raw)
        customer_id = (
            form["cliente"]
            or (task.customer_id if task else None)
            or (mail.understood.customer_id if mail and mail.understood else None)
            or ""
        )
        account = await self._desk.records.account(customer_id) if customer_id else None
        return self._desk.pages.page(
            "mail",
            visitor,
            status=status,
            here="tasks",
            sha256=sha256,
            size=len(raw),
            mail=mail,
            task=task,
            customer_id=customer_id,
            account=account,
            case=await self._open_case(customer_id) if account else None,
            form=form,
            problems=problems,
            key=form.key,
        )

    async def _open_case(self, customer_id: str) -> CaseLine | None:
        found = await self._desk.records.cases(CaseFilter(words=customer_id, most=20))
        return next((case for case in found.cases if case.customer_id == customer_id), None)

    async def _raw(self, sha256: str) -> bytes:
        raw = await self._desk.records.original(sha256)
        if raw is None:
            raise HTTPException(404)
        return raw


_SETTLED: Final = {
    "pedido": "É um pedido de cancelamento.",
    "incompleto": "Pedido incompleto: o cliente soube o que falta.",
    "desistencia": "O cliente desistiu do cancelamento.",
    "outro": "Não é sobre o cancelamento.",
}
