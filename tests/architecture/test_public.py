"""What other programs import: `from cancellation import ...`."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import cancellation

CHECKOUT = Path(__file__).parents[2]


def seen_by_a_type_checker() -> dict[str, str]:
    """Each name that the package imports for type checkers, and the module that it says it comes from."""
    assert cancellation.__file__ is not None
    imports = ast.walk(ast.parse(Path(cancellation.__file__).read_text(encoding="utf-8")))
    return {
        alias.name: node.module
        for node in imports
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("cancellation.")
        for alias in node.names
    }


@pytest.mark.parametrize("name", cancellation.__all__)
def test_public_name_is_what_a_type_checker_takes_it_for(name: str) -> None:
    module = importlib.import_module(seen_by_a_type_checker()[name])
    assert getattr(cancellation, name) is getattr(module, name)


def test_a_type_checker_knows_every_public_name_and_no_other() -> None:
    assert set(cancellation.__all__) == set(seen_by_a_type_checker())


def test_name_that_is_not_public_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Crm'"):
        _ = cancellation.Crm  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("imported", "absent"),
    [
        ("cancellation", "pydantic"),
        ("cancellation.domain.policy", "temporalio"),
        ("cancellation.messages.facts", "temporalio"),
        ("workflows.cancellation", "cancellation.client"),
    ],
)
def test_what_a_workflow_imports_loads_no_client(imported: str, absent: str) -> None:
    program = f"import sys, {imported}; print({absent!r} in sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    assert run.stdout == "False\n"
