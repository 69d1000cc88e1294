"""What every recordings store must do (P10, P19); `test_recordings.py` runs it over each of them."""

import asyncio
import csv
import hashlib
import io
import zipfile
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import obstore
import pytest
from obstore.store import ObjectStore

from cancellation.adapters.objectstore.ledger import Ledger
from cancellation.adapters.objectstore.recordings import ObjectRecordingStore
from cancellation.domain.links import link_id, link_token, token_hash
from cancellation.messages.recordings import (
    AccessKind,
    Archive,
    ExportOrder,
    LinkRevocation,
    PurgeOrder,
)
from cancellation.ports import DestructionForbidden, PermanentRefusal
from tests.contract.formalized import Formalizations, warrant_for

SECRET = b"a key of the tests"
LAST_DAY = date(2026, 12, 22)
PIECE_BYTES = 100_000
"""Small, so that a few recordings make several pieces."""


class Killed(BaseException):
    """What a dying process looks like from inside."""


@dataclass
class RecordingsRig:
    store: ObjectStore
    ledger: Ledger
    formalizations: Formalizations

    @property
    def recordings(self) -> ObjectRecordingStore:
        """A fresh one each time, as after a restart."""
        return ObjectRecordingStore(self.store, self.ledger, SECRET, piece_bytes=PIECE_BYTES)

    async def put(self, path: str, size: int = 40_000) -> bytes:
        content = hashlib.shake_128(path.encode()).digest(size)
        await obstore.put_async(self.store, path, content)
        return content

    async def fill(self, customer_id: str = "1042", days: int = 6) -> dict[str, bytes]:
        """Two recordings a day, from 1 November on."""
        return {
            f"2026-11-{day:02}/chamada-{call}.wav": await self.put(
                f"recordings/{customer_id}/2026-11-{day:02}/chamada-{call}.wav"
            )
            for day in range(1, days + 1)
            for call in (1, 2)
        }

    async def paths(self, prefix: str = "") -> list[str]:
        return sorted([meta["path"] async for batch in self.store.list(prefix) for meta in batch])

    async def archive(self, archive: Archive) -> bytes:
        link = await self.ledger.link(archive.link_id)
        assert link is not None
        got = await obstore.get_async(self.store, link.archive_path)
        return bytes(await got.bytes_async())


def order(
    ordinal: int = 1,
    *,
    first: date | None = None,
    last: date | None = None,
    case_id: str = "case-1",
    customer_id: str = "1042",
) -> ExportOrder:
    return ExportOrder(
        case_id=case_id,
        customer_id=customer_id,
        ordinal=ordinal,
        from_date=first,
        to_date=last,
        link_expires_at=warrant_for(case_id, customer_id, LAST_DAY).notice_ends_at,
        at=datetime(2026, 11, 22, 15, tzinfo=UTC),
    )


def quiet(_: str) -> None:
    """A heartbeat that nobody hears."""


def unpacked(raw: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def index_of(raw: bytes) -> list[list[str]]:
    text = unpacked(raw)["indice.csv"].decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text), delimiter=";"))


def purge(case_id: str = "case-1", customer_id: str = "1042") -> PurgeOrder:
    return PurgeOrder(warrant=warrant_for(case_id, customer_id, LAST_DAY))


REVOKE = LinkRevocation(case_id="case-1", at=datetime(2026, 12, 1, tzinfo=UTC))


