"""The rows of a table that a question picks out by what stands in one of its columns: 归区图书馆收的项目有哪些.

Reads rows below a head, and lines that say what each cell is (``- 型号：YS100，单价：138元``). Rows of one table may
stand in several passages. Knows no scores.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rag.answering.folded import Compact, compact
from rag.answering.reading import Candidate, Reading
from rag.sentences import UnitKind

_NAMED_CELL = re.compile(r"(?:^- |，|, )([^，,：:]{1,20})(?:：|: )")
_FEWEST_CELLS = 3
_SHORTEST, _LONGEST = 2, 30
_PURE_NUMBER = re.compile(r"[\d.,%％/年月日:：-]+")


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table: its ``cells`` by column, and all that is shown of it."""

    table: tuple[str, str]
    cells: Mapping[str, str]
    units: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Picked:
    """The rows of one table that hold in a column the ``value`` that the question names."""

    column: str
    value: str
    rows: tuple[Row, ...]


def picked(question: str, reading: Reading) -> list[Picked]:
    """For every table of the evidence the rows that the question picks out, if it picks some and not all."""
    asked = compact(question)
    found: list[Picked] = []
    for rows in _tables(reading):
        columns = dict.fromkeys(column for row in rows for column in row.cells)
        named = [(len(value), column, value) for column in columns for value in _named(asked, rows, column)]
        if not named:
            continue
        _, column, value = max(named)
        chosen = tuple(row for row in rows if compact(row.cells.get(column, "")).text == value)
        if len(chosen) < len(rows):
            found.append(Picked(column, value, chosen))
    return found


def records(reading: Reading) -> list[list[Row]]:
    """The tables whose rows say what each cell is, their rows in the order of the document."""
    return [rows for rows in _tables(reading) if rows[0].units[0].kind is UnitKind.ITEM]


def is_record(text: str) -> bool:
    """Whether a line is the row of a table that says what each cell is."""
    first = _NAMED_CELL.match(text)
    return first is not None and len(_NAMED_CELL.findall(text)) >= _FEWEST_CELLS


def cells_of(text: str) -> str:
    """What a row says besides the names of its columns; any other text as it is."""
    return _NAMED_CELL.sub(" ", text) if is_record(text) else text


def _named(asked: Compact, rows: Sequence[Row], column: str) -> set[str]:
    """The cells of a column, folded, that stand in the question as they are."""
    cells = {row.cells.get(column, "") for row in rows}
    folded = [compact(cell) for cell in cells if not _PURE_NUMBER.fullmatch(cell)]
    return {cell.text for cell in folded if _SHORTEST <= len(cell.text) <= _LONGEST and asked.find(cell) is not None}


def _tables(reading: Reading) -> list[list[Row]]:
    tables: dict[tuple[str, str], list[Row]] = {}
    for run in reading.runs:
        for one in run:
            row = _record(one, reading) if one.kind is UnitKind.ITEM else _row(one, reading) if one.kind is UnitKind.ROW else None
            if row is not None:
                tables.setdefault(row.table, []).append(row)
    return [sorted(rows, key=lambda row: row.units[0].span.chunk.start + row.units[0].span.start) for rows in tables.values()]


def _row(one: Candidate, reading: Reading) -> Row | None:
    head = reading.columns(one)
    if head is None or one.heads:
        return None
    names, cells = _cells(head.text.split("\n")[0]), _cells(one.text)
    table = (one.span.chunk.document_id, "|".join(names))
    return Row(table, dict(zip(names, cells, strict=False)), (one,)) if len(cells) > 1 else None


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def _record(one: Candidate, reading: Reading) -> Row | None:
    """The row of a line that says what each cell is."""
    text = one.span.chunk.text
    line = text[one.span.start :].split("\n", 1)[0]
    marks = list(_NAMED_CELL.finditer(line))
    if len(marks) < _FEWEST_CELLS or marks[0].start() != 0:
        return None
    ends = [mark.start() for mark in marks[1:]] + [len(line)]
    cells = {mark[1]: line[mark.end() : end].strip() for mark, end in zip(marks, ends, strict=True)}
    last = one.span.start + len(line)
    behind = (other for other in reading.runs[one.run][one.place :] if other.span.chunk.id == one.span.chunk.id)
    units = tuple(other for other in behind if other.span.start < last)
    return Row((one.span.chunk.document_id, one.span.chunk.section), cells, units)
