"""Which sentences of the evidence answer a question, best first: what an extractive answer is made of.

A sentence is judged by its meaning (a span scorer), the question's words in it and around it, the kind of answer
asked for, what it says that the question does not, and its passage's score; the weights are fitted. Knows nothing
of how the answer is laid out.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from rag.answering.asked import asked, nearer
from rag.answering.content import keys, name_keys, overlap, pairs, words
from rag.answering.coverage import contains, log_odds
from rag.answering.expect import holds, wanted
from rag.answering.measures import measure_of
from rag.answering.ranges import within
from rag.answering.reading import Candidate, Reading
from rag.answering.rows import cells_of
from rag.answering.tongues import Tongue, tongue_between
from rag.interfaces import SpanScorer
from rag.sentences import UnitKind
from rag.text import normalise
from rag.types import Evidence

_SAME = 0.8
_NEW_WORDS = 5
_CLOSE, _IN_PASSAGE = 0.15, 0.5
_NAME_WEIGHT = 1.5
_IN_RANGE = 0.5
"""What it adds that a number of the question lies in a range of the sentence."""
_LEAST = 1e-4
_UNKNOWN = 0.5
"""What a sentence is given for a measure where the question asks for none that we know."""

Weights = Mapping[str, float]

BY_WORDS: Weights = {
    "words": 0.45, "around": 0.65, "fits": 0.25, "passage": 0.35, "new": 0.05, "label": -0.15, "before": -0.2, "length": 0.05,
}  # fmt: skip
"""Where there is no scorer."""

WEIGHTS: Mapping[Tongue, Weights] = {
    Tongue.CHINESE: {
        "meaning": 1.4, "met": 0.35, "around": 0.67, "fits": 0.23, "measure": 0.25, "passage": 0.31, "label": -0.13, "before": -0.18,
        "length": -0.09,
    },
    Tongue.ENGLISH: {
        "meaning": 1.03, "words": 0.12, "around": 0.46, "fits": 0.11, "passage": 0.16, "new": -0.06, "label": -0.02, "before": -0.06,
        "length": 0.22,
    },
    Tongue.FOREIGN: {
        "meaning": 0.69, "words": 0.07, "around": 0.11, "fits": 0.05, "passage": 0.2, "new": -0.04, "label": -0.03, "before": -0.04,
        "length": -0.05,
    },
}  # fmt: skip
"""English and between languages: listwise fits on development sets. Chinese: such a fit drawn half way to ``BY_WORDS``, which
lists ask for, with ``met`` in place of ``words`` and the weights of it, of ``meaning`` and of ``measure`` chosen on seven
sets (``eval/LOG.md``)."""

OF_PARTS: Weights = {
    "meaning": 0.84, "words": 0.25, "around": 0.67, "fits": 0.23, "passage": 0.31, "label": -0.13, "before": -0.18, "length": -0.09,
}  # fmt: skip
"""In Chinese, for what is asked of one of several things: the weights that ``met`` replaced, which cells of tables are better
off with."""

_MEANING_SLOPE, _MEANING_SHIFT = 0.5, 1.0
"""Log-odds of a sentence's meaning count by how far they lie below the best one's: how high they are says more of the language
and of the question than of the sentence."""

Features = Mapping[str, float]


class Selector:
    """Ranks the sentences of the evidence for a question; without a ``scorer`` by words alone."""

    def __init__(self, scorer: SpanScorer | None = None) -> None:
        self._scorer = scorer

    def rank(self, question: str, evidence: Sequence[Evidence]) -> list[Candidate]:
        """All candidates, best first; ties in the order of the passages."""
        return self.rank_read(question, Reading(evidence), evidence)

    def rank_read(
        self, question: str, reading: Reading, evidence: Sequence[Evidence], about: str = ""
    ) -> list[Candidate]:
        """As ``rank``, of evidence that has been read already.

        ``about``: the thing that the sentences must be about, where the question is one of several parts.
        """
        return ranking(self.scored(question, reading, evidence, about))

    def scored(
        self, question: str, reading: Reading, evidence: Sequence[Evidence], about: str = ""
    ) -> list[Candidate]:
        """Every unit of the evidence with its score, those that may not be shown too, in the order of reading."""
        found = [one for run in reading.runs for one in run]
        named = keys(about)
        tongue = tongue_between(question, evidence)
        weights = BY_WORDS if not self._scorer else OF_PARTS if about and tongue is Tongue.CHINESE else WEIGHTS[tongue]
        return [
            replace(
                one,
                score=sum(weight * row[name] for name, weight in weights.items())
                + _about(one, named, reading)
                + _IN_RANGE * within(question, one.text),
            )
            for one, row in zip(found, self.features(question, found, reading, evidence), strict=True)
        ]

    def features(
        self, question: str, found: Sequence[Candidate], reading: Reading, evidence: Sequence[Evidence]
    ) -> list[Features]:
        """What each candidate is judged by, each 0 to 1."""
        meaning = self._meanings(question, found)
        asked = keys(question)
        names = name_keys(question)
        weight = {key: value * (_NAME_WEIGHT if key in names else 1) for key, value in _rarity(asked, found).items()}
        kind = wanted(question)
        scores = {item.marker: item.score for item in evidence}
        named = {word.text for word in words(question)}
        met, measure = self._met(question, found), measure_of(question)
        rows: list[Features] = []
        for place, one in enumerate(found):
            before = reading.before(one)
            mine = pairs(one.text)
            rows.append({
                "meaning": meaning[place],
                "words": overlap(asked, mine, weight),
                "around": overlap(asked, mine | pairs(_around(one, before, reading)), weight),
                "before": overlap(asked, pairs(before.text), weight) if before else 0.0,
                "met": met[place],
                "fits": holds(kind, one.text, question),
                "measure": _UNKNOWN if measure is None else float(measure(one.text)),
                "new": min(1.0, sum(word.text not in named for word in words(one.text)) / _NEW_WORDS),
                "label": float(one.is_label or one.leads),
                "passage": scores[one.marker],
                "length": min(1.0, math.log1p(len(one.text)) / 5),
            })
        return rows

    def _met(self, question: str, found: Sequence[Candidate]) -> list[float]:
        """How much of the question's units each candidate holds, or comes near to for the encoder."""
        texts = [normalise(one.text) for one in found]
        units = asked(question, lambda unit: sum(contains(text, unit) for text in texts), len(texts))
        total = sum(unit.weight for unit in units)
        if not total:
            return [0.0] * len(found)
        held = [[float(contains(text, unit.text)) for unit in units] for text in texts]
        if self._scorer is not None:
            held = nearer(self._scorer, question, units, held, [one.span for one in found])
        return [sum(value * unit.weight for value, unit in zip(row, units, strict=True)) / total for row in held]

    def _meanings(self, question: str, found: Sequence[Candidate]) -> list[float]:
        if not self._scorer or not found:
            return [0.0] * len(found)
        odds = [log_odds(value, _LEAST) for value in self._scorer.score(question, [one.span for one in found])]
        best = max((value for value, one in zip(odds, found, strict=True) if one.tells), default=max(odds))
        return [1 / (1 + math.exp(-(_MEANING_SLOPE * (value - best) + _MEANING_SHIFT))) for value in odds]


