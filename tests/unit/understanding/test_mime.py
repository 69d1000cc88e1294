"""The parts of a message: bounds before anything is parsed, and what is not sound about it (X8, X9, X14)."""

import time

import pytest

from cancellation.confined import ConfinedReader, Limits, ReadOrder
from cancellation.understanding import (
    Action,
    ResolvedDirectory,
    clues_of,
    read_message,
    understand,
)
from cancellation.understanding.mime import MAX_PARAMETERS, MAX_PARTS, Problem, structure_of
from tests.unit.understanding.hostile import FROM, HOSTILE, multipart
from tests.unit.understanding.letters import MAILBOXES, TRUSTED


@pytest.mark.some(9)
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_message_costs_less_than_a_second_X9(name: str) -> None:
    start = time.process_time()
    reading = read_message(HOSTILE[name])
    clues_of(reading)
    assert understand(reading, ResolvedDirectory(), MAILBOXES, TRUSTED).action is not Action.ACCEPT
    assert time.process_time() - start < 1


@pytest.mark.long
async def test_hostile_messages_take_less_than_two_hundred_megabytes_X9() -> None:
    reader = ConfinedReader(Limits(memory_bytes=200_000_000))
    try:
        for raw in HOSTILE.values():
            await reader.read(raw, ReadOrder())
    finally:
        reader.close()


@pytest.mark.parametrize(
    "name",
    [
        "parameters",
        "siblings",
        "near boundaries",
        "nested parts",
        "huge header",
        "nested messages",
    ],
)
def test_what_goes_beyond_a_bound_goes_to_a_person_X9(name: str) -> None:
    assert Problem.TOO_COMPLEX in structure_of(HOSTILE[name]).problems
    got = understand(read_message(HOSTILE[name]), ResolvedDirectory(), MAILBOXES, TRUSTED)
    assert got.action is Action.TRIAGE
    assert got.explicit_request == "unsure"


def test_as_many_parts_and_parameters_as_mail_programs_write_are_read() -> None:
    part = b"--b\nContent-Type: text/plain; " + b"; ".join(b"a%d=x" % n for n in range(MAX_PARAMETERS))
    structure = structure_of(multipart((part + b"\n\noi\n") * (MAX_PARTS - 1) + b"--b--\n"))
    assert structure.problems == set()
    assert len(structure.root.children) == MAX_PARTS - 1


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (multipart(b"--b\n\noi\n"), Problem.CUT),
        (multipart(b"--other\n\nSolicito\n--other--\n"), Problem.MALFORMED),
        (FROM + b"Content-Type: multipart/mixed\n\noi", Problem.MALFORMED),
        (
            FROM + b"Content-Type: multipart/mixed; boundary=a; boundary=b\n\n--b\n\noi\n--b--",
            Problem.MALFORMED,
        ),
        (FROM + b"Content-Type: text/plain\nContent-Type: text/html\n\noi", Problem.MALFORMED),
        (b"From: a@b.com\nno header at all\n\noi", Problem.MALFORMED),
        (multipart(b"--b\n\noi\n--b--\nE nada de cancelar, foi engano.\n"), Problem.OUTSIDE),
        (multipart(b"Nada de cancelar, foi engano nosso.\n--b\n\noi\n--b--\n"), Problem.OUTSIDE),
    ],
)
def test_unsound_structure_is_noted_X14(raw: bytes, problem: Problem) -> None:
    assert problem in structure_of(raw).problems


@pytest.mark.parametrize(
    "raw",
    [
        FROM + b"\noi",
        b"From MAILER Sun Nov 22 10:15:00 2026\n" + FROM + b"\noi",
        multipart(b"This is a multi-part message in MIME format.\n--b\n\noi\n--b--\n"),
        multipart(b"--b\r\n\r\noi\r\n--b--"),
        multipart(b"--b  \n\noi\n--b--  \n\n\n"),
        FROM + b'Content-Type: multipart/mixed; boundary="a \\"b"\n\n--a "b\n\noi\n--a "b--\n',
        FROM + b"Content-Type: multipart/mixed; boundary*0=a; boundary*1=b\n\n--ab\n\noi\n--ab--\n",
        multipart(
            b"--b\nContent-Type: message/rfc822\n\nContent-Type: multipart/mixed; boundary=c\n\nx\n--b--\n"
        ),
        b"",
    ],
)
def test_sound_structure_has_no_problem(raw: bytes) -> None:
    assert structure_of(raw).problems == set()


def test_boundary_of_an_outer_part_ends_the_inner_ones() -> None:
    inner = b"Content-Type: multipart/alternative; boundary=bb\n\n--bb\n\num\n--bb\n\ndois\n--bb--\n"
    root = structure_of(multipart(b"--b\n" + inner + b"--b\n\ntr\xeas\n--b--")).root
    assert [child.kind for child in root.children] == ["multipart/alternative", "text/plain"]
    assert [part.content(100)[0] for part in root.walk() if not part.children] == [b"um", b"dois", b"tr\xeas"]


@pytest.mark.parametrize(
    ("encoding", "body", "text", "sound"),
    [
        (b"base64", b"b2k=\n", b"oi", True),
        (b"BASE64", b"b2 k=\r\n", b"oi", True),
        (b"base64", b"b2k", b"", False),
        (b"base64", b"b2k=!!", b"oi", False),
        (b"base64", b"b2lv\nrodape da lista", None, False),
        (b"quoted-printable", b"n=E3o=\n.", b"n\xe3o.", True),
        (b"quoted-printable", b"n=E", b"n=E", False),
        (b"quoted-printable", b"n=XXo", b"n=XXo", False),
        (b"x-uuencode", b"oi", b"oi", False),
        (b"8bit", b"n\xe3o", b"n\xe3o", True),
    ],
)
def test_transfer_encoding_is_undone_and_a_broken_one_noted_X14(
    encoding: bytes, body: bytes, text: bytes | None, sound: bool
) -> None:
    root = structure_of(FROM + b"Content-Transfer-Encoding: " + encoding + b"\n\n" + body).root
    decoded, whole = root.content(1_000)
    assert whole is sound
    if text is not None:
        assert decoded == text


def test_parameters_are_read_as_the_standards_say() -> None:
    raw = FROM + (
        b'Content-Type: TEXT/Plain; name="a\\"b;c.txt" ; charset = UTF-8\n'
        b"Content-Disposition: attachment; filename*=iso-8859-1'pt'n%E3o.txt\n\noi"
    )
    root = structure_of(raw).root
    assert (root.kind, root.disposition, root.filename) == ("text/plain", "attachment", "não.txt")
    assert root.parameters == {"name": 'a"b;c.txt', "charset": "UTF-8"}
