"""What the planner decided about one case, against what was expected of it."""

from __future__ import annotations

from eval.match import f1
from eval.metrics.retrieval import Values
from eval.trace import Trace
from rag.types import Action, Outcome, Verdict

_OF_OUTCOME = {
    Outcome.ANSWERED: Action.RETRIEVE,
    Outcome.PARTIAL: Action.RETRIEVE,
    Outcome.REPLIED: Action.REPLY,
    Outcome.CLARIFY: Action.CLARIFY,
    Outcome.ABSTAINED: Action.ABSTAIN,
}


def taken_action(trace: Trace) -> Action | None:
    """What the system did in the end; where it only planned, what it planned first; None when it failed."""
    if trace.answer is not None:
        return _OF_OUTCOME[trace.answer.outcome]
    return Action(trace.plans[0].action) if trace.plans and not trace.failure else None


def first_action(trace: Trace) -> Action | None:
    """The first plan's action: whether a search was thought necessary at all."""
    return Action(trace.plans[0].action) if trace.plans else None


def planner_values(trace: Trace) -> Values:
    """``planner.*``: accuracy of the action, a search missed, a search too many, what a rewrite gained."""
    values: Values = {}
    case = trace.case
    first, taken = first_action(trace), taken_action(trace)
    if case.searches is not None:
        searched = first is Action.RETRIEVE
        values["planner.action_accuracy"] = float(first is not None and searched == case.searches)
        values["planner.missed" if case.searches else "planner.over_retrieval"] = float(searched != case.searches)
    elif case.expected_action is not None:
        values |= _of_expected(case.expected_action, first, taken, answered=trace.answer is not None)
    if taken is not None:
        values["planner.clarify_rate"] = float(taken is Action.CLARIFY)
    if case.rewrite and case.history:
        question = trace.plans[0].question if trace.plans else ""
        made = question or case.question
        values["planner.rewrite_f1"] = f1(made, case.rewrite)
        values["planner.rewrite_gain"] = f1(made, case.rewrite) - f1(case.question, case.rewrite)
    return values


def check_values(trace: Trace) -> Values:
    """How much of an answer the system's own check marked as not fully supported."""
    answer = trace.answer
    if answer is None or answer.outcome not in (Outcome.ANSWERED, Outcome.PARTIAL) or not answer.sentences:
        return {}
    doubted = sum(sentence.verdict is not Verdict.SUPPORTED for sentence in answer.sentences)
    return {"check.doubted": doubted / len(answer.sentences)}


def _of_expected(expected: Action, first: Action | None, taken: Action | None, *, answered: bool) -> Values:
    values: Values = {}
    searching = expected in (Action.RETRIEVE, Action.ABSTAIN)
    if answered or taken is None:
        values["planner.action_accuracy"] = float(taken is expected)
    else:
        values["planner.action_accuracy"] = float((first is Action.RETRIEVE) == searching)
    if searching:
        values["planner.missed"] = float(first not in (Action.RETRIEVE, Action.ABSTAIN))
    else:
        values["planner.over_retrieval"] = float(taken in (Action.RETRIEVE, Action.ABSTAIN))
    return values
