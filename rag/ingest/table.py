"""Reads tables of comma, semicolon or tab separated values: every row becomes a line that says what each cell is.

A row that is found stands alone in a passage, far from the first line with the names of the columns; so each
cell goes with its column's name. It knows nothing of files.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from rag.errors import IngestError
from rag.ingest.drafts import Draft
from rag.ingest.encoding import decode
from rag.text import is_cjk

_DELIMITERS = ",;\t|"


def read_table(data: bytes, name: str) -> Iterator[Draft]:
    """One draft with a line a row, named after the file. Raises IngestError where a row cannot be read."""
    rows = _rows(decode(data))
    if len(rows) < 2:
        raise IngestError("it has no row below the names of its columns: write those in the first line")
    names, *records = rows
    lines = [line for line in (record_line(names, cells) for cells in records) if line]
    yield Draft("\n".join(lines), title=Path(name).stem, titled=True)


def _rows(text: str) -> list[list[str]]:
    """The rows that hold anything, their cells without white space around."""
    head = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(_DELIMITERS, key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        rows = [[" ".join(cell.split()) for cell in row] for row in reader]
    except csv.Error as error:
        raise IngestError(f"line {reader.line_num}: {error}: mend its quotation marks, or save the table anew") from error
    return [row for row in rows if any(row)]


def record_line(names: Sequence[str], cells: Sequence[str]) -> str:
    """``- 型号：YS100，单价：138元``; cells without a name stand alone, empty ones are left out."""
    named = [*names, *[""] * (len(cells) - len(names))]
    said = [(name, cell) for name, cell in zip(named, cells, strict=False) if cell]
    wide = any(map(is_cjk, "".join(names) or "".join(cells)))
    colon, comma = ("：", "，") if wide else (": ", ", ")
    return "- " + comma.join(f"{name}{colon}{cell}" if name else cell for name, cell in said) if said else ""
