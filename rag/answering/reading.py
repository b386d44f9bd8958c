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
from rag.sentences.lines import is_table_row, is_table_separator
from rag.types import Evidence

_SHORTEST = 4
_LABEL = 24
_REMARKS = 3
_ADJACENT = 8
_ENDS = "。！？；…!?;."
_LEANS = re.compile(
    r"^(?:[它他她该此这那其]|它们|他们|她们|这些|那些|这种|这一|其中|此外|另外|同时|因此|所以|但是?|不过|然而|而且|并且|值得一提|"
    r"(?:it|they|he|she|this|that|these|those|its|their|his|her|however|therefore|thus|but|also|in addition|moreover)\b)",
    re.IGNORECASE,
)


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
        """Whether it names something and tells nothing of it: a short line without an end, or a heading."""
        text = self.text.strip()
        if self.kind is UnitKind.HEADING:
            return True
        short = self.kind is UnitKind.SENTENCE and len(text) <= _LABEL and text[-1:] not in _ENDS
        return short and not any(sign in text[:-1] for sign in ":：|")

    @property
    def leans(self) -> bool:
        """Whether it begins with a word that only the sentence before makes clear."""
        return bool(_LEANS.match(self.text))

    @property
    def tells(self) -> bool:
        """Whether it may be shown at all: no heading, rule, question or scrap."""
        if self.kind is UnitKind.HEADING or is_table_separator(self.text) or is_question(self.text):
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
        """The sentence before; for an item of a list, what leads the list in."""
        run, place = self.runs[one.run], one.place - 1
        while one.kind is UnitKind.ITEM and place >= 0 and run[place].kind is UnitKind.ITEM:
            place -= 1
        return run[place] if place >= 0 else None

    def items(self, lead: Candidate) -> list[Candidate]:
        """The items of the list right behind ``lead``, with the further sentences of each line.

        Lines between two items of one kind (a remark, an example) belong to the list but are left out.
        """
        found: list[Candidate] = []
        skipped = 0
        for one in self.runs[lead.run][lead.place + 1 :]:
            if one.kind is UnitKind.ITEM and (not found or _bullet(one) == _bullet(found[0])):
                found.append(one)
                skipped = 0
            elif found and not skipped and _goes_on(found[-1], one):
                found.append(one)
            elif found and skipped < _REMARKS and one.kind is UnitKind.SENTENCE:
                skipped += 1
            else:
                break
        return found

    def lists(self) -> list[tuple[Candidate | None, list[Candidate]]]:
        """Every list of two items or more, with the line before it."""
        found: list[tuple[Candidate | None, list[Candidate]]] = []
        taken: set[tuple[int, int]] = set()
        for run in self.runs:
            for one in run:
                if one.kind is UnitKind.ITEM and (one.run, one.place) not in taken:
                    items = [one, *self.items(one)] if self._same_list(one) else [one]
                    taken.update((item.run, item.place) for item in items)
                    if sum(item.kind is UnitKind.ITEM for item in items) > 1:
                        found.append((run[one.place - 1] if one.place else None, items))
        return found

    def _same_list(self, first: Candidate) -> bool:
        """Whether what follows ``first`` goes on with its list."""
        following = self.items(first)
        return bool(following) and _bullet(following[0]) == _bullet(first)

    def header(self, row: Candidate) -> Candidate | None:
        """The first row of the table that ``row`` belongs to; None for the first row itself."""
        run, first = self.runs[row.run], row.place
        while first > 0 and is_table_row(run[first - 1].text):
            first -= 1
        return run[first] if first < row.place else None


def _bullet(one: Candidate) -> str:
    """What kind of bullet an item has: that sign, or a number."""
    sign = one.text.lstrip()[:1]
    return "number" if sign.isalnum() or sign in "(（①②③④⑤⑥⑦⑧⑨" else sign


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
