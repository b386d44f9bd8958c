"""Dense search is exact while small, near-exact beyond, and reads only what was written here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rag.errors import IndexCorrupt
from rag.interfaces import Vector
from rag.retrieval import dense
from rag.retrieval.catalogue import Index
from rag.retrieval.chunks import ChunkTable
from rag.retrieval.dense import DenseIndex, read_dense, write_dense
from rag.types import Chunk, Scope, Stage
from tests.fakes import HashEmbedder

ANYWHERE = Scope()


def unit_vectors(count: int, dimension: int = 32) -> Vector:
    vectors = np.random.default_rng(0).standard_normal((count, dimension)).astype(np.float32)
    unit: Vector = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def table(count: int) -> ChunkTable:
    return ChunkTable(Chunk(f"c{n:05}", f"d{n % 10}", "", "", "", 0, 0) for n in range(count))


def test_hits_are_the_nearest_by_cosine(index: Index, embedder: HashEmbedder) -> None:
    hits = index.dense(embedder).search("大熊猫吃竹子", 4, ANYWHERE)
    query = embedder.embed_query("大熊猫吃竹子").vector
    expected = sorted((-float(vector @ query), chunk.id) for vector, chunk in zip(index.vectors, index.chunks, strict=True))
    assert [hit.chunk.id for hit in hits] == [name for _, name in expected[:4]]
    assert [hit.score for hit in hits] == pytest.approx([-score for score, _ in expected[:4]], abs=1e-5)
    assert [(hit.rank, hit.stage) for hit in hits] == [(rank, Stage.DENSE) for rank in (1, 2, 3, 4)]


def test_more_hits_than_chunks_are_not_invented(index: Index, embedder: HashEmbedder) -> None:
    assert len(index.dense(embedder).search("熊猫", 500, ANYWHERE)) == 9
    assert index.dense(embedder).search("熊猫", 0, ANYWHERE) == []


def test_a_scope_leaves_nothing_else(index: Index, embedder: HashEmbedder) -> None:
    hits = index.dense(embedder).search("大熊猫吃竹子", 50, Scope(document_ids=("长城",)))
    assert sorted(hit.chunk.id for hit in hits) == ["长城#0", "长城#1"]
    assert index.dense(embedder).search("大熊猫", 50, Scope(document_ids=("恐龙",))) == []


def test_equal_scores_are_ordered_by_chunk_id(tmp_path: Path, embedder: HashEmbedder) -> None:
    vectors = np.repeat(embedder.embed_query("同").vector[None, :], 12, axis=0)
    write_dense(tmp_path / "d.faiss", vectors)
    names = [f"c{n * 7 % 12:02}" for n in range(12)]
    chunks = ChunkTable(Chunk(name, "d", "", "", "", 0, 0) for name in names)
    search = DenseIndex(chunks, read_dense(tmp_path / "d.faiss", 12, 32), vectors, embedder)
    assert [hit.chunk.id for hit in search.search("同", 5, ANYWHERE)] == [f"c{n:02}" for n in range(5)]


def test_score_and_mean_are_those_of_the_vectors(index: Index, embedder: HashEmbedder) -> None:
    search, query = index.dense(embedder), embedder.embed_query("大熊猫").vector
    ids = [chunk.id for chunk in index.chunks]
    np.testing.assert_allclose(search.score("大熊猫", ids), index.vectors @ query, atol=1e-6)
    assert search.mean("大熊猫") == pytest.approx(float((index.vectors @ query).mean()), abs=1e-6)


@pytest.fixture
def inverted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Vector]:
    monkeypatch.setattr(dense, "FLAT_LIMIT", 2000)
    monkeypatch.setattr(dense, "_PER_LIST", 250)
    vectors = unit_vectors(3000)
    write_dense(tmp_path / "d.faiss", vectors)
    return tmp_path / "d.faiss", vectors


def test_beyond_the_limit_an_inverted_file_finds_the_same(inverted: tuple[Path, Vector], embedder: HashEmbedder) -> None:
    path, vectors = inverted
    assert path.stat().st_size < vectors.nbytes / 2
    search = DenseIndex(table(3000), read_dense(path, 3000, 32), vectors, embedder)
    common = 0
    for word in "春夏秋冬":
        hits = search.search(word, 10, ANYWHERE)
        scores = vectors @ embedder.embed_query(word).vector
        common += len({hit.chunk.id for hit in hits} & {f"c{n:05}" for n in np.argsort(-scores)[:10]})
        assert [hit.score for hit in hits] == pytest.approx([scores[int(hit.chunk.id[1:])] for hit in hits], abs=1e-5)
    assert common >= 39


def test_a_scope_in_an_inverted_file_is_searched_through(inverted: tuple[Path, Vector], embedder: HashEmbedder) -> None:
    path, vectors = inverted
    search = DenseIndex(table(3000), read_dense(path, 3000, 32), vectors, embedder)
    hits = search.search("春", 300, Scope(document_ids=("d3",)))
    assert len(hits) == 300
    assert {hit.chunk.document_id for hit in hits} == {"d3"}


@pytest.mark.parametrize("size", [0, 10, 200])
def test_a_file_cut_short_is_corrupt(tmp_path: Path, size: int) -> None:
    path = tmp_path / "d.faiss"
    write_dense(path, unit_vectors(20))
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(IndexCorrupt, match=r"d\.faiss"):
        read_dense(path, 20, 32)


def test_another_count_or_width_is_corrupt(tmp_path: Path) -> None:
    write_dense(tmp_path / "d.faiss", unit_vectors(20))
    for count, dimension in ((19, 32), (20, 16)):
        with pytest.raises(IndexCorrupt, match="20 vectors of 32 dimensions"):
            read_dense(tmp_path / "d.faiss", count, dimension)


def test_other_kinds_of_index_are_refused(tmp_path: Path) -> None:
    import faiss

    path = str(tmp_path / "d.faiss")
    faiss.write_index(faiss.IndexFlatIP(32), path)
    with pytest.raises(IndexCorrupt, match="IndexFlatIP"):
        read_dense(tmp_path / "d.faiss", 0, 32)
    faiss.write_index(faiss.IndexIDMap2(faiss.IndexFlatL2(32)), path)
    with pytest.raises(IndexCorrupt, match="IndexFlat"):
        read_dense(tmp_path / "d.faiss", 0, 32)
