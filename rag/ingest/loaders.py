"""From files to documents: chooses the reader, cleans the text, gives ids; reports what cannot be read and goes on.

It knows the formats' names, not their insides, and nothing of chunks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from rag.errors import IngestError, UnsupportedFormat
from rag.ingest.cleaning import clean
from rag.ingest.docx import read_docx
from rag.ingest.drafts import Draft, find_title
from rag.ingest.encoding import decode
from rag.ingest.html import read_html
from rag.ingest.jsonl import read_jsonl
from rag.ingest.pdf import read_pdf
from rag.ingest.pptx import read_pptx
from rag.ingest.sources import Failure, SourceFile, find_files
from rag.ingest.table import read_table
from rag.ingest.xlsx import read_xlsx
from rag.types import Document

Reader = Callable[[bytes, str], Iterator[Draft | Failure]]


def load(paths: Sequence[Path], max_bytes: int) -> Iterator[Document | Failure]:
    """Every document of the files and folders in ``paths``, in order, and every source that gives none, with reasons.

    A file is read when its turn comes. Nothing is raised for a source: whatever is wrong with one is a
    ``Failure``, and the next is read.
    """
    taken: dict[str, str] = {}
    for item in find_files(paths):
        if isinstance(item, Failure):
            yield item
            continue
        for document in _read(item, max_bytes):
            yield document if isinstance(document, Failure) else _admit(document, item, taken)


def _admit(document: Document, file: SourceFile, taken: dict[str, str]) -> Document | Failure:
    """The document under an id that no other has."""
    identifier = document.id
    if identifier in taken and identifier == file.id:
        identifier = f"{file.root}/{identifier}"
    if identifier in taken:
        return Failure(document.source, f"its id {identifier} is that of {taken[identifier]}, too: give it another id")
    taken[identifier] = document.source
    if identifier == document.id:
        return document
    return Document(identifier, document.title, document.text, document.source, document.sha256, document.modified)


def _read(file: SourceFile, max_bytes: int) -> Iterator[Document | Failure]:
    try:
        reader = _reader(file)
        for draft in reader(_bytes(file, max_bytes), file.id):
            yield draft if isinstance(draft, Failure) else _document(draft, file)
    except UnsupportedFormat as error:
        yield Failure(_name(file), str(error), skipped=not file.explicit)
    except IngestError as error:
        yield Failure(_name(file), str(error))


def _bytes(file: SourceFile, max_bytes: int) -> bytes:
    if file.size > max_bytes:
        raise IngestError(f"it has {file.size} bytes, more than the {max_bytes} allowed: split it, or raise RAG_MAX_FILE_BYTES")
    try:
        with file.path.open("rb") as stream:
            data = stream.read(max_bytes + 1)
    except FileNotFoundError as error:
        raise IngestError("it vanished while the sources were read: index again") from error
    except OSError as error:
        raise IngestError(f"it cannot be opened ({error.strerror}): check its permissions") from error
    if len(data) > max_bytes:
        raise IngestError(f"it grew beyond the {max_bytes} bytes allowed while it was read: index again")
    if not data:
        raise IngestError("the file is empty")
    return data


def _document(draft: Draft, file: SourceFile) -> Document | Failure:
    text = clean(draft.text)
    if not text.strip():
        return Failure(draft.source or _name(file), "it holds no text")
    title = " ".join(clean(draft.title).split())
    if not title and not draft.titled:
        title = find_title(text) or Path(file.id).stem
    written = datetime.fromtimestamp(file.modified, UTC).isoformat(timespec="seconds")
    line = draft.source.removeprefix(file.id) if draft.source else ""
    return Document(
        id=clean(draft.id) or file.id + line,
        title=title,
        text=text,
        source=draft.source or file.id,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        modified=draft.modified or written,
    )


def _name(file: SourceFile) -> str:
    return str(file.path).encode("utf-8", "replace").decode()


def _plain(data: bytes, name: str) -> Iterator[Draft | Failure]:
    yield Draft(decode(data))


def _lines(data: bytes, name: str) -> Iterator[Draft | Failure]:
    yield from read_jsonl(decode(data), name)


READERS: dict[str, Reader] = {
    ".txt": _plain,
    ".text": _plain,
    ".md": _plain,
    ".markdown": _plain,
    ".html": read_html,
    ".htm": read_html,
    ".xhtml": read_html,
    ".pdf": read_pdf,
    ".docx": read_docx,
    ".xlsx": read_xlsx,
    ".xlsm": read_xlsx,
    ".pptx": read_pptx,
    ".jsonl": _lines,
    ".ndjson": _lines,
    ".csv": read_table,
    ".tsv": read_table,
}
_ADVICE = {
    ".doc": "save it as .docx",
    ".rtf": "save it as .docx",
    ".odt": "save it as .docx",
    ".pages": "export it as .docx or .pdf",
    ".wps": "save it as .docx",
    ".ppt": "save it as .pptx",
    ".dps": "save it as .pptx",
    ".odp": "save it as .pptx",
    ".xls": "save it as .xlsx",
    ".xlsb": "save it as .xlsx",
    ".et": "save it as .xlsx",
    ".ods": "save it as .xlsx",
    ".json": "write one document a line, as .jsonl",
    ".epub": "convert it to .html",
}


def _reader(file: SourceFile) -> Reader:
    suffix = Path(file.id).suffix.lower()
    reader = READERS.get(suffix)
    if reader is None:
        advice = _ADVICE.get(suffix, f"known are {', '.join(sorted(READERS))}")
        raise UnsupportedFormat(f"{suffix or 'a name without extension'} is not a format that can be read: {advice}")
    return reader
