"""The Markdown table that is being written, cell by cell: labels and rules are layout, the rest are units.

A cell is one unit, or several where its sentences have markers of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rag.answering.pieces import Item, Layout, Unit, Words

_ENDED = re.compile(r"[。｡！？!?…；;．.][”’」』）)】》〉\"'»*_]*\s*$")
_EMPTY_CELL = re.compile(r"\s*:?[-–—]*:?\s*")


def ends_sentence(text: str) -> bool:
    """Whether a sentence ends at the end of ``text``."""
    return _ENDED.search(text) is not None


class Table:
    """The table that is being written: its heading, and the row and cell at which it stands."""

    def __init__(self) -> None:
        self.heading: list[str] = []
        self.row: list[str] = []
        self.rows = 0
        self.cell = ""
        self._hints: list[tuple[int, tuple[int, ...]]] = []

    def begin_row(self) -> None:
        """A new row begins behind its first bar."""
        self.row, self.cell, self._hints = [], "", []

    def hint(self, numbers: Sequence[int]) -> None:
        """Markers stand at this place of the cell."""
        self._hints.append((len(self.cell), tuple(numbers)))

    def end_row(self) -> None:
        """The row has ended; the first one of a table is its heading."""
        if not self.rows:
            self.heading = self.row
        self.rows += 1

    def end_cell(self, *, closed: bool) -> Iterator[Item]:
        """The cell has ended, at a bar if ``closed``: heading, labels, rules and dashes are layout."""
        cell, self.cell = self.cell, ""
        hints, self._hints = self._hints, []
        column = len(self.row)
        if closed or cell.strip():
            self.row.append(cell.strip())
        if self.rows == 0 or column == 0 or _EMPTY_CELL.fullmatch(cell):
            yield Layout(cell)
        else:
            heading = self.heading[column] if column < len(self.heading) else ""
            for part, numbers in _sentences(cell, hints):
                text = part.strip()
                yield Layout(part[: len(part) - len(part.lstrip())])
                yield Words(text)
                yield Unit(text, numbers, f"{self.row[0]} {heading}".strip())
                yield Layout(part[len(part.rstrip()) :])
        if closed:
            yield Layout("|")


def _sentences(cell: str, hints: Sequence[tuple[int, tuple[int, ...]]]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """``cell`` cut behind the markers that follow the end of a sentence, each part with the numbers of its own."""
    parts: list[tuple[str, list[int]]] = []
    start, numbers = 0, list[int]()
    for place, given in hints:
        if parts and not cell[start:place].strip():  # one more behind the sentence that has just been cut off
            parts[-1][1].extend(given)
            continue
        numbers.extend(given)
        if ends_sentence(cell[start:place]) and cell[place:].strip():
            parts.append((cell[start:place], numbers))
            start, numbers = place, []
    parts.append((cell[start:], numbers))
    yield from ((text, tuple(dict.fromkeys(given))) for text, given in parts)
