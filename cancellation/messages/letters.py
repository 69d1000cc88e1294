"""The e-mails of the process, by their meaning; words are in templates (P2, P6, P7, P13, P18, X12)."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from pydantic import AwareDatetime, SerializerFunctionWrapHandler, model_serializer, model_validator

from cancellation.domain.notice import Notice
from cancellation.domain.state import Held
from cancellation.domain.values import Channel, Contact, Offer, Reason, Released, Team, Value
from cancellation.messages.recordings import Archive
from cancellation.messages.telephony import Inventory


class LetterKind(StrEnum):
    """Every message that the process sends; each has a template of the same name."""

    REQUEST_TO_COMMERCIAL = "request_to_commercial"
    """P2: a customer asks to cancel, act now."""
    REQUEST_RECEIVED = "request_received"
    """X12: the customer's protocol number."""
    SCRIPT = "script"
    """P6: the whole script for a customer who stays with the decision."""
    WHAT_IS_MISSING = "what_is_missing"
    """P7: exactly what the formalization lacks."""
    MAIL_TO_DECIDE = "mail_to_decide"
    """X9: an e-mail that Commercial has to vouch for or not."""
    NOTICE_STARTED = "notice_started"
    """P8: to the customer, with dates."""
    FINAL_BILLING = "final_billing"
    """P13: to Finance."""
    SHUTDOWN_PLAN = "shutdown_plan"
    """P13: to Support, with the inventory that will be released."""
    RECORDINGS_READY = "recordings_ready"
    """P10: the download link."""
    NO_RECORDINGS = "no_recordings"
    """P10: there was nothing to deliver."""
    RETAINED = "retained"
    """P5: to the customer who stays, with what was agreed."""
    WITHDRAWN = "withdrawn"
    """X3: to the customer."""
    WITHDRAWN_TO_TEAM = "withdrawn_to_team"
    """X3 or a stopped execution: to Finance and Support, everything planned is undone."""
    LAPSED = "lapsed"
    """X5: to the customer."""
    LAPSED_TO_COMMERCIAL = "lapsed_to_commercial"
    """X5: to Commercial."""
    DISCARDED_TO_COMMERCIAL = "discarded_to_commercial"
    """An operator or a stopped execution ended the case."""
    CLOSED = "closed"
    """P18: confirmation to the customer, naming numbers still held."""
    HOLD_ENDED = "hold_ended"
    """X6: to the customer, a held number was ported or released."""
    CLOSED_TO_TEAM = "closed_to_team"
    """To Finance and Support: what was closed."""
    ATTENTION = "attention"
    """X7: to a team, a step keeps failing."""
    REMIND_COMMERCIAL = "remind_commercial"
    """X4."""
    REMIND_FORMALIZATION = "remind_formalization"
    """X4."""
    REMIND_PORTABILITY = "remind_portability"
    """X4."""
    REMIND_LINK = "remind_link"
    """X4."""
    UNDELIVERED = "undelivered"
    """To Commercial: a message to the customer was refused for good by the mail server."""

    @property
    def label(self) -> str:
        """What the message is, in Portuguese, for the trail and for people."""
        return _LABELS[self]


_LABELS = {
    LetterKind.REQUEST_TO_COMMERCIAL: "aviso do pedido ao Comercial",
    LetterKind.REQUEST_RECEIVED: "confirmação do pedido, com o protocolo",
    LetterKind.SCRIPT: "orientações para formalizar o cancelamento",
    LetterKind.WHAT_IS_MISSING: "aviso do que falta na formalização",
    LetterKind.MAIL_TO_DECIDE: "e-mail a conferir pelo Comercial",
    LetterKind.NOTICE_STARTED: "confirmação da formalização, com as datas do aviso prévio",
    LetterKind.FINAL_BILLING: "aviso de faturamento final ao Financeiro",
    LetterKind.SHUTDOWN_PLAN: "planejamento de desligamento ao Suporte",
    LetterKind.RECORDINGS_READY: "link para baixar as gravações",
    LetterKind.NO_RECORDINGS: "aviso de que não há gravações a entregar",
    LetterKind.RETAINED: "confirmação de que o cliente permanece",
    LetterKind.WITHDRAWN: "confirmação da desistência do cancelamento",
    LetterKind.WITHDRAWN_TO_TEAM: "aviso interno de que o cancelamento foi desfeito",
    LetterKind.LAPSED: "aviso de fim do prazo para formalizar",
    LetterKind.LAPSED_TO_COMMERCIAL: "aviso ao Comercial de fim do prazo para formalizar",
    LetterKind.DISCARDED_TO_COMMERCIAL: "aviso ao Comercial de caso descartado",
    LetterKind.CLOSED: "confirmação de encerramento",
    LetterKind.HOLD_ENDED: "aviso sobre número mantido para portabilidade",
    LetterKind.CLOSED_TO_TEAM: "aviso interno de encerramento",
    LetterKind.ATTENTION: "pedido de atenção",
    LetterKind.REMIND_COMMERCIAL: "lembrete ao Comercial",
    LetterKind.REMIND_FORMALIZATION: "lembrete da formalização",
    LetterKind.REMIND_PORTABILITY: "lembrete do prazo de portabilidade",
    LetterKind.REMIND_LINK: "lembrete do link das gravações",
    LetterKind.UNDELIVERED: "aviso de mensagem não entregue",
}


