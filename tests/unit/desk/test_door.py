"""Who is there: a reverse proxy's word, sessions and their cookie, forms of one's own (X24)."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response

from cancellation.adapters.memory.crm import MemoryCrm
from cancellation.adapters.memory.desk import MemoryDesk
from cancellation.adapters.memory.inbox import MemoryInbox
from cancellation.setting_groups import DeskSettings
from starters.desk.access import Door, NotAllowed
from starters.desk.people import Passwords, People, Person, Role
from starters.web.limits import TooMuch

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
PROXIED = {"proxy_header": "X-Remote-User", "proxy_peers": "10.0.0.0/24"}


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def hashed() -> str:
    return Passwords().hash("uma senha longa")


@pytest.fixture
def people(tmp_path: Path, hashed: str) -> People:
    people = People(tmp_path / "people.json")
    people.put(Person(login="ana", name="Ana Lima", role=Role.COMMERCIAL, password=hashed))
    return people


def door(people: People, clock: Clock, **settings: Any) -> Door:
    desk = MemoryDesk(MemoryCrm(), MemoryInbox())
    return Door(DeskSettings(**settings), people, desk, b"key", clock)


def request(peer: str = "192.0.2.7", *headers: tuple[str, str]) -> Request:
    sent = [(name.lower().encode(), value.encode()) for name, value in (("host", "127.0.0.1:8090"), *headers)]
    scope = {
        "type": "http", "method": "POST", "scheme": "http", "path": "/", "query_string": b"",
        "headers": sent, "client": (peer, 5000), "server": ("127.0.0.1", 8090),
    }  # fmt: skip
    return Request(scope)


async def name_of(door: Door, given: Request) -> str | None:
    visitor = await door.visitor(given)
    return visitor.person.name if visitor else None


async def test_a_listed_proxy_says_who_is_there_X24(people: People, clock: Clock) -> None:
    entrance = door(people, clock, **PROXIED)
    assert await name_of(entrance, request("10.0.0.9", ("X-Remote-User", "Ana"))) == "Ana Lima"


@pytest.mark.parametrize(
    "given",
    [
        request("10.0.1.9", ("X-Remote-User", "ana")),
        request("10.0.0.9", ("X-Remote-User", "ana"), ("X-Remote-User", "ana")),
        request("10.0.0.9", ("X-Remote-User", "nobody")),
        request("10.0.0.9", ("X-Remote-User", "")),
        request("10.0.0.9", ("X-Forwarded-User", "ana")),
        request("testclient", ("X-Remote-User", "ana")),
    ],
)
async def test_anybody_elses_word_about_who_is_there_is_none_X24(
    people: People, clock: Clock, given: Request
) -> None:
    assert await name_of(door(people, clock, **PROXIED), given) is None


async def test_without_a_setting_no_header_says_who_is_there_X24(people: People, clock: Clock) -> None:
    assert await name_of(door(people, clock), request("10.0.0.9", ("X-Remote-User", "ana"))) is None


async def test_a_session_lasts_while_it_is_used_and_no_longer_than_its_hours_X24(
    people: People, clock: Clock
) -> None:
    entrance = door(people, clock, session_hours=3, idle_minutes=60)
    token = await entrance.log_in(request(), " Ana ", "uma senha longa")
    assert token is not None
    mine = request("192.0.2.7", ("Cookie", f"{entrance.cookie}={token}"))
    for _ in range(3):
        clock.now += timedelta(minutes=50)
        assert await name_of(entrance, mine) == "Ana Lima"
    clock.now = NOW + timedelta(hours=3)
    assert await name_of(entrance, mine) is None


async def test_an_unused_session_ends_X24(people: People, clock: Clock) -> None:
    entrance = door(people, clock, idle_minutes=60)
    token = await entrance.log_in(request(), "ana", "uma senha longa")
    clock.now += timedelta(minutes=61)
    assert await name_of(entrance, request("192.0.2.7", ("Cookie", f"{entrance.cookie}={token}"))) is None


async def test_behind_https_the_cookie_is_for_this_host_over_https_alone_X24(
    people: People, clock: Clock
) -> None:
    entrance = door(people, clock, public_url="https://mesa.example.com")
    answer = Response()
    entrance.give_cookie(answer, "token")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-mesa=token;")
    assert {"Secure", "HttpOnly", "SameSite=strict", "Path=/"} <= {part.strip() for part in cookie.split(";")}


async def test_guessing_one_persons_password_is_stopped_and_others_are_not_X24(
    people: People, clock: Clock
) -> None:
    entrance = door(people, clock)
    for _ in range(10):
        assert await entrance.log_in(request(), "bia", "x") is None
    with pytest.raises(TooMuch):
        await entrance.log_in(request(), "bia", "x")
    assert await entrance.log_in(request(), "ana", "uma senha longa")


@pytest.mark.parametrize(
    "headers",
    [
        (("Origin", "https://evil.example"),),
        (("Origin", "null"),),
        (("Sec-Fetch-Site", "cross-site"),),
        (("Sec-Fetch-Site", "same-site"),),
    ],
)
def test_another_sites_form_is_refused_X24(
    people: People, clock: Clock, headers: tuple[tuple[str, str], ...]
) -> None:
    entrance = door(people, clock)
    entrance.must_be_own(request("192.0.2.7", ("Origin", "http://127.0.0.1:8090")))
    with pytest.raises(NotAllowed):
        entrance.must_be_own(request("192.0.2.7", *headers))


async def test_a_forms_token_is_of_one_session_X24(people: People, clock: Clock) -> None:
    entrance = door(people, clock)
    tokens = [await entrance.log_in(request(), "ana", "uma senha longa") for _ in range(2)]
    one, other = [
        await entrance.visitor(request("192.0.2.7", ("Cookie", f"{entrance.cookie}={token}")))
        for token in tokens
    ]
    assert one is not None
    assert other is not None
    entrance.must_fit(one, one.csrf)
    for token in (other.csrf, "", one.csrf[:-1]):
        with pytest.raises(NotAllowed):
            entrance.must_fit(one, token)
