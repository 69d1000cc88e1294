"""One bad object stops nothing: it is named and left out, the rest is delivered and removed (P10, P18)."""

import hashlib
import itertools
import os
import re
import unicodedata
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import obstore
import pytest
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from obstore.store import MemoryStore, ObjectStore, S3Store

from cancellation.adapters.memory.recordings import MemoryLedger
from cancellation.adapters.objectstore import listing
from cancellation.adapters.objectstore.failures import StoreUnavailable
from cancellation.adapters.objectstore.layout import Unusable, distinct, name_in_archive
from cancellation.adapters.postgres.pool import open_pool
from cancellation.adapters.postgres.recordings import PostgresLedger
from cancellation.messages.recordings import MOST_LEFT_OUT, Archive, PurgeReport
from tests.contract.formalized import MemoryFormalizations, PostgresFormalizations
from tests.contract.object_stores import BucketShelf, FaultyServer, FolderShelf, Shelf, make_bucket, s3_store
from tests.contract.recordings_suite import (
    LAST_DAY,
    RecordingsRig,
    index_of,
    order,
    purge,
    quiet,
    unpacked,
)
from tests.turns import examples

_numbers = itertools.count(1)
NOBODY = 65534


@dataclass
class MemoryShelf:
    """A store in memory: only its client can write to it."""

    store: ObjectStore = field(default_factory=MemoryStore)

    def put(self, path: str, content: bytes) -> bool:
        if path.endswith("/"):
            return False
        try:
            obstore.put(self.store, path, content)
        except ValueError:
            return False
        return True

    def contents(self, folder: str) -> list[bytes]:
        found = [meta for batch in self.store.list(folder) for meta in batch]
        return [bytes(obstore.get(self.store, meta["path"]).bytes()) for meta in found]


@dataclass
class Customer:
    """A customer with recordings in a store, and a case that may export and purge them."""

    shelf: Shelf
    rig: RecordingsRig
    customer_id: str = field(default_factory=lambda: f"{next(_numbers)}")
    kept: dict[str, bytes] = field(default_factory=dict)

    @property
    def case_id(self) -> str:
        return f"case-{self.customer_id}"

    @property
    def folder(self) -> str:
        return f"recordings/{self.customer_id}"

    def record(self, name: str, size: int = 40) -> bool:
        """Put in a recording; False where the store does not take such a name."""
        content = hashlib.shake_128(repr((self.customer_id, name)).encode()).digest(size)
        taken = self.shelf.put(f"{self.folder}/{name}", content)
        if taken:
            self.kept[name] = content
        return taken

    def record_some(self) -> None:
        """Ordinary ones around every other, so that those in the same folder come before and after."""
        for name in ("2026-11-01/0.wav", "2026-11-01/zz.wav", "2026-11-02/chamada.wav"):
            assert self.record(name)

    async def export(self) -> Archive | None:
        wanted = order(case_id=self.case_id, customer_id=self.customer_id)
        made = await self.rig.recordings.export(wanted, quiet, None)
        assert made == await self.rig.recordings.export(wanted, quiet, None)
        return made

    async def exported(self) -> tuple[Archive, list[bytes]]:
        """The archive and the recordings in it."""
        made = await self.export()
        assert made is not None
        content = unpacked(await self.rig.archive(made))
        del content["indice.csv"]
        assert made.files == len(content)
        return made, list(content.values())

    async def purged(self) -> PurgeReport:
        await self.rig.formalizations.file(self.case_id, self.customer_id, LAST_DAY)
        report = await self.rig.recordings.purge(purge(self.case_id, self.customer_id))
        assert report == await self.rig.recordings.purge(purge(self.case_id, self.customer_id))
        return report

    def left(self) -> list[bytes]:
        return self.shelf.contents(self.folder)


def customer_of(shelf: Shelf) -> Customer:
    formalizations = MemoryFormalizations()
    return Customer(shelf, RecordingsRig(shelf.store, MemoryLedger(formalizations.of), formalizations))


@pytest.fixture(params=["memory", "file", "s3"])
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Shelf:
    match request.param:
        case "memory":
            return MemoryShelf()
        case "file":
            return FolderShelf(tmp_path / "gravações")
        case _:
            endpoint: str = request.getfixturevalue("s3_endpoint")
            return BucketShelf(endpoint, make_bucket(endpoint))


