"""What several queries and rounds of one question found, merged into one ranking and numbered evidence.

Pure bookkeeping: no search, no model. A marker once given keeps its chunk through all rounds.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rag.text import fold
from rag.types import Chunk, Evidence, Hit

_SIGNS = re.compile(r"[\W_]+")
_TURNS = 5
_FEW, _LOWER = 4, 0.4
"""Passages that there should be at least, for which the floor is lowered to this share: a long question in words of its own
scores low whatever it meets."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """The rankings so far, one a query in the order of asking, and the evidence taken from them.

    ``parts``: how many of the queries were asked in the first round.
    """

    rankings: tuple[tuple[Hit, ...], ...] = ()
    evidence: tuple[Evidence, ...] = ()
    parts: int = 0

    def hits(self) -> tuple[Hit, ...]:
        """All candidates in their final order (see ``merge``)."""
        return merge(self.rankings, self.parts)

    def add(self, rankings: Sequence[Sequence[Hit]], *, floor: float, limit: int) -> Gathered:
        """These and the ``rankings`` of one more round.

        At most ``limit`` passages a round become evidence, none that says nothing but what another one says in the same
        words, and none with a score below ``floor``; where there would be fewer than four in all, below 0.4 of it.
        """
        held = [_letters(item.chunk) for item in self.evidence]
        fresh: list[Hit] = []
        merged = merge([tuple(ranking) for ranking in rankings])
        for least, most in ((floor, limit), (floor * _LOWER, min(_FEW - len(self.evidence), limit))):
            for hit in merged:
                if len(fresh) >= most:
                    break
                said = _letters(hit.chunk)
                if hit.score >= least and not any(said in other for other in held):
                    fresh.append(hit)
                    held.append(said)
        numbered = tuple(
            Evidence(marker=marker, chunk=hit.chunk, score=hit.score)
            for marker, hit in enumerate(fresh, start=len(self.evidence) + 1)
        )
        asked = (*self.rankings, *(tuple(ranking) for ranking in rankings))
        return Gathered(asked, self.evidence + numbered, self.parts or len(rankings))

    def nearest(self, count: int) -> tuple[str, ...]:
        """The ids of the ``count`` documents whose chunks rank best."""
        return tuple(dict.fromkeys(hit.chunk.document_id for hit in self.hits()))[:count]

    def chunks(self) -> tuple[Chunk, ...]:
        """The chunks of the evidence, by marker."""
        return tuple(item.chunk for item in self.evidence)


def _letters(chunk: Chunk) -> str:
    """What a chunk says: its letters and digits alone, in one width, case and script.

    Copies of a text differ in spaces and signs; one that differs in a word or a number says something else.
    """
    return _SIGNS.sub("", fold(chunk.text))


def merge(rankings: Sequence[Sequence[Hit]], leading: int | None = None) -> tuple[Hit, ...]:
    """One ranking of several: the ``leading`` first queries (all, by default) take turns, then the others by score.

    A question of several parts needs passages for each; ordering by score alone would let the part with the
    easiest wording crowd the others out. So the best hits of these queries come first, then their second hits, and
    so on for five turns, each turn by score. What a later round tries in other words has no such claim, and scores of
    different queries compare badly. A chunk that several queries found keeps its best score and its earliest turn.
    Ties are broken by chunk id, ranks count from 1.
    """
    best: dict[str, Hit] = {}
    for ranking in rankings:
        for hit in ranking:
            held = best.get(hit.chunk.id)
            if held is None or hit.score > held.score:
                best[hit.chunk.id] = hit
    first = rankings[:leading]
    turns: dict[str, int] = {}
    for ranking in first:
        for turn, hit in enumerate(ranking[:_TURNS]):
            turns[hit.chunk.id] = min(turn, turns.get(hit.chunk.id, _TURNS))
    ordered = sorted(best.values(), key=lambda hit: (turns.get(hit.chunk.id, _TURNS), -hit.score, hit.chunk.id))
    return tuple(replace(hit, rank=rank) for rank, hit in enumerate(ordered, start=1))
