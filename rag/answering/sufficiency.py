"""Whether evidence suffices for a question, and which of its parts it leaves open.

Logistic models over ``rag.answering.coverage.Features``, one for each case of languages; weights are fitted by ``eval/fit_sufficiency.py`` on
development questions of which the answer was withheld or not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rag.answering.corpus import Corpus
from rag.answering.coverage import Coverage, Features
from rag.answering.decompose import split
from rag.answering.tongues import Tongue
from rag.interfaces import SpanScorer
from rag.types import Evidence, Plan

Weights = Mapping[str, float]
"""By the names of ``FIGURES``; a figure that is not there counts nothing."""

MODELS: Mapping[Tongue, tuple[float, Weights]] = {
    Tongue.CHINESE: (
        -5.85,
        {"met": 3.7, "unknown": -2.05, "names": 1.4, "clash": -7.4, "meaning": 2.8, "lead": 0.8, "salience": 0.94, "lacks": -7.4,
         "size": -0.2},
    ),
    Tongue.ENGLISH: (-1.1, {"passage": 1.15, "names": 0.41, "odds": 0.52, "salience": 0.81, "prominence": 0.56, "lacks": -4.0}),
    Tongue.FOREIGN: (2.8, {"names": 2.24, "odds": 1.36, "salience": 1.35}),
}
"""Bias and weights, as fitted, but for the biases: a question that the documents answer and that is refused costs more
than one that gets a quote which does not answer. Words say less in English, which bends and paraphrases them, and next to
nothing across languages: there it is what the encoder makes of the best passage, and how far that stands out, which tells
(``eval/LOG.md``)."""
ENOUGH = 0.5
"""A part whose probability is at least this has evidence."""
CLOSE = 0.15
"""Evidence of at least this probability comes close."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """What the evidence is good for.

    ``probability`` that the question can be answered; ``covered`` and ``missing`` are its parts; ``absent`` are
    names and years that no passage mentions. ``close``: what was found may be what was meant, though it is not known to
    answer: improbable passages, such as lack a name of the question or are in another language than it, are not.
    """

    probability: float
    covered: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    close: bool = False

    @property
    def sufficient(self) -> bool:
        """Whether nothing is missing."""
        return self.probability >= ENOUGH and not self.missing


class Sufficiency:
    """Judges evidence against plans."""

    def __init__(self, corpus: Corpus, scorer: SpanScorer | None = None) -> None:
        self.coverage = Coverage(corpus, scorer)

    def assess(self, plan: Plan, evidence: Sequence[Evidence]) -> Assessment:
        """Which parts of the plan's question ``evidence`` answers."""
        question = plan.question
        if not evidence:
            return Assessment(0.0, missing=plan.parts or (question,))
        features = self.coverage.features(question, evidence)
        whole, absent = probability(features), self.coverage.missing_names(question, evidence)
        comparable = not absent and features.tongue is not Tongue.FOREIGN
        if len(plan.parts) < 2:
            missing: tuple[str, ...] = () if whole >= ENOUGH else (question,)
            return Assessment(whole, plan.parts if not missing else (), missing, absent, comparable and whole >= CLOSE)
        asked = split(question)
        whole_parts = dict(zip(asked.parts, asked.queries, strict=True))
        judged = [
            (part, max(self._part(wording, evidence) for wording in {part, whole_parts.get(part, part)}))
            for part in plan.parts
        ]
        covered = tuple(part for part, value in judged if value >= ENOUGH)
        open_parts = tuple(part for part, value in judged if value < ENOUGH)
        best = max(whole, max(value for _, value in judged))
        return Assessment(best, covered, open_parts, absent, comparable and best >= CLOSE)

    def _part(self, part: str, evidence: Sequence[Evidence]) -> float:
        return probability(self.coverage.features(part, evidence))


def probability(features: Features) -> float:
    """The probability that a question with these features is answered by its evidence."""
    bias, weights = MODELS[features.tongue]
    total = bias + sum(weight * getattr(features, name) for name, weight in weights.items())
    return 1 / (1 + math.exp(-total))
