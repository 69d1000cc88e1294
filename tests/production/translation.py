"""A service of the compose file as a process of this machine: the same settings, other places."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from embedded.ports import LOOPBACK, free_port

Service = Mapping[str, Any]
Used = set[tuple[str, str]]
"""Services, and the settings of them that a process was given."""

NOT_RUN: Final = {
    "build": "nobody builds an image here; what the Dockerfile installs and copies is installed and copied",
    "cap_drop": "an ordinary user has no capabilities",
    "deploy.resources.limits.cpus": "there is no control group",
    "deploy.resources.limits.memory": "there is no control group; the most that was used is held against it",
    "deploy.resources.limits.pids": "there is no control group; how many there were is held against it",
    "init": "whoever starts a process here also sees it end",
    "logging": "an engine's",
    "networks": "an engine's; everything is on loopback",
    "read_only": "an ordinary user can write only where it is told to",
    "shm_size": "an engine's",
}
"""Settings that no run without containers can show, and why."""
WITHOUT_A_PROCESS: Final = {
    "temporal-ui": "no package registry has it",
    "mail": "for demonstrations; a server that wants TLS and a login stands in for the provider's",
    "grafana": "no package registry has it",
}
"""Services that are not run, and why."""
RECORDINGS: Final = "/var/lib/recordings"


@dataclass
class Places:
    """Where hosts, ports and paths of the containers are on this machine."""

    folder: Path
    said: frozenset[str]
    """The administrator's own words, which are already of this machine."""
    ports: dict[tuple[str, int, int], int] = field(default_factory=dict)
    """Of a service, its replica, and its container's port."""
    services: frozenset[str] = frozenset()

    def port(self, service: str, inside: int, replica: int = 0) -> int:
        """The port of this machine at which a container's is found."""
        key = (service, replica, inside)
        while key not in self.ports:
            port = free_port()
            if port not in self.ports.values():
                self.ports[key] = port
        return self.ports[key]

    def address(self, service: str, inside: int, replica: int = 0) -> str:
        """`host:port` of it."""
        return f"{LOOPBACK}:{self.port(service, inside, replica)}"

    def volume(self, name: str) -> Path:
        """The folder that stands in for a volume."""
        return self.folder / "volumes" / name


@dataclass(frozen=True)
class Container:
    """One container's process, ready to be started."""

    name: str
    service: str
    replica: int
    argv: tuple[str, ...]
    environment: dict[str, str] = field(repr=False)
    check: tuple[str, ...] | None
    """The health check's command; None: it has none."""
    mounts: dict[str, Path]
    """Where what the container has at a path is on this machine."""
    stop_seconds: float
    memory: int
    """Limit in bytes."""
    pids: int
    restarts: bool
    """Whether it is started again when it has ended, whatever it ended with."""


def settings_of(service: Service, prefix: str = "") -> Iterator[str]:
    """Every setting of a service by its dotted name; lists of mounts, ports and the like by what they are about."""
    for key, value in service.items():
        name = f"{prefix}{key}"
        if value is None or value == {}:
            continue
        if key in ("secrets", "volumes", "ports"):
            yield from (f"{name}.{_target(one)}" for one in value)
        elif key == "tmpfs":
            yield from (f"{name}.{one.partition(':')[0]}" for one in value)
        elif key in NOT_RUN or not isinstance(value, Mapping):
            yield name
        else:
            yield from settings_of(value, f"{name}.")


def containers_of(
    services: Mapping[str, Service],
    name: str,
    places: Places,
    images: Mapping[str, Path],
    used: Used,
) -> list[Container]:
    """The processes of a service.

    Args:
        services: as Compose takes them.
        name: the service.
        places: of this machine.
        images: where a path of the service's image is found; its own files.
        used: takes what was given to a process.
    """
    replicas = services[name].get("deploy", {}).get("replicas", 1)
    if "replicas" in services[name].get("deploy", {}):
        used.add((name, "deploy.replicas"))
    return [_container(services[name], name, replica, places, images, used) for replica in range(replicas)]


