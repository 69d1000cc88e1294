"""Every e-mail of the tests ends in exactly one of three ways; counted, none missing (X15)."""

import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from cancellation.adapters.memory.crm import MemoryCrm
from cancellation.adapters.memory.inbox import MemoryInbox
from cancellation.adapters.memory.mailer import MemoryMailer
from cancellation.application.intake import Incoming, take
from cancellation.confined import ReadOrder, UnderstandOrder, shared_reader
from cancellation.contract import FACTS
from cancellation.domain.case import Case
from cancellation.failures import CaseNotFound
from cancellation.mailroom import Mailroom
from cancellation.messages.envelope import Message
from cancellation.messages.facts import RequestMessage
from cancellation.messages.mail_in import IncomingMail, MailFate, MailOutcome
from cancellation.messages.seed import CustomerSeed
from cancellation.messages.status import Answer
from cancellation.understanding import MailReading, Understanding, read_message, understand
from samples import customer_ids, email_names, sample_customer, sample_email
from tests.durable.customers import new_customer
from tests.e2e.mail_rig import BOTH, FINANCE, email_from
from tests.turns import WHOLE
from tests.unit.domain.build import declined
from tests.unit.understanding.hostile import HOSTILE

NOW = datetime(2026, 11, 24, 15, tzinfo=UTC)
TEXTS = Path(__file__).parent / "understanding"
NAMES = {fact.model: fact.name for fact in FACTS}
WHO_WAITS = "Comercial"


class End(StrEnum):
    """How an e-mail ends."""

    MOVED = "moved the case"
    WAITS = "waits for a named person"
    AUTOMATIC = "proven automatic, without content"


class Direct:
    """The reader in this process: the texts of the tests are harmless."""

    async def read(self, raw: bytes, order: ReadOrder) -> MailReading:
        return read_message(
            raw, envelope_recipients=order.envelope_recipients, delivered_at=order.delivered_at
        )

    async def understand(self, order: UnderstandOrder) -> Understanding:
        return understand(
            order.reading,
            order.directory,
            order.mailboxes,
            order.trusted_servers,
            now=order.now,
            provider=order.provider,
            mail_age_days=order.mail_age_days,
            known_letters=order.known_letters,
        )


@dataclass
class OpenCases:
    """Real cases, by customer, without an engine under them."""

    cases: dict[str, Case] = field(default_factory=dict)

    async def open_or_join(self, customer_id: str, request: RequestMessage) -> Answer:
        raise AssertionError("every customer has an open case")

    async def report(self, case: str, message: Message) -> Answer:
        found = self.cases.get(case)
        if found is None:
            raise CaseNotFound(case)
        data = message.model_dump_json(exclude_none=True).encode()
        return take(found, Incoming(name=NAMES[type(message)], data=data), NOW, "auto")


def case_of(seed: CustomerSeed) -> Case:
    """A case of the customer that waits for the formalization."""
    case = declined()
    return case.model_copy(
        update={
            "customer_id": seed.customer.customer_id,
            "authorised": [contact.email.lower() for contact in seed.customer.contacts],
            "declined_at": NOW - timedelta(days=1),
        },
        deep=True,
    )


