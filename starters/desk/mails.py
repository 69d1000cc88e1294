"""The page of an e-mail that waits for a person, and what a person decides (X9, X14, X15, X24)."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from cancellation.domain.refusal import Refused
from cancellation.domain.stage import Stage
from cancellation.messages.desk import (
    CONFIRMS_NOTICE,
    Account,
    CaseFilter,
    CaseLine,
    DeskAct,
    DeskActKind,
    MailFile,
)
from cancellation.messages.facts import WithdrawalMessage
from cancellation.messages.mail_in import MailTask
from starters.desk import advice
from starters.desk.access import Visitor
from starters.desk.desk import SILENT, Desk, case_address, done
from starters.desk.forms import Form, message, problems_of
from starters.desk.mailwork import ReadMail

if TYPE_CHECKING:
    from cancellation.messages.status import CaseStatus

DECISIONS: Final = ("pedido", "incompleto", "desistencia", "outro")
_NAMES: Final = {"reason": "motivo", "received_at": "", "explicit_request": ""}


@dataclass(frozen=True)
class Seen:
    """An e-mail with all that is known of it."""

    sha256: str
    size: int
    mail: ReadMail
    task: MailTask | None
    """About an e-mail of no case."""
    file: MailFile
    customer_id: str
    """Whose it is; empty where nobody knows."""
    account: Account | None
    case: CaseLine | None
    """The customer's open case."""
    live: "CaseStatus | None"

    @property
    def looks(self) -> bool:
        """Whether a notice that started by it waits for somebody to look at it (X14)."""
        return any(task.key == CONFIRMS_NOTICE for task in self.file.waiting)

    @property
    def waits(self) -> bool:
        """Whether somebody has to decide on it."""
        return bool(self.file.waiting) or (self.task is not None and self.task.closed_at is None)

    @property
    def rests(self) -> bool:
        """Whether a notice that can still be undone rests on it."""
        return (
            self.live is not None
            and self.live.case_id == self.file.notice_of
            and self.live.stage in (Stage.NOTICE, Stage.CLOSING)
        )

    @property
    def protocol(self) -> str:
        """Of the case that it is in; empty where it is in none."""
        return next((task.protocol for task in self.file.waiting), self.case.protocol if self.case else "")


