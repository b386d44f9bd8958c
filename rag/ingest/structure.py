"""The section tree and the pages of a document, from its text alone.

Headings are ``#`` lines (and the underlined headings of Markdown), pages end at form feeds. Short lines
without a mark are not taken for headings: in plain text they are as often captions, and a wrong section path is
worse than none. Pure.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from rag.sentences.lines import LineKind, heading, lines

SEPARATOR = " › "
"""What joins the headings of a section path."""

_EMPHASIS = re.compile(r"(\*\*|__|\*|`)(?=\S)(.+?)(?<=\S)\1")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)\s]*\)")


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and the text below it, up to the next heading of any level.

    ``path`` joins the titles from the top heading down to this one; text before the first heading has level 0,
    title and path empty. ``start`` is where the heading line begins.
    """

    title: str
    level: int
    path: str
    start: int
    end: int


def sections(text: str) -> list[Section]:
    """The sections of ``text`` in order; they cover it without gaps. At least one, unless ``text`` is empty."""
    found: list[Section] = []
    above: list[tuple[int, str]] = []
    title, level, start = "", 0, 0
    for level_next, title_next, start_next in [*_headings(text), (0, "", len(text))]:
        if start_next > start:
            while level and above and above[-1][0] >= level:
                above.pop()
            if level:
                above.append((level, title))
            path = SEPARATOR.join(name for _, name in above)
            found.append(Section(title, level, path, start, start_next))
        title, level, start = title_next, level_next, start_next
    return found


def section_at(tree: Sequence[Section], offset: int) -> Section | None:
    """The section of ``sections(text)`` in which ``offset`` lies; None when it lies behind the text."""
    index = bisect_right(tree, offset, key=lambda section: section.start) - 1
    return tree[index] if 0 <= index < len(tree) and offset < tree[index].end else None


def section_path(text: str, offset: int) -> str:
    """The path of headings above ``offset``, such as ``安装 › Linux``; empty where there is none."""
    section = section_at(sections(text), offset)
    return section.path if section else ""


def page_number(text: str, offset: int) -> int | None:
    """The page of ``offset``, counted from 1; None for a text without pages."""
    return text.count("\f", 0, offset) + 1 if "\f" in text else None


def _headings(text: str) -> list[tuple[int, str, int]]:
    found: list[tuple[int, str, int]] = []
    previous = (0, 0)
    for line in lines(text):
        content = text[line.start : line.end]
        if line.kind is LineKind.HEADING and (match := heading(content)):
            found.append((match[0], _plain(match[1]), line.start))
        elif line.kind is LineKind.UNDERLINE:
            title = text[previous[0] : previous[1]].strip()
            found.append((1 if content.strip()[0] == "=" else 2, _plain(title), previous[0]))
        previous = (line.start, line.end)
    return found


def _plain(title: str) -> str:
    """A heading without links, emphasis and doubled spaces."""
    return " ".join(_EMPHASIS.sub(r"\2", _LINK.sub(r"\1", title)).split()) or title.strip()
