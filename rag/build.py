"""The offline pipeline, load → chunk → embed → save: makes the index mirror its sources.

New and changed files are taken in, vanished ones dropped, unchanged chunks not embedded again; single documents can
be taken out, and the result verified. It knows the order of the steps; how files are read, cut, embedded and stored is the rooms' business. What is slow to import is imported
when something is built, for a server asks ``is_current`` at every start.
"""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rag.config import Settings
from rag.errors import ModelError, StoreError
from rag.ingest.chunking import Chunker
from rag.ingest.loaders import load
from rag.ingest.removals import forget, read_removed, record
from rag.ingest.snapshot import matches, shape, take
from rag.ingest.sources import Failure
from rag.interfaces import Embedder
from rag.retrieval.embedding import SentenceTransformerEmbedder
from rag.retrieval.generations import current, writer
from rag.retrieval.manifest import Manifest
from rag.types import Chunk, Document

if TYPE_CHECKING:
    from rag.retrieval.catalogue import Index

Progress = Callable[[int, int], None]
"""Called with chunks done and chunks in all."""


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build came to.

    ``failures`` are the sources that were not read, ``skipped`` those left out on purpose. With no documents,
    nothing was written. ``generation`` is the index's number afterwards.
    """

    documents: int
    chunks: int
    embedded: int
    reused: int
    seconds: float
    generation: int
    failures: tuple[Failure, ...] = ()
    skipped: tuple[Failure, ...] = ()


@dataclass(frozen=True, slots=True)
class Verification:
    """What is in the index, and what is wrong with it: ``faults`` is empty when it is sound."""

    generation: int
    documents: int
    chunks: int
    files: int
    bytes: int
    removed: tuple[str, ...]
    faults: tuple[str, ...]


def build(
    settings: Settings,
    *,
    sources: Sequence[Path] | None = None,
    embedder: Embedder | None = None,
    progress: Progress | None = None,
    on_failure: Callable[[Failure], None] | None = None,
    restore: bool = False,
) -> BuildReport:
    """Make the index in ``settings.index_dir`` hold the documents of ``sources`` (by default: see ``sources_of``).

    Documents that were removed stay out unless ``restore``. ``on_failure`` hears of every source that is not read,
    when it is met. When not a single document can be read, the present index stays as it is.

    Raises:
        StoreError: the index cannot be written.
        ModelError: the encoder is not there or fails.
    """
    from rag.retrieval.analysis import Analyzer  # slow to import
    from rag.retrieval.store import write_index  # slow to import

    paths = tuple(sources_of(settings) if sources is None else sources)
    record_of = {"shape": shape(settings, paths), "files": take(paths, settings.max_file_bytes)}
    removed = frozenset() if restore else read_removed(settings.index_dir)
    documents, left_out = _load(paths, settings.max_file_bytes, removed, on_failure or _ignore)
    failures = tuple(failure for failure in left_out if not failure.skipped)
    skipped = tuple(failure for failure in left_out if failure.skipped)
    if not documents:
        return BuildReport(0, 0, 0, 0, 0.0, _generation(settings.index_dir), failures, skipped)
    report = write_index(
        settings.index_dir,
        documents,
        _chunk(documents, settings.chunk_size),
        embedder or SentenceTransformerEmbedder.from_settings(settings),
        Analyzer(settings.user_dictionary),
        settings=record_of,
        progress=progress,
    )
    if restore:
        forget(settings.index_dir, {document.id for document in documents})
    return BuildReport(
        len(documents), report.chunks, report.embedded, report.reused, report.seconds, report.generation, failures, skipped
    )


def is_current(settings: Settings) -> bool:
    """Whether the index was made of its sources (``sources_of``) as they are now, with these settings.

    Compares sizes and times of files; loads no model and opens no index file but the manifest.
    """
    try:
        manifest = _manifest(settings.index_dir)
    except StoreError:
        return False
    paths = sources_of(settings)
    if manifest.settings.get("shape") != shape(settings, paths):
        return False
    return _same_encoder(settings, manifest.embedder) and matches(manifest.settings.get("files"), paths)


def sources_of(settings: Settings) -> tuple[Path, ...]:
    """The sources that are set; where none are, those that the present index was made of; else the default.

    The folder of uploads counts as one where there is something in it.
    """
    uploads = settings.upload_dir
    paths = tuple(path for path in _named_sources(settings) if path != uploads)
    return (*paths, uploads) if uploads.is_dir() and any(uploads.iterdir()) else paths


def _named_sources(settings: Settings) -> tuple[Path, ...]:
    if "sources" in settings.model_fields_set:
        return settings.sources
    try:
        recorded = _manifest(settings.index_dir).settings["shape"]["sources"]
        return tuple(map(Path, recorded)) or settings.sources
    except (StoreError, KeyError, TypeError):
        return settings.sources


def remove(settings: Settings, document_id: str) -> None:
    """Take a document out of the index, out of its earlier generation on disk, and keep it out of later builds.

    No model is loaded. It comes back only when its source is indexed explicitly (``build(..., restore=True)``).

    Raises:
        StoreError: there is no index, the document is not in it, or it cannot be written.
    """
    from rag.retrieval.store import remove_document  # slow to import

    before = read_removed(settings.index_dir)
    _manifest(settings.index_dir)
    record(settings.index_dir, before | {document_id})
    try:
        remove_document(settings.index_dir, document_id)
    except StoreError:
        record(settings.index_dir, before)
        raise
    _purge(settings.index_dir)


def verify(settings: Settings) -> Verification:
    """Check the index in ``settings.index_dir``.

    Raises:
        IndexNotFound: there is none.
    """
    from rag.retrieval import store  # slow to import
    from rag.retrieval.analysis import Analyzer  # slow to import

    faults = store.verify(settings.index_dir)
    if faults:
        return Verification(0, 0, 0, 0, 0, (), tuple(faults))
    try:
        manifest = store.read_manifest(settings.index_dir)
        index = store.open_index(settings.index_dir, analyzer=Analyzer(settings.user_dictionary))
        removed = read_removed(settings.index_dir)
    except StoreError as error:
        return Verification(0, 0, 0, 0, 0, (), (str(error),))
    return Verification(
        generation=manifest.generation,
        documents=manifest.documents,
        chunks=manifest.chunks,
        files=len(manifest.files),
        bytes=manifest.bytes,
        removed=tuple(sorted(removed)),
        faults=tuple(_faults(index, removed)),
    )


def _load(
    paths: Sequence[Path], max_bytes: int, removed: frozenset[str], on_failure: Callable[[Failure], None]
) -> tuple[list[Document], list[Failure]]:
    documents: list[Document] = []
    failures: list[Failure] = []
    for item in load(paths, max_bytes):
        if isinstance(item, Document) and item.id in removed:
            item = Failure(item.source, "was removed: `python -m rag index` takes it in again", skipped=True)
        if isinstance(item, Failure):
            on_failure(item)
            failures.append(item)
        else:
            documents.append(item)
    return documents, failures


def _chunk(documents: Sequence[Document], size: int) -> list[Chunk]:
    chunker = Chunker(size)
    return [chunk for document in documents for chunk in chunker.chunk(document)]


def _purge(directory: Path) -> None:
    """Delete every generation but the one in force: in the earlier one a removed document would still lie on the disk."""
    with writer(directory):
        present = current(directory)
        for folder in directory.glob("generation-*"):
            if folder.name != present:
                shutil.rmtree(folder, ignore_errors=True)


def _faults(index: Index, removed: frozenset[str]) -> Iterator[str]:
    documents = {document.id: document for document in index.documents()}
    held: Counter[str] = Counter()
    for chunk in index.chunks:
        document = documents.get(chunk.document_id)
        held[chunk.document_id] += 1
        if document is None:
            yield f"chunk {chunk.id} is of {chunk.document_id}, which is not in the index"
        elif document.text[chunk.start : chunk.end] != chunk.text:
            yield f"chunk {chunk.id} is not the text of its document from {chunk.start} to {chunk.end}"
    for document in documents.values():
        if hashlib.sha256(document.text.encode()).hexdigest() != document.sha256:
            yield f"the text of {document.id} is not the one that was indexed"
        if not held[document.id]:
            yield f"{document.id} has no chunks: it can never be found"
    for name in sorted(removed & (documents.keys() | held.keys())):
        yield f"{name} was removed, and is still in the index"


def _same_encoder(settings: Settings, name: str) -> bool:
    """An encoder that is not there now is no reason to build anew."""
    try:
        return SentenceTransformerEmbedder.from_settings(settings).name == name
    except ModelError:
        return True


def _manifest(directory: Path) -> Manifest:
    return Manifest.read(directory / current(directory))


def _generation(directory: Path) -> int:
    try:
        return _manifest(directory).generation
    except StoreError:
        return 0


def _ignore(failure: Failure) -> None:
    pass
