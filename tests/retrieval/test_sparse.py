"""BM25: both packages agree, scope and ties hold, nothing without a shared term is a hit."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from rag.errors import IndexCorrupt
from rag.retrieval import postings
from rag.retrieval.analysis import Analyzer
from rag.retrieval.catalogue import Index
from rag.retrieval.chunks import ChunkTable
from rag.retrieval.postings import MappedPostings, RankPostings, open_postings, write_postings
from rag.retrieval.sparse import SparseIndex
from rag.types import Chunk, Scope, Stage

ANYWHERE = Scope()


def random_terms(chunks: int, seed: int = 0) -> list[list[str]]:
    random = np.random.default_rng(seed)
    lengths = random.integers(0, 60, chunks)
    return [[f"t{int(number)}" for number in random.zipf(1.4, length) if number < 500] for length in lengths]


@pytest.fixture
def mapped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MappedPostings:
    monkeypatch.setattr(postings, "SMALL", 10)
    files = write_postings(tmp_path, random_terms(300), 300)
    assert all((tmp_path / name).is_file() for name in files)
    opened = open_postings(tmp_path, 300)
    assert isinstance(opened, MappedPostings)
    return opened


def test_the_two_packages_agree_on_every_score_and_order(mapped: MappedPostings) -> None:
    small = RankPostings(random_terms(300))
    random = np.random.default_rng(1)
    for _ in range(50):
        query = [f"t{int(number)}" for number in random.zipf(1.3, 8)]
        np.testing.assert_allclose(mapped.scores(query), small.scores(query), rtol=2e-5, atol=1e-5)
        for term in query:
            assert (mapped.idf(term) or 0.0) == pytest.approx(small.idf(term) or 0.0, rel=1e-5)


def test_scores_are_bm25_without_the_constant() -> None:
    one = RankPostings([["a", "a", "b"], ["b"], ["c"]])
    length = 3 / (5 / 3)
    weight = math.log(4 / 1) * 2 * 2.5 / (2 + 1.5 * (0.25 + 0.75 * length))
    assert one.scores(["a"]).tolist() == [pytest.approx(weight), 0, 0]
    assert one.scores(["a", "a"])[0] == pytest.approx(2 * weight)
    assert one.scores(["unknown"]).tolist() == [0, 0, 0]


@pytest.mark.parametrize("terms", [[], [[], []]])
def test_nothing_to_search_gives_no_scores(terms: list[list[str]]) -> None:
    assert RankPostings(terms).scores(["a"]).tolist() == [0.0] * len(terms)


def test_postings_of_another_number_of_chunks_are_corrupt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_postings(tmp_path, random_terms(5), 5)
    with pytest.raises(IndexCorrupt, match=r"terms\.jsonl"):
        open_postings(tmp_path, 6)
    monkeypatch.setattr(postings, "SMALL", 3)
    write_postings(tmp_path, random_terms(5), 5)
    with pytest.raises(IndexCorrupt, match="another number"):
        open_postings(tmp_path, 6)
    (tmp_path / "sparse" / "indices.csc.index.npy").write_bytes(b"cut")
    with pytest.raises(IndexCorrupt, match="sparse"):
        open_postings(tmp_path, 5)


@pytest.mark.parametrize(
    ("query", "best"),
    [
        ("大熊猫重多少公斤？", "熊猫#2"), ("大熊貓吃竹子", "熊猫#1"), ("台湾最高的山", "臺灣#0"), ("长城有多长", "长城#0"),
        ("baichuan 训练了多少 tokens", "models#0"), ("ＧＰＴ－４ｏ", "models#1"), ("二万一千一百九十六公里", "长城#0"),
        ("海拔三千九百五十二", "臺灣#0"),
    ],
)  # fmt: skip
def test_finds_by_words_whatever_the_script_and_width(index: Index, query: str, best: str) -> None:
    assert index.sparse.search(query, 3, ANYWHERE)[0].chunk.id == best


def test_hits_are_ranked_from_one_and_all_share_a_term(index: Index) -> None:
    hits = index.sparse.search("大熊猫吃竹子", 50, ANYWHERE)
    assert [hit.rank for hit in hits] == [1, 2, 3]
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert {hit.stage for hit in hits} == {Stage.SPARSE}
    assert index.sparse.search("量子纠缠", 50, ANYWHERE) == []


def test_a_scope_leaves_nothing_else(index: Index) -> None:
    hits = index.sparse.search("大熊猫 长城 台湾", 50, Scope(document_ids=("长城", "臺灣")))
    assert {hit.chunk.document_id for hit in hits} == {"长城", "臺灣"}
    assert index.sparse.search("大熊猫", 50, Scope(document_ids=("长城",))) == []
    assert index.sparse.search("大熊猫", 50, Scope(document_ids=("恐龙",))) == []


@pytest.mark.parametrize("k", [-1, 0])
def test_no_hits_when_none_are_asked_for(index: Index, k: int) -> None:
    assert index.sparse.search("大熊猫", k, ANYWHERE) == []


def test_equal_scores_are_ordered_by_chunk_id(analyzer: Analyzer) -> None:
    names = ["c", "a", "d", "b"]
    table = ChunkTable(Chunk(name, name, name, "", "同样的话", 0, 4) for name in names)
    sparse = SparseIndex(table, RankPostings([analyzer.terms("同样的话")] * 4), analyzer)
    assert [hit.chunk.id for hit in sparse.search("同样的话", 3, ANYWHERE)] == ["a", "b", "c"]


def test_score_is_the_one_that_search_gives(index: Index) -> None:
    hits = index.sparse.search("大熊猫", 3, ANYWHERE)
    scores = index.sparse.score("大熊猫", [*(hit.chunk.id for hit in hits), "长城#0"])
    assert scores.tolist() == [*(hit.score for hit in hits), 0.0]


def test_no_score_exceeds_the_bound_and_unknown_words_raise_it(index: Index) -> None:
    for query in ("大熊猫", "大熊猫吃竹子", "Baichuan-7B trained on tokens"):
        assert index.sparse.search(query, 1, ANYWHERE)[0].score <= index.sparse.bound(query)
    assert index.sparse.bound("大熊猫 xyzzy") == pytest.approx(index.sparse.bound("大熊猫") + 2.5 * math.log(10))


@pytest.mark.parametrize("query", ["", " ", "？！", '" OR NEAR(', "*", "\ud800", "\x00", "a" * 10_000, "长" * 10_000])
def test_no_query_breaks_it(index: Index, query: str) -> None:
    assert all(hit.score > 0 for hit in index.sparse.search(query, 5, ANYWHERE))
