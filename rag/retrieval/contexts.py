"""What stands above the passages: title and section path, each with the token vectors of its words.

A passage is searched, embedded and matched with its context and never quoted with it. Encoded alone, a context is the
same for all passages of a section and is kept once; what the encoder makes of it in front of a passage tells less
(``eval/LOG.md``).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from rag.errors import IndexCorrupt
from rag.interfaces import Embedder, Embedding, Vector
from rag.retrieval.late_interaction import with_words
from rag.retrieval.tokens import FILES, RawTokens, TokenTable, TokenWriter
from rag.types import Chunk

FOLDER = "contexts"
_SEPARATOR = " › "
_REMEMBERED = 512
"""Contexts whose vectors are kept at hand: some 15 MB. The passages of a search share a few."""


def context(chunk: Chunk) -> str:
    """Title and section path of a passage; empty where it has neither."""
    return _SEPARATOR.join(dict.fromkeys(part for part in (chunk.title, *chunk.section.split(_SEPARATOR)) if part))


class ContextTable:
    """The contexts of one generation, numbered in the order in which its chunks first show them."""

    def __init__(self, chunks: Sequence[Chunk], tokens: TokenTable) -> None:
        self._numbers = {text: number for number, text in enumerate(_distinct(chunks))}
        self._tokens = tokens
        self._vectors = lru_cache(maxsize=_REMEMBERED)(self._read)

    @classmethod
    def open(cls, folder: Path, chunks: Sequence[Chunk]) -> ContextTable:
        """Map the files of a generation's ``folder``.

        Raises:
            IndexCorrupt: they are missing, cut short, or of other chunks.
        """
        table = cls(chunks, TokenTable.open(folder / FOLDER))
        if len(table._tokens) != len(table._numbers):
            raise IndexCorrupt(f"{folder / FOLDER} is of another number of contexts. Build the index again.")
        return table

    def vectors(self, chunk: Chunk) -> Vector:
        """The token vectors of a chunk's context, (t, d); none where it has no context. Raises KeyError for a strange one."""
        return self._vectors(context(chunk))

    def _read(self, text: str) -> Vector:
        if not text:
            return np.zeros((0, self._tokens.dimension), np.float32)
        vectors = self._tokens.tokens(self._numbers[text])[0]
        vectors.setflags(write=False)
        return vectors

    def raw(self, text: str) -> RawTokens | None:
        """A context as it is stored, or None where it is not among them."""
        return self._tokens.raw(self._numbers[text]) if text in self._numbers else None


def write_contexts(
    folder: Path, chunks: Sequence[Chunk], embedder: Embedder | None, earlier: ContextTable | None
) -> list[str]:
    """Write the contexts of ``chunks`` below ``folder``, those that ``earlier`` has as they are there.

    ``embedder`` may be None where it has all of them. Returns the files' names inside ``folder``.
    """
    texts = _distinct(chunks)
    kept = [earlier.raw(text) if earlier else None for text in texts]
    missing = [text for text, tokens in zip(texts, kept, strict=True) if tokens is None]
    made = embedder.embed_passages(missing) if embedder and missing else iter(())
    with TokenWriter(folder / FOLDER) as writer:
        for text, tokens in zip(texts, kept, strict=True):
            writer.append_raw(tokens if tokens is not None else _stored(text, next(made)))
    return [f"{FOLDER}/{name}" for name in FILES]


def _distinct(chunks: Sequence[Chunk]) -> list[str]:
    return [text for text in dict.fromkeys(map(context, chunks)) if text]


def _stored(text: str, embedding: Embedding) -> RawTokens:
    kept = with_words(text, embedding.spans)
    return RawTokens.of(embedding.tokens[kept], embedding.spans[kept])
