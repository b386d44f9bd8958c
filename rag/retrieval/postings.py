"""BM25Plus weights of terms in chunks: rank-bm25 for small collections, bm25s beyond, the same scores.

Both packages add ``idf * delta`` to every chunk, term or not; scores here are without that constant, so that a
chunk without any of the terms scores 0. It knows terms and positions, not texts. (BM25+: Lv and Zhai, CIKM 2011.)
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from rank_bm25 import BM25Plus  # type: ignore[import-untyped]

from rag.errors import IndexCorrupt

SMALL = 500
"""Up to so many chunks rank-bm25 is built at opening; beyond, bm25s is built when indexing and memory-mapped. With 1500
chunks that opens in 0.3 s of CPU instead of 1.0 and answers in 1.4 ms instead of 32."""

K1, B, DELTA = 1.5, 0.75, 1.0
TERMS = "terms.jsonl"
_FOLDER = "sparse"
_FILES = ("data.csc.index.npy", "indices.csc.index.npy", "indptr.csc.index.npy", "vocab.index.json",
          "params.index.json", "nonoccurrence_array.index.npy")  # fmt: skip

Scores = NDArray[np.float64]


class Postings(Protocol):
    """What each term weighs in each chunk."""

    def scores(self, terms: Sequence[str]) -> Scores:
        """For every chunk the sum over ``terms`` (repeated ones count again); 0 where none occurs."""
        ...

    def idf(self, term: str) -> float | None:
        """The inverse document frequency, log((n + 1) / df); None for a term that no chunk has."""
        ...


class RankPostings:
    """In memory, through rank-bm25."""

    def __init__(self, terms: Sequence[Sequence[str]]) -> None:
        self._size = len(terms)
        self._model = BM25Plus(terms, k1=K1, b=B, delta=DELTA) if any(terms) else None

    def scores(self, terms: Sequence[str]) -> Scores:
        """See ``Postings``."""
        known = [term for term in terms if self.idf(term) is not None]
        if self._model is None or not known:
            return np.zeros(self._size)
        scores: Scores = self._model.get_scores(known) - DELTA * sum(self._model.idf[term] for term in known)
        scores[scores < 1e-9] = 0.0
        return scores

    def idf(self, term: str) -> float | None:
        """See ``Postings``."""
        return None if self._model is None else self._model.idf.get(term)


class MappedPostings:
    """On disk, through bm25s: only the postings of the query's terms are read."""

    def __init__(self, model: Any) -> None:
        self._vocabulary: dict[str, int] = model.vocab_dict
        self._idf = model.nonoccurrence_array  # with delta = 1 a term's weight where it does not occur
        self._data, self._chunks = model.scores["data"], model.scores["indices"]
        self._starts, self._size = model.scores["indptr"], int(model.scores["num_docs"])

    @classmethod
    def open(cls, directory: Path) -> MappedPostings:
        """Map the files that ``write_postings`` left.

        Raises:
            IndexCorrupt: one of them cannot be read.
        """
        import bm25s  # type: ignore[import-untyped]  # pulls in SciPy

        try:
            model = bm25s.BM25.load(directory / _FOLDER, mmap=True, allow_pickle=False, show_progress=False)
        except (OSError, ValueError, EOFError, KeyError, TypeError) as error:
            raise IndexCorrupt(f"{directory / _FOLDER} cannot be read ({error}). Build the index again.") from error
        return cls(model)

    def scores(self, terms: Sequence[str]) -> Scores:
        """See ``Postings``."""
        scores = np.zeros(self._size)
        for term in terms:
            number = self._vocabulary.get(term)
            if number is not None:
                place = slice(self._starts[number], self._starts[number + 1])
                scores[self._chunks[place]] += self._data[place]
        return scores

    def idf(self, term: str) -> float | None:
        """See ``Postings``."""
        number = self._vocabulary.get(term)
        return None if number is None else float(self._idf[number])


def write_postings(directory: Path, terms: Iterable[Sequence[str]], count: int) -> list[str]:
    """Write the terms of ``count`` chunks, and beyond ``SMALL`` their weights; returns the names of the files."""
    with (directory / TERMS).open("w", encoding="utf-8", errors="surrogatepass", newline="\n") as file:
        for of_chunk in terms:
            file.write(json.dumps(of_chunk, ensure_ascii=False) + "\n")
    if count <= SMALL:
        return [TERMS]
    import bm25s  # pulls in SciPy

    logging.getLogger("bm25s").setLevel(logging.WARNING)
    vocabulary: dict[str, int] = {}
    numbers = [
        [vocabulary.setdefault(term, len(vocabulary)) for term in of_chunk] for of_chunk in _lines(directory / TERMS)
    ]
    model = bm25s.BM25(method="bm25+", k1=K1, b=B, delta=DELTA)
    model.index((numbers, vocabulary), create_empty_token=False, show_progress=False)
    model.save(directory / _FOLDER, show_progress=False)
    return [TERMS, *(f"{_FOLDER}/{name}" for name in _FILES)]


def open_postings(directory: Path, count: int) -> Postings:
    """The postings of ``count`` chunks.

    Raises:
        IndexCorrupt: a file cannot be read or holds another number of chunks.
    """
    if not (directory / _FOLDER).is_dir():
        return RankPostings(read_terms(directory, count))
    postings = MappedPostings.open(directory)
    if len(postings.scores(())) != count:
        raise IndexCorrupt(f"{directory / _FOLDER} holds another number of chunks. Build the index again.")
    return postings


def read_terms(directory: Path, count: int) -> list[list[str]]:
    """The terms of each of ``count`` chunks.

    Raises:
        IndexCorrupt: the file cannot be read or holds another number of chunks.
    """
    path = directory / TERMS
    try:
        terms = list(_lines(path))
    except (OSError, ValueError) as error:
        raise IndexCorrupt(f"{path} cannot be read ({error}). Build the index again.") from error
    if len(terms) != count or not all(isinstance(of_chunk, list) for of_chunk in terms):
        raise IndexCorrupt(f"{path} does not hold the terms of {count} chunks. Build the index again.")
    return terms


def _lines(path: Path) -> Iterator[list[str]]:
    with path.open(encoding="utf-8", errors="surrogatepass", newline="\n") as file:
        for line in file:
            yield json.loads(line)
