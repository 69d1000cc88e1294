"""What other systems rely on, once: types, queue, search attributes, facts (contract.md).

Handlers, client, command line and published schemas are held against these tables by tests.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from temporalio.common import SearchAttributeKey

from cancellation.messages.envelope import Message
from cancellation.messages.facts import SIGNALS

CANCELLATION: Final = "Cancellation"
"""Workflow type of a case."""
INCOMING_MAIL: Final = "IncomingMail"
"""Workflow type of one delivery of one e-mail."""
UNDECIDED_MAIL: Final = "UndecidedMail"
"""Workflow type of one e-mail of no case that waits for a person."""
RECONCILIATION: Final = "Reconciliation"
"""Workflow type that holds the records against the engine; a Schedule starts it."""
CANCELLATIONS: Final = "cancellations"
"""Task queue of cases."""
INCOMING_MAILS: Final = "incoming-mail"
"""Task queue of incoming mail: whatever arrives there never takes a case's slot."""
TASK_TIMEOUT: Final = timedelta(seconds=5)
"""For so long the server waits for a worker that took a workflow task and says nothing; what starts a case asks for it.

The server's own ten seconds are how long a worker that was killed would be missed. Much less would not do: ten
thousand messages in one task take a busy machine three.
"""
PREVIEW_END: Final = "preview_end"
"""Activity on the queue of cases that a client runs by itself: the end in figures (X25)."""
CHECKED: Final = "_checked"
"""Suffix of the update that takes the same payload as a signal, and answers."""

STAGE: Final = SearchAttributeKey.for_keyword("CancellationStage")
CUSTOMER: Final = SearchAttributeKey.for_keyword("CancellationCustomer")
PROTOCOL: Final = SearchAttributeKey.for_keyword("CancellationProtocol")
REASON: Final = SearchAttributeKey.for_keyword("CancellationReason")
CHANNEL: Final = SearchAttributeKey.for_keyword("CancellationChannel")
NOTICE_END: Final = SearchAttributeKey.for_datetime("CancellationNoticeEnd")
ATTENTION: Final = SearchAttributeKey.for_keyword_list("CancellationAttention")

SEARCH_ATTRIBUTES: Final[dict[str, str]] = {
    STAGE.name: "Keyword",
    CUSTOMER.name: "Keyword",
    PROTOCOL.name: "Keyword",
    REASON.name: "Keyword",
    CHANNEL.name: "Keyword",
    NOTICE_END.name: "Datetime",
    ATTENTION.name: "KeywordList",
}
"""Name to type, in the words of the `temporal` command. Never encrypted; they hold no personal data."""


@dataclass(frozen=True)
class Fact:
    """A fact that others report: a signal, and an update that answers."""

    name: str
    model: type[Message]
    description: str
    """What the Web UI's drop-down says."""
    command: str | None
    """The command of `cancelamento` that reports it."""

    @property
    def update(self) -> str:
        """The name of the update."""
        return f"{self.name}{CHECKED}"


FACTS: Final = tuple(
    Fact(name, SIGNALS[name], description, command)
    for name, description, command in (
        ("request", "Novo contato do cliente que pede o cancelamento", "open"),
        ("retention_offer", "Oferta de retenção feita, aceita ou recusada", "offer"),
        ("retention_outcome", "Resultado da retenção, com o motivo", "outcome"),
        ("formalization", "E-mail de formalização recebido", "formalize"),
        ("portability", "Portabilidade de um número", "portability"),
        ("recordings_request", "Cliente pediu as gravações", "recordings"),
        ("withdrawal", "Cliente desistiu do cancelamento durante o aviso prévio", "withdraw"),
        ("discard", "Descartar um caso aberto por engano", "discard"),
        ("bounce", "Mensagem nossa devolvida depois do envio", None),
        ("resend", "Enviar uma mensagem ao cliente de novo, com o e-mail corrigido se preciso", "resend"),
    )
)
