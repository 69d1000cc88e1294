"""How a message becomes a fact of a case, or a recorded refusal: the same for signals and updates (X8)."""

from datetime import datetime

from pydantic import BaseModel
from pydantic_core import from_json

from cancellation.domain.case import Case
from cancellation.domain.events import FieldsFilled
from cancellation.domain.letter_kinds import LetterKind
from cancellation.domain.refusal import Refused, RuleBroken, refuse
from cancellation.domain.values import FormalizationMail, Offer, Port, RecordingsRequest, Request
from cancellation.language.refusals import worded
from cancellation.messages.envelope import Message, read
from cancellation.messages.facts import (
    SIGNALS,
    BounceMessage,
    DiscardMessage,
    FormalizationMessage,
    PortabilityMessage,
    RecordingsRequestMessage,
    RequestMessage,
    ResendMessage,
    RetentionOfferMessage,
    RetentionOutcomeMessage,
    WithdrawalMessage,
)
from cancellation.messages.status import Answer

UNKNOWN_ACTOR = "não informado"


class Incoming(BaseModel):
    """A message as it arrived: JSON bytes, or the problem that kept it from being that."""

    name: str
    data: bytes = b""
    unreadable: str | None = None
    """Why there is no JSON at all: encoding, number of arguments."""


def take(case: Case, incoming: Incoming, now: datetime, new_id: str) -> Answer:
    """Apply a message to the case and answer it.

    `new_id` is the message id for a sender who left it out.

    Raises:
        Refused: nothing changed, except that the refusal is in the trail and in `status.refused`.
    """
    case.count_message()
    message_id, actor = _identify(incoming)
    try:
        message = _read(incoming)
        with case.caused_by(message.message_id or new_id):
            answer = _answer(case, incoming.name, message, now, new_id)
    except (Refused, RuleBroken) as refusal:
        refused = refusal if isinstance(refusal, Refused) else Refused(worded(refusal))
        with case.caused_by(message_id):
            case.record_refusal(incoming.name, message_id, actor, refused.problems, now)
        if incoming.name == "request" and case.stage.is_terminal:
            case.let_letters_go(now)
        raise refused from None
    return answer


def _answer(case: Case, name: str, message: Message, now: datetime, new_id: str) -> Answer:
    opened = _is_opening(case, message)
    duplicate = False if opened else _take(case, name, _complete(message, new_id, now), now)
    if opened:
        case.answer_opening()
    elif not duplicate:
        note_filled(case, message, now)
    return Answer(stage=case.stage, protocol=case.protocol, duplicate=duplicate, opened=opened)


def opening_answer(case: Case, answer: Answer, now: datetime) -> Answer:
    """What whoever opened the case hears, once the CRM has answered or is known to be away.

    Raises:
        Refused: the CRM does not know the customer; Commercial has the contact. It is in the trail (X8).
    """
    try:
        case.check_customer()
    except RuleBroken as broken:
        refused = Refused(worded(broken))
        with case.caused_by(case.opening_id):
            case.record_refusal("request", case.opening_id, case.contacts[0].actor, refused.problems, now)
        raise refused from None
    return answer.model_copy(update={"stage": case.stage})


def opening_request(message: RequestMessage, now: datetime, new_id: str) -> tuple[RequestMessage, Request]:
    """The start argument's request, completed, as message and as fact."""
    completed = _complete(message, new_id, now)
    assert isinstance(completed, RequestMessage)
    return completed, _request(completed, now)


def content_of(message: Message) -> str:
    """What a message says, without envelope: what two sendings of the same message share."""
    return message.model_dump_json(exclude={"message_id", "occurred_at", "actor"})


def _is_opening(case: Case, message: Message) -> bool:
    """Whether this is the request that opened the case, sent along with the start to hear the answer (X1).

    Raises:
        Refused: it has the opening's id and says something else.
    """
    if case.opening_answered or message.message_id != case.opening_id:
        return False
    known = isinstance(message, RequestMessage)
    return known and case.is_repeated("request", case.opening_id, content_of(message))


