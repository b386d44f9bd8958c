"""How far a text supports a claim: what is read off the two, and the calibrated weight of it.

A claim is a statement, or a question with its answer. Rules come first (a number that is not there, an answer that
is not there); the rest is a logistic regression over alignment and role. Knows neither chunks nor markers.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from rag.answering.alignment import coverage, gaps, lay, scattered
from rag.answering.calibration import ANSWER, ANSWER_BIAS, STATEMENT, STATEMENT_BIAS, THRESHOLD
from rag.answering.content import words
from rag.answering.negation import negation_differs, opposed
from rag.answering.role import role_of
from rag.numerals import Number
from rag.text import numbers
from rag.types import Verdict

_QUESTION_AND_ANSWER = re.compile(
    r"^(?P<question>.{4,}?[?？])\s*(?:答(?:案)?\s*[:：]|A(?:nswer)?\s*:)?\s*(?P<answer>\S.*)$", re.DOTALL
)
_GLUED = re.compile(r"[A-Za-z]\d|\d[A-Za-z]")
_NUMERAL = re.compile(r"[0-9０-９零〇一二两三四五六七八九十百千万亿.]")
_PARTLY = 0.5
_FRAGMENT = 3
"""Words up to which a sentence of an answer is no statement of its own."""

_UNITS = {"号": "日", "个": "", "名": "人", "位": "人", "第": ""}

Features = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Weighed:
    """The verdict on a claim, and the probability that it is supported."""

    verdict: Verdict
    score: float


def split_claim(claim: str) -> tuple[str, str]:
    """The question and the answer of a claim of the form ``Q? A``; an empty question for a statement."""
    match = _QUESTION_AND_ANSWER.match(claim)
    return (match["question"], match["answer"].strip()) if match else ("", claim)


def same_number(mine: Number, theirs: Number) -> bool:
    """Whether two numbers agree: value, and unit where both have one."""
    if mine.value != theirs.value:
        return False
    units = (_UNITS.get(mine.unit, mine.unit), _UNITS.get(theirs.unit, theirs.unit))
    return not all(units) or units[0] == units[1]


def missing_numbers(claim: str, evidence: str) -> list[Number]:
    """The claim's numbers that the evidence does not have; digits inside a Latin name are no numbers."""
    theirs = numbers(evidence)
    return [
        mine
        for mine in numbers(claim)
        if not any(same_number(mine, number) for number in theirs)
        and not _stands_alone(claim[mine.start : mine.end], evidence)
        and not _GLUED.search(claim[max(0, mine.start - 1) : mine.end + 1])
    ]


def _stands_alone(numeral: str, evidence: str) -> bool:
    """Whether the evidence writes the number in the same signs, not as part of a longer one."""
    place = evidence.find(numeral)
    while place >= 0:
        end = place + len(numeral)
        if not _NUMERAL.match(evidence[place - 1 : place]) and not _NUMERAL.match(evidence[end : end + 1]):
            return True
        place = evidence.find(numeral, place + 1)
    return False


@lru_cache(maxsize=4096)
def canonical(text: str) -> str:
    """``text`` with its numbers in plain digits: 七百四十万 and 7.4 million become 7400000."""
    parts, last = [], 0
    for number in numbers(text):
        if number.start >= last and not _GLUED.search(text[max(0, number.start - 1) : number.end + 1]):
            parts += [text[last : number.start], f"{number.value.normalize():f}{number.unit}"]
            last = number.end
    return "".join([*parts, text[last:]])


