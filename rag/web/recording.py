"""Folds the events of one answer into what the conversation store keeps of it.

Knows events and documents, neither databases nor pages.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import assert_never

from rag.events import Answered, Event, Planned, Reranked, Retrieved, SentenceChecked, Token
from rag.types import Answer, Citation, Document, Evidence, Hit, Plan, Sentence
from rag.web.records import Ranking, Source, Trace


@dataclass(slots=True)
class Recording:
    """What came so far. ``find`` gives a document of the index that answers; KeyError when it has none."""

    find: Callable[[str], Document]
    text: str = ""
    answer: Answer | None = None
    sentences: list[Sentence] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)
    rankings: list[Ranking] = field(default_factory=list)
    evidence: tuple[Evidence, ...] = ()

    def add(self, event: Event) -> None:
        """Take in the next event."""
        match event:
            case Planned(plan):
                self.plans.append(plan)
            case Retrieved(query, stage, hits):
                self.rankings.append(_ranking(query, stage.value, hits))
            case Reranked(hits, evidence):
                query = self.plans[-1].question if self.plans else ""
                self.rankings.append(_ranking(query, "reranked", hits))
                self.evidence = evidence
            case Token(text):
                self.text += text
            case SentenceChecked(sentence):
                self.sentences.append(sentence)
            case Answered(answer):
                self.answer = answer
                self.text = answer.text
            case _:
                assert_never(event)

    @property
    def trace(self) -> Trace:
        """What the engine did."""
        return Trace(tuple(self.plans), tuple(self.rankings), self.evidence)

    def sources(self) -> tuple[Source, ...]:
        """What the citations point at, frozen: each passage once, in the order of first use."""
        citations = list(self.answer.citations) if self.answer else [c for s in self.sentences for c in s.citations]
        for conflict in self.answer.conflicts if self.answer else ():
            citations += [conflict.first, conflict.second]
        frozen: dict[tuple[int, str, int, int], Source] = {}
        for citation in citations:
            key = (citation.marker, citation.document_id, citation.start, citation.end)
            if key not in frozen:
                frozen[key] = self._freeze(citation)
        return tuple(frozen.values())

    def _freeze(self, citation: Citation) -> Source:
        chunk = next((e.chunk for e in self.evidence if e.chunk.id == citation.chunk_id), None)
        try:
            document = self.find(citation.document_id)
        except KeyError:  # removed while the answer was being written
            title = chunk.title if chunk else citation.document_id
            document = Document(citation.document_id, title, "", citation.document_id, "")
        return Source(
            marker=citation.marker,
            document_id=citation.document_id,
            title=document.title,
            section=chunk.section if chunk else "",
            source=document.source,
            modified=document.modified,
            sha256=document.sha256,
            quote=citation.quote,
            start=citation.start,
            end=citation.end,
            passage=chunk.text if chunk else citation.quote,
            passage_start=chunk.start if chunk else citation.start,
            verdict=citation.verdict,
        )


def _ranking(query: str, stage: str, hits: tuple[Hit, ...]) -> Ranking:
    return Ranking(query, stage, tuple(hit.chunk.id for hit in hits), tuple(hit.score for hit in hits))
