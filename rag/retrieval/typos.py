"""Words of a query that no chunk has, as words that sound or look the same and that some chunk has.

Chinese is typed by sound, so a wrong character is nearly always a homophone: candidates share the pinyin without
tones. A Latin word may differ by one letter. It proposes; how far a proposal is trusted is decided elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from rag.retrieval.stopwords import CHINESE, WEAK_CHARACTERS
from rag.sounds import alike
from rag.text import CJK, normalise

_RUN = re.compile(f"[{CJK}]{{2,}}")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_SHORTEST = 5  # letters: shorter words have too many neighbours
_LONGEST = 40  # letters: longer ones are no words, and all their neighbours cost seconds
_FOREIGN = 8  # pairs: a longer run of which none is known is in a language that the chunks are not in
_MOST = 6  # proposals for one unknown term

Rarity = Callable[[str], float | None]
"""A term's inverse document frequency, None when no chunk has it."""


def proposals(query: str, terms: Iterable[str], rarity: Rarity) -> list[str]:
    """Known terms in place of the unknown ones among ``terms``, the terms of ``query``, likeliest first for each.

    An unknown term of which no like is known gives none, as does a word in a language the chunks are not in.
    """
    found: dict[str, None] = {}
    for run in _RUN.findall(normalise(query)):
        pairs = [run[place : place + 2] for place in range(len(run) - 1)]
        unknown = [rarity(pair) is None for pair in pairs]
        if len(pairs) >= _FOREIGN and all(unknown):
            continue
        for place, pair in enumerate(pairs):
            if unknown[place] and pair not in CHINESE and WEAK_CHARACTERS.isdisjoint(pair):
                before, after = run[max(0, place - 1) : place], run[place + 2 : place + 3]
                found |= dict.fromkeys(_homophones(pair, before, after, rarity))
    for term in terms:
        if _SHORTEST <= len(term) <= _LONGEST and term.isascii() and term.isalpha() and rarity(term) is None:
            found |= dict.fromkeys(sorted(_one_letter_off(term, rarity))[:_MOST])
    return list(found)


def _homophones(pair: str, before: str, after: str, rarity: Rarity) -> list[str]:
    """Known pairs that sound like ``pair``: first those that join what is around. One character is replaced, or, where
    that leads nowhere, both."""
    first, second = pair[0], pair[1]
    ranked: list[tuple[int, float, str]] = []
    for candidate in (
        *(other + second for other in alike(first)),
        *(first + other for other in alike(second)),
    ):
        weight = rarity(candidate)
        if weight is not None:
            joins = [candidate[0] != first and before + candidate[0], candidate[1] != second and candidate[1] + after]
            known = sum(len(join) == 2 and rarity(join) is not None for join in joins if join)
            ranked.append((-known, -weight, candidate))
    if not ranked:
        both = (one + other for one in alike(first)[1:] for other in alike(second)[1:])
        ranked = [(0, -weight, candidate) for candidate in both if (weight := rarity(candidate)) is not None]
    return [candidate for *_, candidate in sorted(ranked)[:_MOST]]


def _one_letter_off(word: str, rarity: Rarity) -> Iterator[str]:
    """Known words one letter more, less or other than ``word``, or with two neighbours exchanged (Damerau)."""
    seen = {word}
    for place in range(len(word) + 1):
        head, tail = word[:place], word[place:]
        edits = [head + letter + rest for letter in _LETTERS for rest in (tail, tail[1:])]
        edits += [head + tail[1:], head + tail[1:2] + tail[:1] + tail[2:]]
        for edit in edits:
            if edit not in seen:
                seen.add(edit)
                if rarity(edit) is not None:
                    yield edit
