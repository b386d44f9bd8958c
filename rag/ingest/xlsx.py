"""Reads Excel workbooks (.xlsx, .xlsm): a section a sheet, a line a row that says what each cell is, values as shown.

Merged cells count for all that they cover. What the workbook hides (sheets, rows, columns) is left out. The unpacked
size is checked before anything is unpacked; macros are never read.
"""

from __future__ import annotations

import re
import warnings
import zipfile
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

from rag.errors import IngestError
from rag.ingest.drafts import Draft
from rag.ingest.layout import collapse
from rag.ingest.number_formats import shown
from rag.ingest.packed import check_size
from rag.ingest.sheets import Cell, sheet_lines
from rag.ingest.sources import Failure

_KIND = "Excel workbook"
_FAULTS = (
    zipfile.BadZipFile, KeyError, ValueError, TypeError, AttributeError, IndexError, SyntaxError, OverflowError, NotImplementedError, EOFError, OSError,
)  # fmt: skip
"""What a damaged workbook is known to raise in openpyxl; a broken XML part is a SyntaxError."""
_MOST_CELLS = 3_000_000
_TRUE = ("1", "true")
_FORMULA = re.compile(rb'<c\b([^>]*)>\s*<f\b(?:[^>]*/>|[^>]*>[^<]*</f>)\s*(<v\s*/>|<v>[^<]*</v>)?')
_REFERENCE = re.compile(rb'\br="([A-Z]+\d+)"')
_SHEET_PART = re.compile(r"xl/worksheets/[^/]+\.xml")
_NAMED_BY_PROGRAM = re.compile(r"(?:sheet|工作表|表)\s*\d*", re.IGNORECASE)


def read_xlsx(data: bytes, name: str) -> Iterator[Draft | Failure]:
    """The text of a workbook, one draft; first a failure where it holds formulas without their values."""
    check_size(data, _KIND, ".xlsx")
    parts: list[str] = []
    try:
        missing = _uncalculated(data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # extensions of Excel that hold no text: validation, slicers
            for title, grid in _sheets(data):
                lines = sheet_lines(grid)
                if lines and not _NAMED_BY_PROGRAM.fullmatch(title):
                    parts.extend([f"## {title}", ""])
                parts.extend([*lines, ""] if lines else [])
    except _FAULTS as error:
        raise IngestError(f"this is no {_KIND}, or it is damaged ({error}): save it again as .xlsx") from error
    if missing:
        cells = missing[0] if len(missing) == 1 else f"{missing[0]} and {len(missing) - 1} others"
        reason = f"it stores no values for its formulas ({cells}), so those cells are left out: save it once in a spreadsheet program"
        yield Failure(name, reason)
    if not parts:
        raise IngestError("no visible sheet of it holds text")
    yield Draft("\n".join(parts).strip("\n"), title=Path(name).stem, titled=True)


def _sheets(data: bytes) -> Iterator[tuple[str, dict[int, dict[int, Cell]]]]:
    """The visible sheets: title and cells. Parts are read as a stream: a sheet of a million empty rows costs nothing."""
    import openpyxl  # slow to import
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

    book = openpyxl.load_workbook(BytesIO(data), read_only=True, data_only=True, keep_links=False)
    try:
        for sheet in book.worksheets:
            if sheet.sheet_state == "visible" and isinstance(sheet, ReadOnlyWorksheet):
                yield collapse(sheet.title), _grid(sheet)
    finally:
        book.close()


def _grid(sheet: Any) -> dict[int, dict[int, Cell]]:
    """What a sheet shows, by row and column; a merged cell stands in every row and column that it covers."""
    from openpyxl.cell.read_only import ReadOnlyCell  # slow to import
    from openpyxl.worksheet._reader import WorkSheetParser

    book = sheet.parent
    found: dict[int, dict[int, Cell]] = {}
    count = 0
    with book._archive.open(sheet._worksheet_path) as part:
        parser = WorkSheetParser(part, sheet._shared_strings, True, book.epoch, book._date_formats, book._timedelta_formats)
        for row, cells in parser.parse():
            for told in cells:
                cell = ReadOnlyCell(sheet, **told)
                text = "" if cell.data_type == "e" else collapse(shown(cell.value, cell.number_format or "General"))
                if not text:
                    continue
                count += 1
                if count > _MOST_CELLS:
                    raise IngestError(f"its sheet {sheet.title} holds more than {_MOST_CELLS} cells: split it")
                column = told["column"]
                found.setdefault(row, {})[column] = Cell(text, row, column, row, column, cell.data_type != "s", bool(cell.font.b))
    _spread([area.ref for area in parser.merged_cells.mergeCell] if parser.merged_cells else [], found)
    return _visible(found, parser.row_dimensions, parser.column_dimensions)


def _spread(merged: Iterable[str], cells: dict[int, dict[int, Cell]]) -> None:
    """Put the text of merged areas into all rows and columns that they cover, as far as others hold text there."""
    from openpyxl.utils import range_boundaries  # slow to import

    widest = max((column for line in cells.values() for column in line), default=0)
    rows = sorted(cells)
    for area in merged:
        left, top, right, bottom = (edge or 1 for edge in range_boundaries(area))
        first = cells.get(top, {}).get(left)
        if first is None:
            continue
        one = replace(first, bottom=bottom, right=right)
        for row in rows[bisect_left(rows, top) : bisect_right(rows, bottom)]:
            for column in range(left, min(right, widest) + 1):
                cells[row][column] = one


def _visible(
    cells: Mapping[int, Mapping[int, Cell]], rows: Mapping[str, Mapping[str, str]], columns: Mapping[str, Mapping[str, str]]
) -> dict[int, dict[int, Cell]]:
    """The cells outside hidden rows and columns."""
    hidden = [range(int(told["min"]), int(told["max"]) + 1) for told in columns.values() if told.get("hidden") in _TRUE]
    kept: dict[int, dict[int, Cell]] = {}
    for row, line in cells.items():
        if rows.get(str(row), {}).get("hidden") not in _TRUE:
            left = {column: cell for column, cell in line.items() if not any(column in span for span in hidden)}
            if left:
                kept[row] = left
    return kept


def _uncalculated(data: bytes) -> list[str]:
    """The cells whose formulas have no stored value, as programs write them that do not calculate."""
    missing: list[str] = []
    with zipfile.ZipFile(BytesIO(data)) as archive:
        for part in archive.namelist():
            if not _SHEET_PART.fullmatch(part):
                continue
            for cell in _FORMULA.finditer(archive.read(part)):
                stored = cell[2] is not None and (len(cell[2]) > len(b"<v></v>") or b't="str"' in cell[1])
                reference = _REFERENCE.search(cell[1])
                if not stored and reference:
                    missing.append(reference[1].decode())
    return missing
