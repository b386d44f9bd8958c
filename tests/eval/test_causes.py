from __future__ import annotations

import pytest

from eval.cases import Case
from eval.cause import Cause, find_cause
from eval.trace import Failure, PlanStep, Ranking, Retrieval, Target, Trace
from rag.types import Action, Answer, Chunk, Outcome, Stage

CHUNKS = {name: Chunk(name, name, "", "", name, 0, 1) for name in "abcdefghijk"}
CASE = Case("1", "s", "q", answers=("right",), gold=("a",), expected_action=Action.RETRIEVE)


def ranked(*names: str) -> Ranking:
    return tuple((name, 1.0) for name in names)


def trace_of(text: str, outcome: Outcome, *, shown: str = "", case: Case = CASE, **rankings: Ranking) -> Trace:
    retrievals = tuple(Retrieval(1, "q", Stage(stage), hits) for stage, hits in rankings.items())
    plan = PlanStep("retrieve" if retrievals else "reply", ("q",), "", 1, "q", "prose")
    evidence = tuple((number, name, 1.0) for number, name in enumerate(shown, start=1))
    return Trace(case, Target(gold=case.gold), plans=(plan,), retrievals=retrievals, evidence=evidence, answer=Answer(text, (), (), outcome))


@pytest.mark.parametrize(
    ("trace", "cause"),
    [
        (trace_of("right", Outcome.ANSWERED, shown="a", sparse=ranked("a"), reranked=ranked("a")), None),
        (trace_of("no", Outcome.ANSWERED, shown="b", sparse=ranked("b"), dense=ranked("c"), fused=ranked("b"), reranked=ranked("b")), Cause.NOT_RETRIEVED),
        (trace_of("no", Outcome.ANSWERED, shown="b", sparse=ranked("b"), dense=ranked("a"), fused=ranked("b"), reranked=ranked("b")), Cause.LOST_IN_FUSION),
        (trace_of("no", Outcome.ANSWERED, shown="b", dense=ranked("a"), fused=ranked("b", "a"), reranked=ranked("b", "a")), Cause.LOST_IN_RERANK),
        (trace_of("", Outcome.ABSTAINED, dense=ranked("a"), fused=ranked("a"), reranked=ranked(*"bcdefghija")), Cause.LOST_IN_RERANK),
        (trace_of("", Outcome.ABSTAINED, dense=ranked("a"), fused=ranked("a"), reranked=ranked("b", "a")), Cause.WRONGLY_REFUSED),
        (trace_of("no", Outcome.ANSWERED, shown="ba", dense=ranked("a"), fused=ranked("a"), reranked=ranked("b", "a")), Cause.SHOWN_BUT_MISSED),
        (trace_of("hi", Outcome.REPLIED), Cause.PLANNER_SKIPPED),
        (trace_of("?", Outcome.CLARIFY), Cause.PLANNER_SKIPPED),
        (trace_of("x", Outcome.ANSWERED, case=Case("1", "s", "q", expected_action=Action.ABSTAIN), sparse=ranked("b")), Cause.WRONGLY_ANSWERED),
        (trace_of("x", Outcome.ANSWERED, case=Case("1", "s", "q", expected_action=Action.REPLY), sparse=ranked("b")), Cause.PLANNER_SEARCHED),
    ],
    ids=lambda value: value.value if isinstance(value, Cause) else "",
)
def test_the_first_place_where_it_was_lost_is_the_cause(trace: Trace, cause: Cause | None) -> None:
    assert find_cause(trace, CHUNKS, {}) is cause


def test_a_right_answer_on_wrong_ground_is_miscited() -> None:
    trace = trace_of("right", Outcome.ANSWERED, shown="a", sparse=ranked("a"), reranked=ranked("a"))
    assert find_cause(trace, CHUNKS, {"citation.recall": 0.0}) is Cause.MISCITED
    assert find_cause(trace, CHUNKS, {"citation.validity": 0.5, "citation.recall": 1.0}) is Cause.MISCITED
    assert find_cause(trace, CHUNKS, {"citation.validity": 1.0, "citation.recall": 1.0}) is None


def test_a_failure_is_an_error_whatever_else_is_known() -> None:
    assert find_cause(Trace(CASE, failure=Failure("timeout", "")), CHUNKS, {}) is Cause.ERROR


def test_retrieval_alone_shows_its_own_causes() -> None:
    plan = (PlanStep("retrieve", ("q",), "", 1, "q", "prose"),)
    retrievals = (Retrieval(1, "q", Stage.SPARSE, ranked("a")), Retrieval(1, "q", Stage.FUSED, ranked("b")))
    assert find_cause(Trace(CASE, Target(gold=("a",)), plans=plan, retrievals=retrievals), CHUNKS, {}) is Cause.LOST_IN_FUSION
