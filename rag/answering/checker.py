"""Checks sentences against evidence without a model: verbatim first, else the best-aligned sentences.

Gives the exact spans that a sentence rests on and how far they support it. ``judge`` does the same for one claim
and one piece of text. Knows nothing of who wrote the sentence or how the evidence was found.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from rag.answering.content import keys, overlap, pairs
from rag.answering.folded import compact
from rag.answering.negation import negations
from rag.answering.support import Alignment, align, split_claim
from rag.interfaces import Span, SpanScorer, Support
from rag.sentences import sentence_spans
from rag.types import Evidence, Verdict

_SHORTEST_QUOTE = 2
_WINDOW = 3
_ALIGNED = 6


@lru_cache(maxsize=2048)
def _sentences(text: str) -> tuple[tuple[int, int], ...]:
    return tuple(sentence_spans(text))


class RuleChecker:
    """The checker that needs no model; ``scorer`` lets it see across languages and wordings."""

    def __init__(self, scorer: SpanScorer | None = None) -> None:
        self._scorer = scorer

    def check(
        self, sentence: str, hinted: Sequence[int], evidence: Sequence[Evidence], question: str
    ) -> list[Support]:
        """The spans that ``sentence`` rests on, best first; empty when nothing supports it.

        A span that holds the sentence word for word is enough; ``hinted`` passages are looked at first.
        """
        ordered = sorted(evidence, key=lambda item: (item.marker not in hinted, item.marker))
        verbatim = next(_verbatim(sentence, ordered), None)
        if verbatim is not None:
            return [verbatim]
        found = sorted(_aligned(sentence, ordered, hinted), key=lambda support: -support.score)
        return _fewest(found)


def _verbatim(sentence: str, evidence: Sequence[Evidence]) -> Iterator[Support]:
    wanted = compact(sentence)
    if len(wanted.text) < _SHORTEST_QUOTE and not wanted.text.isdigit():
        return
    for item in evidence:
        place = compact(item.chunk.text).find(wanted)
        if place and not _turned_round(item.chunk.text, *place):
            yield Support(Span(item.chunk, *_widen(item.chunk.text, *place)), item.marker, Verdict.SUPPORTED, 1.0)


def _widen(text: str, start: int, end: int) -> tuple[int, int]:
    """A quote with the sentence end and closing brackets that stand right behind it."""
    while end < len(text) and text[end] in "。！？；.!?;”’」』）)】》":
        end += 1
    return start, end


def _turned_round(text: str, start: int, end: int) -> bool:
    """Whether a negation stands before the quote in its own clause, so that quoting drops it."""
    clause = max(text.rfind(sign, 0, start) for sign in "。！？；，,!?;\n")
    return negations(text[clause + 1 : start]) % 2 == 1


def _aligned(sentence: str, evidence: Sequence[Evidence], hinted: Sequence[int]) -> Iterator[Support]:
    wanted = keys(sentence)
    windows = [
        (overlap(wanted, pairs(item.chunk.text[start:end])), item, start, end)
        for item in evidence
        for start, end in _windows(item.chunk.text)
    ]
    windows.sort(key=lambda window: (-window[0], window[3] - window[2]))
    for share, item, start, end in windows[:_ALIGNED]:
        if share > 0:
            verdict, score = weigh(sentence, item.chunk.text[start:end])
            if verdict is not Verdict.UNSUPPORTED:
                bonus = 0.01 * (item.marker in hinted) - 0.0001 * (end - start)
                yield Support(Span(item.chunk, start, end), item.marker, verdict, score + bonus)


def _windows(text: str) -> Iterator[tuple[int, int]]:
    """Every run of one to three neighbouring sentences."""
    spans = _sentences(text)
    for first in range(len(spans)):
        for last in range(first, min(first + _WINDOW, len(spans))):
            yield spans[first][0], spans[last][1]


def _fewest(found: Sequence[Support]) -> list[Support]:
    """The best span alone if it supports; else what supports in part, one span a passage."""
    if not found:
        return []
    if found[0].verdict in (Verdict.SUPPORTED, Verdict.CONFLICTING):
        return [found[0]]
    kept: dict[int, Support] = {}
    for support in found:
        kept.setdefault(support.marker, support)
    return list(kept.values())[:2]


def weigh(claim: str, evidence: str) -> tuple[Verdict, float]:
    """Verdict on ``claim`` by ``evidence`` alone, and a score from 0 to 1 that it is supported."""
    question, answer = split_claim(claim)
    whole = align(claim, evidence)
    if not question:
        return _verdict(whole)
    part = align(answer, evidence)
    if part.wrong_numbers or part.coverage < 0.5:
        contradicts = part.wrong_numbers and whole.coverage > 0.6
        return (Verdict.CONFLICTING if contradicts else Verdict.UNSUPPORTED), 0.3 * part.coverage
    about = align(question, evidence)
    score = 0.5 * part.coverage + 0.5 * about.coverage
    return (Verdict.SUPPORTED if about.coverage >= 0.3 else Verdict.PARTLY), score


def _verdict(found: Alignment) -> tuple[Verdict, float]:
    score = max(0.0, found.coverage - 0.04 * found.gap)
    if found.wrong_numbers or found.negated or found.opposed:
        return (Verdict.CONFLICTING if found.coverage > 0.6 else Verdict.UNSUPPORTED), score * 0.5
    if found.gap <= 3 and not found.wrong_names and found.coverage >= 0.6:
        return Verdict.SUPPORTED, score
    return (Verdict.PARTLY if found.coverage >= 0.5 else Verdict.UNSUPPORTED), score * 0.7


def judge(claim: str, evidence: str) -> Verdict:
    """Whether ``evidence`` supports ``claim`` (a statement, or a question with its answer)."""
    return weigh(claim, evidence)[0]
