import pytest
from pydantic import ValidationError

from cancellation.domain.policy import CancellationPolicy
from cancellation.domain.refusal import Refused
from cancellation.messages.envelope import read
from cancellation.messages.facts import CaseStart


def test_a_policy_names_at_least_one_mailbox_and_the_refusal_says_so_P7_X8() -> None:
    with pytest.raises(ValidationError):
        CancellationPolicy(mailboxes=())
    start = b'{"customer_id": "1", "request": {"channel": "phone"}, "policy": {"mailboxes": []}}'
    with pytest.raises(Refused) as caught:
        read(CaseStart, start)
    (problem,) = caught.value.problems
    assert (problem.field, problem.problem) == ("policy.mailboxes", "lista com itens de menos")


@pytest.mark.parametrize(("days", "fits"), [(-1, False), (0, True), (30, True), (365, True), (366, False)])
def test_a_notice_may_have_no_days_and_not_more_than_a_year_P8(days: int, fits: bool) -> None:
    if fits:
        assert CancellationPolicy(notice_days=days).notice.days == days
    else:
        with pytest.raises(ValidationError):
            CancellationPolicy(notice_days=days)
