"""What the planner asks of the index: how often words occur, where, and what documents and sections are called.

A thin, caching view of a catalogue and a retriever. Safe to use from many threads: the caches are only ever
filled with the same values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from rag.answering.terms import Term
from rag.interfaces import Catalogue, Retriever
from rag.text import normalise
from rag.types import Hit, Scope

_REMEMBERED = 20_000
_CHARACTERS_A_CHUNK = 300
PATH_SEPARATOR = " › "


@dataclass(frozen=True, slots=True)
class Label:
    """A document's title, or a heading with ``path`` above and including it, ready to be compared.

    ``title`` is as written, ``key`` its ``compact`` form; ``path`` is empty for a document's title.
    """

    document_id: str
    path: str
    title: str
    key: str


@dataclass(frozen=True, slots=True)
class Place:
    """A document or a top section of one: what counts as one subject."""

    document_id: str
    section: str


class Corpus:
    """The documents as the planner sees them."""

    def __init__(self, catalogue: Catalogue, retriever: Retriever) -> None:
        self.catalogue = catalogue
        self._retriever = retriever
        self.frequency = lru_cache(maxsize=_REMEMBERED)(self._count)
        """In how many chunks a text occurs as a phrase."""

    @cached_property
    def chunks(self) -> float:
        """How many chunks there are, estimated from the length of the documents."""
        return max(1.0, sum(len(document.text) for document in self.catalogue.documents()) / _CHARACTERS_A_CHUNK)

    @cached_property
    def titles(self) -> tuple[Label, ...]:
        """The titles of all documents."""
        return tuple(
            Label(document.id, "", document.title, compact(document.title)) for document in self.catalogue.documents()
        )

    @cached_property
    def headings(self) -> tuple[Label, ...]:
        """The headings of all documents, each once with its path."""
        return tuple(label for document in self.catalogue.documents() for label in self._headings(document.id))

    def _headings(self, document_id: str) -> Iterator[Label]:
        paths = dict.fromkeys(
            PATH_SEPARATOR.join(parts[:depth])
            for parts in (path.split(PATH_SEPARATOR) for path in self.catalogue.sections(document_id))
            for depth in range(1, len(parts) + 1)
        )
        for path in paths:
            heading = path.rsplit(PATH_SEPARATOR, 1)[-1]
            if heading:
                yield Label(document_id, path, heading, compact(heading))

    def _count(self, text: str) -> int:
        return self.catalogue.frequency(text)

    def search(self, query: str, k: int) -> list[Hit]:
        """The ``k`` best hits anywhere."""
        return self._retriever.search(query, k, Scope()) if query.strip() else []

    def known(self, term: Term) -> bool:
        """Whether the documents hold ``term`` as it stands."""
        return self.frequency(term.text) > 0

    def rarest(self, candidates: Sequence[Term]) -> Term | None:
        """The candidate with the lowest frequency above zero; the earliest of equals."""
        known = [(self.frequency(term.text), term.start, term) for term in candidates]
        found = [entry for entry in known if entry[0] > 0]
        return min(found, key=lambda entry: entry[:2])[2] if found else None


def place_of(hit: Hit) -> Place:
    """The subject that a hit belongs to: its document and top section."""
    return Place(hit.chunk.document_id, hit.chunk.section.split(PATH_SEPARATOR, 1)[0])


def compact(text: str) -> str:
    """``text`` normalised with everything but letters and digits left out: for comparing titles."""
    return re.sub(r"[\W_]+", "", normalise(text))
