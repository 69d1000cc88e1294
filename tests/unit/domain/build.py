"""Cases and facts for the tests: complete and ordinary, to be spoilt by a test."""

import copy
from datetime import datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from cancellation.application.casefile import CaseFile
from cancellation.domain.case import Case
from cancellation.domain.commands import OpenCase, OpenTask, Owed, ReadInventory, SendLetter, TaskKind
from cancellation.domain.inventory import Inventory, Number, Resource, ResourceKind
from cancellation.domain.letter_kinds import LetterKind, LetterOrder
from cancellation.domain.policy import CancellationPolicy
from cancellation.domain.stage import Stage
from cancellation.domain.trail import TrailEntry
from cancellation.domain.values import (
    Authentication,
    Channel,
    FormalizationMail,
    Offer,
    OfferKind,
    OfferStatus,
    Outcome,
    Port,
    PortStatus,
    Reason,
    ReasonCategory,
    RecordingsRequest,
    Request,
)

C = TypeVar("C", bound=BaseModel)

ZONE = ZoneInfo("America/Sao_Paulo")
POLICY = CancellationPolicy()
FINANCE, COMMERCIAL = POLICY.mailboxes
RITA = "rita@acme.com.br"
OWN_NUMBER = "+551130000001"
OTHER_NUMBER = "+551130000002"
INVENTORY = Inventory(
    customer_id="1042",
    extensions=(Resource(kind=ResourceKind.EXTENSION, resource_id="1", label="200", active=True),),
    trunks=(Resource(kind=ResourceKind.TRUNK, resource_id="2", label="Matriz", active=True),),
    licences=(Resource(kind=ResourceKind.LICENCE, resource_id="3", label="PABX", active=True),),
    numbers=(
        Number(number=OWN_NUMBER, customer_owned=True, routes_to=("2",)),
        Number(number=OTHER_NUMBER, customer_owned=True),
        Number(number="+551130000009", customer_owned=False),
    ),
)
LETTER_ID = "<1@nuvemjti.com.br>"
"""The Message-ID of the letter of `with_letter_sent`."""
REASON = Reason(category=ReasonCategory.PRICE, text="Ficou caro demais")


