"""Who may come in at the desk, and what each role may do (X24).

People stand in a file that only its owner can read; a password is kept as its Argon2id hash.
"""

import os
import secrets
from collections.abc import Iterable
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from cancellation.settings import Settings

if TYPE_CHECKING:
    from argon2 import PasswordHasher

FEWEST_CHARACTERS: Final = 12
"""Of a password: length is what protects it."""
_FIRST_LOGIN: Final = "comercial"


class Role(StrEnum):
    """What somebody is at the desk."""

    COMMERCIAL = "comercial"
    FINANCE = "financeiro"
    SUPPORT = "suporte"
    READER = "leitura"

    @property
    def label(self) -> str:
        """As people read it."""
        return {"leitura": "Leitura"}.get(self.value, self.value.capitalize())


class Act(StrEnum):
    """What is done at the desk beside looking."""

    CONDUCT = "conduct"
    """Open a case, record offers and outcome, withdraw, discard, decide about e-mails, assign."""
    SERVICE = "service"
    """Record portability and the wish for recordings."""
    NOTE = "note"
    """Write a note, close a task."""


_MAY: Final = {
    Role.COMMERCIAL: frozenset(Act),
    Role.SUPPORT: frozenset({Act.SERVICE, Act.NOTE}),
    Role.FINANCE: frozenset({Act.NOTE}),
    Role.READER: frozenset[Act](),
}

Login = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._@-]{0,99}$")]


class Person(BaseModel):
    """Somebody who may come in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    login: Login
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
    """The actor of everything that they do."""
    role: Role
    password: str | None = Field(default=None, repr=False)
    """Argon2id; None for whoever comes in through a reverse proxy alone."""

    def may(self, act: Act) -> bool:
        """Whether the role allows it."""
        return act in _MAY[self.role]


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    people: tuple[Person, ...] = ()


class BadPeopleFile(Exception):
    """The file of people cannot be read; says why in Portuguese."""


class People:
    """The people of a file, read anew when it changes: who is taken out is out with the next request."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_at: tuple[int, int] | None = None
        self._people: dict[str, Person] = {}

    def __getitem__(self, login: str) -> Person | None:
        """The person with that login, or None."""
        return self.all().get(login)

    def all(self) -> dict[str, Person]:
        """Everybody, by login.

        Raises:
            BadPeopleFile: the file is not what it should be.
        """
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return {}
        if (found.st_mtime_ns, found.st_size) != self._read_at:
            self._people = {person.login: person for person in _read(self._path)}
            self._read_at = (found.st_mtime_ns, found.st_size)
        return self._people

    def put(self, person: Person) -> None:
        """Add somebody, or change them."""
        everybody = dict(self.all()) | {person.login: person}
        _write(self._path, everybody.values())

    def remove(self, login: str) -> bool:
        """Take somebody out; False if nobody has that login."""
        everybody = dict(self.all())
        if everybody.pop(login, None) is None:
            return False
        _write(self._path, everybody.values())
        return True


class Passwords:
    """Argon2id, with the parameters that its library recommends (RFC 9106, low memory)."""

    def __init__(self) -> None:
        self._hasher, self._nobody = _hasher_and_nobody()

    def hash(self, password: str) -> str:
        """What is kept of a password."""
        return self._hasher.hash(password)

    def fits(self, person: Person | None, password: str) -> bool:
        """Whether it is theirs; takes as long for a login that nobody has."""
        from argon2.exceptions import InvalidHashError, VerificationError

        kept = person.password if person is not None else None
        try:
            self._hasher.verify(kept or self._nobody, password)
        except (VerificationError, InvalidHashError):
            return False
        return kept is not None


@cache
def _hasher_and_nobody() -> tuple["PasswordHasher", str]:
    """Made once, and a hash that no password fits: to make one takes as long as to check one."""
    from argon2 import PasswordHasher, profiles  # For those alone who check a password.

    hasher = PasswordHasher.from_parameters(profiles.RFC_9106_LOW_MEMORY)
    return hasher, hasher.hash(secrets.token_hex(16))


def first_access_file(settings: Settings) -> Path:
    """Where the password of the very first person stands, until somebody removes it."""
    return settings.home / "desk-access.txt"


def give_first_access(settings: Settings) -> bool:
    """Make one person of Commercial where there is nobody yet; their password is in a file of the owner alone."""
    people = People(settings.people_file)
    if people.all() or settings.people_file.exists():
        return False
    password = secrets.token_urlsafe(12)
    people.put(
        Person(
            login=_FIRST_LOGIN, name="Comercial", role=Role.COMMERCIAL, password=Passwords().hash(password)
        )
    )
    note = (
        f"Mesa do Comercial: {settings.desk.public_url}\nusuário: {_FIRST_LOGIN}\nsenha: {password}\n\n"
        "Cadastre cada pessoa com o próprio nome (cancelamento desk --help) e apague este arquivo.\n"
    )
    _write_private(first_access_file(settings), note)
    return True


def _read(path: Path) -> tuple[Person, ...]:
    try:
        return _File.model_validate_json(path.read_bytes()).people
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "arquivo"
        raise BadPeopleFile(f"{path}: {where}: conteúdo inválido") from None


def _write(path: Path, people: Iterable[Person]) -> None:
    ordered = tuple(sorted(people, key=lambda person: person.login))
    _write_private(path, _File(people=ordered).model_dump_json(indent=2) + "\n")


def _write_private(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    fresh.touch(mode=0o600)
    fresh.write_text(text, encoding="utf-8")
    os.replace(fresh, path)