def _read(incoming: Incoming) -> Message:
    model = SIGNALS.get(incoming.name)
    if model is None:
        known = ", ".join(SIGNALS)
        raise refuse("name", f"mensagem desconhecida; aceitas: {known}")
    if incoming.unreadable is not None:
        raise refuse("payload", incoming.unreadable)
    return read(model, incoming.data)


def _take(case: Case, name: str, message: Message, now: datetime) -> bool:
    """Apply a completed message; True if it was a repetition."""
    message_id, actor = message.message_id or "", message.actor or UNKNOWN_ACTOR
    content = content_of(message)
    repeated = case.is_repeated(name, message_id, content)
    if isinstance(message, FormalizationMessage):
        repeated = repeated or case.knows_mail(_mail(message))
    if repeated:
        case.record_repeat(name, message_id, actor, now)
        return True
    _apply(case, message, actor, now)
    case.remember(name, message_id, content)
    return False


def _apply(case: Case, message: Message, actor: str, now: datetime) -> None:
    at = message.occurred_at or now
    match message:
        case RequestMessage():
            case.receive_request(_request(message, now), now)
        case RetentionOfferMessage():
            case.record_offer(
                Offer(
                    offer_id=message.offer_id,
                    kind=message.kind,
                    description=message.description,
                    status=message.status,
                    actor=actor,
                    at=at,
                ),
                now,
            )
        case RetentionOutcomeMessage():
            case.record_outcome(message.outcome, message.reason, message.notes, actor, now, at)
        case FormalizationMessage():
            case.receive_formalization(_mail(message), actor, now)
        case PortabilityMessage():
            port = Port(
                number=message.number, status=message.status, operator=message.operator, at=at, actor=actor
            )
            case.record_port(port, now)
        case RecordingsRequestMessage():
            wanted = RecordingsRequest(
                from_date=message.from_date,
                to_date=message.to_date,
                deliver_to=message.deliver_to,
                actor=actor,
                at=at,
            )
            case.request_recordings(wanted, now)
        case WithdrawalMessage():
            case.withdraw(message.reason, actor, now, at)
        case DiscardMessage():
            case.discard(message.reason, actor, now, at)
        case BounceMessage():
            case.hear_of_bounce(message.letter, message.status, actor, now)
        case ResendMessage():
            case.send_again(
                LetterKind(message.letter), message.wrong_address, message.right_address, actor, now
            )
        case _:
            raise refuse("name", "mensagem sem tratamento")


def _request(message: RequestMessage, now: datetime) -> Request:
    return Request(
        channel=message.channel,
        text=message.text,
        contact=message.contact,
        actor=message.actor or UNKNOWN_ACTOR,
        at=message.occurred_at or now,
    )


def _mail(message: FormalizationMessage) -> FormalizationMail:
    return FormalizationMail(
        message_id=message.message_id or "",
        sender=message.sender,
        recipients=message.recipients,
        received_at=message.received_at,
        subject=message.subject or "",
        explicit_request=message.explicit_request,
        reason=message.reason,
        authentication=message.authentication,
        original_sha256=message.original_sha256,
        original_ref=message.original_ref,
        confirmed_by=message.confirmed_by,
        refused_by=message.refused_by,
        doubts=message.doubts,
        request_words=message.request_words,
        unseen=message.unseen,
    )


def _complete(message: Message, new_id: str, now: datetime) -> Message:
    return message.model_copy(
        update={
            "message_id": message.message_id or new_id,
            "occurred_at": message.occurred_at or now,
            "actor": message.actor or UNKNOWN_ACTOR,
        }
    )


def note_filled(case: Case, message: Message, now: datetime) -> None:
    """The trail says which fields a person left out and the system filled (contract.md)."""
    filled = tuple(name for name in ("message_id", "occurred_at", "actor") if getattr(message, name) is None)
    if filled:
        case.note(FieldsFilled(fields=filled), now)


def _identify(incoming: Incoming) -> tuple[str | None, str]:
    """Message id and actor of a message that may be refused, as far as they can be read."""
    try:
        found = from_json(incoming.data)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        return None, UNKNOWN_ACTOR
    message_id, actor = found.get("message_id"), found.get("actor")
    return (
        message_id[:200] if isinstance(message_id, str) else None,
        actor[:200] if isinstance(actor, str) and actor.strip() else UNKNOWN_ACTOR,
    )
