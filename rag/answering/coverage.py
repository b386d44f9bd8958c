"""How much of a question a passage speaks of: its words weighted by rarity, its names, its numbers, its kind of answer.

Plain counting over folded text; what the figures mean together is decided in ``rag.answering.sufficiency``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from operator import mul

from rag.answering.asked import Unit, asked, nearer
from rag.answering.content import pairs, stem
from rag.answering.corpus import Corpus
from rag.answering.measures import lacks_contact, lacks_measure
from rag.answering.mentions import clashes, mentions, wanted_names
from rag.answering.ranges import within
from rag.answering.tongues import Tongue, tongue_between
from rag.interfaces import AnswerFinder, Span, SpanScorer
from rag.sounds import meant_by
from rag.text import is_cjk, normalise
from rag.types import Evidence

_NO_WORDS = 0.5
"""The share where a question has no content words: nothing is known."""
_CROWD = 4
"""The best passage stands out against the fourth best: an answer may stand in several."""
_BEST, _FIT = 5, 0.05
"""Passages that are looked through for a figure, and the probability that they must have."""
_SMALL, _LARGE = 200, 2.3
"""Passages up to which a collection is small, and the power of e at which it stops getting larger: ten times as many."""
_READ = 6
"""Passages of which the encoder is asked how near they come to each word, and which are read together with the question."""
_USUAL_SALIENCE = 0.7
"""Where there is no fourth passage: the mean of answerable questions."""
_LEAST = 1e-6
_NUMBER = re.compile(r"\d{3,}")


@dataclass(frozen=True, slots=True)
class Features:
    """What is known about a question and its evidence; from 0 to 1 where nothing else is said.

    - ``passage``: share of the question's weighted units in the best passage.
    - ``met``: the same, where the encoder says how near a passage comes to a unit that it lacks.
    - ``unknown``: weight of units that no document holds, misspelt ones and numbers in a range left out.
    - ``names``: whether one passage holds all names and years (where it is in another language, whether the passages
      hold the numbers).
    - ``clash``: a name occurs only in another version.
    - ``meaning``: how well a passage as a whole matches the question for the encoder (the best score where there is
      none).
    - ``odds``: its log-odds; ``salience``: how far they stand above those of the fourth best.
    - ``prominence`` and ``lead``: how far the best ``passage`` and ``met`` stand above the fourth best: where all
      passages share a few common words, none is about the question.
    - ``lacks``: whether a measure is asked for, money or a length of time, or how to reach somebody, and the best
      passages hold none.
    - ``size``: how much larger the collection is than a few documents, in powers of e, from 0 to 2.3: of many passages
      some comes near any question by chance.
    - ``read``: the log-odds that a passage answers, of the one that most likely does, for whoever reads question and passage
      together; 0 where nobody does.
    - ``tongue`` and ``joint``, whether somebody does and the question is not misspelt, which upsets such a reader: which of the
      models is to judge the rest.
    """

    passage: float = 0.0
    met: float = 0.0
    unknown: float = 0.0
    names: float = 1.0
    clash: float = 0.0
    meaning: float = 0.0
    odds: float = 0.0
    salience: float = 0.0
    prominence: float = 0.0
    lead: float = 0.0
    lacks: float = 0.0
    size: float = 0.0
    read: float = 0.0
    tongue: Tongue = Tongue.CHINESE
    joint: bool = False

    def values(self) -> tuple[float, ...]:
        """The figures in the order of ``FIGURES``."""
        return tuple(getattr(self, name) for name in FIGURES)


FIGURES = tuple(field.name for field in fields(Features) if field.name not in ("tongue", "joint"))
"""The names of the figures."""


class Coverage:
    """Measures evidence against questions, with word weights from one corpus and, at best, an encoder's view."""

    def __init__(self, corpus: Corpus, scorer: SpanScorer | None = None, finder: AnswerFinder | None = None) -> None:
        self._corpus, self._scorer, self._finder = corpus, scorer, finder

    def features(self, question: str, evidence: Sequence[Evidence]) -> Features:
        """The features of ``question`` given ``evidence``."""
        units = asked(question, self._frequency, self._corpus.chunks)
        total = sum(unit.weight for unit in units)
        unknown = frozenset(unit.text for unit in units if self._frequency(unit.text) == 0)
        if not evidence:
            return Features(unknown=_weight(units, unknown) / total if total else 0.0)
        passages = [text_of(item) for item in evidence]
        misspelt = [_misspelt(unknown, text) for text in passages]
        like = [own | _ranged(question, units, text) for own, text in zip(misspelt, passages, strict=True)]
        held = [[float(unit.text in also or contains(text, unit.text)) for unit in units] for text, also in zip(passages, like, strict=True)]
        shares = _shares(units, held, total)
        met = _shares(units, self._met(question, units, held, evidence), total)
        meanings = sorted(self._meanings(question, evidence), reverse=True)
        odds = [log_odds(value) for value in meanings]
        tongue = tongue_between(question, evidence)
        crowded = len(evidence) >= _CROWD
        return Features(
            passage=shares[0],
            met=met[0],
            unknown=_weight(units, unknown.difference(*like)) / total if total else 0.0,
            names=float(_holds_numbers(question, passages) if tongue is Tongue.FOREIGN else _holds_names(question, passages)),
            clash=float(bool(self.other_versions(question, evidence))),
            meaning=meanings[0],
            odds=odds[0],
            salience=odds[0] - odds[_CROWD - 1] if crowded else _USUAL_SALIENCE,
            prominence=shares[0] - (shares[_CROWD - 1] if crowded else 0.0),
            lead=met[0] - (met[_CROWD - 1] if crowded else 0.0),
            lacks=float(_lacks(question, passages, evidence)),
            size=min(_LARGE, max(0.0, math.log(max(self._corpus.chunks, 1) / _SMALL))),
            read=self._answers(question, evidence),
            tongue=tongue,
            joint=self._finder is not None and not any(misspelt),
        )

    def missing_names(self, question: str, evidence: Sequence[Evidence]) -> tuple[str, ...]:
        """The names, versions and years of ``question`` that no passage holds."""
        texts = [text_of(item) for item in evidence]
        return tuple(name for name in wanted_names(question) if not any(mentions(text, name) for text in texts))

    def other_versions(self, question: str, evidence: Sequence[Evidence]) -> tuple[str, ...]:
        """The names of ``question`` that the passages hold only in another version or year."""
        texts = [text_of(item) for item in evidence]
        return tuple(name for name in self.missing_names(question, evidence) if any(clashes(text, name) for text in texts))

    def _met(self, question: str, units: Sequence[Unit], held: list[list[float]], evidence: Sequence[Evidence]) -> list[list[float]]:
        """As ``held``, and where a passage lacks a unit, how near the encoder sees it come: 0 to 1."""
        if self._scorer is None:
            return held
        return nearer(self._scorer, question, units, held[:_READ], _wholes(evidence[:_READ])) + held[_READ:]

    def _meanings(self, question: str, evidence: Sequence[Evidence]) -> Sequence[float]:
        if self._scorer is None:
            return [item.score for item in evidence]
        return self._scorer.score(question, _wholes(evidence))

    def _answers(self, question: str, evidence: Sequence[Evidence]) -> float:
        return max(self._finder.answers(question, [item.chunk for item in evidence[:_READ]])) if self._finder else 0.0

    def _frequency(self, unit: str) -> int:
        """In how many chunks a unit occurs; an English word that does not, in how many its likeliest other form does."""
        return self._corpus.frequency(unit) or next(filter(None, map(self._corpus.frequency, _forms(unit))), 0)


