"""Which sentences of the evidence answer a question, best first: what an extractive answer is made of.

A sentence is judged by its meaning (a span scorer), the question's words in it and around it, the kind of answer
asked for, and its passage's score. Knows nothing of how the answer is laid out.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from rag.answering.content import keys, overlap, pairs
from rag.answering.expect import Wanted, holds, is_question, wanted
from rag.answering.folded import compact
from rag.interfaces import Span, SpanScorer
from rag.lines import is_table_separator
from rag.sentences import Unit, UnitKind, units
from rag.types import Evidence

_SHORTEST = 4
_SAME = 0.8


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence that may be shown. ``index`` counts the sentences of its passage; ``score`` is 0 to 1."""

    span: Span
    marker: int
    index: int
    kind: UnitKind
    score: float = 0.0

    @property
    def text(self) -> str:
        """The sentence as it stands in the document."""
        return self.span.text


@lru_cache(maxsize=1024)
def passage_units(text: str) -> tuple[Unit, ...]:
    """The sentences, rows and items of a passage."""
    return tuple(units(text))


def candidates(evidence: Sequence[Evidence]) -> list[Candidate]:
    """Every sentence of the evidence that tells something: no headings, questions, rules or scraps."""
    found: list[Candidate] = []
    seen: set[tuple[str, int]] = set()
    for item in evidence:
        chunk = item.chunk
        for index, unit in enumerate(passage_units(chunk.text)):
            text = chunk.text[unit.start : unit.end]
            place = (chunk.document_id, chunk.start + unit.start)
            if place in seen or not _tells(text, unit.kind):
                continue
            seen.add(place)
            found.append(Candidate(Span(chunk, unit.start, unit.end), item.marker, index, unit.kind))
    return found


def _tells(text: str, kind: UnitKind) -> bool:
    if kind is UnitKind.HEADING or is_table_separator(text) or is_question(text):
        return False
    return len(compact(text).text) >= _SHORTEST


@dataclass(frozen=True, slots=True)
class Features:
    """What a candidate is judged by, each 0 to 1."""

    meaning: float
    words: float
    around: float
    fits: float
    passage: float
    length: float


class Selector:
    """Ranks the sentences of the evidence for a question; without a ``scorer`` by words alone."""

    def __init__(self, scorer: SpanScorer | None = None) -> None:
        self._scorer = scorer

    def rank(self, question: str, evidence: Sequence[Evidence]) -> list[Candidate]:
        """All candidates, best first; ties in the order of the passages."""
        found = candidates(evidence)
        scored = [
            replace(candidate, score=_weigh(features, has_meaning=self._scorer is not None))
            for candidate, features in zip(found, self.features(question, found, evidence), strict=True)
        ]
        return sorted(scored, key=lambda one: (-one.score, one.marker, one.index))

    def features(
        self, question: str, found: Sequence[Candidate], evidence: Sequence[Evidence]
    ) -> list[Features]:
        """What each candidate is judged by."""
        meaning = self._scorer.score(question, [one.span for one in found]) if self._scorer and found else None
        asked = keys(question)
        weight = _rarity(asked, found)
        kind = wanted(question)
        scores = {item.marker: item.score for item in evidence}
        return [
            Features(
                meaning=meaning[place] if meaning is not None else 0.0,
                words=overlap(asked, pairs(one.text), weight),
                around=overlap(asked, pairs(_around(one)), weight),
                fits=holds(kind, one.text, question),
                passage=scores[one.marker],
                length=min(1.0, math.log1p(len(one.text)) / 5),
            )
            for place, one in enumerate(found)
        ]


def _rarity(asked: frozenset[str], found: Sequence[Candidate]) -> dict[str, float]:
    """How much a word of the question tells: less the more sentences have it."""
    count: Counter[str] = Counter()
    for one in found:
        count.update(asked & pairs(one.text))
    return {key: math.log((len(found) + 1) / (count[key] + 0.5)) for key in asked}


def _around(one: Candidate) -> str:
    """The sentence with what it leans on: its section, its title and the sentence before."""
    chunk = one.span.chunk
    before = passage_units(chunk.text)[one.index - 1] if one.index else None
    previous = chunk.text[before.start : before.end] if before else ""
    return f"{chunk.title} {chunk.section} {previous} {one.text}"


def _weigh(features: Features, *, has_meaning: bool) -> float:
    lexical = 0.45 * features.words + 0.25 * features.around + 0.15 * features.fits
    lexical += 0.1 * features.passage + 0.05 * features.length
    if not has_meaning:
        return lexical
    return 0.5 * lexical + 0.5 * features.meaning


def without_repeats(ranked: Sequence[Candidate]) -> list[Candidate]:
    """``ranked`` without sentences that say what a better one says in the same words."""
    kept: list[Candidate] = []
    shown: list[frozenset[str]] = []
    for one in ranked:
        mine = pairs(one.text)
        if any(len(mine & other) >= _SAME * min(len(mine), len(other)) for other in shown if mine and other):
            continue
        kept.append(one)
        shown.append(mine)
    return kept


__all__ = ["Candidate", "Features", "Selector", "Wanted", "candidates", "passage_units", "without_repeats"]