class Mails:
    """The pages of an e-mail."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def show(self, request: Request, visitor: Visitor) -> Response:
        """The original as text, why the reader hesitated, and the decision."""
        return self._page(await self._seen(request), visitor, Form(), {})

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
        seen = await self._seen(request, form["cliente"])
        if form["decisao"] not in DECISIONS:
            return self._page(seen, visitor, form, {"decisao": "Escolha o que este e-mail é."}, 422)
        if form["decisao"] == "outro" and seen.rests and form["confirmado"] != "sim":
            return self._consequences(seen, visitor, form)
        problems = _problems(seen, form)
        if problems:
            return self._page(seen, visitor, form, problems, 422)
        try:
            protocol = await self._take(seen, visitor.person.name, form)
        except Refused as refusal:
            return self._page(seen, visitor, form, problems_of(refusal, _NAMES), 422)
        except SILENT as error:
            told = f"Nada foi registrado: {error}. Envie de novo; a mesma decisão conta uma vez só."
            return self._page(seen, visitor, form, {"": told}, 503)
        if protocol is None:
            text = "Ele já tinha sido decidido."
            return self._desk.pages.message(409, "E-mail já decidido", text, visitor, back="/tarefas")
        return done(case_address(protocol, "email") if protocol else "/tarefas?feito=email")

    async def _take(self, seen: Seen, by: str, form: Form) -> str | None:
        """Record the decision; the case's protocol, empty where there is none, None where nothing waited."""
        work, client = self._desk.mail, await self._desk.connect()
        now = datetime.now(UTC)
        match form["decisao"]:
            case "outro":
                waited = await work.refuse(client, seen.mail, seen.customer_id, by=by, now=now)
                waited = await self._close_tasks(seen, form, by) or waited
                return seen.protocol if waited else None
            case "desistencia":
                fact = message(WithdrawalMessage, form, by, {"reason": form["motivo"]})
                # First the e-mail, for an ended case hears of nothing more.
                await work.refuse(client, seen.mail, seen.customer_id, by=by, now=now)
                answer = await client.report(seen.customer_id, fact)
            case decision:
                answer = await work.report_request(
                    client,
                    seen.mail,
                    seen.customer_id,
                    by=by,
                    asks=decision == "pedido",
                    reason=form["motivo"] or None,
                )
        await work.close(seen.sha256, by, now)
        await self._close_tasks(seen, form, by)
        return answer.protocol

    async def _close_tasks(self, seen: Seen, form: Form, by: str) -> bool:
        """The tasks about an e-mail that is decided are done, also of a case that has ended; whether one was open."""
        closed = False
        for number, task in enumerate(seen.file.waiting):
            act = DeskAct(
                act_id=f"mesa-{form.key}-{number}",
                case_id=task.case_id,
                at=datetime.now(UTC),
                actor=by,
                kind=DeskActKind.TASK_CLOSED,
                subject=task.key,
                words=_SETTLED[form["decisao"]],
            )
            with suppress(LookupError):  # the case was faster
                closed = await self._desk.records.note(act) or closed
        return closed

    def _consequences(self, seen: Seen, visitor: Visitor, form: Form) -> Response:
        """What is undone where a notice rests on an e-mail that is no request, before it is recorded (X14)."""
        assert seen.live is not None
        return self._desk.pages.page(
            "consequences",
            visitor,
            here="cases",
            title="O e-mail não é um pedido de cancelamento",
            brings=advice.brings_misreading(seen.live),
            final="Se for mesmo um pedido, o cliente terá de pedir de novo, com um novo aviso prévio inteiro.",
            action=f"/email/{seen.sha256}",
            back=f"/email/{seen.sha256}",
            hidden={"decisao": "outro", "cliente": seen.customer_id, "confirmado": "sim"},
            label="",
            button="Desfazer o aviso prévio",
            form=form,
            problems={},
            key=form.key,
        )

    def _page(
        self, seen: Seen, visitor: Visitor, form: Form, problems: Mapping[str, str], status: int = 200
    ) -> Response:
        return self._desk.pages.page(
            "mail",
            visitor,
            status=status,
            here="tasks",
            seen=seen,
            mail=seen.mail,
            why=seen.file.why or seen.mail.why,
            form=form,
            problems=problems,
            key=form.key,
        )

    async def _seen(self, request: Request, named: str = "") -> Seen:
        """An e-mail with all that is known of it; `named` is the customer that a person says it is of."""
        sha256 = request.path_params["sha256"]
        raw = await self._raw(sha256)
        mail, task = await self._desk.mail.read(sha256, raw), await self._desk.mail.task(sha256)
        file = await self._desk.records.mail(sha256, mail.reported_as)
        found = (
            named,
            next((task.customer_id for task in file.waiting), None),
            mail.copies.customer_id if mail.copies else None,
            task.customer_id if task else None,
            mail.understood.customer_id if mail.understood else None,
        )
        customer_id = next((one for one in found if one), "")
        account = await self._desk.records.account(customer_id) if customer_id else None
        case = await self._open_case(customer_id) if account else None
        return Seen(
            sha256=sha256,
            size=len(raw),
            mail=mail,
            task=task,
            file=file,
            customer_id=customer_id,
            account=account,
            case=case,
            live=await self._status(case),
        )

    async def _status(self, case: CaseLine | None) -> "CaseStatus | None":
        if case is None:
            return None
        try:
            live = await (await self._desk.connect()).status(case.protocol)
        except SILENT:
            return None
        return live if live.case_id == case.case_id else None

    async def _open_case(self, customer_id: str) -> CaseLine | None:
        found = await self._desk.records.cases(CaseFilter(words=customer_id, most=20))
        return next((case for case in found.cases if case.customer_id == customer_id), None)

    async def _raw(self, sha256: str) -> bytes:
        raw = await self._desk.records.original(sha256)
        if raw is None:
            raise HTTPException(404)
        return raw


def _problems(seen: Seen, form: Form) -> dict[str, str]:
    """What a decision lacks; that it is no request can be said of every e-mail."""
    problems: dict[str, str] = {}
    if form["decisao"] == "outro":
        return problems
    if seen.mail.received_at is None or seen.mail.understood is None:
        return {"": "O sistema não consegue ler este e-mail. Registre-o com cancelamento formalize."}
    if seen.account is None:
        problems["cliente"] = "O CRM não conhece este número de cliente."
    if form["decisao"] in ("pedido", "desistencia") and not form["motivo"]:
        problems["motivo"] = "Copie o motivo, nas palavras do cliente."
    if form["decisao"] == "desistencia" and (seen.live is None or not advice.may_be_withdrawn(seen.live)):
        problems["decisao"] = "Desistência só cabe durante o aviso prévio."
    return problems


_SETTLED: Final = {
    "pedido": "É um pedido de cancelamento.",
    "incompleto": "Pedido incompleto: o cliente soube o que falta.",
    "desistencia": "O cliente desistiu do cancelamento.",
    "outro": "Não é um pedido, ou já foi tratado.",
}
