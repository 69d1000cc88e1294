"""What processes have cost, from the kernel's own books."""

from collections.abc import Mapping

import psutil


def spent(servers: Mapping[str, int]) -> dict[str, float]:
    """Seconds of CPU so far, by name of the server whose process id is given, its children included."""
    return {name: _of_tree(psutil.Process(pid)) for name, pid in servers.items()}


def _of_tree(process: psutil.Process) -> float:
    """Of children that have ended as well: the kernel adds them to whoever has waited for them."""
    total = 0.0
    for one in (process, *process.children(recursive=True)):
        try:
            times = one.cpu_times()
        except psutil.NoSuchProcess:  # it has just ended, and is in its parent's books next time
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total
