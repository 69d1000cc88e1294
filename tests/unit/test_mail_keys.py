"""The keys of an e-mail's signatures are kept while they are still published (X13)."""

import asyncio
from datetime import UTC, datetime

import pytest

from cancellation.adapters.memory.crm import MemoryCrm
from cancellation.adapters.memory.dkim import MemoryKeyDirectory
from cancellation.adapters.memory.inbox import MemoryInbox
from cancellation.mail_keys import MailKeys, signers_of
from cancellation.messages.dkim import Signer, SigningKey

NOW = datetime(2026, 11, 22, 13, tzinfo=UTC)
RAW = (
    b"DKIM-Signature: v=1; a=rsa-sha256; d=Acme.com.br.;\r\n\ts=S2026; h=from; bh=; b=\r\n"
    b"DKIM-Signature: v=1; d=servico.example; s=k1.mail; b=\r\nFrom: a\r\n\r\nDKIM-Signature: d=no.example; s=x\r\n"
)
ACME, SERVICE = (
    Signer(domain="acme.com.br", selector="s2026"),
    Signer(domain="servico.example", selector="k1.mail"),
)


class Rig:
    def __init__(self) -> None:
        self.crm, self.ledger, self.directory = MemoryCrm(), MemoryInbox(), MemoryKeyDirectory()
        self.directory.records |= {ACME: "v=DKIM1; p=AAAA", SERVICE: "p=BBBB"}
        self.keys = MailKeys(self.crm, self.ledger, self.directory, 0.2, lambda: NOW)

    async def keep(self, raw: bytes = RAW) -> list[SigningKey]:
        sha256 = (await self.crm.keep_original(raw, NOW)).sha256
        await self.keys.keep(sha256)
        return await self.ledger.keys_of(sha256)


async def test_the_key_of_every_signature_is_kept_as_it_was_published_X13() -> None:
    assert await Rig().keep() == [
        SigningKey(domain="acme.com.br", selector="s2026", record="v=DKIM1; p=AAAA", looked_up_at=NOW),
        SigningKey(domain="servico.example", selector="k1.mail", record="p=BBBB", looked_up_at=NOW),
    ]


async def test_what_was_kept_first_stays_though_the_domain_publishes_another_X13() -> None:
    rig = Rig()
    before = await rig.keep()
    rig.directory.records |= {ACME: "v=DKIM1; p=CCCC"}
    assert await rig.keep() == before


async def test_that_nothing_is_published_is_kept_and_that_nobody_answered_is_not_X13() -> None:
    rig = Rig()
    del rig.directory.records[ACME]
    assert [one.record for one in await rig.keep()] == [None, "p=BBBB"]
    rig = Rig()
    rig.directory.is_down = True
    assert await rig.keep() == []
    # Delivered once more while the DNS answers, it has them after all.
    rig.directory.is_down = False
    assert len(await rig.keep()) == 2


async def test_a_dns_that_never_answers_about_one_key_takes_none_of_the_others_and_little_time_X13(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rig, published = Rig(), MemoryKeyDirectory.published

    async def slow(directory: MemoryKeyDirectory, signer: Signer) -> str | None:
        if signer == ACME:
            await asyncio.Event().wait()
        return await published(directory, signer)

    monkeypatch.setattr(MemoryKeyDirectory, "published", slow)
    async with asyncio.timeout(2):
        assert [one.domain for one in await rig.keep()] == ["servico.example"]


async def test_records_that_do_not_answer_hurt_nobody_X13(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig()

    async def down(*_: object) -> None:
        raise ConnectionError

    for name in ("keep_keys", "keys_of"):
        with monkeypatch.context() as patch:
            patch.setattr(MemoryInbox, name, down)
            await rig.keys.keep((await rig.crm.keep_original(RAW, NOW)).sha256)
    await rig.keys.keep("0" * 64)


@pytest.mark.parametrize(
    "tags",
    [
        b"",
        b"d=acme.com.br",
        b"s=x",
        b"d=localhost; s=x",
        b"d=acme..br; s=x",
        b"d=acme.com.br; s=a b/c",
        b"d=acme.com.br; s=*",
        b"d=" + b"a." * 120 + b"br; s=x",
        b"d=ac\xc3\xa7me.com.br; s=x",
        b"d=" + b"a" * 64 + b".br; s=x",
    ],
)
def test_only_names_that_may_stand_in_the_public_dns_are_asked_for_X13(tags: bytes) -> None:
    assert signers_of(b"DKIM-Signature: " + tags + b"\r\nFrom: a\r\n\r\n") == ()


def test_one_key_is_looked_up_once_and_a_flood_is_not_followed_X13() -> None:
    assert signers_of(RAW.split(b"From")[0] * 2 + b"\r\n") == (ACME, SERVICE)
    flood = b"".join(b"DKIM-Signature: d=a%d.example; s=x\r\n" % number for number in range(500))
    assert len(signers_of(flood + b"\r\n")) == 10
