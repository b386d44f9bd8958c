"""Where sentences end, in Chinese first and in English.

Pure: it knows no documents, no tokenizer and no third party. A unit is a sentence, a heading line, a table row
or a line of code; a list item begins a unit and is split further where it holds several sentences. The
citations, the extractive generator and the chunker all cut at these places, so that they agree.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from rag.sentences.lines import Line, LineKind, is_cjk, item_marker, lines, width

_RUN = re.compile(r"[。｡！？!?…；;．.‼⁇⁈⁉]+")
_STRONG = frozenset("。｡！？‼⁇⁈⁉；")
_CLOSERS = frozenset("」』”’）)】》〉］]}｝〕〗〙〛»›")
_GOES_ON = frozenset("，、,：:；;。．")
_GOES_ON_AFTER_QUOTE = frozenset("的地得等和与與或及")
_BRACKET = re.compile(r"[（(《〈【\[]|[）)》〉】\]]")
_PARTNER = {"）": "（(", ")": "(（", "》": "《", "〉": "〈", "】": "【", "]": "["}
_LONGEST_BRACKET = 120
_REFERENCE = re.compile(r"(?:\[\d{1,3}\])+")
_LATE_CLOSER = re.compile(r" ?[」』”）】》]+")
_WORD = re.compile(r"[^\W\d_](?:[\w.]*\w)?$")
_ACRONYM = re.compile(r"(?:[A-Za-z]\.)+[A-Za-z]$")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TITLES = _words(
    "mr mrs ms dr prof st vs cf fig figs eq eqs vol pp ca approx gen sen rep gov capt lt col sgt rev hon mt "
    "messrs mmes univ dept est ed eds trans e.g i.e viz al ref refs sec ch op incl resp"
)
_NUMBERED = _words("no nos p art jan feb mar apr jun jul aug sep sept oct nov dec")
_STARTERS = _words(
    "the a an it its in on at this that these those he she they we you i but and or however for from there "
    "his her their our my then when while after before as if since although what who how why where"
)
_NEXT_WORD = re.compile(r"\s*[\"'“‘(\[]*([A-Za-z]+)")
_HAS_WORD = re.compile(r"[^\W_]")
_HARD_WRAP = (40, 160)


class UnitKind(StrEnum):
    """What a unit is."""

    SENTENCE = "sentence"
    ITEM = "item"
    HEADING = "heading"
    ROW = "row"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Unit:
    """A stretch of a text that is never cut; offsets without surrounding whitespace.

    ``kind`` of the first sentence of a list item is item; that of its further sentences is sentence.
    """

    start: int
    end: int
    kind: UnitKind


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Start and end of every sentence, list item, table row and heading line, in order.

    The spans do not overlap, are free of surrounding whitespace, and every other character of ``text`` lies in
    exactly one of them. Time is linear in the length of ``text``.
    """
    return [(unit.start, unit.end) for unit in units(text)]


def units(text: str) -> Iterator[Unit]:
    """The spans of ``sentence_spans`` with what each is."""
    block: list[Line] = []
    last = 0
    for line in lines(text):
        apart = "\n\n" in text[last : line.start] or "\f" in text[last : line.start]
        last = line.end
        if block and (apart or line.kind not in (LineKind.PROSE, LineKind.UNDERLINE, LineKind.SEPARATOR)):
            yield from _block_units(text, block)
            block = []
        if line.kind is not LineKind.BLANK:
            block.append(line)
    if block:
        yield from _block_units(text, block)


def _block_units(text: str, block: list[Line]) -> Iterator[Unit]:
    """Units of lines that follow each other without a blank line; only the first may be no prose."""
    for start, end, kind in _joined(text, block):
        match kind:
            case LineKind.HEADING | LineKind.RULE:
                yield from _whole(text, start, end, UnitKind.HEADING)
            case LineKind.ROW | LineKind.SEPARATOR:
                yield from _whole(text, start, end, UnitKind.ROW)
            case LineKind.CODE | LineKind.FENCE:
                yield from _whole(text, start, end, UnitKind.CODE)
            case LineKind.ITEM:
                yield from _sentences(text, start, end, UnitKind.ITEM)
            case _:
                yield from _sentences(text, start, end, UnitKind.SENTENCE)


def _whole(text: str, start: int, end: int, kind: UnitKind) -> Iterator[Unit]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if end > start:
        yield Unit(start, end, kind)


def _joined(text: str, block: list[Line]) -> Iterator[tuple[int, int, LineKind]]:
    """Lines with those joined that are one paragraph, wrapped by hand."""
    widths = [width(text[line.start : line.end]) for line in block]
    widest = max(widths)
    start, end, kind = block[0].start, block[0].end, block[0].kind
    for line, columns in zip(block[1:], widths, strict=False):
        if line.kind is LineKind.SEPARATOR:
            end = line.end
        elif line.kind is LineKind.UNDERLINE:
            kind, end = LineKind.HEADING, line.end
        elif line.kind is LineKind.PROSE and kind in (LineKind.PROSE, LineKind.ITEM) and _wraps(
            text, end, line, columns, widest, len(block)
        ):
            end = line.end
        else:
            yield start, end, kind
            start, end, kind = line.start, line.end, line.kind
    yield start, end, kind


