"""Events and answers as plain JSON values: what the command line, the JSON API and the traces write.

A pure fold: one event becomes one flat dictionary whose ``event`` names it. Nothing is worded here, and
nothing but ``answer_from_dict`` reads back.

    planned           action queries scope form reason round subject options parts missing question
    retrieved         query stage hits
    reranked          hits evidence
    token             text
    sentence_checked  text start end citations verdict
    answered          text sentences citations outcome options nearest missing conflicts model recalled

A citation is exactly ``marker chunk_id document_id quote start end verdict``; its offsets count code points in
the document's text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_never

from rag.events import Answered, Event, Planned, Reranked, Retrieved, SentenceChecked, Token
from rag.types import Answer, Citation, Conflict, Evidence, Hit, Outcome, Plan, Sentence, Turn, Verdict


def event_to_dict(event: Event) -> dict[str, Any]:
    """One event as a dictionary of JSON values."""
    match event:
        case Planned(plan):
            return {"event": "planned", **plan_to_dict(plan)}
        case Retrieved(query, stage, hits):
            return {"event": "retrieved", "query": query, "stage": stage.value, "hits": [hit_to_dict(hit) for hit in hits]}
        case Reranked(hits, evidence):
            return {
                "event": "reranked",
                "hits": [hit_to_dict(hit) for hit in hits],
                "evidence": [evidence_to_dict(item) for item in evidence],
            }
        case Token(text):
            return {"event": "token", "text": text}
        case SentenceChecked(sentence):
            return {"event": "sentence_checked", **sentence_to_dict(sentence)}
        case Answered(answer):
            return {"event": "answered", **answer_to_dict(answer)}
        case _:
            assert_never(event)


def plan_to_dict(plan: Plan) -> dict[str, Any]:
    """A plan; its scope is ``{document_ids, sections, strict}``."""
    return {
        "action": plan.action.value,
        "queries": list(plan.queries),
        "scope": {
            "document_ids": list(plan.scope.document_ids),
            "sections": list(plan.scope.sections),
            "strict": plan.scope.strict,
        },
        "form": plan.form.value,
        "reason": plan.reason,
        "round": plan.round,
        "subject": plan.subject,
        "options": list(plan.options),
        "parts": list(plan.parts),
        "missing": list(plan.missing),
        "question": plan.question,
        "following": plan.following,
        "close": plan.close,
    }


def hit_to_dict(hit: Hit) -> dict[str, Any]:
    """A hit: where its chunk lies, without the text."""
    return {
        "rank": hit.rank,
        "score": float(hit.score),
        "stage": hit.stage.value,
        "chunk_id": hit.chunk.id,
        "document_id": hit.chunk.document_id,
        "section": hit.chunk.section,
        "start": hit.chunk.start,
        "end": hit.chunk.end,
    }


def evidence_to_dict(evidence: Evidence) -> dict[str, Any]:
    """A passage that the answer may rest on, with its text."""
    chunk = evidence.chunk
    return {
        "marker": evidence.marker,
        "score": float(evidence.score),
        "chunk_id": chunk.id,
        "document_id": chunk.document_id,
        "title": chunk.title,
        "section": chunk.section,
        "start": chunk.start,
        "end": chunk.end,
        "text": chunk.text,
    }


def citation_to_dict(citation: Citation) -> dict[str, Any]:
    """A citation."""
    return {
        "marker": citation.marker,
        "chunk_id": citation.chunk_id,
        "document_id": citation.document_id,
        "quote": citation.quote,
        "start": citation.start,
        "end": citation.end,
        "verdict": citation.verdict.value,
    }


def sentence_to_dict(sentence: Sentence) -> dict[str, Any]:
    """A checked sentence with its citations."""
    return {
        "text": sentence.text,
        "start": sentence.start,
        "end": sentence.end,
        "citations": [citation_to_dict(citation) for citation in sentence.citations],
        "verdict": sentence.verdict.value,
    }


def answer_to_dict(answer: Answer) -> dict[str, Any]:
    """An answer. ``answer_from_dict`` undoes it."""
    return {
        "text": answer.text,
        "sentences": [sentence_to_dict(sentence) for sentence in answer.sentences],
        "citations": [citation_to_dict(citation) for citation in answer.citations],
        "outcome": answer.outcome.value,
        "options": list(answer.options),
        "nearest": list(answer.nearest),
        "missing": list(answer.missing),
        "conflicts": [
            {
                "subject": conflict.subject,
                "first": citation_to_dict(conflict.first),
                "second": citation_to_dict(conflict.second),
            }
            for conflict in answer.conflicts
        ],
        "model": answer.model,
        "recalled": answer.recalled,
    }


def citation_from_dict(value: Mapping[str, Any]) -> Citation:
    """The citation that ``citation_to_dict`` wrote. Raises KeyError or ValueError on anything else."""
    return Citation(
        marker=int(value["marker"]),
        chunk_id=str(value["chunk_id"]),
        document_id=str(value["document_id"]),
        quote=str(value["quote"]),
        start=int(value["start"]),
        end=int(value["end"]),
        verdict=Verdict(value["verdict"]),
    )


def answer_from_dict(value: Mapping[str, Any]) -> Answer:
    """The answer that ``answer_to_dict`` (or an answered event) wrote. Raises KeyError or ValueError otherwise."""
    return Answer(
        text=str(value["text"]),
        sentences=tuple(
            Sentence(
                text=str(sentence["text"]),
                start=int(sentence["start"]),
                end=int(sentence["end"]),
                citations=tuple(citation_from_dict(citation) for citation in sentence["citations"]),
                verdict=Verdict(sentence["verdict"]),
            )
            for sentence in value["sentences"]
        ),
        citations=tuple(citation_from_dict(citation) for citation in value["citations"]),
        outcome=Outcome(value["outcome"]),
        options=tuple(map(str, value["options"])),
        nearest=tuple(map(str, value["nearest"])),
        missing=tuple(map(str, value["missing"])),
        conflicts=tuple(
            Conflict(
                str(conflict["subject"]), citation_from_dict(conflict["first"]), citation_from_dict(conflict["second"])
            )
            for conflict in value["conflicts"]
        ),
        model=str(value["model"]),
        recalled=str(value.get("recalled", "")),
    )


def turns_from_list(value: object) -> tuple[Turn, ...]:
    """A conversation from ``[{"role": "user" | "assistant", "text": …}]``.

    Raises:
        ValueError: it has another form; the message names the turn.
    """
    if not isinstance(value, list):
        raise ValueError('history must be a list of {"role", "text"} objects')
    turns = []
    for number, turn in enumerate(value, start=1):
        if not isinstance(turn, dict) or not isinstance(turn.get("text"), str):
            raise ValueError(f'history, turn {number}: must be an object with "role" and "text" as strings')
        if turn.get("role") not in ("user", "assistant"):
            raise ValueError(f"history, turn {number}: role must be user or assistant")
        turns.append(Turn(role=turn["role"], text=turn["text"]))
    return tuple(turns)
