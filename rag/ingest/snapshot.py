"""What an index was made of: the sources' files as they were, and the settings that shaped it.

The manifest keeps it, so that a start can tell from file sizes and times alone that nothing changed. It reads
file contents only where a time changed but the size did not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import rag
from rag.config import Settings
from rag.ingest.sources import SourceFile, find_files

_INGEST_VERSION = 3
"""To be raised when the same files would now give other documents or chunks."""

_LIBRARIES = ("rjieba", "snowballstemmer", "langchain-text-splitters")
"""What splits texts and words: another version may split them otherwise."""

_BLOCK = 1 << 20


def shape(settings: Settings, sources: Sequence[Path]) -> dict[str, Any]:
    """The settings on which the content of an index hangs, as JSON values."""
    dictionary = settings.user_dictionary
    return {
        "versions": {"zhiju": rag.__version__, "ingest": _INGEST_VERSION, **{name: _version(name) for name in _LIBRARIES}},
        "sources": [str(path) for path in sources],
        "chunk_size": settings.chunk_size,
        "max_file_bytes": settings.max_file_bytes,
        "embedding_model": settings.embedding_model,
        "query_prefix": settings.query_prefix,
        "passage_prefix": settings.passage_prefix,
        "user_dictionary": _hash(dictionary) if dictionary else None,
    }


def take(sources: Sequence[Path], max_bytes: int) -> dict[str, list[Any]]:
    """Size, time of change (ns) and SHA-256 of every file of the sources. A file too large to read has no hash."""
    return {
        _key(file): [file.size, _changed(file.path), _hash(file.path) if file.size <= max_bytes else ""]
        for file in _files(sources)
    }


def matches(recorded: object, sources: Sequence[Path]) -> bool:
    """Whether the files of the sources are those of ``recorded``, which ``take`` made."""
    if not isinstance(recorded, Mapping):
        return False
    present = {_key(file): file for file in _files(sources)}
    return present.keys() == recorded.keys() and all(_same(file, recorded[key]) for key, file in present.items())


def _same(file: SourceFile, entry: object) -> bool:
    if not isinstance(entry, list) or len(entry) != 3 or entry[0] != file.size:
        return False
    return bool(entry[1] == _changed(file.path)) or bool(entry[2] and entry[2] == _hash(file.path))


def _files(sources: Sequence[Path]) -> list[SourceFile]:
    return [item for item in find_files(sources) if isinstance(item, SourceFile)]


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return ""


def _key(file: SourceFile) -> str:
    return str(file.path).encode("utf-8", "replace").decode()


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _hash(path: Path) -> str:
    """The SHA-256 of a file; empty when it cannot be read."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
    except OSError:
        return ""
    return digest.hexdigest()
