"""Whether a text gives an answer to a question, and not merely contains its words.

An answer should stand near the words of the question that lie next to its question word, be of the kind asked for,
and not be outdone by another phrase of that kind that stands nearer. Pure; no verdicts.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from rag.answering.alignment import Place, distance, occurrences
from rag.answering.content import Word, keys, stem, word_keys, words
from rag.answering.expect import Wanted, holds, wanted
from rag.answering.folded import compact
from rag.text import fold, numbers

QUESTION_WORD = re.compile(
    r"什么|哪[一]?[个些位种国年里儿家所座部本]?|谁|几|多少|何[时地人]?|怎[么样]|\b(?:what|which|who|whom|whose|when|where|how)\b",
    re.IGNORECASE,
)
_CLAUSE_END = re.compile(r"[，,；;。！？!?：:（）()\n]")
_ASKED_KIND = re.compile(
    r"(?:什么|何|哪(?:一|几)?)(?:个|种|位|部|家|所|座|项|款|类|届|支|名|条|首|本|间|张|样的?|些)?(?:的)?"
)
_KIND_BEFORE = re.compile(r"(?:是|为|叫|有)(?:什么|哪)")
_KIND_WITHIN = re.compile(r"哪一?([国年州省市县科目属纲门族系朝岛镇区])")
_LATIN_KIND = re.compile(r"\b(?:what|which)\b", re.IGNORECASE)
_AUXILIARY = re.compile(
    r"^(?:is|was|are|were|did|do|does|has|have|had|can|could|will|would|should|may|might|s)$", re.IGNORECASE
)
_CJK = re.compile("[\u4e00-\u9fff]")
_NAMES: dict[Wanted, tuple[str, ...]] = {
    Wanted.PERSON: ("person", "latin"),
    Wanted.PLACE: ("place", "organisation", "latin"),
    Wanted.COUNT: ("number",),
    Wanted.TIME: ("time", "number"),
}
_ANY_NAME = ("noun", "person", "place", "organisation", "latin", "number", "time")


@dataclass(frozen=True, slots=True)
class Role:
    """How an answer stands in a text.

    ``found``: word for word. ``near`` and ``apart``: distance (logarithms) to the words beside the question word,
    and to all of the question's. ``order``: share of those that stand on the side they have in the question.
    ``outdone``: how much nearer the best rival stands (a logarithm). ``echo``: share of the answer that only
    repeats the question. ``fits``/``misfits``: of the kind asked for or not. ``named``/``rival``: the answer, or
    another phrase, bears the noun asked for. ``modifies``: the answer is only the front of a longer phrase.
    """

    found: bool = False
    lost: bool = True
    near: float = 2.5
    apart: float = 2.0
    order: float = 0.0
    outdone: float = 0.0
    echo: float = 0.0
    fits: bool = False
    misfits: bool = False
    named: bool = False
    rival: bool = False
    modifies: bool = False


def role_of(answer: str, question: str, evidence: str) -> Role:
    """How ``answer`` to ``question`` stands in ``evidence``."""
    verbatim = compact(evidence).find(compact(answer))
    spot = verbatim or _first_place(answer, evidence)
    fits, misfits = _kind_fits(answer, wanted(question))
    named, rival = _noun_asked_for(answer, question, evidence, verbatim)
    asked, mine = keys(question), keys(answer)
    near, apart, order, outdone, lost = _standing(question, evidence, spot)
    return Role(
        found=verbatim is not None,
        lost=lost,
        near=near,
        apart=apart,
        order=order,
        outdone=outdone,
        echo=len(asked & mine) / len(mine) if mine else 0.0,
        fits=fits,
        misfits=misfits,
        named=named,
        rival=rival and not named,
        modifies=_modifies(evidence, verbatim),
    )


def _first_place(answer: str, evidence: str) -> Place | None:
    return min((place for places in occurrences(words(answer), evidence) for place in places), default=None)


def _kind_fits(answer: str, kind: Wanted) -> tuple[bool, bool]:
    kinds = {word.kind for word in words(answer)}
    counted = bool(numbers(answer)) or any(sign.isdigit() for sign in answer)
    match kind:
        case Wanted.COUNT:
            return counted, not counted
        case Wanted.TIME:
            timed = counted or holds(Wanted.TIME, answer, "") > 0
            return timed, not timed
        case Wanted.PERSON:
            other = bool(kinds & {"place", "organisation", "time", "number"})
            return "person" in kinds, counted or (other and "person" not in kinds)
        case Wanted.PLACE:
            return bool(kinds & {"place", "organisation"}), counted and "place" not in kinds
        case _:
            return False, False


def _standing(question: str, evidence: str, spot: Place | None) -> tuple[float, float, float, float, bool]:
    asked = words(question)
    places = occurrences(asked, evidence)
    held = [(word, where) for word, where in zip(asked, places, strict=True) if where]
    if spot is None or not held:
        return 2.5, 2.0, 0.0, 0.0, True
    match = QUESTION_WORD.search(question)
    slot = match.start() if match else len(question)
    beside = sorted(zip(asked, places, strict=True), key=lambda item: min(abs(item[0].end - slot), abs(item[0].start - slot)))[:2]
    close = [(word, min(where, key=lambda place: distance(spot, place))) for word, where in beside if where]
    near = math.log1p(min(distance(spot, place) for _, place in close)) if close else 2.5
    sides = [(place[0] < spot[0]) == (word.start < slot) for word, place in close]
    apart = math.log1p(sum(min(distance(spot, place) for place in where) for _, where in held) / len(held))
    outdone = _outdone(question, evidence, spot, held, {word for word, _ in beside})
    return near, apart, sum(sides) / len(sides) if sides else 0.5, outdone, False


def _outdone(
    question: str, evidence: str, spot: Place, held: Sequence[tuple[Word, list[Place]]], beside: set[Word]
) -> float:
    clauses = _clauses(evidence)

    def pull(place: Place) -> float:
        return sum(
            (1.5 if word in beside else 1.0)
            / (1 + min(distance(place, at) + 3 * abs(clauses[at[0]] - clauses[place[0]]) for at in where) / 3)
            for word, where in held
        )

    asked = keys(question)
    kinds = _NAMES.get(wanted(question), _ANY_NAME)
    rivals = (
        (word.start, word.end)
        for word in words(evidence)
        if word.kind in kinds and not (set(word_keys(word.text)) & asked) and not _overlap(word, spot)
    )
    best = max((pull(place) for place in rivals), default=0.0)
    return math.log((best + 0.3) / (pull(spot) + 0.3))


def _overlap(word: Word, place: Place) -> bool:
    return word.start < place[1] and word.end > place[0]


def _clauses(text: str) -> list[int]:
    """For every character the number of its clause."""
    number, found = 0, []
    for sign in text:
        number += bool(_CLAUSE_END.match(sign))
        found.append(number)
    return [*found, number]


def _noun_asked_for(answer: str, question: str, evidence: str, spot: Place | None) -> tuple[bool, bool]:
    """Whether the answer bears the noun that stands with the question word, and whether another phrase does."""
    nouns = asked_nouns(question)
    if not nouns:
        return False, False
    asked = {word.text for word in words(question)}
    others = [word for word in words(evidence) if spot is None or not _overlap(word, spot)]
    if _CJK.search(nouns[0]):
        noun, folded = nouns[-1], fold(answer)
        named = noun in folded or folded[-1:] == noun[-1]
        rival = any(
            len(word.text) > 1 and word.text != noun and word.text not in asked and word.text.endswith(noun)
            for word in others
        )
        return named, rival
    named = any(word.text in nouns for word in words(answer))
    rival = any(
        word.text in nouns and word.kind == before.kind == "latin" and word.start - before.end <= 4 and before.text not in asked
        for before, word in pairwise(others)
    )
    return named, rival


def asked_nouns(question: str) -> list[str]:
    """The noun that stands with the question word: 公司 of 哪个公司, ``river`` of ``what river``."""
    if not _CJK.search(question):
        match = _LATIN_KIND.search(question)
        nouns = []
        for word in re.findall(r"[\w'-]+", question[match.end() :])[:3] if match else []:
            if _AUXILIARY.match(word):
                break
            nouns.append(stem(word.lower()))
        return nouns
    found = words(question)
    if match := _ASKED_KIND.search(question):
        following = [word for word in found if match.end() <= word.start <= match.end() + 1]
        if following and following[0].kind in ("noun", "other", "place", "organisation"):
            return [following[0].text]
    if match := _KIND_BEFORE.search(question):
        before = [word for word in found if word.end <= match.start()]
        if before and before[-1].kind == "noun":
            return [before[-1].text]
    match = _KIND_WITHIN.search(question)
    return [match[1]] if match else []


def _modifies(evidence: str, spot: Place | None) -> bool:
    """Whether the phrase goes on right behind ``spot``."""
    if spot is None:
        return False
    if evidence[spot[1] - 1].isascii():
        following = re.match(r" ([a-z]{3,})", evidence[spot[1] :])
        return bool(following and words(" " + following[1]))
    return any(word.start == spot[1] and word.kind in _ANY_NAME[:5] for word in words(evidence))
