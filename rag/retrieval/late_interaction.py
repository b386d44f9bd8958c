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

_BLOCK = 24
_STRETCH_SHARE = 0.7
"""Chosen on thirteen development sets; 0.3 to 0.7 and 48 or 96 tokens a stretch differ little (``eval/LOG.md``)."""
_ABOVE = 0.97
"""What a word counts in the title or section above a passage. With 1 or .94 a little less is gained (``eval/LOG.md``)."""


class TokenSource(Protocol):
    """Where the stored token vectors of a chunk come from."""

    def tokens_of(self, chunk_id: str) -> tuple[Vector, Spans]:
        """Vectors (t, d) and spans (t, 2) of one chunk. Raises KeyError when it is not in the index."""
        ...


def word_tokens(text: str, embedding: Embedding) -> Vector:
    """The vectors of a text's tokens that hold a letter or a digit; of all of them when none does.

    Punctuation in a question meets punctuation in every passage and only blurs the mean.
    """
    return embedding.tokens[with_words(text, embedding.spans)]


def with_words(text: str, spans: Spans) -> NDArray[np.bool_]:
    """Which tokens of ``text`` hold a letter or a digit, (t,); all of them when none does."""
    kept = np.array([any(map(str.isalnum, text[start:end])) for start, end in spans.tolist()], dtype=np.bool_)
    return kept if kept.any() else np.ones(len(spans), dtype=np.bool_)


def likeness(query: Vector, passages: Sequence[Vector], contexts: Sequence[Vector] = ()) -> Vector:
    """How well each of n passages meets the q query tokens: (n,), 0 for a passage without tokens.

    Per passage the mean over the query tokens of the best cosine (MaxSim), taken over the whole passage and over
    its best stretch of two blocks: words that stand together say more than words strewn over a long passage.
    ``contexts``: tokens of what stands above each passage, which count a little less beside every stretch.
    """
    result = np.zeros(len(passages), dtype=np.float32)
    filled = [index for index, passage in enumerate(passages) if len(passage)]
    if not filled or not len(query):
        return result
    lengths = np.array([len(passages[index]) for index in filled])
    counts = -(-lengths // _BLOCK)
    first = np.concatenate([[0], np.cumsum(counts)[:-1]])
    last = first + counts - 1
    within = np.arange(counts.sum()) - np.repeat(first, counts)
    offsets = np.repeat(np.concatenate([[0], np.cumsum(lengths)[:-1]]), counts) + within * _BLOCK
    cosines = np.concatenate([passages[index] for index in filled]) @ query.T
    blocks = np.maximum.reduceat(cosines, offsets, axis=0)
    pairs = blocks.copy()
    pairs[:-1] = np.maximum(blocks[:-1], blocks[1:])
    pairs[last] = blocks[last]  # the last block of a passage has no neighbour
    if contexts:
        best = {id(context): _best(query, context) for context in {id(one): one for one in contexts}.values()}
        above = np.stack([best[id(contexts[index])] for index in filled])
        pairs = np.maximum(pairs, np.repeat(above, counts, axis=0))
    whole = np.maximum.reduceat(pairs, first, axis=0).mean(axis=1)
    stretch = np.maximum.reduceat(pairs.mean(axis=1), first)
    result[filled] = (1 - _STRETCH_SHARE) * whole + _STRETCH_SHARE * stretch
    return result


def _best(query: Vector, context: Vector) -> Vector:
    """What each of the query's tokens finds in a context, (q,); next to nothing where that is empty."""
    if not len(context):
        return np.full(len(query), -1.0, dtype=np.float32)
    best: Vector = _ABOVE * (context @ query.T).max(axis=0)
    return best


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
