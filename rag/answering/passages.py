"""Evidence as a model is shown it: numbered passages, cut down to their best sentences where space is short."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from rag.answering.reading import Candidate
from rag.answering.selection import Selector
from rag.text import is_cjk
from rag.types import Evidence

_LATIN_WEIGHT = 0.4
_GAP = " … "


def size(text: str) -> float:
    """The length of ``text`` in CJK characters; other characters count 0.4."""
    wide = sum(is_cjk(sign) for sign in text)
    return wide + _LATIN_WEIGHT * (len(text) - wide)


def trimmed(question: str, evidence: Sequence[Evidence], selector: Selector, budget: int) -> list[str]:
    """The passages as numbered text of at most ``budget`` characters in all; at least one sentence is kept."""
    whole = [f"{_head(item)}\n{item.chunk.text.strip()}" for item in evidence]
    if sum(map(size, whole)) <= budget:
        return whole
    kept: dict[int, list[Candidate]] = {}
    left = float(budget)
    for one in selector.rank(question, evidence):
        cost = size(one.text) + (0 if one.marker in kept else size(_head(evidence[_place(one, evidence)])))
        if kept and cost > left:
            continue
        kept.setdefault(one.marker, []).append(one)
        left -= cost
    return [_passage(item, kept[item.marker]) for item in evidence if item.marker in kept]


def _place(one: Candidate, evidence: Sequence[Evidence]) -> int:
    return next(place for place, item in enumerate(evidence) if item.marker == one.marker)


def _head(item: Evidence) -> str:
    """The number and where the passage stands; a title that the section repeats is said once."""
    chunk = item.chunk
    section = chunk.section.rsplit(" › ", 1)[-1]
    place = " › ".join(dict.fromkeys(part for part in (chunk.title, section) if part))
    return f"[{item.marker}] {place}".strip()


def _passage(item: Evidence, chosen: Sequence[Candidate]) -> str:
    """The chosen sentences in the order of the document, with a mark where some were left out between."""
    ordered = sorted(chosen, key=lambda one: one.place)
    text = ordered[0].text
    for before, one in pairwise(ordered):
        text += ("\n" if one.place == before.place + 1 else _GAP) + one.text
    return f"{_head(item)}\n{text}"
