"""The command that would be right, where the one that was typed does not fit the case as it stands."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from cancellation.domain.identity import WORKFLOW_PREFIX
from cancellation.domain.refusal import Refused
from cancellation.domain.stage import Stage
from cancellation.domain.values import Outcome
from cancellation.failures import CaseFailed, CaseNotAnswering, CaseNotFound, ServerUnreachable
from cancellation.messages.envelope import Message
from cancellation.messages.facts import (
    AgainLetter,
    DiscardMessage,
    RetentionOutcomeMessage,
    WithdrawalMessage,
)
from cancellation.messages.status import Answer, CaseStatus
from starters.cli.running import Failure, by_option

if TYPE_CHECKING:
    from cancellation.client import CancellationClient

_BEFORE_NOTICE: Final = (Stage.RETENTION, Stage.AWAITING_FORMALIZATION)
_LONGEST: Final = 80
"""Characters of somebody's words that are worth repeating in a command."""


async def reported(client: "CancellationClient", case: str, fact: Message) -> Answer:
    """Report a fact; a refusal names the command that would be right, if there is one.

    Raises:
        Failure: it is refused, and another command fits.
        Refused: it is refused, and no other command fits.
    """
    try:
        return await client.report(case, fact)
    except Refused as refusal:
        right = await _right(client, case, fact)
        if right is None:
            raise
        raise Failure(f"recusado: {by_option(refusal)}; nesta etapa: {right}") from None


@contextmanager
def needing_a_case(case: str) -> Iterator[None]:
    """What is done within needs an open case; where there is none, the command that opens one is named.

    Raises:
        Failure: there is none.
    """
    try:
        yield
    except CaseNotFound as missing:
        raise Failure(f"{missing}; para um novo pedido: cancelamento open {_customer(case)}") from None


def instead(status: CaseStatus, case: str, fact: Message) -> str | None:
    """The command for what somebody wanted to say of a case that stands so; None where there is none.

    Args:
        status: the case as it stands.
        case: as it was typed.
        fact: what was refused.
    """
    early = status.stage in _BEFORE_NOTICE
    late = status.stage is Stage.NOTICE or (
        status.stage is Stage.CLOSING and any(due.what == "decision" for due in status.due)
    )
    match fact:
        case WithdrawalMessage() if early:
            return f"cancelamento outcome {case} retained --reason CATEGORIA --text {_quoted(fact.reason)}"
        case RetentionOutcomeMessage(outcome=Outcome.RETAINED) if late:
            return f"cancelamento withdraw {case} --reason {_quoted(fact.reason.text)}"
        case RetentionOutcomeMessage(outcome=Outcome.DECLINED) if (
            status.stage is Stage.AWAITING_FORMALIZATION
        ):
            return f"cancelamento resend {case} {AgainLetter.SCRIPT.value}"
        case DiscardMessage() if late:
            return f"cancelamento withdraw {case} --reason {_quoted(fact.reason)}"
        case _:
            return None


async def _right(client: "CancellationClient", case: str, fact: Message) -> str | None:
    with suppress(CaseNotFound, CaseFailed, CaseNotAnswering, ServerUnreachable):
        return instead(await client.status(case), case, fact)
    return None


def _customer(case: str) -> str:
    """The customer's number as it was typed, or its place."""
    bare = case.strip().removeprefix(WORKFLOW_PREFIX)
    return "CLIENTE" if bare.upper().startswith("CAN-") else shlex.quote(bare)


def _quoted(words: str) -> str:
    """Somebody's words on one line, ready to be pasted."""
    line = " ".join(words.split())
    return shlex.quote(line) if len(line) <= _LONGEST else '"…"'
