"""Query embeddings kept on disk by text, for runs that judge retrieval alone and have no latency to show.

Around another embedder; passages are not its business. Values are float16, the first time too, so that a run from
the cache agrees with the one that filled it.
"""

from __future__ import annotations

import hashlib
import io
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from rag.interfaces import Embedder, Embedding

_ARRAYS = ("vector", "tokens", "spans")
_RECENT = 64  # each stage of a search asks for the same query


class QueryCache:
    """An ``Embedder`` whose queries are asked of the one behind it once."""

    def __init__(self, embedder: Embedder, directory: Path) -> None:
        self._embedder = embedder
        self._lock = threading.Lock()
        self._recent = lru_cache(maxsize=_RECENT)(self._kept)
        directory.mkdir(parents=True, exist_ok=True)
        self._store = sqlite3.connect(directory / "queries.sqlite", check_same_thread=False, timeout=60)
        self._store.execute("CREATE TABLE IF NOT EXISTS queries (key TEXT PRIMARY KEY, value BLOB NOT NULL)")

    @property
    def name(self) -> str:
        """That of the embedder behind."""
        return self._embedder.name

    @property
    def dimension(self) -> int:
        """That of the embedder behind."""
        return self._embedder.dimension

    def embed_query(self, text: str) -> Embedding:
        """The kept embedding, or a new one. Its arrays are shared: they must not be written to."""
        return self._recent(text)

    def _kept(self, text: str) -> Embedding:
        key = hashlib.sha256(f"{self.name}\0{text}".encode()).hexdigest()
        with self._lock:
            row = self._store.execute("SELECT value FROM queries WHERE key = ?", (key,)).fetchone()
        if row is None:
            value = _pack(self._embedder.embed_query(text))
            with self._lock, self._store:
                self._store.execute("INSERT OR REPLACE INTO queries VALUES (?, ?)", (key, value))
        else:
            value = row[0]
        return _unpack(value)

    def embed_passages(self, texts: Sequence[str], contexts: Sequence[str] | None = None) -> Iterator[Embedding]:
        """Ask the embedder behind."""
        if contexts is None:
            yield from self._embedder.embed_passages(texts)
        else:
            yield from self._embedder.embed_passages(texts, contexts)

    def close(self) -> None:
        """Close the file."""
        self._store.close()


def _pack(embedding: Embedding) -> bytes:
    held = io.BytesIO()
    np.savez(
        held, allow_pickle=False,
        vector=embedding.vector.astype(np.float16), tokens=embedding.tokens.astype(np.float16), spans=embedding.spans,
    )  # fmt: skip
    return held.getvalue()


def _unpack(value: bytes) -> Embedding:
    with np.load(io.BytesIO(value), allow_pickle=False) as arrays:
        vector, tokens, spans = (arrays[name] for name in _ARRAYS)
    return Embedding(vector.astype(np.float32), tokens.astype(np.float32), spans)
