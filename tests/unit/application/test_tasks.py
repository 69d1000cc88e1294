"""What teams read in CRM tasks: Portuguese without codes, and what there is to do."""

import re
from datetime import timedelta

import pytest

from cancellation.application import tasks
from cancellation.domain.commands import OpenTask, TaskKind
from cancellation.domain.inventory import Inventory, Number, Resource, ResourceKind
from cancellation.domain.letter_kinds import LetterKind, LetterOrder
from cancellation.domain.stage import Stage
from cancellation.domain.values import MOST_LEFT_OUT, Channel, Contact, OfferStatus, Released, Team
from cancellation.language import vocabulary
from cancellation.messages.crm import TaskOrder
from tests.unit.domain.build import OPENED, OWN_NUMBER, at_stage, in_notice, mail, offer, request
from tests.unit.domain.codes import codes_in

REFUSAL = "550 5.1.1 User unknown"
INVENTORY = Inventory(
    customer_id="1042",
    extensions=(Resource(kind=ResourceKind.EXTENSION, resource_id="1", label="200", active=True),),
    trunks=(Resource(kind=ResourceKind.TRUNK, resource_id="2", label="Matriz", active=True),),
    licences=(Resource(kind=ResourceKind.LICENCE, resource_id="3", label="PABX", active=True),),
    numbers=(Number(number=OWN_NUMBER, customer_owned=True),),
)
LETTERS = [LetterOrder(kind=kind, team=team) for kind in LetterKind for team in kind.audiences]


def every_task() -> list[TaskOrder]:
    case = in_notice()
    case.offers = [offer(status=OfferStatus.ACCEPTED)]
    asked = [request(channel=channel, contact=Contact(phone="+5511999990000")) for channel in Channel]
    return [
        *(tasks.call_customer("1042", one, case.protocol) for one in asked),
        *(tasks.answer_former_customer("1042", one, case.protocol) for one in asked),
        tasks.follow_formalization(at_stage(Stage.AWAITING_FORMALIZATION)),
        tasks.end_of_notice(case),
        tasks.final_billing(case),
        tasks.plan_shutdown(case, INVENTORY),
        tasks.decide_on_mail(mail(), ("sender", "authentication")),
        *tasks.deliver_offers(case),
        *(tasks.attend_to(step, OPENED) for step in ("read_inventory", "send_letters", "of_tomorrow")),
        tasks.attend_to("close_billing", OPENED, refusal="Contrato bloqueado"),
        *(tasks.call_about_undelivered(one, REFUSAL) for one in LETTERS),
        tasks.record_outcome(at_stage(Stage.RETENTION)),
        tasks.ask_why_stopped(case),
        tasks.ask_why_stopped(at_stage(Stage.RETENTION)),
        *(tasks.look_at_recordings("1042", ["ligação.mp3"], 1, purging=purging) for purging in (True, False)),
    ]


def test_tasks_are_read_without_codes_P2_P13_P14() -> None:
    for task in every_task():
        # A command and the field that somebody is told to use are quoted as they are typed.
        text = re.sub(r"`[^`]*`|1042/\S+|of_tomorrow", "", f"{task.title}\n{task.text}")
        assert not codes_in(text), text


def everything_wished() -> list[OpenTask]:
    """A task of every kind, as a case owes it."""
    about = {
        TaskKind.DECIDE_ON_MAIL: "<1@acme.com.br>",
        TaskKind.DELIVER_OFFER: "o1",
        TaskKind.ATTENTION: "send_letters:customer",
        TaskKind.UNDELIVERED: "script:customer:",
    }
    return [
        OpenTask(
            task=kind,
            about=about.get(kind, ""),
            step="send_letters",
            since=OPENED,
            letter=LetterOrder(kind=LetterKind.SCRIPT),
            words="a.wav",
            names=("a.wav",),
            count=1,
        )
        for kind in TaskKind
    ]


@pytest.mark.parametrize("wish", everything_wished(), ids=lambda wish: wish.task.value)
def test_a_task_has_in_the_crm_the_key_by_which_the_case_closes_it_P14_X7(wish: OpenTask) -> None:
    case = in_notice()
    case.offers = [offer(status=OfferStatus.ACCEPTED)]
    made = tasks.order(case, wish)
    assert made is not None
    assert made.key == wish.key


def test_a_task_about_what_is_forgotten_is_not_made() -> None:
    wish = OpenTask(task=TaskKind.DECIDE_ON_MAIL, about="<long-gone@x>")
    assert tasks.order(in_notice(), wish) is None


def test_the_shutdown_task_lists_what_will_be_released_P13() -> None:
    lines = tasks.plan_shutdown(in_notice(), INVENTORY).text.splitlines()
    assert lines[1:] == ["- ramal 200", "- tronco Matriz", "- licença PABX", "- número +55 (11) 3000-0001"]


