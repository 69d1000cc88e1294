"""The command `cancelamento` as it is installed: it hands over to the checkout's command line.

The folders that serve and command have generic names and are never installed; beside the client alone there is nothing
to hand over to.
"""

import sys
from importlib import import_module
from typing import Final

_USAGE: Final = 2
_ALONE: Final = (
    "cancelamento: aqui está instalado só o cliente para Python; os comandos rodam a partir do repositório, "
    "com o extra server: pip install -e '.[server]'\n"
)


def main() -> int:
    """Run what was typed.

    Returns:
        The exit code, where the command line itself does not end the process.
    """
    try:
        command_line = import_module("starters.cli")
    except ModuleNotFoundError as error:
        if error.name != "starters":
            raise
        sys.stderr.write(_ALONE)
        return _USAGE
    return int(command_line.main())