def local(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    """An instant by the wall clock of São Paulo."""
    return datetime(year, month, day, hour, minute, second, tzinfo=ZONE)


OPENED = local(2026, 11, 16, 10, 15)
"""A Monday."""


def request(**changes: Any) -> Request:
    """The customer asks to cancel."""
    given: dict[str, Any] = {
        "channel": Channel.WHATSAPP,
        "text": "Quero cancelar",
        "actor": "bot",
        "at": OPENED,
    }
    return Request(**given | changes)


def mail(message_id: str = "<1@acme.com.br>", **changes: Any) -> FormalizationMail:
    """A complete formalization in one e-mail."""
    given: dict[str, Any] = {
        "message_id": message_id,
        "sender": RITA,
        "recipients": (FINANCE, COMMERCIAL),
        "received_at": OPENED + timedelta(hours=2),
        "subject": "Cancelamento",
        "explicit_request": True,
        "reason": "Ficou caro demais",
        "authentication": Authentication.PASS,
    }
    return FormalizationMail(**given | changes)


def offer(offer_id: str = "o1", **changes: Any) -> Offer:
    """Commercial makes an offer."""
    given: dict[str, Any] = {
        "offer_id": offer_id,
        "kind": OfferKind.PLAN_ADJUSTMENT,
        "description": "Plano de 5 ramais",
        "status": OfferStatus.MADE,
        "actor": "ana",
        "at": OPENED,
    }
    return Offer(**given | changes)


def port(number: str = OWN_NUMBER, status: PortStatus = PortStatus.REQUESTED, **changes: Any) -> Port:
    """The portability of a number moved on."""
    given: dict[str, Any] = {"number": number, "status": status, "at": OPENED, "actor": "ana"}
    return Port(**given | changes)


def recordings(**changes: Any) -> RecordingsRequest:
    """The customer wants all recordings."""
    given: dict[str, Any] = {"actor": "ana", "at": OPENED}
    return RecordingsRequest(**given | changes)


def opened(**changes: Any) -> Case:
    """A case with its first contact that Commercial has been given, of which the CRM has not answered yet."""
    given: dict[str, Any] = {
        "case_id": "run-1",
        "customer_id": "1042",
        "protocol": "CAN-20261116-7F3KQ2",
        "policy": POLICY,
        "opened_at": OPENED,
        "channel": Channel.WHATSAPP,
        "opening_id": "w1",
        "messages_seen": 1,
    }
    case = Case(**given | changes)
    case.receive_request(request(at=case.opened_at), case.opened_at)
    case.hand_to_commercial(case.opened_at)
    return case


def known(**changes: Any) -> Case:
    """A case in retention of a customer whom CRM and telephony know."""
    case = opened(**changes)
    case.learn_customer("Acme Ltda", [RITA], case.opened_at)
    case.note_done(one_owed(case, OpenCase).key, case.opened_at)
    case.learn_inventory(INVENTORY, case.opened_at)
    case.note_done(one_owed(case, ReadInventory).key, case.opened_at)
    return case


def declined(**changes: Any) -> Case:
    """A case that waits for the formalization since one hour after its opening."""
    case = known(**changes)
    now = case.opened_at + timedelta(hours=1)
    case.record_outcome(Outcome.DECLINED, REASON, None, "ana", now)
    case.send_script(now)
    return case


def in_notice(received_at: datetime = OPENED + timedelta(hours=2), **changes: Any) -> Case:
    """A case whose notice runs from `received_at`."""
    case = declined(**changes)
    case.receive_formalization(mail(received_at=received_at), "inbox", max(received_at, OPENED))
    assert case.stage is Stage.NOTICE
    return case


def in_closing(**changes: Any) -> Case:
    """A case whose notice has just ended."""
    case = in_notice(**changes)
    assert case.notice is not None
    case.end_notice(case.notice.ends_at)
    return case


def at_stage(stage: Stage) -> Case:
    """A case in any stage, reached as cases reach it."""
    now = OPENED + timedelta(hours=3)
    if stage is Stage.RETENTION:
        return known()
    if stage is Stage.AWAITING_FORMALIZATION:
        return declined()
    if stage is Stage.NOTICE:
        return in_notice()
    case = in_closing() if stage in (Stage.CLOSING, Stage.CLOSED) else declined()
    match stage:
        case Stage.CLOSED:
            assert case.notice is not None
            case.pass_point_of_no_return(case.notice.ends_at)
            case.finish(case.notice.ends_at)
        case Stage.RETAINED:
            case.record_outcome(Outcome.RETAINED, REASON, None, "ana", now)
        case Stage.LAPSED:
            case.lapse(now)
        case Stage.DISCARDED:
            case.discard("engano", "ana", now)
        case Stage.WITHDRAWN:
            case = in_notice()
            case.withdraw("vai ficar", "ana", now)
        case _:
            pass
    assert case.stage is stage
    return case


def with_letter_sent(case: Case, letter_id: str = LETTER_ID) -> Case:
    """The same case, whose first owed letter to the customer went out."""
    key = next(key for key in letter_keys(case) if ":customer:" in key)
    case.note_letter(key, letter_id, None, None, case.opened_at)
    return case


def told(case: Case) -> list[TrailEntry]:
    """Everything that has happened in the case, as its trail tells it; the case itself stays as it is."""
    file = CaseFile(case=copy.deepcopy(case))
    file.write_down(case.opened_at)
    return file.trail.entries


def kinds(case: Case) -> list[str]:
    """What the trail says, by kind, in order."""
    return [entry.kind for entry in told(case)]


def owed(case: Case, kind: type[C]) -> list[C]:
    """Commands of one kind that the case owes, in order."""
    return [one.command for one in case.pending.owed if isinstance(one.command, kind)]


def one_owed(case: Case, kind: type[BaseModel]) -> Owed:
    """The first piece of work of that kind that the case owes."""
    return next(one for one in case.pending.owed if isinstance(one.command, kind))


def letters(case: Case, kind: LetterKind | None = None) -> list[LetterOrder]:
    """Letters that the case owes, in order."""
    found = [command.letter for command in owed(case, SendLetter)]
    return [letter for letter in found if kind in (None, letter.kind)]


def letter_keys(case: Case, kind: LetterKind | None = None) -> list[str]:
    """The ledger's keys of letters that the case owes, in order."""
    return [
        one.key
        for one in case.pending.owed
        if isinstance(one.command, SendLetter) and kind in (None, one.command.letter.kind)
    ]


def tasks(case: Case, kind: TaskKind | None = None) -> list[OpenTask]:
    """Tasks that the case owes the CRM, in order."""
    return [task for task in owed(case, OpenTask) if kind in (None, task.task)]


def stage_of(case: Case) -> Stage:
    """Where the case stands now, after what a type checker believes to have seen."""
    return case.stage
