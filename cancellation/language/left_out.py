"""How people are told which recordings could not be delivered or removed (P10, P20)."""

from collections.abc import Sequence

from cancellation.language import words


def not_delivered(names: Sequence[str], count: int) -> str:
    """`2 gravações não puderam ser incluídas no arquivo de download: “a.wav” e “b.wav”.`."""
    one = "gravação não pôde ser incluída no arquivo de download"
    many = "gravações não puderam ser incluídas no arquivo de download"
    return f"{words.counted(count, one, many)}: {_named(names, count)}."


def not_removed(names: Sequence[str], count: int) -> str:
    """`1 gravação não pôde ser removida e continua guardada: “a.wav”.`."""
    one = "gravação não pôde ser removida e continua guardada"
    many = "gravações não puderam ser removidas e continuam guardadas"
    return f"{words.counted(count, one, many)}: {_named(names, count)}."


def _named(names: Sequence[str], count: int) -> str:
    quoted = [f"“{name}”" for name in names]
    more = count - len(quoted)
    return words.listed(quoted) if more <= 0 else f"{', '.join(quoted)} e mais {words.integer(more)}"
