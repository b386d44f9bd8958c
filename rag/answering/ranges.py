"""Whether a number of a question lies in a range of a text: 300只 in 200-999只, 8万元 in 2万元以上20万元以下.

Price lists, limits of approval and rules by length of service say so what holds for whom, and the number asked
with stands in none of them. Pure reading of text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from rag.answering.support import canonical
from rag.text import CJK, normalise, simplified

_N = r"(\d+(?:\.\d+)?)"
_LONGER = "公里|公斤|千米|厘米|毫米|平方|小时|分钟|工作日|美元|欧元"
_UNIT = rf"\s?({_LONGER}|[{CJK}](?<![含以至到及或])|[A-Za-z]{{2,}}|[%℃VWA](?![A-Za-z]))"
_WITH = r"\s*(?:[（(](不?含)[)）])?\s*"
_BETWEEN = re.compile(rf"{_N}(?:{_UNIT})?{_WITH}(?:[-–—~～至到]|及以上[、,，]?)\s*{_N}{_UNIT}{_WITH}(?!以上)(?:及|或)?(?:以下|以内|之间)?")
_FROM = re.compile(rf"{_N}{_UNIT}{_WITH}(?:及|或)?以上{_WITH}|(?:满|超过|大于|高于|不少于|不低于|至少|≥|(?<![-=<])>|over|above|more than|at least)\s*{_N}\s*{_UNIT}(?!及|或|以下|以内)")
_UP_TO = re.compile(rf"{_N}{_UNIT}{_WITH}(?:及|或)?(?:以下|以内|之内){_WITH}|(?:不满|不足|不超过|低于|小于|少于|至多|最多|≤|<(?![-=>])|below|under|less than|up to|at most)\s*{_N}\s*{_UNIT}")
_ASKED = re.compile(rf"{_N}\s*{_UNIT}")
_OPEN = re.compile(r"超过|大于|高于|>|不满|不足|低于|小于|少于|<|over|above|more than|below|under|less than")
_NEAR = 3
_GENERAL = frozenset("个种类项条点些数")
"""Units that say nothing of what is counted: 哪两个数 asks for no range."""
_YEARS = (1800, 2200)
_SHORT_YEAR = re.compile(r"(?<![\d满了过够作龄])[12]\d\s?年(?=[的版初底末度上下\d])")
"""A year of the calendar by its last two figures: 24年的指南."""
_EACH = re.compile(rf"(?<![\d.满了过够前])1\s?(?={_UNIT})")
"""One of something without more: 一个月多少钱 asks for the price of each."""


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers of one unit from ``low`` to ``high``; ``start`` and ``end`` say where it stands in the canonical text."""

    low: float
    high: float
    unit: str
    start: int
    end: int
    with_low: bool = True
    with_high: bool = True

    def holds(self, value: float) -> bool:
        """Whether ``value`` lies in it."""
        above = value >= self.low if self.with_low else value > self.low
        return above and (value <= self.high if self.with_high else value < self.high)


def within(question: str, text: str) -> bool:
    """Whether a number of ``question`` lies in a range that ``text`` gives in the same unit."""
    values = _values(question)
    return bool(values) and any(held.holds(value) for held in _ranges(text) for value in values.get(held.unit, ()))


@lru_cache(maxsize=256)
def _values(question: str) -> dict[str, list[float]]:
    """The numbers of a question by their units; years of the calendar are none, nor is 两个."""
    values: dict[str, list[float]] = {}
    for number, unit in _ASKED.findall(_EACH.sub(" ", _SHORT_YEAR.sub(" ", _folded(question)))):
        value = float(number)
        if unit not in _GENERAL and not (unit == "年" and _YEARS[0] <= value <= _YEARS[1]):
            values.setdefault(unit.lower(), []).append(value)
    return values


@lru_cache(maxsize=4096)
def _ranges(text: str) -> tuple[Range, ...]:
    return tuple(_joined(sorted(_read(_folded(text)), key=lambda held: (held.start, -held.end))))


def _folded(text: str) -> str:
    return canonical(simplified(normalise(text)))


def _read(text: str) -> Iterator[Range]:
    for match in _BETWEEN.finditer(text):
        low, unit, with_low, high, other, with_high = match.groups()
        if (not unit or unit == other) and float(low) < float(high):
            yield Range(float(low), float(high), other.lower(), *match.span(), with_low != "不含", with_high != "不含")
    for pattern, rises in ((_FROM, True), (_UP_TO, False)):
        for match in pattern.finditer(text):
            groups = match.groups()
            number, unit = (groups[0], groups[1]) if groups[0] else (groups[4], groups[5])
            closed = "不含" not in groups and not (_OPEN.match(match[0]) and not match[0].startswith("不超过"))
            low, high = (float(number), math.inf) if rises else (-math.inf, float(number))
            yield Range(low, high, unit.lower(), *match.span(), closed, closed)


def _joined(ranges: list[Range]) -> Iterator[Range]:
    """Ranges inside others left out; one that rises and one that ends right behind it in one: 一年以上不满三年."""
    held: Range | None = None
    for one in ranges:
        if held is not None and one.start < held.end:
            continue
        if held is not None and _goes_with(held, one):
            held = Range(held.low, one.high, held.unit, held.start, one.end, held.with_low, one.with_high)
            continue
        if held is not None:
            yield held
        held = one
    if held is not None:
        yield held


def _goes_with(held: Range, one: Range) -> bool:
    return (
        held.unit == one.unit
        and math.isinf(held.high)
        and math.isinf(one.low)
        and one.high > held.low
        and one.start - held.end <= _NEAR
    )
