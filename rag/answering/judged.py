"""A checker whose spans the rules find and whose verdicts a judge has a say in: an entailment or a language model.

A quote needs no judge. Where the rules see numbers or a negation against a sentence no judge is heard, and where the
judge fails the rules' verdict stands. Knows judges by their interface only.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from rag.answering.checker import RuleChecker
from rag.answering.content import keys, pairs
from rag.answering.support import is_fragment, missing_numbers, split_claim, weigh, weigh_sentence
from rag.errors import ModelError
from rag.interfaces import Judge, Span, Support
from rag.types import Evidence, Verdict

_log = logging.getLogger(__name__)

_OFFERED = 2
"""Passages that the judge reads where the rules find no span."""

_REMEMBERED = 2048


class JudgedChecker:
    """A ``Checker`` of rules and a judge.

    What follows from the spans is supported, what they contradict is conflicting, anything else is at most partly
    supported. Where the rules find no span the judge reads the nearest ones. Several spans are read as one text,
    and what follows from them together is supported by each. ``fallbacks`` counts the sentences for which the judge
    failed and the rules stood in.
    """

    def __init__(self, rules: RuleChecker, judge: Judge) -> None:
        self._rules = rules
        self._judge = lru_cache(maxsize=_REMEMBERED)(judge.judge)
        self._lock = threading.Lock()
        self.fallbacks = 0

    def check(
        self, sentence: str, hinted: Sequence[int], evidence: Sequence[Evidence], question: str
    ) -> list[Support]:
        """The spans that ``sentence`` rests on, best first; empty when nothing supports it."""
        quote = self._rules.verbatim(sentence, hinted, evidence, question)
        if quote:
            return [quote]
        ruled = self._rules.aligned(sentence, hinted, evidence, question)
        if any(support.verdict is Verdict.CONFLICTING for support in ruled):
            return ruled
        try:
            if ruled:
                return self._judged(sentence, question, ruled)
            offered = self._rules.nearest(_claim(sentence, question), hinted, evidence, _OFFERED)
            return self._found(sentence, question, offered)
        except ModelError as error:
            self._count_fallback(error)
            return ruled

    def verdict_on(self, claim: str, premise: str) -> Verdict:
        """What rules and judge come to of one claim, a statement or a question with its answer, and one text."""
        ruled = weigh(claim, premise).verdict
        if ruled is Verdict.CONFLICTING:
            return ruled
        try:
            said = self._judge(claim, premise)
        except ModelError as error:
            self._count_fallback(error)
            return ruled
        if said is None or (said is Verdict.SUPPORTED and missing_numbers(split_claim(claim)[1], premise)):
            return ruled
        return Verdict.PARTLY if said is Verdict.UNSUPPORTED and ruled is Verdict.SUPPORTED else said

    def _judged(self, sentence: str, question: str, ruled: list[Support]) -> list[Support]:
        """The rules' spans with the verdict that rules and judge come to."""
        match self._verdict(sentence, question, ruled):
            case None:
                return ruled
            case Verdict.UNSUPPORTED:
                return _with(Verdict.PARTLY, ruled)
            case verdict:
                return _with(verdict, ruled)

    def _found(self, sentence: str, question: str, offered: Sequence[Support]) -> list[Support]:
        """The first span that the judge finds to support the sentence, else the first that contradicts it."""
        against: list[Support] = []
        for support in offered:
            match self._verdict(sentence, question, [support]):
                case Verdict.SUPPORTED:
                    return _with(Verdict.SUPPORTED, [support])
                case Verdict.CONFLICTING:
                    against = against or _with(Verdict.CONFLICTING, [support])
        return against

    def _verdict(self, sentence: str, question: str, supports: Sequence[Support]) -> Verdict | None:
        """What the judge says of the spans; None where it cannot tell, or may not say so for the rules."""
        claim = _claim(sentence, question)
        premise = "\n".join(_told(claim, support.span) for support in supports)
        verdict = self._judge(claim, premise)
        return None if verdict is Verdict.SUPPORTED and _ruled_out(sentence, question, premise) else verdict

    def _count_fallback(self, error: ModelError) -> None:
        with self._lock:
            self.fallbacks += 1
            first = self.fallbacks == 1
        if first:
            _log.warning("The judge failed: %s The rules' verdict stands, now and whenever it fails again.", error)


def _claim(sentence: str, question: str) -> str:
    """What a sentence claims: a fragment does so only behind its question."""
    return f"{question} {sentence}" if is_fragment(sentence, question) else sentence


def _with(verdict: Verdict, supports: Sequence[Support]) -> list[Support]:
    return [replace(support, verdict=verdict) for support in supports]


def _told(claim: str, span: Span) -> str:
    """The text of a span, below its title and section where these have words of the claim that it lacks."""
    heading = " › ".join(part for part in (span.chunk.title, span.chunk.section) if part)
    lacking = keys(claim) - pairs(span.text)
    return f"{heading}\n{span.text}" if lacking & pairs(heading) else span.text


def _ruled_out(sentence: str, question: str, premise: str) -> bool:
    """Whether the rules hold numbers or a negation in ``premise`` against the sentence."""
    weighed = weigh_sentence(sentence, question, premise)
    return weighed.verdict is Verdict.CONFLICTING or bool(missing_numbers(sentence, premise))
