"""One ranking out of a sparse and a dense one.

``QueryAwareFusion`` trusts sparse search as far as the query's words occur in the collection, and together;
``ReciprocalRankFusion`` looks at ranks alone. Neither searches: they see hits, and may ask for the missing scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rag.types import Chunk, Hit, Stage

_RANK_OFFSET = 60
_TRUST = 8.0
_CROWD = 5  # where so many passages hold the query's words as well as the best does, words do not tell them apart


class SparseScores(Protocol):
    """Sparse scores of given chunks, and the most that a score can be."""

    def score(self, query: str, chunk_ids: Sequence[str]) -> NDArray[np.float64]:
        """The query's score of each chunk, 0 or more."""
        ...

    def bound(self, query: str) -> float:
        """What a chunk would score that held every term of the query without end."""
        ...


class DenseScores(Protocol):
    """Dense scores of given chunks, and the mean over all chunks."""

    def score(self, query: str, chunk_ids: Sequence[str]) -> NDArray[np.float32]:
        """The cosine of the query with each chunk."""
        ...

    def mean(self, query: str) -> float:
        """The mean cosine of the query with all chunks: what an unrelated chunk scores."""
        ...


class ReciprocalRankFusion:
    """A ``Fusion``: each ranking gives 1 / (60 + rank). (Cormack, Clarke and Büttcher, SIGIR 2009.)"""

    def fuse(self, query: str, sparse: Sequence[Hit], dense: Sequence[Hit]) -> list[Hit]:
        """Merge the rankings; ``query`` is not looked at."""
        chunks = _union(sparse, dense)
        scores = dict.fromkeys(chunks, 0.0)
        for ranking in (sparse, dense):
            for hit in ranking:
                scores[hit.chunk.id] += 1 / (_RANK_OFFSET + hit.rank)
        return _ranked(chunks, scores)


class QueryAwareFusion:
    """A ``Fusion``: a convex combination of normalised scores, weighted by what the query's words are worth here.

    Both scores are put on a scale of their own query, not of the candidates: a cosine counts from the mean over
    the whole collection (0) to 1; a sparse score is the share of the most that the query could score, where words
    that occur nowhere count in full. The weight of sparse search is in proportion to how far its best such share
    stands above the fifth best: low for a question in another language or in other words, and where many passages
    hold the same words; high for exact names that stand together in one passage. A candidate of one ranking gets
    its true score of the other. (Convex combination: Bruch, Gai and Ingber, TOIS 2023.)
    """

    def __init__(self, sparse: SparseScores, dense: DenseScores, trust: float = _TRUST) -> None:
        self._sparse, self._dense, self._trust = sparse, dense, trust

    def fuse(self, query: str, sparse: Sequence[Hit], dense: Sequence[Hit]) -> list[Hit]:
        """Merge the rankings. Scores are 0 to 1, where 0 is an average passage (or below)."""
        chunks = _union(sparse, dense)
        if not chunks:
            return []
        ids = list(chunks)
        mean = self._dense.mean(query)
        near = np.clip((self._dense.score(query, ids) - mean) / max(1 - mean, 1e-6), 0, 1)
        covered = self._sparse.score(query, ids) / max(self._sparse.bound(query), 1e-6)
        weight = self._trust * _prominence(covered)
        combined = (near + weight * covered) / (1 + weight)
        return _ranked(chunks, dict(zip(ids, combined.tolist(), strict=True)))


def _prominence(covered: NDArray[np.float64]) -> float:
    """How far the best share stands above the fifth best, which counts as 0 where there are fewer."""
    best = np.sort(covered)[::-1]
    return float(best[0] - (best[_CROWD - 1] if len(best) >= _CROWD else 0.0))


def _union(sparse: Sequence[Hit], dense: Sequence[Hit]) -> dict[str, Chunk]:
    return {hit.chunk.id: hit.chunk for hit in (*sparse, *dense)}


def _ranked(chunks: dict[str, Chunk], scores: dict[str, float]) -> list[Hit]:
    order = sorted(chunks, key=lambda chunk_id: (-scores[chunk_id], chunk_id))
    return [
        Hit(chunks[chunk_id], scores[chunk_id], rank, Stage.FUSED) for rank, chunk_id in enumerate(order, start=1)
    ]
