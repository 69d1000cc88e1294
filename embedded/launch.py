"""Become another user, ask to die with the parent, then become the program.

Run as a script of its own (`launch.py PARENT SIGNAL UID GID ARGV...`), never imported: between fork and exec
of a process with threads no Python may run, and the wish to die with the parent (PR_SET_PDEATHSIG) is lost by
a change of user, so it has to come after it. UID -1 keeps the user. With `--access UID GID MODE PATH...` it
only tells whether that user may use every path so.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1
NOT_STARTED = 127


def become(uid: int, gid: int) -> None:
    """Give up the present user for good, its groups included."""
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)


def die_with(parent: int, signal_number: int) -> None:
    """Have the kernel send the signal when the parent is gone, however it went."""
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
    if os.getppid() != parent:
        # It died before the wish was made; nobody would ever stop this program.
        sys.exit(NOT_STARTED)


def main(arguments: list[str]) -> None:
    """Run one launch, see the module's text."""
    if arguments[0] == "--access":
        become(int(arguments[1]), int(arguments[2]))
        sys.exit(0 if all(os.access(path, int(arguments[3])) for path in arguments[4:]) else 1)
    parent, signal_number, uid, gid = map(int, arguments[:4])
    program = arguments[4:]
    become(uid, gid)
    os.umask(0o077)
    die_with(parent, signal_number)
    try:
        os.execvpe(program[0], program, os.environ)  # noqa: S606 - what this module is for
    except OSError as error:
        sys.stderr.write(f"{program[0]}: {error.strerror}\n")
        sys.exit(NOT_STARTED)


if __name__ == "__main__":
    main(sys.argv[1:])
