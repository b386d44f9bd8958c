"""Candidates in their final order, with a score that estimates the probability that they answer the query.

``MaxSimReranker`` compares token vectors that the index already keeps; ``NoReranker`` leaves the fused order.
Finding candidates and merging rankings happen elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rag.interfaces import Embedder, Vector
from rag.retrieval.late_interaction import TokenSource, best_matches, word_tokens
from rag.types import Hit, Stage

_LOW_QUANTILE = 0.2
_INTERCEPT, _MEAN, _LOW = -50.0, 45.0, 15.0


class MaxSimReranker:
    """A ``Reranker`` by late interaction: the mean over the query's tokens of the best cosine in the passage."""

    def __init__(self, embedder: Embedder, tokens: TokenSource) -> None:
        self._embedder = embedder
        self._tokens = tokens

    def rerank(self, query: str, hits: Sequence[Hit]) -> list[Hit]:
        """Order ``hits`` anew; equal scores by chunk id.

        Raises:
            KeyError: a hit's chunk is not in the index.
        """
        if not hits:
            return []
        words = word_tokens(query, self._embedder.embed_query(query))
        matches = best_matches(words, [self._tokens.tokens_of(hit.chunk.id)[0] for hit in hits])
        return ranked(hits, probabilities(matches))


class NoReranker:
    """A ``Reranker`` that keeps the order; a fused score outside 0 to 1 is pulled to the nearer end."""

    def rerank(self, query: str, hits: Sequence[Hit]) -> list[Hit]:
        """The hits as they came, under the stage's name."""
        return [
            replace(hit, score=min(1.0, max(0.0, hit.score)), rank=rank, stage=Stage.RERANKED)
            for rank, hit in enumerate(hits, 1)
        ]


def probabilities(matches: Vector) -> list[float]:
    """From the best cosine of each query token in each passage, (n, q), one probability a passage."""
    if not matches.shape[1]:
        return [0.0] * len(matches)
    mean = matches.mean(axis=1)
    low = np.quantile(matches, _LOW_QUANTILE, axis=1)
    return [_logistic(_INTERCEPT + _MEAN * float(m) + _LOW * float(q)) for m, q in zip(mean, low, strict=True)]


def ranked(hits: Sequence[Hit], scores: Sequence[float]) -> list[Hit]:
    """``hits`` with new scores, best first, ranks from 1."""
    order = sorted(range(len(hits)), key=lambda index: (-scores[index], hits[index].chunk.id))
    return [
        replace(hits[index], score=scores[index], rank=rank, stage=Stage.RERANKED)
        for rank, index in enumerate(order, 1)
    ]


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, value))))
