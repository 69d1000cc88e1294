from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cancellation.domain.identity import (
    customer_of,
    find_protocols,
    mail_message_id,
    protocol_day,
    protocol_number,
    workflow_id,
)

DAY = date(2026, 11, 22)


def test_one_workflow_id_a_customer_and_back_X1() -> None:
    assert workflow_id("1042") == "cancellation-1042"
    assert customer_of("cancellation-1042") == "1042"


@pytest.mark.parametrize("other", ["", "cancellation-", "billing-1042", "1042"])
def test_other_ids_belong_to_no_customer(other: str) -> None:
    assert customer_of(other) is None


@given(st.text(min_size=1, max_size=60), st.dates(DAY))
def test_a_protocol_is_found_again_in_any_case_and_with_spaces_X12(case_id: str, day: date) -> None:
    number = protocol_number(case_id, day)
    assert find_protocols(f"Re: pedido [{number}] urgente") == [number]
    assert find_protocols(f"protocolo {number.lower()}.") == [number]
    assert find_protocols(number.replace("-", " ")) == [number]
    assert find_protocols(number.replace("-", "")) == [number]


@pytest.mark.parametrize(("hour", "day"), [(2, date(2026, 11, 21)), (3, DAY), (23, DAY)])
def test_the_day_in_a_protocol_is_that_of_sao_paulo_X12_X23(hour: int, day: date) -> None:
    assert protocol_day(datetime(2026, 11, 22, hour, 59, 59, tzinfo=UTC)) == day


def test_protocols_differ_between_cases_X12() -> None:
    numbers = {protocol_number(f"run-{n}", DAY) for n in range(2000)}
    assert len(numbers) == 2000


def test_protocols_are_found_in_order_and_once_X12() -> None:
    text = "can-20261122-7f3kq2, CAN-20261101-AAAAA1 e de novo CAN 20261122 7F3KQ2"
    assert find_protocols(text) == ["CAN-20261122-7F3KQ2", "CAN-20261101-AAAAA1"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "CAN-2026112-7F3KQ2",
        "CAN-20261122-7F3KQ",
        "CAN-20261122-7F3KQ22",
        "XCAN-20261122-7F3KQ2",
        "CAN-20261122-7F3KQU",  # U is no letter of this alphabet
        "CAN-٢٠٢٦١١٢٢-7F3KQ2",  # digits of another script
        "CAN-20261122-7F3\u212aQ2",  # the Kelvin sign is no K
    ],
)
def test_what_only_looks_like_a_protocol_is_none_X12(text: str) -> None:
    assert find_protocols(text) == []


def test_message_ids_do_not_depend_on_the_attempt() -> None:
    first = mail_message_id("run-1:script:customer:0", "nuvemjti.com.br")
    assert first == mail_message_id("run-1:script:customer:0", "nuvemjti.com.br")
    assert first != mail_message_id("run-2:script:customer:0", "nuvemjti.com.br")
    assert first.startswith("<")
    assert first.endswith("@nuvemjti.com.br>")