# -------------------------------------------------------------------- names


KINDS = {
    "control character": "2026-11-01/a\x07b.wav",
    "delete character": "2026-11-01/a\x7fb.wav",
    "tabulator": "2026-11-01/a\tb.wav",
    "control character in a folder": "2026-11-01/a\x01/b.wav",
    "control character in the day's place": "a\x01/b.wav",
    "bytes that are no text": os.fsdecode(b"2026-11-01/a\xff\xfeb.wav"),
    "half a character": os.fsdecode(b"2026-11-01/\xed\xa0\x80.wav"),
    "parent folder": "2026-11-01/../../../b.wav",
    "this folder": "2026-11-01/./b.wav",
    "empty part": "2026-11-01//b.wav",
    "absolute": "/etc/b.wav",
    "ends with a slash": "2026-11-01/a.wav/",
    "of an unfinished file": "2026-11-01/a.wav#1",
    "not in XML": "2026-11-01/\uffff.wav",
    "backslash": "2026-11-01/..\\..\\a.wav",
    "reserved on Windows": '2026-11-01/10:15 "fila"|<1>?*.wav',
    "device on Windows": "2026-11-01/nul",
    "percent": "2026-11-01/a%2F..%00.wav",
    "255 bytes": "2026-11-01/" + "é" * 125 + ".wav.",
    "very long": "2026-11-01/" + "x" * 600 + ".wav",
    "turns the reading direction": "2026-11-01/\u202egnp.wav",
    "only a blank": "2026-11-01/ ",
    "a day that no archive can name": "9999-12-31/a.wav",
}


def test_every_kind_is_odd_in_its_own_way() -> None:
    assert len(set(KINDS.values())) == len(KINDS)


@pytest.mark.some(8)
@pytest.mark.parametrize("kind", KINDS)
async def test_an_odd_name_is_delivered_or_named_and_the_rest_goes_on_P10(shelf: Shelf, kind: str) -> None:
    customer = customer_of(shelf)
    customer.record_some()
    taken = customer.record(KINDS[kind])
    made, delivered = await customer.exported()
    assert made.files + made.left_out_count == 3 + taken
    assert set(customer.kept.values()) >= set(delivered)
    assert len(delivered) >= 3
    assert len(made.left_out) == made.left_out_count
    assert all(name.isprintable() for name in made.left_out)
    rows = [row for row in index_of(await customer.rig.archive(made)) if row[-1] == "não pôde ser lida"]
    rows += [
        row for row in index_of(await customer.rig.archive(made)) if row[-1] == "não estava mais disponível"
    ]
    assert [row[1] for row in rows] == [f"gravacoes/{name}" for name in made.left_out]


@pytest.mark.some(8)
@pytest.mark.parametrize("kind", KINDS)
async def test_an_odd_name_is_removed_or_named_and_the_rest_goes_on_P10_P18(shelf: Shelf, kind: str) -> None:
    customer = customer_of(shelf)
    customer.record_some()
    taken = customer.record(KINDS[kind])
    report = await customer.purged()
    assert report.recordings + report.left_out_count == 3 + taken
    assert len(customer.left()) == report.left_out_count
    assert report.bytes == 40 * report.recordings
    assert len(report.left_out) == report.left_out_count
    assert all(name.isprintable() for name in report.left_out)


@pytest.mark.parametrize("kind", ["control character", "bytes that are no text"])
async def test_a_name_that_the_client_refuses_is_told_in_visible_characters_P10(
    tmp_path: Path, kind: str
) -> None:
    customer = customer_of(FolderShelf(tmp_path))
    customer.record_some()
    customer.record(KINDS[kind])
    made, _ = await customer.exported()
    report = await customer.purged()
    assert made.left_out == report.left_out
    assert made.left_out[0] in (r"2026-11-01/a\x07b.wav", r"2026-11-01/a\xff\xfeb.wav")


