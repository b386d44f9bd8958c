from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import IndexCorrupt
from rag.interfaces import Embedding
from rag.retrieval.tokens import FILES, ROWS, SCALES, VALUES, RawTokens, TokenTable, TokenWriter


def _embedding(count: int, dimension: int = 8, seed: int = 0) -> Embedding:
    random = np.random.default_rng(seed)
    tokens = random.normal(size=(count, dimension)).astype(np.float32)
    tokens /= np.linalg.norm(tokens, axis=1, keepdims=True)
    starts = np.arange(count, dtype=np.int32)
    return Embedding(np.ones(dimension, np.float32), tokens, np.stack([starts, starts + 1], axis=1))


def _write(directory: Path, embeddings: list[Embedding]) -> TokenTable:
    with TokenWriter(directory) as writer:
        for embedding in embeddings:
            writer.append(embedding)
    return TokenTable.open(directory)


@given(counts=st.lists(st.integers(0, 5), max_size=6))
def test_every_chunk_comes_back_with_its_own_vectors_and_spans(
    tmp_path_factory: pytest.TempPathFactory, counts: list[int]
) -> None:
    embeddings = [_embedding(count, seed=index) for index, count in enumerate(counts)]
    table = _write(tmp_path_factory.mktemp("tokens"), embeddings)
    assert len(table) == len(counts)
    for index, embedding in enumerate(embeddings):
        vectors, spans = table.tokens(index)
        assert np.abs(vectors - embedding.tokens).max(initial=0.0) < 0.005
        assert spans.tolist() == embedding.spans.tolist()
        assert table.count(index) == counts[index]


def test_rounding_to_a_byte_keeps_the_direction() -> None:
    embedding = _embedding(50, dimension=384)
    vectors = RawTokens.of(embedding.tokens, embedding.spans).vectors()
    cosines = np.einsum("td,td->t", vectors, embedding.tokens) / np.linalg.norm(vectors, axis=1)
    assert cosines.min() > 0.9999


def test_raw_rows_of_an_older_table_are_copied_byte_for_byte(tmp_path: Path) -> None:
    old = _write(tmp_path / "old", [_embedding(3, seed=1), _embedding(4, seed=2)])
    with TokenWriter(tmp_path / "new") as writer:
        writer.append_raw(old.raw(1))
        writer.append_raw(old.raw(0))
    new = TokenTable.open(tmp_path / "new")
    assert new.raw(0).values.tobytes() == old.raw(1).values.tobytes()
    assert new.raw(1).scales.tobytes() == old.raw(0).scales.tobytes()
    assert new.raw(0).spans.tolist() == old.raw(1).spans.tolist()


def test_close_names_the_files_it_wrote(tmp_path: Path) -> None:
    writer = TokenWriter(tmp_path)
    writer.append(_embedding(2))
    assert writer.close() == list(FILES)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(FILES)


def test_a_table_without_chunks_opens(tmp_path: Path) -> None:
    assert len(_write(tmp_path, [])) == 0


def test_a_chunk_of_another_width_is_refused(tmp_path: Path) -> None:
    writer = TokenWriter(tmp_path)
    writer.append(_embedding(2, dimension=8))
    with pytest.raises(ValueError, match="9 dimensions"):
        writer.append(_embedding(2, dimension=9))
    writer.close()


@pytest.mark.parametrize("index", [-1, 2])
def test_a_chunk_that_is_not_there_raises(tmp_path: Path, index: int) -> None:
    table = _write(tmp_path, [_embedding(1), _embedding(1)])
    with pytest.raises(IndexError):
        table.tokens(index)


@pytest.mark.parametrize("name", FILES)
def test_a_file_cut_short_is_found_on_opening(tmp_path: Path, name: str) -> None:
    _write(tmp_path, [_embedding(30), _embedding(30)])
    path = tmp_path / name
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(IndexCorrupt, match=name):
        TokenTable.open(tmp_path)


def test_an_unfinished_table_does_not_open(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="stopped"), TokenWriter(tmp_path) as writer:
        writer.append(_embedding(3))
        raise RuntimeError("stopped")
    with pytest.raises(IndexCorrupt):
        TokenTable.open(tmp_path)


def test_files_of_two_tables_mixed_are_found_on_opening(tmp_path: Path) -> None:
    _write(tmp_path / "one", [_embedding(3)])
    _write(tmp_path / "two", [_embedding(5)])
    (tmp_path / "one" / ROWS).write_bytes((tmp_path / "two" / ROWS).read_bytes())
    with pytest.raises(IndexCorrupt, match="do not fit together"):
        TokenTable.open(tmp_path / "one")


def test_a_pickled_array_is_refused(tmp_path: Path) -> None:
    _write(tmp_path, [_embedding(1)])
    np.save(tmp_path / SCALES, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(IndexCorrupt, match=SCALES):
        TokenTable.open(tmp_path)


def test_values_of_another_type_are_refused(tmp_path: Path) -> None:
    _write(tmp_path, [_embedding(1)])
    np.save(tmp_path / VALUES, np.zeros((1, 8), np.float32))
    with pytest.raises(IndexCorrupt, match=VALUES):
        TokenTable.open(tmp_path)