class Brief(Value):
    """A value that leaves out, as JSON, what is not said: histories stay small."""

    @model_serializer(mode="wrap", when_used="json")
    def _what_is_said(self, whole: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in whole(self).items() if value not in (None, [])}


class LetterFacts(Brief):
    """What templates may need; each template uses what it needs and the workflow fills that."""

    customer_id: str
    customer_name: str
    protocol: str
    at: AwareDatetime
    channel: Channel | None = None
    request_text: str | None = None
    contact: Contact | None = None
    reason: Reason | None = None
    """Why the customer leaves."""
    words: str | None = None
    """Free words: why a case was withdrawn or discarded, what a step's failure is."""
    clause: str | None = None
    notice_days: int | None = None
    mailboxes: tuple[str, ...] = ()
    formalization_until: date | None = None
    """Last day on which the formalization may still come (X5)."""
    notice: Notice | None = None
    missing: tuple[str, ...] = ()
    """Codes of contract.md, such as `recipient:<mailbox>` or `explicit_request`."""
    mail_message_id: str | None = None
    mail_sender: str | None = None
    mail_subject: str | None = None
    numbers: tuple[str, ...] = ()
    """Customer-owned numbers."""
    port_until: date | None = None
    """The last safe day to ask for portability (X4)."""
    held: tuple[Held, ...] = ()
    recordings: bool | None = None
    """Whether the customer has already asked for the recordings."""
    archive: Archive | None = None
    inventory: Inventory | None = None
    released: Released | None = None
    offers: tuple[Offer, ...] = ()
    invoice_total: Decimal | None = None
    voided_charges: int | None = None
    step: str | None = None
    """The step that needs attention, in Portuguese."""
    undelivered: LetterKind | None = None


class Letter(Brief):
    """One message to one audience; sent once whatever happens, by its key."""

    key: str
    """Idempotency key: case id, kind, ordinal."""
    case_id: str
    kind: LetterKind
    team: Team | None = None
    """The team that gets it; None: the customer, at the addresses in `to`."""
    to: tuple[str, ...] = ()
    in_reply_to: str | None = None
    """Message-ID of the e-mail that this answers."""
    references: tuple[str, ...] = ()
    """Earlier Message-IDs of the thread, oldest first."""
    facts: LetterFacts


class LetterBatch(Value):
    """Messages of one moment, sent together. As JSON, facts that they share are written once."""

    letters: tuple[Letter, ...]

    @model_serializer(mode="wrap", when_used="json")
    def _shared_facts_once(self, whole: SerializerFunctionWrapHandler) -> dict[str, Any]:
        letters = whole(self)["letters"]
        first, *others = [one["facts"] for one in letters] or [{}]
        shared = {
            name: value for name, value in first.items() if all(facts.get(name) == value for facts in others)
        }
        for one in letters:
            one["facts"] = {name: value for name, value in one["facts"].items() if name not in shared}
        return {"facts": shared, "letters": letters}

    @model_validator(mode="before")
    @classmethod
    def _facts_of_each(cls, given: Any) -> Any:
        if not isinstance(given, dict) or "facts" not in given:
            return given
        return {"letters": [one | {"facts": given["facts"] | one["facts"]} for one in given["letters"]]}


class Delivery(Value):
    """What became of one letter."""

    key: str
    kind: LetterKind
    message_id: str
    refused: str | None = None
    """The mail server's permanent refusal, without addresses; None when somebody got it."""
    put_off: bool = False
    """It cannot go now, and neither can what comes after it to the same audience."""
    partly_refused: str | None = None
    """Of a letter that somebody got: the permanent refusal of other recipients, without addresses."""


class DeliveryReport(Value):
    """One delivery a letter, in order."""

    deliveries: tuple[Delivery, ...]