_SEGMENTS = st.one_of(
    st.text(min_size=1, max_size=12),
    st.text("aA.éÉ#1 \\:%~\x00\x1f\u0301\ufeff", min_size=1, max_size=4),
    st.binary(min_size=1, max_size=8).map(os.fsdecode),
    st.sampled_from(["..", ".", "", "2026-11-01", "a" * 255, "NUL", "\ufffe"]),
)
_NAMES = st.lists(
    st.lists(_SEGMENTS, min_size=1, max_size=3).map("/".join), min_size=1, max_size=5, unique=True
)


@pytest.mark.some(1)
@settings(max_examples=examples(40), suppress_health_check=list(HealthCheck))
@given(names=_NAMES)
async def test_whatever_lies_in_the_store_is_delivered_or_named_removed_or_named_P10(
    shelf: Shelf, names: list[str]
) -> None:
    customer = customer_of(shelf)
    customer.record("2026-11-01/chamada.wav")
    for name in names:
        customer.record(name)
    made, delivered = await customer.exported()
    assert len(delivered) + made.left_out_count == len(customer.kept)
    assert set(delivered) <= set(customer.kept.values())
    report = await customer.purged()
    left = customer.left()
    assert report.recordings + report.left_out_count == len(customer.kept)
    assert len(left) == report.left_out_count
    assert set(left) <= set(customer.kept.values())


@given(names=st.lists(_SEGMENTS.map(lambda segment: f"recordings/1/2026-11-01/{segment}"), max_size=8))
def test_names_in_an_archive_can_be_unpacked_beside_each_other_on_every_computer_P10(
    names: list[str],
) -> None:
    inside = list(distinct([name_in_archive(name) for name in names]))
    assert len(inside) == len(names)
    folded = [unicodedata.normalize("NFC", name).casefold() for name in inside]
    assert len(set(folded)) == len(names)
    assert not any(other.startswith(f"{one}/") for one in folded for other in folded)
    for name in inside:
        assert name.startswith("gravacoes/")
        for part in name.split("/"):
            assert part.isprintable()
            assert 0 < len(part.encode()) <= 255
            assert not set(part) & set('\\<>:"|?*')
            assert part not in (".", "..")
            assert not part.endswith((".", " "))
            assert not re.match(r"(con|prn|aux|nul|com\d|lpt\d) *(\.|$)", part, re.IGNORECASE)


async def test_only_bad_objects_make_an_archive_of_the_index_that_names_them_P10(tmp_path: Path) -> None:
    customer = customer_of(FolderShelf(tmp_path))
    for number in range(30):
        customer.record(f"2026-11-01/{number:02}\x07.wav")
    made, delivered = await customer.exported()
    assert (made.files, delivered, made.left_out_count) == (0, [], 30)
    assert made.left_out == tuple(rf"2026-11-01/{number:02}\x07.wav" for number in range(MOST_LEFT_OUT))
    assert len(index_of(await customer.rig.archive(made))) == 31


async def test_a_bad_object_of_another_day_is_no_business_of_a_period_P10(tmp_path: Path) -> None:
    customer = customer_of(FolderShelf(tmp_path))
    customer.record_some()
    customer.record("2026-11-09/a\x07b.wav")
    wanted = order(case_id=customer.case_id, customer_id=customer.customer_id, last=LAST_DAY.replace(day=2))
    wanted = wanted.model_copy(update={"to_date": LAST_DAY.replace(month=11, day=2)})
    made = await customer.rig.recordings.export(wanted, quiet, None)
    assert made is not None
    assert (made.files, made.left_out_count) == (3, 0)


async def test_what_was_left_out_is_kept_with_the_link_in_postgres_P10(tmp_path: Path, database: str) -> None:
    shelf = FolderShelf(tmp_path)
    pool = await open_pool(database)
    try:
        rig = RecordingsRig(shelf.store, PostgresLedger(pool), PostgresFormalizations(pool))
        customer = Customer(shelf, rig)
        for kind in KINDS:
            customer.record(KINDS[kind])
        made, delivered = await customer.exported()
        assert made.left_out_count == len(customer.kept) - len(delivered) > 0
        report = await customer.purged()
        assert report.left_out_count == len(customer.left()) == made.left_out_count
        undone = await pool.fetchval("select count(*) from recordings.removals where not removed")
        assert undone == 0
    finally:
        await pool.close()


