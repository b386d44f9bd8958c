"""Citations of one answer, by the definitions of ALCE (Gao et al., EMNLP 2023), on the answer's ``[n]``.

A statement is a checked sentence. Whether a text supports a statement is decided by a judge that is not the
system's own checker.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from eval.metrics.retrieval import Values
from eval.trace import Trace
from rag.types import Chunk, Citation, Outcome, Sentence

Entails = Callable[[str, str], bool]
"""(claim, evidence) → does the evidence support the claim?"""

_MARKER = re.compile(r"\[(\d+)\]")


def citation_values(trace: Trace, passages: Mapping[str, Chunk], entails: Entails) -> Values:
    """``citation.*`` of a given answer; nothing for one that abstained, asked back or failed."""
    answer = trace.answer
    if answer is None or answer.outcome not in (Outcome.ANSWERED, Outcome.PARTIAL):
        return {}
    values: Values = {"citation.validity": _validity(trace, answer.text)}
    statements = [sentence for sentence in answer.sentences if sentence.text.strip()]
    if not statements:
        return values | {"citation.recall": 0.0, "citation.coverage": 0.0}
    recalls = [float(_supported(sentence, sentence.citations, passages, entails)) for sentence in statements]
    precisions = [
        float(_precise(sentence, place, recalled > 0, passages, entails))
        for sentence, recalled in zip(statements, recalls, strict=True)
        for place in range(len(sentence.citations))
    ]
    values["citation.recall"] = sum(recalls) / len(recalls)
    values["citation.coverage"] = sum(bool(sentence.citations) for sentence in statements) / len(statements)
    citations = [citation for sentence in statements for citation in sentence.citations]
    values["citation.precision"] = sum(precisions) / len(precisions) if precisions else 0.0
    if citations:
        values["citation.over_citation"] = sum(_superfluous(s, n, passages, entails) for s in statements for n in range(len(s.citations))) / len(citations)
        values["citation.quote_exact"] = sum(_exact(citation, passages) for citation in citations) / len(citations)
        values["citation.gold_hit"] = _gold_hit(trace, citations)
    return values


def _validity(trace: Trace, text: str) -> float | None:
    known = {marker for marker, _, _ in trace.evidence}
    used = [int(marker) for marker in _MARKER.findall(text)]
    return sum(marker in known for marker in used) / len(used) if used else None


def _supported(sentence: Sentence, citations: Sequence[Citation], passages: Mapping[str, Chunk], entails: Entails) -> bool:
    """ALCE's citation recall of one statement: do all its citations together support it?"""
    return bool(citations) and entails(sentence.text, _joined(citations, passages))


def _precise(sentence: Sentence, place: int, recalled: bool, passages: Mapping[str, Chunk], entails: Entails) -> bool:
    """ALCE's precision of one citation: it supports the statement alone, or the others do not without it."""
    return recalled and not _irrelevant(sentence, place, passages, entails)


def _irrelevant(sentence: Sentence, place: int, passages: Mapping[str, Chunk], entails: Entails) -> bool:
    alone = sentence.citations[place : place + 1]
    others = sentence.citations[:place] + sentence.citations[place + 1 :]
    return not _supported(sentence, alone, passages, entails) and (not others or _supported(sentence, others, passages, entails))


def _superfluous(sentence: Sentence, place: int, passages: Mapping[str, Chunk], entails: Entails) -> bool:
    others = sentence.citations[:place] + sentence.citations[place + 1 :]
    return _supported(sentence, others, passages, entails)


def _joined(citations: Sequence[Citation], passages: Mapping[str, Chunk]) -> str:
    chunks = dict.fromkeys(citation.chunk_id for citation in citations)
    return "\n".join(passages[chunk].text for chunk in chunks if chunk in passages)


def _exact(citation: Citation, passages: Mapping[str, Chunk]) -> bool:
    """Whether the quote stands word for word at its offsets in the cited document."""
    chunk = passages.get(citation.chunk_id)
    if chunk is None or chunk.document_id != citation.document_id or not citation.quote:
        return False
    inside = chunk.text[citation.start - chunk.start : citation.end - chunk.start] if citation.start >= chunk.start else ""
    return inside == citation.quote


def _gold_hit(trace: Trace, citations: Sequence[Citation]) -> float | None:
    target = trace.target
    places = [place for quote in target.spans for place in quote]
    if places:
        return float(any(c.document_id == document and c.start < end and start < c.end for c in citations for document, start, end in places))
    if target.gold:
        return float(any(c.document_id in target.gold or c.chunk_id in target.gold for c in citations))
    return None
