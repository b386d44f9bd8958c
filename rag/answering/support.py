"""How far a stretch of evidence supports a claim: what is read off the two texts, without a model.

Coverage of the claim's words, its numbers and names, negation, and opposites. Knows neither chunks nor markers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from rag.answering.content import Word, pairs, word_keys, words
from rag.answering.negation import negation_differs, opposed
from rag.numerals import Number
from rag.text import numbers


@dataclass(frozen=True, slots=True)
class Alignment:
    """What a claim and a stretch of evidence have in common.

    ``coverage``: share of the claim's content characters that the evidence has, 0 to 1. ``gap``: the longest run
    of content characters without a counterpart. ``wrong_numbers`` and ``wrong_names`` are missing in the evidence.
    """

    coverage: float
    gap: int
    wrong_numbers: int
    wrong_names: int
    negated: bool
    opposed: bool


@lru_cache(maxsize=4096)
def _numbers(text: str) -> tuple[Number, ...]:
    return tuple(numbers(text))


def same_number(mine: Number, theirs: Number) -> bool:
    """Whether two numbers agree: value, and unit where both have one (a date's 日 and 号 are one)."""
    if mine.value != theirs.value:
        return False
    return not mine.unit or not theirs.unit or _unit(mine.unit) == _unit(theirs.unit)


def _unit(unit: str) -> str:
    return {"号": "日", "个": "", "名": "人", "位": "人", "第": ""}.get(unit, unit)


def missing_numbers(claim: str, evidence: str) -> list[Number]:
    """The claim's numbers that the evidence does not have."""
    theirs = _numbers(evidence)
    return [
        mine
        for mine in _numbers(claim)
        if not any(same_number(mine, number) for number in theirs) and claim[mine.start : mine.end] not in evidence
    ]


def align(claim: str, evidence: str) -> Alignment:
    """Lay ``claim`` on ``evidence``."""
    present = pairs(evidence)
    wrong = missing_numbers(claim, evidence)
    inside = [(number.start, number.end) for number in _numbers(claim)]
    missing_spans = [(number.start, number.end) for number in wrong]
    total = covered = gap = run = wrong_names = 0.0
    for word in words(claim):
        size = float(word.end - word.start) if not word.text.isascii() else 2.0
        share = _share(word, present, inside, missing_spans)
        total += size
        covered += size * share
        run = 0.0 if share > 0.5 else run + size * (1 - share)
        gap = max(gap, run)
        if share < 0.5 and word.kind in ("person", "place", "organisation", "latin"):
            wrong_names += 1
    return Alignment(
        coverage=covered / total if total else 0.0,
        gap=round(gap),
        wrong_numbers=len(wrong),
        wrong_names=round(wrong_names),
        negated=negation_differs(claim, evidence),
        opposed=opposed(claim, evidence),
    )


def _share(
    word: Word, present: frozenset[str], numbers_: Sequence[tuple[int, int]], missing: Sequence[tuple[int, int]]
) -> float:
    if any(start <= word.start and word.end <= end for start, end in missing):
        return 0.0
    if any(start <= word.start and word.end <= end for start, end in numbers_):
        return 1.0
    keys = word_keys(word.text)
    return sum(key in present for key in keys) / len(keys)


_QUESTION_AND_ANSWER = re.compile(r"^(?P<question>.{4,}?[?？])\s*(?:答(?:案)?\s*[:：]|A(?:nswer)?\s*:)?\s*(?P<answer>\S.*)$", re.DOTALL)


def split_claim(claim: str) -> tuple[str, str]:
    """The question and the answer of a claim of the form ``Q? A``; an empty question for a statement."""
    match = _QUESTION_AND_ANSWER.match(claim)
    return (match["question"], match["answer"].strip()) if match else ("", claim)
