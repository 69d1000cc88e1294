"""Ports on loopback: taken when free, held while its home is up, kept over a restart."""

import json
import secrets
import socket
from pathlib import Path

from embedded.errors import PortTaken

LOOPBACK = "127.0.0.1"
_BELOW_EPHEMERAL = range(20_000, 32_768)
_given: set[int] = set()
"""Whoever asks for two ports gets two, also before anything listens on the first."""


def is_free(port: int) -> bool:
    """Whether nobody listens on that port of the loopback interface."""
    with socket.socket() as probe:
        # Without it, connections of an earlier server that are still closing would count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """A port of the loopback interface that nobody uses at this moment, and another one at every call.

    Below the range from which systems give out ports by themselves: between choosing it and listening on it,
    no outgoing connection and no server that asks for just any port can come by it.
    """
    while (port := secrets.choice(_BELOW_EPHEMERAL)) in _given or not is_free(port):
        continue
    _given.add(port)
    return port


class Ports:
    """The ports of one home: what was asked for, else what it had the last time, else a free one.

    A port is held from the moment of its choice, before any server listens on it: two homes that start in the same
    second get different ones. It is held as a UDP port of the same number, which nothing here listens on and which the
    system frees when the process is gone, however it ends.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._held: list[socket.socket] = []

    def take(self, name: str, wanted: int | None = None) -> int:
        """The port of that name.

        Raises:
            PortTaken: The wanted port is in use.
        """
        known = _read(self._file)
        if wanted:
            if not is_free(wanted):
                raise PortTaken(wanted, name)
            self._hold(port := wanted)
        else:
            port = known.get(name, 0)
            others = {number for other, number in known.items() if other != name}
            while not port or port in others or not is_free(port) or not self._hold(port):
                port = free_port()
        self._file.write_text(json.dumps(known | {name: port}, indent=2) + "\n")
        return port

    def release(self) -> None:
        """Other homes may choose these ports again."""
        while self._held:
            self._held.pop().close()

    def _hold(self, port: int) -> bool:
        holder = socket.socket(type=socket.SOCK_DGRAM)
        try:
            holder.bind((LOOPBACK, port))
        except OSError:
            holder.close()
            return False
        self._held.append(holder)
        return True


def _read(file: Path) -> dict[str, int]:
    try:
        known = json.loads(file.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return {str(name): port for name, port in known.items() if isinstance(port, int)}
