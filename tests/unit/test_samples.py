"""The samples are what they claim to be, whatever day it is."""

import io
import json
import wave
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from email.utils import parsedate_to_datetime
from itertools import pairwise

import pytest

from samples import (
    customer_ids,
    email_names,
    sample_customer,
    sample_customers,
    sample_email,
    sample_recordings,
)

DAYS = [date(2026, 11, 22), date(2027, 2, 28), date(2028, 2, 29), date(2026, 1, 31)]


def test_at_least_eight_customers_with_different_inventories() -> None:
    seeds = sample_customers(date(2026, 11, 22))
    assert len(seeds) >= 8
    assert len({(len(s.resources), len(s.numbers), len(s.subscriptions)) for s in seeds}) >= 6


def test_acme_is_the_customer_of_the_contract() -> None:
    acme = sample_customer("1042", date(2026, 11, 22))
    assert acme.customer.name.startswith("Acme")
    rita = acme.customer.contacts[0]
    assert (rita.name, rita.email, rita.phone) == ("Rita Souza", "rita@acme.com.br", "+5511999990000")
    owned = {n.number for n in acme.numbers if n.customer_owned}
    assert owned == {"+551130000001", "+551130000002"}
    assert {r.kind for r in acme.resources} == {"extension", "trunk", "licence"}


@pytest.mark.parametrize("customer_id", customer_ids())
def test_cnpj_has_valid_check_digits(customer_id: str) -> None:
    cnpj = sample_customer(customer_id, date(2026, 11, 22)).customer.cnpj
    if cnpj is not None:
        assert cnpj[12:] == _check_digits(cnpj[:12])


@pytest.mark.parametrize("today", DAYS)
@pytest.mark.parametrize("customer_id", customer_ids())
def test_every_day_is_charged_once_up_to_charges_made_ahead_P16(customer_id: str, today: date) -> None:
    seed = sample_customer(customer_id, today)
    assert len({c.charge_id for c in seed.charges}) == len(seed.charges)
    for subscription in seed.subscriptions:
        charges = sorted(
            (c for c in seed.charges if c.subscription_id == subscription.subscription_id),
            key=lambda c: c.first_day,
        )
        assert charges[0].first_day == subscription.started_on
        for earlier, later in pairwise(charges):
            assert later.first_day == earlier.last_day + timedelta(days=1)
        assert charges[-1].first_day > today, "charges made ahead, for closing to void"
        assert not charges[-1].invoiced


@pytest.mark.parametrize("customer_id", customer_ids())
def test_numbers_route_to_resources_of_the_customer(customer_id: str) -> None:
    seed = sample_customer(customer_id, date(2026, 11, 22))
    ids = {r.resource_id for r in seed.resources}
    assert len(ids) == len(seed.resources)
    assert all(set(n.routes_to) <= ids for n in seed.numbers)


def test_recordings_are_playable_and_the_same_every_time_P10() -> None:
    recordings = sample_recordings("1042", date(2026, 11, 22))
    assert len(recordings) >= 4
    for recording in recordings:
        content = recording.wav()
        assert content == recording.wav()
        with wave.open(io.BytesIO(content)) as file:
            assert file.getnframes() == recording.seconds * file.getframerate()
    assert sample_recordings("1043", date(2026, 11, 22)) == ()


@pytest.mark.parametrize("name", email_names())
def test_email_is_received_when_we_say(name: str) -> None:
    received_at = datetime(2027, 3, 1, 2, 59, 59, tzinfo=UTC)
    message = message_from_bytes(sample_email(name, received_at=received_at), policy=policy.default)
    assert not message.defects
    topmost = str(message.get_all("Received", [])[0])
    assert parsedate_to_datetime(topmost.rpartition(";")[2].strip()) == received_at
    assert "mx.nuvemjti.com.br" in topmost
    written = parsedate_to_datetime(str(message["Date"]))
    assert timedelta(0) <= received_at - written < timedelta(minutes=5)


@pytest.mark.parametrize("later", [timedelta(days=1), timedelta(milliseconds=1)])
def test_email_is_another_one_when_received_at_another_time(later: timedelta) -> None:
    at = datetime(2026, 11, 23, tzinfo=UTC)
    first, second = (
        message_from_bytes(sample_email("acme-gmail-completo", received_at=when))["Message-ID"]
        for when in (at, at + later)
    )
    assert first != second


def test_reply_quotes_the_protocol_that_we_say_X12() -> None:
    raw = sample_email(
        "acme-gmail-resposta-ao-roteiro",
        received_at=datetime(2026, 11, 23, tzinfo=UTC),
        protocol="CAN-20261123-ABCDEF",
    )
    message = message_from_bytes(raw, policy=policy.default)
    assert "CAN-20261123-ABCDEF" in message["Subject"]
    body = message.get_body(("plain",))
    assert body is not None
    assert "CAN-20261123-ABCDEF" in body.get_content()
    assert b"7F3KQ2" not in raw


def test_files_of_customers_are_seeds_as_they_stand() -> None:
    from samples import customers

    for path in customers._FOLDER.glob("*.json"):
        assert json.loads(path.read_text(encoding="utf-8"))["customer"]["customer_id"] == path.name[:4]


def _check_digits(base: str) -> str:
    digits = ""
    for _ in range(2):
        weights = [(place % 8) + 2 for place in range(len(base + digits))]
        total = sum(int(d) * w for d, w in zip(reversed(base + digits), weights, strict=True))
        rest = total % 11
        digits += "0" if rest < 2 else str(11 - rest)
    return digits
