"""The IMAP reader on a real server: what it takes, when it marks, and what it leaves alone."""

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from imap_tools import MailMessageFlags
from pydantic import SecretStr

from cancellation.adapters.imap.mailbox import ImapFolder
from cancellation.domain.stage import Stage
from cancellation.messages.status import UndecidedMail
from cancellation.setting_groups import ImapSecurity, ImapSettings
from embedded import EmbeddedTemporal, MailSink
from starters.inbox.readers import MailboxReader, reading
from tests.dovecot.server import PASSWORD, Dovecot, access_token, dovecot, needs_dovecot
from tests.e2e.mail_rig import (
    BOTH,
    COMMERCIAL,
    FINANCE,
    Rig,
    email_from,
    eventually,
    plain_temporal,
    rig_over,
)

pytestmark = [needs_dovecot, pytest.mark.dovecot]
FLAG = "$CancelamentoLido"


@pytest.fixture(scope="module")
async def temporal(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EmbeddedTemporal]:
    async with plain_temporal(tmp_path_factory.mktemp("temporal")) as server:
        yield server


@pytest.fixture
async def server(open_folder: Path, request: pytest.FixtureRequest) -> AsyncIterator[Dovecot]:
    folder = open_folder / f"dovecot-{abs(hash(request.node.name)):x}"
    folder.mkdir(mode=0o755)
    async with dovecot(folder) as server:
        yield server


@pytest.fixture
async def rig(
    temporal: EmbeddedTemporal, database: str, tmp_path: Path, mail_sink: MailSink
) -> AsyncIterator[Rig]:
    async with rig_over(temporal, database, tmp_path / "home", mail_sink) as rig:
        yield rig


def mailbox(server: Dovecot, address: str = FINANCE, **changes: Any) -> ImapSettings:
    """Settings of a mailbox."""
    fields: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": server.imaps,
        "ca_file": server.ca_file,
        "user": address,
        "password": PASSWORD,
    }
    return ImapSettings.model_validate(fields | changes)


async def test_both_mailboxes_are_read_and_mail_that_comes_is_pushed_P7_P8(rig: Rig, server: Dovecot) -> None:
    customer_id = await rig.awaiting()
    boxes = [mailbox(server, address) for address in BOTH]
    hidden = {"message_id": "<bcc@cliente>", "to": ("undisclosed-recipients@localhost",)}
    async with reading(boxes, rig.reception, max_bytes=10**6):
        server.deliver(email_from(customer_id, delivered_to=FINANCE, **hidden), FINANCE)  # type: ignore[arg-type]
        await eventually(lambda: missing(rig, customer_id, (f"recipient:{COMMERCIAL}",)))
        await eventually(lambda: flagged(server, FINANCE, 1))
        before = datetime.now(UTC)
        server.deliver(email_from(customer_id, delivered_to=COMMERCIAL, **hidden), COMMERCIAL)  # type: ignore[arg-type]
        status = await eventually(lambda: in_stage(rig, customer_id, Stage.NOTICE), seconds=10)
    assert before - timedelta(seconds=2) <= status.notice.starts_at <= datetime.now(UTC)


