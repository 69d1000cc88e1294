"""The command `cancelamento`: one module for each group of commands, rendering apart from doing."""

import sys


def main() -> None:
    """Run the command that was typed and end the process with its exit code (contract.md)."""
    from starters.cli.app import run

    sys.exit(int(run(sys.argv[1:])))