async def test_names_that_overwrite_each_other_are_all_delivered_P10(shelf: Shelf) -> None:
    customer = customer_of(shelf)
    for name in ("a\\b.wav", "a_b.wav", "A_B.WAV", "a:b.wav", "\u00e1.wav", "a\u0301.wav", "a_b (2).wav"):
        assert customer.record(f"2026-11-01/{name}")
    made, delivered = await customer.exported()
    assert (made.files, made.left_out_count) == (7, 0)
    assert sorted(delivered) == sorted(customer.kept.values())


async def test_a_recording_that_was_emptied_after_it_was_listed_holds_up_nothing_P10(shelf: Shelf) -> None:
    customer = customer_of(shelf)
    customer.record_some()

    def empty_it(progress: str) -> None:
        if progress == "3 recordings":
            obstore.put(shelf.store, f"{customer.folder}/2026-11-02/chamada.wav", b"")

    wanted = order(case_id=customer.case_id, customer_id=customer.customer_id)
    made = await customer.rig.recordings.export(wanted, empty_it, None)
    assert made is not None
    assert (made.files, made.left_out_count) == (3, 0)


async def test_a_consoles_folder_is_no_recording_P10(s3_endpoint: str) -> None:
    customer = customer_of(BucketShelf(s3_endpoint, make_bucket(s3_endpoint)))
    customer.record_some()
    for folder in ("", "2026-11-01/"):
        assert customer.shelf.put(f"{customer.folder}/{folder}", b"")
    made, _ = await customer.exported()
    assert (made.files, made.left_out_count) == (3, 0)
    report = await customer.purged()
    assert (report.recordings, report.left_out_count) == (3, 0)


# -------------------------------------------------------------------- S3 asked without its client's opinion


@pytest.mark.long
async def test_a_bad_name_among_thousands_hides_none_P10(s3_endpoint: str) -> None:
    customer = customer_of(BucketShelf(s3_endpoint, make_bucket(s3_endpoint)))
    for number in range(1_050):
        assert customer.record(f"2026-11-01/{number:04}.wav", 1)
    customer.record("2026-11-01/0500\x07.wav")
    customer.record("2026-11-01/~\x07.wav")
    found = [one async for one in listing.objects_under(customer.shelf.store, customer.folder)]
    assert len(found) == len({one.path for one in found}) == 1_052
    assert sum(isinstance(one, Unusable) for one in found) == 2


async def test_the_request_for_a_list_is_signed_as_amazons_own_library_does(s3_endpoint: str) -> None:
    store = s3_store(s3_endpoint, "um-balde")
    assert isinstance(store, S3Store)
    url = await listing._listing_url(store, "producao/recordings/1 + é&=", "to/ken+=")
    query = parse_qs(urlsplit(url).query, keep_blank_values=True)
    assert urlsplit(url).path == "/um-balde"
    assert query["prefix"] == ["producao/recordings/1 + é&=/"]
    assert query["continuation-token"] == ["to/ken+="]
    asked = {name: values[0] for name, values in query.items() if name != "X-Amz-Signature"}
    unsigned = AWSRequest("GET", url.partition("?")[0], params=asked)
    unsigned.context["timestamp"] = query["X-Amz-Date"][0]
    signer = S3SigV4QueryAuth(Credentials("test", "test"), "s3", "us-east-1")
    to_sign = signer.string_to_sign(unsigned, signer.canonical_request(unsigned))
    assert query["X-Amz-Signature"] == [signer.signature(to_sign, unsigned)]


async def test_of_other_clouds_a_folder_with_a_bad_name_is_left_out_whole_P10(s3_endpoint: str) -> None:
    customer = customer_of(BucketShelf(s3_endpoint, make_bucket(s3_endpoint)))
    customer.record_some()
    customer.record("2026-11-02/a\x07b.wav")
    found = [one async for one in listing.folder_by_folder(customer.shelf.store, customer.folder)]
    assert {one.path.removeprefix(f"{customer.folder}/"): isinstance(one, Unusable) for one in found} == {
        "2026-11-01/0.wav": False,
        "2026-11-01/zz.wav": False,
        "2026-11-02/": True,
    }


async def test_a_folder_that_is_left_out_whole_is_not_told_as_removed_P10(
    s3_endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "keys_under", listing.folder_by_folder)
    customer = customer_of(BucketShelf(s3_endpoint, make_bucket(s3_endpoint)))
    customer.record_some()
    customer.record("2026-11-02/a\x07b.wav")
    report = await customer.purged()
    assert (report.recordings, report.left_out) == (2, ("2026-11-02/",))
    assert len(customer.left()) == 2


