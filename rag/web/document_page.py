"""A whole document as a plain page of its own, with a passage marked: no script, nothing but escaped text.

Pure: knows the form in which documents keep their headings and pages, nothing of how they are found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from rag.types import Document
from rag.web.output_filter import visible
from rag.web.texts import Language, say

MOST_CHARACTERS = 400_000
"""Characters shown of one document; the rest is a click on another passage away."""

_HEADING = re.compile(r"(#{1,6})\s+(.+)")
_CODES: dict[Language, str] = {"zh": "zh-CN", "en": "en"}
_MARK_IDENTIFIER = "passage"


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of the document and where it begins."""

    text: str
    start: int
    page: int


def render_document(
    document: Document, start: int | None, end: int | None, language: Language, *, base_path: str = ""
) -> str:
    """The page. ``start`` and ``end`` are offsets into the document's text; what lies outside it is ignored."""
    span = (start, end) if start is not None and end is not None and 0 <= start < end <= len(document.text) else None
    lines = list(_lines(document.text, *_window(len(document.text), span)))
    facts = [document.source] if document.source != document.title else []
    if document.modified:
        facts.append(say(language, "document_modified", date=document.modified[:10]))
    jump = f'<a href="#{_MARK_IDENTIFIER}">{escape(say(language, "document_passage"))}</a>' if span else ""
    return (
        f'<!doctype html><html lang="{_CODES[language]}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer">'
        f"<title>{_text(document.title)} · {escape(say(language, 'product'))}</title>"
        f'<link rel="icon" type="image/svg+xml" href="{escape(base_path)}/static/zhiju.svg">'
        f'<link rel="stylesheet" href="{escape(base_path)}/static/document.css"></head><body><main>'
        f'<header><p class="kind">{escape(say(language, "product"))} · {escape(say(language, "document"))}</p>'
        f"<h1>{_text(document.title)}</h1><p>{_text(' · '.join(facts))} {jump}</p></header>"
        f"{_contents(lines, language)}<article>{_body(lines, span, language)}</article></main></body></html>"
    )


def _window(length: int, span: tuple[int, int] | None) -> tuple[int, int]:
    if length <= MOST_CHARACTERS:
        return 0, length
    middle = span[0] if span else 0
    begin = max(0, min(middle - MOST_CHARACTERS // 2, length - MOST_CHARACTERS))
    return begin, begin + MOST_CHARACTERS


def _lines(text: str, begin: int, finish: int) -> Iterator[_Line]:
    begin = text.rfind("\n", 0, begin) + 1
    page = text.count("\f", 0, begin) + 1
    position = begin
    while position < finish:
        end = text.find("\n", position)
        end = len(text) if end < 0 else end
        for piece in text[position:end].split("\f"):
            yield _Line(piece, position, page)
            position += len(piece) + 1
            page += 1
        page -= 1


def _contents(lines: list[_Line], language: Language) -> str:
    headings = [(line, match) for line in lines if (match := _HEADING.fullmatch(line.text.strip()))]
    if len(headings) < 3:
        return ""
    items = "".join(
        f'<li class="level-{len(match.group(1))}"><a href="#at-{line.start}">{_text(match.group(2))}</a></li>'
        for line, match in headings
    )
    return f"<nav><details><summary>{escape(say(language, 'document_contents'))}</summary><ul>{items}</ul></details></nav>"


def _body(lines: list[_Line], span: tuple[int, int] | None, language: Language) -> str:
    pieces: list[str] = []
    page, marked = lines[0].page if lines else 1, False
    for line in lines:
        if line.page != page:
            page = line.page
            pieces.append(f'<p class="page">{escape(say(language, "page_number", page=page))}</p>')
        if not line.text.strip():
            continue
        html, holds = _line(line, span, first=not marked)
        marked = marked or holds
        pieces.append(html)
    return "".join(pieces)


def _line(line: _Line, span: tuple[int, int] | None, *, first: bool) -> tuple[str, bool]:
    """One line as HTML, and whether the passage lies (partly) on it."""
    text, offset, tag, identifier = line.text, 0, "p", ""
    heading = _HEADING.match(text)
    if heading:
        offset = heading.start(2)
        tag = f"h{min(len(heading.group(1)) + 1, 6)}"
        identifier = f' id="at-{line.start}"'
    begin = max(span[0] - line.start, offset) if span else 0
    finish = min(span[1] - line.start, len(text)) if span else 0
    if not span or begin >= finish:
        return f"<{tag}{identifier}>{_text(text[offset:])}</{tag}>", False
    mark = f'<mark id="{_MARK_IDENTIFIER}">' if first else "<mark>"
    inner = f"{_text(text[offset:begin])}{mark}{_text(text[begin:finish])}</mark>{_text(text[finish:])}"
    return f"<{tag}{identifier}>{inner}</{tag}>", True


def _text(text: str) -> str:
    return escape(visible(text))
