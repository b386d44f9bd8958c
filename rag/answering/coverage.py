"""How much of a question a passage speaks of: its words weighted by rarity, its names, its numbers, its kind of answer.

Plain counting over folded text; what the figures mean together is decided in ``rag.answering.sufficiency``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import astuple, dataclass

from rag.answering.corpus import Corpus
from rag.answering.expect import holds, wanted
from rag.answering.terms import Term, bigrams, names, terms
from rag.sentences import sentence_spans
from rag.text import CJK, normalise
from rag.types import Evidence

_PASSAGES = 5
_WINDOW = 2


@dataclass(frozen=True, slots=True)
class Features:
    """What is known about a question and its evidence, each from 0 to 1.

    ``passage``, ``union``, ``window``: share of the question's weighted words in the best passage, in all
    passages together, in the best two neighbouring sentences. ``rare``: the same for the rarest third of the
    words. ``unknown``: weight of words that no document holds. ``names``: share of names and numbers present in
    the best passage. ``score``, ``margin``: the best passage's score and its lead over the fifth. ``kind``:
    whether the best window looks like the kind of answer. ``length``: number of words, tenths.
    """

    passage: float = 0.0
    union: float = 0.0
    window: float = 0.0
    rare: float = 0.0
    unknown: float = 0.0
    names: float = 1.0
    score: float = 0.0
    margin: float = 0.0
    kind: float = 0.0
    length: float = 0.0

    def values(self) -> tuple[float, ...]:
        """The figures in the order of the fields."""
        return astuple(self)


class Coverage:
    """Measures evidence against questions, with word weights from one corpus."""

    def __init__(self, corpus: Corpus) -> None:
        self._corpus = corpus

    def features(self, question: str, evidence: Sequence[Evidence]) -> Features:
        """The features of ``question`` given ``evidence``."""
        units = self.weights(question)
        total = sum(units.values())
        if not total or not evidence:
            return Features(unknown=self._unknown(units, total))
        passages = [_text_of(item) for item in evidence]
        shares = [_share(units, text, total) for text in passages]
        best = max(range(len(passages)), key=lambda index: (shares[index], -index))
        window, share = self._best_window(units, total, evidence[best], evidence)
        scores = sorted((item.score for item in evidence), reverse=True)
        return Features(
            passage=shares[best],
            union=_share(units, " ".join(passages), total),
            window=share,
            rare=_rare_share(units, passages[best]),
            unknown=self._unknown(units, total),
            names=_names_share(question, passages),
            score=scores[0],
            margin=scores[0] - scores[min(_PASSAGES, len(scores)) - 1],
            kind=holds(wanted(question), window, question),
            length=min(1.0, len(units) / 10),
        )

    def weights(self, question: str) -> dict[str, float]:
        """The words of ``question`` and pairs of characters, each with its inverse document frequency."""
        units = dict.fromkeys(unit for term in terms(question) for unit in bigrams(term))
        count = self._corpus.chunks
        return {unit: math.log(1 + count / (0.5 + self._corpus.frequency(unit))) for unit in units}

    def missing_names(self, question: str, evidence: Sequence[Evidence]) -> tuple[str, ...]:
        """The names, versions and years of ``question`` that no passage holds."""
        text = " ".join(_text_of(item) for item in evidence)
        return tuple(name for name in wanted_names(question) if not holds_name(text, name))

    def _unknown(self, units: dict[str, float], total: float) -> float:
        return sum(w for unit, w in units.items() if self._corpus.frequency(unit) == 0) / total if total else 0.0

    def _best_window(
        self, units: dict[str, float], total: float, best: Evidence, evidence: Sequence[Evidence]
    ) -> tuple[str, float]:
        """The neighbouring sentences that hold most of the question, and their share."""
        found, share = "", 0.0
        for item in dict.fromkeys((best, *evidence[:_PASSAGES])):
            head = normalise(f"{item.chunk.title} {item.chunk.section} ")
            text = item.chunk.text
            spans = sentence_spans(text)
            for index in range(len(spans)):
                start, end = spans[index][0], spans[min(index + _WINDOW, len(spans)) - 1][1]
                value = _share(units, head + normalise(text[start:end]), total)
                if value > share:
                    found, share = text[start:end], value
        return found, share


def _text_of(item: Evidence) -> str:
    return normalise(f"{item.chunk.title} {item.chunk.section} {item.chunk.text}")


def _share(units: dict[str, float], text: str, total: float) -> float:
    return sum(weight for unit, weight in units.items() if _contains(text, unit)) / total


def _rare_share(units: dict[str, float], text: str) -> float:
    rarest = sorted(units, key=lambda unit: -units[unit])[: max(1, (len(units) + 2) // 3)]
    return _share({unit: units[unit] for unit in rarest}, text, sum(units[unit] for unit in rarest))


def _contains(text: str, unit: str) -> bool:
    """Whether ``text`` holds ``unit``; Latin words and numbers only as a whole word, up to an English ending."""
    if not unit.isascii():
        return unit in text
    stem = unit[:-1] if len(unit) > 4 and unit.endswith("s") else unit
    start = text.find(stem)
    while start >= 0:
        end = start + len(stem)
        before, after = text[start - 1 : start], text[end : end + 1]
        if not _same_word(before, stem[0]) and (len(stem) > 4 or not _same_word(after, stem[-1])):
            return True
        start = text.find(stem, start + 1)
    return False


def _same_word(neighbour: str, own: str) -> bool:
    if not neighbour or not neighbour.isascii():
        return False
    return (neighbour.isdigit() and own.isdigit()) or (neighbour.isalpha() and own.isalpha())


def wanted_names(question: str) -> tuple[str, ...]:
    """What evidence must mention: names with their versions, and years."""
    held = [normalise(name) for name in names(question)]
    years = re.findall(r"(?<!\d)(?:1[0-9]|20)\d\d(?!\d)", normalise(question))
    return tuple(dict.fromkeys([*held, *(year for year in years if not any(year in name for name in held))]))


def _names_share(question: str, passages: Sequence[str]) -> float:
    wanted_ones = wanted_names(question)
    if not wanted_ones:
        return 1.0
    return max(sum(holds_name(text, name) for name in wanted_ones) / len(wanted_ones) for text in passages)


def holds_name(text: str, name: str) -> bool:
    """Whether folded ``text`` mentions ``name``: every word of it, versions whole (Qwen2 is not Qwen2.5 or Qwen3)."""
    return all(_holds_part(text, part) for part in re.split(r"[\s\-–_·]+", name) if part)


def _holds_part(text: str, part: str) -> bool:
    if re.search(f"[{CJK}]", part):
        return part in text
    loose = re.escape(part[:-1] if len(part) > 4 and part.endswith("s") else part)
    loose = re.sub(r"(?<=[a-z])(?=\d)", r"[\\s-]?", loose)
    guard = r"(?![\d.]*\d)" if part[-1:].isdigit() else ("" if len(part) > 4 else r"(?![a-z])")
    front = r"(?<![\d.])" if part[:1].isdigit() else r"(?<![a-z])"
    return re.search(front + loose + guard, text) is not None


def unmatched(term: Term, text: str) -> bool:
    """Whether folded ``text`` holds less than half of ``term``."""
    units = bigrams(term)
    return 2 * sum(_contains(text, unit) for unit in units) < len(units)
