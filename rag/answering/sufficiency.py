"""Whether evidence suffices for a question, and which of its parts it leaves open.

A logistic model over ``rag.answering.coverage.Features``; its weights are fitted by ``eval/fit_sufficiency.py`` on
development questions of which the answer was withheld or not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rag.answering.corpus import Corpus
from rag.answering.coverage import Coverage, Features
from rag.answering.decompose import split
from rag.interfaces import SpanScorer
from rag.types import Evidence, Plan

BIAS = -8.6
WEIGHTS = (2.9, -2.3, 3.5, -4.5, 7.1, 8.2, 5.0)
"""In the order of the fields of ``Features``; as fitted, but for ``names``: raised from 1.5 (and the bias lowered by
as much), since among 250 answerable questions of encyclopedias none lacks its names in the evidence; and ``prominence``,
added to the others as they were (``eval/LOG.md``); passages in another language have none, which ``foreign`` makes good."""
ENOUGH = 0.5
"""A part whose probability is at least this has evidence."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """What the evidence is good for.

    ``probability`` that the question can be answered; ``covered`` and ``missing`` are its parts; ``absent`` are
    names and years that no passage mentions.
    """

    probability: float
    covered: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()

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
        whole = probability(self.coverage.features(question, evidence))
        absent = self.coverage.missing_names(question, evidence)
        if len(plan.parts) < 2:
            missing: tuple[str, ...] = () if whole >= ENOUGH else (question,)
            return Assessment(whole, plan.parts if not missing else (), missing, absent)
        asked = split(question)
        whole_parts = dict(zip(asked.parts, asked.queries, strict=True))
        judged = [
            (part, max(self._part(wording, evidence) for wording in {part, whole_parts.get(part, part)}))
            for part in plan.parts
        ]
        covered = tuple(part for part, value in judged if value >= ENOUGH)
        open_parts = tuple(part for part, value in judged if value < ENOUGH)
        best = max(whole, max(value for _, value in judged))
        return Assessment(best, covered, open_parts, absent)

    def _part(self, part: str, evidence: Sequence[Evidence]) -> float:
        return probability(self.coverage.features(part, evidence))


def probability(features: Features) -> float:
    """The probability that a question with these features is answered by its evidence."""
    total = BIAS + sum(weight * value for weight, value in zip(WEIGHTS, features.values(), strict=True))
    return 1 / (1 + math.exp(-total))
