"""Lays the content words of a claim on those of a text: what is covered, what is missing, what stands in its place.

Words are matched in order (the longest common run of words, near matches counted in part), so that a claim that
puts another name where the text has one is told from a claim that says less or more. Pure; no verdicts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from rag.answering.content import Word, pairs, word_keys, words
from rag.text import fold

_NAMED = frozenset({"noun", "person", "place", "organisation", "latin", "number", "time"})
_NAMES = _NAMED - {"noun", "time"}
_NEAR = 0.6
_FAR = 30
_SLACK = 6

Place = tuple[int, int]


def likeness(word: Word, present: frozenset[str]) -> float:
    """How far ``word`` occurs among the pairs of a text: 1 as a whole, some for part of its characters."""
    text, found = word.text, 0
    keys = word_keys(text)
    for key in keys:
        found += key in present
    whole = found / len(keys)
    if whole == 1.0 or text.isascii() or len(text) < 2:
        return whole
    signs = 0
    for sign in text:
        signs += sign in present
    share = signs / len(text)
    return max(whole, _NEAR * share if share >= 0.5 else 0.0)


@lru_cache(maxsize=512)
def _likenesses(text: str, evidence: str) -> tuple[float, ...]:
    """The likeness of each word of ``text``."""
    present = pairs(evidence)
    return tuple([likeness(word, present) for word in words(text)])


def weight(word: Word) -> int:
    """How much a word counts: its characters up to four; a Latin word as two."""
    return 2 if word.text.isascii() else min(word.end - word.start, 4)


def coverage(text: str, evidence: str) -> float:
    """The share of the content of ``text`` that ``evidence`` has, 0 to 1."""
    total = found = 0.0
    for word, like in zip(words(text), _likenesses(text, evidence), strict=True):
        weighs = weight(word)
        total += weighs
        found += weighs * like
    return found / total if total else 0.0


@dataclass(frozen=True, slots=True)
class Gaps:
    """Runs of a claim's words without a counterpart, in characters: the longest, and those at its start and end."""

    longest: int
    start: int
    middle: int
    end: int
    missing_names: int


def gaps(claim: str, evidence: str) -> Gaps:
    """What of ``claim`` is missing in ``evidence``."""
    found, likes = words(claim), _likenesses(claim, evidence)
    runs: list[tuple[int, int, int]] = []
    open_run = False
    for place, word in enumerate(found):
        missing = likes[place] < 0.5
        if missing:
            size = 3 if word.text.isascii() else word.end - word.start
            before = runs.pop() if open_run else (0, place, place)
            runs.append((before[0] + size, before[1], place))
        open_run = missing
    last = len(found) - 1
    names = sum(like < 0.5 and word.kind in _NAMES for word, like in zip(found, likes, strict=True))
    return Gaps(
        longest=max((size for size, _, _ in runs), default=0),
        start=sum(size for size, first, _ in runs if first == 0),
        middle=sum(size for size, first, end in runs if first > 0 and end < last),
        end=sum(size for size, first, end in runs if first > 0 and end == last),
        missing_names=names,
    )


@dataclass(frozen=True, slots=True)
class Laid:
    """A claim laid on a text in order.

    ``matched``: share of its words matched. ``replaced``: runs where the text has another name; ``replaced_size``
    and ``dropped_size`` are in characters; ``at_start``: the first run is replaced; ``same_kind``: by its like.
    """

    matched: float
    replaced: int
    replaced_size: int
    dropped_size: int
    at_start: bool
    same_kind: bool


def lay(claim: str, evidence: str) -> Laid:
    """Match the words of ``claim`` with those of ``evidence`` in order, and look at what lies between matches."""
    mine, theirs = words(claim), words(evidence)
    score, matches = _matched(mine, theirs, _places(evidence))
    likes = _likenesses(claim, evidence)
    replaced = replaced_size = dropped_size = 0
    at_start = same_kind = False
    for (i, j), (k, m) in pairwise([(-1, -1), *matches, (len(mine), len(theirs))]):
        run = [word for word, like in zip(mine[i + 1 : k], likes[i + 1 : k], strict=True) if like < 0.5]
        if not run:
            continue
        size = sum(3 if word.text.isascii() else min(4, word.end - word.start) for word in run)
        named = {word.kind for word in run} & _NAMED
        theirs_named = {word.kind for word in theirs[j + 1 : m]} & _NAMED if named else set()
        if named and theirs_named and _room(theirs, j, m, evidence) <= len(claim) + _SLACK:
            replaced, replaced_size = replaced + 1, replaced_size + size
            at_start = at_start or i < 0
            same_kind = same_kind or bool((named & theirs_named) - {"noun"})
        else:
            dropped_size += size
    return Laid(score / len(mine) if mine else 0.0, replaced, replaced_size, dropped_size, at_start, same_kind)


def _room(theirs: Sequence[Word], before: int, after: int, evidence: str) -> int:
    """The characters of the text between two matches, or from its border."""
    start = theirs[before].end if before >= 0 else 0
    return (theirs[after].start if after < len(theirs) else len(evidence)) - start


