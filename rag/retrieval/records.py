"""Documents and chunks as lines of JSON. A chunk's text is cut from its document, so that it cannot differ.

It does not know vectors or terms.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from rag.errors import IndexCorrupt
from rag.types import Chunk, Document

DOCUMENTS, CHUNKS = "documents.jsonl", "chunks.jsonl"
_DOCUMENT_FIELDS = frozenset(field.name for field in fields(Document))


def write_records(directory: Path, documents: Sequence[Document], chunks: Sequence[Chunk]) -> list[str]:
    """Write both files; returns their names.

    Raises:
        ValueError: two documents or chunks share an id, or a chunk is not the stretch of a document that it says.
    """
    by_id = {document.id: document for document in documents}
    if len(by_id) != len(documents) or len({chunk.id for chunk in chunks}) != len(chunks):
        raise ValueError("two documents or two chunks have the same id")
    _write_lines(directory / DOCUMENTS, (asdict(document) for document in documents))
    _write_lines(directory / CHUNKS, (_place(chunk, by_id) for chunk in chunks))
    return [DOCUMENTS, CHUNKS]


def read_records(directory: Path) -> tuple[list[Document], list[Chunk]]:
    """What ``write_records`` wrote.

    Raises:
        IndexCorrupt: a line is missing or malformed.
    """
    path = directory / DOCUMENTS
    try:
        documents = [_document(line) for line in _read_lines(path)]
        by_id = {document.id: document for document in documents}
        path = directory / CHUNKS
        return documents, [_chunk(line, by_id) for line in _read_lines(path)]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IndexCorrupt(f"{path} cannot be read ({error!r}). Build the index again.") from error


def _place(chunk: Chunk, documents: dict[str, Document]) -> dict[str, Any]:
    document = documents.get(chunk.document_id)
    if document is None or chunk.title != document.title or document.text[chunk.start : chunk.end] != chunk.text:
        raise ValueError(f"chunk {chunk.id} is not the stretch of {chunk.document_id} that it says")
    return {"id": chunk.id, "document_id": chunk.document_id, "section": chunk.section,
            "start": chunk.start, "end": chunk.end}  # fmt: skip


def _document(line: dict[str, Any]) -> Document:
    if set(line) != _DOCUMENT_FIELDS or not all(isinstance(value, str) for value in line.values()):
        raise ValueError("a line is no document")
    return Document(**line)


def _chunk(line: dict[str, Any], documents: dict[str, Document]) -> Chunk:
    document, start, end = documents[line["document_id"]], line["start"], line["end"]
    if not 0 <= start <= end <= len(document.text):
        raise ValueError(f"chunk {line['id']} lies outside its document")
    return Chunk(line["id"], document.id, document.title, line["section"], document.text[start:end], start, end)


def _write_lines(path: Path, lines: Iterator[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", errors="surrogatepass", newline="\n") as file:
        for line in lines:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


def _read_lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8", errors="surrogatepass", newline="\n") as file:
        for line in file:
            yield json.loads(line)
