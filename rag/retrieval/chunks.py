"""The chunks of an index by number and by id, and which of them a scope admits.

Positions are the numbers under which vectors, postings and tokens of a chunk are stored. It does not search.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import overload

import numpy as np
from numpy.typing import NDArray

from rag.types import Chunk, Hit, Scope, Stage

Positions = NDArray[np.int64]


class ChunkTable(Sequence[Chunk]):
    """All chunks in the order of their positions, read-only."""

    def __init__(self, chunks: Iterable[Chunk]) -> None:
        self._chunks = tuple(chunks)
        self._positions = {chunk.id: position for position, chunk in enumerate(self._chunks)}
        self._documents: dict[str, list[int]] = {}
        for position, chunk in enumerate(self._chunks):
            self._documents.setdefault(chunk.document_id, []).append(position)
        order = sorted(range(len(self._chunks)), key=lambda position: self._chunks[position].id)
        self._order = np.empty(len(order), dtype=np.int64)
        self._order[order] = np.arange(len(order))
        self.admitted = lru_cache(maxsize=64)(self._admitted)

    def __len__(self) -> int:
        return len(self._chunks)

    def __iter__(self) -> Iterator[Chunk]:
        return iter(self._chunks)

    @overload
    def __getitem__(self, position: int) -> Chunk: ...

    @overload
    def __getitem__(self, position: slice) -> Sequence[Chunk]: ...

    def __getitem__(self, position: int | slice) -> Chunk | Sequence[Chunk]:
        return self._chunks[position]

    def position(self, chunk_id: str) -> int:
        """Where a chunk stands. Raises KeyError when it is not in the index."""
        return self._positions[chunk_id]

    def find(self, chunk_id: str) -> int | None:
        """Where a chunk stands, or None."""
        return self._positions.get(chunk_id)

    def of_document(self, document_id: str) -> Sequence[int]:
        """The positions of a document's chunks, in order; none when it is not in the index."""
        return self._documents.get(document_id, ())

    def _admitted(self, scope: Scope) -> Positions | None:
        if not scope:
            return None
        documents = scope.document_ids or tuple(self._documents)
        found = [
            position
            for document_id in dict.fromkeys(documents)
            for position in self.of_document(document_id)
            if scope.admits(self._chunks[position])
        ]
        return np.array(sorted(found), dtype=np.int64)

    def best(self, positions: Positions, scores: NDArray[np.floating], k: int, stage: Stage) -> list[Hit]:
        """The ``k`` best of ``positions`` by their ``scores`` as hits; equal scores in the order of chunk ids."""
        k = min(k, len(positions))
        if k <= 0:
            return []
        if len(positions) > 4 * k:
            least = np.partition(scores, len(scores) - k)[len(scores) - k]
            kept = np.flatnonzero(scores >= least)
            positions, scores = positions[kept], scores[kept]
        ranking = np.lexsort((self._order[positions], -scores))[:k]
        return [
            Hit(self._chunks[positions[place]], float(scores[place]), rank, stage)
            for rank, place in enumerate(ranking, start=1)
        ]
