"""Reads Word files (.docx): heading styles as ``#`` lines, tables as rows, lists with bullets or numbers.

Hidden and deleted text is left out, inserted text kept. The unpacked size is checked before anything is unpacked.
"""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from typing import TYPE_CHECKING, Any

from rag.errors import IngestError
from rag.ingest.drafts import Draft
from rag.ingest.layout import LineBuffer, table_rows
from rag.ingest.packed import check_size
from rag.ingest.sources import Failure

if TYPE_CHECKING:
    from docx.document import Document
    from docx.table import Table
    from docx.text.paragraph import Paragraph

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_HEADING = re.compile(r"(?:heading|标题|標題)\s*([1-9])$", re.IGNORECASE)
_DEEPEST_STYLE = 20
_PLACEHOLDER_TITLE = re.compile(r"(?:word document|untitled|document\d*|无标题|文档\s*\d*|microsoft word.*)$", re.IGNORECASE)


def read_docx(data: bytes, name: str) -> Iterator[Draft | Failure]:
    """The text of a Word file; its title is that of its properties, where it says something."""
    from docx.text.paragraph import Paragraph  # slow to import

    check_size(data, "Word file", ".docx")
    document = _open(data)
    out = LineBuffer()
    counters: Counter[tuple[int, int]] = Counter()
    for block in document.iter_inner_content():
        if isinstance(block, Paragraph):
            _add_paragraph(block, out, counters)
        else:
            _add_table(block, out)
    text = out.text()
    if not text.strip():
        raise IngestError("the file holds no text: if its pages are pictures, run text recognition first")
    title = (document.core_properties.title or "").strip()
    yield Draft(text, "" if _PLACEHOLDER_TITLE.match(title) else title)


def _open(data: bytes) -> Document:
    import docx  # slow to import
    from docx.opc.exceptions import PackageNotFoundError
    from lxml.etree import LxmlError  # type: ignore[import-untyped]

    faults = (PackageNotFoundError, LxmlError, zipfile.BadZipFile, KeyError, ValueError, AttributeError, TypeError)
    try:
        return docx.Document(BytesIO(data))
    except (*faults, NotImplementedError, EOFError, OSError, IndexError) as error:
        raise IngestError(f"this is no Word file, or it is damaged ({error}): save it again as .docx") from error


def _add_table(table: Table, out: LineBuffer) -> None:
    grid = []
    for row in table._element.iterchildren(_W + "tr"):
        cells = []
        for cell in row.iterchildren(_W + "tc"):
            cells.append("\n".join(_run_text(paragraph) for paragraph in cell.iter(_W + "p")))
            span = cell.find(f"{_W}tcPr/{_W}gridSpan")
            count = span.get(_W + "val", "1") if span is not None else "1"
            cells.extend([""] * (min(int(count), 50) - 1 if count.isdigit() else 0))
        grid.append(cells)
    rows = table_rows(grid)
    if rows is not None:
        out.table(rows, headed=len(rows) > 1)
        return
    for line in (cell for cells in grid for cell in cells if cell.strip()):
        out.write(line)
        out.end_block(blank=True)


def _add_paragraph(paragraph: Paragraph, out: LineBuffer, counters: Counter[tuple[int, int]]) -> None:
    text = _run_text(paragraph._element)
    if not text.strip():
        return
    level = _heading_level(paragraph)
    marker = "" if level else _marker(paragraph, counters)
    if not marker:
        counters.clear()
    lines = text.split("\n") if not level else [text.replace("\n", " ")]
    out.end_block(blank=not marker)
    out.prefix(marker)
    for number, line in enumerate(lines):
        out.write("#" * level + " " + line if level else line)
        out.end_block(blank=not marker and number == len(lines) - 1)


def _run_text(paragraph: Any) -> str:
    """The visible text of a paragraph element: insertions kept, deletions and hidden runs left out."""
    parts: list[str] = []
    skip = {_W + "del", _W + "moveFrom", _FALLBACK, _W + "pPr", _W + "instrText"}
    stack = list(reversed(paragraph))
    while stack:
        node = stack.pop()
        if node.tag in skip or (node.tag == _W + "r" and _is_vanished(node)):
            continue
        if node.tag == _W + "t":
            parts.append(node.text or "")
        elif node.tag in (_W + "tab", _W + "ptab"):
            parts.append(" ")
        elif node.tag in (_W + "br", _W + "cr"):
            parts.append("\n")
        elif node.tag == _W + "noBreakHyphen":
            parts.append("-")
        else:
            if node.tag == _W + "p":
                parts.append("\n")
            stack.extend(reversed(node))
    return "".join(parts)


def _is_vanished(run: Any) -> bool:
    mark = run.find(f"{_W}rPr/{_W}vanish")
    return mark is not None and mark.get(_W + "val", "true") not in ("0", "false", "off")


def _heading_level(paragraph: Paragraph) -> int:
    """1 to 6 by style or outline level; 0 for body text."""
    own = paragraph._element.find(f"{_W}pPr/{_W}outlineLvl")
    level = _outline(own)
    style = paragraph.style
    for _ in range(_DEEPEST_STYLE):
        if level or style is None:
            break
        if match := _HEADING.match(style.name or ""):
            level = int(match[1])
        elif (style.name or "").lower() == "title":
            level = 1
        else:
            level = _outline(style._element.find(f"{_W}pPr/{_W}outlineLvl"))
        style = getattr(style, "base_style", None)
    return min(level, 6)


def _outline(mark: Any) -> int:
    value = mark.get(_W + "val", "") if mark is not None else ""
    return int(value) + 1 if value.isdigit() and int(value) < 9 else 0


def _marker(paragraph: Paragraph, counters: Counter[tuple[int, int]]) -> str:
    """``- `` or ``1. `` with its indent, for an item of a list; empty otherwise."""
    numbering = paragraph._element.find(f"{_W}pPr/{_W}numPr")
    name = ((paragraph.style.name if paragraph.style is not None else "") or "").lower()
    if numbering is None and not name.startswith("list ") and name != "list paragraph":
        return ""
    depth, number = _value(numbering, "ilvl"), _value(numbering, "numId")
    if (numbering is None and name == "list paragraph") or (numbering is not None and number == 0):
        return ""
    if name.startswith("list number") or _is_numbered(paragraph, number, depth):
        counters[number, depth] += 1
        return "  " * depth + f"{counters[number, depth]}. "
    return "  " * depth + "- "


def _value(numbering: Any, name: str) -> int:
    mark = numbering.find(_W + name) if numbering is not None else None
    value = mark.get(_W + "val", "0") if mark is not None else "0"
    return int(value) if value.isdigit() else 0


def _is_numbered(paragraph: Paragraph, number: int, depth: int) -> bool:
    """Whether the list's definition counts its items."""
    try:
        root = paragraph.part.numbering_part.element  # type: ignore[attr-defined]
    except (KeyError, NotImplementedError, AttributeError):
        return False
    for num in root.iterchildren(_W + "num"):
        if num.get(_W + "numId") == str(number):
            abstract = num.find(_W + "abstractNumId").get(_W + "val")
            path = f"{_W}abstractNum[@{_W}abstractNumId='{abstract}']/{_W}lvl[@{_W}ilvl='{depth}']/{_W}numFmt"
            style = root.find(path)
            return style is not None and style.get(_W + "val") not in ("bullet", "none")
    return False
