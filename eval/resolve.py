"""Finds a case's labels in the corpus: names become document ids, quotes become offsets.

Nothing is guessed: what cannot be found is listed as unresolved and counts as not retrievable.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from eval.cases import Case
from eval.match import find
from eval.trace import Span, Target
from rag.types import Document


class Resolver:
    """The documents of one corpus. ``clusters`` maps a document id to what its cases are resampled by."""

    def __init__(self, documents: Iterable[Document], clusters: Mapping[str, str] | None = None) -> None:
        self._documents = {document.id: document for document in documents}
        self._clusters = clusters or {}
        self._names: defaultdict[str, list[str]] = defaultdict(list)
        for document in self._documents.values():
            path = PurePosixPath(document.id.replace("\\", "/"))
            for name in dict.fromkeys((path.name, path.stem, document.title, document.source)):
                self._names[name].append(document.id)

    def resolve(self, case: Case) -> Target:
        """Where the case's labels are."""
        unresolved: list[str] = []
        spans = tuple(self._places(quote.doc, quote.text, case, unresolved) for quote in case.evidence)
        named = dict.fromkeys(self._named(name, unresolved) for name in case.gold)
        gold = tuple(named) or tuple(dict.fromkeys(place[0] for places in spans for place in places[:1]))
        groups = tuple(tuple(self._named(name, unresolved) for name in group) for group in case.gold_groups)
        return Target(gold, groups, spans, tuple(dict.fromkeys(unresolved)), self._cluster(case, gold))

    def document_id(self, name: str) -> str | None:
        """The id of the document that ``name`` means: an id, a file name, a stem or a title; None if unknown."""
        if name in self._documents:
            return name
        meant = self._names.get(name, [])
        return meant[0] if len(meant) == 1 else None

    def _named(self, name: str, unresolved: list[str]) -> str:
        found = self.document_id(name)
        if found is None and not self._is_chunk_id(name):
            unresolved.append(name)
        return found or name

    def _is_chunk_id(self, name: str) -> bool:
        """Whether ``name`` begins with a document's id, as the ids of chunks do."""
        return any(name.startswith(document) and name != document for document in self._documents) if "#" in name else False

    def _places(self, doc: str, quote: str, case: Case, unresolved: list[str]) -> tuple[Span, ...]:
        names = [doc] if doc else list(case.gold)
        ids = [found for name in names if (found := self.document_id(name))] or (list(self._documents) if not names else [])
        places = tuple((name, start, end) for name in ids for start, end in find(self._documents[name].text, quote))
        if not places:
            unresolved.append(quote)
        return places

    def _cluster(self, case: Case, gold: tuple[str, ...]) -> str:
        names = gold or tuple(found for name in (*case.near, *case.noise) if (found := self.document_id(name)))
        return self._clusters.get(names[0], names[0]) if names else case.key
