"""The Markdown table that is being written, cell by cell: labels and rules are layout, the rest are units."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.answering.pieces import Item, Layout, Unit, Words

_EMPTY_CELL = re.compile(r"\s*:?[-–—]*:?\s*")


class Table:
    """The table that is being written: its heading, and the row and cell at which it stands."""

    def __init__(self) -> None:
        self.heading: list[str] = []
        self.row: list[str] = []
        self.rows = 0
        self.cell = ""
        self.hints: list[int] = []

    def begin_row(self) -> None:
        """A new row begins behind its first bar."""
        self.row, self.cell, self.hints = [], "", []

    def end_row(self) -> None:
        """The row has ended; the first one of a table is its heading."""
        if not self.rows:
            self.heading = self.row
        self.rows += 1

    def end_cell(self, *, closed: bool) -> Iterator[Item]:
        """The cell has ended, at a bar if ``closed``: heading, labels, rules and dashes are layout."""
        cell, self.cell = self.cell, ""
        text, hints = cell.strip(), tuple(dict.fromkeys(self.hints))
        self.hints = []
        column = len(self.row)
        if closed or text:
            self.row.append(text)
        is_label = self.rows == 0 or column == 0 or _EMPTY_CELL.fullmatch(cell)
        if is_label:
            yield Layout(cell)
        else:
            yield Layout(cell[: len(cell) - len(cell.lstrip())])
            yield Words(text)
            heading = self.heading[column] if column < len(self.heading) else ""
            yield Unit(text, hints, f"{self.row[0]} {heading}".strip())
            yield Layout(cell[len(cell.rstrip()) :])
        if closed:
            yield Layout("|")
