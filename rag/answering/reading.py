"""Evidence as it is read: the sentences of all passages in the order of their documents, each with its neighbours.

Passages that follow one another in a document are read as one, so that a list or a pronoun may reach across the
border between two of them. Knows nothing of questions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rag.answering.expect import is_question
from rag.answering.folded import compact
from rag.interfaces import Span
from rag.sentences import Unit, UnitKind, units
from rag.sentences.lines import is_table_separator, item_marker
from rag.types import Evidence

_SHORTEST = 4
_LABEL = 24
_REMARKS = 3
_ADJACENT = 8
_ENDS = "。！？；…!?;."
_TITLE = re.compile(r"[（(][^（()）]+[)）]|(?:[-•*] )?[A-Z][^a-z\s]*\S*(?:[\s:–-]+(?:[A-Z(]\S*|of|the|and|for|in|on|with|a|an|to|from|by|via|using|driven|based))+")

_TOPIC = re.compile(r"(?:[（(]?[一二三四五六七八九十\d]{1,3}[)）]?[、.．]?\s*)?关于[^，,；;：:。]{2,40}[。.]?")
"""An item of an agenda: 一、关于三号楼加装电梯问题。"""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence, item or row of the evidence. ``run`` and ``place`` say where it is read; ``score`` is 0 to 1."""

    span: Span
    marker: int
    kind: UnitKind
    run: int
    place: int
    score: float = 0.0

    @property
    def text(self) -> str:
        """The sentence as it stands in the document."""
        return self.span.text

    @property
    def is_label(self) -> bool:
        """Whether it names something and tells nothing of it: a heading, a short line without an end, a title."""
        text = self.text.strip()
        if self.kind is UnitKind.HEADING or _TOPIC.fullmatch(text):
            return True
        if self.kind is UnitKind.ROW or text[-1:] in _ENDS + ":：":
            return False
        if self.kind is UnitKind.SENTENCE and len(text) <= _LABEL and not any(sign in text for sign in ":：|"):
            return True
        return _TITLE.fullmatch(text) is not None

    @property
    def heads(self) -> bool:
        """Whether it is the row of a table that names the columns: a rule stands below it."""
        return self.kind is UnitKind.ROW and is_table_separator(self.text.rpartition("\n")[2])

    @property
    def leads(self) -> bool:
        """Whether it only leads in what follows: it ends with a colon."""
        return self.text.rstrip().endswith((":", "："))

    @property
    def indent(self) -> int:
        """The white space before it on its line; -1 where the passage begins with it, so that it is not known."""
        text, start = self.span.chunk.text, self.span.start
        if start == 0:
            return -1
        before = text[text.rfind("\n", 0, start) + 1 : start]
        return len(before) if not before.strip() else 0

    @property
    def tells(self) -> bool:
        """Whether it may be shown at all: no heading, head of a table, rule, question or scrap."""
        if self.kind is UnitKind.HEADING or self.heads or is_question(self.text):
            return False
        return len(compact(self.text).text) >= _SHORTEST


@lru_cache(maxsize=1024)
def passage_units(text: str) -> tuple[Unit, ...]:
    """The sentences, items and rows of a passage."""
    return tuple(units(text))


