"""The answer of one case against its labels, and whether it abstained rightly. Strings and numbers, no model."""

from __future__ import annotations

from eval.cases import Case
from eval.match import contains_any, f1, overlap, same, tokens, without_markers
from eval.metrics.retrieval import Values
from eval.trace import Trace
from rag.types import Action, Answer, Outcome

LONG_ANSWER = 30
"""A gold answer of more tokens than this is a text, not a string to be found: only ``f1`` judges it."""

BRIEF = 3
"""Sentences of an answer that nobody calls long."""
KEY_POINT_COVERED = 0.6
ENOUGH_KEY_POINTS = 0.5
ENOUGH_OVERLAP = 0.5


def answer_values(trace: Trace) -> Values:
    """``answer.*`` for answerable cases and ``abstention.*`` for all whose answerability is known.

    A failed case scores 0 and counts as neither answered nor abstained.
    """
    case, answer = trace.case, trace.answer
    values: Values = {}
    if case.answerable:
        values |= _content(case, answer)
        values["abstention.false_refusal"] = float(answer is None or answer.outcome is Outcome.ABSTAINED)
        values["answer.answered"] = float(answer is not None and answer.outcome in (Outcome.ANSWERED, Outcome.PARTIAL))
    elif case.answerable is False:
        values["abstention.refusal"] = float(answer is not None and answer.outcome is Outcome.ABSTAINED)
    if case.false_answers and answer is not None:
        believed, warned = contains_any(without_markers(answer.text), case.false_answers), bool(answer.conflicts)
        values["robustness.false_answer"] = float(believed)
        values["robustness.conflict_shown"] = float(warned)
        values["robustness.false_followed"] = float(believed and not warned)
    if answer is not None and answer.outcome in (Outcome.ANSWERED, Outcome.PARTIAL):
        values["answer.sentences"] = float(len(answer.sentences))
        values["answer.brief"] = float(len(answer.sentences) <= BRIEF)
        values["answer.characters"] = float(len(without_markers(answer.text)))
    right = correct(trace)
    values["answer.correct"] = None if right is None else float(right)
    return values


def correct(trace: Trace) -> bool | None:
    """Whether the case came out right by the best label it has; None when it has none.

    Abstaining, asking back and replying are right where they are expected. An answer is right when it gives every
    answer group; where the gold answers are long, when it gives half of the key points or of the answer's tokens.
    """
    case, answer = trace.case, trace.answer
    if trace.failure or answer is None:
        return None if case.expected_action is None and not case.groups else False
    match case.expected_action:
        case Action.ABSTAIN:
            return answer.outcome is Outcome.ABSTAINED
        case Action.CLARIFY:
            return answer.outcome is Outcome.CLARIFY
        case Action.REPLY:
            return answer.outcome is Outcome.REPLIED
    if answer.outcome in (Outcome.ABSTAINED, Outcome.CLARIFY):
        return False
    text = without_markers(answer.text)
    recall = answer_recall(text, case)
    if recall is not None and (recall == 1 or not case.key_points):
        return recall == 1
    if case.key_points:
        return key_point_recall(text, case.key_points) >= ENOUGH_KEY_POINTS
    if case.answers:
        return max(overlap(text, reference) for reference in case.answers) >= ENOUGH_OVERLAP
    return None


def answer_recall(text: str, case: Case) -> float | None:
    """The share of answer groups of which ``text`` gives a variant; None when the gold answers are long."""
    groups = [short for group in case.groups if (short := [v for v in group if len(tokens(v)) <= LONG_ANSWER])]
    if not groups or len(groups) < len(case.groups):
        return None
    return sum(contains_any(text, group) for group in groups) / len(groups)


def key_point_recall(text: str, key_points: tuple[str, ...]) -> float:
    """The share of key points of which ``text`` gives at least 60% of the tokens."""
    return sum(overlap(text, point) >= KEY_POINT_COVERED for point in key_points) / len(key_points)


def confidence(trace: Trace) -> float | None:
    """The score of the best passage, by which answers are ordered in the risk–coverage curve."""
    scores = [hits[0][1] for item in trace.retrievals if item.stage == "reranked" and (hits := item.hits)]
    return max(scores) if scores else None


def _content(case: Case, answer: Answer | None) -> Values:
    said = answer is not None and answer.outcome not in (Outcome.ABSTAINED, Outcome.CLARIFY)
    text = without_markers(answer.text) if said and answer is not None else ""
    values: Values = {}
    variants = [variant for group in case.groups for variant in group] if len(case.groups) == 1 else list(case.answers)
    if variants:
        values["answer.em"] = float(any(same(text, variant) for variant in variants))
        values["answer.f1"] = max(f1(text, variant) for variant in variants)
        values["answer.overlap"] = max(overlap(text, variant) for variant in variants)
    recall = answer_recall(text, case)
    if recall is not None:
        values["answer.recall"] = recall
    if case.key_points:
        values["answer.key_point_recall"] = key_point_recall(text, case.key_points)
    return values
