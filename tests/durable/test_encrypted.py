"""Whole cases with encryption on: nothing that a customer said stands readable in the server, and everything works."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from cancellation.client import CancellationClient
from cancellation.encryption import ENCODING, Encryption, data_converter
from cancellation.key_ring import KeyRing
from embedded.virtual_time import VirtualTime
from tests.durable.customers import new_customer
from tests.durable.house import MOST_SKIPS, CaseDriver, House, until
from workers.verify import replayed_cases

OLD, NEW = b"o" * 32, b"n" * 32
ONLY_OLD = KeyRing("old", {"old": OLD})
BOTH = KeyRing("new", {"old": OLD, "new": NEW})
CANARY = "zqcanario"
"""In everything that a customer says or is, and in what fails."""


class EncryptedEnvironment:
    """The server, spoken to with a ring of keys; `plain` is how the server itself sees what it keeps."""

    def __init__(self, environment: WorkflowEnvironment) -> None:
        self._environment = environment
        self.plain = environment.client
        self.client = environment.client
        self.use(ONLY_OLD)

    def use(self, ring: KeyRing | None) -> None:
        """From the next worker and the next call on."""
        self.client = Client(**(self.plain.config() | {"data_converter": data_converter(ring)}))

    @contextmanager
    def with_time_skipping_disabled(self) -> Iterator[None]:
        with self._environment.with_time_skipping_disabled():
            yield


class EncryptedHouse(House):
    """A house whose clients and workers encrypt."""

    def __init__(self, environment: WorkflowEnvironment) -> None:
        self.encrypted = EncryptedEnvironment(environment)
        stands_in: Any = self.encrypted
        super().__init__(stands_in)

    def use(self, ring: KeyRing | None) -> None:
        """Speak with these keys from now on, as after a restart of every process."""
        self.encrypted.use(ring)
        self.time = VirtualTime(self.encrypted.client, most_skips=MOST_SKIPS)

    async def kept(self, case: CaseDriver) -> bytes:
        """Everything that the server keeps and shows of a case."""
        found = b""
        async for execution in self.encrypted.plain.list_workflows(f"WorkflowId = '{case.handle.id}'"):
            handle = self.encrypted.plain.get_workflow_handle(execution.id, run_id=execution.run_id)
            history = await handle.fetch_history()
            found += b"".join(event.SerializeToString() for event in history.events)
            found += (await handle.describe()).raw_description.SerializeToString()
        return found


@pytest.fixture
def vault(temporal_env: WorkflowEnvironment) -> EncryptedHouse:
    return EncryptedHouse(temporal_env)


def canary_customer() -> Any:
    """A customer whose every text is a canary."""
    seed = new_customer()
    contacts = tuple(
        contact.model_copy(update={"name": f"Rita {CANARY}"}) for contact in seed.customer.contacts
    )
    customer = seed.customer.model_copy(update={"name": f"Empresa {CANARY}", "contacts": contacts})
    return seed.model_copy(update={"customer": customer})


async def open_canary_case(house: House) -> CaseDriver:
    contact = {"name": f"Rita {CANARY}", "email": f"{CANARY}@acme.com.br", "phone": "+5511999990000"}
    return await house.open(canary_customer(), text=f"Quero sair {CANARY}", contact=contact)


async def test_a_whole_case_leaves_no_readable_word_of_the_customer_in_the_server_P20(
    vault: EncryptedHouse,
) -> None:
    async with vault.worker():
        case = await open_canary_case(vault)
        await case.quiet()
        offer = {"offer_id": "o1", "kind": "technical_fix", "status": "made"}
        await case.signal("retention_offer", description=f"{CANARY} novo", actor="ana", **offer)
        await case.signal("retention_outcome", outcome="declined", **{f"{CANARY}_field": CANARY})
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await case.check("portability", number=f"{CANARY}", status="requested")
        assert isinstance(refused.value.cause, ApplicationError)
        assert refused.value.cause.type == "Refused"
        assert "number" in refused.value.cause.message

        fails_with_canary(vault, "send")
        reason = {"category": "price", "text": f"{CANARY} caro"}
        await case.check("retention_outcome", outcome="declined", reason=reason, actor="ana")
        await until(lambda: vault.mailer.attempts["send"] > 2)
        failing = await vault.kept(case)
        assert b"Encoded failure" in failing
        assert CANARY.encode() not in failing
        vault.mailer.recovers()

        await case.formalize(subject=f"Cancelamento {CANARY}", reason=f"{CANARY} caro")
        await case.signal("recordings_request", deliver_to=f"{CANARY}@acme.com.br")
        status = await case.quiet()
        assert any(CANARY in (contact.text or "") for contact in status.contacts)
        listed = CancellationClient(vault.encrypted.client)
        [shown] = [one async for one in listed.cases(customer_id=case.customer_id)]
        assert (shown.stage, shown.reason) == (status.stage, "price")
        await case.pass_notice()
        assert (await case.result()).outcome == "closed"
        assert any(CANARY in entry.detail for entry in await case.trail())
        assert CANARY.encode() not in await vault.kept(case)
        numbers = [one.number.encode() for one in case.seed.numbers]
        assert not [one for one in numbers if one in await vault.kept(case)]
        await vault.replays()


def fails_with_canary(house: House, *methods: str) -> None:
    """Let what these methods raise speak of the customer."""

    def fail() -> None:
        raise ConnectionError(f"no mailbox of {CANARY}@acme.com.br")

    house.mailer._before.update(dict.fromkeys(methods, fail))


async def test_plain_json_of_other_tools_is_taken_and_answered_in_cipher_P1(vault: EncryptedHouse) -> None:
    async with vault.worker():
        seed = new_customer()
        await vault.provision(seed)
        case = CaseDriver(vault, seed)
        plain = vault.encrypted.plain
        vault.cases.append(case)
        request = {"channel": "phone", "text": "Quero cancelar"}
        with vault.encrypted.with_time_skipping_disabled():
            await plain.start_workflow(
                "Cancellation",
                {"customer_id": case.customer_id, "request": request},
                id=case.handle.id,
                task_queue=vault.task_queue,
            )
        await case.quiet()
        raw = plain.get_workflow_handle(case.handle.id)
        await raw.signal("request", {"channel": "whatsapp", "text": "De novo", "message_id": "w2"})
        status = await case.until(lambda status: len(status.contacts) == 2)
        assert [contact.text for contact in status.contacts] == ["Quero cancelar", "De novo"]
        answer = await raw.execute_update(
            "request_checked",
            {"channel": "email", "text": "E mais", "message_id": "w3"},
            result_type=RawValue,
        )
        assert answer.payload.metadata["encoding"] == ENCODING
        assert len((await case.quiet()).contacts) == 3
        await vault.replays()
        await vault.close()


@pytest.mark.rest
async def test_keys_are_rotated_under_an_open_case_X22(vault: EncryptedHouse) -> None:
    async with vault.worker():
        case = await vault.open()
        await case.quiet()
    vault.use(BOTH)
    async with vault.worker():
        await case.decline()
        await case.formalize()
        await case.quiet()
        await case.pass_notice()
        assert (await case.result()).outcome == "closed"
    await vault.replays()
    kept = await vault.kept(case)
    assert kept.count(b"\x03old") > 0
    assert kept.count(b"\x03new") > 0


async def test_a_case_of_before_goes_on_when_encryption_is_switched_on_and_off_X22(
    vault: EncryptedHouse,
) -> None:
    vault.use(None)
    async with vault.worker():
        case = await vault.open()
        await case.quiet()
    vault.use(ONLY_OLD)
    async with vault.worker():
        await case.decline()
        await case.quiet()
    assert ENCODING in await vault.kept(case)
    vault.use(KeyRing(None, {"old": OLD}))
    async with vault.worker():
        await case.formalize()
        await case.quiet()
        await case.pass_notice()
        assert (await case.result()).outcome == "closed"
    await vault.replays()


async def test_a_message_under_a_key_that_is_missing_waits_for_the_key_X7(vault: EncryptedHouse) -> None:
    async with vault.worker():
        case = await vault.open()
        await case.quiet()
        [ahead] = await Encryption(BOTH).encode(
            [Payload(metadata={"encoding": b"json/plain"}, data=b'{"channel": "phone", "text": "Segue"}')]
        )
        raw = vault.encrypted.plain.get_workflow_handle(case.handle.id)
        await raw.signal("request", args=[RawValue(ahead)])

        async def fails() -> bool:
            events = (await raw.fetch_history()).events
            return any(event.HasField("workflow_task_failed_event_attributes") for event in events)

        await until(fails)
    vault.use(BOTH)
    async with vault.worker():
        status = await case.until(lambda status: len(status.contacts) == 2)
        assert status.contacts[1].text == "Segue"
        assert not status.refused
        await vault.replays()
        await vault.close()


async def test_a_deployment_without_a_key_that_cases_need_is_refused_and_the_key_named_X22(
    vault: EncryptedHouse,
) -> None:
    async def problems(ring: KeyRing | None) -> list[str | None]:
        vault.use(ring)
        found = [one async for one in replayed_cases(vault.encrypted.client, 0)]
        return [one.problem for one in found if one.workflow_id == case.handle.id]

    async with vault.worker():
        case = await vault.open()
        await case.quiet()
    assert await problems(BOTH) == [None]
    [missing] = await problems(KeyRing("new", {"new": NEW}))
    assert missing is not None
    assert "a chave 'old' não está em CANCELAMENTO_CODEC_KEYS" in missing
    [off] = await problems(None)
    assert off is not None
    vault.use(ONLY_OLD)
    await vault.close()


@pytest.mark.parametrize("how", ["damaged", "foreign"])
async def test_what_no_key_can_read_is_refused_and_wedges_nothing_X8(vault: EncryptedHouse, how: str) -> None:
    async with vault.worker():
        case = await vault.open()
        await case.quiet()
        metadata = {"encoding": ENCODING, "encryption-key-id": b"old"}
        if how == "foreign":
            metadata = {"encoding": b"binary/encrypted", "encryption-key-id": b"theirs"}
        await case.raw_signal("request", Payload(metadata=metadata, data=b"?" * 60))
        raw = vault.encrypted.plain.get_workflow_handle(case.handle.id)
        await raw.signal("request", args=[RawValue(Payload(metadata=metadata, data=b"?" * 60))])
        status = await case.until(lambda status: len(status.refused) == 2)
        assert {one.details[0].field for one in status.refused} == {"payload"}
        await case.decline()
        await case.stage("awaiting_formalization")
        await case.forward(timedelta(days=1))
        await vault.replays()
        await vault.close()