def test_the_shutdown_task_says_how_much_more_there_is_P13() -> None:
    more = INVENTORY.model_copy(update={"more": Released(extensions=1200, numbers=1)})
    lines = tasks.plan_shutdown(in_notice(), more).text.splitlines()
    assert lines[-2:] == ["- e mais 1.200 ramais", "- e mais 1 número"]


def test_task_about_a_former_customer_holds_all_of_the_first_one_X20() -> None:
    first = tasks.call_customer("1042", request(), "CAN-20261116-7F3KQ2")
    answer = tasks.answer_former_customer("1042", request(), "CAN-20261116-7F3KQ2")
    assert answer.key != first.key  # the end of the case closes every task but the lasting ones
    assert "já está cancelado" in answer.title
    assert answer.text.endswith(first.text)


@pytest.mark.parametrize("lost", LETTERS, ids=lambda lost: lost.key)
def test_task_about_a_lost_letter_names_letter_audience_and_what_to_do_X16(lost: LetterOrder) -> None:
    task = tasks.call_about_undelivered(lost, REFUSAL)
    to = lost.team.label if lost.team else "cliente"
    for fact in (f"Mensagem: {vocabulary.letter(lost.kind)}", f"Destinatário: {to}", f"Motivo: {REFUSAL}."):
        assert fact in task.text
    assert ("Falem com o cliente" in task.text) == (lost.team is None)
    assert (f"à equipe do {to}" in task.text) == (lost.team is not None)
    assert task.title == f"E-mail não entregue ({to}): {vocabulary.letter(lost.kind)}"
    assert "devolvido" in tasks.call_about_undelivered(lost, REFUSAL, came_back=True).title


def test_each_lost_letter_has_a_task_of_its_own_X16() -> None:
    orders = [*LETTERS, LetterOrder(kind=LetterKind.WHAT_IS_MISSING, ordinal="2")]
    keys = [tasks.call_about_undelivered(one, REFUSAL).key for one in orders]
    assert len(set(keys)) == len(keys)


def test_attention_task_says_since_when_and_where_X7() -> None:
    task = tasks.attend_to("read_inventory", OPENED + timedelta(hours=1))
    assert "Falha desde 16/11/2026 às 11h15 (horário de Brasília)" in task.text
    assert "na telefonia" in task.text
    assert task.team is Team.SUPPORT


def test_attention_task_for_a_refusal_says_who_must_act_X7() -> None:
    task = tasks.attend_to("close_billing", OPENED, team=Team.FINANCE, refusal="Contrato bloqueado")
    assert task.title == "Etapa recusada: Encerrar e conferir o faturamento"
    for fact in (
        *("Recusada em definitivo", "a equipe do Financeiro", "no faturamento"),
        "Resposta do sistema: Contrato bloqueado.",
    ):
        assert fact in task.text
    assert task.team is Team.FINANCE


def test_pieces_of_work_of_one_step_have_tasks_apart_X17() -> None:
    one, other = (tasks.attend_to("send_letters", OPENED, work=work) for work in ("script", "closed"))
    assert one.key != other.key
    assert one.key == tasks.attention_key("script")
    assert tasks.attend_to("send_letters", OPENED).key == tasks.attention_key("send_letters")


def test_reason_is_asked_for_after_the_button_of_the_web_ui_X18() -> None:
    case = in_notice()
    task = tasks.ask_why_stopped(case)
    assert task.team is Team.COMMERCIAL
    for fact in (case.protocol, "não pede motivo", "anotem o motivo", "datas informadas não valem mais"):
        assert fact in task.text, fact
    assert "datas" not in tasks.ask_why_stopped(at_stage(Stage.RETENTION)).text


@pytest.mark.parametrize("purging", [True, False])
def test_recordings_left_out_are_named_so_that_they_can_be_found_P10(purging: bool) -> None:
    task = tasks.look_at_recordings("1042", ["a\x07b.mp3", "ação.mp3"], 2, purging=purging)
    assert task.text.endswith("- a\\x07b.mp3\n- ação.mp3")
    assert "2 gravações do cliente 1042" in task.title
    assert all(c.isprintable() or c == "\n" for c in task.text)
    assert task.team is Team.SUPPORT


def test_very_many_recordings_left_out_still_make_a_task_P10() -> None:
    names = [f"{n:05d}-{'x' * 900}.mp3" for n in range(MOST_LEFT_OUT)]
    task = tasks.look_at_recordings("1042", names, 5000, purging=True)
    assert len(task.text) <= 30_000
    assert "5.000 gravações" in task.title
    assert task.text.endswith("\n- e mais 4.980")