def ranking(scored: Sequence[Candidate]) -> list[Candidate]:
    """Those that may be shown, best first; ties in the order of the passages."""
    return sorted((one for one in scored if one.tells), key=lambda one: (-one.score, one.marker, one.place))


def _about(one: Candidate, named: frozenset[str], reading: Reading) -> float:
    """What it adds that a sentence, or at least its passage, is about the thing that is ``named``."""
    if not named:
        return 0.0
    close = overlap(named, pairs(one.text) | pairs(_around(one, reading.before(one), reading)))
    chunk = one.span.chunk
    return _CLOSE * close + _IN_PASSAGE * overlap(named, pairs(f"{chunk.title} {chunk.section} {chunk.text}"))


def _rarity(asked: frozenset[str], found: Sequence[Candidate]) -> dict[str, float]:
    """How much a word of the question tells: less the more sentences have it."""
    count: Counter[str] = Counter()
    for one in found:
        count.update(asked & pairs(one.text))
    return {key: math.log((len(found) + 1) / (count[key] + 0.5)) for key in asked}


def _around(one: Candidate, before: Candidate | None, reading: Reading) -> str:
    """What a sentence leans on: title, section, the sentence before, the head of its table."""
    chunk = one.span.chunk
    head = reading.header(one) if one.kind is UnitKind.ROW else None
    return f"{chunk.title} {chunk.section} {before.text if before else ''} {head.text if head else ''}"


def without_repeats(ranked: Sequence[Candidate]) -> list[Candidate]:
    """``ranked`` without sentences that say what a better one says in the same words."""
    kept: list[Candidate] = []
    shown: list[frozenset[str]] = []
    for one in ranked:
        mine = pairs(cells_of(one.text))
        if any(len(mine & other) >= _SAME * min(len(mine), len(other)) for other in shown if mine and other):
            continue
        kept.append(one)
        shown.append(mine)
    return kept