def _wraps(text: str, end: int, following: Line, columns: int, widest: int, count: int) -> bool:
    """Whether the line that ends at ``end`` goes on in ``following``: a text wrapped at a fixed width.

    The classic test: the next line's first word would not have fitted any more.
    """
    if not _HARD_WRAP[0] <= widest <= _HARD_WRAP[1]:
        return False
    before = text[:end].rstrip()[-1:] if end < 4 else text[max(0, end - 40) : end].rstrip()[-1:]
    after = text[following.start : following.end].lstrip()
    if not before or before in "。！？；：:…|" or not after:
        return False
    if before in "，、,-" or (after[0].islower() and after[0].isascii()):
        return columns >= _HARD_WRAP[0] // 2
    word = 2 if is_cjk(after[0]) else len(after.split(maxsplit=1)[0]) + 1
    return count >= 3 and columns + word > widest - 2


def _sentences(text: str, start: int, end: int, kind: UnitKind) -> Iterator[Unit]:
    """The sentences of a line or paragraph; what holds no word belongs to the sentence before it."""
    held: Unit | None = None
    for unit in _pieces(text, start, end, kind):
        if held is not None and not _HAS_WORD.search(text, unit.start, unit.end):
            held = Unit(held.start, unit.end, held.kind)
            continue
        if held is not None:
            yield held
        held = unit
    if held is not None:
        yield held


def _pieces(text: str, start: int, end: int, kind: UnitKind) -> Iterator[Unit]:
    protected = _brackets(text, start, end)
    index = 0
    begin = start
    first = start + item_marker(text[start : min(end, start + 24)])
    for match in _RUN.finditer(text, first, end):
        if match.start() < begin:
            continue
        stop = _take_closers(text, begin, match.end(), end)
        while index < len(protected) and protected[index][1] <= match.start():
            index += 1
        inside = index < len(protected) and protected[index][0] < match.start()
        if inside or not _is_end(text, match, stop, end):
            continue
        yield from _whole(text, begin, stop, kind)
        kind, begin = UnitKind.SENTENCE, stop
    yield from _whole(text, begin, end, kind)


def _brackets(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Outermost matched brackets that are short enough to be kept whole, in order."""
    stack: list[tuple[str, int]] = []
    pairs: list[tuple[int, int]] = []
    for match in _BRACKET.finditer(text, start, end):
        opens = _PARTNER.get(match[0])
        if opens is None:
            stack.append((match[0], match.start()))
        elif stack and stack[-1][0] in opens:
            pair = (stack.pop()[1], match.end())
            if pair[1] - pair[0] <= _LONGEST_BRACKET:
                while pairs and pairs[-1][0] > pair[0]:
                    pairs.pop()
                pairs.append(pair)
    return pairs


def _take_closers(text: str, begin: int, stop: int, end: int) -> int:
    """The end of the closing quotes and brackets that stand behind a sentence end."""
    while stop < end:
        character = text[stop]
        straight = character in "\"'" and text.count(character, max(begin, stop - 400), stop) % 2 == 1
        if character not in _CLOSERS and not straight:
            break
        stop += 1
    for tail in (_LATE_CLOSER, _REFERENCE):
        if match := tail.match(text, stop, end):
            stop = match.end()
    return stop


def _is_end(text: str, match: re.Match[str], stop: int, end: int) -> bool:
    run, before = match[0], text[match.start() - 1 : match.start()]
    after = text[stop] if stop < end else ""
    if not after:
        return True
    if after in _GOES_ON or (stop > match.end() and after in _GOES_ON_AFTER_QUOTE):
        return False
    if not _STRONG.isdisjoint(run):
        return True
    if "…" in run:
        return after not in "等的"
    if run == ";":
        return is_cjk(before)
    if run == "．":
        return not after.isdigit()
    return _is_latin_end(text, match, stop, end, before, after)


def _is_latin_end(text: str, match: re.Match[str], stop: int, end: int, before: str, after: str) -> bool:
    """Whether a run of ``.``, ``!`` and ``?`` ends a sentence: not in 3.278, v1.2, a URL, Dr. or J. Smith."""
    run = match[0]
    if is_cjk(before):
        return after.isspace() or is_cjk(after) or run != "."
    word = _WORD.search(text[max(0, match.start() - 20) : match.start()])
    if is_cjk(after):
        whole = word is not None and len(word[0]) > 1 and word[0].lower() not in _TITLES
        return run != "." or whole or not (before.isalnum() or before.isspace())
    if not after.isspace():
        return False
    following = text[stop : min(end, stop + 40)]
    if following.lstrip()[:1].islower():
        return False
    return run != "." or word is None or not _is_abbreviation(word[0], following)


def _is_abbreviation(word: str, following: str) -> bool:
    bare = word.lower()
    if bare in _TITLES:
        return True
    if bare in _NUMBERED:
        return following.lstrip()[:1].isdigit()
    if (len(word) == 1 and word.isupper()) or _ACRONYM.match(word):
        next_word = _NEXT_WORD.match(following)
        return next_word is not None and next_word[1].lower() not in _STARTERS
    return False