def test_what_is_announced_with_the_leave_to_idle_is_heard_P7() -> None:
    """One packet holds both: the socket is silent afterwards, and the e-mail would lie for a minute."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        talking = threading.Thread(target=talk_in_one_packet, args=(listening,), daemon=True)
        talking.start()
        settings = ImapSettings(
            host="127.0.0.1",
            port=listening.getsockname()[1],
            user=FINANCE,
            password=SecretStr(PASSWORD),
            security=ImapSecurity.NONE,
        )
        with ImapFolder(settings) as folder:
            started = time.monotonic()
            folder.wait(threading.Event(), 30)
            assert time.monotonic() - started < 15
        talking.join(5)


def talk_in_one_packet(listening: socket.socket) -> None:
    """A server that says "+ idling" and the new e-mail in one breath, and then nothing."""
    connection, _ = listening.accept()
    with connection, connection.makefile("rb") as lines:
        connection.sendall(b"* OK ready\r\n")
        tag = b""
        for line in lines:
            words = line.split()
            match words[1:2]:
                case _ if line.strip() == b"DONE":
                    connection.sendall(tag + b" OK done\r\n")
                case [b"IDLE"]:
                    tag = words[0]
                    connection.sendall(b"+ idling\r\n* 1 EXISTS\r\n")
                case [b"CAPABILITY"]:
                    connection.sendall(b"* CAPABILITY IMAP4rev1 IDLE\r\n" + words[0] + b" OK done\r\n")
                case _:
                    connection.sendall(words[0] + b" OK done\r\n")


async def test_receipt_is_the_servers_own_date_not_the_headers_P8(rig: Rig, server: Dovecot) -> None:
    customer_id = await rig.awaiting()
    received_at = datetime.now(UTC).replace(microsecond=0) - timedelta(days=3)
    with server.looking(FINANCE) as box:
        box.append(email_from(customer_id), "INBOX", dt=received_at)
    async with reading([mailbox(server)], rig.reception, max_bytes=10**6):
        status = await eventually(lambda: in_stage(rig, customer_id, Stage.NOTICE))
    assert status.notice.starts_at == received_at


async def test_people_see_no_difference_and_nothing_is_expunged_P11(rig: Rig, server: Dovecot) -> None:
    server.deliver(email_from(await rig.customer()), FINANCE)
    server.deliver(email_from(await rig.customer()), FINANCE)
    with server.looking(FINANCE) as box:
        box.client.uid("STORE", "2", "+FLAGS", r"(\Deleted)")
        async with reading([mailbox(server)], rig.reception, max_bytes=10**6):
            await eventually(lambda: flagged(server, FINANCE, 2))
        messages = list(box.fetch(mark_seen=False))
    assert len(messages) == 2
    assert not any(MailMessageFlags.SEEN in message.flags for message in messages)


@pytest.mark.rest
async def test_taken_mail_is_moved_if_told_to_and_not_before_P11(rig: Rig, server: Dovecot) -> None:
    customer_id = await rig.awaiting()
    server.deliver(email_from(customer_id), FINANCE)
    moving = mailbox(server, processed="move", move_to="Cancelamento/Já lidos")
    async with reading([moving], rig.reception, max_bytes=10**6):
        await eventually(lambda: in_stage(rig, customer_id, Stage.NOTICE))
        await eventually(lambda: contains(server, "Cancelamento/Já lidos", 1))
    assert await contains(server, "INBOX", 0)


async def test_mail_is_marked_only_once_it_is_safe_P11(rig: Rig, server: Dovecot) -> None:
    customer_id = await rig.awaiting()
    server.deliver(email_from(customer_id), FINANCE)
    broken = BrokenOnce(rig.reception)
    async with reading([mailbox(server)], broken, max_bytes=10**6):  # type: ignore[arg-type]
        await eventually(lambda: attempts(broken, 1))
        assert await flagged(server, FINANCE, 0)
        broken.repaired.set()
        await eventually(lambda: in_stage(rig, customer_id, Stage.NOTICE))
        await eventually(lambda: flagged(server, FINANCE, 1))


@pytest.mark.rest
async def test_reader_comes_back_after_the_server_has_been_away(rig: Rig, server: Dovecot) -> None:
    customer_id = await rig.awaiting()
    async with reading([mailbox(server)], rig.reception, max_bytes=10**6):
        server.deliver(email_from(await rig.customer()), FINANCE)
        await eventually(lambda: flagged(server, FINANCE, 1))
        await server.stop()
        await server.start()
        server.deliver(email_from(customer_id), FINANCE)
        await eventually(lambda: in_stage(rig, customer_id, Stage.NOTICE))


@pytest.mark.some(3)
@pytest.mark.parametrize("way", ["starttls", "token", "token_file"])
async def test_ways_in(rig: Rig, server: Dovecot, way: str, tmp_path: Path) -> None:
    server.deliver(email_from(await rig.customer()), FINANCE)
    (tmp_path / "token").write_text(access_token(FINANCE) + "\n")
    ways: dict[str, dict[str, Any]] = {
        "starttls": {"security": "starttls", "port": server.imap},
        "token": {"password": None, "token": access_token(FINANCE)},
        "token_file": {"password": None, "token_file": tmp_path / "token"},
    }
    async with reading([mailbox(server, **ways[way])], rig.reception, max_bytes=10**6):
        await eventually(lambda: flagged(server, FINANCE, 1))


async def test_unknown_certificate_is_not_trusted(rig: Rig, server: Dovecot) -> None:
    server.deliver(email_from(await rig.customer()), FINANCE)
    reader = MailboxReader(
        mailbox(server, ca_file=None), rig.reception, asyncio.get_running_loop(), max_bytes=10**6
    )
    thread = threading.Thread(target=reader.run)
    thread.start()
    await asyncio.to_thread(thread.join, 1.0)
    reader.stop.set()
    await asyncio.to_thread(thread.join, 10.0)
    assert not thread.is_alive()
    assert await flagged(server, FINANCE, 0)


@pytest.mark.rest
async def test_old_mail_is_left_alone_if_told_to(rig: Rig, server: Dovecot) -> None:
    with server.looking(FINANCE) as box:
        box.append(email_from(await rig.customer()), "INBOX", dt=datetime.now(UTC) - timedelta(days=400))
        box.append(email_from(await rig.customer()), "INBOX", dt=datetime.now(UTC))
    since = (datetime.now(UTC) - timedelta(days=30)).date()
    async with reading([mailbox(server, since=since)], rig.reception, max_bytes=10**6):
        await eventually(lambda: flagged(server, FINANCE, 1))


@pytest.mark.rest
async def test_mail_beyond_the_limit_goes_to_a_person_P11(rig: Rig, server: Dovecot) -> None:
    customer_id = await rig.awaiting()
    server.deliver(email_from(customer_id, "Solicito o cancelamento. " + "x " * 20_000), FINANCE)
    async with reading([mailbox(server)], rig.reception, max_bytes=20_000):
        await eventually(lambda: flagged(server, FINANCE, 1))
        [mail] = await eventually(lambda: undecided(rig, customer_id))
    assert "grande demais" in " ".join(mail.why)


@pytest.mark.long
async def test_mail_that_the_server_cannot_read_holds_up_no_other_P11(rig: Rig, server: Dovecot) -> None:
    server.put([email_from(await rig.customer()) for _ in range(5)], FINANCE)
    with server.looking(FINANCE) as box:
        box.client.uid("FETCH", "1:5", "(RFC822.SIZE)")
    [unreadable] = (server.folder / "mail" / FINANCE).rglob("*.M1.test*")
    unreadable.chmod(0)
    async with reading([mailbox(server)], rig.reception, max_bytes=10**6):
        await eventually(lambda: flagged(server, FINANCE, 4))
        [still_there] = (server.folder / "mail" / FINANCE).rglob("*.M1.test*")
        still_there.chmod(0o600)
        await eventually(lambda: flagged(server, FINANCE, 5))


async def test_mail_that_is_removed_while_it_is_read_is_let_go(rig: Rig, server: Dovecot) -> None:
    server.put([email_from(await rig.customer()) for _ in range(3)], FINANCE)
    with ImapFolder(mailbox(server)) as folder:
        [found] = list(folder.waiting())
        with server.looking(FINANCE) as box:
            box.delete("2")
        assert list(folder.read([one.uid for one in found])) == ["1", "3"]
        assert folder.gone(["1", "2", "3"]) == ["2"]


class BrokenOnce:
    """Reception whose database is away until it is repaired."""

    def __init__(self, reception: Any) -> None:
        self._reception = reception
        self.attempts = 0
        self.repaired = asyncio.Event()

    async def take(self, *arguments: Any, **more: Any) -> Any:
        self.attempts += 1
        if not self.repaired.is_set():
            raise ConnectionError("away")
        return await self._reception.take(*arguments, **more)


async def attempts(broken: BrokenOnce, count: int) -> bool:
    return broken.attempts >= count


async def flagged(server: Dovecot, address: str, count: int) -> bool:
    """Whether that many e-mails carry the mark."""

    def look() -> bool:
        with server.looking(address) as box:
            return len(box.uids(f"KEYWORD {FLAG}")) == count

    return await asyncio.to_thread(look)


async def contains(server: Dovecot, folder: str, count: int) -> bool:
    """Whether the folder holds that many."""

    def look() -> bool:
        with server.looking(FINANCE) as box:
            return box.folder.exists(folder) and int(box.folder.status(folder)["MESSAGES"]) == count

    return await asyncio.to_thread(look)


async def undecided(rig: Rig, customer_id: str) -> Sequence[UndecidedMail]:
    return (await rig.status(customer_id)).undecided_mails


async def missing(rig: Rig, customer_id: str, codes: tuple[str, ...]) -> bool:
    return (await rig.status(customer_id)).missing == codes


async def in_stage(rig: Rig, customer_id: str, stage: Stage) -> Any:
    """The status, if the case stands in that stage."""
    status = await rig.status(customer_id)
    return status if status.stage is stage else None
