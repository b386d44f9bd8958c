"""Reads PDF: a form feed after each page, wrapped lines joined, page furniture dropped, bookmarks as headings.

A file without a text layer is a failure that says so; a page that cannot be read is one, too, and the other
pages are read.
"""

from __future__ import annotations

import logging
import re
import struct
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import TYPE_CHECKING

from rag.errors import IngestError
from rag.ingest.drafts import Draft
from rag.ingest.pages import join_lines, tidy, without_furniture
from rag.ingest.sources import Failure

if TYPE_CHECKING:
    from pypdf import PdfReader

_FAULTS = (
    ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError, AssertionError,
    NotImplementedError, OSError, EOFError, struct.error, zlib.error, MemoryError,
)  # fmt: skip
_PLACEHOLDER_TITLE = re.compile(r"(?:untitled|microsoft (?:word|powerpoint).*|document\d*|无标题|.*\.(?:docx?|pptx?|indd|tex|dvi|html?))$", re.I)
_DEEPEST_BOOKMARK = 3


def read_pdf(data: bytes, name: str) -> Iterator[Draft | Failure]:
    """The text of a PDF, one draft; first a failure for each page that cannot be read."""
    reader = _open(data)
    pages: list[list[str]] = []
    for number in range(_count(reader)):
        try:
            pages.append(_page_lines(reader, number))
        except IngestError as error:
            pages.append([])
            yield Failure(f"{name}, page {number + 1}", str(error))
    if not any(line.strip() for page in pages for line in page):
        raise IngestError("it has no text layer (scanned?): run text recognition (OCR) on it first")
    bookmarks = _bookmarks(reader)
    texts = [join_lines(page, bookmarks.get(number, {})) for number, page in enumerate(without_furniture(pages))]
    yield Draft("\f".join(texts), _title(reader))


def _open(data: bytes) -> PdfReader:
    from pypdf import PdfReader  # slow to import
    from pypdf.errors import DependencyError, PyPdfError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        reader = PdfReader(BytesIO(data), strict=False)
        locked = reader.is_encrypted and not reader.decrypt("")
    except DependencyError as error:
        raise IngestError("it is encrypted: save it without a password") from error
    except (PyPdfError, *_FAULTS) as error:
        raise IngestError(f"it is no PDF, or it is damaged ({_brief(error)}): save or print it as PDF again") from error
    if locked:
        raise IngestError("it is encrypted: save it without a password")
    return reader


def _count(reader: PdfReader) -> int:
    from pypdf.errors import DependencyError, PyPdfError  # slow to import

    try:
        return len(reader.pages)
    except DependencyError as error:
        raise IngestError("it is encrypted: save it without a password") from error
    except (PyPdfError, *_FAULTS) as error:
        raise IngestError(f"its pages cannot be found ({_brief(error)}): save or print it as PDF again") from error


def _page_lines(reader: PdfReader, number: int) -> list[str]:
    from pypdf.errors import PyPdfError  # slow to import

    try:
        text = reader.pages[number].extract_text()
    except (PyPdfError, *_FAULTS) as error:
        raise IngestError(f"the page cannot be read ({_brief(error)}): save or print the file as PDF again") from error
    return text.replace("\f", "\n").splitlines()


def _title(reader: PdfReader) -> str:
    from pypdf.errors import PyPdfError  # slow to import

    try:
        title = str((reader.metadata.title if reader.metadata else "") or "").strip()
    except (PyPdfError, *_FAULTS):
        return ""
    return "" if _PLACEHOLDER_TITLE.match(title) or "\ufffd" in title else title


def _bookmarks(reader: PdfReader) -> dict[int, dict[str, int]]:
    """By page index, the titles that bookmarks give there with their levels. None when they cannot be read."""
    from pypdf.errors import PyPdfError  # slow to import

    found: dict[int, dict[str, int]] = {}
    try:
        stack: list[tuple[object, int]] = [(item, 1) for item in reversed(reader.outline)]
        while stack:
            item, level = stack.pop()
            if isinstance(item, list):
                stack.extend((inner, level + 1) for inner in reversed(item))
            elif level <= _DEEPEST_BOOKMARK:
                page = reader.get_destination_page_number(item)  # type: ignore[arg-type]
                if page is not None:
                    title = "".join(tidy(str(item.title)).split())  # type: ignore[attr-defined]
                    found.setdefault(page, {})[title] = level
    except (PyPdfError, *_FAULTS):
        return {}
    return found


def _brief(error: BaseException) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
