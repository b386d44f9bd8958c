"""Scores stretches of chunks against a text from the token vectors that the index keeps.

Only the text is embedded: a span's vectors are the chunk's own tokens inside it, read in the light of the whole
chunk (late chunking: Günther et al., 2024). Where the spans begin and end is decided by the caller.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rag.interfaces import Embedder, Span, Vector
from rag.retrieval.crosslingual import SentenceMatcher
from rag.retrieval.late_interaction import (
    TokenSource,
    range_maxima,
    range_means,
    token_ranges,
    word_tokens,
)
from rag.text import in_another_language

_MAXSIM_SHARE = 0.6
"""The rest is the cosine of the pooled vectors."""

_MIDDLE, _STEEPNESS = 0.86, 40.0
"""Spread the narrow range in which such cosines lie over 0 to 1. The order of spans does not depend on them."""

_STRANGE, _SAME = 0.8, 0.95
"""Cosines of a token with the nearest one of a text that has nothing to do with it, and of one that says the same."""

_ACROSS = 2.0
"""Weight of how near the text comes to a span in another language (``crosslingual``)."""


class MaxSimSpanScorer:
    """A ``SpanScorer`` by late interaction over the tokens inside each span."""

    def __init__(self, embedder: Embedder, tokens: TokenSource, across: SentenceMatcher | None = None) -> None:
        self._embedder = embedder
        self._tokens = tokens
        self._across = across

    def score(self, text: str, spans: Sequence[Span]) -> list[float]:
        """One score from 0 to 1 a span, in their order. Spans without a token get 0.

        Raises:
            KeyError: a span's chunk is not in the index.
        """
        if not spans:
            return []
        query = self._embedder.embed_query(text)
        tokens, ranges = self._locate(spans)
        filled = ranges[:, 1] > ranges[:, 0]
        scores = np.zeros(len(spans))
        if filled.any():
            maxsim = range_maxima(tokens @ word_tokens(text, query).T, ranges[filled]).mean(axis=1)
            cosine = range_means(tokens, ranges[filled]) @ query.vector
            raw = _MAXSIM_SHARE * maxsim + (1 - _MAXSIM_SHARE) * cosine
            logits = _STEEPNESS * (raw - _MIDDLE) + self._lacking(text, spans)[filled]
            scores[filled] = 1 / (1 + np.exp(-logits))
        return [float(score) for score in scores]

    def meets(self, text: str, parts: Sequence[tuple[int, int]], spans: Sequence[Span]) -> list[list[float]]:
        """A part's tokens each take their best cosine in the span; their mean is spread from 0 to 1. 0 without tokens.

        Raises:
            KeyError: a span's chunk is not in the index.
        """
        if not spans or not parts:
            return [[] for _ in spans]
        query = self._embedder.embed_query(text)
        within = token_ranges(query.spans, [start for start, _ in parts], [end for _, end in parts])
        tokens, ranges = self._locate(spans)
        filled, asked = ranges[:, 1] > ranges[:, 0], within[:, 1] > within[:, 0]
        cosines = np.full((len(spans), len(parts)), _STRANGE, dtype=np.float32)
        if filled.any() and asked.any():
            best = range_maxima(tokens @ query.tokens.T, ranges[filled])
            sums = np.concatenate([np.zeros((len(best), 1), dtype=np.float32), np.cumsum(best, axis=1)], axis=1)
            low, high = within[asked, 0], within[asked, 1]
            cosines[np.ix_(filled, asked)] = (sums[:, high] - sums[:, low]) / (high - low)
        found: list[list[float]] = np.clip((cosines - _STRANGE) / (_SAME - _STRANGE), 0.0, 1.0).tolist()
        return found

    def _lacking(self, text: str, spans: Sequence[Span]) -> Vector:
        """What each span in another language than ``text`` lacks of the nearest one, in log-odds; 0 in one language."""
        chunks = {span.chunk.id: span.chunk.text for span in spans}
        if self._across is None or not in_another_language(text, list(chunks.values())):
            return np.zeros(len(spans), dtype=np.float32)
        near = self._across(text, [span.text for span in spans])
        lacking: Vector = _ACROSS * (near - near.max(initial=-1.0))
        return lacking

    def _locate(self, spans: Sequence[Span]) -> tuple[Vector, NDArray[np.int64]]:
        """The tokens of all chunks one after another, and each span's range among them: one product serves all."""
        groups: dict[str, list[int]] = {}
        for index, span in enumerate(spans):
            groups.setdefault(span.chunk.id, []).append(index)
        ranges = np.zeros((len(spans), 2), dtype=np.int64)
        stacked: list[Vector] = []
        count = 0
        for chunk_id, members in groups.items():
            tokens, places = self._tokens.tokens_of(chunk_id)
            starts, ends = ([spans[i].start for i in members], [spans[i].end for i in members])
            ranges[members] = token_ranges(places, starts, ends) + count
            stacked.append(tokens)
            count += len(tokens)
        return np.concatenate(stacked), ranges
