"""Sparse search: chunks that share terms with the query, by BM25Plus.

It knows terms and their weights in chunks; it does not know vectors, nor how its ranking is used.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from rag.retrieval.analysis import Analyzer
from rag.retrieval.chunks import ChunkTable, Positions
from rag.retrieval.postings import K1, Postings, Scores
from rag.retrieval.typos import proposals
from rag.types import Hit, Scope, Stage

_GUESS = 0.6  # of a word's weight, where it is only like the one asked for


class SparseIndex:
    """A ``Retriever``. Scores are BM25Plus without its constant: 0 means that no term of the query occurs.

    Words that no chunk has are searched as words that sound or look alike, at part of their weight.
    """

    def __init__(self, chunks: ChunkTable, postings: Postings, analyzer: Analyzer) -> None:
        self._chunks, self._postings, self._analyzer = chunks, postings, analyzer
        self.terms = lru_cache(maxsize=64)(self._terms)
        self._scores = lru_cache(maxsize=8)(self._score)

    def search(self, query: str, k: int, scope: Scope) -> list[Hit]:
        """The ``k`` best chunks inside ``scope`` that hold a term of the query, or one like it; fewer when there are fewer."""
        scores = self._scores(query)
        admitted = self._chunks.admitted(scope)
        positions = np.flatnonzero(scores > 0) if admitted is None else admitted[scores[admitted] > 0]
        return self._chunks.best(positions, scores[positions], k, Stage.SPARSE)

    def score(self, query: str, chunk_ids: Sequence[str]) -> Scores:
        """The query's scores of given chunks. Raises KeyError for one that is not in the index."""
        positions = [self._chunks.position(chunk_id) for chunk_id in chunk_ids]
        scores: Scores = self._scores(query)[positions]
        return scores

    def bound(self, query: str) -> float:
        """What a chunk would score that held every term of the query without end.

        A term that occurs nowhere counts as much as one that occurs once.
        """
        unknown = math.log(len(self._chunks) + 1)
        weights = (self._postings.idf(term) for term in self.terms(query))
        return (K1 + 1) * sum(unknown if weight is None else weight for weight in weights)

    def idf(self, term: str) -> float | None:
        """A term's inverse document frequency; None when no chunk has it."""
        return self._postings.idf(term)

    def positions_of(self, term: str) -> Positions:
        """The positions of the chunks that hold a term, ascending."""
        return np.flatnonzero(self._postings.scores((term,)) > 0)

    def _terms(self, query: str) -> tuple[str, ...]:
        return tuple(self._analyzer.query_terms(query))

    def _score(self, query: str) -> Scores:
        terms = self.terms(query)
        scores = self._postings.scores(terms)
        guesses = proposals(query, terms, self.idf)
        return scores + _GUESS * self._postings.scores(guesses) if guesses else scores
