"""Ranges, preconditions and limits of the download pages (P10)."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starters.gateway.conditions import Body, NoBody, answer_to, http_date
from starters.gateway.limits import Doorkeeper, Limits
from starters.gateway.pages import until
from starters.web.limits import Bucket, TooMuch, network_of

ETAG = '"abc"'
MADE = datetime(2026, 11, 22, 15, 0, 0, 500_000, tzinfo=UTC)
DATE = "Sun, 22 Nov 2026 15:00:00 GMT"
EARLIER = "Sun, 22 Nov 2026 14:59:59 GMT"


def answer(**headers: str) -> Body | NoBody:
    return answer_of(1000, headers)


def answer_of(size: int, headers: dict[str, str]) -> Body | NoBody:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return answer_to(named, size, ETAG, MADE)


WHOLE = Body(200, 0, 1000, 1000)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("bytes=0-499", Body(206, 0, 500, 1000)),
        ("bytes=500-", Body(206, 500, 1000, 1000)),
        ("bytes=-200", Body(206, 800, 1000, 1000)),
        ("bytes=-5000", Body(206, 0, 1000, 1000)),
        ("bytes=999-99999", Body(206, 999, 1000, 1000)),
        ("bytes=0-0", Body(206, 0, 1, 1000)),
        ("bytes=1000-", NoBody(416, 1000)),
        ("bytes=-0", NoBody(416, 1000)),
        ("bytes=5-4", WHOLE),
        ("bytes=-", WHOLE),
        ("bytes=a-b", WHOLE),
        ("bytes=0-1,5-6", WHOLE),
        ("items=0-1", WHOLE),
        ("bytes=" + "9" * 40 + "-", WHOLE),
        ("", WHOLE),
    ],
)
def test_ranges_P10(wanted: str, expected: Body | NoBody) -> None:
    assert answer(range=wanted) == expected


def test_headers_of_a_part_and_of_none_P10() -> None:
    assert Body(206, 500, 1000, 1000).headers == {
        "content-length": "500",
        "content-range": "bytes 500-999/1000",
    }
    assert NoBody(416, 1000).headers == {"content-range": "bytes */1000"}
    assert http_date(MADE) == DATE


@pytest.mark.parametrize(
    ("if_range", "whole"),
    [
        (ETAG, False),
        (DATE, False),
        ('"other"', True),
        (f"W/{ETAG}", True),
        (EARLIER, True),
        ("nonsense", True),
    ],
)
def test_a_part_of_another_version_is_never_joined_P10(if_range: str, whole: bool) -> None:
    assert (answer(range="bytes=5-", if_range=if_range) == WHOLE) is whole


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"if_none_match": ETAG}, 304),
        ({"if_none_match": f'"x", W/{ETAG}'}, 304),
        ({"if_none_match": "*"}, 304),
        ({"if_none_match": '"x"'}, 200),
        ({"if_none_match": '"x"', "if_modified_since": DATE}, 200),
        ({"if_modified_since": DATE}, 304),
        ({"if_modified_since": EARLIER}, 200),
        ({"if_modified_since": "yesterday"}, 200),
        ({"if_match": ETAG, "range": "bytes=1-"}, 206),
        ({"if_match": "*"}, 200),
        ({"if_match": f"W/{ETAG}"}, 412),
        ({"if_match": '"x"'}, 412),
        ({"if_unmodified_since": EARLIER}, 412),
        ({"if_unmodified_since": DATE}, 200),
    ],
)
def test_preconditions_P10(headers: dict[str, str], status: int) -> None:
    assert answer(**headers).status == status


@given(st.text(max_size=40), st.text(max_size=40), st.integers(1, 10**13))
def test_any_header_gets_an_answer_within_the_file_P10(wanted: str, condition: str, size: int) -> None:
    for name in ("if_range", "if_none_match", "if_match", "if_modified_since", "if_unmodified_since"):
        got = answer_of(size, {"range": wanted, name: condition})
        if isinstance(got, Body):
            assert 0 <= got.start < got.end <= size


@given(st.integers(0, 2000), st.integers(0, 2000))
def test_a_range_gives_exactly_those_bytes_P10(first: int, last: int) -> None:
    got = answer(range=f"bytes={first}-{last}")
    if last < first:
        assert got == WHOLE
    elif first >= 1000:
        assert got == NoBody(416, 1000)
    else:
        assert got == Body(206, first, min(last, 999) + 1, 1000)


# -------------------------------------------------------------------- limits


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_empties_and_fills_again() -> None:
    clock = Clock()
    bucket = Bucket(3, 60, clock)
    for _ in range(3):
        bucket.take("a")
    with pytest.raises(TooMuch) as caught:
        bucket.take("a")
    assert caught.value.retry_after in (20, 21)
    bucket.take("b")
    clock.now += 20
    bucket.take("a")
    with pytest.raises(TooMuch):
        bucket.take("a")


def test_wrong_links_close_the_door_to_wrong_links_of_their_address_alone() -> None:
    clock = Clock()
    door = Doorkeeper(Limits(misses=2, misses_seconds=100), clock)
    for _ in range(2):
        door.note_miss("203.0.113.9")
    with pytest.raises(TooMuch):
        door.note_miss("203.0.113.9")
    door.note_miss("203.0.113.10")
    door.admit("203.0.113.9", "a")
    clock.now += 51
    door.note_miss("203.0.113.9")


def test_a_link_that_is_asked_for_too_often_locks_no_other_behind_the_same_address() -> None:
    door = Doorkeeper(Limits(requests=2), Clock())
    for _ in range(2):
        door.admit("203.0.113.9", "a")
    with pytest.raises(TooMuch):
        door.admit("203.0.113.9", "a")
    door.admit("203.0.113.9", "b")
    door.admit("203.0.113.10", "a")


def test_downloads_at_once_are_counted_and_given_back() -> None:
    door = Doorkeeper(Limits(downloads=2))
    with door.downloading("203.0.113.9"), door.downloading("203.0.113.9"):
        with door.downloading("203.0.113.10"):
            pass
        with pytest.raises(TooMuch), door.downloading("203.0.113.9"):
            pass
    with door.downloading("203.0.113.9"):
        pass


def test_a_household_is_one_visitor() -> None:
    assert network_of("2001:db8:1:2:aaaa::1") == network_of("2001:db8:1:2:bbbb::9")
    assert network_of("2001:db8:1:2::1") != network_of("2001:db8:1:3::1")
    assert network_of("::ffff:203.0.113.9") == network_of("203.0.113.9")
    assert network_of("desconhecido") == "desconhecido"


def test_addresses_that_are_remembered_are_bounded() -> None:
    bucket = Bucket(2, 60)
    for number in range(12_000):
        bucket.take(str(number))
    assert len(bucket._levels) == 10_000


def test_the_page_names_the_last_day_not_the_midnight_after_it_P10() -> None:
    assert until(datetime(2026, 12, 23, 3, tzinfo=UTC)) == "o fim de terça-feira, 22 de dezembro de 2026"
    assert until(datetime(2026, 12, 22, 15, 30, tzinfo=UTC)) == "22/12/2026 às 12h30 (horário de Brasília)"
