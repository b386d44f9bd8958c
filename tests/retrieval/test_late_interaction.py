from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rag.interfaces import Embedding, Vector
from rag.retrieval.late_interaction import likeness, range_maxima, range_means, token_ranges, word_tokens


def _vectors(count: int, seed: int, dimension: int = 6) -> Vector:
    vectors = np.random.default_rng(seed).normal(size=(count, dimension)).astype(np.float32)
    normalised: Vector = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return normalised


def _by_hand(query: Vector, passage: Vector, context: Vector | None = None) -> float:
    if not len(passage):
        return 0.0
    cosines = passage @ query.T
    above = np.full(len(query), -1.0) if context is None or not len(context) else 0.97 * (context @ query.T).max(axis=0)
    stretches = [np.maximum(cosines[start : start + 48].max(axis=0), above).mean() for start in range(0, len(cosines), 24)]
    return float(0.3 * np.maximum(cosines.max(axis=0), above).mean() + 0.7 * max(stretches))


@given(lengths=st.lists(st.sampled_from([0, 1, 5, 23, 24, 25, 47, 48, 49, 72, 100]), max_size=6), words=st.integers(1, 5))
def test_likeness_is_that_of_the_whole_passage_and_of_its_best_two_blocks(lengths: list[int], words: int) -> None:
    query = _vectors(words, 99)
    passages = [_vectors(length, seed) for seed, length in enumerate(lengths)]
    found = likeness(query, passages)
    assert found.shape == (len(lengths),)
    assert np.allclose(found, [_by_hand(query, passage) for passage in passages], atol=1e-6)


@given(lengths=st.lists(st.tuples(st.sampled_from([0, 1, 24, 25, 49, 72]), st.integers(0, 4)), max_size=6))
def test_what_stands_above_a_passage_counts_beside_each_of_its_stretches(lengths: list[tuple[int, int]]) -> None:
    query = _vectors(3, 99)
    passages = [_vectors(length, seed) for seed, (length, _) in enumerate(lengths)]
    contexts = [_vectors(length, 50 + seed) for seed, (_, length) in enumerate(lengths)]
    expected = [_by_hand(query, passage, above) for passage, above in zip(passages, contexts, strict=True)]
    assert np.allclose(likeness(query, passages, contexts), expected, atol=1e-6)


def test_words_that_stand_together_count_for_more_than_words_strewn() -> None:
    query, filler = np.eye(6, dtype=np.float32)[:2], np.tile(np.eye(6, dtype=np.float32)[5], (96, 1))
    together, strewn = filler.copy(), filler.copy()
    together[[3, 9]] = query
    strewn[[3, 90]] = query
    close, apart = likeness(query, [together, strewn])
    assert close > apart


def test_a_query_without_tokens_is_like_nothing() -> None:
    assert likeness(_vectors(0, 1), [_vectors(3, 2)]).tolist() == [0.0]


@given(data=st.data(), rows=st.integers(1, 8))
def test_maxima_and_means_are_those_of_the_rows_in_each_range(data: st.DataObject, rows: int) -> None:
    values = _vectors(rows, rows)
    starts = data.draw(st.lists(st.integers(0, rows - 1), min_size=1, max_size=6))
    ranges = np.array([(start, data.draw(st.integers(start + 1, rows))) for start in starts])
    maxima, means = range_maxima(values, ranges), range_means(values, ranges)
    for (start, end), highest, mean in zip(ranges, maxima, means, strict=True):
        expected = values[start:end].mean(axis=0)
        assert np.allclose(highest, values[start:end].max(axis=0), atol=1e-6)
        assert np.allclose(mean, expected / np.linalg.norm(expected), atol=1e-4)


def test_tokens_that_overlap_a_stretch_are_its_own() -> None:
    spans = np.array([[0, 2], [2, 3], [4, 6], [6, 7]], dtype=np.int32)
    stretches = [(0, 2), (1, 3), (3, 4), (3, 5), (6, 9), (0, 7), (7, 9)]
    ranges = token_ranges(spans, [start for start, _ in stretches], [end for _, end in stretches])
    assert ranges.tolist() == [[0, 1], [0, 2], [2, 2], [2, 3], [3, 4], [0, 4], [4, 4]]


def test_punctuation_is_left_out_of_the_words() -> None:
    text = "长城，多长？"
    spans = np.array([(n, n + 1) for n in range(len(text))], dtype=np.int32)
    embedding = Embedding(np.ones(6, np.float32), _vectors(len(text), 5), spans)
    assert word_tokens(text, embedding).tolist() == embedding.tokens[[0, 1, 3, 4]].tolist()


def test_a_text_of_punctuation_alone_keeps_all_its_tokens() -> None:
    embedding = Embedding(np.ones(6, np.float32), _vectors(2, 5), np.array([(0, 1), (1, 2)], dtype=np.int32))
    assert word_tokens("？！", embedding).tolist() == embedding.tokens.tolist()