# -------------------------------------------------------------------- permissions


@contextmanager
def as_nobody() -> Iterator[None]:
    """Without root's right to read and write everything."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def open_shelf(open_folder: Path) -> FolderShelf:
    """A folder that an ordinary user may use."""
    root = open_folder / f"gravacoes-{next(_numbers)}"
    root.mkdir()
    os.chown(root, NOBODY, NOBODY)
    with as_nobody():
        return FolderShelf(root)


@pytest.mark.parametrize("closed", ["2026-11-01/negada.wav", "2026-11-03"])
async def test_a_file_or_folder_that_may_not_be_read_is_left_out_P10(
    open_shelf: FolderShelf, closed: str
) -> None:
    with as_nobody():
        customer = customer_of(open_shelf)
        customer.record_some()
        customer.record("2026-11-01/negada.wav")
        customer.record("2026-11-03/outra.wav")
        (open_shelf.root / customer.folder / closed).chmod(0)
        made, delivered = await customer.exported()
        assert (made.files, made.left_out_count) == (4, 1)
        assert made.left_out[0].removesuffix("/") == closed
        assert len(delivered) == 4


async def test_a_file_that_may_not_be_removed_is_left_out_P10_P18(open_shelf: FolderShelf) -> None:
    with as_nobody():
        customer = customer_of(open_shelf)
        customer.record_some()
        folder = open_shelf.root / customer.folder / "2026-11-02"
        folder.chmod(0o555)
        report = await customer.purged()
        assert (report.recordings, report.left_out) == (2, ("2026-11-02/chamada.wav",))
        assert report.bytes == 80
        folder.chmod(0o755)
        healed = await customer.purged()
        assert (healed.recordings, healed.left_out_count) == (3, 0)


async def test_a_folder_that_may_not_be_used_at_all_is_no_bad_object_P10_X7(open_shelf: FolderShelf) -> None:
    with as_nobody():
        customer = customer_of(open_shelf)
        customer.record_some()
        folder = open_shelf.root / customer.folder
        folder.chmod(0)
        with pytest.raises(StoreUnavailable):
            await customer.export()
        assert not open_shelf.contents("staging")
        folder.chmod(0o755)
        assert (await customer.exported())[0].files == 3
        folder.chmod(0)
        with pytest.raises(StoreUnavailable):
            await customer.purged()
        folder.chmod(0o755)
        assert (await customer.purged()).recordings == 3


async def test_who_removes_a_link_has_not_removed_what_it_leads_to_P10(tmp_path: Path) -> None:
    shelf = FolderShelf(tmp_path / "store")
    customer = customer_of(shelf)
    customer.record_some()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "longe.wav").write_bytes(b"fala")
    day = tmp_path / "store" / customer.folder / "2026-11-01"
    (day / "atalho.wav").symlink_to(elsewhere / "longe.wav")
    (day / "pasta").symlink_to(elsewhere)
    (day / "volta").symlink_to(day.parent)
    (day / "laço.wav").symlink_to(day / "laço.wav")
    (day / "nada.wav").symlink_to(day / "nada que exista.wav")
    os.mkfifo(day / "cano.wav")
    made, delivered = await customer.exported()
    assert (delivered.count(b"fala"), made.files) == (2, 5)
    assert made.left_out == ("2026-11-01/laço.wav",)
    report = await customer.purged()
    assert report.recordings == 3
    assert report.left_out == (
        "2026-11-01/atalho.wav",
        "2026-11-01/laço.wav",
        "2026-11-01/pasta/longe.wav",
    )
    assert (elsewhere / "longe.wav").exists()


@pytest.fixture
def bucket(s3_endpoint: str) -> BucketShelf:
    return BucketShelf(s3_endpoint, make_bucket(s3_endpoint))


async def test_an_object_in_cold_storage_is_left_out_and_removed_P10(bucket: BucketShelf) -> None:
    customer = customer_of(bucket)
    path = f"{customer.folder}/2026-11-01/fria.wav"
    assert bucket.put(path, b"fria", **{"x-amz-storage-class": "GLACIER"})
    made, _ = await customer.exported()
    assert (made.files, made.left_out) == (0, ("2026-11-01/fria.wav",))
    report = await customer.purged()
    assert (report.recordings, report.left_out_count) == (1, 0)


async def test_an_object_that_nobody_may_touch_is_left_out_P10_P18(bucket: BucketShelf) -> None:
    customer = customer_of(bucket)
    customer.record_some()
    bucket.forbid("GetObject", "DeleteObject", under=f"{customer.folder}/2026-11-01/0")
    made, _ = await customer.exported()
    assert (made.files, made.left_out) == (2, ("2026-11-01/0.wav",))
    report = await customer.purged()
    assert (report.recordings, report.left_out) == (2, ("2026-11-01/0.wav",))
    bucket.allow()
    healed = await customer.purged()
    assert (healed.recordings, healed.left_out_count) == (3, 0)


async def test_many_denied_at_the_beginning_are_left_out_as_well_P10(bucket: BucketShelf) -> None:
    customer = customer_of(bucket)
    for number in range(6):
        customer.record(f"2026-11-01/{number}.wav", 60_000)
    customer.record("2026-11-02/chamada.wav", 60_000)
    bucket.forbid("GetObject", under=f"{customer.folder}/2026-11-01")
    made, _ = await customer.exported()
    assert (made.files, made.left_out_count) == (1, 6)


async def test_a_permission_that_is_missing_for_everything_is_tried_again_P10_X7(bucket: BucketShelf) -> None:
    customer = customer_of(bucket)
    customer.record_some()
    bucket.forbid("GetObject", under="recordings")
    with pytest.raises(StoreUnavailable):
        await customer.export()
    bucket.allow()
    assert (await customer.exported())[0].files == 3
    bucket.forbid("DeleteObject", under="recordings")
    with pytest.raises(StoreUnavailable):
        await customer.purged()
    bucket.allow()
    assert (await customer.purged()).recordings == 3


# -------------------------------------------------------------------- what will pass


PASSING = {
    "overloaded": (503, b"<Error><Code>SlowDown</Code></Error>"),
    "broken": (500, b"<Error><Code>InternalError</Code></Error>"),
    "credentials have run out": (403, b"<Error><Code>ExpiredToken</Code></Error>"),
    "clock is wrong": (403, b"<Error><Code>RequestTimeTooSkewed</Code></Error>"),
    "unknown key": (403, b"<Error><Code>InvalidAccessKeyId</Code></Error>"),
    "signature is wrong": (403, b"<Error><Code>SignatureDoesNotMatch</Code></Error>"),
    "bucket is away": (404, b"<Error><Code>NoSuchBucket</Code></Error>"),
}


@pytest.fixture
async def faulty(s3_endpoint: str) -> AsyncIterator[tuple[FaultyServer, Customer]]:
    server, bucket = FaultyServer(s3_endpoint), make_bucket(s3_endpoint)
    with server.listening() as endpoint:
        customer = customer_of(BucketShelf(endpoint, bucket))
        customer.record_some()
        customer.record("2026-11-01/fila.wav")
        yield server, customer


@pytest.mark.some(4)
@pytest.mark.parametrize("kind", PASSING)
async def test_a_passing_failure_never_counts_as_left_out_P10_X7(
    faulty: tuple[FaultyServer, Customer], kind: str
) -> None:
    server, customer = faulty

    def on_one_recording(method: str, path: str, body: bytes) -> tuple[int, bytes] | None:
        about_it = "fila.wav" in path or b"fila.wav" in body
        return PASSING[kind] if about_it and method in ("GET", "POST", "DELETE") else None

    server.fault = on_one_recording
    with pytest.raises(StoreUnavailable) as reading:
        await customer.export()
    server.fault = lambda *_: None
    assert (await customer.exported())[0].files == 4
    server.fault = on_one_recording
    with pytest.raises(StoreUnavailable) as removing:
        await customer.purged()
    server.fault = lambda *_: None
    report = await customer.purged()
    assert (report.recordings, report.left_out_count) == (4, 0)
    for told in (str(reading.value), str(removing.value)):
        assert "fila" not in told
        assert str(PASSING[kind][0]) in told
