"""The activity of one e-mail: the keys of its signatures are looked up once everything else is done (X13, X17)."""

import time
from dataclasses import replace
from typing import Any, cast

from temporalio.testing import ActivityEnvironment

from activities.mail_in import MailInActivities
from cancellation.adapters.dns.keys import DnsKeyDirectory
from cancellation.dossier import verificar
from cancellation.mail_keys import MailKeys
from cancellation.mailroom import Mailroom
from cancellation.messages.mail_in import IncomingMail, MailFate, MailOutcome
from tests.contract.dns_server import DnsServer, dns_server, txt
from tests.unit.dossier.signed import key, record, signed
from tests.unit.test_mailroom import NOW, room_and_mail

SECONDS = 0.4


class Listening:
    """Cases that take what they are told, and know when."""

    def __init__(self) -> None:
        self.heard_at: list[float] = []

    async def open_or_join(self, *_: Any) -> Any:
        self.heard_at.append(time.monotonic())

    async def report(self, *_: Any) -> Any:
        self.heard_at.append(time.monotonic())


async def signed_mail(cases: Listening | None = None) -> tuple[Mailroom, IncomingMail]:
    """A mail room, and an e-mail with a real signature."""
    room, mail = await room_and_mail(ValueError("never asked"))
    room = replace(room, cases=cast(Any, cases or Listening()))
    plain = await room.originals.original(mail.sha256)
    assert plain is not None
    original = await room.originals.keep_original(signed(plain, names=(b"from", b"to"), of=key(1024)), NOW)
    return room, mail.model_copy(update={"sha256": original.sha256, "ref": original.ref})


async def handled(room: Mailroom, mail: IncomingMail, server: DnsServer | None) -> MailOutcome:
    """What became of it, with that DNS, or with the setting that switches the look-up off."""
    keys = (
        None
        if server is None
        else MailKeys(room.originals, room.ledger, DnsKeyDirectory((server.address,), SECONDS), SECONDS)
    )
    activities = MailInActivities(room, cast(Any, None), keys)
    outcome: MailOutcome = await ActivityEnvironment().run(activities.handle_mail, mail)
    return outcome


async def test_the_key_seen_at_receipt_is_kept_and_the_signature_holds_after_it_has_rotated_X13() -> None:
    room, mail = await signed_mail()
    async with dns_server() as server:
        server.zone["s2026._domainkey.acme.com.br.", "TXT"] = [txt(record(key(1024)))]
        await handled(room, mail, server)
        server.zone.clear()
        await handled(room, mail, server)
        assert server.asked == ["s2026._domainkey.acme.com.br."]
    (kept,) = await room.ledger.keys_of(mail.sha256)
    raw = await room.originals.original(mail.sha256)
    assert raw is not None
    (checked,) = verificar.checked(raw, [kept.record])
    assert checked["result"] == verificar.VALID


async def test_a_dns_that_is_silent_neither_changes_nor_delays_what_a_case_hears_X13_X17() -> None:
    cases = Listening()
    room, mail = await signed_mail(cases)
    async with dns_server() as server:
        server.is_silent = True
        outcome = await handled(room, mail, server)
        ended = time.monotonic()
        assert server.asked
    assert outcome.fate is MailFate.REPORTED
    # The case had heard of it before the DNS was asked, which was waited for no longer than it may take.
    assert SECONDS / 2 < ended - cases.heard_at[-1] < SECONDS + 2
    assert await room.ledger.keys_of(mail.sha256) == []


async def test_a_setting_switches_the_lookup_off_X13() -> None:
    room, mail = await signed_mail()
    assert (await handled(room, mail, None)).fate is MailFate.REPORTED
    assert await room.ledger.keys_of(mail.sha256) == []
