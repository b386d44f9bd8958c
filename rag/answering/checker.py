"""Checks sentences against evidence without a model: verbatim first, else the best-aligned sentences.

Gives the exact spans that a sentence rests on and how far they support it. ``judge`` does the same for one claim
and one piece of text. Knows nothing of who wrote the sentence or how the evidence was found.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from rag.answering.alignment import likeness
from rag.answering.content import keys, pairs, words
from rag.answering.folded import compact
from rag.answering.negation import negations
from rag.answering.orders import in_order
from rag.answering.support import Weighed, missing_numbers, weigh, weigh_answer
from rag.answering.windows import Window, closest, single
from rag.interfaces import Span, SpanScorer, Support
from rag.text import language
from rag.types import Evidence, Verdict

_SHORTEST_QUOTE = 2
_ALIGNED = 6
_FRAGMENT = 3
_PARTIAL_SPANS = 2
_HINT_BONUS = 0.02
_LENGTH_MALUS = 0.0002
_ACROSS = (0.6, 0.35)
"""Least span score for supported and for partly supported where sentence and passage differ in language."""

_tongue = lru_cache(maxsize=2048)(language)


class RuleChecker:
    """The checker that needs no model; ``scorer`` lets it see across languages."""

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
        tongue = language(sentence)
        found = list(_aligned(sentence, [item for item in ordered if _tongue(item.chunk.text) == tongue], hinted, question))
        if not found or found[0].verdict is Verdict.PARTLY:
            found += self._across(sentence, [item for item in ordered if _tongue(item.chunk.text) != tongue])
        return _fewest(sorted(found, key=lambda support: -support.score))

    def _across(self, sentence: str, evidence: Sequence[Evidence]) -> Iterator[Support]:
        """Support in another language: by the span scorer, and every number must be there."""
        if self._scorer is None or not evidence:
            return
        windows = single(evidence)
        scores = self._scorer.score(sentence, [window.span for window in windows])
        for score, window in sorted(zip(scores, windows, strict=True), key=lambda pair: -pair[0])[:_PARTIAL_SPANS]:
            if score >= _ACROSS[1] and not missing_numbers(sentence, window.text):
                verdict = Verdict.SUPPORTED if score >= _ACROSS[0] else Verdict.PARTLY
                yield _support(window, Weighed(verdict, score), 0.0)


def _verbatim(sentence: str, evidence: Sequence[Evidence]) -> Iterator[Support]:
    wanted = compact(sentence)
    if len(wanted.text) < _SHORTEST_QUOTE and not wanted.text.isdigit():
        return
    for item in evidence:
        place = compact(item.chunk.text).find(wanted)
        if place and not _turned_round(item.chunk.text, *place) and not in_order(item.chunk.text, *place):
            yield Support(Span(item.chunk, *_widen(item.chunk.text, *place)), item.marker, Verdict.SUPPORTED, 1.0)


def _widen(text: str, start: int, end: int) -> tuple[int, int]:
    """A quote with the sentence end and closing brackets that stand right behind it."""
    while end < len(text) and text[end] in "%％‰℃°。！？；.!?;”’」』）)】》":
        end += 1
    return start, end


def _turned_round(text: str, start: int, end: int) -> bool:
    """Whether a negation stands before the quote in its own clause, so that quoting drops it."""
    clause = max(text.rfind(sign, 0, start) for sign in "。！？；，,!?;\n")
    return negations(text[clause + 1 : start]) % 2 == 1


def _aligned(
    sentence: str, evidence: Sequence[Evidence], hinted: Sequence[int], question: str
) -> Iterator[Support]:
    """Support by the windows that share most words with the sentence; a fragment is read as an answer."""
    wanted = keys(sentence)
    fragment = bool(question) and len(words(sentence)) <= _FRAGMENT
    for window in closest(wanted, evidence, _ALIGNED):
        if in_order(window.item.chunk.text, window.start, window.end):
            continue
        found = weigh_answer(question, sentence, window.text) if fragment else weigh(sentence, window.text)
        if found.verdict is Verdict.SUPPORTED and not _names_known(sentence, window.item):
            found = Weighed(Verdict.PARTLY, found.score / 2)
        if found.verdict is not Verdict.UNSUPPORTED:
            bonus = _HINT_BONUS * (window.item.marker in hinted) - _LENGTH_MALUS * (window.end - window.start)
            yield _support(window, found, bonus)


def _names_known(sentence: str, item: Evidence) -> bool:
    """Whether every name in the sentence stands in the passage, its title or its section."""
    chunk = item.chunk
    present = _around(chunk.title, chunk.section, chunk.text)
    names = [word for word in words(sentence) if word.kind in ("person", "place", "organisation", "latin")]
    return all(likeness(name, present) >= 0.5 for name in names)


@lru_cache(maxsize=1024)
def _around(title: str, section: str, text: str) -> frozenset[str]:
    return pairs(f"{title} {section} {text}")


def _support(window: Window, found: Weighed, bonus: float) -> Support:
    return Support(window.span, window.item.marker, found.verdict, found.score + bonus)


def _fewest(found: Sequence[Support]) -> list[Support]:
    """The best span that supports, alone; else what contradicts; else what supports in part, one span a passage."""
    for verdict in (Verdict.SUPPORTED, Verdict.CONFLICTING):
        best = next((support for support in found if support.verdict is verdict), None)
        if best is not None:
            return [best]
    kept: dict[int, Support] = {}
    for support in found:
        kept.setdefault(support.marker, support)
    return list(kept.values())[:_PARTIAL_SPANS]


def judge(claim: str, evidence: str) -> Verdict:
    """Whether ``evidence`` supports ``claim``: a statement, or a question with its answer (``Q？ 答：A``, ``Q? A``)."""
    return weigh(claim, evidence).verdict
