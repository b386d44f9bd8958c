"""Lays chosen sentences out as prose, list or table, each with its marker and each word for word.

A sentence is shown as it stands in the document; only white space at line breaks is folded, and a bullet of the
document gives way to that of the list.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from rag.answering.citations import without_markers
from rag.answering.reading import Candidate
from rag.answering.records import Records
from rag.answering.rows import Row
from rag.answering.tables import ends_sentence
from rag.interfaces import Span
from rag.sentences import UnitKind
from rag.sentences.lines import is_cjk, item_marker

_CELL_BREAK = re.compile(r"(?<!\\)\|")
_SAYS = re.compile(r"[^\s:\-–—]")


def shown(candidate: Candidate) -> str:
    """The sentence on one line, without the bullet, the signs of a heading, and the document's own reference numbers."""
    text = candidate.text.lstrip("# ") if candidate.kind is UnitKind.HEADING else candidate.text
    if candidate.kind is UnitKind.ITEM and item_marker(text) < len(text):
        text = text[item_marker(text) :]
    return _one_line(without_markers(text)).strip()


def _one_line(text: str) -> str:
    parts = [part.strip() for part in text.splitlines() if part.strip()]
    line = parts[0] if parts else ""
    for part in parts[1:]:
        line += part if is_cjk(line[-1]) and is_cjk(part[0]) else f" {part}"
    return line


def as_prose(
    chosen: Sequence[Candidate],
    header: Callable[[Candidate], Candidate | None] = lambda _: None,
    records: Records | None = None,
) -> Iterator[str]:
    """Sentences one after another; those of different passages are set apart by a line break, and so is what follows a
    line that ends without a sign, since both would be read as one sentence.

    Rows of a table come as a table, below the row that ``header`` finds for them: what a figure is says its column. So do
    rows that say what each cell is, by ``records``.
    """
    before: Candidate | None = None
    tabled: set[Span] = set()
    for one in chosen:
        if one.span in tabled:
            continue
        same = records.fellows(one, chosen) if records is not None else []
        if records is not None and same:
            yield "\n\n" if before or tabled else ""
            yield from _records(records, same)
            tabled.update(unit.span for row in same for unit in row.units)
            before = None
            continue
        head = header(one)
        rows = [row for row in chosen if head and header(row) == head and len(_cells(row)) == len(_cells(head)) > 1]
        if head and one in rows:
            yield "\n\n" if before or tabled else ""
            yield from _table(head, rows)
            tabled.update(row.span for row in rows)
            before = None
            continue
        if before is not None:
            apart = before.span.chunk.id != one.span.chunk.id or not (before.leads or ends_sentence(shown(before)))
            yield "\n\n" if apart else _gap(before)
        elif tabled:
            yield "\n\n"
        yield f"{_plain(shown(one))}[{one.marker}]"
        before = one


def _table(head: Candidate, rows: Sequence[Candidate]) -> Iterator[str]:
    heading = _cells(head)
    yield f"| {' | '.join(heading)} |\n|{' --- |' * len(heading)}"
    for row in rows:
        label, *values = _cells(row)
        cited = " | ".join(f"{value}[{row.marker}]" if _SAYS.search(value) else value for value in values)
        yield f"\n| {label} | {cited} |"


def _records(records: Records, rows: Sequence[Row]) -> Iterator[str]:
    """Rows that say what each cell is, by the columns that tell."""
    columns = records.columns(rows)
    yield f"| {' | '.join(map(cell, columns))} |\n|{' --- |' * len(columns)}"
    for row in rows:
        label, *values = (cell(without_markers(row.cells.get(column, ""))) for column in columns)
        cited = " | ".join(f"{value}[{row.units[0].marker}]" if _SAYS.search(value) else value for value in values)
        yield f"\n| {label} | {cited} |"


def _cells(row: Candidate) -> list[str]:
    """The cells of a row, as they stand between its bars."""
    line = without_markers(row.text).strip().partition("\n")[0].strip()
    line = line.removeprefix("|")
    line = line[:-1] if line.endswith("|") and not line.endswith("\\|") else line
    return [cell.strip() for cell in _CELL_BREAK.split(line)]


def as_list(lead: Candidate | None, items: Sequence[Candidate]) -> Iterator[str]:
    """An enumerating sentence, if there is one, and its items, a line each."""
    if lead is not None:
        yield f"{_plain(shown(lead))}[{lead.marker}]\n\n"
    for place, one in enumerate(items):
        bullet = "\n- " if place else "- "
        goes_on = place > 0 and one.kind is not UnitKind.ITEM
        yield f"{_gap(items[place - 1]) if goes_on else bullet}{_plain(shown(one))}[{one.marker}]"


def as_table(heading: tuple[str, str], rows: Sequence[tuple[str, Sequence[Candidate]]]) -> Iterator[str]:
    """A row a part: its name, and the sentences about it; items and lines that end without a sign are set apart by one,
    since in a cell only the end of a sentence tells whose marker it is."""
    yield f"| {cell(heading[0])} | {cell(heading[1])} |\n| --- | --- |"
    for name, chosen in rows:
        texts = [cell(_plain(shown(one))) for one in chosen]
        ended = [text if ends_sentence(text) else f"{text}{_stop(text)}" for text in texts[:-1]] + texts[-1:]
        content = " ".join(f"{text}[{one.marker}]" for text, one in zip(ended, chosen, strict=True)) or "—"
        yield f"\n| {cell(name)} | {content} |"


def _stop(text: str) -> str:
    if text.endswith((":", "：")):
        return ""
    return "；" if text and is_cjk(text[-1]) else ";"


def cell(text: str) -> str:
    """``text`` inside a table cell: its own bars escaped."""
    return _CELL_BREAK.sub(r"\\|", text)


def _plain(text: str) -> str:
    """A table row of the document as a line of text that does not start a table here."""
    if not text.startswith("|"):
        return text
    return " · ".join(part.strip() for part in text.strip("|").split("|") if part.strip())


def _gap(before: Candidate) -> str:
    text = shown(before)
    return "" if text and is_cjk(text[-1]) else " "
