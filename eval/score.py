"""Traces become items, one a case with its values and cause; no call of the system, no file.

An item's values are what is averaged; a value that is None is left out of its metric.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from eval.cause import Cause, find_cause
from eval.metrics.answer import answer_values, confidence, correct
from eval.metrics.citation import Entails, citation_values
from eval.metrics.planner import check_values, first_action, planner_values, taken_action
from eval.metrics.retrieval import Values, retrieval_values
from eval.metrics.support import support_values
from eval.trace import Trace
from rag.types import Action, Chunk, Outcome


@dataclass(frozen=True, slots=True)
class Item:
    """The scores of one case, repeats averaged. ``expected`` and ``taken`` are planner actions or empty."""

    id: str
    set: str
    type: str
    language: str
    cluster: str
    slices: tuple[str, ...]
    values: dict[str, float]
    cause: str
    expected: str
    taken: str
    confidence: float | None
    correct: bool | None
    answered: bool
    milliseconds: Mapping[str, float]
    question: str
    answer: str
    repeats: int = 1
    usage: Mapping[str, float] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Set and id."""
        return f"{self.set}/{self.id}"

    def to_dict(self) -> dict[str, Any]:
        """A line of items.jsonl."""
        return {name: getattr(self, name) for name in self.__slots__} | {"slices": list(self.slices)}

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Item:
        """The inverse of ``to_dict``."""
        return cls(**{**row, "slices": tuple(row["slices"])})


def score(traces: Iterable[Trace], passages: Mapping[str, Chunk], entails: Entails) -> list[Item]:
    """One item a case, in the order of set and id."""
    repeats: defaultdict[str, list[Trace]] = defaultdict(list)
    for trace in traces:
        repeats[trace.case.key].append(trace)
    return [_item(repeats[key], passages, entails) for key in sorted(repeats)]


def trace_values(trace: Trace, passages: Mapping[str, Chunk], entails: Entails) -> Values:
    """All values of one trace."""
    values: Values = {"run.error": float(trace.failure is not None)}
    if trace.case.supported is not None:
        return values | support_values(trace)
    values |= planner_values(trace)
    searchless = trace.case.searches is not None or trace.case.rewrite
    if not searchless and not trace.case.context_dependent:
        values |= retrieval_values(trace, passages)
    if trace.answer is not None or (trace.failure is not None and not trace.usage.get("retrieval_only")):
        values |= answer_values(trace)
        values |= citation_values(trace, passages, entails)
        values |= check_values(trace)
    return values


def _item(traces: Sequence[Trace], passages: Mapping[str, Chunk], entails: Entails) -> Item:
    first = min(traces, key=lambda trace: trace.repeat)
    scored = [trace_values(trace, passages, entails) for trace in traces]
    values = _averaged(scored)
    right = [correct(trace) for trace in traces]
    if len(traces) > 1:
        values["robustness.repeat_agreement"] = float(len({trace.answer.text if trace.answer else "" for trace in traces}) == 1)
    cause = find_cause(first, passages, scored[traces.index(first)])
    case, answer = first.case, first.answer
    return Item(
        id=case.id, set=case.set, type=case.type, language=case.language, cluster=first.target.cluster or case.key,
        slices=case.slices, values=values, cause=cause.value if cause else "",
        expected=_expected(first), taken=_taken(first), confidence=confidence(first),
        correct=None if right[0] is None else bool(right[0]),
        answered=answer is not None and answer.outcome in (Outcome.ANSWERED, Outcome.PARTIAL),
        milliseconds={name: float(value) for name, value in first.milliseconds.items()},
        question=case.question, answer=answer.text if answer else first.verdict or "", repeats=len(traces), usage=dict(first.usage),
    )  # fmt: skip


def _averaged(scored: Sequence[Values]) -> dict[str, float]:
    collected: defaultdict[str, list[float]] = defaultdict(list)
    for values in scored:
        for name, value in values.items():
            if value is not None:
                collected[name].append(value)
    return {name: sum(found) / len(found) for name, found in collected.items()}


def _expected(trace: Trace) -> str:
    if trace.case.searches is not None:
        return "retrieve" if trace.case.searches else "no retrieve"
    return trace.case.expected_action.value if trace.case.expected_action else ""


def _taken(trace: Trace) -> str:
    if trace.failure:
        return "error"
    if trace.case.searches is not None:
        first = first_action(trace)
        return "" if first is None else "retrieve" if first is Action.RETRIEVE else "no retrieve"
    taken = taken_action(trace)
    return taken.value if taken else ""


CAUSES = tuple(cause.value for cause in Cause)
