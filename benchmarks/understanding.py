"""Prints how the reader of e-mails does on the tables of example texts, and what it leaves to a person.

Run it with `python -m benchmarks.understanding`. The tables were used to tune the rules: the numbers guard
against going back, they do not promise the same for other people's texts.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from cancellation.understanding import understand_text

FOLDER = Path(__file__).parent.parent / "tests" / "unit" / "understanding"
TABLES = ("examples", "held_out", "held_out_second", "held_out_third")


@dataclass(frozen=True)
class Score:
    """How one table was understood."""

    texts: int
    asked: int
    said_asked: int
    rightly: int
    unsure: int


def score(name: str) -> Score:
    """Understand a table's texts and compare with what a careful reader would have of them."""
    rows = [json.loads(line) for line in (FOLDER / f"{name}.jsonl").read_text("utf-8").splitlines()]
    pairs = [
        (row["explicit_request"], understand_text(row["subject"], row["body"]).explicit_request)
        for row in rows
    ]
    return Score(
        texts=len(pairs),
        asked=sum(expected is True for expected, _ in pairs),
        said_asked=sum(got is True for _, got in pairs),
        rightly=sum(expected is True and got is True for expected, got in pairs),
        unsure=sum(got == "unsure" for _, got in pairs),
    )


def main() -> None:
    """Print one line a table."""
    table = Table("Tabela", "Textos", "Pedidos", "Precisão", "Alcance", "Para uma pessoa")
    for name in TABLES:
        found = score(name)
        table.add_row(
            name,
            str(found.texts),
            str(found.asked),
            f"{found.rightly}/{found.said_asked}",
            f"{found.rightly}/{found.asked}",
            f"{found.unsure / found.texts:.1%}",
        )
    Console().print(table)


if __name__ == "__main__":
    main()
