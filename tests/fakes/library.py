"""Documents, chunks and evidence made of a few words, and a catalogue over them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence

from rag.text import normalise
from rag.types import Chunk, Document, Evidence


def make_document(document_id: str, text: str, title: str = "") -> Document:
    """A document whose title is its id, unless one is given."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Document(document_id, title or document_id, text, f"{document_id}.txt", digest)


def make_chunks(document: Document, section: str = "") -> list[Chunk]:
    """One chunk for each non-empty line of a document."""
    chunks: list[Chunk] = []
    for match in re.finditer(r"[^\n]+", document.text):
        number = f"{document.id}#{len(chunks)}"
        chunks.append(Chunk(number, document.id, document.title, section, match[0], match.start(), match.end()))
    return chunks


def whole_chunk(document: Document) -> Chunk:
    """A document as one chunk."""
    return Chunk(f"{document.id}#0", document.id, document.title, "", document.text, 0, len(document.text))


def passages(*texts: str, title: str = "", section: str = "", start: int = 0) -> list[Evidence]:
    """Each text as a passage of its own document ``d1``, ``d2``, …, the first the best."""
    return [
        Evidence(n, Chunk(f"c{n}", f"d{n}", title, section, text, start, start + len(text)), 1 - n / 10)
        for n, text in enumerate(texts, start=1)
    ]


class FakeCatalogue:
    """Knows these documents: a chunk a line, a section a heading, or the one section that is given."""

    def __init__(self, documents: Iterable[Document] = (), sections: Mapping[str, str] | None = None) -> None:
        self._documents = {document.id: document for document in documents}
        self._sections = sections or {}
        self.chunks = [
            chunk for document in self._documents.values() for chunk in make_chunks(document, self._sections.get(document.id, ""))
        ]

    def documents(self) -> Sequence[Document]:
        return [self._documents[key] for key in sorted(self._documents)]

    def document(self, document_id: str) -> Document:
        return self._documents[document_id]

    def sections(self, document_id: str) -> Sequence[str]:
        text = self.document(document_id).text
        return [self._sections[document_id]] if document_id in self._sections else re.findall(r"^#+ (.+)$", text, re.MULTILINE)

    def frequency(self, text: str) -> int:
        wanted = normalise(text)
        return sum(wanted in normalise(chunk.text) for chunk in self.chunks)
