"""When two texts say the same, for scoring: normalised tokens, numbers by value, quotes by their place.

Knows nothing of cases or metrics. Width, case, script, punctuation and spacing never decide; ``12`` is not
found in ``2012``, and 七百四十万 equals 7.4 million.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise

from rag.text import CJK, Number, fold, normalise, numbers

_TOKEN = re.compile(rf"[{CJK}]|\d+(?:[.,]\d+)*|[^\W\d_{CJK}]+")
_MARKER = re.compile(r"\s*\[\d+\]")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_PLAIN_NUMERAL = re.compile(r"[零〇一二两三四五六七八九十百千万亿]+")

Tokens = tuple[str, ...]


def without_markers(text: str) -> str:
    """``text`` without its ``[n]`` markers."""
    return _MARKER.sub("", text)


@lru_cache(maxsize=200_000)
def tokens(text: str) -> Tokens:
    """CJK characters one by one, other words and numbers whole; no punctuation, no case, one script."""
    return tuple(_TOKEN.findall(_THOUSANDS.sub("", normalise(text))))


@lru_cache(maxsize=200_000)
def canonical_tokens(text: str) -> Tokens:
    """Like ``tokens``, with every number written as its value and its unit normalised."""
    pieces: list[str] = []
    position = 0
    for number in numbers(text):
        if number.start < position:
            continue
        pieces += tokens(text[position : number.start])
        pieces += (_plain(number), *((number.unit,) if number.unit else ()))
        position = number.end
    return (*pieces, *tokens(text[position:]))


def same(one: str, other: str) -> bool:
    """Whether two texts are the same answer."""
    return tokens(one) == tokens(other) or canonical_tokens(one) == canonical_tokens(other)


def contains(text: str, answer: str) -> bool:
    """Whether ``text`` gives ``answer``.

    A bare number is compared by value (and unit, where ``answer`` has one); anything else as a run of tokens,
    with numbers as written or by value. An empty answer is never contained.
    """
    sought = tokens(answer)
    if not sought:
        return False
    number = _pure_number(answer)
    if number is not None:
        return any(
            found.value == number.value and number.unit in ("", found.unit) for found in _numbers(text)
        )
    return _run_in(sought, tokens(text)) or _run_in(canonical_tokens(answer), canonical_tokens(text))


def contains_any(text: str, answers: Iterable[str]) -> bool:
    """Whether ``text`` gives one of ``answers``."""
    return any(contains(text, answer) for answer in answers)


def overlap(text: str, reference: str) -> float:
    """The share of ``reference``'s tokens that ``text`` has too, counted with repeats; 0 for no tokens."""
    wanted = Counter(canonical_tokens(reference))
    if not wanted:
        return 0.0
    return sum((wanted & Counter(canonical_tokens(text))).values()) / sum(wanted.values())


def f1(text: str, reference: str) -> float:
    """Token F1: of characters in Chinese, of words elsewhere."""
    given, wanted = Counter(tokens(text)), Counter(tokens(reference))
    common = sum((given & wanted).values())
    if not common:
        return 0.0
    return 2 * common / (sum(given.values()) + sum(wanted.values()))


def bigrams(text: str) -> set[tuple[str, str]]:
    """The neighbouring token pairs of ``text``, numbers by value; of a single token, that token with itself."""
    run = canonical_tokens(text)
    if len(run) == 1:
        return {(run[0], run[0])}
    return set(pairwise(run))


def find(document: str, quote: str) -> list[tuple[int, int]]:
    """Every place of ``quote`` in ``document`` as offsets, whatever its width, script and punctuation."""
    text, places = _letters(document)
    sought, _ = _letters(quote)
    found: list[tuple[int, int]] = []
    position = text.find(sought) if sought else -1
    while position >= 0:
        found.append((places[position], places[position + len(sought) - 1] + 1))
        position = text.find(sought, position + len(sought))
    return found


@lru_cache(maxsize=4096)
def _letters(text: str) -> tuple[str, Sequence[int]]:
    folded = fold(text)
    places = [place for place, character in enumerate(folded) if character.isalnum()]
    return "".join(folded[place] for place in places), places


@lru_cache(maxsize=200_000)
def _numbers(text: str) -> tuple[Number, ...]:
    return tuple(numbers(text))


def _pure_number(answer: str) -> Number | None:
    text = answer.strip(" \t。.,，;；")
    plain = normalise(text)
    if _PLAIN_NUMERAL.fullmatch(plain):
        text = plain + "元"
        found = numbers(text)
        whole = len(found) == 1 and found[0].start == 0 and found[0].end == len(text)
        return Number(found[0].value, "", 0, len(plain)) if whole else None
    found = numbers(text)
    whole = len(found) == 1 and found[0].start == 0 and found[0].end == len(text)
    return found[0] if whole else None


def _plain(number: Number) -> str:
    value = number.value.normalize()
    return f"{value:f}"


def _run_in(sought: Tokens, run: Tokens) -> bool:
    if not sought or len(sought) > len(run):
        return False
    first, length = sought[0], len(sought)
    return any(
        token == first and run[place : place + length] == sought for place, token in enumerate(run)
    )