def _matched(
    mine: Sequence[Word], theirs: Sequence[Word], places: Mapping[str, Sequence[int]]
) -> tuple[float, list[Place]]:
    """The heaviest common run of words and its pairs of places. ``places``: where in ``theirs`` each sign stands."""
    likes = [_likes(word.text, theirs, places) for word in mine]
    table = [[0.0] * (len(theirs) + 1)] * (len(mine) + 1)
    for i in range(len(mine) - 1, -1, -1):
        if likes[i]:
            table[i] = _row(table[i + 1], likes[i])
        else:
            table[i] = table[i + 1]
    matches: list[Place] = []
    i = j = 0
    while i < len(mine) and j < len(theirs):
        like = likes[i].get(j, 0.0)
        if like and math.isclose(table[i][j], table[i + 1][j + 1] + like):
            matches.append((i, j))
            i, j = i + 1, j + 1
        elif table[i + 1][j] >= table[i][j + 1]:
            i += 1
        else:
            j += 1
    return table[0][0], matches


@lru_cache(maxsize=2048)
def _places(text: str) -> Mapping[str, Sequence[int]]:
    """Which of the words of ``text`` have a sign, or are a text."""
    places: dict[str, list[int]] = {}
    for place, word in enumerate(words(text)):
        for sign in {word.text} if word.text.isascii() else {word.text, *word.text}:
            places.setdefault(sign, []).append(place)
    return places


def _likes(word: str, theirs: Sequence[Word], places: Mapping[str, Sequence[int]]) -> dict[int, float]:
    """The places of the words like ``word``. Only words that share a sign can be alike."""
    if word.isascii():
        return dict.fromkeys(places.get(word, ()), 1.0)
    near = {place for sign in (word, *word) for place in places.get(sign, ())}
    return {place: like for place in near if (like := _alike(word, theirs[place].text))}


def _row(below: Sequence[float], likes: dict[int, float]) -> list[float]:
    """A row of the table from the one below it; without likes the two would be the same. Rows never rise."""
    row = list(below)
    for place in sorted(likes, reverse=True):
        value = below[place + 1] + likes[place]
        while place >= 0 and row[place] < value:
            row[place] = value
            place -= 1
    return row


@lru_cache(maxsize=65536)
def _alike(one: str, other: str) -> float:
    if one == other:
        return 1.0
    if one.isascii() or other.isascii():
        return 0.0
    shorter = min(len(one), len(other))
    common = len(set(one) & set(other))
    return _NEAR if common >= shorter - 0.5 and (common >= 2 or shorter == 1) else 0.0


def occurrences(wanted: Sequence[Word], evidence: str) -> list[list[Place]]:
    """Where each word occurs in ``evidence``; for a long one that does not, where parts of it do."""
    folded, latin = _written(evidence)
    return [latin.get(word.text, []) if word.text.isascii() else _cjk_places(word.text, folded) for word in wanted]


@lru_cache(maxsize=2048)
def _written(text: str) -> tuple[str, Mapping[str, list[Place]]]:
    """``text`` folded, and the places of its words."""
    places: dict[str, list[Place]] = {}
    for word in words(text):
        places.setdefault(word.text, []).append((word.start, word.end))
    return fold(text), places


def _cjk_places(text: str, folded: str) -> list[Place]:
    places = _all_places(text, folded)
    if not places and len(text) > 2:
        places = [place for key in word_keys(text) for place in _all_places(key, folded)[:1]]
    if not places and len(text) == 2:
        places = [place for sign in text for place in _all_places(sign, folded) if folded.count(sign) == 1]
    return places


def _all_places(text: str, folded: str) -> list[Place]:
    found = []
    place = folded.find(text)
    while place >= 0:
        found.append((place, place + len(text)))
        place = folded.find(text, place + 1)
    return found


def distance(one: Place, other: Place) -> int:
    """Characters between two places; 0 when they touch or overlap."""
    return max(0, max(one[0], other[0]) - min(one[1], other[1]))


def _closest(mine: Sequence[Place], theirs: Sequence[Place]) -> tuple[Place, Place]:
    """The pair of places that are least far apart; of several the first."""
    best, least = (mine[0], theirs[0]), distance(mine[0], theirs[0])
    for one in mine:
        for other in theirs:
            apart = distance(one, other)
            if apart < least:
                best, least = (one, other), apart
    return best


def scattered(claim: str, evidence: str) -> tuple[float, float]:
    """How far apart neighbours of the claim stand in the text (a logarithm), and the share that changed sides."""
    found = words(claim)
    places = occurrences(found, evidence)
    apart: list[int] = []
    turned = 0
    for (word, mine), (following, theirs) in pairwise(zip(found, places, strict=True)):
        if mine and theirs:
            first, second = _closest(mine, theirs)
            apart.append(min(_FAR, max(0, distance(first, second) - max(0, following.start - word.end))))
            turned += first[0] > second[0]
    if not apart:
        return 0.0, 0.0
    return math.log1p(sum(apart) / len(apart)), turned / len(apart)
