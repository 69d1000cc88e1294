"""The command `cancelamento`: one module for each group of commands, rendering apart from doing."""

import logging
import os
import sys
from contextlib import suppress
from typing import NoReturn

from starters.cli.signs import make_readable


def main() -> NoReturn:
    """Run the command that was typed and end the process with its exit code (contract.md)."""
    make_readable(sys.stdout, sys.stderr)
    try:
        from starters.cli.app import run

        end(int(run(sys.argv[1:])))
    except ModuleNotFoundError as error:
        from starters.cli.extras import missing_extra

        sentence = missing_extra(error, sys.argv[1:])
        if sentence is None:
            raise
        sys.stderr.write(f"cancelamento: {sentence}\n")
        end(2)


def end(code: int) -> NoReturn:
    """End the process without taking the interpreter down.

    The Temporal library's own threads may still call into Python at that moment, and now and then one of them
    makes the interpreter abort: a command that did its work would end with a crash instead of its exit code.
    """
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # whoever read our output has gone
            stream.flush()
    os._exit(code)
