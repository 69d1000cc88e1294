"""This machine in place of an engine: what a container is given, and how its process is run."""

import os
import pwd
import shutil
from collections.abc import Mapping
from pathlib import Path
from signal import SIGINT
from typing import Any, Final

from embedded.process import MYSELF, User
from tests.production.images import Images
from tests.production.processes import ContainerProcess, Here, PostgresProcess, give_away
from tests.production.scraped import ARGUMENTS
from tests.production.translation import Container, Places, paths_here

TEMPORAL_USER: Final = User(1000, 1000)
"""As its images have it."""
_TEMPORAL_PORTS: Final = {
    "FRONTEND_GRPC_PORT": 7233,
    "FRONTEND_HTTP_PORT": 7243,
    "FRONTEND_MEMBERSHIP_PORT": 6933,
    "HISTORY_GRPC_PORT": 7234,
    "HISTORY_MEMBERSHIP_PORT": 6934,
    "MATCHING_GRPC_PORT": 7235,
    "MATCHING_MEMBERSHIP_PORT": 6935,
    "WORKER_GRPC_PORT": 7239,
    "WORKER_MEMBERSHIP_PORT": 6939,
}
_ASKS_A_PAGE: Final = "import sys, urllib.request; urllib.request.urlopen(sys.argv[-1], timeout=5)"
_ASKS_A_PORT: Final = "import socket, sys; socket.create_connection((sys.argv[2], int(sys.argv[3])), 3)"
_IMAGES_SHELL: Final = ("#!/bin/sh", "#!/bin/bash")
"""Alpine's shell knows `pipefail`, Debian's does not."""


class Machine:
    """Where containers become processes.

    Args:
        folder: where everything lies; other users must be able to pass through.
        places: of this machine.
        images: what containers start from.
    """

    def __init__(self, folder: Path, places: Places, images: Images) -> None:
        self._folder = folder
        self._places = places
        self._images = images
        self.user = MYSELF
        """Who runs our own processes."""
        self.code: Path | None = None
        """What our image holds in place of this code, from now on."""

    def fill(self, container: Container, service: Mapping[str, Any], secrets: Path) -> None:
        """Give a container its secrets, its files and its folders, which no other user can read.

        Args:
            container: made of the service.
            service: as Compose takes it.
            secrets: the folder of the administrator's.
        """
        own = self._folder / "containers" / container.name
        own.mkdir(parents=True)
        user = self._user_of(container.service)
        for secret in service.get("secrets", ()):
            target = container.mounts[secret["target"]]
            target.parent.mkdir(exist_ok=True)
            shutil.copyfile(secrets / secret["source"], target)
        for volume in service.get("volumes", ()):
            target = container.mounts[volume["target"]]
            if volume["type"] == "volume":
                target.mkdir(parents=True, exist_ok=True)
                if not volume.get("read_only"):
                    give_away(target, user)
            else:
                source = Path(volume["source"])
                target.parent.mkdir(exist_ok=True)
                (shutil.copytree if source.is_dir() else shutil.copyfile)(source, target)
        for one in service.get("tmpfs", ()):
            container.mounts[one.partition(":")[0]].mkdir(parents=True)
        for file in own.rglob("*"):
            if file.suffix in (".sh", ".yaml"):
                file.write_text(paths_here(file.read_text(), container.mounts))
        give_away(own, user)
        for folder in container.mounts.values():
            entrypoint = folder / "entrypoint.sh"
            if entrypoint.exists():
                entrypoint.write_text(entrypoint.read_text().replace(*_IMAGES_SHELL, 1))

    def process(self, container: Container) -> ContainerProcess:
        """A server's process, not started."""
        here = self.here(container)
        if container.service != "postgres":
            return ContainerProcess(container, here)
        return PostgresProcess(
            container,
            here,
            programs=self._images.postgres,
            data=container.mounts["/var/lib/postgresql"] / "18" / "docker",
            port=self._places.port("postgres", 5432),
        )

    def here(self, container: Container) -> Here:
        """How a container's process is run."""
        common = {"TZ": "UTC", "HOME": "/nonexistent", "TMPDIR": str(container.mounts["/tmp"])}  # noqa: S108
        program: tuple[str, ...] = ()
        if container.service == "postgres":
            environment = {"PATH": f"{self._images.postgres}:/usr/bin:/bin", "LANG": "C.UTF-8"} | {
                "PGPORT": str(self._places.port("postgres", 5432))
            }
        elif container.service.startswith("temporal"):
            programs = self._images.programs(container.service)
            environment = {"PATH": f"{programs}:/usr/bin:/bin"} | {
                name: str(self._places.port("temporal", inside)) for name, inside in _TEMPORAL_PORTS.items()
            }
        elif container.service == "prometheus":
            arguments = (paths_here(one, container.mounts) for one in ARGUMENTS)
            listens = f"--web.listen-address={self._places.address('prometheus', 9090)}"
            program = (str(self._images.prometheus), *arguments, listens)
            environment = {"PATH": "/usr/bin:/bin"}
        else:
            program = tuple(str(self._images.ours.programs / word) for word in self._images.ours.entrypoint)
            environment = {
                name: paths_here(value, container.mounts).replace("$PATH", "/usr/bin:/bin")
                for name, value in self._images.ours.environment.items()
            }
            if "CANCELAMENTO_DATABASE_HOST" in container.environment:
                environment["CANCELAMENTO_DATABASE_PORT"] = str(self._places.port("postgres", 5432))
            if self.code is not None:
                environment["PYTHONPATH"] = str(self.code)
        return Here(
            user=self._user_of(container.service),
            program=program,
            environment=common | environment,
            folder=self._folder / "containers",
            log=self._folder / "logs" / f"{container.name}.log",
            check={} if container.service == "postgres" else self._checks(),
            stop_signal=SIGINT if container.service == "postgres" else Here.stop_signal,
        )

    def _checks(self) -> dict[str, tuple[str, ...]]:
        python = str(self._images.ours.programs / "python")
        return {
            "python": (python,),
            "nc": (python, "-c", _ASKS_A_PORT),
            "wget": (python, "-c", _ASKS_A_PAGE),
        }

    def _user_of(self, service: str) -> User:
        if os.geteuid() != 0:
            return MYSELF
        if service in ("postgres", "prometheus"):
            # PostgreSQL's programs ask for the name of whoever runs them.
            nobody = pwd.getpwnam("nobody")
            return User(nobody.pw_uid, nobody.pw_gid)
        return TEMPORAL_USER if service.startswith("temporal") else self.user
