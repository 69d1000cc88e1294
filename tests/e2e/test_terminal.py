"""What terminals and shells get of the command line: completion, and signs that they have."""

import ast
import json
import os
import shutil
import subprocess
import sys
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest

from starters.cli.app import run
from starters.cli.catalogue import COMMANDS
from starters.cli.signs import make_readable

CHECKOUT = Path(__file__).parents[2]
NARROW = ("ascii", "latin-1", "cp1252")
SHELLS = ("bash", "zsh", "fish")
COMMAND_LINE = "from starters.cli import main; main()"
EVERY_HELP = """
from starters.cli import make_readable
from starters.cli.app import run
from starters.cli.catalogue import COMMANDS
make_readable(sys.stdout)
for command in COMMANDS:
    print('*', command)
    run([command, '--help'])
"""


class Completed:
    """What a shell is told to complete a line with, asked as its script asks."""

    def __init__(self, patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._patch = patch
        self._capsys = capsys

    def __call__(self, shell: str, line: str) -> str:
        asked = {
            "COMP_WORDS": "\n".join(line.split(" ")),
            "COMP_CWORD": str(line.count(" ")),
            "_TYPER_COMPLETE_ARGS": line,
            "_TYPER_COMPLETE_FISH_ACTION": "get-args",
            "_CANCELAMENTO_COMPLETE": f"complete_{shell}",
        }
        with self._patch.context() as patch:
            for name, value in asked.items():
                patch.setenv(name, value)
            with pytest.raises(SystemExit) as ended:
                run([])
        assert ended.value.code in (0, None)
        return self._capsys.readouterr().out


@pytest.fixture
def completed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Completed:
    return Completed(monkeypatch, capsys)


def said(
    *arguments: str, code: int = 0, program: str = COMMAND_LINE, **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """A command in a process of its own, with these variables beside the others."""
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{program}", *arguments],
        cwd=CHECKOUT,
        env={**os.environ, "COLUMNS": "80", **environment},
        capture_output=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done


@pytest.mark.parametrize("shell", SHELLS)
def test_every_command_is_completed(shell: str, completed: Completed) -> None:
    told = completed(shell, "cancelamento ")
    assert all(command in told for command in COMMANDS)


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_what_is_completed_comes_with_its_help_in_portuguese(shell: str, completed: Completed) -> None:
    assert COMMANDS["status"].summary.split(":")[0] in completed(shell, "cancelamento sta")
    assert "Mostra esta ajuda." in completed(shell, "cancelamento status --he")


@pytest.mark.parametrize("shell", SHELLS)
def test_options_and_words_of_a_command_are_completed(shell: str, completed: Completed) -> None:
    assert "--reason" in completed(shell, "cancelamento outcome 1042 declined --re")
    assert "declined" in completed(shell, "cancelamento outcome 1042 dec")
    assert "whatsapp" in completed(shell, "cancelamento open 1042 --channel wh")


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_of_a_shell_asks_for_what_is_completed(
    shell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert f"_CANCELAMENTO_COMPLETE=complete_{shell}" in script
    if found := shutil.which(shell):
        subprocess.run([found, "-n"], input=script, text=True, check=True)


def test_bash_itself_completes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = tmp_path / "cancelamento"
    program.write_text(f'#!/bin/sh\ncd "{CHECKOUT}" && exec {sys.executable} -m starters.cli "$@"\n')
    program.chmod(0o755)
    run(["completion", "bash"])
    (tmp_path / "script").write_text(capsys.readouterr().out)
    asked = "source ./script; COMP_WORDS=(cancelamento por); COMP_CWORD=1; "
    asked += '$(complete -p cancelamento | grep -o "_[a-z_]*") cancelamento; echo "${COMPREPLY[@]}"'
    done = subprocess.run(
        ["bash", "--norc", "-c", asked],
        cwd=tmp_path,
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "portability\n", done.stderr


@pytest.mark.some(1)
@pytest.mark.parametrize(("encoding", "options"), [("ascii", "Opcoes"), ("latin-1", "Opções")])
def test_help_can_be_read_on_every_terminal(encoding: str, options: str) -> None:
    pages = said(program=EVERY_HELP, PYTHONIOENCODING=encoding).stdout.decode(encoding).split("\n* ")
    assert len(pages) == len(COMMANDS)
    for page in pages:
        assert options in page, page
        assert "?" not in page, page


def test_every_sign_that_commands_print_has_another_where_a_terminal_lacks_it() -> None:
    written = {
        character
        for folder in (CHECKOUT / "starters/cli", CHECKOUT / "cancellation/language")
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for character in node.value
    }
    signs = "".join(sorted(character for character in written if not character.isascii()))
    assert "●" in signs
    stream = TextIOWrapper(BytesIO(), encoding="ascii")
    make_readable(stream)
    stream.write(signs)
    stream.flush()
    assert b"?" not in stream.buffer.getvalue()


@pytest.mark.some(1)
@pytest.mark.parametrize("encoding", NARROW)
def test_results_and_refusals_can_be_read_on_every_terminal(encoding: str) -> None:
    customers = said("samples", PYTHONIOENCODING=encoding).stdout.decode(encoding).replace("\xa0", " ")
    assert ("R$ 859,00 por mes" if encoding == "ascii" else "R$ 859,00 por mês") in customers
    unreachable = said("list", code=3, PYTHONIOENCODING=encoding, TEMPORAL_ADDRESS="127.0.0.1:1")
    refusal = "nao foi" if encoding == "ascii" else "não foi"
    assert unreachable.stderr.decode(encoding).startswith(f"cancelamento: {refusal}")


def test_json_keeps_every_character_on_every_terminal() -> None:
    plain = json.loads(said("samples", "--json", PYTHONIOENCODING="utf-8").stdout)
    assert any("é" in json.dumps(one, ensure_ascii=False) for one in plain)
    for encoding in NARROW:
        assert (
            json.loads(said("samples", "--json", PYTHONIOENCODING=encoding).stdout.decode("ascii")) == plain
        )
