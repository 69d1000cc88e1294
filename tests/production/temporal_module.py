"""The Temporal server that docker-compose.yml names, built from its Go module."""

import asyncio
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from filelock import FileLock

MODULE: Final = "go.temporal.io/server"
_PROGRAMS: Final = {"temporal-server": "cmd/server", "temporal-sql-tool": "cmd/tools/sql"}
_BESIDE: Final = {
    "schema/postgresql": "schema/postgresql",
    "docker/scripts/sh/entrypoint.sh": "entrypoint.sh",
}
"""What the images bring beside the programs, and where below /etc/temporal they have it."""
_BUILD_SECONDS: Final = 900


class Unavailable(Exception):
    """There is no way to have the server here; the reason in one sentence."""


@dataclass(frozen=True)
class TemporalBuild:
    """The server's programs, and the files of its images."""

    folder: Path
    version: str
    """What was built: the image's version, or the latest before it that the Go at hand can build."""
    seconds: float | None
    """How long building took; None if it had been built before."""

    def program(self, name: str) -> Path:
        """Path of one of the programs."""
        return self.folder / "bin" / name

    @property
    def files(self) -> Path:
        """What the images have as /etc/temporal."""
        return self.folder / "files"


def cache_folder() -> Path:
    """Where what was built is kept between runs."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cancelamento"


async def temporal_build(wanted: str) -> TemporalBuild:
    """The server of that version, from the cache if it was built before.

    Args:
        wanted: as the image's tag has it, `1.32.2`.

    Raises:
        Unavailable: no Go, one that is too old, or nobody serves the module.
    """
    return await asyncio.to_thread(_temporal_build, wanted)


def _temporal_build(wanted: str) -> TemporalBuild:
    cache = cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    refused = []
    with FileLock(cache / "temporal.lock"):
        for version in _this_and_earlier(wanted):
            folder = cache / f"temporal-{version}"
            if (folder / "files" / "entrypoint.sh").exists():
                return TemporalBuild(folder, version, None)
            module = _module(version)
            if "Dir" in module:
                began = time.monotonic()
                _build(Path(module["Dir"]), version, folder)
                return TemporalBuild(folder, version, time.monotonic() - began)
            refused.append(str(module.get("Error", "not served")).strip())
    raise Unavailable(f"no version of {MODULE} can be built here: {refused[0]}")


def _this_and_earlier(wanted: str) -> Iterator[str]:
    """A patch release may ask for a newer Go than there is; schema and template are those of the one before."""
    minor, _, patch = wanted.rpartition(".")
    return (f"{minor}.{number}" for number in range(int(patch), -1, -1))


def _go() -> str:
    """The Go command.

    Raises:
        Unavailable: there is none.
    """
    found = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin:/usr/lib/go/bin")
    if found is None:
        raise Unavailable("Go is not installed, and the Temporal server is built by it")
    return found


def _module(version: str) -> dict[str, Any]:
    """What Go says of that version: its folder, or why not."""
    done = _run("mod", "download", "-json", f"{MODULE}@v{version}", seconds=300)
    try:
        said: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        return {"Error": done.stderr}
    if "Dir" in said and (needed := _needed_go(Path(said["Dir"]))) > _own_go():
        return {"Error": f"v{version} needs Go {'.'.join(map(str, needed))}"}
    return said


def _needed_go(module: Path) -> tuple[int, ...]:
    found = re.search(r"^go ([\d.]+)$", (module / "go.mod").read_text(), re.MULTILINE)
    return _numbers(found[1]) if found else ()


def _own_go() -> tuple[int, ...]:
    return _numbers(_run("env", "GOVERSION").stdout.strip().removeprefix("go").partition("-")[0])


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)))


def _build(module: Path, version: str, folder: Path) -> None:
    """Build whole or not at all."""
    fresh = Path(tempfile.mkdtemp(prefix="temporal-", dir=folder.parent))
    try:
        (fresh / "bin").mkdir()
        for name, package in _PROGRAMS.items():
            try:
                done = _run(
                    "install",
                    f"{MODULE}/{package}@v{version}",
                    seconds=_BUILD_SECONDS,
                    binaries=fresh / "out",
                )
            except subprocess.TimeoutExpired:
                raise Unavailable(f"building {package} takes longer than {_BUILD_SECONDS} s") from None
            if done.returncode:
                raise Unavailable(f"building {package} failed: {done.stderr.strip()[-2_000:]}")
            (fresh / "out" / Path(package).name).replace(fresh / "bin" / name)
        (fresh / "out").rmdir()
        for source, target in _BESIDE.items():
            where = fresh / "files" / target
            where.parent.mkdir(parents=True, exist_ok=True)
            if (module / source).is_dir():
                shutil.copytree(module / source, where, copy_function=shutil.copyfile)
            else:
                shutil.copyfile(module / source, where)
        _open_for_reading(fresh)
        shutil.rmtree(folder, ignore_errors=True)
        fresh.replace(folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _open_for_reading(tree: Path) -> None:
    """Go's own copies can only be read; the images' users are others than ours."""
    for folder, _, files in os.walk(tree):
        Path(folder).chmod(0o755)
        for name in files:
            Path(folder, name).chmod(0o755 if Path(folder).name == "bin" or name.endswith(".sh") else 0o644)


def _run(
    *arguments: str, seconds: float = 60, binaries: Path | None = None
) -> subprocess.CompletedProcess[str]:
    # As the module's own releases are built; and without a compiler of C.
    environment = {**os.environ, "CGO_ENABLED": "0"}
    # Given for programs of the machine's own collector; a compiler needs memory back.
    for name in ("GOGC", "GOMEMLIMIT"):
        environment.pop(name, None)
    if binaries is not None:
        environment["GOBIN"] = str(binaries)
    return subprocess.run(
        [_go(), *arguments], env=environment, capture_output=True, text=True, check=False, timeout=seconds, cwd="/"
    )  # fmt: skip
