"""Candidates in their final order, with a score that estimates the probability that they answer the query.

``MaxSimReranker`` compares token vectors that the index already keeps; ``NoReranker`` leaves the fused order.
Finding candidates and merging rankings happen elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rag.interfaces import AnswerFinder, Embedder, Vector
from rag.retrieval.crosslingual import SentenceMatcher
from rag.retrieval.evidence import Floats, features, probabilities
from rag.retrieval.fusion import DenseScores, SparseScores
from rag.retrieval.late_interaction import TokenSource, likeness, word_tokens
from rag.text import in_another_language
from rag.types import Hit, Stage

_READ_ACROSS = 8
"""Passages in another language that are read once more, the best first; twelve order no better (``eval/LOG.md``)."""


_LOOKED_AT = 12
"""Passages whose looks are read, the best first: those behind would not come among the first five by them."""

_READ = 6
"""Passages that are read together with the query, the best first."""
_ANSWERS, _MOST_LACKING = 0.15, 6.0
"""What each log-odds that a passage lacks of the one that most likely answers takes from its own, and how much at most counts."""
_LIFT, _MODEST = 0.7, -0.85
"""The best passage has at least this share of the log-odds that one answers, up to a modest probability (.3), and the others as
much more: a question in words of its own scores low whatever it meets."""

Looks = Callable[[str, Sequence[str]], Vector]
"""Of a query and n passages, the log-odds (n,), 0 or below, that each has by its looks against the best-looking one."""


class Searched(TokenSource, Protocol):
    """An index whose chunks are reranked."""

    def context_of(self, chunk_id: str) -> Vector:
        """The token vectors of what stands above a chunk."""
        ...

    @property
    def sparse(self) -> SparseScores:
        """Its sparse search."""
        ...

    def dense(self, embedder: Embedder) -> DenseScores:
        """Its dense search."""
        ...


class MaxSimReranker:
    """A ``Reranker`` by late interaction: the mean over the query's words of the best cosine in the passage and in
    its best stretch, or in the title and section above it.

    That orders; how far sparse search agrees decides between passages that are close, and both together make the
    probability (see ``evidence``). Where most passages are in another language than the query, ``across`` reads the
    best of them too. ``looks`` says of the best which look as if they could answer at all; ``finder`` reads them together
    with the query, where they are in its language.
    """

    def __init__(
        self,
        embedder: Embedder,
        index: Searched,
        across: SentenceMatcher | None = None,
        looks: Looks | None = None,
        finder: AnswerFinder | None = None,
    ) -> None:
        self._embedder, self._index, self._across, self._looks, self._finder = embedder, index, across, looks, finder
        self._sparse, self._dense = index.sparse, index.dense(embedder)

    def rerank(self, query: str, hits: Sequence[Hit]) -> list[Hit]:
        """Order ``hits`` anew; equal scores by chunk id.

        Raises:
            KeyError: a hit's chunk is not in the index.
        """
        if not hits:
            return []
        ids = [hit.chunk.id for hit in hits]
        words = word_tokens(query, self._embedder.embed_query(query))
        contexts = [self._index.context_of(chunk_id) for chunk_id in ids]
        match = likeness(words, [self._index.tokens_of(chunk_id)[0] for chunk_id in ids], contexts)
        coverage = self._sparse.score(query, ids) / max(self._sparse.bound(query), 1e-6)
        nearness = self._nearness(query, hits, match)
        rows = features(match, self._dense.mean(query), coverage, foreign=nearness is not None)
        chances = probabilities(rows, nearness=nearness)
        seen = np.zeros(len(hits), dtype=np.float32)
        if self._looks is not None:
            seen = self._seen(query, hits, chances)
            chances = probabilities(rows, nearness=nearness, looks=seen)
        if self._finder is not None and nearness is None:
            chances = probabilities(rows, nearness=nearness, looks=seen + self._answering(query, hits, chances))
        return ranked(hits, chances.tolist())

    def _seen(self, query: str, hits: Sequence[Hit], chances: Floats) -> Vector:
        """The looks of each hit, (n,); those that are not looked at have the worst of those that are."""
        assert self._looks is not None
        first = np.argsort(-chances, kind="stable")[:_LOOKED_AT]
        return _spread(first, self._looks(query, [hits[place].chunk.text for place in first]), len(hits))

    def _answering(self, query: str, hits: Sequence[Hit], chances: Floats) -> Vector:
        """What each hit lacks of the one that most likely answers, (n,), in log-odds, and what all are lifted by; those that are not
        read lack as much as the worst of those that are."""
        assert self._finder is not None
        first = np.argsort(-chances, kind="stable")[:_READ]
        odds = np.array(self._finder.answers(query, [hits[place].chunk for place in first]), dtype=np.float32)
        return _spread(first, told(odds, float(chances.max())), len(hits))

    def _nearness(self, query: str, hits: Sequence[Hit], match: Vector) -> Vector | None:
        """How near ``query`` comes to each hit across languages, (n,); those that are not read as near as the
        farthest of those that are. None where most of them are in its language."""
        texts = [hit.chunk.text for hit in hits]
        if self._across is None or not in_another_language(query, texts):
            return None
        first = np.argsort(-match, kind="stable")[:_READ_ACROSS]
        return _spread(first, self._across(query, [texts[place] for place in first]), len(hits))


def told(odds: Vector, best: float) -> Vector:
    """What passages gain or lose, (n,), in log-odds: by what each lacks of the one that most likely answers, and all alike where
    the ``best`` chance is lower than that one's promise."""
    likeliest, held = float(odds.max()), float(np.clip(best, 1e-9, 1 - 1e-9))
    least = min(_LIFT * likeliest, _MODEST) if likeliest > 0 else -np.inf
    lift = max(0.0, least - float(np.log(held / (1 - held))))
    gained: Vector = (lift - _ANSWERS * np.minimum(likeliest - odds, _MOST_LACKING)).astype(np.float32)
    return gained


def _spread(places: NDArray[np.intp], values: Vector, size: int) -> Vector:
    """``values`` at ``places`` and the least of them everywhere else: (size,)."""
    result = np.full(size, values.min(), dtype=np.float32)
    result[places] = values
    return result


class NoReranker:
    """A ``Reranker`` that keeps the order; a fused score outside 0 to 1 is pulled to the nearer end."""

    def rerank(self, query: str, hits: Sequence[Hit]) -> list[Hit]:
        """The hits as they came, under the stage's name."""
        return [
            replace(hit, score=float(np.clip(hit.score, 0, 1)), rank=rank, stage=Stage.RERANKED)
            for rank, hit in enumerate(hits, 1)
        ]


def ranked(hits: Sequence[Hit], scores: Sequence[float]) -> list[Hit]:
    """``hits`` with new scores, best first, ranks from 1."""
    order = sorted(range(len(hits)), key=lambda index: (-scores[index], hits[index].chunk.id))
    return [
        replace(hits[index], score=scores[index], rank=rank, stage=Stage.RERANKED)
        for rank, index in enumerate(order, 1)
    ]
