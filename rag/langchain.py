"""Our retrieval as a LangChain retriever, so that chains and agents can rest on the same evidence as the chat.

The one adapter: nothing else here knows LangChain's types, and LangChain sees nothing but evidence.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Protocol, runtime_checkable

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict, Field

from rag.events import Event, Reranked
from rag.types import Evidence, Scope, Turn


@runtime_checkable
class Searcher(Protocol):
    """What the adapter needs of an engine; ``rag.engine.Engine`` is one."""

    def retrieve(
        self, question: str, history: Sequence[Turn] = (), scope: Scope | None = None
    ) -> Generator[Event, None, None]:
        """Yield the events up to the evidence."""
        ...


class ZhijuRetriever(BaseRetriever):
    """Planned, hybrid, reranked retrieval: the evidence that an answer would rest on, best first.

    Each LangChain document is a passage; its metadata are ``document_id``, ``title``, ``section``, ``start`` and
    ``end`` (offsets into the document's text), ``score`` (probability that it answers, 0 to 1) and ``marker``. A
    question that needs no documents (a greeting) finds none.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    engine: Searcher = Field(exclude=True)
    k: int = Field(default=8, ge=1)
    document_ids: tuple[str, ...] = ()
    """Search in these documents only; empty: in all."""

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        scope = Scope(document_ids=self.document_ids, strict=True) if self.document_ids else None
        evidence: tuple[Evidence, ...] = ()
        for event in self.engine.retrieve(query, (), scope):
            if isinstance(event, Reranked):
                evidence = event.evidence
        best = sorted(evidence, key=lambda item: (-item.score, item.marker))
        return [_passage(item) for item in best[: self.k]]


def _passage(item: Evidence) -> Document:
    chunk = item.chunk
    return Document(
        id=chunk.id,
        page_content=chunk.text,
        metadata={
            "document_id": chunk.document_id,
            "title": chunk.title,
            "section": chunk.section,
            "start": chunk.start,
            "end": chunk.end,
            "score": item.score,
            "marker": item.marker,
        },
    )
