"""Rows that say what each cell is (``- 型号：YS100，单价：138元``), as an answer shows them: those rows that the question
names, as a table of the columns that tell what it asks for.

Of a workbook or a price list the row beside the right one looks as good to an encoder; what tells them apart is what the
question names of their cells. Knows neither scores nor markers' meaning.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from rag.answering.asked import Unit, asked
from rag.answering.content import keys, overlap
from rag.answering.coverage import contains
from rag.answering.expect import Wanted, holds, wanted
from rag.answering.measures import measure_of
from rag.answering.ranges import within
from rag.answering.reading import Candidate, Reading
from rag.answering.rows import Row, records
from rag.interfaces import Span
from rag.text import normalise, simplified

_MOST_ROWS = 8
_FEW_COLUMNS, _MANY_COLUMNS = 4, 8
"""Up to the first all columns are shown; beyond the second a list leaves out what it is not asked for."""
_IN_RANGE = 3.0
"""What it counts that a number of the question lies in a range of the row, in units of rarity."""
_NAMED = 0.5
_REMARK = re.compile(r"说明|备注|附注|条件|注意|remark|note|comment|condition", re.IGNORECASE)
_DATE = re.compile(r"\d{4}\s*[-/.年]\s*\d{1,2}(?:\s*[-/.月]\s*\d{1,2}\s*日?)?|\d{1,2}:\d\d")
_DIGIT = re.compile(r"[\d一二三四五六七八九十百千万]")
_COMPARES = re.compile(r"[哪谁].{0,12}[更最]?(?:高|低|贵|便宜|多|少|大|小|长|短|快|慢)(?:些|一些|一点)?[呢？?]?$|最(?:高|低|贵|便宜|多|少|大|小|长|短|快|慢)的")
_CELL_KINDS = frozenset((Wanted.COUNT, Wanted.TIME, Wanted.PERSON))
"""What one kind of cell answers; of anything else all cells may tell something."""


class Records:
    """The rows of the evidence that say what each cell is, as ``questions`` ask for them: the question, or its parts."""

    def __init__(self, questions: Sequence[str], reading: Reading) -> None:
        self._questions = questions
        self._tables: dict[Span, list[Row]] = {}
        self._rows: dict[Span, Row] = {}
        for rows in records(reading):
            for row in rows:
                for unit in row.units:
                    self._tables[unit.span], self._rows[unit.span] = rows, row

    def fellows(self, one: Candidate, chosen: Iterable[Candidate]) -> list[Row]:
        """The rows of the table of ``one`` that ``chosen`` stand in; none where it is no row, or one of a single cell."""
        rows = self._tables.get(one.span)
        spans = {other.span for other in chosen}
        return [row for row in rows or () if any(unit.span in spans for unit in row.units)]

    def told(self, question: str, facts: Sequence[Candidate]) -> list[Candidate]:
        """``facts`` with the rows that the question names. Where the first is a row, those of its table that hold as much as it
        of what tells them apart; of the rows of other tables those that hold the most."""
        found: list[Candidate] = []
        done: list[list[Row]] = []
        for fact in facts:
            rows = self._tables.get(fact.span)
            if rows is None:
                found.append(fact)
            elif all(rows is not other for other in done):
                done.append(rows)
                found += [unit for row in self._fit(question, rows, facts) for unit in row.units]
        return found

    def _fit(self, question: str, rows: Sequence[Row], facts: Sequence[Candidate]) -> list[Row]:
        """Of the ``rows`` of one table those to show for ``facts``."""
        spans = {fact.span for fact in facts}
        chosen = [row for row in rows if any(unit.span in spans for unit in row.units)]
        held = {id(row): weight for row, (weight, _) in zip(rows, _held(question, rows), strict=True)}
        first = self._rows.get(facts[0].span)
        leads = first is not None and id(first) in held
        least = (held[id(first)] if leads else 0.0) or max(held.values())
        if not least:
            return chosen
        fit = [row for row in (rows if leads else chosen) if held[id(row)] >= least or (row is first and leads)]
        return fit if 0 < len(fit) <= _MOST_ROWS else [row for row in fit if row in chosen] or chosen

    def columns(self, rows: Sequence[Row]) -> list[str]:
        """The columns to show of ``rows``, which are of one table: first the one that tells them apart, then the others that
        name them, those that answer, that the question names, or that say what holds for a row. All, where they are few or
        any may answer."""
        table = self._tables[rows[0].units[0].span]
        names = list(dict.fromkeys(name for row in rows for name in row.cells))
        words = [name for name in names if all(_is_wording(row.cells.get(name, "")) for row in table)]
        leading = [name for name, other in zip(names, words, strict=False) if name == other]
        label = next((name for name in (*words, *names) if _differ(table, name)), names[0])
        shown = [
            name
            for name in names
            if len(names) <= _FEW_COLUMNS or name in leading or any(_tells(one, name, names, rows, table) for one in self._questions)
        ]
        return [label, *(name for name in shown if name != label)]


def _tells(question: str, name: str, names: Sequence[str], rows: Sequence[Row], table: Sequence[Row]) -> bool:
    kind = _kind(question)
    answers = {other for other in names if kind in _CELL_KINDS and any(_answers(question, other, row.cells.get(other, "")) for row in rows)}
    if name in answers or (not answers and (kind is not Wanted.LIST or len(names) <= _MANY_COLUMNS)):
        return True
    named = overlap(keys(name), keys(question)) >= _NAMED
    return named or _REMARK.search(name) is not None or name in _telling_columns(question, rows, table)


def _kind(question: str) -> Wanted:
    return Wanted.COUNT if _COMPARES.search(simplified(question)) else wanted(question)


def _answers(question: str, name: str, value: str) -> bool:
    """Whether a cell is of the kind that is asked for."""
    if not value:
        return False
    match _kind(question):
        case Wanted.COUNT:
            measure = measure_of(question)
            figure = _DIGIT.search(value) is not None and _DATE.search(value) is None
            return measure(f"{name}：{value}") if measure is not None else figure
        case Wanted.TIME:
            return _DATE.search(value) is not None
        case kind:
            return holds(kind, value, question) == 1


def _is_wording(cell: str) -> bool:
    return bool(cell) and not cell[0].isdigit() and _DATE.search(cell) is None


def _differ(rows: Sequence[Row], name: str) -> bool:
    return len({row.cells.get(name, "") for row in rows}) == len(rows)


def _telling_columns(question: str, rows: Sequence[Row], table: Sequence[Row]) -> frozenset[str]:
    """The columns of ``rows`` in which the question names what tells the rows of the table apart."""
    telling = {unit.text for _, units in _held(question, table) for unit in units}
    return frozenset(
        name
        for row in rows
        for name, value in row.cells.items()
        if within(question, f"{name}：{value}") or any(contains(normalise(value), text) for text in telling)
    )


def _held(question: str, rows: Sequence[Row]) -> list[tuple[float, tuple[Unit, ...]]]:
    """For every row the weight of the units of the question that its cells hold and not those of all rows, and these units."""
    texts = [normalise(" ".join(row.cells.values())) for row in rows]
    count: dict[str, int] = {}

    def frequency(unit: str) -> int:
        if unit not in count:
            count[unit] = sum(contains(text, unit) for text in texts)
        return count[unit]

    names = normalise(" ".join(dict.fromkeys(name for row in rows for name in row.cells)))
    units = [
        unit
        for unit in asked(question, frequency, len(texts))
        if 0 < frequency(unit.text) < max(2, len(texts)) and not contains(names, unit.text)
    ]
    ranged = [within(question, _said(row.cells)) for row in rows]
    found = []
    for text, in_range in zip(texts, ranged, strict=True):
        own = tuple(unit for unit in units if contains(text, unit.text))
        found.append((sum(unit.weight for unit in own) + _IN_RANGE * (in_range and not all(ranged)), own))
    return found


def _said(cells: Mapping[str, str]) -> str:
    return "，".join(f"{name}：{value}" for name, value in cells.items())