class Reading:
    """All sentences of the evidence, in runs of passages that follow one another."""

    def __init__(self, evidence: Sequence[Evidence]) -> None:
        self.runs: list[list[Candidate]] = []
        for number, passages in enumerate(_runs(evidence)):
            self.runs.append([])
            for item in passages:
                for unit in passage_units(item.chunk.text):
                    span = Span(item.chunk, unit.start, unit.end)
                    self.runs[-1].append(Candidate(span, item.marker, unit.kind, number, len(self.runs[-1])))

    def telling(self) -> list[Candidate]:
        """What may be shown, in the order of the passages' markers."""
        found = [one for run in self.runs for one in run if one.tells]
        return sorted(found, key=lambda one: (one.marker, one.place))

    def before(self, one: Candidate) -> Candidate | None:
        """The sentence before; for an item of a list, what it stands under: the item above it or the lead."""
        run, place = self.runs[one.run], one.place - 1
        while one.kind is UnitKind.ITEM and place >= 0 and not _above(run[place], one):
            place -= 1
        return run[place] if place >= 0 else None

    def items(self, lead: Candidate) -> list[Candidate]:
        """The list right behind ``lead``; behind an item, what is indented below it."""
        following = self.runs[lead.run][lead.place + 1 : lead.place + 2]
        if not following or following[0].kind is not UnitKind.ITEM:
            return []
        if lead.kind is UnitKind.ITEM and following[0].indent <= lead.indent:
            return []
        return self.list_from(following[0])

    def list_from(self, first: Candidate) -> list[Candidate]:
        """The list that begins with the item ``first``: its fellows, what stands below them, and their sentences.

        Lines between two items (a remark, an example) belong to the list but are left out.
        """
        found = [first]
        skipped = 0
        level = self._level(first)
        for one in self.runs[first.run][first.place + 1 :]:
            if one.kind is UnitKind.ITEM:
                if 0 <= one.indent < level or (one.indent in (level, -1) and _bullet(one) != _bullet(first)):
                    break
                found.append(one)
                skipped = 0
            elif not skipped and _goes_on(found[-1], one):
                found.append(one)
            elif one.kind is UnitKind.SENTENCE and not one.is_label and skipped < _REMARKS:
                skipped += 1
            else:
                break
        return found

    def fellows(self, items: Sequence[Candidate]) -> list[Candidate]:
        """Of a list, the items at its own level."""
        level = self._level(items[0])
        return [item for item in items if item.kind is UnitKind.ITEM and item.indent in (level, -1)]

    def _level(self, first: Candidate) -> int:
        """The indentation of a list; where its first item does not tell, that of the next of its kind."""
        following = self.runs[first.run][first.place + 1 :]
        fellow = next((one for one in following if one.kind is UnitKind.ITEM and _bullet(one) == _bullet(first)), None)
        return first.indent if first.indent >= 0 or fellow is None else fellow.indent

    def lists(self) -> list[tuple[Candidate | None, list[Candidate]]]:
        """Every list of two items or more, nested ones too, with the line it stands under."""
        found: list[tuple[Candidate | None, list[Candidate]]] = []
        taken: set[tuple[int, int]] = set()
        for one in (one for run in self.runs for one in run):
            if one.kind is not UnitKind.ITEM or (one.run, one.place) in taken:
                continue
            items = self.list_from(one)
            fellows = self.fellows(items)
            taken.update((item.run, item.place) for item in fellows)
            if len(fellows) > 1:
                found.append((self.before(one), items))
        return found

    def tables(self) -> list[tuple[Candidate | None, list[Candidate]]]:
        """The rows of every table of two rows or more whose head is known, with the line it stands under."""
        found: list[tuple[Candidate | None, list[Candidate]]] = []
        for run in self.runs:
            for head in (one for one in run if one.heads):
                last = head.place + 1
                while last < len(run) and run[last].kind is UnitKind.ROW and not run[last].heads:
                    last += 1
                if last - head.place > 2:
                    found.append((run[head.place - 1] if head.place else None, run[head.place + 1 : last]))
        return found

    def clauses(self, one: Candidate) -> list[Candidate]:
        """The sentence that ``one`` is a part of, up to its full stop, where it stands on one line (不满三年的，两个月；三年以上的，
        六个月。), and of an item its first sentence with the second."""
        run = self.runs[one.run]
        first = last = one.place
        while first > 0 and _joined(run[first - 1], run[first]):
            first -= 1
        while last + 1 < len(run) and _joined(run[last], run[last + 1]):
            last += 1
        return run[first : last + 1]

    def columns(self, row: Candidate) -> Candidate | None:
        """The row that names the columns of ``row``; None where the table has none or it is not in the evidence."""
        head = self.header(row) if row.kind is UnitKind.ROW else None
        return head if head is not None and head.heads else None

    def header(self, row: Candidate) -> Candidate | None:
        """The first row of the table that ``row`` belongs to; None for the first row itself."""
        run, first = self.runs[row.run], row.place
        while first > 0 and run[first - 1].kind is UnitKind.ROW:
            first -= 1
        return run[first] if first < row.place else None


def _joined(before: Candidate, one: Candidate) -> bool:
    """Whether ``one`` goes on on the line of ``before``, an item or a clause that ends with a semicolon."""
    chunk = before.span.chunk
    return (
        (before.kind is UnitKind.ITEM or before.text.rstrip().endswith((";", "；")))
        and chunk.id == one.span.chunk.id
        and one.kind is UnitKind.SENTENCE
        and "\n" not in chunk.text[before.span.end : one.span.start]
    )


def _bullet(one: Candidate) -> str:
    """What kind of bullet an item has: that sign, or a number."""
    sign = one.text.lstrip()[:1]
    return "number" if sign.isalnum() or sign in "(（①②③④⑤⑥⑦⑧⑨" else sign


def _above(upper: Candidate, one: Candidate) -> bool:
    """Whether the item ``one`` stands under ``upper``: an item further left, or a line that is no item's."""
    if upper.kind is UnitKind.ITEM:
        return 0 <= upper.indent < one.indent
    text, start = upper.span.chunk.text, upper.span.start
    line = text[text.rfind("\n", 0, start) + 1 :].split("\n", 1)[0]
    return not item_marker(line)


def _goes_on(before: Candidate, one: Candidate) -> bool:
    """Whether ``one`` is a further sentence of the item ``before``: on the same line of the same passage."""
    chunk = before.span.chunk
    same_line = "\n" not in chunk.text[before.span.end : one.span.start]
    return one.kind is UnitKind.SENTENCE and chunk.id == one.span.chunk.id and same_line


def _runs(evidence: Sequence[Evidence]) -> Iterator[list[Evidence]]:
    """Passages in runs that follow one another in a document; runs in the order of their best marker."""
    ordered = sorted(evidence, key=lambda item: (item.chunk.document_id, item.chunk.start))
    runs: list[list[Evidence]] = []
    for item in ordered:
        last = runs[-1][-1].chunk if runs else None
        follows = last is not None and last.document_id == item.chunk.document_id and item.chunk.start - last.end <= _ADJACENT
        if follows:
            runs[-1].append(item)
        else:
            runs.append([item])
    yield from sorted(runs, key=lambda run: min(item.marker for item in run))
