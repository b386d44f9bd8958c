"""The generator that needs no language model: the fewest sentences of the evidence that answer, word for word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rag.answering.arrange import as_list, as_prose, as_table
from rag.answering.expect import Wanted, wanted
from rag.answering.selection import Candidate, Selector, passage_units, without_repeats
from rag.interfaces import Span, SpanScorer
from rag.sentences import UnitKind
from rag.text import language
from rag.types import Evidence, Form, Plan, Turn

_MOST_FACTS = 2
_MOST_SUMMARY = 6
_MOST_ITEMS = 12
_NEAR = 0.75


class ExtractiveGenerator:
    """Composes an answer of verbatim sentences, each with its ``[n]``."""

    def __init__(self, scorer: SpanScorer | None = None) -> None:
        self._selector = Selector(scorer)

    @property
    def model(self) -> str:
        """Empty: no language model writes."""
        return ""

    def generate(self, plan: Plan, evidence: Sequence[Evidence], history: Sequence[Turn]) -> Iterator[str]:
        """Yield the answer sentence by sentence; nothing when the evidence holds no sentence."""
        question = plan.question or (plan.queries[0] if plan.queries else "")
        parts = [part for part in plan.parts if part.strip()]
        if plan.form is Form.TABLE and len(parts) > 1:
            yield from self._table(question, parts, evidence)
        elif len(parts) > 1:
            yield from as_prose(self._of_parts(parts, evidence))
        elif plan.form is Form.LIST or wanted(question) is Wanted.LIST:
            yield from self._list(question, evidence)
        elif wanted(question) in (Wanted.SUMMARY, Wanted.REASON, Wanted.MANNER):
            yield from as_prose(_in_order(self._best(question, evidence, _MOST_SUMMARY)))
        else:
            yield from as_prose(self._best(question, evidence, _MOST_FACTS))

    def _best(self, question: str, evidence: Sequence[Evidence], most: int) -> list[Candidate]:
        ranked = without_repeats(self._selector.rank(question, evidence))
        return [one for one in ranked[:most] if one.score >= _NEAR * ranked[0].score or one is ranked[0]]

    def _of_parts(self, parts: Sequence[str], evidence: Sequence[Evidence]) -> list[Candidate]:
        chosen: list[Candidate] = []
        for part in parts:
            best = self._best(part, evidence, 1)
            chosen += [one for one in best if all(one.span != other.span for other in chosen)]
        return chosen

    def _table(self, question: str, parts: Sequence[str], evidence: Sequence[Evidence]) -> Iterator[str]:
        heading = ("对象", "原文") if language(question) == "zh" else ("Item", "Source text")
        yield from as_table(heading, [(part, self._best(part, evidence, 1)) for part in parts])

    def _list(self, question: str, evidence: Sequence[Evidence]) -> Iterator[str]:
        ranked = without_repeats(self._selector.rank(question, evidence))
        if not ranked:
            return
        best = ranked[0]
        items = _items_after(best) if best.kind is not UnitKind.ITEM else []
        if items:
            yield from as_list(best, items)
        elif best.kind is UnitKind.ITEM:
            yield from as_list(None, _siblings(best))
        else:
            yield from as_prose(self._best(question, evidence, 3))


def _items_after(lead: Candidate) -> list[Candidate]:
    """The list items that stand right behind ``lead``."""
    found: list[Candidate] = []
    for index, unit in enumerate(passage_units(lead.span.chunk.text)):
        if index <= lead.index:
            continue
        if unit.kind is not UnitKind.ITEM or len(found) == _MOST_ITEMS:
            break
        span = Span(lead.span.chunk, unit.start, unit.end)
        found.append(Candidate(span, lead.marker, index, unit.kind, lead.score))
    return found


def _siblings(item: Candidate) -> list[Candidate]:
    """The items of the list that ``item`` belongs to, itself among them."""
    all_units = passage_units(item.span.chunk.text)
    first = item.index
    while first and all_units[first - 1].kind is UnitKind.ITEM:
        first -= 1
    before = Candidate(item.span, item.marker, first - 1, UnitKind.SENTENCE, item.score)
    return _items_after(before)


def _in_order(chosen: Sequence[Candidate]) -> list[Candidate]:
    return sorted(chosen, key=lambda one: (one.marker, one.index))
