"""Labels of forms and tables: what stands beside a value and says what it is."""

from __future__ import annotations

import re

_LABEL = re.compile(
    r"(?:n[º°o.]{1,2} ?(?:do |da )?)?(?:motivos?|raz(?:[ãa]o|[õo]es)|justificativas?|causa|pedido|solicita[çc][ãa]o|"
    r"assunto|descri[çc][ãa]o|mensagem|observa[çc][ãa]o|observa[çc][õo]es|obs|contrato|cliente|c[óo]d(?:igo|\.)?|"
    r"cnpj|cpf|nome|empresa|raz[ãa]o social|telefone|celular|e-?mail|data|n[úu]mero|endere[çc]o|cidade|"
    r"respons[áa]vel|cargo|servi[çc]os?|produto|plano|tipo|setor|ticket|chamado|protocolo|status|prioridade|"
    r"contratante|titular|unidade|filial)\b(?: [^\W\d_/]+){0,4}\s*:?",
    re.IGNORECASE,
)
_ROW = re.compile(
    r"^(?P<mark>[>\s]*\|?\s*)(?P<label>[^\t|\n]{2,40}?) *(?:\t+| {4,}|\|) *(?P<value>[^\s|][^\n|]*?)\s*\|?$"
)


def is_label(text: str) -> bool:
    """Tell whether a cell or the start of a line is one of the labels that forms have."""
    return _LABEL.fullmatch(text.strip()) is not None


def row_as_line(line: str) -> str:
    """Bring a table's row of a label and its value, as programs write it in plain text, to `label: value`."""
    row = _ROW.match(line) if len(line) < 1_000 else None
    if row is None or not is_label(row["label"]):
        return line
    return f"{row['mark'].replace('|', '')}{row['label'].strip().rstrip(':')}: {row['value']}"
