"""How people are told what of other systems could not be handled as it is: recordings, amounts, numbers (P20)."""

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


def doubtful_amounts(names: Sequence[str], count: int) -> str:
    """`1 valor do faturamento não faz sentido e fica com o Financeiro: “assinatura 7”.`."""
    one = "valor do faturamento não faz sentido e fica com o Financeiro"
    many = "valores do faturamento não fazem sentido e ficam com o Financeiro"
    return f"{words.counted(count, one, many)}: {_named(names, count)}."


def odd_numbers(names: Sequence[str], count: int) -> str:
    """`1 número do cliente não está na forma internacional na telefonia: “3000-0001”.`."""
    one = "número do cliente não está na forma internacional na telefonia"
    many = "números do cliente não estão na forma internacional na telefonia"
    return f"{words.counted(count, one, many)}: {_named(names, count)}."


def _named(names: Sequence[str], count: int) -> str:
    quoted = [f"“{name}”" for name in names]
    more = count - len(quoted)
    return words.listed(quoted) if more <= 0 else f"{', '.join(quoted)} e mais {words.integer(more)}"
