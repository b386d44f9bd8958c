"""The floor: plain BM25 and the best single sentence, as a system of its own to stand every figure beside.

Character bigrams and Latin words, Traditional characters as Simplified; passages of one size; abstains when the
best passages hold too little of the question. It shares no code with the engine that is measured.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Generator, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from rag.events import Answered, Event, Planned, Reranked, Retrieved, SentenceChecked, Token
from rag.sentences import sentence_spans
from rag.text import CJK, normalise
from rag.types import (
    Action,
    Answer,
    Chunk,
    Citation,
    Document,
    Evidence,
    Hit,
    Outcome,
    Plan,
    Scope,
    Sentence,
    Stage,
    Turn,
    Verdict,
)

Vector = NDArray[np.float64]
Posting = tuple[NDArray[np.intp], Vector]

_RUN = re.compile(rf"[{CJK}]+|[^\W_{CJK}]+")
_K1, _B = 1.5, 0.75
_PASSAGE = 320
_WHOLE = 1200
_CANDIDATES = 50
_SHOWN = 3
_COVERED = 0.45


def floor_terms(text: str) -> list[str]:
    """CJK bigrams (a lone character as itself) and other words, repeats kept."""
    found: list[str] = []
    for run in _RUN.findall(normalise(text)):
        if len(run) > 1 and re.match(f"[{CJK}]", run):
            found += [run[place : place + 2] for place in range(len(run) - 1)]
        else:
            found.append(run)
    return found


class FloorCatalogue:
    """The documents that the floor was built over."""

    def __init__(self, documents: Sequence[Document]) -> None:
        self._documents = {document.id: document for document in sorted(documents, key=lambda document: document.id)}

    def documents(self) -> Sequence[Document]:
        """In the order of their ids."""
        return list(self._documents.values())

    def document(self, document_id: str) -> Document:
        """Raises KeyError when it is not there."""
        return self._documents[document_id]

    def sections(self, document_id: str) -> Sequence[str]:
        """None are known."""
        return ()

    def frequency(self, text: str) -> int:
        """In how many documents ``text`` stands."""
        sought = normalise(text)
        return sum(sought in normalise(document.text) for document in self._documents.values())


class Floor:
    """A system with the engine's face: ``answer`` and ``retrieve``."""

    def __init__(self, documents: Sequence[Document]) -> None:
        self.catalogue = FloorCatalogue(documents)
        self._chunks = [chunk for document in self.catalogue.documents() for chunk in _passages(document)]
        counts = [Counter(floor_terms(f"{chunk.title}\n{chunk.text}")) for chunk in self._chunks]
        self._held = {chunk.id: frozenset(count) for chunk, count in zip(self._chunks, counts, strict=True)}
        self._terms = {term: place for place, term in enumerate(sorted({term for count in counts for term in count}))}
        self._postings, self._idf = _bm25(counts, self._terms)

    def retrieve(self, question: str, history: Sequence[Turn] = (), scope: Scope | None = None) -> Generator[Event, None, None]:
        """One ranking, told as sparse and again as reranked."""
        yield Planned(Plan(Action.RETRIEVE, queries=(question,), reason="floor", round=1, question=question))
        hits = self._search(question, scope or Scope())
        yield Retrieved(question, Stage.SPARSE, tuple(hits))
        evidence = tuple(Evidence(hit.rank, hit.chunk, hit.score) for hit in hits[:_SHOWN])
        yield Reranked(tuple(hits), evidence)

    def answer(self, question: str, history: Sequence[Turn] = (), scope: Scope | None = None) -> Generator[Event, None, None]:
        """The best single sentence of the first three passages, or nothing."""
        evidence: tuple[Evidence, ...] = ()
        for event in self.retrieve(question, history, scope):
            evidence = event.evidence if isinstance(event, Reranked) else evidence
            yield event
        best = self._best_sentence(question, evidence)
        if best is None or evidence[0].score < _COVERED:
            nearest = tuple(dict.fromkeys(item.chunk.document_id for item in evidence))
            yield Token("没有找到。")
            yield SentenceChecked(Sentence("没有找到。", 0, 5, (), Verdict.UNSUPPORTED))
            yield Answered(Answer("没有找到。", (), (), Outcome.ABSTAINED, nearest=nearest))
            return
        item, (start, end) = best
        quote = item.chunk.text[start:end]
        text = f"{quote}[{item.marker}]"
        citation = Citation(
            item.marker, item.chunk.id, item.chunk.document_id, quote, item.chunk.start + start, item.chunk.start + end, Verdict.SUPPORTED
        )
        sentence = Sentence(quote, 0, len(text), (citation,), Verdict.SUPPORTED)
        yield Token(text)
        yield SentenceChecked(sentence)
        yield Answered(Answer(text, (sentence,), (citation,), Outcome.ANSWERED))

    def _search(self, question: str, scope: Scope) -> list[Hit]:
        scores = np.zeros(len(self._chunks))
        for term in floor_terms(question):
            if term in self._terms:
                rows, weights = self._postings[self._terms[term]]
                scores[rows] += weights
        if scope:
            scores = np.where([scope.admits(chunk) for chunk in self._chunks], scores, 0.0)
        order = sorted(np.flatnonzero(scores), key=lambda place: (-scores[place], self._chunks[place].id))[:_CANDIDATES]
        return [
            Hit(self._chunks[place], self._coverage(question, self._chunks[place]), rank, Stage.SPARSE)
            for rank, place in enumerate(order, start=1)
        ]

    def _coverage(self, question: str, chunk: Chunk) -> float:
        """How much of the question's weight the passage holds: the floor's measure of confidence."""
        held = self._held[chunk.id]
        rare = max(self._idf.max(initial=0.0), 1e-9)
        weigh = {term: float(self._idf[self._terms[term]]) if term in self._terms else float(rare) for term in floor_terms(question)}
        total = sum(weigh.values())
        return sum(weight for term, weight in weigh.items() if term in held) / total if total else 0.0

    def _best_sentence(self, question: str, evidence: Sequence[Evidence]) -> tuple[Evidence, tuple[int, int]] | None:
        wanted = set(floor_terms(question))
        scored = [
            (len(wanted & set(floor_terms(item.chunk.text[start:end]))), -item.marker, -start, item, (start, end))
            for item in evidence
            for start, end in sentence_spans(item.chunk.text)
        ]
        best = max(scored, key=lambda entry: entry[:3], default=None)
        return (best[3], best[4]) if best and best[0] else None