def texts() -> Iterator[tuple[str, str, str]]:
    """Every text of the tests: its name, subject and body."""
    for path in sorted(TEXTS.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            yield f"{path.stem}:{row['id']}", row["subject"], row["body"]
    for path in sorted(TEXTS.glob("*.txt")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines()):
            if line.strip() and not line.startswith("#"):
                yield f"{path.stem}:{number}", "Nosso contrato", line


@dataclass
class Office:
    """A mail room over systems in memory, and the cases that it tells."""

    crm: MemoryCrm = field(default_factory=MemoryCrm)
    ledger: MemoryInbox = field(default_factory=MemoryInbox)
    cases: OpenCases = field(default_factory=OpenCases)

    def __post_init__(self) -> None:
        self.letters = MemoryMailer()

    async def customer(self, seed: CustomerSeed) -> str:
        await self.crm.provision(seed)
        self.cases.cases[seed.customer.customer_id] = case_of(seed)
        return seed.customer.customer_id

    async def end_of(self, raw: bytes, received_at: datetime, *, confined: bool = False) -> list[End]:
        """Every way in which an e-mail ended; there has to be one."""
        original = await self.crm.keep_original(raw, received_at)
        mail = IncomingMail(
            sha256=original.sha256, ref=original.ref, received_at=received_at, envelope=(FINANCE,)
        )
        room = Mailroom(
            self.crm, self.crm, self.ledger, self.cases, BOTH, ("mx.nuvemjti.com.br",), lambda: NOW,
            reader=shared_reader() if confined else Direct(), letters=self.letters,
            own_addresses=("cancelamento@nuvemjti.com.br",),
        )  # fmt: skip
        outcome = await room.handle(mail)
        return await self._ends(mail, outcome)

    async def _ends(self, mail: IncomingMail, outcome: MailOutcome) -> list[End]:
        case = self.cases.cases.get(outcome.customer_id or "")
        known = [one for one in case.mails if one.original_sha256 == mail.sha256] if case else []
        waiting = {one.message_id for one in case.to_decide if not one.is_notice} if case else set()
        waits = any(one.message_id in waiting for one in known)
        task = await self.ledger.task(mail.sha256)
        if task is not None and task.closed_at is None:
            assert f"cancelamento mail {mail.sha256}" in task.text, f"the {WHO_WAITS}'s command"
            waits = True
        return [
            *([End.MOVED] if known and not waits else []),
            *([End.WAITS] if waits else []),
            *([End.AUTOMATIC] if outcome.fate is MailFate.AUTOMATIC else []),
        ]


@pytest.mark.sampled
async def test_every_text_from_a_contact_with_an_open_case_ends_in_exactly_one_way_X15() -> None:
    office, ends, count = Office(), Counter[End](), 0
    every = list(texts())
    for name, subject, body in every if WHOLE else random.Random(15).sample(every, len(every) // 9):
        customer_id = await office.customer(new_customer())
        raw = email_from(customer_id, body, subject=subject, written_at=NOW, message_id=f"<{count}@c>")
        found = await office.end_of(raw, NOW)
        assert len(found) == 1, (name, found)
        ends[found[0]] += 1
        count += 1
    assert sum(ends.values()) == count
    assert len(every) > 550
    assert ends[End.MOVED] > count / 6
    assert ends[End.WAITS] > count / 6


async def test_every_sample_ends_in_exactly_one_way_X15() -> None:
    office, ends = Office(), {}
    for customer_id in customer_ids():
        await office.customer(sample_customer(customer_id, NOW.date()))
    for name in email_names():
        [ends[name]] = await office.end_of(sample_email(name, received_at=NOW), NOW)
    assert len(ends) == len(email_names())
    assert {name for name, end in ends.items() if end is End.AUTOMATIC} == {"devolucao"}


@pytest.mark.parametrize("name", ["parameters", "siblings", "huge header", "nested messages"])
async def test_what_is_made_to_stop_the_reader_waits_for_a_person_X9_X15(name: str) -> None:
    assert await Office().end_of(HOSTILE[name], NOW, confined=True) == [End.WAITS]


async def test_an_absence_is_the_only_mail_of_a_contact_that_nobody_has_to_see_X15() -> None:
    office = Office()
    customer_id = await office.customer(new_customer())
    signs: dict[str, Any] = {"headers": {"Auto-Submitted": "auto-replied"}, "written_at": NOW}
    absent = email_from(customer_id, "Estou de férias até o dia 20.", subject="Resposta automática", **signs)
    assert await office.end_of(absent, NOW) == [End.AUTOMATIC]
    asks = email_from(customer_id, "Estou de férias. Cancelem o contrato: muito caro.", **signs)
    assert await office.end_of(asks, NOW) == [End.WAITS]