def _container(
    service: Service, name: str, replica: int, places: Places, images: Mapping[str, Path], used: Used
) -> Container:
    use = partial(_use, used, name)
    label = f"{name}-{replica + 1}" if "replicas" in service["deploy"] else name
    mounts = dict(images) | _mounts(service, label, places, use)
    translated = partial(_translated, places, mounts, name, replica)
    environment = {
        use(f"environment.{variable}", variable): _value(variable, value, places, name, replica, translated)
        for variable, value in service.get("environment", {}).items()
    }
    argv = [*(service.get("entrypoint") or ()), *(service.get("command") or ())]
    for part in ("entrypoint", "command"):
        if service.get(part):
            use(part)
    check = service.get("healthcheck", {}).get("test")
    for part in service.get("healthcheck", {}):
        use(f"healthcheck.{part}")
    for other, how in service.get("depends_on", {}).items():
        for part in how:
            use(f"depends_on.{other}.{part}")
    for port in service.get("ports", ()):
        use(f"ports.{port['target']}")
    assert service.get("security_opt", ()) in ((), ["no-new-privileges:true"]), (
        "processes.Here gives no other"
    )
    for setting in ("image", "profiles", "security_opt", "user"):
        use(setting)
    limits = service["deploy"]["resources"]["limits"]
    return Container(
        name=label,
        service=name,
        replica=replica,
        argv=tuple(map(translated, argv)),
        environment=environment,
        # `nc` says host and port apart.
        check=tuple(_port_of(word, places, name, replica) or translated(word) for word in check[1:])
        if check
        else None,
        mounts=mounts,
        stop_seconds=_seconds(use("stop_grace_period", service.get("stop_grace_period", "10s"))),
        memory=int(limits["memory"]),
        pids=int(limits["pids"]),
        restarts=use("restart", service["restart"]) == "unless-stopped",
    )


def _use(used: Used, service: str, setting: str, value: Any = None) -> Any:
    used.add((service, setting))
    return value


def _mounts(service: Service, label: str, places: Places, use: Any) -> dict[str, Path]:
    own = places.folder / "containers" / label
    mounts: dict[str, Path] = {}
    for secret in service.get("secrets", ()):
        mounts[use(f"secrets.{_target(secret)}", secret["target"])] = (
            own / "secrets" / Path(secret["target"]).name
        )
    if service.get("secrets"):
        mounts["/run/secrets"] = own / "secrets"
    for volume in service.get("volumes", ()):
        target = use(f"volumes.{_target(volume)}", volume["target"])
        mounts[target] = (
            places.volume(volume["source"])
            if volume["type"] == "volume"
            else own / "files" / Path(target).name
        )
    for one in service.get("tmpfs", ()):
        target = one.partition(":")[0]
        mounts[use(f"tmpfs.{target}", target)] = own / "tmpfs" / target.strip("/").replace("/", "-")
    return mounts


def _value(variable: str, value: str, places: Places, service: str, replica: int, translated: Any) -> str:
    if value in places.said:
        return value
    if variable == "DB_PORT":
        return str(places.port("postgres", int(value)))
    if variable.endswith(("_HOST", "_SEEDS")) and value in places.services:
        return LOOPBACK
    if variable.endswith("_PORT") and value.isdigit():
        return str(places.port(service, int(value), replica))
    return str(translated(value))


def _port_of(word: str, places: Places, service: str, replica: int) -> str | None:
    return str(places.port(service, int(word), replica)) if word.isdigit() else None


def _translated(places: Places, mounts: Mapping[str, Path], service: str, replica: int, text: str) -> str:
    """A command's or a variable's text with the hosts, ports and paths of this machine."""
    if text in places.said:
        return text
    hosts = "|".join(map(re.escape, sorted(places.services, key=len, reverse=True)))
    text = re.sub(rf"\b({hosts}):(\d+)\b", lambda found: places.address(found[1], int(found[2])), text)
    # What a container asks of itself.
    text = re.sub(
        r"(?<![\d.])(?:0\.0\.0\.0|127\.0\.0\.1|localhost):(\d{2,4})\b",
        lambda found: places.address(service, int(found[1]), replica),
        text,
    )
    text = re.sub(r"^(0\.0\.0\.0|localhost)$", LOOPBACK, text)
    return paths_here(text, mounts)


def paths_here(text: str, mounts: Mapping[str, Path]) -> str:
    """A text in which every path of the container's is where that is on this machine."""
    if not mounts:
        return text
    longest_first = "|".join(map(re.escape, sorted(mounts, key=len, reverse=True)))
    return re.sub(rf"(?<![\w.])({longest_first})(?![\w-])", lambda found: str(mounts[found[1]]), text)


def _target(one: Mapping[str, Any]) -> str:
    return str(
        one.get("source") if "file" in one or str(one["target"]).startswith("/run/") else one["target"]
    )


def _seconds(told: str) -> float:
    """`1m0s` in seconds."""
    units = {"h": 3600.0, "m": 60.0, "s": 1.0}
    return sum(float(number) * units[unit] for number, unit in re.findall(r"([\d.]+)([hms])", told))


def not_run(services: Mapping[str, Service], used: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """What no process was given, and nothing excuses."""
    return {
        (name, setting)
        for name, service in services.items()
        if name not in WITHOUT_A_PROCESS
        for setting in settings_of(service)
        if not any(setting == one or setting.startswith(f"{one}.") for one in NOT_RUN)
    } - set(used)
