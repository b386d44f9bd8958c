"""The values that a text states: numbers with their units, dates, and names; and the one that answers a question."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from rag.answering.alignment import Place, distance, occurrences
from rag.answering.content import Word, words
from rag.answering.expect import Wanted, wanted
from rag.answering.role import QUESTION_WORD
from rag.text import fold, numbers

_DATE_UNITS = frozenset({"年", "月", "日", "号"})
_NAMES = {"person": "name", "place": "name", "organisation": "name", "latin": "name"}
_NEAR = {"number": 8, "date": 12}
_DATE_PART = re.compile(r"(\d+)([年月日号])")
_FULL = 0.6
_GLUED = re.compile(r"[A-Za-z]\d|\d[A-Za-z]")


@dataclass(frozen=True, slots=True)
class Value:
    """A value in a text. ``key`` is what is compared; ``kind`` is number, date or name."""

    key: str
    kind: str
    unit: str
    start: int
    end: int


@lru_cache(maxsize=4096)
def values(text: str) -> tuple[Value, ...]:
    """The values of ``text`` in order; 2016年10月17日 is one date."""
    return tuple(sorted([*_numbers(text), *_names(text)], key=lambda value: value.start))


def _numbers(text: str) -> Iterator[Value]:
    held: Value | None = None
    for number in numbers(text):
        if _GLUED.search(text[max(0, number.start - 1) : number.end + 1]):
            continue
        key = f"{number.value.normalize():f}{number.unit}"
        kind = "date" if number.unit in _DATE_UNITS else "number"
        value = Value(key, kind, "" if kind == "date" else number.unit, number.start, number.end)
        if held is not None and held.kind == value.kind == "date" and value.start - held.end <= 1:
            held = Value(held.key + key, "date", "", held.start, value.end)
            continue
        if held is not None:
            yield held
        held = value
    if held is not None:
        yield held


def _names(text: str) -> Iterator[Value]:
    folded = fold(text)
    held: Value | None = None
    for word in words(text):
        if word.kind not in _NAMES:
            continue
        if held is not None and word.start - held.end <= 1 and folded[held.end : word.start] in ("", " ", "·"):
            held = Value(folded[held.start : word.end], "name", "", held.start, word.end)
            continue
        if held is not None:
            yield held
        held = Value(folded[word.start : word.end], "name", "", word.start, word.end)
    if held is not None:
        yield held


def asked_value(question: str, text: str, around: str) -> Value | None:
    """The value in ``text`` that answers ``question``; None unless it is plain. ``around`` is the passage.

    Plain is: the text has most of the question's words and the passage all its names and numbers, the question asks
    for a number or a date, and one stands near the word that stands beside the question word.
    """
    kind = {Wanted.COUNT: "number", Wanted.TIME: "date"}.get(wanted(question))
    asked = words(question)
    if kind is None or not asked or not names_all(question, text, around):
        return None
    places = occurrences(asked, text)
    if sum(bool(where) for where in places) < _FULL * len(asked):
        return None
    anchors = _beside_question_word(question, asked, places)
    known = {value.key for value in values(question)}
    near = [
        (min(distance((value.start, value.end), place) for place in anchors), value)
        for value in values(text)
        if anchors and value.kind == kind and value.key not in known and value.key not in fold(question)
    ]
    if not near:
        return None
    space, value = min(near, key=lambda pair: (pair[0], pair[1].start))
    return value if space <= _NEAR[kind] else None


def differ(one: Value, other: Value) -> bool:
    """Whether two values cannot both be right: of dates, a part that both have must differ."""
    if one.kind != other.kind or one.unit != other.unit:
        return False
    if one.kind == "date":
        mine, theirs = (
            {unit.replace("号", "日"): part for part, unit in _DATE_PART.findall(value.key)} for value in (one, other)
        )
        return any(mine[unit] != theirs[unit] for unit in mine.keys() & theirs.keys())
    return one.key not in other.key and other.key not in one.key if one.kind == "name" else one.key != other.key


def names_all(question: str, text: str, around: str) -> bool:
    """Whether the question's numbers stand in ``text``, and its names in the passage ``around`` it."""
    present = {value.key for value in values(text)}
    folded = fold(around)
    return all(
        value.key in present if value.kind != "name" else value.key in folded for value in values(question)
    )


def _beside_question_word(
    question: str, asked: tuple[Word, ...], places: list[list[Place]]
) -> list[Place]:
    """Where the text has the content word that stands next to the question word (the last one without any)."""
    match = QUESTION_WORD.search(question)
    slot = match.start() if match else len(question)
    ordered = sorted(
        zip(asked, places, strict=True), key=lambda pair: min(abs(pair[0].end - slot), abs(pair[0].start - slot))
    )
    return ordered[0][1]
