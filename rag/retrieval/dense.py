"""Dense search: chunks whose vectors point the way the query's does, through FAISS.

Exact up to 50,000 chunks, an inverted file with one byte a value beyond. It knows vectors and positions, not words.
Index files are FAISS's own format, read with limits and only as the classes written here; never pickle.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np

from rag.errors import IndexCorrupt
from rag.interfaces import Embedder, Vector
from rag.retrieval.chunks import ChunkTable
from rag.types import Hit, Scope, Stage

FLAT_LIMIT = 50_000
_BLOCK = 20_000
_PER_LIST = 1000  # vectors in a cell of the inverted file: 1,000,000 chunks make 1,000 cells
_PROBES = 64
_SPARE = 16  # asked for beyond k, so that ties at the end are broken by chunk id
_BYTE_LIMIT = 1 << 40
_LOOP_LIMIT = 1 << 26


class DenseIndex:
    """A ``Retriever``. Scores are inner products of L2-normalised vectors: cosines, -1 to 1."""

    def __init__(self, chunks: ChunkTable, index: Any, vectors: Vector, embedder: Embedder) -> None:
        """``index``: FAISS, ids are positions; ``vectors``: (n, d), the same vectors unrounded."""
        self._chunks, self._index, self._vectors, self._embedder = chunks, index, vectors, embedder

    def search(self, query: str, k: int, scope: Scope) -> list[Hit]:
        """The ``k`` best chunks inside ``scope``; fewer when there are fewer."""
        admitted = self._chunks.admitted(scope)
        count = len(self._chunks) if admitted is None else len(admitted)
        if k <= 0 or count == 0:
            return []
        vector = self._embedder.embed_query(query).vector
        asked = min(k + _SPARE, count)
        _scores, found = self._index.search(vector[None, :], asked, params=self._parameters(admitted))
        positions = found[0][found[0] >= 0]
        exact = self._vectors[positions] @ vector
        return self._chunks.best(positions, exact, k, Stage.DENSE)

    def score(self, query: str, chunk_ids: Sequence[str]) -> Vector:
        """The query's scores of given chunks. Raises KeyError for one that is not in the index."""
        positions = [self._chunks.position(chunk_id) for chunk_id in chunk_ids]
        scores: Vector = self._vectors[positions] @ self._embedder.embed_query(query).vector
        return scores

    def mean(self, query: str) -> float:
        """The mean of the query's scores over all chunks."""
        return float(self._centre @ self._embedder.embed_query(query).vector)

    @cached_property
    def _centre(self) -> Vector:
        total = np.zeros(self._vectors.shape[1], dtype=np.float64)
        for start in range(0, len(self._vectors), _BLOCK):
            total += self._vectors[start : start + _BLOCK].sum(axis=0, dtype=np.float64)
        centre: Vector = (total / max(len(self._vectors), 1)).astype(np.float32)
        return centre

    def _parameters(self, admitted: Any) -> Any:
        faiss = _faiss()
        selector = {} if admitted is None else {"sel": faiss.IDSelectorBatch(admitted)}
        if isinstance(faiss.downcast_index(self._index.index), faiss.IndexIVF):
            # a narrow scope may lie in cells far from the query, so every cell is looked into
            return faiss.SearchParametersIVF(nprobe=1 << 30 if selector else _PROBES, **selector)
        return faiss.SearchParameters(**selector)


@cache
def _faiss() -> Any:
    import faiss  # a quarter of a second

    for name, limit in (("vector_byte", _BYTE_LIMIT), ("loop", _LOOP_LIMIT)):
        setter = getattr(faiss, f"set_deserialization_{name}_limit", None)  # since 1.14
        if setter:
            setter(limit)
    return faiss


def write_dense(path: Path, vectors: Vector) -> None:
    """Write an index of ``vectors``, (n, d) float32; it is read in blocks, so a memory map will do."""
    faiss = _faiss()
    count, dimension = vectors.shape
    if count <= FLAT_LIMIT:
        inner = faiss.IndexFlatIP(dimension)
    else:
        inner = faiss.index_factory(dimension, f"IVF{count // _PER_LIST},SQ8", faiss.METRIC_INNER_PRODUCT)
        sample = np.sort(np.random.default_rng(0).choice(count, size=FLAT_LIMIT, replace=False))
        inner.train(np.ascontiguousarray(vectors[sample]))
    index = faiss.IndexIDMap2(inner)
    for start in range(0, count, _BLOCK):
        block = np.ascontiguousarray(vectors[start : start + _BLOCK], dtype=np.float32)
        index.add_with_ids(block, np.arange(start, start + len(block)))
    faiss.write_index(index, str(path))


def read_dense(path: Path, count: int, dimension: int) -> Any:
    """The FAISS index of ``count`` vectors of ``dimension``, mapped into memory.

    Raises:
        IndexCorrupt: the file is missing, cut short, or holds something else.
    """
    faiss = _faiss()
    try:
        index = faiss.read_index(str(path), getattr(faiss, "IO_FLAG_MMAP_IFC", 0))
    except RuntimeError as error:
        raise IndexCorrupt(f"{path} cannot be read as a FAISS index. Build the index again.") from error
    if not isinstance(index, faiss.IndexIDMap2):
        raise IndexCorrupt(f"{path} holds a {type(index).__name__}, which is never written here.")
    inner = faiss.downcast_index(index.index)
    allowed = (faiss.IndexFlatIP, faiss.IndexIVFScalarQuantizer)
    if not isinstance(inner, allowed) or inner.metric_type != faiss.METRIC_INNER_PRODUCT:
        raise IndexCorrupt(f"{path} holds a {type(inner).__name__}, which is not what was written here.")
    if (index.ntotal, index.d) != (count, dimension):
        raise IndexCorrupt(
            f"{path} holds {index.ntotal} vectors of {index.d} dimensions instead of {count} of {dimension}. "
            "Build the index again."
        )
    return index
