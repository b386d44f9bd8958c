"""Answers in outline: the sentences that stand for a whole section, in its order.

Centrality is the share of a section's words that a sentence holds (a sentence that says what many say), together
with its relevance, words that announce a finding, and its place; sentences alike are shown once (maximal marginal
relevance, Carbonell and Goldstein 1998).
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence

from rag.answering.content import keys, name_keys, overlap, pairs
from rag.answering.reading import Candidate
from rag.text import is_cjk, simplified

_MOST = 8
_LONGEST = 1500  # characters; those of Chinese count twice
_REDUNDANCY = 0.75
_FOLLOWS, _NEAR, _NAMED = 0.3, 0.6, 0.4
_CUES = re.compile(
    r"表明|发现|证明|证实|揭示|结论|总之|综上|提出|推出|给出|介绍|旨在|目标|目的|解决|首个|首次|优于|意味着|导致|因此|认为|指出|显示|实现|"
    r"\b(?:show|found|find|conclu|demonstrat|propos|introduc|present|aim|result|suggest|reveal|in summary|overall|first)\w*",
    re.IGNORECASE,
)
_ORDINAL = re.compile(r"^(?:首先|其次|再次|最后|第[一二三四五六七八九十]|[一二三四]是|一方面|另一方面|first|second|third|finally)", re.IGNORECASE)


def outline(question: str, ranked: Sequence[Candidate], most: int = _MOST) -> list[Candidate]:
    """At most ``most`` sentences of the section that ``question`` is about, in the order of the text."""
    if not ranked:
        return []
    members = [one for one in _main_section(ranked) if not one.is_label]
    value = _values(members)
    members = _close(members, name_keys(question))
    chosen: list[Candidate] = []
    length = 0
    while members and len(chosen) < most and length < _LONGEST:
        best = max(members, key=lambda one: (value[one.run, one.place] - _REDUNDANCY * _likeness(one, chosen), -one.place))
        members.remove(best)
        chosen.append(best)
        length += sum(1 + is_cjk(sign) for sign in best.text)
    return sorted(chosen, key=lambda one: (one.run, one.place))


def _main_section(ranked: Sequence[Candidate]) -> list[Candidate]:
    """The candidates of the section whose best three sentences score most. Documents of one title are one work."""
    groups: dict[tuple[str, str], list[Candidate]] = defaultdict(list)
    for one in ranked:
        chunk = one.span.chunk
        groups[chunk.title or chunk.document_id, chunk.section].append(one)
    return max(groups.values(), key=lambda group: (sum(one.score for one in group[:3]), -group[0].marker))


def _close(members: Sequence[Candidate], names: frozenset[str]) -> list[Candidate]:
    """Those nearly as relevant as the best one: in its passages with all that follows, elsewhere in passages that name
    what is asked about. What goes on about "this project" elsewhere may be about another one.
    """
    best = max(members, key=lambda one: one.score, default=None)
    if best is None:
        return []
    near = [
        one
        for one in members
        if one is best or (one.score >= _NEAR * best.score and (one.run == best.run or _names(one, names)))
    ]
    begin = min(one.place for one in near if one.run == best.run)
    return [
        one
        for one in members
        if one in near or (one.run == best.run and one.place > begin and one.score >= _FOLLOWS * best.score)
    ]


def _names(one: Candidate, names: frozenset[str]) -> bool:
    chunk = one.span.chunk
    return not names or overlap(names, pairs(f"{chunk.title} {chunk.section} {chunk.text}")) >= _NAMED


def _values(members: Sequence[Candidate]) -> dict[tuple[int, int], float]:
    """How much each sentence stands for all."""
    held = {(one.run, one.place): keys(one.text) for one in members}
    count: Counter[str] = Counter(key for found in held.values() for key in found)
    total = {place: sum(math.log(1 + count[key]) for key in found if count[key] > 1) for place, found in held.items()}
    central = {place: total[place] / math.sqrt(len(held[place]) + 8) for place in held}
    highest = max(central.values(), default=0.0) or 1.0
    best = max((one.score for one in members), default=0.0) or 1.0
    first = min(((one.run, one.place) for one in members), default=(0, 0))
    return {
        (one.run, one.place): 0.2 * central[one.run, one.place] / highest
        + 0.55 * one.score / best
        + 0.1 * bool(_CUES.search(simplified(one.text)))
        + 0.1 * bool(_ORDINAL.match(one.text))
        + 0.1 * ((one.run, one.place) == first)
        for one in members
    }


def _likeness(one: Candidate, chosen: Sequence[Candidate]) -> float:
    mine = pairs(one.text)
    return max(
        (len(mine & pairs(other.text)) / max(1, min(len(mine), len(pairs(other.text)))) for other in chosen), default=0.0
    )
