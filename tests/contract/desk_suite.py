"""What a desk's records must do, whoever keeps them (X24, X26)."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol

import pytest

from cancellation.adapters.crm_views import ReadableCrm
from cancellation.application.figures import Dimension, figures_of
from cancellation.domain.values import (
    Channel,
    Contact,
    Offer,
    OfferKind,
    OfferStatus,
    Outcome,
    Reason,
    ReasonCategory,
    Request,
    Team,
)
from cancellation.messages.crm import MailDecision, RetentionDecision, RetentionRecord, TaskOrder
from cancellation.messages.desk import CaseFilter, DeskAct, DeskActKind, TaskFilter
from cancellation.messages.mail_in import MailEntry, MailFate, MailOutcome, MailTask
from cancellation.messages.seed import CustomerSeed, SubscriptionSeed
from cancellation.ports import MailLedger
from cancellation.ports.desk import DeskRecords, DeskSessions
from tests.contract import cases
from tests.contract.cases import OPENED, opening, record

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)


class Provisioning(Protocol):
    """Puts a customer in wherever the desk reads of one."""

    async def __call__(self, seed: CustomerSeed) -> None: ...


class Rig(Protocol):
    """What a suite works with."""

    crm: ReadableCrm
    desk: DeskRecords
    sessions: DeskSessions
    ledger: MailLedger
    provision: Provisioning


@dataclass(frozen=True)
class WholeRig:
    """A rig of one kind of adapter."""

    crm: ReadableCrm
    desk: DeskRecords
    sessions: DeskSessions
    ledger: MailLedger
    provision: Provisioning


def seed(customer_id: str, monthly: str = "100.00", **changes: Any) -> CustomerSeed:
    number = int(customer_id)
    own = {"name": f"Empresa {customer_id} Ltda", "cnpj": f"{number:014d}", "contract": f"CT-{customer_id}"}
    return CustomerSeed(
        customer=cases.customer(customer_id, **(own | changes)),
        subscriptions=(
            SubscriptionSeed(
                subscription_id=f"{customer_id}-pabx",
                description="PABX em nuvem",
                monthly=Decimal(monthly),
                started_on=date(2024, 5, 1),
            ),
        ),
    )


def offer(offer_id: str, kind: OfferKind, status: OfferStatus, minutes: int = 1) -> Offer:
    return Offer(
        offer_id=offer_id,
        kind=kind,
        description="20% de desconto",
        status=status,
        actor="Ana Lima",
        at=OPENED + timedelta(minutes=minutes),
    )


def decision(
    outcome: Outcome,
    category: ReasonCategory = ReasonCategory.PRICE,
    *,
    at: datetime = OPENED + timedelta(hours=2),
    actor: str = "Ana Lima",
) -> RetentionDecision:
    return RetentionDecision(
        outcome=outcome, reason=Reason(category=category, text="Ficou caro"), actor=actor, at=at
    )


def act(kind: DeskActKind, name: str = "1", **changes: Any) -> DeskAct:
    fields: dict[str, Any] = {
        "act_id": f"mesa-{name}",
        "case_id": "case-a",
        "at": OPENED + timedelta(hours=1),
        "actor": "Ana Lima",
        "kind": kind,
    }
    return DeskAct(**fields | changes)


class DeskContract:
    """Inherit it and give a `rig` fixture."""

    @pytest.fixture
    async def opened(self, rig: Rig) -> Rig:
        """Customer 1042 with the open case `case-a`."""
        await rig.provision(seed("1042", name="Acme Comércio de Ferragens Ltda", cnpj="11.222.333/0001-81"))
        await rig.crm.open_case(opening())
        return rig

    # ------------------------------------------------------------ cases

    async def test_a_case_in_the_list_says_who_what_and_since_when_X24(self, opened: Rig) -> None:
        found = await opened.desk.cases(CaseFilter())
        (case,) = found.cases
        assert (case.company, case.protocol) == ("Acme Comércio de Ferragens Ltda", opening().protocol)
        assert (case.stage, case.since, case.opened_at) == ("retention", OPENED, OPENED)
        assert case.request.text == "Quero cancelar"
        assert case.contact == Contact(name="Rita Souza", email="rita@acme.com.br", phone="+5511999990000")
        assert (case.reason, case.last_day, case.assigned_to) == (None, None, None)
        assert (case.attention, case.tasks) == (False, 1)
        assert (found.total, found.by_stage) == (1, {"retention": 1})

    async def test_since_is_when_the_case_came_into_its_stage_X24(self, opened: Rig) -> None:
        await opened.crm.record(
            record(minutes=90, stage="awaiting_formalization", customer_status="Aguardando")
        )
        await opened.crm.record(
            record(minutes=200, stage="awaiting_formalization", customer_status="Aguardando")
        )
        (case,) = (await opened.desk.cases(CaseFilter())).cases
        assert (case.stage, case.since) == ("awaiting_formalization", OPENED + timedelta(minutes=90))

    @pytest.mark.parametrize(
        "words", ["acme", "FERRAGENS", "1042", opening().protocol.lower(), "11.222.333/0001", "11222333"]
    )
    async def test_a_case_is_found_by_company_protocol_and_cnpj_X24(self, opened: Rig, words: str) -> None:
        await opened.provision(seed("2001"))
        await opened.crm.open_case(opening("2001", "case-b"))
        (case,) = (await opened.desk.cases(CaseFilter(words=words))).cases
        assert case.customer_id == "1042"

    @pytest.mark.parametrize("words", ["%", "_", "\\", "acme%", "' or true --"])
    async def test_what_somebody_types_is_no_pattern_X24(self, opened: Rig, words: str) -> None:
        assert (await opened.desk.cases(CaseFilter(words=words))).cases == ()

    async def test_an_ended_case_is_listed_only_when_asked_for_X24(self, opened: Rig) -> None:
        await opened.crm.record(record(stage="retained", outcome="retained"))
        assert (await opened.desk.cases(CaseFilter())).total == 0
        found = await opened.desk.cases(CaseFilter(open_only=False))
        assert [case.stage for case in found.cases] == ["retained"]
        assert found.by_stage == {}

    async def test_cases_that_need_attention_come_first_and_can_be_asked_for_X24(self, opened: Rig) -> None:
        await opened.provision(seed("2001"))
        await opened.crm.open_case(opening("2001", "case-b", opened_at=OPENED + timedelta(hours=1)))
        attention = TaskOrder(key="attention:close_billing", team=Team.SUPPORT, title="Etapa parada")
        await opened.crm.record(
            record(case_id="case-b", customer_id="2001", minutes=70, open_tasks=(attention,))
        )
        everything = await opened.desk.cases(CaseFilter())
        assert [case.case_id for case in everything.cases] == ["case-b", "case-a"]
        asked = await opened.desk.cases(CaseFilter(attention=True))
        assert [case.case_id for case in asked.cases] == ["case-b"]

    async def test_the_list_comes_in_pages_X24(self, opened: Rig) -> None:
        for number in range(2001, 2006):
            await opened.provision(seed(str(number)))
            later = OPENED + timedelta(minutes=number - 2000)
            await opened.crm.open_case(opening(str(number), f"case-{number}", opened_at=later))
        pages = [await opened.desk.cases(CaseFilter(offset=offset, most=4)) for offset in (0, 4)]
        assert [[case.customer_id for case in page.cases] for page in pages] == [
            ["1042", "2001", "2002", "2003"],
            ["2004", "2005"],
        ]
        assert [page.total for page in pages] == [6, 6]

    async def test_a_dossier_holds_what_commercial_tried_P3_P4(self, opened: Rig) -> None:
        made = offer("1", OfferKind.PLAN_ADJUSTMENT, OfferStatus.MADE)
        taken = offer("1", OfferKind.PLAN_ADJUSTMENT, OfferStatus.REFUSED, minutes=5)
        await opened.crm.record(record(minutes=2, retention=RetentionRecord(offers=(made,))))
        said = RetentionRecord(offers=(taken,), decision=decision(Outcome.DECLINED))
        await opened.crm.record(record(minutes=6, stage="awaiting_formalization", retention=said))
        # An attempt that comes late takes nothing back.
        await opened.crm.record(record(minutes=7, retention=RetentionRecord(offers=(made,))))
        dossier = await opened.desk.dossier(opening().protocol)
        assert dossier is not None
        assert dossier.offers == (taken,)
        assert dossier.reason == Reason(category=ReasonCategory.PRICE, text="Ficou caro")
        assert (dossier.decided_by, dossier.decided_at) == ("Ana Lima", OPENED + timedelta(hours=2))
        assert await opened.desk.dossier("CAN-20000101-XXXXXX") is None
        assert await opened.desk.dossier(dossier.summary.case_id) == dossier, "a task leads to it so"
        assert await opened.desk.dossier(opening().protocol.lower()) == dossier

    async def test_the_notices_last_day_stands_in_the_list_until_it_is_revoked_X24(self, opened: Rig) -> None:
        await opened.crm.record(record(stage="notice", formalization=cases.formalization()))
        (case,) = (await opened.desk.cases(CaseFilter())).cases
        assert case.last_day == date(2026, 12, 22)
        await opened.crm.record(
            record(minutes=30, stage="withdrawn", outcome="withdrawn", revoke_formalization=True)
        )
        (case,) = (await opened.desk.cases(CaseFilter(open_only=False))).cases
        assert case.last_day is None

    async def test_an_account_says_plan_value_since_and_earlier_cases_X24(self, opened: Rig) -> None:
        account = await opened.desk.account("1042")
        assert account is not None
        assert (account.monthly, account.since) == (Decimal("100.00"), date(2024, 5, 1))
        assert account.plan == ("PABX em nuvem",)
        assert [case.case_id for case in account.earlier] == ["case-a"]
        assert await opened.desk.account("9999") is None

    # ------------------------------------------------------------ tasks and notes

    async def test_a_task_is_closed_with_a_word_under_a_name_X24(self, opened: Rig) -> None:
        closing = act(DeskActKind.TASK_CLOSED, subject="commercial", words="Falei com a Rita")
        assert await opened.desk.note(closing)
        (task,) = await opened.desk.tasks(TaskFilter(open_only=False))
        assert (task.closed_at, task.closed_by, task.word) == (closing.at, "Ana Lima", "Falei com a Rita")
        assert await opened.desk.tasks(TaskFilter()) == []

    async def test_a_form_sent_again_counts_once_X24(self, opened: Rig) -> None:
        closing = act(DeskActKind.TASK_CLOSED, subject="commercial", words="Falei")
        assert [await opened.desk.note(closing), await opened.desk.note(closing)] == [True, False]

    async def test_a_task_that_is_closed_or_unknown_is_not_closed_again_X24(self, opened: Rig) -> None:
        await opened.desk.note(act(DeskActKind.TASK_CLOSED, subject="commercial", words="Falei"))
        for name, key in (("2", "commercial"), ("3", "unknown")):
            with pytest.raises(LookupError):
                await opened.desk.note(act(DeskActKind.TASK_CLOSED, name, subject=key, words="De novo"))
        with pytest.raises(LookupError):
            await opened.desk.note(act(DeskActKind.NOTE, "4", case_id="no-such-case", words="…"))
        dossier = await opened.desk.dossier(opening().protocol)
        assert dossier is not None
        assert [one.act_id for one in dossier.acts] == ["mesa-1"]

    async def test_a_task_that_the_case_closes_names_nobody_P14(self, opened: Rig) -> None:
        await opened.crm.record(record(minutes=90, close_tasks=("commercial",)))
        (task,) = await opened.desk.tasks(TaskFilter(open_only=False))
        assert task.closed_at is not None
        assert (task.closed_by, task.word) == (None, None)

    async def test_tasks_are_asked_for_by_team_X24(self, opened: Rig) -> None:
        late = TaskOrder(key="d30", team=Team.SUPPORT, title="Término", due_on=date(2026, 12, 22))
        await opened.crm.record(record(open_tasks=(late,)))
        assert [task.key for task in await opened.desk.tasks(TaskFilter())] == ["commercial", "d30"]
        assert [task.key for task in await opened.desk.tasks(TaskFilter(team=Team.SUPPORT))] == ["d30"]

    async def test_notes_and_who_has_the_case_are_kept_and_move_nothing_X24(self, opened: Rig) -> None:
        await opened.desk.note(act(DeskActKind.NOTE, "1", words="Ligar depois das 14h"))
        await opened.desk.note(act(DeskActKind.ASSIGNED, "2", subject="Bia"))
        await opened.desk.note(act(DeskActKind.ASSIGNED, "3", subject="Ana Lima"))
        dossier = await opened.desk.dossier(opening().protocol)
        assert dossier is not None
        assert [(one.kind, one.subject or one.words) for one in dossier.acts] == [
            (DeskActKind.NOTE, "Ligar depois das 14h"),
            (DeskActKind.ASSIGNED, "Bia"),
            (DeskActKind.ASSIGNED, "Ana Lima"),
        ]
        assert dossier.assigned_to == "Ana Lima"
        assert dossier.summary.stage == "retention"
        mine = await opened.desk.cases(CaseFilter(assigned_to="Ana Lima"))
        assert [case.assigned_to for case in mine.cases] == ["Ana Lima"]
        assert (await opened.desk.cases(CaseFilter(assigned_to="Bia"))).total == 0

    # ------------------------------------------------------------ e-mails

    async def test_what_waits_in_a_case_and_in_none_stands_in_one_list_X15(self, opened: Rig) -> None:
        in_case = await arrives(opened, "<a@acme.com.br>", MailFate.UNDECIDED)
        await opened.crm.record(record(open_tasks=(cases.task("mail:<a@acme.com.br>", title="Decidir"),)))
        in_none = await arrives(opened, "<b@acme.com.br>", MailFate.TASK, minutes=20)
        await opened.ledger.open_task(mail_task(in_none, "<b@acme.com.br>", minutes=20))
        acme = "Acme Comércio de Ferragens Ltda"
        assert [(one.sha256, one.title, one.protocol, one.company) for one in await opened.desk.mails()] == [
            (in_case, "Decidir", opening().protocol, acme),
            (in_none, "Ler e decidir", None, acme),
        ]
        assert len(await opened.desk.mails(most=1)) == 1
        # Who decides on an e-mail closes its task: it is none to be closed with a word.
        assert [task.key for task in await opened.desk.tasks(TaskFilter())] == ["commercial"]
        assert len(await opened.desk.tasks(TaskFilter(case_id="case-a"))) == 2
        await opened.crm.record(record(minutes=30, close_tasks=("mail:<a@acme.com.br>",)))
        await opened.ledger.close_task(in_none, "Ana Lima", OPENED + timedelta(hours=1))
        assert await opened.desk.mails() == []

    async def test_a_file_says_why_a_person_must_decide_and_what_one_decided_X14_X15(
        self, opened: Rig
    ) -> None:
        sha256 = await arrives(opened, "<a@acme.com.br>", MailFate.UNDECIDED)
        await opened.crm.record(record(open_tasks=(cases.task("mail:<a@acme.com.br>"),)))
        file = await opened.desk.mail(sha256, "<a@acme.com.br>")
        assert file.why == ("Há um anexo que não foi lido.",)
        assert [(task.case_id, task.mail_id, task.decides) for task in file.waiting] == [
            ("case-a", "<a@acme.com.br>", True)
        ]
        assert (file.decision, file.notice_of) == (None, None)
        decided = [
            MailDecision(
                message_id="<a@acme.com.br>",
                original_sha256=sha256,
                case_id="case-a",
                customer_id="1042",
                is_request=is_request,
                decided_by=by,
                decided_at=OPENED + timedelta(minutes=minutes),
            )
            for by, is_request, minutes in (("Ana Lima", True, 30), ("Bia Reis", False, 40))
        ]
        closed = ("mail:<a@acme.com.br>",)
        await opened.crm.record(record(minutes=41, close_tasks=closed, decisions=tuple(decided)))
        file = await opened.desk.mail(sha256, "<a@acme.com.br>")
        assert (file.waiting, file.decision) == ((), decided[-1])
        assert (await opened.desk.mail("0" * 64, "<other@acme.com.br>")).decision is None

    async def test_a_notice_is_found_by_every_e_mail_that_it_rests_on_X14(self, opened: Rig) -> None:
        first = cases.mail(message_id="<first@acme.com.br>", original_sha256="cd" * 32)
        await opened.crm.record(
            record(
                stage="notice",
                formalization=cases.formalization(first, cases.mail()),
                open_tasks=(cases.task("confirm_notice", title="Conferir"),),
            )
        )
        for sha256, message_id in (
            ("cd" * 32, "<other@x>"),
            ("0" * 64, "<first@acme.com.br>"),
            ("ab" * 32, "<other@x>"),
        ):
            file = await opened.desk.mail(sha256, message_id)
            assert file.notice_of == "case-a"
            assert [task.key for task in file.waiting] == ["confirm_notice"]
        assert (await opened.desk.mail("0" * 64, "<other@x>")).waiting == ()
        [line] = await opened.desk.mails()
        assert (line.sha256, line.title) == ("ab" * 32, "Conferir")
        await opened.crm.record(
            record(minutes=30, stage="withdrawn", outcome="withdrawn", revoke_formalization=True)
        )
        assert (await opened.desk.mail("ab" * 32, "<other@x>")).notice_of is None

    async def test_a_closing_that_waits_for_people_needs_attention_X15(self, opened: Rig) -> None:
        look = cases.task("confirm_notice")
        await opened.crm.record(
            record(stage="notice", formalization=cases.formalization(), open_tasks=(look,))
        )
        assert [case.attention for case in (await opened.desk.cases(CaseFilter())).cases] == [False]
        await opened.crm.record(record(minutes=50_000, stage="closing", trail=cases.trail(3, 3)))
        assert [case.attention for case in (await opened.desk.cases(CaseFilter())).cases] == [True]
        assert (await opened.desk.cases(CaseFilter(attention=True))).total == 1

    # ------------------------------------------------------------ figures

    async def test_a_figure_holds_the_course_of_a_case_X26(self, opened: Rig) -> None:
        made = offer("1", OfferKind.TRAINING, OfferStatus.MADE)
        said = RetentionRecord(offers=(made,), decision=decision(Outcome.DECLINED))
        await opened.crm.record(record(minutes=120, stage="awaiting_formalization", retention=said))
        await opened.crm.record(record(minutes=800, stage="notice", formalization=cases.formalization()))
        (figure,) = await opened.desk.figures(OPENED, OPENED + timedelta(days=1))
        assert (figure.channel, figure.reason, figure.decision) == ("whatsapp", "price", "declined")
        assert (figure.offers, figure.accepted, figure.decided_by) == (("training",), (), "Ana Lima")
        assert figure.declined_at == OPENED + timedelta(minutes=120)
        assert figure.notice_at == OPENED + timedelta(minutes=800)
        assert (figure.monthly, figure.outcome, figure.back_at) == (Decimal("100.00"), None, None)
        assert await opened.desk.figures(OPENED - timedelta(days=1), OPENED) == []

    async def test_who_formalised_before_the_outcome_has_stayed_with_the_decision_too_X18_X26(
        self, opened: Rig
    ) -> None:
        said = RetentionRecord(offers=(), decision=decision(Outcome.DECLINED))
        formalized = cases.formalization()
        await opened.crm.record(record(minutes=120, stage="notice", retention=said, formalization=formalized))
        (figure,) = await opened.desk.figures(OPENED, OPENED + timedelta(days=1))
        assert figure.declined_at == OPENED + timedelta(hours=2)

    async def test_the_figures_of_e_mails_open_to_the_very_e_mails_that_they_count_X26(
        self, opened: Rig
    ) -> None:
        in_case = await arrives(opened, "<a@acme.com.br>", MailFate.UNDECIDED)
        in_none = await arrives(opened, "<b@acme.com.br>", MailFate.TASK, minutes=6)
        automatic = await arrives(opened, "<c@acme.com.br>", MailFate.AUTOMATIC, minutes=7)
        await arrives(opened, "<d@acme.com.br>", MailFate.RECORDED, minutes=60 * 24)
        await opened.crm.record(record(open_tasks=(cases.task("mail:<a@acme.com.br>", title="Decidir"),)))
        await opened.ledger.open_task(mail_task(in_none, "<b@acme.com.br>", minutes=30))
        await opened.ledger.close_task(in_none, "Ana Lima", OPENED + timedelta(hours=2))
        # Ordered anew, such as when the case ends: the e-mail came when it came.
        again = cases.task("mail:<a@acme.com.br>", title="Decidir")
        await opened.crm.record(record(minutes=60 * 48, open_tasks=(again,)))
        period = (OPENED, OPENED + timedelta(hours=23))
        arrived = await opened.desk.mails_arrived(*period, most=9)
        acme = "Acme Comércio de Ferragens Ltda"
        assert [(mail.sha256, mail.fate, mail.company) for mail in arrived] == [
            (in_case, MailFate.UNDECIDED, acme),
            (in_none, MailFate.TASK, acme),
            (automatic, MailFate.AUTOMATIC, acme),
        ]
        left = await opened.desk.mails_left(*period, most=9)
        waiting, settled = sorted(left, key=lambda mail: mail.settled_at is not None)
        assert (waiting.sha256, waiting.title, waiting.settled_at) == (in_case, "Decidir", None)
        assert waiting.protocol is not None
        assert (settled.sha256, settled.title) == (in_none, "Ler e decidir")
        assert (settled.protocol, settled.settled_at) == (None, OPENED + timedelta(hours=2))
        assert await opened.desk.mail_figures(*period) == (len(arrived), len(left))
        assert len(await opened.desk.mails_arrived(*period, most=1)) == 1
        assert len(await opened.desk.mails_left(*period, most=1)) == 1

    async def test_the_report_of_sixty_cases_is_what_was_counted_by_hand_X26(self, rig: Rig) -> None:
        await sixty_cases(rig)
        since, until = OPENED - timedelta(days=1), OPENED + timedelta(days=30)
        found = await rig.desk.figures(since, until)
        mails = await rig.desk.mail_figures(since, until)
        told = figures_of(found, mails, since, until, NOW)
        assert {step.code: step.count for step in told.funnel} == {
            "opened": 60, "offered": 40, "decided": 55, "retained": 30, "declined": 25, "formalized": 0,
            "withdrawn": 0, "closed": 0, "lapsed": 25, "discarded": 2, "open": 3,
        }  # fmt: skip
        (everything,) = told.saves[Dimension.ALL]
        # Thirty stayed: two asked again within thirty days, and four were kept less than thirty days ago.
        assert (everything.count, everything.of) == (24, 51)
        assert (round(everything.low, 3), round(everything.high, 3)) == (0.341, 0.605)
        by_reason = {rate.code: (rate.count, rate.of) for rate in told.saves[Dimension.REASON]}
        assert by_reason == {"price": (24, 26), "competitor": (0, 25)}
        by_offer = {rate.code: (rate.count, rate.of) for rate in told.saves[Dimension.OFFER]}
        assert by_offer == {"plan_adjustment": (24, 36), "—": (0, 15)}
        by_person = {rate.code: (rate.count, rate.of) for rate in told.saves[Dimension.PERSON]}
        assert by_person == {"Ana Lima": (24, 26), "Bia Reis": (0, 25)}
        by_channel = {rate.code: (rate.count, rate.of) for rate in told.saves[Dimension.CHANNEL]}
        assert by_channel == {"phone": (24, 26), "whatsapp": (0, 25)}
        (month,) = told.months
        assert (month.kept, month.lost, month.undecided) == (
            Decimal("4900.00"), Decimal("0.00"), Decimal("700.00"),
        )  # fmt: skip
        assert (told.answered.count, told.answered.of) == (55, 58)
        retention = told.stages[0]
        assert (retention.cases, retention.median_hours) == (57, 2.0)

    # ------------------------------------------------------------ sessions

    async def test_a_session_lives_until_its_end_and_while_it_is_used_X24(self, rig: Rig) -> None:
        token, start = "ab" * 32, OPENED
        await rig.sessions.start_session(token, "ana", start, start + timedelta(hours=10))

        async def login(hours: float) -> str | None:
            now = start + timedelta(hours=hours)
            return await rig.sessions.login_of(token, now, now - timedelta(hours=2))

        assert [await login(1.5), await login(3), await login(4.9)] == ["ana", "ana", "ana"]
        assert await login(7) is None
        assert await rig.sessions.login_of("cd" * 32, start, start) is None

    async def test_a_session_ends_with_its_person_and_by_itself_X24(self, rig: Rig) -> None:
        ends = OPENED + timedelta(hours=10)
        for token, login in (("ab" * 32, "ana"), ("cd" * 32, "bia"), ("ef" * 32, "bia")):
            await rig.sessions.start_session(token, login, OPENED, ends)
        await rig.sessions.end_session("ab" * 32)
        await rig.sessions.end_sessions_of("bia")
        for token in ("ab" * 32, "cd" * 32, "ef" * 32):
            assert await rig.sessions.login_of(token, OPENED, OPENED) is None
        await rig.sessions.start_session("01" * 32, "ana", OPENED, ends)
        assert await rig.sessions.login_of("01" * 32, ends, OPENED) is None


async def arrives(rig: Rig, message_id: str, fate: MailFate, minutes: float = 5) -> str:
    """An e-mail of customer 1042 that was handled; the hash of its original."""
    at = OPENED + timedelta(minutes=minutes)
    original = await rig.crm.keep_original(f"Message-ID: {message_id}\r\n\r\nOi".encode(), at)
    entry = MailEntry(
        id=f"mail-{original.sha256}",
        sha256=original.sha256,
        message_id=message_id,
        content_sha256=original.sha256,
        received_at=at,
        envelope=("comercial@nuvemjti.com.br",),
        source="smtp",
    )
    await rig.ledger.register(entry)
    outcome = MailOutcome(fate=fate, action="triage", customer_id="1042")
    await rig.ledger.settle(entry.id, outcome, ("Há um anexo que não foi lido.",), at)
    return original.sha256


def mail_task(sha256: str, reported_as: str, minutes: float) -> MailTask:
    return MailTask(
        sha256=sha256,
        reported_as=reported_as,
        customer_id="1042",
        title="Ler e decidir",
        text="…",
        opened_at=OPENED + timedelta(minutes=minutes),
    )


async def sixty_cases(rig: Rig) -> None:
    """Sixty cases whose figures are known: see the test that counts them.

    | cases | what became of them |
    |---|---|
    | 24 | by telephone, price, offered a plan, Ana, retained in November: 100 a month each |
    | 2 | the same, and asked again within thirty days |
    | 4 | the same, retained a day before the report is told |
    | 10 | by WhatsApp, competitor, offered a plan, Bia, declined and lapsed: 100 a month each |
    | 15 | the same without an offer |
    | 2 | discarded |
    | 3 | open |
    """
    number = 3000

    async def case(
        channel: Channel,
        *,
        offered: bool,
        said: RetentionDecision | None,
        stage: str,
        outcome: str | None,
        ended: datetime | None,
    ) -> str:
        nonlocal number
        number += 1
        customer_id, case_id = str(number), f"case-{number}"
        await rig.provision(seed(customer_id))
        request = Request(channel=channel, text="", actor="bot", at=OPENED)
        await rig.crm.open_case(opening(customer_id, case_id, request=request))
        plan = offer("1", OfferKind.PLAN_ADJUSTMENT, OfferStatus.MADE)
        retention = RetentionRecord(offers=(plan,) if offered else (), decision=said)
        decided = said.at if said else OPENED + timedelta(hours=2)
        if said is not None or offered:
            first = "awaiting_formalization" if outcome == "lapsed" else "retention"
            minutes = (decided - OPENED).total_seconds() / 60
            await rig.crm.record(
                record(
                    case_id=case_id,
                    customer_id=customer_id,
                    minutes=minutes,
                    stage=first,
                    retention=retention,
                )
            )
        if outcome is not None and ended is not None:
            minutes = (ended - OPENED).total_seconds() / 60
            await rig.crm.record(
                record(
                    case_id=case_id, customer_id=customer_id, minutes=minutes, stage=stage, outcome=outcome
                )
            )
        return customer_id

    stays = decision(Outcome.RETAINED)
    soon, recently = OPENED + timedelta(hours=2), NOW - timedelta(days=1)
    back = []
    for ended, count in ((soon, 26), (recently, 4)):
        for _ in range(count):
            back.append(
                await case(
                    Channel.PHONE, offered=True, said=stays, stage="retained", outcome="retained", ended=ended
                )
            )
    goes = decision(Outcome.DECLINED, ReasonCategory.COMPETITOR, actor="Bia Reis")
    for offered, count in ((True, 10), (False, 15)):
        for _ in range(count):
            await case(
                Channel.WHATSAPP,
                offered=offered,
                said=goes,
                stage="lapsed",
                outcome="lapsed",
                ended=OPENED + timedelta(days=31),
            )
    for _ in range(2):
        await case(
            Channel.EMAIL, offered=False, said=None, stage="discarded", outcome="discarded", ended=soon
        )
    for _ in range(3):
        await case(Channel.EMAIL, offered=False, said=None, stage="retention", outcome=None, ended=None)
    for customer_id in back[:2]:
        # Within thirty days of the end, and after the period that is told of.
        again = OPENED + timedelta(days=30, hours=1)
        await rig.crm.open_case(opening(customer_id, f"again-{customer_id}", opened_at=again))
