"""What a task says that the case does not know itself: the customer as the records have it, and its page (X24)."""

from cancellation.language import commands
from cancellation.letters import clean, phrases
from cancellation.messages.crm import TaskOrder
from cancellation.messages.desk import Account
from cancellation.messages.letter_contents import KnownCustomer


def with_customer(order: TaskOrder, account: Account, known: KnownCustomer) -> TaskOrder:
    """The task with whom Commercial is about to call, and what is at stake (P2)."""
    lines = [
        "",
        "Quem é o cliente",
        f"Empresa: {account.customer.name}",
        *(f"{label}: {value}" for label, value in phrases.customer_rows(known) if value),
        *(f"Contato autorizado: {line}" for line in phrases.caller_lines(known)),
    ]
    return order.model_copy(update={"text": "\n".join([order.text, *map(clean.line, lines)])})


def with_page(order: TaskOrder, desk_url: str, case: str) -> TaskOrder:
    """The task with the address of its case, by protocol or case id; as it is where there is no desk.

    One about an e-mail leads to that e-mail's page, where it is decided, instead of giving commands.
    """
    if not desk_url:
        return order
    mail = commands.mail_in(order.text)
    page = f"Ler e decidir: {desk_url}/email/{mail}\n" if mail else ""
    text = f"{commands.without(order.text)}\n\n{page}Abrir o caso: {desk_url}/caso/{case}"
    return order.model_copy(update={"text": text})
