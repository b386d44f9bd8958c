"""The section tree and the pages of a document, from its text alone.

Headings are ``#`` lines (and the underlined headings of Markdown), titles between rules, and 第一章, 【公告1】… and
一、… on a line of their own where there are several; pages end at form feeds. Short lines without a mark are not
taken for headings: in plain text they are as often captions, and a wrong section path is worse than none. Pure.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from rag.sentences.lines import Line, LineKind, heading, lines, width

SEPARATOR = " › "
"""What joins the headings of a section path."""

_EMPHASIS = re.compile(r"(\*\*|__|\*|`)(?=\S)(.+?)(?<=\S)\1")
_PARTING, _FEWEST, _READ, _LONGEST_TITLE = "=*", 2, 6, 60
_NUMERAL = r"[一二三四五六七八九十百零〇\d]{1,4}"
_MARKS = tuple(
    re.compile(mark)
    for mark in (
        rf"(?:第{_NUMERAL}[章编篇]|(?:附件|附录){_NUMERAL})(?=[\s　:：]|$)|【[^【】]{{1,16}}】",
        rf"第{_NUMERAL}节(?=[\s　:：]|$)",
        r"[一二三四五六七八九十]{1,3}、",
    )
)
"""Of chapters and notices, of sections, of headings with a numeral; from the top level down."""
_DATED = re.compile(r"(?:会议|召开|发布|发文)?(?:时间|日期)\s*[:：]\s*(\d{4}\s*[年./-]\s*\d{1,2}\s*[月./-]\s*\d{1,2}\s*日?)")
_UNREAD = (LineKind.BLANK, LineKind.CODE, LineKind.FENCE)
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
    read = list(lines(text))
    ruled = _ruled(text, read) or _marked(text, read)
    for line in read:
        content = text[line.start : line.end]
        if line.start in ruled:
            found.append((*ruled[line.start], line.start))
        if line.kind is LineKind.HEADING and (match := heading(content)):
            found.append((match[0], _plain(match[1]), line.start))
        elif line.kind is LineKind.UNDERLINE:
            title = text[previous[0] : previous[1]].strip()
            found.append((1 if content.strip()[0] == "=" else 2, _plain(title), previous[0]))
        previous = (line.start, line.end)
    return found


def _marked(text: str, read: Sequence[Line]) -> dict[int, tuple[int, str]]:
    """Levels and titles by their offsets of lines with a mark of official papers, those of which there are several.

    Only where the text has no other headings, and text follows: two marked lines in a row are a list. What is
    program text is none.
    """
    told = [(line, text[line.start : line.end].strip()) for line in read if line.kind not in _UNREAD]
    if any(line.kind in (LineKind.HEADING, LineKind.UNDERLINE) for line, _ in told):
        return {}
    found: dict[int, tuple[int, str]] = {}
    for level, mark in enumerate(_MARKS, 1):
        marked = [place for place, (_, content) in enumerate(told) if mark.match(content) and _is_title(content)]
        heads = [place for place in marked if place + 1 < len(told) and not mark.match(told[place + 1][1])]
        if len(heads) >= _FEWEST and 2 * len(heads) > len(marked):
            found.update({told[place][0].start: (level, _plain(told[place][1])) for place in heads})
    return found


def _ruled(text: str, read: Sequence[Line]) -> dict[int, tuple[int, str]]:
    """Levels and titles by their offsets, where lines of ``====`` part a text: the minutes of several meetings,
    a file of notices.

    A title in brackets on the next line belongs to it, and so does the date that a line below gives:
    时间：2025年3月3日.
    """
    told = [(line, text[line.start : line.end].strip()) for line in read if line.kind is not LineKind.BLANK]
    rules = [place for place, (line, content) in enumerate(told) if line.kind is LineKind.RULE and content[0] in _PARTING]
    found: dict[int, tuple[int, str]] = {}
    if len(rules) < _FEWEST:
        return found
    for place in rules:
        below = told[place + 1 : place + 1 + _READ]
        if not below or below[0][0].kind is not LineKind.PROSE or not _is_title(below[0][1]):
            continue
        if len(below) > 1 and below[1][0].kind in (LineKind.UNDERLINE, LineKind.RULE):
            continue
        title = below[0][1]
        if len(below) > 1 and below[1][1][0] in "（(" and below[1][1][-1] in ")）":
            title += below[1][1]
        date = next((match[1] for _, content in below[1:] if (match := _DATED.match(content))), "")
        found[below[0][0].start] = (1, f"{_plain(title)} {date}".strip())
    return found


def _is_title(line: str) -> bool:
    return width(line) <= _LONGEST_TITLE and line[-1] not in "。；，.;,:：" and not re.search(r"[:：]\s*\S", line)


def _plain(title: str) -> str:
    """A heading without links, emphasis and doubled spaces."""
    return " ".join(_EMPHASIS.sub(r"\2", _LINK.sub(r"\1", title)).split()) or title.strip()
