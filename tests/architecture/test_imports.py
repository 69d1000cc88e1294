"""The import contracts leave no module out."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).parents[2]
PROGRAMS = {"tests", "benchmarks", "training"}
"""They may import everything, and nothing imports them."""


def linter() -> dict[str, Any]:
    with (CHECKOUT / "pyproject.toml").open("rb") as file:
        settings: dict[str, Any] = tomllib.load(file)["tool"]["importlinter"]
    return settings


def layers() -> Iterator[tuple[str, str]]:
    """Every layer of every contract: the package that it divides, and its full name."""
    for contract in linter()["contracts"]:
        for container in contract.get("containers", [""]):
            for layer in contract.get("layers", []):
                for name in re.split(r"[|:]", layer):
                    yield container, f"{container}.{name.strip(' ()')}".lstrip(".")


def modules(root: str) -> Iterator[str]:
    for file in (CHECKOUT / root).rglob("*.py"):
        parts = file.relative_to(CHECKOUT).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_every_package_is_linted() -> None:
    packages = {file.parent.name for file in CHECKOUT.glob("*/__init__.py")}
    assert set(linter()["root_packages"]) == packages - PROGRAMS


def test_every_module_stands_in_a_layer() -> None:
    """A package that is divided into layers of its own stands for itself alone, not for what is in it."""
    divided = {container for container, _ in layers()}
    named = {name for _, name in layers()}

    def stands(module: str) -> bool:
        above = [module[: dot.start()] for dot in re.finditer(r"\.", module)]
        return module in named or any(package in named - divided for package in above)

    found = [module for root in linter()["root_packages"] for module in modules(root)]
    assert len(found) > 150
    assert [module for module in found if not stands(module)] == []
