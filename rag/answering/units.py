"""Splits a stream of Markdown into the units that are checked one by one, as early as each is certain.

A unit is a sentence, a table cell (or a sentence in one that has its own marker) or a code block; headings, bullets, table rules and row labels are layout.
Text inside a sentence comes out as it arrives, only a cell is held until its end. Knows nothing of evidence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum

from rag.answering.citations import Hint, MarkerFilter
from rag.answering.pieces import Item, Layout, Unit, Words, joined
from rag.answering.tables import Table
from rag.sentences import sentence_spans

_ENDS = frozenset("。｡！？!?…；;．.‼⁇⁈⁉")
_CLOSERS = "”’」』）)】》〉\"'»"
_BRACKETS = {"（": "）", "(": ")", "《": "》", "【": "】"}
_LONGEST_BRACKET = 120
_UNDECIDED = re.compile(
    r"\s*(?:#{1,6}|[-*+_]+\s*|[•·]\s*|\d{1,3}(?:[.．)]\s*)?|[（(]\d{0,2}[)）]?\s*|>\s*|`{1,2})?"
)
_HEADING = re.compile(r"[ \t]*#{1,6}[ \t]")
_RULE = re.compile(r"[ \t]*(?:-{3,}|\*{3,}|_{3,})[ \t]*")
_BULLET = re.compile(r"[ \t]*(?:(?:[-*+•·]|\d{1,3}[.)．]|\(\d{1,2}\))[ \t]+|[•·]|（\d{1,2}）[ \t]*|\d{1,3}、|>[ \t]*)")


class _Line(Enum):
    START = "undecided"
    PROSE = "prose"
    LAYOUT = "layout"
    ROW = "table row"
    FENCE = "code block"


class UnitSplitter:
    """Fed with pieces of text, gives layout, words and ended units in the order of the stream."""

    def __init__(self) -> None:
        self._filter = MarkerFilter()
        self._line = _Line.START
        self._prefix = ""
        self._unit: list[str] = []
        self._space = ""
        self._ended = False
        self._marked = False
        self._hints: list[int] = []
        self._table = Table()

    def feed(self, piece: str) -> Iterator[Item]:
        """Take the next piece; yield what is certain by now."""
        yield from joined(item for part in self._filter.feed(piece) for item in self._take(part))

    def finish(self) -> Iterator[Item]:
        """The stream has ended: yield the rest. Space at the very end is dropped."""
        rest = (item for part in self._filter.finish() for item in self._take(part))
        yield from joined([*rest, *self._end_line()])

    def _take(self, part: str | Hint) -> Iterator[Item]:
        if isinstance(part, Hint):
            if self._line is _Line.FENCE or "".join(self._unit).count("`") % 2:
                part = part.written
            else:
                yield from self._take_hint(part)
                return
        for sign in part:
            yield from self._take_sign(sign)

    def _take_hint(self, hint: Hint) -> Iterator[Item]:
        if self._line is _Line.START and self._prefix.strip():
            yield from self._decide(self._prefix)
        if self._line is _Line.ROW:
            self._table.hint(hint.numbers)
        else:
            self._hints.extend(hint.numbers)
            self._marked = True

    def _take_sign(self, sign: str) -> Iterator[Item]:
        match self._line:
            case _Line.START:
                yield from self._take_start(sign)
            case _Line.PROSE:
                yield from self._take_prose(sign)
            case _Line.ROW:
                yield from self._take_cell(sign)
            case _Line.FENCE:
                yield from self._take_code(sign)
            case _Line.LAYOUT:
                yield Layout(sign)
                if sign == "\n":
                    self._restart()

    # The start of a line

    def _take_start(self, sign: str) -> Iterator[Item]:
        self._prefix += sign
        if sign == "\n":
            yield from self._end_start(self._prefix[:-1])
            yield Layout("\n")
            self._restart()
        elif not _UNDECIDED.fullmatch(self._prefix):
            yield from self._decide(self._prefix)

    def _end_start(self, prefix: str) -> Iterator[Item]:
        if not prefix.strip() or _RULE.fullmatch(prefix):
            self._table = Table()
            yield Layout(prefix.strip())
        else:
            yield from self._decide(prefix)
            yield from self._close()

    def _decide(self, line: str) -> Iterator[Item]:
        """The kind of line is certain: give its opening as layout and the rest to the unit."""
        self._prefix = ""
        if line.lstrip().startswith("|"):
            self._line = _Line.ROW
            self._table.begin_row()
            yield Layout("|")
            return
        self._table = Table()
        if line.lstrip().startswith("```"):
            self._line = _Line.FENCE
            self._unit = [line]
            yield Words(line)
            return
        if _HEADING.match(line):
            self._line = _Line.LAYOUT
            yield Layout(line)
            return
        self._line = _Line.PROSE
        bullet = _BULLET.match(line)
        opening = bullet.end() if bullet else len(line) - len(line.lstrip())
        if opening:
            yield Layout(line[:opening])
        for sign in line[opening:]:
            yield from self._take_prose(sign)

    def _restart(self) -> None:
        self._line, self._prefix, self._space = _Line.START, "", ""

    # Sentences

    def _take_prose(self, sign: str) -> Iterator[Item]:
        if sign == "\n":
            yield from self._close()
            yield Layout("\n")
            self._restart()
        elif sign.isspace():
            self._space += sign
        else:
            if self._ended and self._begins_next(sign):
                yield from self._close()
            yield from self._write(sign)

    def _begins_next(self, sign: str) -> bool:
        """Whether the unit ended before ``sign``, judged as ``rag.sentences`` would."""
        if sign in _ENDS or (not self._space and not self._marked and self._closes(sign)):
            return False
        unit = "".join(self._unit)
        if len(unit) < _LONGEST_BRACKET and any(unit.count(a) > unit.count(b) for a, b in _BRACKETS.items()):
            return False
        probe = sign if sign.isalnum() else f"{sign}X"  # an opening sign alone is no sentence
        return self._marked or len(sentence_spans(unit + self._space + probe)) > 1

    def _closes(self, sign: str) -> bool:
        if sign in "*_":
            unit = "".join(self._unit)
            return unit.count(sign * 2) % 2 == 1 or unit.count(sign) % 2 == 1
        return sign in _CLOSERS

    def _write(self, sign: str) -> Iterator[Item]:
        space, self._space = self._space, ""
        if self._marked and space:
            space = "" if sign in _ENDS or sign in "，,、：:" else space[0]
        if not self._unit:
            if space:
                yield Layout(space)
            space = ""
        else:
            self._marked = False
        self._unit.append(space + sign)
        yield Words(space + sign)
        if sign in _ENDS:
            self._ended = True
        elif not (self._ended and (sign in _CLOSERS or sign in "*_")):
            self._ended = False

    def _close(self) -> Iterator[Item]:
        text = "".join(self._unit)
        if text:
            yield Unit(text, tuple(dict.fromkeys(self._hints)))
            self._hints = []
        self._unit, self._ended, self._marked = [], False, False

    # Tables and code

    def _take_cell(self, sign: str) -> Iterator[Item]:
        table = self._table
        if sign == "\n":
            yield from table.end_cell(closed=False)
            table.end_row()
            yield Layout("\n")
            self._restart()
        elif sign == "|" and not table.cell.endswith("\\"):
            yield from table.end_cell(closed=True)
        else:
            table.cell += sign

    def _take_code(self, sign: str) -> Iterator[Item]:
        self._unit.append(sign)
        yield Words(sign)
        if sign == "\n":
            text = "".join(self._unit)
            if "\n" in text[:-1] and text[:-1].rsplit("\n", 1)[1].strip().startswith("```"):
                yield from self._close()
                yield Layout("\n")
                self._restart()

    def _end_line(self) -> Iterator[Item]:
        match self._line:
            case _Line.START:
                yield from self._end_start(self._prefix)
            case _Line.ROW:
                yield from self._table.end_cell(closed=False)
            case _Line.FENCE:
                self._unit.append("\n")
                yield Words("\n")
                yield from self._close()
            case _Line.PROSE | _Line.LAYOUT:
                yield from self._close()
        self._restart()
