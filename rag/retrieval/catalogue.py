"""An opened index: its documents and chunks, and the searches over them.

Opening reads the records and maps the rest; no model is loaded. It is read-only: a new generation is a new index.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from rag.errors import IndexCorrupt, StoreError
from rag.interfaces import Embedder, Vector
from rag.retrieval.analysis import Analyzer
from rag.retrieval.chunks import ChunkTable
from rag.retrieval.contexts import ContextTable
from rag.retrieval.dense import DenseIndex, read_dense
from rag.retrieval.generations import current
from rag.retrieval.manifest import Manifest
from rag.retrieval.postings import open_postings
from rag.retrieval.records import read_records
from rag.retrieval.sparse import SparseIndex
from rag.retrieval.tokens import Spans, TokenTable
from rag.text import CJK, is_cjk, normalise
from rag.types import Chunk, Document

DENSE, VECTORS = "dense.faiss", "vectors.npy"
_BREAK = re.compile(r"[\W_]+")
_BESIDE_CJK = re.compile(rf"(?<=[{CJK}]) | (?=[{CJK}])")
_LETTER = rf"[^\W_{CJK}]"


class Index:
    """One generation of an index, open for reading from many threads; a ``Catalogue``."""

    def __init__(self, directory: Path, folder: Path, manifest: Manifest, analyzer: Analyzer) -> None:
        """Use ``rag.retrieval.store.open_index``, which checks the files first."""
        self.manifest = manifest
        self._directory, self._folder, self._analyzer = directory, folder, analyzer
        documents, chunks = read_records(folder)
        self._documents = sorted(documents, key=lambda document: document.id)
        self._by_id = {document.id: document for document in self._documents}
        self.chunks = ChunkTable(chunks)
        if (len(documents), len(chunks)) != (manifest.documents, manifest.chunks):
            raise IndexCorrupt(f"{folder} holds other numbers of documents and chunks than its manifest says.")
        self.tokens = TokenTable.open(folder)
        self._contexts = ContextTable.open(folder, chunks)
        self.vectors = read_vectors(folder / VECTORS, len(chunks), manifest.dimension)
        if len(self.tokens) != len(chunks):
            raise IndexCorrupt(f"{folder}: the token files are of another number of chunks. Build the index again.")
        self.sparse = SparseIndex(self.chunks, open_postings(folder, len(chunks)), analyzer)
        self.frequency = lru_cache(maxsize=4096)(self._frequency)
        self._normal: dict[int, str] = {}

    @property
    def generation(self) -> int:
        """Its number: grows by one with every change."""
        return self.manifest.generation

    def is_stale(self) -> bool:
        """Whether a newer generation is in force. Reads one small file."""
        try:
            return current(self._directory) != self._folder.name
        except StoreError:
            return False

    def dense(self, embedder: Embedder) -> DenseIndex:
        """Dense search with queries embedded by ``embedder``."""
        return DenseIndex(self.chunks, self._faiss_index, self.vectors, embedder)

    def tokens_of(self, chunk_id: str) -> tuple[Vector, Spans]:
        """A chunk's token vectors, (t, d), and their spans in its text. Raises KeyError for an unknown chunk."""
        return self.tokens.tokens(self.chunks.position(chunk_id))

    def context_of(self, chunk_id: str) -> Vector:
        """The token vectors, (t, d), of the title and section above a chunk. Raises KeyError for an unknown chunk."""
        return self._contexts.vectors(self.chunk(chunk_id))

    def chunk(self, chunk_id: str) -> Chunk:
        """One chunk. Raises KeyError when it is not in the index."""
        return self.chunks[self.chunks.position(chunk_id)]

    def documents(self) -> Sequence[Document]:
        """See ``Catalogue``."""
        return self._documents

    def document(self, document_id: str) -> Document:
        """See ``Catalogue``."""
        return self._by_id[document_id]

    def sections(self, document_id: str) -> Sequence[str]:
        """See ``Catalogue``; text above the first heading has none. Raises KeyError for an unknown document."""
        self._by_id[document_id]
        found = (self.chunks[position].section for position in self.chunks.of_document(document_id))
        return [section for section in dict.fromkeys(found) if section]

    def following(self, chunk_id: str, count: int) -> Sequence[Chunk]:
        """At most ``count`` chunks right behind one, of its document and section. Raises KeyError for an unknown chunk."""
        own = self.chunk(chunk_id)
        positions = self.chunks.of_document(own.document_id)
        at = positions.index(self.chunks.position(chunk_id)) + 1
        behind = (self.chunks[position] for position in positions[at : at + count])
        return list(itertools.takewhile(lambda chunk: chunk.section == own.section, behind))

    @cached_property
    def _faiss_index(self) -> object:
        return read_dense(self._folder / DENSE, len(self.chunks), self.manifest.dimension)

    def _frequency(self, text: str) -> int:
        """See ``Catalogue``. Punctuation and spaces are passed over; a Latin word counts only as a whole."""
        phrase = _phrase(text)
        if not phrase:
            return 0
        head = "" if is_cjk(phrase[0]) else f"(?<!{_LETTER})"
        tail = "" if is_cjk(phrase[-1]) else f"(?!{_LETTER})"
        whole = re.compile(head + re.escape(phrase) + tail)
        return sum(whole.search(self._normal_text(position)) is not None for position in self._candidates(text))

    def _candidates(self, text: str) -> Sequence[int]:
        """The chunks that can hold the phrase: those with each of the terms that do not hang on what is around."""
        sets = [self.sparse.positions_of(term) for term in self._analyzer.context_free_terms(text)]
        if not sets:
            return range(len(self.chunks))
        found = sets[0]
        for positions in sets[1:]:
            found = np.intersect1d(found, positions, assume_unique=True)
        return [int(position) for position in found]

    def _normal_text(self, position: int) -> str:
        if position not in self._normal:
            self._normal[position] = _phrase(self.chunks[position].text)
        return self._normal[position]


def _phrase(text: str) -> str:
    """``text`` normalised, one space for whatever stands between words, none beside CJK characters."""
    return _BESIDE_CJK.sub("", _BREAK.sub(" ", normalise(text))).strip()


def read_vectors(path: Path, count: int, dimension: int) -> Vector:
    """The vectors of all chunks, (n, d), mapped into memory. Raises IndexCorrupt when they are not there."""
    try:
        vectors = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise IndexCorrupt(f"{path} cannot be read ({error}). Build the index again.") from error
    if vectors.dtype != np.float32 or vectors.shape != (count, dimension):
        raise IndexCorrupt(f"{path} does not hold {count} vectors of {dimension} dimensions. Build the index again.")
    plain: Vector = vectors.view(np.ndarray)
    return plain