def _bm25(counts: Sequence[Counter[str]], terms: dict[str, int]) -> tuple[list[Posting], Vector]:
    """A posting (passages, weights) a term, and (terms,) idf, of Okapi BM25."""
    rows = np.array([place for place, count in enumerate(counts) for _ in count], dtype=np.intp)
    columns = np.array([terms[term] for count in counts for term in count], dtype=np.intp)
    often = np.array([float(number) for count in counts for number in count.values()])
    lengths = np.array([float(sum(count.values())) for count in counts])
    holders = np.bincount(columns, minlength=len(terms))
    idf: Vector = np.log1p((len(counts) - holders + 0.5) / (holders + 0.5))
    norm = _K1 * (1 - _B + _B * lengths / max(lengths.mean(), 1.0))
    values = idf[columns] * often * (_K1 + 1) / (often + norm[rows])
    order = np.argsort(columns, kind="stable")
    cuts = np.cumsum(holders)[:-1]
    return list(zip(np.split(rows[order], cuts), np.split(values[order], cuts), strict=True)), idf


def _passages(document: Document) -> Iterator[Chunk]:
    if len(document.text) <= _WHOLE:
        yield Chunk(f"{document.id}#0", document.id, document.title, "", document.text, 0, len(document.text))
        return
    start = end = 0
    for _, stop in sentence_spans(document.text):
        if stop - start > _PASSAGE and end > start:
            yield Chunk(f"{document.id}#{start}", document.id, document.title, "", document.text[start:end], start, end)
            start = end
        end = stop
    if end > start:
        yield Chunk(f"{document.id}#{start}", document.id, document.title, "", document.text[start:end], start, end)
