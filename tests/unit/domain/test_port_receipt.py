"""Who tells us of a portability hears that it is noted (P9)."""

from datetime import timedelta

import pytest

from cancellation.application.payloads import is_superfluous
from cancellation.domain.case import Case
from cancellation.domain.commands import SendLetter
from cancellation.domain.letter_kinds import LetterKind
from cancellation.domain.values import PortStatus
from tests.unit.domain.build import OPENED, in_notice, letters, opened, port

NOW = OPENED + timedelta(days=3)


def receipts(case: Case) -> list[str]:
    return [letter.ordinal for letter in letters(case, LetterKind.PORT_NOTED)]


def test_a_port_asked_for_and_one_that_is_done_are_told_once_each_P9() -> None:
    case = in_notice()
    number = port().number
    case.record_port(port(), NOW)
    case.record_port(port(), NOW)
    case.record_port(port(status=PortStatus.COMPLETED), NOW)
    assert receipts(case) == [f"{number}:requested", f"{number}:completed"]


@pytest.mark.parametrize("status", [PortStatus.REJECTED, PortStatus.CANCELLED])
def test_what_the_customer_did_not_ask_for_has_no_receipt_P9(status: PortStatus) -> None:
    case = in_notice()
    case.record_port(port(status=status), NOW)
    assert receipts(case) == []


def test_before_the_crm_has_answered_nobody_is_written_to_X9() -> None:
    case = opened()
    case.record_port(port(), NOW)
    assert receipts(case) == []


def test_a_held_number_that_is_ported_is_told_by_the_letter_about_the_hold_X6() -> None:
    case = in_notice()
    case.record_port(port(), NOW)
    assert case.notice is not None
    case.end_notice(case.notice.ends_at)
    case.record_port(port(status=PortStatus.COMPLETED), case.notice.ends_at + timedelta(days=1))
    assert receipts(case) == [f"{port().number}:requested"]


def test_a_receipt_that_waited_while_the_port_moved_on_is_left_out_X18() -> None:
    case = in_notice()
    case.record_port(port(), NOW)
    case.record_port(port(status=PortStatus.COMPLETED), NOW)
    owed = [one for one in case.pending.owed if isinstance(one.command, SendLetter)]
    told = [one for one in owed if one.command.letter.kind is LetterKind.PORT_NOTED]  # type: ignore[union-attr]
    assert [is_superfluous(case, one, owed, NOW) for one in told] == [True, False]
