"""Our image without containers: what the Dockerfile installs and copies, in a folder of its own."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.compose import CHECKOUT

DOCKERFILE: Final = CHECKOUT / "Dockerfile"
_WITHOUT: Final = shutil.ignore_patterns("__pycache__")


@dataclass(frozen=True)
class Image:
    """What a container of ours starts from."""

    app: Path
    """What the image has as /app."""
    environment: dict[str, str]
    """Of the Dockerfile, with its paths as they stand there."""
    entrypoint: tuple[str, ...]
    working_folder: str
    uid: int
    packages: int
    """Bytes of what is installed."""
    code: int
    """Bytes of what is ours."""

    @property
    def programs(self) -> Path:
        """Where its Python and our command are."""
        return self.app / ".venv" / "bin"


async def built_image(folder: Path) -> Image:
    """Install and copy as the Dockerfile does, into a folder that every user can read."""
    return await asyncio.to_thread(_built_image, folder)


def _built_image(app: Path) -> Image:
    text = DOCKERFILE.read_text().replace("\\\n", " ")
    build, _, final = text.rpartition("\nFROM ")
    app.mkdir(parents=True)
    app.chmod(0o755)
    for source, target in _copied(build):
        if source.is_dir():
            shutil.copytree(source, app / target, ignore=_WITHOUT)
        else:
            shutil.copy(source, app / target)
    code = size_of(app)
    _install(app, build)
    release = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for place in re.findall(r"\.venv/lib/\S+", build):
        shutil.rmtree(app / re.sub(r"python3\.\d+", release, place))
    for path in (app, *app.rglob("*")):
        if not path.is_symlink() and path.stat().st_uid == os.geteuid():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
    return Image(
        app=app,
        environment=dict(
            re.findall(r"(\w+)=(\S+)", " ".join(re.findall(r"^ENV (.+)$", final, re.MULTILINE)))
        ),
        entrypoint=tuple(re.findall(r'"([^"]+)"', _the(r"^ENTRYPOINT (.+)$", final))),
        working_folder=_the(r"^WORKDIR (\S+)$", final),
        uid=int(_the(r"useradd --uid (\d+)", final)),
        packages=size_of(app / ".venv"),
        code=code,
    )


def size_of(tree: Path) -> int:
    """Bytes of the files below, each of which counts once."""
    return sum(path.lstat().st_size for path in tree.rglob("*") if not path.is_dir())


def _copied(build: str) -> Iterator[tuple[Path, str]]:
    for names in re.findall(r"^COPY (?!--)(.+)$", build, re.MULTILINE):
        *sources, target = names.split()
        for source in sources:
            yield CHECKOUT / source, source if target == "./" else target


def _install(app: Path, build: str) -> None:
    """The lines that install, by uv: the same packages by the same hashes, from its cache where it has them."""
    requirements = _the(r"pip install --require-hashes -r (\S+)", build)
    python = app / ".venv" / "bin" / "python"
    uv = str(Path(sys.executable).parent / "uv")
    install = [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", str(python)]
    orders = [
        # With pip, as `python -m venv` makes one.
        [uv, "venv", "--quiet", "--seed", "--no-config", "--python", str(_base()), str(app / ".venv")],
        [*install, "--require-hashes", "-r", str(app / requirements)],
        [*install, "--no-deps", "--no-build-isolation", "-e", str(app)],
    ]
    assert "pip install --no-deps --no-build-isolation -e ." in build
    for order in orders:
        done = subprocess.run(
            order,
            env={**os.environ, "UV_PYTHON_DOWNLOADS": "never"},
            cwd=app,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        assert done.returncode == 0, f"{order}: {done.stderr}"


def _base() -> Path:
    """The Python of the same release that other users can reach: the system's, where there is one."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    system = Path("/usr/bin") / name
    return system if system.exists() else Path(sys.base_prefix) / "bin" / name


def _the(pattern: str, text: str) -> str:
    found = re.search(pattern, text, re.MULTILINE)
    assert found is not None, f"the Dockerfile has no {pattern}"
    return found[1]
