"""Fusion follows sparse search where its words count, and dense search where they do not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from rag.retrieval.catalogue import Index
from rag.retrieval.fusion import QueryAwareFusion, ReciprocalRankFusion
from rag.types import Chunk, Hit, Scope, Stage
from tests.fakes import HashEmbedder


def hits(names: str, stage: Stage) -> list[Hit]:
    return [Hit(Chunk(name, "d", "", "", "", 0, 0), 1.0, rank, stage) for rank, name in enumerate(names, start=1)]


class Scores:
    """Fixed scores of chunks."""

    def __init__(self, scores: dict[str, float], bound: float = 1.0, mean: float = 0.0) -> None:
        self.scores, self._bound, self._mean = scores, bound, mean

    def score(self, query: str, chunk_ids: Sequence[str]) -> NDArray[np.float64]:
        return np.array([self.scores[chunk_id] for chunk_id in chunk_ids])

    def bound(self, query: str) -> float:
        return self._bound

    def mean(self, query: str) -> float:
        return self._mean


class DenseScores(Scores):
    def score(self, query: str, chunk_ids: Sequence[str]) -> NDArray[np.float32]:  # type: ignore[override]
        return super().score(query, chunk_ids).astype(np.float32)


def order(ranking: list[Hit]) -> str:
    assert [hit.rank for hit in ranking] == list(range(1, len(ranking) + 1))
    assert {hit.stage for hit in ranking} <= {Stage.FUSED}
    return "".join(hit.chunk.id for hit in ranking)


def test_reciprocal_ranks_add_up() -> None:
    fused = ReciprocalRankFusion().fuse("q", hits("abc", Stage.SPARSE), hits("cd", Stage.DENSE))
    assert order(fused) == "cabd"
    assert [hit.score for hit in fused] == pytest.approx([1 / 63 + 1 / 61, 1 / 61, 1 / 62, 1 / 62])


def test_reciprocal_rank_ties_go_by_chunk_id() -> None:
    assert order(ReciprocalRankFusion().fuse("q", hits("b", Stage.SPARSE), hits("a", Stage.DENSE))) == "ab"


def test_words_that_stand_together_outweigh_a_slightly_nearer_vector() -> None:
    sparse, dense = Scores({"a": 6.0, "b": 1.0}, bound=10), DenseScores({"a": 0.80, "b": 0.84}, mean=0.7)
    fused = QueryAwareFusion(sparse, dense).fuse("q", hits("ab", Stage.SPARSE), hits("ba", Stage.DENSE))
    assert order(fused) == "ab"


def test_words_that_hardly_occur_count_for_little() -> None:
    sparse, dense = Scores({"a": 0.6, "b": 0.1}, bound=10), DenseScores({"a": 0.80, "b": 0.84}, mean=0.7)
    fused = QueryAwareFusion(sparse, dense).fuse("q", hits("ab", Stage.SPARSE), hits("ba", Stage.DENSE))
    assert order(fused) == "ba"


def test_words_that_many_passages_share_do_not_decide() -> None:
    crowd, near = dict.fromkeys("abcde", 6.0) | {"f": 5.0}, dict.fromkeys("abcde", 0.75) | {"f": 0.80}
    fusion = QueryAwareFusion(Scores(crowd, bound=10), DenseScores(near, mean=0.7))
    assert order(fusion.fuse("q", hits("abcdef", Stage.SPARSE), hits("f", Stage.DENSE))) == "fabcde"
    alone = QueryAwareFusion(Scores(crowd | dict.fromkeys("bcde", 0.0), bound=10), DenseScores(near, mean=0.7))
    assert order(alone.fuse("q", hits("af", Stage.SPARSE), hits("f", Stage.DENSE))) == "af"


def test_scores_follow_the_formula_and_lie_between_0_and_1() -> None:
    sparse, dense = Scores({"a": 5.0, "b": 0.0}, bound=10), DenseScores({"a": 0.7, "b": 0.98}, mean=0.6)
    fused = QueryAwareFusion(sparse, dense, trust=2.0).fuse("q", hits("a", Stage.SPARSE), hits("b", Stage.DENSE))
    assert order(fused) == "ba"
    assert [hit.score for hit in fused] == pytest.approx([0.95 / 2, (0.25 + 1 * 0.5) / 2], abs=1e-6)


def test_a_candidate_of_one_ranking_gets_its_true_score_of_the_other(index: Index, embedder: HashEmbedder) -> None:
    query, dense = "大熊猫吃竹子", index.dense(embedder)
    fusion = QueryAwareFusion(index.sparse, dense)
    everything = fusion.fuse(query, index.sparse.search(query, 9, Scope()), dense.search(query, 9, Scope()))
    cut = fusion.fuse(query, index.sparse.search(query, 1, Scope()), dense.search(query, 9, Scope()))
    assert [(hit.chunk.id, hit.score) for hit in cut] == [(hit.chunk.id, hit.score) for hit in everything]


@pytest.mark.parametrize("empty", ["", "？"])
def test_a_query_without_words_leaves_the_dense_order(index: Index, embedder: HashEmbedder, empty: str) -> None:
    dense = index.dense(embedder)
    ranking = dense.search(empty, 5, Scope())
    fused = QueryAwareFusion(index.sparse, dense).fuse(empty, [], ranking)
    assert {hit.chunk.id for hit in fused} == {hit.chunk.id for hit in ranking}


def test_nothing_found_is_nothing_fused(index: Index, embedder: HashEmbedder) -> None:
    assert QueryAwareFusion(index.sparse, index.dense(embedder)).fuse("q", [], []) == []
    assert ReciprocalRankFusion().fuse("q", [], []) == []
