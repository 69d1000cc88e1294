"""Prints how the reader of e-mails does on writers that it has never seen, and how quotations are cut, beside others.

Run it with `python -m benchmarks.understanding`. Each line of a hand that the shipped weights have learned from shows
how it was read by weights and thresholds that had not seen it (`make reader` works that out); the hands that are held
out altogether and the tables of the tests are read now, with the shipped ones. The libraries that cut quotations are
compared where they are installed: `pip install mail-parser-reply quotequail unquotemail`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from importlib.resources import files
from typing import Any

from rich.console import Console
from rich.table import Table

from cancellation import understanding
from cancellation.understanding import newest_text
from cancellation.understanding.evaluation import Score, score, summed
from cancellation.understanding.model import WEIGHTS, model
from tests.unit.understanding.quoting import plain_answers
from training.corpus import HELD_OUT, STRANGERS, WRITERS, hand, tables

SAID = "Ok, recebido, obrigada. Vou conversar com meu sócio."
QUOTED = "Prezada Rita,\n\nSegue a proposta que combinamos por telefone.\nFico à disposição.\n\nMarcos"


def scores() -> dict[str, Score]:
    """Return the figures by hand, then of all that were left out or held out, then of the tables."""
    figures = {name: Score(**each, milliseconds=0) for name, each in model().figures.items()}
    left_out = {name: figures[name] for name in WRITERS}
    held_out = {name: score(hand(name)) for name in HELD_OUT}
    return {
        **{f"{name} (deixada de fora)": each for name, each in left_out.items()},
        **{f"{name} (nunca vista)": each for name, each in held_out.items()},
        "todas as deixadas de fora": summed(left_out.values()),
        "todas as nunca vistas": summed(held_out.values()),
        "pares de oito estranhos": summed(score(hand(name)) for name in STRANGERS),
        "tabelas (deixadas de fora)": figures["tables"],
        "tabelas (aprendidas)": score(tables()),
    }


def lines(found: dict[str, Score]) -> Table:
    """Return the figures as a table."""
    table = Table(
        *(
            "Textos de",
            "n",
            "Pedidos falsos",
            "limite 95 %",
            "Completos errados",
            "Pedidos achados",
            "negados",
        ),
        *("Para uma pessoa", "Motivos achados", "inventados", "ms"),
    )
    for name, s in found.items():
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
            f"{s.invented} ({s.invented / s.texts:.1%})",
            f"{s.milliseconds:.1f}" if s.milliseconds else "",
        )
    return table


def cutters() -> Iterable[tuple[str, Callable[[str], str] | None]]:
    """Yield what cuts quotations, by name; None where it is not installed."""
    yield "cancelamento", lambda text: newest_text(text).text
    languages = ["pt", "en", "de", "fr", "it", "da", "sv", "nl", "pl", "ja"]
    yield (
        "mail-parser-reply",
        _installed("mailparser_reply", lambda lib: lib.EmailReplyParser(languages=languages).parse_reply),
    )
    yield (
        "quotequail",
        _installed(
            "quotequail", lambda lib: lambda text: "".join(part for shown, part in lib.quote(text) if shown)
        ),
    )
    yield "unquotemail", _installed("unquotemail", lambda lib: lambda text: _unquoted(lib, text))


def _installed(name: str, made: Callable[..., Callable[[str], str]]) -> Callable[[str], str] | None:
    try:
        return made(import_module(name))
    except ImportError:
        return None


def _unquoted(library: Any, text: str) -> str:
    parsed = library.Unquote(None, text)
    parsed.parse()
    return str(parsed.get_text())


def quotations() -> Table:
    """Return how many ways of quoting each of them cuts: the answer stays whole, nothing of the quotation does."""
    answers = {
        name: text
        for name, text in plain_answers(SAID, QUOTED).items()
        if name not in ("nothing", "indented", "below")
    }
    table = Table("Corte de citações", "acertos")
    for name, cut in cutters():
        if cut is None:
            table.add_row(name, "não instalado")
            continue
        kept = [" ".join(str(cut(text)).split()) for text in answers.values()]
        right = sum(SAID in each and "Segue a proposta" not in each for each in kept)
        table.add_row(name, f"{right}/{len(kept)}")
    return table


def main() -> None:
    """Print both tables."""
    console = Console(width=160)
    console.print(lines(scores()))
    console.print(quotations())
    size = len((files(understanding) / WEIGHTS).read_bytes())
    console.print(f"Pesos: {size / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
