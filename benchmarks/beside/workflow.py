"""The bare workflow: the procedure's ordinary course and nothing else."""

import asyncio
from datetime import date, datetime, time, timedelta, timezone
from typing import Any

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from benchmarks.beside.activities import BareActivities
    from benchmarks.beside.payloads import (
        Customer,
        Ending,
        Entry,
        Formalized,
        Invoice,
        Letter,
        Letters,
        Opening,
        Record,
        Task,
    )
    from cancellation import contract
    from cancellation.domain.stage import Stage
    from cancellation.messages.facts import (
        CaseStart,
        FormalizationMessage,
        RequestMessage,
        RetentionOutcomeMessage,
    )
    from cancellation.messages.status import Answer

BARE = "Bare"
TASK_QUEUE = "bare"
_ZONE = timezone(timedelta(hours=-3))
_TEAMS = {
    "commercial": "comercial@nuvemjti.com.br",
    "finance": "financeiro@nuvemjti.com.br",
    "support": "suporte@nuvemjti.com.br",
}


@workflow.defn(name=BARE)
class BareWorkflow:
    """One customer's cancellation, if nothing ever goes wrong."""

    @workflow.init
    def __init__(self, start: CaseStart) -> None:
        """Nothing has been heard yet."""
        self._customer_id = start.customer_id
        self._case_id = workflow.info().run_id
        self._protocol = f"CAN-{self._case_id[:8]}"
        self._stage = Stage.RETENTION
        self._outcome: RetentionOutcomeMessage | None = None
        self._mail: FormalizationMessage | None = None
        self._trail: list[Entry] = []
        self._recorded = 0

    @workflow.run
    async def run(self, start: CaseStart) -> str:
        """The steps, in order."""
        self._publish(
            contract.CUSTOMER.value_set(start.customer_id),
            contract.PROTOCOL.value_set(self._protocol),
            contract.CHANNEL.value_set(start.request.channel.value),
        )
        customer = await self._open(start)
        await self._send("Confirmação do pedido", ("receipt", customer.email, "Recebemos o seu pedido."))
        await self._sleep_or(lambda: self._outcome is not None, timedelta(hours=17))
        await self._decline(customer)
        await self._sleep_or(lambda: self._mail is not None, timedelta(days=7))
        await self._serve_notice(customer)
        await self._close(customer)
        return self._protocol

    async def _open(self, start: CaseStart) -> Customer:
        self._say("pedido do cliente recebido", "caso aberto")
        task = Task(key="commercial", title="Falar com o cliente", text=start.request.text)
        opening = Opening(
            case_id=self._case_id,
            customer_id=self._customer_id,
            protocol=self._protocol,
            at=workflow.now(),
            request=start.request.text,
            task=task,
            trail=self._unrecorded(),
        )
        customer, _ = await asyncio.gather(
            self._do(BareActivities.open_case, opening, "Registrar o caso no CRM"),
            self._send("Aviso ao Comercial", ("asked", _TEAMS["commercial"], "Um cliente quer cancelar.")),
        )
        found: Customer = customer
        return found

    async def _decline(self, customer: Customer) -> None:
        assert self._outcome is not None
        self._stage = Stage.AWAITING_FORMALIZATION
        self._publish(contract.REASON.value_set(self._outcome.reason.category.value))
        self._say("cliente mantém a decisão", "status alterado", "tarefa encerrada", "tarefa aberta")
        task = Task(key="formalization", title="Acompanhar a formalização", text="Falta o e-mail do cliente.")
        await asyncio.gather(
            self._record("Aguardando formalização", opened=[task], closed=["commercial"]),
            self._send("Orientações", ("script", customer.email, "Para formalizar, escreva às duas caixas.")),
        )

    async def _serve_notice(self, customer: Customer) -> None:
        assert self._mail is not None
        received_at = self._mail.received_at
        self._last_day = received_at.astimezone(_ZONE).date() + timedelta(days=30)
        ends_at = datetime.combine(self._last_day + timedelta(days=1), time(), _ZONE)
        self._stage = Stage.NOTICE
        self._publish(contract.NOTICE_END.value_set(ends_at))
        self._say("e-mail completo", "formalização registrada", "status alterado", "tarefas abertas")
        formalized = Formalized(
            message_id=self._mail.message_id or "",
            sender=self._mail.sender,
            reason=self._mail.reason or "",
            received_at=received_at,
            ends_at=ends_at,
        )
        tasks = [
            Task(key=key, title=title, text=f"Até {self._last_day:%d/%m/%Y}.")
            for key, title in (("d30", "Tarefa D+30"), ("billing", "Faturamento final"), ("plan", "Desligar"))
        ]
        until = f"O aviso prévio termina em {self._last_day:%d/%m/%Y}."
        await asyncio.gather(
            self._record(
                "Cancelamento em andamento", opened=tasks, closed=["formalization"], formalized=formalized
            ),
            self._do(BareActivities.plan_billing_end, self._ending(), "Programar o fim da cobrança"),
            self._send(
                "Confirmação da formalização",
                ("started", customer.email, until),
                ("billing", _TEAMS["finance"], until),
                ("plan", _TEAMS["support"], f"{until} Serão liberados: {', '.join(customer.resources)}."),
            ),
        )
        await self._sleep_until(datetime.combine(self._last_day - timedelta(days=9), time(9), _ZONE))
        await self._send("Lembrete da portabilidade", ("port", customer.email, until))
        await self._sleep_until(ends_at)

    async def _close(self, customer: Customer) -> None:
        self._stage = Stage.CLOSING
        self._publish()
        self._say("fim do aviso prévio")
        ending = self._ending()
        invoice: Invoice
        _, invoice, _ = await asyncio.gather(
            self._shut_down(ending),
            self._do(BareActivities.close_billing, ending, "Encerrar o faturamento"),
            self._do(BareActivities.purge_recordings, ending, "Remover as gravações"),
        )
        self._stage = Stage.CLOSED
        self._publish()
        self._say("serviços desativados", "recursos liberados", "cobrança encerrada", "gravações removidas")
        told = f"Tudo encerrado. Fatura final: R$ {invoice.total}."
        await self._send(
            "Confirmação de encerramento",
            ("closed", customer.email, told),
            ("closed-finance", _TEAMS["finance"], told),
            ("closed-support", _TEAMS["support"], told),
        )
        self._say("caso encerrado")
        await self._record("Cancelado", closed=["d30", "billing", "plan"])

    async def _shut_down(self, ending: Ending) -> None:
        await self._do(BareActivities.deactivate_services, ending, "Desativar os serviços")
        left = await self._do(BareActivities.release_resources, ending, "Liberar os recursos")
        assert left == 0

    # ------------------------------------------------------------------ messages

    @workflow.update(name="request_checked")
    async def on_request(self, message: RequestMessage) -> Answer:
        """The request that opens the case."""
        return self._answer()

    @workflow.update(name="retention_outcome_checked")
    async def on_outcome(self, message: RetentionOutcomeMessage) -> Answer:
        """The customer stays with the decision."""
        self._outcome = message
        return self._answer()

    @workflow.update(name="formalization_checked")
    async def on_formalization(self, message: FormalizationMessage) -> Answer:
        """The e-mail."""
        self._mail = message
        return self._answer()

    def _answer(self) -> Answer:
        return Answer(stage=self._stage, protocol=self._protocol)

    # ------------------------------------------------------------------ steps

    async def _do(self, step: Any, argument: Any, summary: str) -> Any:
        return await workflow.execute_activity_method(
            step, argument, start_to_close_timeout=timedelta(seconds=10), summary=summary
        )

    async def _send(self, summary: str, *letters: tuple[str, str, str]) -> None:
        batch = Letters(
            letters=[
                Letter(
                    key=f"{self._case_id}-{key}",
                    case_id=self._case_id,
                    to=to,
                    subject=f"[{self._protocol}] {summary}",
                    text=f"Protocolo {self._protocol}.\n\n{text}\n\nNuvemJTI",
                )
                for key, to, text in letters
            ]
        )
        await self._do(BareActivities.send_letters, batch, f"Enviar: {summary}")
        self._say(*(f"mensagem enviada: {key}" for key, _, _ in letters))

    async def _record(self, status: str, **changes: Any) -> None:
        record = Record(
            case_id=self._case_id,
            customer_id=self._customer_id,
            stage=self._stage.value,
            status=status,
            trail=self._unrecorded(),
            **changes,
        )
        await self._do(BareActivities.record_case, record, "Registrar no CRM")

    def _say(self, *details: str) -> None:
        self._trail += [
            Entry(seq=len(self._trail) + place, at=workflow.now(), detail=detail)
            for place, detail in enumerate(details, start=1)
        ]

    def _unrecorded(self) -> list[Entry]:
        first, self._recorded = self._recorded, len(self._trail)
        return self._trail[first:]

    def _ending(self) -> Ending:
        last_day: date = self._last_day
        return Ending(
            case_id=self._case_id, customer_id=self._customer_id, at=workflow.now(), last_day=last_day
        )

    def _publish(self, *more: Any) -> None:
        workflow.upsert_search_attributes([contract.STAGE.value_set(self._stage.value), *more])

    async def _sleep_or(self, condition: Any, longest: timedelta) -> None:
        await workflow.wait_condition(condition, timeout=longest, timeout_summary="Lembrete")

    async def _sleep_until(self, instant: datetime) -> None:
        await workflow.sleep(instant - workflow.now(), summary="Aviso prévio")
