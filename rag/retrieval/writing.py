"""Fills the folder of a new generation, taking from the generation before whatever has not changed.

Memory stays flat: vectors and tokens go to disk as they come. It knows the files of an index, not who may write
when (``generations``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from rag.errors import IndexCorrupt, StoreError
from rag.interfaces import Embedder
from rag.retrieval.analysis import Analyzer
from rag.retrieval.catalogue import DENSE, VECTORS, read_vectors
from rag.retrieval.contexts import ContextTable, context, write_contexts
from rag.retrieval.dense import write_dense
from rag.retrieval.generations import current, next_number, publish
from rag.retrieval.manifest import Manifest, record_file
from rag.retrieval.postings import read_terms, write_postings
from rag.retrieval.records import read_records, write_records
from rag.retrieval.tokens import FILES as TOKEN_FILES
from rag.retrieval.tokens import RawTokens, TokenTable, TokenWriter
from rag.types import Chunk, Document


class Earlier:
    """A generation to take from."""

    def __init__(self, folder: Path) -> None:
        """Raises IndexCorrupt or IndexMismatch when it cannot be read."""
        self.manifest = Manifest.read(folder)
        for fault in self.manifest.faults(folder):
            raise IndexCorrupt(f"{fault}. Build the index again.")
        self.documents, self.chunks = read_records(folder)
        self._folder = folder
        self.tokens = TokenTable.open(folder)
        self.contexts = ContextTable.open(folder, self.chunks)
        self.vectors = read_vectors(folder / VECTORS, len(self.chunks), self.manifest.dimension)
        self.positions = {_key(chunk): position for position, chunk in enumerate(self.chunks)}

    @classmethod
    def open(cls, directory: Path) -> Earlier | None:
        """The generation in force, or None when there is none that can be read."""
        try:
            return cls(directory / current(directory))
        except StoreError:
            return None

    def terms(self) -> list[list[str]]:
        """The terms of every chunk."""
        return read_terms(self._folder, len(self.chunks))


class Build:
    """A generation in the making: terms, then vectors, then publishing."""

    def __init__(
        self,
        folder: Path,
        documents: Sequence[Document],
        chunks: Sequence[Chunk],
        embedder: str,
        analyzer: str,
        settings: Mapping[str, Any],
    ) -> None:
        """Writes the records. Raises ValueError when they contradict each other."""
        self._folder = folder
        self._documents = sorted(documents, key=lambda document: document.id)
        self._chunks = sorted(chunks, key=lambda chunk: (chunk.document_id, chunk.start, chunk.id))
        self._names = (embedder, analyzer)
        self._settings: Mapping[str, Any] = json.loads(json.dumps(settings, default=str))
        self._dimension = 0
        self.embedded = self.reused = 0
        self._files = write_records(folder, self._documents, self._chunks)

    def matches(self, manifest: Manifest) -> bool:
        """Whether an earlier generation is already what this one would be."""
        same = all(manifest.files.get(name) == record_file(self._folder / name) for name in self._files)
        names = (manifest.embedder, manifest.analyzer)
        return same and names == self._names and manifest.settings == self._settings

    def write_terms(self, analyzer: Analyzer | None, earlier: Earlier | None) -> None:
        """Write the terms by which chunks are found; ``analyzer`` may be None when all come from ``earlier``."""
        known: dict[bytes, list[str]] = {}
        if earlier and earlier.manifest.analyzer == self._names[1]:
            known = dict(zip(map(_key, earlier.chunks), earlier.terms(), strict=True))
        terms = (known.get(_key(chunk)) or _analyse(analyzer, chunk) for chunk in self._chunks)
        self._files += write_postings(self._folder, terms, len(self._chunks))

    def write_vectors(
        self, embedder: Embedder | None, earlier: Earlier | None, progress: Callable[[int, int], None]
    ) -> None:
        """Write vectors and tokens; ``embedder`` may be None when all come from ``earlier``."""
        source = earlier if earlier and earlier.manifest.embedder == self._names[0] else None
        places = [source.positions.get(_key(chunk)) if source else None for chunk in self._chunks]
        fresh = [chunk for chunk, place in zip(self._chunks, places, strict=True) if place is None]
        self.embedded, self.reused = len(fresh), len(self._chunks) - len(fresh)
        self._dimension = source.manifest.dimension if source else embedder.dimension if embedder else 0
        shape = (len(self._chunks), self._dimension)
        vectors = np.lib.format.open_memmap(self._folder / VECTORS, "w+", np.float32, shape)
        progress(self.reused, len(self._chunks))
        made = _embed(embedder, fresh)
        with TokenWriter(self._folder) as writer:
            done = self.reused
            for position, place in enumerate(places):
                if place is not None and source:
                    vectors[position], tokens = source.vectors[place], source.tokens.raw(place)
                else:
                    vectors[position], tokens = next(made)
                    done += 1
                    progress(done, len(self._chunks))
                writer.append_raw(tokens)
        vectors.flush()
        write_dense(self._folder / DENSE, vectors)
        self._files += [VECTORS, DENSE, *TOKEN_FILES]
        self._files += write_contexts(self._folder, self._chunks, embedder, source.contexts if source else None)

    def publish(self, directory: Path) -> int:
        """Put it in force; returns its number."""
        number = next_number(directory)
        embedder, analyzer = self._names
        Manifest(
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            generation=number,
            embedder=embedder,
            dimension=self._dimension,
            analyzer=analyzer,
            documents=len(self._documents),
            chunks=len(self._chunks),
            settings=self._settings,
            files={name: record_file(self._folder / name) for name in self._files},
        ).write(self._folder)
        publish(directory, self._folder, number)
        return number


def _embed(embedder: Embedder | None, chunks: Sequence[Chunk]) -> Iterator[tuple[Any, RawTokens]]:
    if chunks and embedder:
        texts, contexts = [chunk.text for chunk in chunks], [context(chunk) for chunk in chunks]
        for embedding in embedder.embed_passages(texts, contexts):
            yield embedding.vector, RawTokens.of(embedding.tokens, embedding.spans)


def _analyse(analyzer: Analyzer | None, chunk: Chunk) -> list[str]:
    return analyzer.terms(f"{context(chunk)}\n{chunk.text}") if analyzer else []


def _key(chunk: Chunk) -> bytes:
    """Equal for chunks whose embedding and terms are the same."""
    return hashlib.sha256(f"{context(chunk)}\0{chunk.text}".encode("utf-8", "surrogatepass")).digest()
