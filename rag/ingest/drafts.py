"""What a reader makes of a file, before it is cleaned and becomes a document."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rag.ingest.structure import sections
from rag.sentences.lines import LineKind, lines, width

_LONGEST_TITLE = 80
_ENDS = ("。", "；", "，", ".", ";", ",", "、", "…")
_FRONT_MATTER_TITLE = re.compile(r"\A---\n(?:[^\n]*\n){0,20}?title:[ \t]*['\"]?([^\n]*?)['\"]?[ \t]*\n")
_MARKUP = ("!", "<", "[", "http", "---", "```")


@dataclass(frozen=True, slots=True)
class Draft:
    """Text and title as they were found. Empty ``id``, ``source`` and ``modified``: those of the file."""

    text: str
    title: str = ""
    id: str = ""
    source: str = ""
    modified: str = ""
    titled: bool = False
    """Whether the title is as given and must not be replaced by a found one, even when empty."""


def find_title(text: str) -> str:
    """The title that a text gives itself: its only top heading, its short first line, or its first heading."""
    if match := _FRONT_MATTER_TITLE.match(text):
        return match[1].strip()
    headings = [section.title for section in sections(text) if section.level]
    top = [section.title for section in sections(text) if section.level == 1]
    if len(top) == 1:
        return top[0]
    return _first_line(text) or (headings[0] if headings else "")


def _first_line(text: str) -> str:
    first = next((line for line in lines(text) if line.kind not in (LineKind.BLANK, LineKind.RULE)), None)
    if first is None or first.kind is not LineKind.PROSE:
        return ""
    content = text[first.start : first.end].strip()
    short = width(content) <= _LONGEST_TITLE and not content.endswith(_ENDS)
    return content if short and not content.startswith(_MARKUP) and any(map(str.isalpha, content)) else ""
