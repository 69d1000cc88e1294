"""What may import what, and what is shipped."""

import importlib
import pkgutil
import re
import subprocess
import sys
import zipfile
from pathlib import Path

from cancellation import understanding

CHECKOUT = Path(__file__).parents[2]
PRESCRIBED = ("workflows", "activities", "workers", "embedded", "starters", "tests")


def test_import_contracts_are_kept() -> None:
    # In a process of its own: it configures logging and silences every logger that is there.
    lint = [
        sys.executable,
        "-c",
        "from importlinter.cli import lint_imports_command as lint; lint()",
        "--no-logo",
    ]
    linted = subprocess.run(lint, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert linted.returncode == 0, linted.stdout + linted.stderr


def test_a_wheel_ships_the_named_package_alone(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=CHECKOUT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        shipped = set(archive.namelist())
    for file in (CHECKOUT / "cancellation").rglob("*.sql"):
        assert file.relative_to(CHECKOUT).as_posix() in shipped
    top = {name.split("/")[0] for name in shipped}
    assert {name for name in top if not name.endswith(".dist-info")} == {"cancellation"}
    assert "cancellation/py.typed" in shipped
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in shipped)


def test_the_whole_crm_is_named_only_where_its_roles_are_handed_out() -> None:
    naming = {
        file.relative_to(CHECKOUT).as_posix()
        for folder in ("cancellation", "workflows", "activities", "workers", "embedded", "starters")
        for file in (CHECKOUT / folder).rglob("*.py")
        if re.search(r"^from cancellation\.ports import .*\bCrm\b", file.read_text(), re.MULTILINE)
    }
    assert naming == {"workers/systems.py", "cancellation/adapters/crm_views.py"}


def test_prescribed_folders_come_from_the_checkout() -> None:
    for name in PRESCRIBED:
        module = __import__(name)
        assert module.__file__ is not None
        assert Path(module.__file__).is_relative_to(CHECKOUT)


def test_locked_requirements_carry_hashes_and_no_hosts() -> None:
    for lock in ("requirements.lock", "requirements-dev.lock"):
        text = (CHECKOUT / lock).read_text()
        assert "://" not in text
        assert not re.search(r"^\s*--(index|extra-index|find-links|trusted-host)", text, re.MULTILINE)
        for requirement in re.split(r"\n(?=\S)", text.strip()):
            assert "--hash=sha256:" in requirement, requirement


def test_the_database_asks_no_time_zone_rules_of_its_own_X23() -> None:
    for file in (CHECKOUT / "cancellation").rglob("*.sql"):
        for zone in re.findall(
            r"at time zone\s+(\S+)|time_?zone\s*=\s*(\S+)", file.read_text(), re.IGNORECASE
        ):
            assert "'UTC'" in "".join(zone), f"{file.name}: {zone}"


def test_no_rule_needs_a_quantifier_that_older_pythons_match_wrongly_P7() -> None:
    """Before 3.11.5 possessive repeats and atomic groups miss matches (CPython 106052); Debian 12 has 3.11.2."""
    compiled = {
        f"{module.name}.{name}": value
        for module in pkgutil.iter_modules(understanding.__path__, f"{understanding.__name__}.")
        for name, value in vars(importlib.import_module(module.name)).items()
        if isinstance(value, re.Pattern)
    }
    assert len(compiled) > 50
    for name, pattern in compiled.items():
        tree = repr(re._parser.parse(pattern.pattern, pattern.flags))  # type: ignore[attr-defined]
        assert "POSSESSIVE" not in tree, name
        assert "ATOMIC" not in tree, name
