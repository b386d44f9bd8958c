"""Each stage's ranking for a question, as the chat itself makes it: one more fold over the engine's events."""

from __future__ import annotations

import asyncio
from contextlib import closing
from typing import Any, assert_never

from rag.errors import RagError
from rag.events import Answered, Event, Planned, Reranked, Retrieved, SentenceChecked, Token
from rag.serialise import answer_to_dict, plan_to_dict
from rag.types import Hit, Scope
from rag.web.backend import Backend
from rag.web.refusals import refusal_from

SHOWN_HITS = 20


async def playground(backend: Backend, question: str, scope: Scope | None) -> dict[str, Any]:
    """Plans, rankings and answer for ``question``. Raises ``Refusal``."""
    return await asyncio.to_thread(_run, backend, question, scope)


def _run(backend: Backend, question: str, scope: Scope | None) -> dict[str, Any]:
    try:
        with closing(backend.engine().answer(question, (), scope)) as events:
            return _folded(list(events))
    except RagError as error:
        raise refusal_from(error) from error


def _folded(events: list[Event]) -> dict[str, Any]:
    steps: list[dict[str, Any]] = []
    answer: dict[str, Any] = {}
    for event in events:
        match event:
            case Planned(plan):
                steps.append({"step": "plan", **plan_to_dict(plan)})
            case Retrieved(query, stage, hits):
                steps.append({"step": stage.value, "query": query, "hits": _hits(hits)})
            case Reranked(hits, evidence):
                markers = {item.chunk.id: item.marker for item in evidence}
                steps.append({"step": "reranked", "query": "", "hits": _hits(hits, markers)})
            case Token() | SentenceChecked():
                pass
            case Answered(given):
                answer = answer_to_dict(given)
            case _:
                assert_never(event)
    return {"steps": steps, "answer": answer}


def _hits(hits: tuple[Hit, ...], markers: dict[str, int] | None = None) -> list[dict[str, Any]]:
    return [
        {
            "rank": hit.rank,
            "score": round(float(hit.score), 4),
            "marker": (markers or {}).get(hit.chunk.id),
            "chunk_id": hit.chunk.id,
            "document_id": hit.chunk.document_id,
            "title": hit.chunk.title,
            "section": hit.chunk.section,
            "text": hit.chunk.text,
        }
        for hit in hits[:SHOWN_HITS]
    ]
