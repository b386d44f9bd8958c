"""The manifest of an index: what its files are, what they were made with, and how to tell that they are whole.

Plain JSON. It knows names, sizes and hashes, not what the files hold.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from rag.errors import IndexCorrupt, IndexMismatch

MANIFEST = "manifest.json"
FORMAT = 2
_HASHED_AT_OPENING = 200_000_000  # bytes: a fraction of a second
_BLOCK = 1 << 20
_TYPES = {"created": str, "generation": int, "embedder": str, "dimension": int, "analyzer": str, "documents": int,
          "chunks": int, "settings": dict, "files": dict}  # fmt: skip
_NAME = re.compile(r"[a-z_]+(?:[./][a-z_]+)*")


@dataclass(frozen=True, slots=True)
class FileRecord:
    """One file of an index."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """All that is known of an index without opening its other files.

    ``created`` is ISO 8601 in UTC; ``embedder`` and ``analyzer`` are the names of what made it; ``settings`` are
    those that shaped it, for people and for telling whether it is up to date.
    """

    created: str
    generation: int
    embedder: str
    dimension: int
    analyzer: str
    documents: int
    chunks: int
    settings: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, FileRecord] = field(default_factory=dict)
    format: int = FORMAT

    @property
    def bytes(self) -> int:
        """The size of all files."""
        return sum(record.bytes for record in self.files.values())

    @classmethod
    def read(cls, directory: Path) -> Self:
        """The manifest of one generation.

        Raises:
            IndexMismatch: it is of another format.
            IndexCorrupt: it is missing or is not what was written.
        """
        path = directory / MANIFEST
        try:
            fields = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise IndexCorrupt(f"{path} cannot be read ({error}). Build the index again.") from error
        if not isinstance(fields, dict) or not isinstance(fields.get("format"), int):
            raise IndexCorrupt(f"{path} is no manifest. Build the index again.")
        if fields["format"] != FORMAT:
            raise IndexMismatch(
                f"{path} is of format {fields['format']}, this version reads {FORMAT}. "
                "Run `python -m rag index` to build the index again."
            )
        if not all(isinstance(fields.get(name), kind) for name, kind in _TYPES.items()):
            raise IndexCorrupt(f"{path} lacks an entry. Build the index again.")
        try:
            return cls(**{**fields, "files": {name: _record(name, file) for name, file in fields["files"].items()}})
        except (TypeError, KeyError, AttributeError, ValueError) as error:
            raise IndexCorrupt(f"{path} is no manifest ({error}). Build the index again.") from error

    def write(self, directory: Path) -> None:
        """Write it into a generation's folder."""
        text = json.dumps(asdict(self), ensure_ascii=False, indent=1, sort_keys=True)
        (directory / MANIFEST).write_text(text + "\n", encoding="utf-8")

    def faults(self, directory: Path, *, hash_up_to: int | None = _HASHED_AT_OPENING) -> Iterable[str]:
        """What is wrong with the files: each fault names its file.

        Sizes are always compared. Contents are hashed, smallest files first, until ``hash_up_to`` bytes are read;
        None hashes all.
        """
        budget = hash_up_to
        for name, record in sorted(self.files.items(), key=lambda item: item[1].bytes):
            path = directory / name
            size = path.stat().st_size if path.is_file() else None
            if size is None:
                yield f"{path} is missing"
            elif size != record.bytes:
                yield f"{path} has {size} bytes instead of {record.bytes}"
            elif budget is None or record.bytes <= budget:
                budget = None if budget is None else budget - record.bytes
                if sha256(path) != record.sha256:
                    yield f"{path} was altered: its hash is not the one it was written with"


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def record_file(path: Path) -> FileRecord:
    """The record of a file as it is now."""
    return FileRecord(path.stat().st_size, sha256(path))


def _record(name: str, fields: Mapping[str, Any]) -> FileRecord:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no file of an index")
    return FileRecord(int(fields["bytes"]), str(fields["sha256"]))
