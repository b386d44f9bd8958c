"""Checks sentences against evidence without a model: verbatim first, else the best-aligned sentences.

Gives the exact spans that a sentence rests on and how far they support it. ``judge`` does the same for one claim
and one piece of text. Knows nothing of who wrote the sentence or how the evidence was found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from rag.answering.alignment import likeness
from rag.answering.content import keys, overlap, pairs, words
from rag.answering.folded import Compact, compact
from rag.answering.negation import negations
from rag.answering.orders import in_order
from rag.answering.support import Weighed, missing_numbers, weigh, weigh_sentence
from rag.answering.windows import Window, closest, single
from rag.interfaces import Span, SpanScorer, Support
from rag.text import language
from rag.types import Evidence, Verdict

_SHORTEST_QUOTE = 2
_FEW_WORDS = 16
_MINUS = ("-", "−", "－")
_ALIGNED = 6
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
        quote = self.verbatim(sentence, hinted, evidence, question)
        return [quote] if quote else self.aligned(sentence, hinted, evidence, question)

    def verbatim(
        self, sentence: str, hinted: Sequence[int], evidence: Sequence[Evidence], question: str = ""
    ) -> Support | None:
        """The span that holds ``sentence`` word for word; None where there is none. Of several that hold a few words (the
        cell of a table), the one whose line has most of ``question``."""
        return next(_verbatim(sentence, _ordered(hinted, evidence), question), None)

    def aligned(
        self, sentence: str, hinted: Sequence[int], evidence: Sequence[Evidence], question: str
    ) -> list[Support]:
        """The spans that say what ``sentence`` says in other words, or contradict it, best first."""
        ordered, tongue = _ordered(hinted, evidence), language(sentence)
        found = list(_aligned(sentence, [item for item in ordered if _tongue(item.chunk.text) == tongue], hinted, question))
        if not found or found[0].verdict is Verdict.PARTLY:
            found += self._across(sentence, [item for item in ordered if _tongue(item.chunk.text) != tongue])
        return _fewest(sorted(found, key=lambda support: -support.score))

    def nearest(
        self, sentence: str, hinted: Sequence[int], evidence: Sequence[Evidence], most: int
    ) -> list[Support]:
        """The spans most like ``sentence``, one a passage and ``most`` in all, hinted passages first.

        They are what a judge may read where ``check`` found nothing: all come as unsupported.
        """
        wanted, tongue = keys(sentence), language(sentence)
        found = [
            window
            for item in evidence
            if _tongue(item.chunk.text) == tongue
            for window in closest(wanted, [item], _ALIGNED)
        ]
        seen = {window.item.marker for window in found}
        found += self._scored(sentence, [item for item in evidence if item.marker not in seen])
        found.sort(key=lambda window: (window.item.marker not in hinted, -window.share))
        best: dict[int, Window] = {}
        for window in found:
            if not _is_order(window):
                best.setdefault(window.item.marker, window)
        return [_support(window, Weighed(Verdict.UNSUPPORTED, window.share), 0.0) for window in best.values()][:most]

    def _across(self, sentence: str, evidence: Sequence[Evidence]) -> Iterator[Support]:
        """Support in another language: by the span scorer, and every number must be there."""
        for window in self._scored(sentence, evidence)[:_PARTIAL_SPANS]:
            if window.share >= _ACROSS[1] and not missing_numbers(sentence, window.text):
                verdict = Verdict.SUPPORTED if window.share >= _ACROSS[0] else Verdict.PARTLY
                yield _support(window, Weighed(verdict, window.share), 0.0)

    def _scored(self, sentence: str, evidence: Sequence[Evidence]) -> list[Window]:
        """The sentences of the passages, the scorer's score as their share, best first; none without a scorer."""
        if self._scorer is None or not evidence:
            return []
        windows = single(evidence)
        scores = self._scorer.score(sentence, [window.span for window in windows])
        scored = [Window(window.item, window.start, window.end, score) for window, score in zip(windows, scores, strict=True)]
        return sorted(scored, key=lambda window: -window.share)


def _ordered(hinted: Sequence[int], evidence: Sequence[Evidence]) -> list[Evidence]:
    return sorted(evidence, key=lambda item: (item.marker not in hinted, item.marker))


def _is_order(window: Window) -> bool:
    return in_order(window.item.chunk.text, window.start, window.end)


def _verbatim(sentence: str, evidence: Sequence[Evidence], question: str) -> Iterator[Support]:
    wanted = compact(sentence)
    few = len(wanted.text) <= _FEW_WORDS
    asked = keys(question) if few else frozenset()
    for item in evidence:
        text = item.chunk.text
        places = _places(wanted, sentence, text) if few else compact(text).find_all(wanted)
        signed = sentence.lstrip()[:1] in _MINUS
        fit = [
            place
            for place in places
            if not _turned_round(text, *place) and not in_order(text, *place) and (signed or not _below_zero(text, place[0]))
        ]
        if fit:
            start, end = max(fit, key=lambda place: overlap(asked, pairs(_line(text, *place)))) if few else fit[0]
            start -= signed and text[start - 1 : start] in _MINUS
            yield Support(Span(item.chunk, *_widen(text, start, end)), item.marker, Verdict.SUPPORTED, 1.0)


def _places(wanted: Compact, sentence: str, text: str) -> list[tuple[int, int]]:
    """Where a few words stand; a single letter or sign only as the whole cell of a table."""
    if len(wanted.text) >= _SHORTEST_QUOTE or wanted.text.isdigit():
        return list(compact(text).find_all(wanted))
    said = re.escape(sentence.strip())
    cell = re.compile(rf"(?<=\|)[ \t]*({said})[ \t]*(?=\|)|(?:(?<=：)|(?<=: ))({said})(?=，|, |\n|$)")
    return [match.span(match.lastindex or 1) for match in cell.finditer(text)] if sentence.strip() else []


def _below_zero(text: str, start: int) -> bool:
    """Whether the number that begins at ``start`` has a minus, not a dash of a range: -25, not 5-25 or A-25."""
    return text[start].isdigit() and text[max(0, start - 1) : start] in _MINUS and not text[max(0, start - 2) : start - 1].isalnum()


def _line(text: str, start: int, end: int) -> str:
    return text[text.rfind("\n", 0, start) + 1 :].split("\n", 1)[0] if start < end else ""


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
    for window in closest(wanted, evidence, _ALIGNED):
        if _is_order(window):
            continue
        found = weigh_sentence(sentence, question, window.text)
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