def statement_features(claim: str, evidence: str) -> dict[str, float]:
    """What is read off a statement and a text, each about 0 to 2."""
    claim, evidence = canonical(claim), canonical(evidence)
    missing, laid = gaps(claim, evidence), lay(claim, evidence)
    apart, turned = scattered(claim, evidence)
    return {
        "matched": laid.matched,
        "coverage": coverage(claim, evidence),
        "gap": min(8, missing.longest) / 4,
        "gap_start": min(8, missing.start) / 4,
        "gap_middle": min(8, missing.middle) / 4,
        "gap_end": min(8, missing.end) / 4,
        "missing_names": min(3, missing.missing_names),
        "replaced": min(2, laid.replaced),
        "replaced_size": min(8, laid.replaced_size) / 4,
        "replaced_start": laid.at_start,
        "replaced_kind": laid.same_kind,
        "dropped_size": min(8, laid.dropped_size) / 4,
        "apart": apart,
        "turned": turned,
        "negated": negation_differs(claim, evidence),
    }


def answer_features(question: str, answer: str, evidence: str) -> dict[str, float]:
    """What is read off a question, its answer and a text, each about 0 to 4."""
    question, answer, evidence = canonical(question), canonical(answer), canonical(evidence)
    role = role_of(answer, question, evidence)
    missing, laid = gaps(answer, evidence), lay(answer, evidence)
    return {
        "found": role.found,
        "coverage": coverage(answer, evidence),
        "question_coverage": coverage(question, evidence),
        "near": role.near,
        "apart": role.apart,
        "order": role.order,
        "outdone": role.outdone,
        "lost": role.lost,
        "echo": role.echo,
        "fits": role.fits,
        "misfits": role.misfits,
        "named": role.named,
        "rival": role.rival,
        "modifies": role.modifies,
        "gap": min(8, missing.longest) / 4,
        "missing_names": min(3, missing.missing_names),
        "dropped_size": min(8, laid.dropped_size) / 4,
    }


def weigh(claim: str, evidence: str) -> Weighed:
    """The verdict on ``claim`` by ``evidence`` alone."""
    question, answer = split_claim(claim)
    return weigh_answer(question, answer, evidence) if question else weigh_statement(claim, evidence)


def is_fragment(sentence: str, question: str) -> bool:
    """Whether a sentence of an answer says something only together with ``question``: a name, a number, a cell."""
    return bool(question) and len(words(sentence)) <= _FRAGMENT


def weigh_sentence(sentence: str, question: str, evidence: str) -> Weighed:
    """The verdict on a sentence of an answer to ``question``: a fragment is read as the answer itself."""
    return weigh_answer(question, sentence, evidence) if is_fragment(sentence, question) else weigh(sentence, evidence)


def weigh_statement(claim: str, evidence: str) -> Weighed:
    """The verdict on a statement."""
    features = statement_features(claim, evidence)
    score = probability(features, STATEMENT, STATEMENT_BIAS)
    about = features["coverage"]
    if missing_numbers(claim, evidence):
        return Weighed(Verdict.CONFLICTING if about > 0.6 and _has_number(evidence) else Verdict.UNSUPPORTED, score * 0.3)
    if features["negated"] or opposed(claim, evidence):
        return Weighed(Verdict.CONFLICTING if about > 0.6 else Verdict.UNSUPPORTED, score * 0.3)
    return _judged(score, about)


def weigh_answer(question: str, answer: str, evidence: str) -> Weighed:
    """The verdict on an answer to a question."""
    features = answer_features(question, answer, evidence)
    score = probability(features, ANSWER, ANSWER_BIAS)
    if missing_numbers(answer, evidence):
        contradicts = features["question_coverage"] > 0.5 and _has_number(evidence)
        return Weighed(Verdict.CONFLICTING if contradicts else Verdict.UNSUPPORTED, score * 0.3)
    return _judged(score, features["coverage"])


def _judged(score: float, about: float) -> Weighed:
    if score >= THRESHOLD:
        return Weighed(Verdict.SUPPORTED, score)
    return Weighed(Verdict.PARTLY if score >= _PARTLY * THRESHOLD and about >= 0.5 else Verdict.UNSUPPORTED, score)


def _has_number(text: str) -> bool:
    return bool(numbers(text))


def probability(features: Features, weights: Features, bias: float) -> float:
    """The logistic regression's probability."""
    return 1 / (1 + math.exp(-bias - sum(weights[name] * value for name, value in features.items())))
