"""Writes, opens and checks an index: plain files under a manifest of hashes, swapped in whole, never pickled.

Knows what files an index has and with what they were made; searching is the opened index's business.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

from rag.errors import IndexCorrupt, IndexMismatch, StoreError
from rag.interfaces import Embedder
from rag.retrieval.analysis import Analyzer
from rag.retrieval.catalogue import Index
from rag.retrieval.generations import current, writer
from rag.retrieval.manifest import MANIFEST, Manifest
from rag.retrieval.writing import Build, Earlier
from rag.types import Chunk, Document

Progress = Callable[[int, int], None]
"""Called with chunks done and chunks in all."""


@dataclass(frozen=True, slots=True)
class WriteReport:
    """What writing an index came to. ``generation`` is the one in force afterwards, new or as before."""

    chunks: int
    embedded: int
    reused: int
    seconds: float
    generation: int


def write_index(
    directory: Path,
    documents: Sequence[Document],
    chunks: Sequence[Chunk],
    embedder: Embedder,
    analyzer: Analyzer,
    *,
    settings: Mapping[str, Any],
    progress: Progress | None = None,
) -> WriteReport:
    """Make ``documents`` and ``chunks`` the whole of the index in ``directory``, as a new generation.

    Passages that the present generation holds are taken from it when the embedder is the same; when nothing at
    all has changed, that generation stays.

    Raises:
        StoreError: another process writes, or the disk will not have it; the present generation is as it was.
        ValueError: ids repeat, or a chunk is not the stretch of its document that it says.
    """
    began = monotonic()
    with writer(directory) as folder:
        earlier = Earlier.open(directory)
        build = Build(folder, documents, chunks, embedder.name, analyzer.name, settings)
        if earlier and build.matches(earlier.manifest):
            return WriteReport(len(chunks), 0, len(chunks), monotonic() - began, earlier.manifest.generation)
        build.write_terms(analyzer, earlier)
        build.write_vectors(embedder, earlier, progress or _ignore)
        generation = build.publish(directory)
        return WriteReport(len(chunks), build.embedded, build.reused, monotonic() - began, generation)


def remove_document(directory: Path, document_id: str) -> WriteReport:
    """Make a new generation without one document. Nothing is embedded and no model is loaded.

    Raises:
        IndexNotFound, IndexCorrupt: there is no index to remove it from.
        StoreError: it is not in the index, or the new generation cannot be written.
    """
    began = monotonic()
    with writer(directory) as folder:
        earlier = Earlier(directory / current(directory))
        documents = [document for document in earlier.documents if document.id != document_id]
        if len(documents) == len(earlier.documents):
            raise StoreError(f"{document_id} is not in the index in {directory}.")
        chunks = [chunk for chunk in earlier.chunks if chunk.document_id != document_id]
        manifest = earlier.manifest
        build = Build(folder, documents, chunks, manifest.embedder, manifest.analyzer, manifest.settings)
        build.write_terms(None, earlier)
        build.write_vectors(None, earlier, _ignore)
        generation = build.publish(directory)
        return WriteReport(len(chunks), 0, build.reused, monotonic() - began, generation)


def open_index(directory: Path, *, embedder_name: str | None = None, analyzer: Analyzer) -> Index:
    """Open the generation in force. No model is loaded.

    ``embedder_name``: that of the embedder which is to embed queries; None leaves it unchecked.

    Raises:
        IndexNotFound: there is none.
        IndexMismatch: it was made by another embedder or analyzer, or is of another format.
        IndexCorrupt: a file is missing, cut short or altered; the message names it.
    """
    folder = directory / current(directory)
    manifest = Manifest.read(folder)
    _check_names(directory, manifest, embedder_name, analyzer.name)
    for fault in manifest.faults(folder):
        raise IndexCorrupt(f"{fault}. Run `python -m rag index` to build the index again.")
    return Index(directory, folder, manifest, analyzer)


def read_manifest(directory: Path) -> Manifest:
    """The manifest of the generation in force. Raises the errors of ``open_index`` except those of other files."""
    return Manifest.read(directory / current(directory))


def verify(directory: Path) -> list[str]:
    """Read every byte of the generation in force; what is wrong with it, each fault naming its file.

    Raises:
        IndexNotFound: there is no index.
    """
    folder = directory / current(directory)
    try:
        manifest = Manifest.read(folder)
    except (IndexCorrupt, IndexMismatch) as error:
        return [str(error)]
    faults = list(manifest.faults(folder, hash_up_to=None))
    known = {*manifest.files, MANIFEST}
    names = (path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if not path.is_dir())
    faults += [f"{folder / name} does not belong to the index and is never read" for name in names if name not in known]
    return faults


def _check_names(directory: Path, manifest: Manifest, embedder: str | None, analyzer: str) -> None:
    pairs = (("embedding model", manifest.embedder, embedder), ("text analyzer", manifest.analyzer, analyzer))
    for what, built, asked in pairs:
        if asked is not None and built != asked:
            raise IndexMismatch(
                f"The index in {directory} was built with the {what} {built}, now {asked} is set. "
                f"Run `python -m rag index --index {directory}` to build it again, or change the setting back."
            )


def _ignore(done: int, total: int) -> None:
    pass
