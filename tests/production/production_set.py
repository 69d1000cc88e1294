"""The whole set, brought up the way docs/servidores.md tells an administrator to."""

import asyncio
import os
import ssl
import subprocess
from collections.abc import Callable, Mapping, Sequence
from graphlib import TopologicalSorter
from pathlib import Path
from signal import SIGHUP
from typing import Any, Final
from urllib.parse import quote, urlencode

import asyncpg
import trustme
from temporalio.client import Client

from cancellation.encryption import data_converter
from cancellation.key_ring import KeyRing
from embedded import MailSink
from embedded.managed import UpWhileEntered
from embedded.ports import LOOPBACK
from embedded.process import MYSELF, User, reaches
from embedded.supervisor import Supervisor
from tests.compose import composed
from tests.production.administrator import administer
from tests.production.images import Images
from tests.production.machine import Machine
from tests.production.processes import ContainerProcess, Here, PostgresProcess, run_as, run_once
from tests.production.scraped import scraped
from tests.production.translation import WITHOUT_A_PROCESS, Container, Places, Used, containers_of

BUILD_ID: Final = "2026.11.4"
"""Of the workers that come with the set."""
_COMMAND_SECONDS: Final = 600
_UPGRADE: Final = "upgrade"
_SMTP_USER, _SMTP_PASSWORD = "cancelamento", "senha-do-correio-de-saida"


