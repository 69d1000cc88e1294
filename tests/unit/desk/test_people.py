"""Who may come in at the desk: roles, passwords, the file (X24)."""

import io
import stat
from pathlib import Path

import pytest

from cancellation.settings import Settings
from starters.cli.app import run
from starters.desk.people import (
    Act,
    BadPeopleFile,
    Passwords,
    People,
    Person,
    Role,
    first_access_file,
    give_first_access,
)


def person(login: str = "ana", role: Role = Role.COMMERCIAL, password: str | None = None) -> Person:
    return Person(login=login, name=login.title(), role=role, password=password)


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        (Role.COMMERCIAL, set(Act)),
        (Role.SUPPORT, {Act.SERVICE, Act.NOTE}),
        (Role.FINANCE, {Act.NOTE}),
        (Role.READER, set[Act]()),
    ],
)
def test_a_role_may_what_its_work_needs_X24(role: Role, allowed: set[Act]) -> None:
    assert {act for act in Act if person(role=role).may(act)} == allowed


def test_a_password_is_known_by_its_hash_alone_X24() -> None:
    passwords = Passwords()
    hashed = passwords.hash("uma senha longa")
    ana = person(password=hashed)
    assert hashed.startswith("$argon2id$")
    assert passwords.fits(ana, "uma senha longa")
    assert not passwords.fits(ana, "uma senha longo")
    assert hashed not in repr(ana)


@pytest.mark.parametrize("somebody", [None, person(), person(password="not a hash")])
def test_nobody_comes_in_without_a_password_of_their_own_X24(somebody: Person | None) -> None:
    assert not Passwords().fits(somebody, "")


def test_the_file_is_its_owners_and_is_read_anew_when_it_changes_X24(tmp_path: Path) -> None:
    path = tmp_path / "home" / "people.json"
    people, elsewhere = People(path), People(path)
    people.put(person("bia"))
    people.put(person("ana"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(elsewhere.all()) == ["ana", "bia"]
    assert people.remove("bia")
    assert not people.remove("bia")
    assert elsewhere["bia"] is None


def test_a_broken_file_lets_nobody_in_and_says_where_it_is_broken_X24(tmp_path: Path) -> None:
    path = tmp_path / "people.json"
    path.write_text('{"people": [{"login": "Ana Maria"}]}')
    with pytest.raises(BadPeopleFile, match=r"people\.json: people\.0\.login"):
        People(path).all()


def test_the_first_access_is_given_once_and_its_password_is_the_owners_X24(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANCELAMENTO_HOME", str(tmp_path))
    settings = Settings()
    assert give_first_access(settings)
    assert not give_first_access(settings)
    note = first_access_file(settings)
    assert stat.S_IMODE(note.stat().st_mode) == 0o600
    password = note.read_text().partition("senha: ")[2].splitlines()[0]
    assert Passwords().fits(People(settings.people_file)["comercial"], password)


@pytest.mark.parametrize(("password", "code"), [("onze letras", 2), ("doze letras!", 0)])
def test_a_password_has_twelve_characters_or_more_X24(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, password: str, code: int
) -> None:
    monkeypatch.setenv("CANCELAMENTO_HOME", str(tmp_path))
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{password}\n"))
    assert run(["desk", "--add", "ana", "--name", "Ana Lima"]) == code
    assert [*People(tmp_path / "desk-people.json").all()] == ([] if code else ["ana"])
