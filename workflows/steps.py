"""The steps inside the stages: each acts on one system and leaves its mark in the trail."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from temporalio import workflow

from activities.billing import BillingActivities
from activities.recordings import RecordingActivities
from activities.telephony import TelephonyActivities
from cancellation.domain.case import Case
from cancellation.domain.due import Due
from cancellation.domain.stage import Stage
from cancellation.domain.state import Duty, DutyKind
from cancellation.domain.trail import REMINDED, SYSTEM
from cancellation.domain.values import Team
from cancellation.language import left_out, vocabulary, words
from cancellation.messages.billing import BillingClosure, BillingEndPlan
from cancellation.messages.crm import FormalizationRecord, TaskOrder
from cancellation.messages.letters import Letter, LetterKind
from cancellation.messages.recordings import Access, ExportOrder, LinkRevocation, PurgeOrder
from cancellation.messages.telephony import Inventory, InventoryQuery, PortRecord, Shutdown
from cancellation.messages.warrant import Warrant
from workflows import tasks
from workflows.correspondence import letter
from workflows.effects import Effects
from workflows.policies import EXPORT, PURGE, READ, RECORD, TELEPHONY


class Steps:
    """What the procedure orders, done on the systems."""

    def __init__(self, case: Case, effects: Effects) -> None:
        """Act for `case` through `effects`."""
        self._case = case
        self._effects = effects
        self._inventory: Inventory | None = None
        self._survey: asyncio.Task[None] | None = None
        self._plan_waits = False
        self._ports: list[asyncio.Task[None]] = []
        self._export: asyncio.Task[None] | None = None
        self._invoice_total: Decimal | None = None
        self.tasks_that_stay: tuple[TaskOrder, ...] = ()
        """What a person still has to do when the case has ended."""

    def survey_service(self) -> None:
        """Learn beside the procedure what the customer occupies (P9, P13)."""
        if self._survey is None or self._survey.done():
            self._survey = self._effects.in_background(self._read_inventory())

    async def finish_survey(self) -> None:
        """Nothing is shut down before telephony has told what there is; a case that is stopped does not wait."""
        if not self._case.numbers_known:
            self.survey_service()
        survey = self._survey
        await workflow.wait_condition(
            lambda: survey is None or survey.done() or self._case.stage is not Stage.CLOSING
        )

    async def stop_survey(self) -> None:
        """The case ends: nobody needs to know any more."""
        if self._survey is not None and not self._survey.done():
            self._survey.cancel()
            await workflow.wait_condition(self._survey.done)
            self._effects.give_up(TelephonyActivities.read_inventory)

    async def _read_inventory(self) -> None:
        query = InventoryQuery(customer_id=self._case.customer_id)
        self._inventory = await self._effects.perform(TelephonyActivities.read_inventory, query, READ)
        own = [number.number for number in self._inventory.numbers if number.customer_owned]
        self._case.learn_numbers(own)
        if self._plan_waits:
            self._plan_waits = False
            await self._effects.record(
                "Tarefa: planejar o desligamento",
                open_tasks=(tasks.plan_shutdown(self._case, self._inventory),),
            )
            self._effects.post(self._shutdown_plan())

    async def register_formalization(self) -> None:
        """Register, set the status, tell Finance and Support, date the D+30 task (P11-P14)."""
        case = self._case
        assert case.formalization is not None
        assert case.notice is not None
        notice = case.notice
        record = FormalizationRecord(
            completing=case.formalization.completing,
            mails=case.formalization.mails,
            reason=case.formalization.reason,
            notice=notice,
            notice_days=case.policy.notice_days,
            required_mailboxes=case.policy.mailboxes,
        )
        # Support hears what will be released, so not before telephony has told.
        self._plan_waits = self._inventory is None
        plans = () if self._plan_waits else (tasks.plan_shutdown(case, self._inventory),)
        await self._effects.record(
            "Registrar a formalização e a tarefa D+30",
            customer_status=case.stage.crm_status,
            formalization=record,
            close_tasks=(tasks.COMMERCIAL, tasks.FORMALIZATION),
            open_tasks=(
                tasks.end_of_notice(case),
                tasks.final_billing(case),
                *plans,
            ),
        )
        now = workflow.now()
        self._effects.post(
            letter(
                case,
                LetterKind.NOTICE_STARTED,
                now,
                in_reply_to=case.formalization.completing.message_id,
            ),
            letter(case, LetterKind.FINAL_BILLING, now, team=Team.FINANCE),
            *([self._shutdown_plan()] if plans else []),
        )
        if self._plan_waits:
            self.survey_service()
        plan = BillingEndPlan(
            case_id=case.case_id, customer_id=case.customer_id, last_day=notice.last_day, at=now
        )
        await self._effects.perform(BillingActivities.plan_billing_end, plan, RECORD)

    def _shutdown_plan(self) -> Letter:
        """To Support, with the inventory of what will be released (P13)."""
        return letter(
            self._case,
            LetterKind.SHUTDOWN_PLAN,
            workflow.now(),
            team=Team.SUPPORT,
            inventory=self._inventory,
        )

    async def shut_down(self) -> int:
        """Deactivate and release everything except what held numbers need (P15, P17, X6).

        Telephony hears of finished ports first: a number that was ported is not ours to release.

        Returns:
            How many numbers were kept.
        """
        case = self._case
        await workflow.wait_condition(lambda: all(task.done() for task in self._ports))
        order = Shutdown(warrant=self._warrant(), hold=tuple(hold.number for hold in case.held_now))
        await self._effects.perform(TelephonyActivities.deactivate_services, order, TELEPHONY)
        report = await self._effects.perform(TelephonyActivities.release_resources, order, TELEPHONY)
        case.released = report.released
        case.trail.add(
            workflow.now(),
            SYSTEM,
            "released",
            "Serviços desativados; liberados e conferidos ao todo: "
            f"{words.listed(vocabulary.released(report.released)) or 'nada'}.",
        )
        return len(order.hold)

    async def close_billing(self) -> None:
        """Invoice the days due, void the rest, read it back (P16)."""
        case = self._case
        assert case.notice is not None
        closure = BillingClosure(warrant=self._warrant(), last_day=case.notice.last_day)
        closed = await self._effects.perform(BillingActivities.close_billing, closure, RECORD)
        case.voided_charges = closed.voided_charges
        self._invoice_total = closed.invoice.total
        case.trail.add(
            workflow.now(),
            SYSTEM,
            "billing_closed",
            f"Cobrança encerrada e conferida: fatura final de {words.money(closed.invoice.total)}, "
            f"{words.counted(closed.voided_charges, 'cobrança cancelada', 'cobranças canceladas')}.",
        )

    async def remove_recordings(self) -> None:
        """The link is dead and the data goes as the policy says (P10)."""
        case = self._case
        await self._stop_export()
        if not case.policy.purge_recordings:
            await self._revoke_links()
            return
        order = PurgeOrder(warrant=self._warrant())
        ended = await self._effects.perform(RecordingActivities.purge_recordings, order, PURGE)
        self._note_accesses(ended.accesses)
        if ended.purged is not None:
            case.trail.add(
                workflow.now(),
                SYSTEM,
                "recordings_purged",
                f"Dados removidos: {words.counted(ended.purged.recordings, 'gravação', 'gravações')} e "
                f"{words.counted(ended.purged.archives, 'arquivo', 'arquivos')} de download.",
            )
            if ended.purged.left_out_count:
                told = left_out.not_removed(ended.purged.left_out, ended.purged.left_out_count)
                self.tasks_that_stay += (await self._give_recordings_to_a_person("purge", told),)

    async def _give_recordings_to_a_person(self, key: str, told: str) -> TaskOrder:
        """What the store refuses to do with single recordings becomes a task; the case goes on (P10, P18)."""
        self._case.trail.add(workflow.now(), SYSTEM, "recordings_left_out", told)
        task = tasks.look_at_recordings(key, self._case.customer_id, told)
        await self._effects.record("Tarefa: gravações que precisam de uma pessoa", open_tasks=(task,))
        return task

    async def _revoke_links(self) -> None:
        order = LinkRevocation(case_id=self._case.case_id, at=workflow.now())
        ended = await self._effects.perform(RecordingActivities.revoke_links, order, RECORD)
        self._note_accesses(ended.accesses)

    def _note_accesses(self, accesses: Sequence[Access]) -> None:
        """Who used the download link, when, and how much they got (P20)."""
        for access in accesses:
            size = f", {words.size(access.bytes)}" if access.bytes else ""
            what = vocabulary.access(access.kind.value)
            self._case.trail.add(access.at, access.address, "link_used", f"Link das gravações: {what}{size}.")

    async def confirm_closure(self) -> None:
        """Billing and inventory were read back: the customer and the teams hear of it (P18)."""
        case, now = self._case, workflow.now()
        total, voided = self._invoice_total, case.voided_charges
        more: dict[str, Any] = {
            "released": case.released,
            "invoice_total": total,
            "voided_charges": voided,
        }
        self._effects.post(
            letter(case, LetterKind.CLOSED, now, **more),
            letter(case, LetterKind.CLOSED_TO_TEAM, now, team=Team.FINANCE, **more),
            letter(case, LetterKind.CLOSED_TO_TEAM, now, team=Team.SUPPORT, **more),
        )
        if case.held_now:
            await self._effects.record("Encerramento feito; números retidos", close_tasks=(tasks.D30,))

    async def undo_notice(self) -> None:
        """The customer stays: lift what was planned, kill the links, tell the teams (X3)."""
        case, now = self._case, workflow.now()
        await self._stop_export()
        await self._effects.perform(BillingActivities.lift_billing_end, case.case_id, RECORD)
        if case.archive is not None or self._export is not None:
            await self._revoke_links()
        self._effects.post(
            letter(case, LetterKind.WITHDRAWN_TO_TEAM, now, team=Team.FINANCE),
            letter(case, LetterKind.WITHDRAWN_TO_TEAM, now, team=Team.SUPPORT),
        )

    def _warrant(self) -> Warrant:
        case = self._case
        assert case.notice is not None
        assert case.past_no_return
        return Warrant(
            case_id=case.case_id,
            customer_id=case.customer_id,
            notice_ends_at=case.notice.ends_at,
            at=workflow.now(),
        )

    # ------------------------------------------------------------------ duties and reminders

    async def do_duty(self, duty: Duty) -> None:
        """Do what a fact obliges to; the case owes it no more."""
        match duty.kind:
            case DutyKind.RECORD_PORT:
                self._record_port(duty.reference)
            case DutyKind.TELL_WHAT_IS_MISSING:
                self._tell_what_is_missing(duty)
            case DutyKind.ASK_COMMERCIAL_ABOUT_MAIL:
                await self._ask_commercial(duty)
            case DutyKind.DELIVER_RECORDINGS:
                await self._start_export(duty)
        self._case.done(duty)

    def _record_port(self, number: str) -> None:
        """Tell telephony beside the procedure, one change after the other (P9)."""
        port = next((port for port in self._case.ports if port.number == number), None)
        if port is None:
            return
        record = PortRecord(
            case_id=self._case.case_id,
            customer_id=self._case.customer_id,
            number=number,
            status=port.status,
            operator=port.operator,
            at=port.at,
        )
        before = [task for task in self._ports if not task.done()]
        self._ports = [*before, self._effects.in_background(self._tell_telephony(record, before[-1:]))]

    async def _tell_telephony(self, record: PortRecord, before: list[asyncio.Task[None]]) -> None:
        await workflow.wait_condition(lambda: all(task.done() for task in before))
        if not await self._effects.ask(TelephonyActivities.record_port, record, TELEPHONY):
            self._case.forget_port(record.number)

    def _tell_what_is_missing(self, duty: Duty) -> None:
        """Exactly what is missing, in the same thread, once per cause; nothing that came meanwhile (P7)."""
        newer = any(d.kind is duty.kind and d.ordinal > duty.ordinal for d in self._case.duties)
        if newer or self._case.formalization is not None:
            return
        if not self._case.reach("told:" + ",".join(duty.missing)):
            return
        self._effects.post(
            letter(
                self._case,
                LetterKind.WHAT_IS_MISSING,
                workflow.now(),
                ordinal=duty.ordinal,
                in_reply_to=duty.reference,
                missing=duty.missing,
            )
        )

    async def _ask_commercial(self, duty: Duty) -> None:
        """An e-mail that cannot count by itself goes to Commercial, and nothing else happens (X9)."""
        mail = next((mail for mail in self._case.mails if mail.message_id == duty.reference), None)
        if mail is None:
            return
        self._effects.post(
            letter(
                self._case,
                LetterKind.MAIL_TO_DECIDE,
                workflow.now(),
                team=Team.COMMERCIAL,
                ordinal=duty.ordinal,
                missing=duty.missing,
                mail_message_id=mail.message_id,
                mail_sender=mail.sender,
                mail_subject=mail.subject,
                words=mail.reason,
            )
        )
        await self._effects.record(
            "Tarefa: decidir sobre um e-mail", open_tasks=(tasks.decide_on_mail(mail, duty.missing),)
        )

    async def _stop_export(self) -> None:
        if self._export is not None and not self._export.done():
            self._export.cancel()
            await workflow.wait_condition(self._export.done)
            self._effects.give_up(RecordingActivities.export_recordings)

    async def _start_export(self, duty: Duty) -> None:
        await self._stop_export()
        self._export = self._effects.in_background(self._deliver_recordings(duty.ordinal))

    async def _deliver_recordings(self, ordinal: int) -> None:
        """Archive and link, valid until the notice ends (P10)."""
        case = self._case
        wanted = case.recordings
        if wanted is None or case.notice is None or case.stage is not Stage.NOTICE:
            return
        order = ExportOrder(
            case_id=case.case_id,
            customer_id=case.customer_id,
            ordinal=ordinal,
            from_date=wanted.from_date,
            to_date=wanted.to_date,
            link_expires_at=case.notice.ends_at,
            at=workflow.now(),
        )
        archive = await self._effects.perform(RecordingActivities.export_recordings, order, EXPORT)
        if case.stage is not Stage.NOTICE:
            return
        now = workflow.now()
        if archive is None:
            case.trail.add(now, SYSTEM, "no_recordings", "Não há gravações no período pedido.")
            self._effects.post(letter(case, LetterKind.NO_RECORDINGS, now, ordinal=ordinal))
            return
        case.archive = archive
        case.trail.add(
            now,
            SYSTEM,
            "recordings_ready",
            f"Gravações prontas para download: {words.counted(archive.files, 'gravação', 'gravações')}, "
            f"{words.size(archive.size)}.",
        )
        ready = letter(case, LetterKind.RECORDINGS_READY, now, ordinal=ordinal, archive=archive)
        if wanted.deliver_to:
            ready = ready.model_copy(update={"to": (wanted.deliver_to,)})
        self._effects.post(ready)
        if archive.left_out_count:
            told = left_out.not_delivered(archive.left_out, archive.left_out_count)
            await self._give_recordings_to_a_person(f"export:{ordinal}", told)

    def remind(self, overdue: Sequence[Due]) -> None:
        """Remind whoever has to act; of several overdue reminders of one kind only the last goes out (X4)."""
        case, now = self._case, workflow.now()
        last = {due.what.partition(":")[0]: due for due in overdue}
        case.reminded += [due.what for due in overdue]
        for family, due in last.items():
            kind = LetterKind(family)
            team = Team.COMMERCIAL if kind is LetterKind.REMIND_COMMERCIAL else None
            more: dict[str, Any] = {"missing": tuple(case.missing) if case.mails else ()}
            if kind is LetterKind.REMIND_PORTABILITY:
                more["numbers"] = tuple(case.numbers_not_asked_for)
            self._effects.post(letter(case, kind, now, team=team, ordinal=due.what, **more))
            case.trail.add(now, SYSTEM, REMINDED, f"{vocabulary.due(due.what)}.")
