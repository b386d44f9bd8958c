"""The indivisible pieces of a section and what it costs to cut behind each: raw material for the chunker.

A piece is a sentence, a list item, a table row; over-long ones are split at commas and spaces by LangChain's
recursive splitter, short ones that belong together are joined. It knows text only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from rag.sentences import Unit, UnitKind, units
from rag.sentences.lines import CJK

_CJK = re.compile(f"[{CJK}\u3000-\u303f\uff00-\uffef—…“”‘’]")
_OTHER = 0.4
_SEPARATORS = ["\n", "。", "；", "，", "、", ", ", "; ", ",", " ", ""]
_JOIN_BELOW = 1 / 40
_ENDS = re.compile(r"[。．！？!?；;…：:.][」』”’）)】》\"'\]]*$")
_SHORT_LINE = 60

# What a cut costs, beside (1 - fill)² for every chunk that is not full.
_PARAGRAPH, _LINE, _SENTENCE, _CLAUSE = 0.0, 0.04, 0.25, 0.5
_BETWEEN_ITEMS, _BETWEEN_ROWS, _IN_CODE, _IN_ITEM = 0.12, 0.12, 0.12, 0.3
_WHOLE = 1.0
"""Added inside a list, a table or code that would fit into one chunk."""
_TITLE_LINE, _INTRODUCTION, _TABLE_HEAD, _HEADING = 0.6, 1.0, 3.0, 6.0


@dataclass(frozen=True, slots=True)
class Atom:
    """A piece of text; ``cut`` is the cost of ending a chunk behind it."""

    start: int
    end: int
    cut: float

    def with_cut(self, cut: float) -> Atom:
        """This piece with another cost behind it."""
        return Atom(self.start, self.end, cut)


def measure(text: str) -> float:
    """Size of ``text``: a CJK character counts 1, any other 0.4, whitespace included."""
    wide = len(_CJK.findall(text))
    return wide + _OTHER * (len(text) - wide)


def atoms(text: str, start: int, end: int, size: float) -> Iterator[Atom]:
    """The atoms of ``text[start:end]`` in order, none larger than ``size``, with offsets into ``text``."""
    found = [
        Unit(unit.start + start, unit.end + start, unit.kind) for unit in units(text[start:end])
    ]
    pieces: list[Atom] = []
    for block in _blocks(text, found):
        whole = _WHOLE if measure(text[block[0].start : block[-1].end]) <= size else 0.0
        following = [*block[1:], None]
        for unit, after in zip(block, following, strict=True):
            cut = _inside(text, unit, after, whole) if after else 0.0
            pieces.extend(_split(text, Atom(unit.start, unit.end, cut), size))
        pieces[-1] = pieces[-1].with_cut(-1.0)
    yield from _joined(text, _between(text, pieces), size)


def _blocks(text: str, found: list[Unit]) -> Iterator[list[Unit]]:
    """Paragraphs, lists with their introduction, tables and code, each as its units."""
    block: list[Unit] = []
    listing = False
    for unit in found:
        if block and not _belongs(text, block[-1], unit, listing):
            yield block
            block, listing = [], False
        block.append(unit)
        listing = listing or unit.kind is UnitKind.ITEM
    if block:
        yield block


def _belongs(text: str, last: Unit, unit: Unit, listing: bool) -> bool:
    gap = text[last.end : unit.start]
    if last.kind is UnitKind.HEADING or unit.kind is UnitKind.HEADING:
        return False
    if UnitKind.ROW in (last.kind, unit.kind) or UnitKind.CODE in (last.kind, unit.kind):
        return last.kind is unit.kind
    if unit.kind is UnitKind.ITEM:
        return listing
    if "\n" not in gap and "\f" not in gap:
        return True
    return listing and _is_indented(text, unit)


def _is_indented(text: str, unit: Unit) -> bool:
    line = text.rfind("\n", max(0, unit.start - 40), unit.start) + 1
    return unit.start - line >= 2 and not text[line : unit.start].strip()


def _inside(text: str, unit: Unit, after: Unit, whole: float) -> float:
    """Cost of a cut between two units of one block."""
    if unit.kind is UnitKind.ROW:
        return _TABLE_HEAD if "\n" in text[unit.start : unit.end] else _BETWEEN_ROWS + whole
    if unit.kind is UnitKind.CODE:
        return _IN_CODE + whole
    if after.kind is UnitKind.ITEM:
        deeper = text[text.rfind("\n", 0, unit.start) + 1 : unit.end]
        nested = _indent(text, after) > len(deeper) - len(deeper.lstrip())
        return _BETWEEN_ITEMS + whole + (_SENTENCE if nested else 0.0)
    if "\n" in text[unit.end : after.start]:
        return _IN_ITEM + whole
    return _CLAUSE if text[unit.end - 1] in "；;" else _SENTENCE


def _indent(text: str, unit: Unit) -> int:
    return unit.start - text.rfind("\n", 0, unit.start) - 1


def _between(text: str, pieces: list[Atom]) -> list[Atom]:
    """Fill in the cost of the cuts between blocks (marked -1)."""
    result = []
    for atom, after in zip(pieces, [*pieces[1:], None], strict=False):
        cut = atom.cut
        if cut < 0:
            cut = _between_blocks(text, atom, after) if after else 0.0
        result.append(atom.with_cut(cut))
    return result


def _between_blocks(text: str, atom: Atom, after: Atom) -> float:
    line = text[max(text.rfind("\n", 0, atom.end), atom.start - 1) + 1 : atom.end]
    whole_line = text[max(0, atom.start - 1) : atom.start] in ("", "\n", "\f") or "\n" in text[atom.start : atom.end]
    if line.lstrip().startswith("#") and whole_line:
        return _HEADING
    if atom.end and text[atom.end - 1] in "：:":
        return _INTRODUCTION
    gap = text[atom.end : after.start]
    if not _ENDS.search(line[-12:]):
        if "\f" in gap:
            return _SENTENCE
        if whole_line and len(line) <= _SHORT_LINE and not line.lstrip().startswith("|"):
            return _TITLE_LINE
    return _PARAGRAPH if "\n\n" in gap or "\f" in gap else _LINE


def _split(text: str, atom: Atom, size: float) -> Iterator[Atom]:
    """``atom`` in pieces that fit: cut at a comma, a space, at last anywhere."""
    content = text[atom.start : atom.end]
    if measure(content) <= size:
        yield atom
        return
    place = atom.start
    pieces = []
    for piece in _splitter(max(1, int(size)))(content):
        first = place + len(piece) - len(piece.lstrip())
        place += len(piece)
        last = place - len(piece) + len(piece.rstrip())
        if last > first:
            pieces.append(Atom(first, last, _CLAUSE))
    yield from pieces[:-1]
    yield pieces[-1].with_cut(atom.cut)


@cache
def _splitter(size: int) -> Callable[[str], list[str]]:
    """LangChain's recursive splitter at the least bad of ``_SEPARATORS``; joined, the pieces are the text again."""
    from langchain_text_splitters import RecursiveCharacterTextSplitter  # slow to import

    return RecursiveCharacterTextSplitter(
        separators=_SEPARATORS,
        keep_separator="end",
        chunk_size=size,
        chunk_overlap=0,
        length_function=_length,
        strip_whitespace=False,
    ).split_text


def _length(text: str) -> int:
    return -int(-measure(text) // 1)


def _joined(text: str, pieces: list[Atom], size: float) -> Iterator[Atom]:
    """Tiny atoms joined with what follows them, which bounds how many a chunk can hold."""
    current: Atom | None = None
    extent = 0.0
    for atom in pieces:
        if current is None:
            current, extent = atom, measure(text[atom.start : atom.end])
            continue
        together = extent + measure(text[current.end : atom.end])
        small = extent < _JOIN_BELOW * size or current.cut >= _INTRODUCTION
        if small and together <= size:
            current, extent = Atom(current.start, atom.end, atom.cut), together
        else:
            yield current
            current, extent = atom, measure(text[atom.start : atom.end])
    if current is not None:
        yield current
