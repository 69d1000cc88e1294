"""Prints how the reader of e-mails does on writers that it has never seen, and what it leaves to a person.

Run it with `python -m benchmarks.understanding`. The held-out hands (`training/corpus.py`) are neither learned from
nor used for a threshold or a rule; the tables of the tests are, so their line only guards against going back.
"""

from __future__ import annotations

from importlib.resources import files

from rich.console import Console
from rich.table import Table

from cancellation import understanding
from cancellation.understanding.evaluation import Score, score
from cancellation.understanding.model import WEIGHTS
from training.corpus import HELD_OUT, hand, tables


def lines(scores: dict[str, Score]) -> Table:
    """Return the figures as a table."""
    table = Table(
        "Textos de", "n", "Pedidos falsos", "limite 95 %", "Completos errados", "Pedidos achados", "negados",
        "Para uma pessoa",
        "Motivos achados", "inventados", "ms por texto",
    )  # fmt: skip
    for name, s in scores.items():
        table.add_row(
            name,
            str(s.texts),
            f"{s.false}/{s.others}",
            f"{s.bound:.1%}",
            str(s.complete),
            f"{s.found}/{s.asked} ({s.found / max(1, s.asked):.0%})",
            str(s.denied),
            f"{s.left / s.texts:.0%}",
            f"{s.reasons_found}/{s.reasons} ({s.reasons_found / max(1, s.reasons):.0%})",
            f"{s.invented}/{s.texts}",
            f"{s.milliseconds:.1f}",
        )
    return table


def main() -> None:
    """Print one line a held-out hand, one for all of them, one for the tables."""
    hands = {name: hand(name) for name in HELD_OUT}
    rows = {
        **hands,
        "todas as mãos": [row for each in hands.values() for row in each],
        "tabelas (vistas)": tables(),
    }
    console = Console(width=150)
    console.print(lines({name: score(each) for name, each in rows.items()}))
    size = len((files(understanding) / WEIGHTS).read_bytes())
    console.print(f"Pesos: {size / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
