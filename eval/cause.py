"""Why a case came out wrong: the first place on the way from question to answer where what it needs was lost."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from eval.metrics.answer import correct
from eval.metrics.planner import first_action, taken_action
from eval.metrics.retrieval import Values, found
from eval.trace import Trace
from rag.types import Action, Chunk, Outcome, Stage


class Cause(StrEnum):
    """In the order of the path."""

    ERROR = "error"
    PLANNER_SKIPPED = "planner skipped"
    PLANNER_SEARCHED = "planner searched"
    NOT_RETRIEVED = "not retrieved"
    LOST_IN_FUSION = "lost in fusion"
    LOST_IN_RERANK = "lost in rerank"
    WRONGLY_REFUSED = "wrongly refused"
    SHOWN_BUT_MISSED = "shown but missed"
    WRONGLY_ANSWERED = "wrongly answered"
    MISCITED = "miscited"
    WRONG = "wrong"


SHOWN = 8
"""Where nothing was taken as evidence, the first eight hits count as what could have been shown."""

_CITED_BADLY = 0.5


def find_cause(trace: Trace, passages: Mapping[str, Chunk], values: Values) -> Cause | None:
    """None when the case came out right, or nothing is known of what is right."""
    if trace.failure:
        return Cause.ERROR
    if trace.answer is None:
        return _without_answer(trace, passages)
    right = correct(trace)
    if right is None:
        return None
    if right:
        return Cause.MISCITED if miscited(values) else None
    expected, taken = trace.case.expected_action, taken_action(trace)
    if expected is Action.ABSTAIN:
        return Cause.WRONGLY_ANSWERED if taken is Action.RETRIEVE else Cause.PLANNER_SKIPPED
    if expected in (Action.REPLY, Action.CLARIFY):
        return Cause.PLANNER_SEARCHED if taken in (Action.RETRIEVE, Action.ABSTAIN) else Cause.PLANNER_SKIPPED
    if not trace.retrievals or taken in (Action.REPLY, Action.CLARIFY):
        return Cause.PLANNER_SKIPPED
    return lost_at(trace, passages) or _after_retrieval(trace)


def miscited(values: Values) -> bool:
    """Whether a right answer stands on wrong ground: markers that lead nowhere, or support that is not there."""
    validity, recall = values.get("citation.validity"), values.get("citation.recall")
    return (validity is not None and validity < 1) or (recall is not None and recall < _CITED_BADLY)


def lost_at(trace: Trace, passages: Mapping[str, Chunk]) -> Cause | None:
    """The retrieval stage that lost what the case needs; None when it was shown, or nothing is known of it."""
    rankings = {stage: trace.ranking(stage) for stage in Stage}
    candidates = (*(rankings[Stage.SPARSE] or ()), *(rankings[Stage.DENSE] or ()))
    if (rankings[Stage.SPARSE] is not None or rankings[Stage.DENSE] is not None) and found(candidates, trace, passages) is False:
        return Cause.NOT_RETRIEVED
    if rankings[Stage.FUSED] is not None and found(rankings[Stage.FUSED], trace, passages) is False:
        return Cause.LOST_IN_FUSION
    shown = tuple((chunk, score) for _, chunk, score in trace.evidence) or (rankings[Stage.RERANKED] or ())[:SHOWN]
    return Cause.LOST_IN_RERANK if found(shown, trace, passages) is False else None


def _after_retrieval(trace: Trace) -> Cause:
    assert trace.answer is not None
    if trace.answer.outcome is Outcome.ABSTAINED:
        return Cause.WRONGLY_REFUSED
    return Cause.SHOWN_BUT_MISSED if trace.target.gold or trace.target.spans else Cause.WRONG


def _without_answer(trace: Trace, passages: Mapping[str, Chunk]) -> Cause | None:
    """The causes that show in planning and retrieval alone."""
    first = first_action(trace)
    if trace.case.searches is not None and first is not None:
        if (first is Action.RETRIEVE) == trace.case.searches:
            return None
        return Cause.PLANNER_SKIPPED if trace.case.searches else Cause.PLANNER_SEARCHED
    if trace.case.expected_action is not Action.RETRIEVE or not trace.plans:
        return None
    return lost_at(trace, passages) if trace.retrievals else Cause.PLANNER_SKIPPED
