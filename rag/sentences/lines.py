"""What kind of line is this: heading, list item, table row, code or prose.

Pure and without knowledge of documents: it judges single lines, and walks a text line by line while it keeps
track of code fences. Sentence splitting and the section tree both build on it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

CJK = "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""Ideographs and kana, as the inside of a regular expression's character class (no punctuation, no Hangul)."""

_CJK_OR_FULL = re.compile(f"[{CJK}\u3000-\u303f\uff00-\uff60\uffe0-\uffe6—…“”‘’]")
_LINE = re.compile(r"[^\n\f]+")
_HEADING = re.compile(r" {0,3}(#{1,6})([ \t\u3000]*)(?=\S)(.*?)[ \t\u3000]*(?:(?<=[ \t])#+[ \t]*)?$")
_DIRECTIVE = re.compile(r"(?:include|define|undef|ifdef|ifndef|if|elif|else|endif|pragma|import|error|line|region|endregion)\b")
_COLOUR = re.compile(r"(?:[0-9a-fA-F]{3,4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})(?:[\s;,)]|$)")
_LONGEST_HEADING = 200
_LONGEST_UNDERLINED = 100
_NO_TITLE = ("。", "；", "，", ".", ";", ",", ":", "：")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_UNDERLINE = re.compile(r" {0,3}(=+|-{3,})[ \t]*$")
_RULE = re.compile(r"[ \t]*([=*_~#+—–-])(?:[ \t]*\1){3,}[ \t]*$")
_ROW = re.compile(r"\s*\|.*\|\s*$")
_SEPARATOR = re.compile(r"\s*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?\s*$")
_NUMERAL = "[一二三四五六七八九十百零〇两]"
_ITEM = re.compile(
    r"[ \t\u3000]*(?:"
    r"[-*+•·‣◦▪▫●○■□◆◇►▶➤✓✔✅❎❌–—][ \t\u3000]+"
    r"|[•‣◦▪▫●■◆►➤]"
    r"|\d{1,3}[.．](?!\d)[ \t\u3000]*"
    r"|\d{1,3}[)）、][ \t\u3000]*"
    r"|[(（](?:\d{1,3}|[a-zA-Zivx]{1,4}|" + _NUMERAL + r"{1,3})[)）][ \t\u3000]*"
    r"|[a-zA-Z][)）][ \t\u3000]+"
    r"|[a-zA-Z]\.[ \t\u3000]+(?=[a-z" + CJK + r"])"
    r"|[①-⑳⑴-⒇⒈-⒛㈠-㈩❶-❿➀-➓][ \t\u3000]*"
    r"|" + _NUMERAL + r"{1,3}、[ \t\u3000]*"
    r"|第" + _NUMERAL + r"{1,3}[、,，][ \t\u3000]*"
    r"|[一二三四五六七八九十]是(?![一否非的])"
    r")(?=\S)"
)


class LineKind(StrEnum):
    """What a line is."""

    BLANK = "blank"
    HEADING = "heading"
    UNDERLINE = "underline"
    RULE = "rule"
    ITEM = "item"
    ROW = "row"
    SEPARATOR = "separator"
    FENCE = "fence"
    CODE = "code"
    PROSE = "prose"


@dataclass(frozen=True, slots=True)
class Line:
    """One line without its newline: offsets into the text, and what it is."""

    start: int
    end: int
    kind: LineKind


def is_cjk(character: str) -> bool:
    """Whether ``character`` (one, or none) is an ideograph, a kana, or CJK or full-width punctuation."""
    return bool(character) and _CJK_OR_FULL.match(character) is not None


def heading(line: str) -> tuple[int, str] | None:
    """Level (1 to 6) and title of a ``#`` heading line, with or without a space behind the ``#``.

    None for ``#!/bin/sh``, ``#hashtag #lines``, ``#topic#``, C directives, colours and issue numbers.
    """
    found = _HEADING.match(line)
    if not found or len(line) > _LONGEST_HEADING:
        return None
    level, space, title = len(found[1]), found[2], found[3]
    if not space and (
        title[0] in "!#"
        or title[0].isdigit()
        or "#" in title
        or title.endswith(("。", "；", "，", "{", "}"))
        or _DIRECTIVE.match(title)
        or _COLOUR.match(title)
        or not any(character.isalpha() for character in title)
    ):
        return None
    return level, title


def is_heading(line: str) -> bool:
    """Whether ``line`` is a ``#`` heading."""
    return heading(line) is not None


def is_table_row(line: str) -> bool:
    """Whether ``line`` is a row of a Markdown table, ``| a | b |``."""
    return _ROW.match(line) is not None


def is_table_separator(line: str) -> bool:
    """Whether ``line`` is the rule under a table's head, ``| --- | :-: |``."""
    return "|" in line and _SEPARATOR.match(line) is not None


def is_list_item(line: str) -> bool:
    """Whether ``line`` begins with a bullet or an enumerator (``-``, ``1.``, ``（1）``, ``一、``, ``①``)."""
    return item_marker(line) > 0


def item_marker(line: str) -> int:
    """Length of the bullet or enumerator at the start of ``line``, its surrounding space included; 0: none."""
    found = _ITEM.match(line)
    return found.end() if found else 0


def width(text: str) -> int:
    """Columns that ``text`` takes in a fixed-width font: CJK counts 2."""
    return len(text) + len(_CJK_OR_FULL.findall(text))


def lines(text: str) -> Iterator[Line]:
    """All non-empty lines of ``text`` in order; a line ends at a newline or a form feed."""
    fence, last, alone = "", 0, False
    before = LineKind.BLANK
    for match in _LINE.finditer(text):
        start, end = match.span()
        if "\n\n" in text[last:start] or "\f" in text[last:start]:
            before = LineKind.BLANK
        kind, fence = _classify(match[0], before, fence)
        if kind is LineKind.UNDERLINE and not alone:
            kind = LineKind.RULE if _RULE.match(match[0]) else LineKind.PROSE
        yield Line(start, end, kind)
        short = end - start <= _LONGEST_UNDERLINED and not match[0].rstrip().endswith(_NO_TITLE)
        alone = short and kind is LineKind.PROSE and before is not LineKind.PROSE
        before, last = kind, end


def _classify(line: str, before: LineKind, fence: str) -> tuple[LineKind, str]:
    mark = _FENCE.match(line)
    if fence:
        closes = mark is not None and mark[1][0] == fence[0] and len(mark[1]) >= len(fence)
        return (LineKind.FENCE, "") if closes else (LineKind.CODE if line.strip() else LineKind.BLANK, fence)
    if mark:
        return LineKind.FENCE, mark[1]
    return _classify_text(line, before), ""


def _classify_text(line: str, before: LineKind) -> LineKind:
    if not line.strip():
        return LineKind.BLANK
    first = line.lstrip(" ")[0]
    if first == "#" and is_heading(line):
        return LineKind.HEADING
    if before is LineKind.ROW and is_table_separator(line):
        return LineKind.SEPARATOR
    if "|" in line and is_table_row(line):
        return LineKind.ROW
    if first in "=-" and before is LineKind.PROSE and _UNDERLINE.match(line):
        return LineKind.UNDERLINE
    if _RULE.match(line):
        return LineKind.RULE
    return LineKind.ITEM if is_list_item(line) else LineKind.PROSE
