"""The table of security requirements names tests that exist."""

import re
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
DOCUMENT = (CHECKOUT / "docs" / "asvs.md").read_text()
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", DOCUMENT)


def test_every_test_that_the_table_names_exists() -> None:
    missing = [
        f"{path}::{name}"
        for path, name in NAMED
        if not re.search(rf"^ *(?:async )?def {name}\(", (CHECKOUT / path).read_text(), re.MULTILINE)
    ]
    assert len(NAMED) > 80
    assert missing == []


def test_every_requirement_of_the_first_table_has_a_test_and_stands_once() -> None:
    table = DOCUMENT.partition("## Met")[2].partition("## Not met")[0]
    rows = re.findall(r"^\| ([\d., to]+) \| .*$", table, re.MULTILINE)
    lines = [line for line in table.splitlines() if re.match(r"\| \d", line)]
    assert len(rows) == len(lines) > 40
    assert [line for line in lines if "`tests/" not in line] == []
    named = [number for row in rows for number in row.replace(" to ", ", ").split(", ")]
    assert len(named) == len(set(named))
