"""How a case comes into being: from a start argument, or from an earlier execution of the same case."""

import zlib
from base64 import b64decode, b64encode
from datetime import timedelta
from typing import Final

from pydantic import BaseModel, ConfigDict
from temporalio import workflow
from temporalio.common import RawValue

from activities.terms import Terms, TermsActivities
from cancellation.application.casefile import CaseFile
from cancellation.application.intake import content_of, note_filled, opening_request
from cancellation.domain.case import Case
from cancellation.domain.identity import protocol_day, protocol_number, workflow_id
from cancellation.domain.policy import CancellationPolicy
from cancellation.domain.refusal import Refused, refuse
from cancellation.messages.envelope import read
from cancellation.messages.facts import CaseStart
from workflows.reading import incoming
from workflows.refusals import refused_error

_LARGEST_START: Final = 1_900_000
"""Bytes; the engine takes two megabytes."""


class ContinuedCase(BaseModel):
    """The argument with which a long case goes on in a new execution; nobody outside can send it.

    Packed: a trail that a CRM, down for days, has not heard of must fit in.
    """

    model_config = ConfigDict(frozen=True)

    packed: str
    """The case file as JSON, compressed, in base 64."""


def packed(file: CaseFile) -> ContinuedCase | None:
    """The argument to go on with, its trail cut to what the CRM does not hold; None for one that is too large."""
    file.trail.shorten()
    data = b64encode(zlib.compress(file.model_dump_json().encode())).decode()
    return ContinuedCase(packed=data) if len(data) < _LARGEST_START else None


def continued_case(start: RawValue) -> CaseFile:
    """The case as the earlier execution left it."""
    given = ContinuedCase.model_validate_json(start.payload.data)
    return CaseFile.model_validate_json(zlib.decompress(b64decode(given.packed)))


def opened_case(start: RawValue) -> CaseFile:
    """A new case; the worker's policy is frozen into it by `freeze_policy`.

    Raises:
        ApplicationError: type `Refused`, the start argument cannot be read; nothing else happens.
    """
    try:
        begin = _read(start)
    except Refused as refusal:
        raise refused_error(refusal) from None
    now = workflow.now()
    policy = begin.policy or CancellationPolicy()
    case_id = workflow.info().first_execution_run_id
    message, request = opening_request(begin.request, now, f"auto-{workflow.uuid4()}")
    case = Case(
        case_id=case_id,
        customer_id=begin.customer_id,
        protocol=protocol_number(case_id, protocol_day(now)),
        policy=policy,
        opened_at=now,
        channel=request.channel,
        opening_id=message.message_id or "",
        messages_seen=1,
    )
    with case.caused_by(case.opening_id):
        case.receive_request(request, now)
        case.remember("request", case.opening_id, content_of(message))
        note_filled(case, begin.request, now)
    return CaseFile(case=case)


def freeze_policy(start: RawValue, case: Case) -> "workflow.ActivityHandle[CancellationPolicy]":
    """Ask for the policy that the case keeps: the caller's, or this worker's as configured now.

    A local activity: no outside system, and recorded, so that another worker replays the same policy.
    """
    begin = _read(start)
    return workflow.start_local_activity_method(
        TermsActivities.freeze_policy,
        Terms(policy=begin.policy, opened_at=case.opened_at),
        start_to_close_timeout=timedelta(seconds=10),
        summary="Fixar a política do caso",
    )


def _read(start: RawValue) -> CaseStart:
    found = incoming("start", start)
    if found.unreadable is not None:
        raise refuse("start", found.unreadable)
    begin = read(CaseStart, found.data)
    if workflow.info().workflow_id != workflow_id(begin.customer_id):
        raise refuse("customer_id", f"o id da execução deve ser {workflow_id(begin.customer_id)}")
    return begin
