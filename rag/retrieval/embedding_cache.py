"""Embeddings kept on disk by text, so that a passage is embedded once in the life of a machine.

One SQLite file: any number of processes may read and write it, and a killed one loses at most its last block.
It keeps what an embedder gave, under the embedder's name, and knows nothing of what the texts are for.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
import struct
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from rag.errors import StoreError
from rag.interfaces import Embedder, Embedding
from rag.retrieval.tokens import RawTokens

_BLOCK = 128
_WAIT_SECONDS = 120.0
_HEAD = struct.Struct("<III")
_SCHEMA = "CREATE TABLE IF NOT EXISTS embeddings (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID"


class ContextEmbedder(Embedder, Protocol):
    """An ``Embedder`` whose passages may have contexts."""

    def embed_passages(
        self, texts: Sequence[str], contexts: Sequence[str] | None = None
    ) -> Iterator[Embedding]:
        """See ``SentenceTransformerEmbedder.embed_passages``."""
        ...


class CachedEmbedder:
    """An ``Embedder`` that asks another one only for passages it has not seen.

    Token vectors come back rounded to one byte a value, the first time too, so that two runs agree to the bit.
    Queries are not kept: their cost is part of what a latency measurement measures.
    """

    def __init__(self, embedder: ContextEmbedder, directory: Path) -> None:
        self._embedder = embedder
        self._path = directory / "embeddings.sqlite"
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    @property
    def name(self) -> str:
        """That of the embedder behind."""
        return self._embedder.name

    @property
    def dimension(self) -> int:
        """That of the embedder behind."""
        return self._embedder.dimension

    def embed_query(self, text: str) -> Embedding:
        """Ask the embedder behind."""
        return self._embedder.embed_query(text)

    def embed_passages(
        self, texts: Sequence[str], contexts: Sequence[str] | None = None
    ) -> Iterator[Embedding]:
        """Yield one embedding a text, in order; see ``SentenceTransformerEmbedder.embed_passages``.

        Raises:
            StoreError: the cache's file cannot be read or written.
        """
        for start in range(0, len(texts), _BLOCK):
            block = texts[start : start + _BLOCK]
            given = contexts[start : start + _BLOCK] if contexts else [""] * len(block)
            yield from self._embed_block(block, given)

    def _embed_block(self, texts: Sequence[str], contexts: Sequence[str]) -> list[Embedding]:
        keys = [_key(self.name, context, text) for context, text in zip(contexts, texts, strict=True)]
        found = self._read(keys)
        missing = [index for index, key in enumerate(keys) if key not in found]
        if missing:
            fresh = self._embedder.embed_passages(
                [texts[index] for index in missing], [contexts[index] for index in missing]
            )
            packed = {keys[index]: _pack(embedding) for index, embedding in zip(missing, fresh, strict=True)}
            self._write(packed)
            found |= packed
        return [_unpack(found[key]) for key in keys]

    def _read(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        marks = ",".join("?" * len(keys))
        with self._opened() as connection:
            rows = connection.execute(f"SELECT key, value FROM embeddings WHERE key IN ({marks})", list(keys))
            return dict(rows.fetchall())

    def _write(self, values: dict[bytes, bytes]) -> None:
        with self._opened() as connection, connection:
            connection.executemany("INSERT OR IGNORE INTO embeddings VALUES (?, ?)", values.items())

    @contextlib.contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        try:
            with self._lock:
                if self._connection is None:
                    self._connection = self._open()
                yield self._connection
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"{self._path}: {error}. Delete the file; it is only a cache.") from error

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self._path, timeout=_WAIT_SECONDS, check_same_thread=False)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        with connection:
            connection.execute(_SCHEMA)
        return connection

    def close(self) -> None:
        """Close the file. The next call opens it again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None


def _key(name: str, context: str, text: str) -> bytes:
    sha256 = hashlib.sha256()
    for part in (name, context, text):
        raw = part.encode("utf-8", "surrogatepass")
        sha256.update(struct.pack("<Q", len(raw)))
        sha256.update(raw)
    return sha256.digest()


def _pack(embedding: Embedding) -> bytes:
    tokens = RawTokens.of(embedding.tokens, embedding.spans)
    head = _HEAD.pack(len(embedding.vector), *tokens.values.shape)
    vector = np.asarray(embedding.vector, dtype="<f4")
    parts = (vector, tokens.values, tokens.scales.astype("<f2"), tokens.spans.astype("<i4"))
    return head + b"".join(part.tobytes() for part in parts)


def _unpack(value: bytes) -> Embedding:
    dimension, count, width = _HEAD.unpack_from(value)
    offset = _HEAD.size
    vector = np.frombuffer(value, "<f4", dimension, offset).astype(np.float32)
    offset += 4 * dimension
    values = np.frombuffer(value, np.int8, count * width, offset).reshape(count, width)
    offset += count * width
    scales = np.frombuffer(value, "<f2", count, offset).astype(np.float16)
    spans = np.frombuffer(value, "<i4", 2 * count, offset + 2 * count).astype(np.int32).reshape(count, 2)
    return Embedding(vector, RawTokens(values, scales, spans).vectors(), spans)