def _wholes(evidence: Sequence[Evidence]) -> list[Span]:
    return [Span(item.chunk, 0, len(item.chunk.text)) for item in evidence]


def text_of(item: Evidence) -> str:
    """A passage with its title and section, normalised."""
    return normalise(f"{item.chunk.title} {item.chunk.section} {item.chunk.text}")


def _holds_names(question: str, passages: Sequence[str]) -> bool:
    named = wanted_names(question)
    return any(all(mentions(text, name) for name in named) for text in passages)


def _lacks(question: str, passages: Sequence[str], evidence: Sequence[Evidence]) -> bool:
    fit = [text for text, item in zip(passages, evidence, strict=True) if item.score >= _FIT][:_BEST]
    return bool(fit) and (lacks_measure(question, fit) or lacks_contact(question, fit))


def _holds_numbers(question: str, passages: Sequence[str]) -> bool:
    return all(any(number in text for text in passages) for number in _NUMBER.findall(question))


def log_odds(probability: float, least: float = _LEAST) -> float:
    """The logarithm of the odds; ``probability`` is held ``least`` away from 0 and 1."""
    held = min(max(probability, least), 1 - least)
    return math.log(held / (1 - held))


def _shares(units: Sequence[Unit], held: Sequence[Sequence[float]], total: float) -> list[float]:
    """What each passage holds of the weight of all units, largest first."""
    if not total:
        return [_NO_WORDS] * len(held)
    weights = [unit.weight for unit in units]
    return sorted((sum(map(mul, row, weights)) / total for row in held), reverse=True)


def _weight(units: Sequence[Unit], chosen: frozenset[str]) -> float:
    return sum(unit.weight for unit in units if unit.text in chosen)


def _misspelt(unknown: frozenset[str], text: str) -> frozenset[str]:
    """Those pairs of Chinese characters that no document has, but ``text`` has with a homophone in place of one."""
    return frozenset(
        unit for unit in unknown if len(unit) == 2 and all(map(is_cjk, unit)) and meant_by(unit).search(text)
    )


def _ranged(question: str, units: Sequence[Unit], text: str) -> frozenset[str]:
    """The numbers of ``question`` where one lies in a range of ``text``: 45岁 in 41-50周岁."""
    figures = frozenset(unit.text for unit in units if unit.text[0].isdigit())
    return figures if figures and within(question, text) else frozenset()


def contains(text: str, unit: str) -> bool:
    """Whether ``text`` holds ``unit``; Latin words and numbers only as a whole word, up to an English ending."""
    if not unit.isascii():
        return unit in text
    if unit.isalpha() and stem(unit) in pairs(text):
        return True
    head = unit[:-1] if len(unit) > 4 and unit.endswith("s") else unit
    start = text.find(head)
    while start >= 0:
        end = start + len(head)
        before, after = text[start - 1 : start], text[end : end + 1]
        if not _same_word(before, head[0]) and (len(head) > 4 or not _same_word(after, head[-1])):
            return True
        start = text.find(head, start + 1)
    return False


def _forms(unit: str) -> Iterator[str]:
    """Other forms of an English word."""
    root = stem(unit)
    if unit.isascii() and unit.isalpha() and len(unit) > 4:
        yield from (root + ending for ending in ("", "e", "s", "es", "ed", "ing", "er", "ion", "ly") if root + ending != unit)


def _same_word(neighbour: str, own: str) -> bool:
    if not neighbour or not neighbour.isascii():
        return False
    return (neighbour.isdigit() and own.isdigit()) or (neighbour.isalpha() and own.isalpha())
