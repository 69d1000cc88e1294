"""Tables in the text that is made of HTML: cells stand apart, and a label goes with its value (P7).

The walk over the HTML leaves marks in the text where rows and cells begin; here they become lines. Most tables of
e-mails only lay a page out: a row whose cells hold lines or tables of their own is read one cell below the other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from cancellation.understanding.labels import is_label

ROW, CELL, HEAD, ROW_END = "\x1d", "\x1f", "\x1c", "\x1e"
"""Marks of a table in a text that holds no control characters of its own."""
_BLANKS = " \t\r\n\xa0"
"""Not what `str.strip` takes for blanks: the marks are among it."""
_MARKS = re.compile("([\x1c-\x1f])")


@dataclass(slots=True)
class _Row:
    """A row that is being read: the pieces of each cell, and whether it is a heading."""

    cells: list[list[str]] = field(default_factory=list)
    heads: list[bool] = field(default_factory=list)

    def begin(self, *, head: bool) -> None:
        self.cells.append([])
        self.heads.append(head)

    def put(self, piece: str) -> None:
        if not self.cells:
            self.begin(head=False)
        self.cells[-1].append(piece)

    @property
    def text(self) -> str:
        """A row of data as one line with its marks, any other as its cells one below the other."""
        cells = [
            (mark, "".join(pieces).strip(_BLANKS))
            for mark, pieces in zip(self.heads, self.cells, strict=True)
        ]
        cells = [(mark, cell) for mark, cell in cells if cell]
        if len(cells) < 2 or any("\n" in cell or _MARKS.search(cell) for _, cell in cells):
            return "\n".join(cell for _, cell in cells)
        return "".join(f"{HEAD if mark else CELL}{cell}" for mark, cell in cells)


def untabled(text: str) -> str:
    """Bring the marks of tables to lines: `label: value` where a row or a column is a label's."""
    open_rows = [_Row()]
    for piece in _MARKS.split(text):
        if piece == ROW:
            open_rows.append(_Row())
        elif piece in (CELL, HEAD):
            open_rows[-1].begin(head=piece == HEAD)
        elif piece == ROW_END and len(open_rows) > 1:
            done = open_rows.pop().text
            open_rows[-1].put(f"\n{done}\n")
        elif piece != ROW_END:
            open_rows[-1].put(piece)
    outside = "\n".join("".join(pieces) for row in open_rows for pieces in row.cells)
    lines: list[str] = []
    table: list[list[str]] = []
    for line in outside.split("\n"):
        if _MARKS.search(line):
            before, *row = _MARKS.split(line)
            if before.strip():
                lines.append(before)
            if table and len(table[0]) != len(row):
                lines.extend(_told(table))
                table = []
            table.append(row)
        elif line.strip() or not table:
            lines.extend(_told(table))
            table = []
            lines.append(line)
    return "\n".join([*lines, *_told(table)])


def _told(table: list[list[str]]) -> list[str]:
    """Rows of marks and cells, all of one length, as lines."""
    if not table:
        return []
    rows = [[cell.strip() for cell in row[1::2]] for row in table]
    first = rows[0]
    headed = all(mark == HEAD for mark in table[0][::2]) or all(is_label(cell) for cell in first)
    if headed and len(rows) > 1:
        return [
            f"{label.rstrip(': ')}: {cell}"
            for row in rows[1:]
            for label, cell in zip(first, row, strict=True)
        ]
    return [line for row, marks in zip(rows, table, strict=True) for line in _pairs(row, marks[0] == HEAD)]


def _pairs(row: list[str], headed: bool) -> list[str]:
    """A row of labels and values side by side as lines, or its cells one a line."""
    told = headed and len(row) == 2
    if len(row) % 2 == 0 and (told or all(is_label(label) or label.endswith(":") for label in row[::2])):
        return [f"{label.rstrip(': ')}: {value}" for label, value in zip(row[::2], row[1::2], strict=True)]
    return row
