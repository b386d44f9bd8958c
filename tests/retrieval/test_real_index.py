"""The whole index with the real encoder: written, opened in another process's manner, searched in two languages."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rag.config import Settings
from rag.retrieval.analysis import Analyzer
from rag.retrieval.catalogue import Index
from rag.retrieval.embedding import SentenceTransformerEmbedder
from rag.retrieval.fusion import QueryAwareFusion
from rag.retrieval.store import open_index, write_index
from rag.types import Chunk, Document, Scope

pytestmark = pytest.mark.encoder

Library = tuple[list[Document], list[Chunk]]


@pytest.fixture(scope="module")
def real() -> SentenceTransformerEmbedder:
    return SentenceTransformerEmbedder.from_settings(Settings.load({}))


@pytest.fixture
def real_index(tmp_path: Path, library: Library, real: SentenceTransformerEmbedder, analyzer: Analyzer) -> Index:
    report = write_index(tmp_path, *library, real, analyzer, settings={})
    assert report.embedded == 9
    again = write_index(tmp_path, *library, real, analyzer, settings={})
    assert (again.embedded, again.reused, again.generation) == (0, 9, 1)
    return open_index(tmp_path, embedder_name=real.name, analyzer=analyzer)


@pytest.mark.parametrize(
    ("query", "best"),
    [
        ("What do giant pandas eat every day?", "熊猫#1"),
        ("台湾最大的湖叫什么", "臺灣#1"),
        ("百川模型用了多少训练数据", "models#0"),
        ("长城有多长", "长城#0"),
    ],
)
def test_fused_search_answers_in_either_language(
    real_index: Index, real: SentenceTransformerEmbedder, query: str, best: str
) -> None:
    dense = real_index.dense(real)
    sparse_hits, dense_hits = (search.search(query, 9, Scope()) for search in (real_index.sparse, dense))
    fused = QueryAwareFusion(real_index.sparse, dense).fuse(query, sparse_hits, dense_hits)
    assert fused[0].chunk.id == best
    assert all(0 <= hit.score <= 1 for hit in fused)


def test_stored_vectors_and_tokens_are_the_encoders_own(
    real_index: Index, real: SentenceTransformerEmbedder, library: Library
) -> None:
    chunk = library[1][0]
    [embedding] = real.embed_passages([chunk.text], [chunk.title])
    tokens, spans = real_index.tokens_of(chunk.id)
    assert spans.tolist() == embedding.spans.tolist()
    np.testing.assert_allclose(tokens, embedding.tokens, atol=0.02)
    stored = real_index.vectors[real_index.chunks.position(chunk.id)]
    assert float(stored @ embedding.vector) == pytest.approx(1.0, abs=1e-4)
