"""Finds passages that disagree about what a question asks: the same thing said, with another number, date or name.

Two signs are read. Sentences that run alike and part at one place only, each with its own value there; and
sentences that give the question different answers of one kind. Knows nothing of the answer that is being written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import combinations

from rag.answering.citations import citations_from
from rag.answering.content import keys, overlap, pairs
from rag.answering.reading import passage_units
from rag.answering.rows import is_record
from rag.answering.values import Value, asked_value, differ, names_all, values
from rag.interfaces import Span, Support
from rag.sentences import UnitKind
from rag.text import fold
from rag.types import Citation, Conflict, Evidence, Verdict

_ALIKE = 0.6
_SHORTEST = 8
_ABOUT_SENTENCE = 0.25
_ABOUT_PASSAGE = 0.5
_MOST = 3


@dataclass(frozen=True, slots=True)
class _Statement:
    """A sentence of a passage that speaks of the question, and how much so."""

    item: Evidence
    start: int
    end: int
    about: float
    kind: UnitKind

    @property
    def text(self) -> str:
        return self.item.chunk.text[self.start : self.end]

    @property
    def around(self) -> str:
        chunk = self.item.chunk
        return f"{chunk.title} {chunk.section} {chunk.text}"


def _undated(document_id: str) -> str:
    return ""


class ConflictFinder:
    """Compares passages in pairs. ``dated`` gives a document's date (ISO 8601; empty when unknown)."""

    def __init__(self, dated: Callable[[str], str] = _undated) -> None:
        self._dated = dated

    def find(self, question: str, evidence: Sequence[Evidence]) -> tuple[Conflict, ...]:
        """The disagreements about ``question``, at most three, each pair of values once."""
        statements = list(_statements(question, evidence))
        found: dict[frozenset[str], Conflict] = {}
        for one, other in combinations(statements, 2):
            if one.item.chunk.id == other.item.chunk.id or _are_fellows(one, other):
                continue
            parted = _parted(one, other, question) or _answered_apart(one, other, question)
            if parted is not None:
                key = frozenset(value.key for value in parted)
                found.setdefault(key, self._conflict(question, (one, other), parted))
            if len(found) == _MOST:
                break
        return tuple(found.values())

    def _conflict(self, question: str, both: tuple[_Statement, _Statement], parted: tuple[Value, Value]) -> Conflict:
        cited = [_cite(statement, value) for statement, value in zip(both, parted, strict=True)]
        dates = [self._dated(citation.document_id) for citation in cited]
        if all(dates) and dates[1] > dates[0]:
            cited.reverse()
        return Conflict(question.rstrip("?？ "), cited[0], cited[1])


def _are_fellows(one: _Statement, other: _Statement) -> bool:
    """Whether both are rows of one document's table: those are of different things, however alike."""
    mine, theirs = one.item.chunk, other.item.chunk
    if mine.document_id != theirs.document_id:
        return False
    if one.kind is other.kind is UnitKind.ROW:
        return mine.section == theirs.section
    return is_record(one.text) and is_record(other.text)


def _cite(statement: _Statement, value: Value) -> Citation:
    span = Span(statement.item.chunk, statement.start, statement.end)
    return citations_from([Support(span, statement.item.marker, Verdict.CONFLICTING, 1.0)])[0]


def _statements(question: str, evidence: Sequence[Evidence]) -> Iterator[_Statement]:
    asked = keys(question)
    for item in evidence:
        chunk = item.chunk
        whole = overlap(asked, pairs(f"{chunk.title} {chunk.section} {chunk.text}"))
        if whole < _ABOUT_PASSAGE:
            continue
        for unit in passage_units(chunk.text):
            about = overlap(asked, pairs(chunk.text[unit.start : unit.end]))
            long_enough = unit.end - unit.start >= _SHORTEST
            if unit.kind is not UnitKind.HEADING and long_enough and about >= _ABOUT_SENTENCE:
                yield _Statement(item, unit.start, unit.end, about, unit.kind)


def _parted(one: _Statement, other: _Statement, question: str) -> tuple[Value, Value] | None:
    """The two values at the only place where two sentences, otherwise alike, part; None if there is no such."""
    first, second = fold(one.text), fold(other.text)
    asked = keys(question)
    if asked & pairs(one.text) != asked & pairs(other.text):
        return None
    if not all(names_all(question, each.around, each.around) for each in (one, other)):
        return None
    matcher = SequenceMatcher(None, first, second, autojunk=False)
    if matcher.real_quick_ratio() < _ALIKE or matcher.quick_ratio() < _ALIKE or matcher.ratio() < _ALIKE:
        return None
    mine, theirs = values(one.text), values(other.text)
    pairs_found: dict[tuple[str, str], tuple[Value, Value]] = {}
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            continue
        left, right = _value_at(mine, a, b), _value_at(theirs, c, d)
        if left is None or right is None:
            continue
        if not differ(left, right):
            continue
        pairs_found[left.key, right.key] = (left, right)
    if len(pairs_found) != 1:
        return None
    ((left, right),) = pairs_found.values()
    return None if left.key in fold(question) or right.key in fold(question) else (left, right)


def _value_at(found: Sequence[Value], start: int, end: int) -> Value | None:
    return next((value for value in found if value.start < max(end, start + 1) and value.end > start), None)


def _answered_apart(one: _Statement, other: _Statement, question: str) -> tuple[Value, Value] | None:
    """The two different answers that two sentences give to the question; None if they give none, or the same."""
    asked = keys(question)
    if asked & pairs(one.around) != asked & pairs(other.around):
        return None
    left, right = (asked_value(question, each.text, each.around) for each in (one, other))
    if left is None or right is None or not differ(left, right):
        return None
    shared = {value.key for value in values(one.text)} & {value.key for value in values(other.text)}
    return None if {left.key, right.key} & shared else (left, right)
