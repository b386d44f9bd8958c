"""Whether evidence suffices for a question, and which of its parts it leaves open.

Logistic models over ``rag.answering.coverage.Features``, one for each case of languages; weights are fitted by ``eval/fit_sufficiency.py`` on
development questions of which the answer was withheld or not.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rag.answering.corpus import Corpus
from rag.answering.coverage import Coverage, Features, log_odds
from rag.answering.decompose import split
from rag.answering.form import asks_one_fact
from rag.answering.tongues import Tongue
from rag.errors import ModelError
from rag.interfaces import AnswerFinder, Reader, SpanScorer
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
JOINT: Mapping[Tongue, tuple[float, Weights]] = {
    Tongue.CHINESE: (
        -2.66,
        {"met": 1.7, "unknown": -0.55, "names": 1.2, "clash": -4.4, "meaning": 1.05, "lead": 0.2, "salience": 0.4, "lacks": -4.4,
         "size": -0.57, "read": 0.61},
    ),
    Tongue.ENGLISH: (
        -1.05,
        {"passage": 0.42, "names": 0.47, "odds": 0.24, "salience": 0.73, "prominence": 0.16, "lacks": -1.8, "read": 0.34},
    ),
    Tongue.FOREIGN: MODELS[Tongue.FOREIGN],
}
"""The same where question and passages are read together: a fit drawn to half of the weights above, and a bias that keeps. Of
words less is asked then, of which a question may have none in common with the text that answers it (``eval/LOG.md``)."""
READ: Mapping[Tongue, tuple[float, float, float]] = {Tongue.CHINESE: (-0.5, 1.0, 1.0), Tongue.ENGLISH: (-0.5, 1.0, 1.0)}
"""Bias, weight of the rules' log-odds and of a reader's: near what ``python -m eval.fit_reader`` finds, with more for the
rules, so that fewer questions are refused that have an answer. Between languages no reader is asked: too few questions
were there to fit it on."""
DECIDED = 6.0
"""Log-odds of the rules from which no reader is asked: it takes seconds, and is seldom so sure."""
ENOUGH = 0.5
"""A part whose probability is at least this has evidence."""
CLOSE: Mapping[Tongue, float] = {Tongue.CHINESE: 0.05, Tongue.ENGLISH: 0.15, Tongue.FOREIGN: 1.0}
"""Evidence of at least this probability comes close; what is in another language than the question never does."""


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
    """Judges evidence against plans.

    ``reader``: who is asked besides, where one fact answers the question. Where it fails the rules decide alone, which
    ``fallbacks`` counts.
    """

    def __init__(
        self, corpus: Corpus, scorer: SpanScorer | None = None, reader: Reader | None = None, finder: AnswerFinder | None = None
    ) -> None:
        self.coverage = Coverage(corpus, scorer, finder)
        self._reader = reader
        self._lock = threading.Lock()
        self.fallbacks = 0

    def assess(self, plan: Plan, evidence: Sequence[Evidence]) -> Assessment:
        """Which parts of the plan's question ``evidence`` answers."""
        question = plan.question
        if not evidence:
            return Assessment(0.0, missing=plan.parts or (question,))
        features = self.coverage.features(question, evidence)
        whole, absent = probability(features), self.coverage.missing_names(question, evidence)
        least = 1.0 if absent else CLOSE[features.tongue]
        if len(plan.parts) < 2:
            if asks_one_fact(plan):
                whole = self._read(question, evidence, whole, features.tongue)
            missing: tuple[str, ...] = () if whole >= ENOUGH else (question,)
            return Assessment(whole, plan.parts if not missing else (), missing, absent, whole >= least)
        asked = split(question)
        whole_parts = dict(zip(asked.parts, asked.queries, strict=True))
        judged = [
            (part, max(self._part(wording, evidence) for wording in {part, whole_parts.get(part, part)}))
            for part in plan.parts
        ]
        covered = tuple(part for part, value in judged if value >= ENOUGH)
        open_parts = tuple(part for part, value in judged if value < ENOUGH)
        best = max(whole, max(value for _, value in judged))
        return Assessment(best, covered, open_parts, absent, best >= least)

    def _read(self, question: str, evidence: Sequence[Evidence], ruled: float, tongue: Tongue) -> float:
        """The probability with what the reader says, where there is one, the rules are not sure, and it says something."""
        if self._reader is None or tongue not in READ or abs(log_odds(ruled)) >= DECIDED:
            return ruled
        try:
            said = self._reader.log_odds(question, evidence)
        except ModelError:
            with self._lock:
                self.fallbacks += 1
            return ruled
        return ruled if said is None else weighed(log_odds(ruled), said, tongue)

    def _part(self, part: str, evidence: Sequence[Evidence]) -> float:
        return probability(self.coverage.features(part, evidence))


def probability(features: Features) -> float:
    """The probability that a question with these features is answered by its evidence."""
    bias, weights = (JOINT if features.joint else MODELS)[features.tongue]
    return _logistic(bias + sum(weight * getattr(features, name) for name, weight in weights.items()))


def weighed(ruled: float, said: float, tongue: Tongue) -> float:
    """The probability from the log-odds of the rules and of a reader."""
    bias, rules, read = READ[tongue]
    return _logistic(bias + rules * ruled + read * said)


def _logistic(total: float) -> float:
    return 1 / (1 + math.exp(-total))
