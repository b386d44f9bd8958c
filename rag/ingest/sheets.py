"""From the cells of a sheet to lines: which rows name the columns, which are titles and notes, which are records.

Knows cells by row and column, not the file they come from.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rag.ingest.table import record_line
from rag.sentences.lines import width

_DEEPEST_HEAD = 3
_LONGEST_RECORD_OF_ONE = 40
_NOTE = re.compile(r"(?:[（(【]?(?:注|备注|说明|附注|備註|說明|note|remark)s?\s*\d*\s*[:：.、】)）]|[※*＊])", re.IGNORECASE)
_YEAR = re.compile(r"(?:19|20)\d\d")
_LABEL_ENDS = ("：", ":")


@dataclass(frozen=True, slots=True)
class Cell:
    """What a cell shows, and the rows and columns (from 1, last one included) that it covers, more than one when merged."""

    text: str
    top: int
    left: int
    bottom: int
    right: int
    number: bool = False
    """Whether it holds a number, a date or a truth value rather than text."""
    bold: bool = False


Grid = Mapping[int, Mapping[int, Cell]]
"""The cells that hold anything by row and column; a merged cell stands in every row and column that it covers."""


def sheet_lines(grid: Grid) -> list[str]:
    """The lines of a sheet: a record a row, as ``- 型号：YS100，单价：138元``; titles and notes as they are, between blank lines.

    A sheet may hold several tables, with blank rows or titles between.
    """
    out = _Lines()
    rows = sorted(grid)
    names: dict[int, str] = {}
    place, before, titled = 0, 0, False
    while place < len(rows):
        row = rows[place]
        gap = row > before + 1
        depth = _head_depth(grid, row)
        if depth and _begins_table(grid[row], names, fresh=gap or titled, titled=titled):
            names = _names([grid[at] for at in range(row, row + depth)])
            place += depth
            before, titled = rows[place - 1], False
            continue
        cells = _own(grid[row])
        titled = len(cells) == 1 and _is_title(cells[0], names, gap=gap)
        if titled:
            out.paragraph(cells[0].text)
        else:
            out.record(_record(cells, names))
        place, before = place + 1, row
    return out.lines


class _Lines:
    """Lines, with a blank one around every paragraph."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def paragraph(self, text: str) -> None:
        if self.lines and self.lines[-1]:
            self.lines.append("")
        self.lines.extend([text, ""])

    def record(self, line: str) -> None:
        if self.lines and not self.lines[-1] and len(self.lines) > 1 and self.lines[-2].startswith("- "):
            self.lines.pop()
        self.lines.append(line)


def _own(cells: Mapping[int, Cell]) -> list[Cell]:
    """The cells of a row from left to right, each once."""
    return [cell for column, cell in sorted(cells.items()) if column == cell.left or column == min(cells)]


def _head_depth(grid: Grid, row: int) -> int:
    """How many rows name the columns if ``row`` is the first that does; 0 if it cannot be one."""
    cells = _own(grid[row])
    if len(cells) < 2 or not all(map(_can_name, cells)) or cells[0].number:
        return 0
    bottom = max(cell.bottom for cell in cells)
    below = grid.get(row + 1, {})
    if bottom == row and any(cell.right > cell.left for cell in cells) and below and all(map(_can_name, below.values())):
        bottom = row + 1
    depth = bottom - row + 1
    head = [grid.get(at, {}) for at in range(row, bottom + 1)]
    if depth > _DEEPEST_HEAD or not all(head) or not all(_can_name(cell) for line in head for cell in line.values()):
        return 0
    return depth if len(_own(grid.get(bottom + 1, {}))) > 1 else 0


def _can_name(cell: Cell) -> bool:
    return not cell.text.endswith(_LABEL_ENDS) and (not cell.number or _YEAR.fullmatch(cell.text) is not None)


def _begins_table(cells: Mapping[int, Cell], names: Mapping[int, str], *, fresh: bool, titled: bool) -> bool:
    """Whether a row that could name columns does: the first one, one below a title, one that stands apart and looks it."""
    if not names:
        return True
    return fresh and (titled or set(cells) != set(names) or all(cell.bold for cell in cells.values()))


def _names(head: Sequence[Mapping[int, Cell]]) -> dict[int, str]:
    """The columns' names; those of several rows from the top down, each once: 保费 有社保."""
    names: dict[int, list[str]] = {}
    for line in head:
        for column, cell in line.items():
            parts = names.setdefault(column, [])
            if cell.text not in parts:
                parts.append(cell.text)
    return {column: " ".join(parts) for column, parts in names.items()}


def _is_title(cell: Cell, names: Mapping[int, str], *, gap: bool) -> bool:
    """Whether the only cell of a row is a title or a note rather than a record with one value."""
    apart = not names or gap or cell.right > cell.left
    return apart or _NOTE.match(cell.text) is not None or width(cell.text) > _LONGEST_RECORD_OF_ONE


def _record(cells: Sequence[Cell], names: Mapping[int, str]) -> str:
    if names:
        return record_line([names.get(cell.left, "") for cell in cells], [cell.text for cell in cells])
    labels: list[str] = []
    values: list[str] = []
    for cell in cells:
        if labels and labels[-1] and not values[-1]:
            values[-1] = cell.text
        elif cell.text.endswith(_LABEL_ENDS):
            labels.append(cell.text.rstrip("：: "))
            values.append("")
        else:
            labels.append("")
            values.append(cell.text)
    shown = [(label, value) if value else ("", label) for label, value in zip(labels, values, strict=True)]
    return record_line([label for label, _ in shown], [value for _, value in shown])
