"""The windows of a passage, runs of one to three neighbouring sentences, and which of them a sentence is like.

What a passage's windows hold is counted once and kept, so that the sentences of an answer can each be looked for in
all of them.
"""

from __future__ import annotations

import heapq
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rag.answering.content import pairs
from rag.interfaces import Span
from rag.sentences import sentence_spans
from rag.types import Evidence

_LONGEST = 3
_BITS = 16
"""Of a counter: a passage has fewer keys than it can count."""


@dataclass(frozen=True, slots=True)
class Window:
    """A run of neighbouring sentences of a passage, and the share of a sentence's keys in it."""

    item: Evidence
    start: int
    end: int
    share: float

    @property
    def text(self) -> str:
        """Its words."""
        return self.item.chunk.text[self.start : self.end]

    @property
    def span(self) -> Span:
        """Where it lies."""
        return Span(self.item.chunk, self.start, self.end)


class _Passage:
    """The windows of one text. For each key one number holds a counter for each window, 1 where it has the key.

    The counters of many keys are added by adding the numbers.
    """

    def __init__(self, text: str) -> None:
        spans = _sentences(text)
        self.places = [
            (spans[first][0], spans[last][1])
            for first in range(len(spans))
            for last in range(first, min(first + _LONGEST, len(spans)))
        ]
        self._counters: dict[str, int] = {}
        for number, (start, end) in enumerate(self.places):
            for key in pairs(text[start:end]):
                self._counters[key] = self._counters.get(key, 0) + (1 << _BITS * number)

    def counts(self, wanted: frozenset[str]) -> Sequence[int]:
        """For each window how many of the keys it has."""
        counters = self._counters
        total = sum(counters[key] for key in wanted if key in counters)
        return struct.unpack(f"<{len(self.places)}H", total.to_bytes(_BITS // 8 * len(self.places), "little"))


_passage = lru_cache(maxsize=1024)(_Passage)


@lru_cache(maxsize=2048)
def _sentences(text: str) -> tuple[tuple[int, int], ...]:
    return tuple(sentence_spans(text))


def closest(wanted: frozenset[str], evidence: Sequence[Evidence], most: int) -> list[Window]:
    """The ``most`` windows with the largest share of ``wanted`` in them, of equal ones the shorter, then the earlier."""
    ranked = heapq.nsmallest(most, _ranked(wanted, evidence), key=lambda window: window[:2])
    return [Window(item, start, end, -share) for share, _, item, start, end in ranked]


def _ranked(wanted: frozenset[str], evidence: Sequence[Evidence]) -> Iterator[tuple[float, int, Evidence, int, int]]:
    for item in evidence:
        passage = _passage(item.chunk.text)
        for (start, end), count in zip(passage.places, passage.counts(wanted), strict=True):
            if count:
                yield -count / len(wanted), end - start, item, start, end


def single(evidence: Sequence[Evidence]) -> list[Window]:
    """Every sentence alone."""
    return [Window(item, start, end, 0.0) for item in evidence for start, end in _sentences(item.chunk.text)]
