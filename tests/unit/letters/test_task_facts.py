"""What the records add to the tasks of a case: whom to call, and where to work (P2, X24)."""

from cancellation.application.letter_facts import known_customer
from cancellation.domain.values import Team
from cancellation.language import commands
from cancellation.letters import task_facts
from cancellation.messages.crm import TaskOrder
from tests.unit.letters.examples import ORIGINAL
from tests.unit.letters.test_told import ACCOUNT

TASK = TaskOrder(key="commercial", team=Team.COMMERCIAL, title="Falar com o cliente", text="Protocolo: X")


def test_commercials_first_task_says_whom_to_call_and_what_is_at_stake_P2() -> None:
    text = task_facts.with_customer(TASK, ACCOUNT, known_customer(ACCOUNT, "this")).text
    assert text.splitlines() == [
        "Protocolo: X",
        "",
        "Quem é o cliente",
        "Empresa: Acme Comércio de Ferragens Ltda",
        "Plano: PABX em nuvem; Tronco SIP",
        "Valor mensal: R$ 859,00",
        "Cliente desde: 15/03/2021",
        "Casos anteriores: 01/01/2025 (Retido)",
        "Contato autorizado: Rita Souza, +55 (11) 99999-0000, rita@acme.com.br",
    ]


def test_a_task_leads_to_its_case_where_there_is_a_desk_X24() -> None:
    led = task_facts.with_page(TASK, "https://mesa", "CAN-1")
    assert led.text == "Protocolo: X\n\nAbrir o caso: https://mesa/caso/CAN-1"
    assert task_facts.with_page(TASK, "", "CAN-1") == TASK


def test_a_task_about_an_e_mail_leads_to_its_page_instead_of_commands_where_there_is_a_desk_X24() -> None:
    how = (
        f"Para ler o original:\n{commands.show(ORIGINAL)}\nSe for um pedido:\n{commands.confirm(ORIGINAL)}\n"
        f"Se não for:\n{commands.refuse(ORIGINAL)}"
    )
    task = TASK.model_copy(update={"text": f"Remetente: x@y.z\n\nAté a decisão o e-mail não conta.\n{how}"})
    assert task_facts.with_page(task, "", "CAN-1") == task
    assert task_facts.with_page(task, "https://mesa", "CAN-1").text == (
        "Remetente: x@y.z\n\nAté a decisão o e-mail não conta.\n\n"
        f"Ler e decidir: https://mesa/email/{ORIGINAL}\nAbrir o caso: https://mesa/caso/CAN-1"
    )