class ProductionSet(UpWhileEntered):
    """Every process of the compose file that works on cases, as an ordinary user where we may become one.

    Args:
        folder: where everything lies; other users must be able to pass through.
        tell: takes a line for whoever watches.
    """

    def __init__(self, folder: Path, tell: Callable[[str], None]) -> None:
        self.folder = folder
        self.processes: dict[str, ContainerProcess] = {}
        self.containers: dict[str, Container] = {}
        self.used: Used = set()
        self.services: dict[str, Any] = {}
        self._said: dict[str, str] = {}
        self._beside: set[str] = set()
        """Containers of a profile that are up."""
        self.images = Images(folder)
        self._tell = tell
        self._places = Places(folder, frozenset())
        self._supervisor = Supervisor()
        self._machine = Machine(folder, self._places, self.images)
        self._authority = trustme.CA()
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._authority.issue_cert(LOOPBACK).configure_cert(tls)
        self.mail = MailSink(folder / "outbox", tls=tls, users={_SMTP_USER: _SMTP_PASSWORD})

    # ------------------------------------------------------------------ where things are

    def address(self, service: str, inside: int) -> str:
        """`host:port` of what a container has at a port."""
        return self._places.address(service, inside)

    def owner_url(self, database: str = "cancelamento", role: str = "cancelamento_owner") -> str:
        """The database as its owner, in TLS and from nobody else."""
        password = quote(self.secret(role), safe="")
        verified = urlencode({"sslmode": "verify-full", "sslrootcert": self.postgres_authority})
        return f"postgresql://{role}:{password}@{self.address('postgres', 5432)}/{database}?{verified}"

    @property
    def postgres_authority(self) -> Path:
        """The certificate of who has signed PostgreSQL's."""
        return self.project / "deploy" / "secrets" / "postgres_tls_ca"

    def secret(self, name: str) -> str:
        """What the administrator was given by `make.sh`, or gave."""
        return (self.project / "deploy" / "secrets" / name).read_text().strip()

    @property
    def project(self) -> Path:
        """The administrator's checkout."""
        return self.folder / "project"

    @property
    def recordings(self) -> Path:
        """The volume of recordings."""
        return self._places.volume("recordings")

    def keys(self) -> KeyRing:
        """What cases are encrypted with."""
        return KeyRing.parse(self.secret("codec_keys"))

    async def client(self) -> Client:
        """Of the set's Temporal, with the keys, as another service of the provider's would be."""
        return await Client.connect(
            self.address("temporal", 7233),
            namespace="cancelamento",
            data_converter=data_converter(self.keys()),
        )

    async def command(self, container: str, *arguments: str, stdin: bytes = b"") -> tuple[int, str, str]:
        """`docker compose exec CONTAINER cancelamento …`: code, output, errors."""
        process = self.processes[container]
        return await self._outcome(process.here, process.container.environment, arguments, stdin)

    async def run_with(self, name: str, *arguments: str, **more: str) -> tuple[int, str, str]:
        """`docker compose run --rm -e … CONTAINER …`, by default its own command: code, output, errors."""
        container = self.containers[name]
        here = self._machine.here(container)
        return await self._outcome(here, container.environment | more, arguments or container.argv)

    async def _outcome(
        self, here: Here, environment: Mapping[str, str], arguments: Sequence[str], stdin: bytes = b""
    ) -> tuple[int, str, str]:
        ran = await asyncio.create_subprocess_exec(
            *here.program,
            *arguments,
            env={**here.environment, **environment, "COLUMNS": "200"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd="/",
            **run_as(here.user),
        )
        try:
            async with asyncio.timeout(_COMMAND_SECONDS):
                out, err = await ran.communicate(stdin)
        finally:
            if ran.returncode is None:
                ran.kill()
        return ran.returncode or 0, out.decode(), err.decode()

    # ------------------------------------------------------------------ up and down

    async def start(self) -> None:
        """Build what is not built, and bring everything up, each after what it depends on."""
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop everything, the last one first."""
        await self._supervisor.stop()

    async def new_version(self, build_id: str, code: Path | None) -> None:
        """What comes before an upgrade's `docker compose up`: another image, another BUILD_ID; nothing is started.

        Args:
            build_id: of the version.
            code: what its image holds; None: what the set came with.
        """
        self._said["BUILD_ID"] = build_id
        self._places.said |= {build_id}
        self._machine.code = code
        self.services = await asyncio.to_thread(self._composed)

    async def up_beside(self, service: str, scale: int | None = None) -> list[str]:
        """`docker compose --profile … up -d --no-deps --scale SERVICE=N SERVICE`; the names of its containers."""
        fresh = self._containers_of(service)[:scale]
        names = [container.name for container in fresh]
        self._beside |= {*names}
        async with asyncio.TaskGroup() as group:
            for container in fresh:
                if container.name in self.processes:
                    self.processes[container.name].become(container, self._machine.here(container))
                    group.create_task(self.up(container.name))
                else:
                    await asyncio.to_thread(self._fill, container)
                    group.create_task(self._start_one(container))
        self._look_up_again()
        return names

    async def remove(self, *names: str) -> None:
        """`docker compose --profile … rm --stop --force`: of what was up beside."""
        await self.down(*names)
        self._beside -= {*names}
        self._look_up_again()

    async def up_anew(self, service: str) -> None:
        """`docker compose up -d --no-deps SERVICE`: what runs gives place to what the file says now."""
        fresh = self._containers_of(service)
        await self.down(*(container.name for container in fresh))
        for container in fresh:
            self.processes[container.name].become(container, self._machine.here(container))
        await self.up(*(container.name for container in fresh))

    async def run_setup(self) -> None:
        """`docker compose run --rm setup`."""
        container = self.containers["setup"]
        await run_once(container, self._machine.here(container), 1)

    async def down(self, *names: str) -> None:
        """`docker compose stop`: with order, side by side."""
        await asyncio.gather(*(self.processes[name].hold_down() for name in names))

    async def up(self, *names: str) -> None:
        """`docker compose start`, side by side."""
        for name in names:
            self.processes[name].let_up()
        await asyncio.gather(*map(self.until_healthy, names))

    async def kill(self, name: str) -> None:
        """End a container as its machine's end would."""
        await self.processes[name].kill()

    async def until_healthy(self, name: str) -> None:
        """Wait until a container that has ended is back."""
        async with asyncio.timeout(2 * ContainerProcess.start_seconds):
            while not (self.processes[name].running and await self.processes[name].healthy()):
                await asyncio.sleep(0.3)

    def alone(self, name: str) -> ContainerProcess:
        """One server without the others, not started; after `plan`, and when its image is there."""
        self._fill(self.containers[name])
        self.processes[name] = self._machine.process(self.containers[name])
        return self.processes[name]

    async def _start(self) -> None:
        self.folder.chmod(0o711)
        await self._gather()
        await self._supervisor.add(self.mail)
        await asyncio.to_thread(self.plan)
        for container in self.containers.values():
            if "profiles" not in self.services[container.service]:
                await asyncio.to_thread(self._fill, container)
        await self._start_in_order()

    async def _gather(self) -> None:
        await self.images.gather(self._tell)
        if os.geteuid() == 0:
            image = self.images.ours
            self._machine.user = User(image.uid, image.uid)
            python = image.programs / "python"
            if not await reaches(self._machine.user, [python, image.app], os.R_OK | os.X_OK):
                self._machine.user = MYSELF
                self._tell("no other user reaches this Python: our own processes run as root")

    def plan(self) -> None:
        """Make every container of the compose file a process of this machine; nothing is started."""
        self.services = self._administer()
        self._places.services = frozenset(self.services)
        for name in self.services:
            if name not in WITHOUT_A_PROCESS:
                self._containers_of(name)

    def _containers_of(self, service: str) -> list[Container]:
        images = self.images.files(service)
        found = containers_of(self.services, service, self._places, images, self.used)
        self.containers |= {container.name: container for container in found}
        return found

    def _composed(self) -> dict[str, Any]:
        return composed(self._said, "--profile", _UPGRADE, project=self.project)

    def _administer(self) -> dict[str, Any]:
        """What docs/servidores.md asks an administrator to do, up to `docker compose up`; the services."""
        authority = self.folder / "authority.pem"
        self._authority.cert_pem.write_to_path(str(authority))
        authority.chmod(0o444)
        administer(self.project, authority, _SMTP_PASSWORD)
        self._said = {
            "GATEWAY_PUBLIC_URL": f"http://{self.address('gateway', 8080)}",
            "DESK_PUBLIC_URL": f"http://{self.address('desk', 8090)}",
            "CODEC_PUBLIC_URL": f"http://{self.address('codec', 8082)}",
            "SMTP_HOST": self.mail.host,
            "SMTP_PORT": str(self.mail.port),
            "SMTP_USERNAME": _SMTP_USER,
            "INBOX_LISTEN": self.address("inbox", 2525),
            "INBOX_PEERS": f"{LOOPBACK}/32",
            "BUILD_ID": BUILD_ID,
        }
        self._places.said = frozenset(self._said.values()) | {str(authority)}
        return self._composed()

    def _fill(self, container: Container) -> None:
        service = self.services[container.service]
        self._machine.fill(container, service, self.project / "deploy" / "secrets")
        if container.service == "prometheus":
            self._write_targets()

    def _look_up_again(self) -> None:
        """Have Prometheus know who is there, as the engine's name server tells it."""
        self._write_targets()
        if (process := self.processes["prometheus"]).running:
            os.kill(process.pid, SIGHUP)

    def _write_targets(self) -> None:
        file = self.containers["prometheus"].mounts["/etc/prometheus/prometheus.yml"]
        fresh = file.with_suffix(".new")
        fresh.write_text(scraped((self.project / "deploy" / "prometheus.yml").read_text(), self._up_of))
        fresh.chmod(0o444)
        fresh.replace(file)

    def _up_of(self, service: str, port: int) -> list[str]:
        return [
            self._places.address(service, port, one.replica)
            for one in self.containers.values()
            if one.service == service
            and ("profiles" not in self.services[service] or one.name in self._beside)
        ]

    async def _start_in_order(self) -> None:
        """Each after what it depends on; what depends on the same, side by side."""
        order = TopologicalSorter(
            {
                name: set(service.get("depends_on", ()))
                for name, service in self.services.items()
                if name not in WITHOUT_A_PROCESS and "profiles" not in service
            }
        )
        order.prepare()
        while order.is_active():
            ready = order.get_ready()
            async with asyncio.TaskGroup() as group:
                for container in self.containers.values():
                    if container.service in ready:
                        group.create_task(self._start_one(container))
            order.done(*ready)

    async def _start_one(self, container: Container) -> None:
        if not container.restarts:
            tries = int(self.services[container.service]["restart"].partition(":")[2]) + 1
            await run_once(container, self._machine.here(container), tries)
            self._tell(f"{container.name} done")
            if container.service == "setup":
                await self._let_time_be_skipped()
            return
        process = self._machine.process(container)
        self.processes[container.name] = process
        await self._supervisor.add(process)
        if isinstance(process, PostgresProcess):
            # As docs/backup.md says; it counts from the next start on.
            await process.keep_copies(self.folder / "copies")
            await process.stop()
            await self.until_healthy(container.name)
        self._tell(f"{container.name} up")

    async def _let_time_be_skipped(self) -> None:
        """What `setup` never does: acts may be ahead of the database's clock (P19)."""
        connection = await asyncpg.connect(self.owner_url())
        await connection.execute("update migration.clock set is_virtual = true, marked_at = now()")
        await connection.close()