class RecordingsSuite:
    """Inherit it and give a `rig` fixture."""

    # ------------------------------------------------------------ export

    async def test_archive_holds_every_recording_and_an_index_P10(self, rig: RecordingsRig) -> None:
        calls = await rig.fill()
        await rig.fill("2077", days=1)
        await rig.fill("104", days=1)
        made = await rig.recordings.export(order(), quiet, None)
        assert made is not None
        raw = await rig.archive(made)
        assert (made.files, made.size) == (12, len(raw))
        assert made.sha256 == hashlib.sha256(raw).hexdigest()
        assert made.expires_at == datetime(2026, 12, 23, 3, tzinfo=UTC)
        content = unpacked(raw)
        index = content.pop("indice.csv")
        assert content == {f"gravacoes/{name}": data for name, data in calls.items()}
        assert index.startswith(b"\xef\xbb\xbf")
        rows = index_of(raw)
        assert rows[0] == ["Data", "Arquivo", "Tamanho em bytes", "SHA-256", "Situação"]
        first = "2026-11-01/chamada-1.wav"
        digest = hashlib.sha256(calls[first]).hexdigest()
        assert rows[1] == ["01/11/2026", f"gravacoes/{first}", "40000", digest, "incluída"]
        assert await rig.paths("staging") == []

    @pytest.mark.parametrize(
        ("first", "last", "files"),
        [
            (date(2026, 11, 2), date(2026, 11, 3), 4),
            (date(2026, 11, 5), None, 4),
            (None, date(2026, 11, 1), 2),
            (date(2026, 11, 6), date(2026, 11, 6), 2),
        ],
    )
    async def test_a_period_counts_both_its_ends_P10(
        self, rig: RecordingsRig, first: date | None, last: date | None, files: int
    ) -> None:
        await rig.fill()
        made = await rig.recordings.export(order(first=first, last=last), quiet, None)
        assert made is not None
        assert made.files == files

    async def test_nothing_in_the_period_makes_no_archive_P10(self, rig: RecordingsRig) -> None:
        await rig.fill()
        assert await rig.recordings.export(order(first=date(2027, 1, 1)), quiet, None) is None
        assert await rig.recordings.export(order(2, customer_id="9999"), quiet, None) is None
        assert await rig.paths("archives") == await rig.paths("staging") == []

    async def test_the_same_recordings_give_the_same_bytes_P10(self, rig: RecordingsRig) -> None:
        await rig.fill()
        first = await rig.recordings.export(order(1), quiet, None)
        second = await rig.recordings.export(order(2), quiet, None)
        assert first is not None
        assert second is not None
        assert first.sha256 == second.sha256
        assert first.link_id != second.link_id

    async def test_exporting_again_answers_the_same_link_P10(self, rig: RecordingsRig) -> None:
        await rig.fill()
        first = await rig.recordings.export(order(), quiet, None)
        await rig.put("recordings/1042/2026-11-09/nova.wav")
        assert await rig.recordings.export(order(), quiet, None) == first

    async def test_a_killed_export_goes_on_where_it_was_P10(self, rig: RecordingsRig) -> None:
        await rig.fill()
        whole = await rig.recordings.export(order(2), quiet, None)
        assert whole is not None

        def die_in_the_second_piece(progress: str) -> None:
            if progress.startswith("piece 1: 2"):
                raise Killed

        with pytest.raises(BaseException):  # noqa: B017, PT011 - the store's library may wrap it
            await rig.recordings.export(order(), die_in_the_second_piece, None)
        assert await rig.ledger.link(link_id(SECRET, "case-1", 1)) is None
        # Proof that the first piece is not read again: its recordings are not there any more.
        for call in ("2026-11-01/chamada-1.wav", "2026-11-01/chamada-2.wav", "2026-11-02/chamada-1.wav"):
            await obstore.delete_async(rig.store, f"recordings/1042/{call}")
        heard: list[str] = []
        resumed = await rig.recordings.export(order(), heard.append, None)
        assert resumed is not None
        assert (resumed.files, resumed.sha256) == (12, whole.sha256)
        assert not any(progress.startswith("piece 0") for progress in heard)

    async def test_a_recording_that_vanished_is_named_in_the_index_P10(self, rig: RecordingsRig) -> None:
        await rig.fill(days=3)

        def die_at_once(progress: str) -> None:
            if progress.startswith("piece 0"):
                raise Killed

        with pytest.raises(BaseException):  # noqa: B017, PT011 - the store's library may wrap it
            await rig.recordings.export(order(), die_at_once, None)
        await obstore.delete_async(rig.store, "recordings/1042/2026-11-03/chamada-2.wav")
        made = await rig.recordings.export(order(), quiet, None)
        assert made is not None
        assert made.files == 5
        assert index_of(await rig.archive(made))[-1] == [
            "",
            "gravacoes/2026-11-03/chamada-2.wav",
            "",
            "",
            "não estava mais disponível",
        ]

    async def test_names_stay_inside_the_archives_folder_P10(self, rig: RecordingsRig) -> None:
        odd = ["2026-11-01/ligação é ótima.wav", "2026-11-01/sub/pasta.wav", "2026-11-01/a\\b.wav"]
        for name in odd:
            await rig.put(f"recordings/1042/{name}", 10)
        made = await rig.recordings.export(order(), quiet, None)
        assert made is not None
        names = set(unpacked(await rig.archive(made))) - {"indice.csv"}
        assert names == {
            "gravacoes/2026-11-01/ligação é ótima.wav",
            "gravacoes/2026-11-01/sub/pasta.wav",
            "gravacoes/2026-11-01/a_b.wav",
        }

    async def test_an_empty_recording_is_kept_P10(self, rig: RecordingsRig) -> None:
        await rig.put("recordings/1042/2026-11-01/muda.wav", 0)
        made = await rig.recordings.export(order(), quiet, None)
        assert made is not None
        assert unpacked(await rig.archive(made))["gravacoes/2026-11-01/muda.wav"] == b""

    # ------------------------------------------------------------ links

    async def test_only_the_tokens_hash_is_kept_P10(self, rig: RecordingsRig) -> None:
        await rig.fill(days=1)
        made = await rig.recordings.export(order(), quiet, None)
        assert made is not None
        token = link_token(SECRET, made.link_id)
        link = await rig.ledger.link_by_token_hash(token_hash(token))
        assert link is not None
        assert link.link_id == made.link_id
        assert token not in repr(link)
        assert link.download_name == "gravacoes-1042-2026-11-22.zip"
        assert link.is_alive(made.expires_at - timedelta(seconds=1))
        assert not link.is_alive(made.expires_at)
        assert await rig.ledger.link_by_token_hash(token_hash(made.link_id)) is None

    async def test_revoked_links_are_dead_at_once_and_their_archives_gone_P10_X3(
        self, rig: RecordingsRig
    ) -> None:
        await rig.fill(days=1)
        made = await rig.recordings.export(order(), quiet, None)
        other = await rig.recordings.export(order(case_id="case-2", customer_id="1042"), quiet, None)
        assert made is not None
        assert other is not None
        for _ in range(2):
            await rig.recordings.revoke_links(REVOKE)
        link = await rig.ledger.link(made.link_id)
        assert link is not None
        assert link.revoked_at == REVOKE.at
        assert not link.is_alive(REVOKE.at - timedelta(days=5))
        spared = await rig.ledger.link(other.link_id)
        assert spared is not None
        assert spared.is_alive(REVOKE.at)
        assert await rig.paths("archives") == [spared.archive_path]
        assert len(await rig.paths("recordings")) == 2

    async def test_a_case_whose_links_were_killed_gets_no_new_one_P10(self, rig: RecordingsRig) -> None:
        await rig.fill()
        await rig.recordings.revoke_links(REVOKE)
        with pytest.raises(PermanentRefusal):
            await rig.recordings.export(order(), quiet, None)
        assert await rig.paths("archives") == await rig.paths("staging") == []

    async def test_an_export_that_outlives_its_revocation_leaves_nothing_P10(
        self, rig: RecordingsRig
    ) -> None:
        await rig.fill()
        revoking: list[asyncio.Task[None]] = []

        def revoke_meanwhile(progress: str) -> None:
            if progress.startswith("piece 3") and not revoking:
                revoking.append(asyncio.create_task(rig.ledger.revoke("case-1", REVOKE.at)))

        with pytest.raises(PermanentRefusal):
            await rig.recordings.export(order(), revoke_meanwhile, None)
        await asyncio.gather(*revoking)
        assert len(revoking) == 1
        assert await rig.paths("archives") == await rig.paths("staging") == []

    # ------------------------------------------------------------ purge

    async def test_purge_removes_recordings_archives_and_links_P10(self, rig: RecordingsRig) -> None:
        await rig.fill()
        await rig.fill("2077", days=1)
        await rig.formalizations.file("case-1", "1042", LAST_DAY)
        made = await rig.recordings.export(order(), quiet, None)
        assert made is not None
        first = await rig.recordings.purge(purge())
        assert (first.recordings, first.archives) == (12, 1)
        assert first.bytes == 12 * 40_000 + made.size
        assert await rig.paths("recordings/1042") == await rig.paths("archives") == []
        assert len(await rig.paths("recordings/2077")) == 2
        link = await rig.ledger.link(made.link_id)
        assert link is not None
        assert not link.is_alive(made.expires_at - timedelta(days=20))
        assert await rig.recordings.purge(purge()) == first

    async def test_a_killed_purge_goes_on_and_counts_once_P10(
        self, rig: RecordingsRig, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await rig.fill()
        await rig.formalizations.file("case-1", "1042", LAST_DAY)

        def die(_: str) -> None:
            raise Killed

        async def never_finished(*_: object) -> None:
            raise Killed

        with pytest.raises(Killed):
            await rig.recordings.purge(purge(), die)
        with monkeypatch.context() as dying:
            dying.setattr(rig.ledger, "finish_removals", never_finished)
            with pytest.raises(Killed):
                await rig.recordings.purge(purge())
        done = await rig.recordings.purge(purge())
        assert (done.recordings, done.bytes) == (12, 12 * 40_000)
        assert await rig.paths() == []

    async def test_purge_takes_the_pieces_of_an_unfinished_archive_too_P10(self, rig: RecordingsRig) -> None:
        await rig.fill()
        await rig.formalizations.file("case-1", "1042", LAST_DAY)

        def die(progress: str) -> None:
            if progress.startswith("piece 2"):
                raise Killed

        with pytest.raises(BaseException):  # noqa: B017, PT011 - the store's library may wrap it
            await rig.recordings.export(order(), die, None)
        assert await rig.paths("staging") != []
        report = await rig.recordings.purge(purge())
        assert (report.recordings, report.archives) == (12, 0)
        assert await rig.paths() == []

    async def test_purging_a_customer_without_recordings_reports_nothing_P10(
        self, rig: RecordingsRig
    ) -> None:
        await rig.formalizations.file("case-1", "1042", LAST_DAY)
        report = await rig.recordings.purge(purge())
        assert (report.recordings, report.archives, report.bytes) == (0, 0, 0)

    # ------------------------------------------------------------ without formalization

    async def test_nothing_is_purged_without_a_formalization_P19(self, rig: RecordingsRig) -> None:
        await self.assert_forbidden(rig, purge())

    async def test_nothing_is_purged_before_the_notice_has_ended_P19(self, rig: RecordingsRig) -> None:
        await rig.formalizations.file("case-1", "1042", LAST_DAY)
        warrant = purge().warrant
        early = warrant.model_copy(update={"at": warrant.notice_ends_at - timedelta(microseconds=1)})
        await self.assert_forbidden(rig, PurgeOrder(warrant=early))

    async def test_nothing_is_purged_by_another_customers_formalization_P19(self, rig: RecordingsRig) -> None:
        await rig.formalizations.file("case-1", "2077", LAST_DAY)
        await self.assert_forbidden(rig, purge())

    async def test_nothing_is_purged_after_a_withdrawal_P19_X3(self, rig: RecordingsRig) -> None:
        await rig.formalizations.file("case-1", "1042", LAST_DAY)
        await rig.formalizations.withdraw("case-1")
        await self.assert_forbidden(rig, purge())

    async def assert_forbidden(self, rig: RecordingsRig, forbidden: PurgeOrder) -> None:
        await rig.fill(days=1)
        made = await rig.recordings.export(order(), quiet, None)
        assert made is not None
        with pytest.raises(DestructionForbidden):
            await rig.recordings.purge(forbidden)
        assert len(await rig.paths("recordings")) == 2
        assert len(await rig.paths("archives")) == 1
        link = await rig.ledger.link(made.link_id)
        assert link is not None
        assert link.is_alive(made.expires_at - timedelta(seconds=1))

    # ------------------------------------------------------------ accesses

    async def test_accesses_are_told_in_order_and_once_P20(self, rig: RecordingsRig) -> None:
        await rig.fill(days=1)
        made = await rig.recordings.export(order(), quiet, None)
        assert made is not None
        link = await rig.ledger.link(made.link_id)
        assert link is not None
        page = await rig.ledger.record_access(link, REVOKE.at, "203.0.113.7", AccessKind.PAGE)
        file = await rig.ledger.record_access(link, REVOKE.at, "203.0.113.7", AccessKind.FILE)
        await rig.ledger.finish_access(file, 1234)
        await rig.ledger.finish_access(file, 99)
        told = await rig.recordings.accesses("case-1")
        assert [(one.access_id, one.kind, one.bytes) for one in told] == [
            (page, AccessKind.PAGE, None),
            (file, AccessKind.FILE, 1234),
        ]
        assert await rig.recordings.accesses("case-1", after_id=page) == [told[1]]
        assert await rig.recordings.accesses("case-2") == []
