"""Each process loads what its own work needs: on one machine they stand side by side, and commands are waited for."""

import subprocess
import sys
from pathlib import Path

import pytest
import typer.main

from starters.cli.app import build, listing
from starters.cli.catalogue import COMMANDS

CHECKOUT = Path(__file__).parents[2]
WORK = {"activities", "cancellation.letters", "cancellation.understanding", "workflows.cancellation"}
MAIL_IN = {"aiosmtpd", "imap_tools"}
PAGES = {"starlette", "uvicorn", "jinja2"}
TERMINAL = {"rich", "pygments"}
RARE = {"cancellation.adapters.kamailio", "cancellation.adapters.memory", "holidays", "samples"}
NEVER_LOADED = {
    "starters.cli.app": {"temporalio", "asyncpg", "pydantic", "cancellation"} | TERMINAL,
    "starters.cli.gateway": {"temporalio", "cancellation.client"} | WORK | MAIL_IN | TERMINAL | RARE,
    # Speaks to Temporal, reads e-mails and draws plots only when somebody opens such a page.
    "starters.desk.serving": {
        "temporalio",
        "cancellation.letters",
        "cancellation.domain.case",
        "cancellation.domain.state",
        "activities",
        "workflows.cancellation",
        "cancellation.understanding",
        "cancellation.confined",
        "pygal",
        "obstore",
    }
    | MAIL_IN
    | TERMINAL
    | RARE,
    "starters.codec.serving": WORK | MAIL_IN | TERMINAL | RARE | {"obstore"},
    "starters.cli.inbox": {"obstore", "imap_tools"} | WORK | PAGES | TERMINAL | RARE,
    "starters.cli.up": {"obstore", "imap_tools"} | WORK | PAGES | RARE,
    "starters.cli.worker": {"starlette", "uvicorn"} | MAIL_IN | TERMINAL | RARE,
}


@pytest.mark.some(2)
@pytest.mark.parametrize("module", NEVER_LOADED)
def test_a_process_loads_nothing_of_the_others(module: str) -> None:
    program = f"import {module}, sys; print(*sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    loaded = set(run.stdout.split())
    assert module in loaded
    assert not {name for name in NEVER_LOADED[module] if name in loaded}


def test_the_list_of_commands_says_what_the_commands_say_themselves() -> None:
    real = typer.main.get_command(build())
    listed = typer.main.get_command(listing())
    told = [
        [(name, one.help, getattr(one, "rich_help_panel", None)) for name, one in group.commands.items()]
        for group in (listed, real)
        if isinstance(group, typer.core.TyperGroup)
    ]
    assert len(told) == 2
    assert sorted(told[0]) == sorted(told[1])
    assert [name for name, *_ in told[0]] == list(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_in_the_module_that_the_list_names(command: str) -> None:
    group = typer.main.get_command(build([command]))
    assert isinstance(group, typer.core.TyperGroup)
    assert command in group.commands
