"""MaxSim over token vectors: how well each token of a query is met by some token of a passage.

Khattab and Zaharia, "ColBERT", SIGIR 2020; here over the plain last layer of any encoder. Pure NumPy: it knows
neither models nor files.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rag.interfaces import Embedding, Vector
from rag.retrieval.tokens import Spans


class TokenSource(Protocol):
    """Where the stored token vectors of a chunk come from."""

    def tokens_of(self, chunk_id: str) -> tuple[Vector, Spans]:
        """Vectors (t, d) and spans (t, 2) of one chunk. Raises KeyError when it is not in the index."""
        ...


def word_tokens(text: str, embedding: Embedding) -> Vector:
    """The vectors of a text's tokens that hold a letter or a digit; of all of them when none does.

    Punctuation in a question meets punctuation in every passage and only blurs the mean.
    """
    kept = [any(map(str.isalnum, text[start:end])) for start, end in embedding.spans.tolist()]
    return embedding.tokens[kept] if any(kept) else embedding.tokens


def best_matches(query: Vector, passages: Sequence[Vector]) -> Vector:
    """For each of n passages the best cosine for each of q query tokens: (n, q).

    All passages go through one matrix product. A passage without tokens gives zeros.
    """
    result = np.zeros((len(passages), len(query)), dtype=np.float32)
    filled = [index for index, passage in enumerate(passages) if len(passage)]
    if not filled or not len(query):
        return result
    stacked = np.concatenate([passages[index] for index in filled])
    starts = np.cumsum([0, *(len(passages[index]) for index in filled[:-1])])
    result[filled] = np.maximum.reduceat(stacked @ query.T, starts, axis=0)
    return result


def range_maxima(values: Vector, ranges: NDArray[np.int64]) -> Vector:
    """The largest of rows ``start`` to ``end`` (exclusive, at least one) of ``values`` (t, q): (n, q)."""
    guarded = np.concatenate([values, np.full((1, values.shape[1]), -1.0, dtype=np.float32)])
    maxima: Vector = np.maximum.reduceat(guarded, ranges.ravel(), axis=0)[::2]
    return maxima


def range_means(values: Vector, ranges: NDArray[np.int64]) -> Vector:
    """The L2-normalised mean of rows ``start`` to ``end`` (exclusive, at least one) of ``values`` (t, d): (n, d)."""
    guarded = np.concatenate([values, np.zeros((1, values.shape[1]), dtype=np.float32)])
    sums: Vector = np.add.reduceat(guarded, ranges.ravel(), axis=0)[::2]
    sums /= np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)
    return sums


def token_ranges(spans: Spans, starts: Sequence[int], ends: Sequence[int]) -> NDArray[np.int64]:
    """For each stretch of text the range of tokens that overlap it: (n, 2); empty where none does."""
    low = np.searchsorted(spans[:, 1], np.asarray(starts), side="right")
    high = np.searchsorted(spans[:, 0], np.asarray(ends), side="left")
    return np.stack([low, np.maximum(low, high)], axis=1).astype(np.int64)
