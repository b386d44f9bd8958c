"""Reads PowerPoint files (.pptx): a page a slide, its title as a ``##`` line, paragraphs by depth, tables as rows, notes last.

Hidden slides, and what a layout repeats on every slide (date, footer, number), are left out. Text in pictures is not
read; that of diagrams (SmartArt) is. The unpacked size is checked before anything is unpacked.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from io import BytesIO
from typing import TYPE_CHECKING, Any

from rag.errors import IngestError
from rag.ingest.drafts import Draft
from rag.ingest.layout import LineBuffer, collapse, table_rows
from rag.ingest.packed import check_size
from rag.ingest.sources import Failure

if TYPE_CHECKING:
    from pptx.presentation import Presentation
    from pptx.slide import Slide

_KIND = "PowerPoint file"
_FAULTS = (
    zipfile.BadZipFile, KeyError, ValueError, TypeError, AttributeError, IndexError, NotImplementedError, EOFError, OSError,
)  # fmt: skip
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_DIAGRAM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}"
_FURNITURE = frozenset({"dt", "ftr", "sldNum", "hdr"})
_DEEPEST_GROUP = 20
_PAGE_BREAK = "\f"


def read_pptx(data: bytes, name: str) -> Iterator[Draft | Failure]:
    """The text of a presentation, one draft, a form feed after each slide; first a failure for each slide that cannot be read."""
    check_size(data, _KIND, ".pptx")
    deck = _open(data)
    pages: list[str] = []
    title = ""
    for number, slide in enumerate(deck.slides, 1):
        if slide._element.get("show") in ("0", "false"):
            pages.append("")
            continue
        try:
            head = _title(slide)
            pages.append(_slide_text(slide, head))
        except _FAULTS as error:
            pages.append("")
            yield Failure(f"{name}, slide {number}", f"it cannot be read ({error}): save the file again as .pptx")
            continue
        title = title or head
    if not any(page.strip() for page in pages):
        raise IngestError("no slide of it holds text: if they are pictures, run text recognition first")
    yield Draft(_PAGE_BREAK.join(pages), title, titled=bool(title))


def _open(data: bytes) -> Presentation:
    import pptx  # slow to import
    from lxml.etree import LxmlError  # type: ignore[import-untyped]
    from pptx.exc import PythonPptxError

    try:
        return pptx.Presentation(BytesIO(data))
    except (PythonPptxError, LxmlError, *_FAULTS) as error:
        raise IngestError(f"this is no {_KIND}, or it is damaged ({error}): save it again as .pptx") from error


def _title(slide: Slide) -> str:
    shape = slide.shapes.title
    return collapse(shape.text_frame.text.replace("\v", " ")) if shape is not None else ""


def _slide_text(slide: Slide, title: str) -> str:
    out = LineBuffer()
    if title:
        out.write(f"## {title}")
        out.end_block(blank=True)
    own = slide.shapes.title
    skip = own.shape_id if own is not None else None
    for shape in _in_reading_order(slide.shapes, 0):
        if shape.shape_id != skip:
            _add_shape(shape, out)
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        _add_paragraphs(slide.notes_slide.notes_text_frame, out)
    return out.text()


def _in_reading_order(shapes: Any, depth: int) -> Iterator[Any]:
    """The shapes from top to bottom and left to right, those of a group where the group stands."""
    placed = sorted(shapes, key=lambda shape: (shape.top or 0, shape.left or 0))
    for shape in placed:
        if hasattr(shape, "shapes") and depth < _DEEPEST_GROUP:
            yield from _in_reading_order(shape.shapes, depth + 1)
        elif not _is_furniture(shape):
            yield shape


def _is_furniture(shape: Any) -> bool:
    """Whether a shape is a placeholder for what stands on every slide."""
    mark = next(shape._element.iter("{http://schemas.openxmlformats.org/presentationml/2006/main}ph"), None)
    return mark is not None and mark.get("type") in _FURNITURE


def _add_shape(shape: Any, out: LineBuffer) -> None:
    if getattr(shape, "has_table", False):
        rows = table_rows([[cell.text.replace("\v", "\n") for cell in row.cells] for row in shape.table.rows])
        if rows is not None:
            out.table(rows, headed=True)
    elif shape.has_text_frame:
        _add_paragraphs(shape.text_frame, out)
    else:
        for line in _diagram(shape):
            out.prefix("- ")
            out.write(line)
            out.end_block(blank=False)
        out.end_block(blank=True)


def _add_paragraphs(frame: Any, out: LineBuffer) -> None:
    """The paragraphs of a text frame: one alone as prose, several as items, indented by their level."""
    told = [(paragraph.level, collapse(paragraph.text.replace("\v", " "))) for paragraph in frame.paragraphs]
    told = [(level, text) for level, text in told if text]
    for level, text in told:
        if len(told) > 1:
            out.prefix("  " * level + "- ")
        out.write(text)
        out.end_block(blank=len(told) == 1)
    out.prefix("")
    out.end_block(blank=True)


def _diagram(shape: Any) -> list[str]:
    """The texts of a diagram's points; empty for what is no diagram."""
    ids = next(shape._element.iter(f"{_DIAGRAM}relIds"), None)
    if ids is None:
        return []
    from lxml import etree  # type: ignore[import-untyped]  # slow to import

    part = shape.part.related_part(ids.get(f"{_R}dm"))
    root = etree.fromstring(part.blob, etree.XMLParser(resolve_entities=False, no_network=True))
    points = root.iter(f"{_DIAGRAM}pt")
    told = ("".join(run.text or "" for run in point.iter(f"{_A}t")).strip() for point in points)
    return [text for text in told if text]
