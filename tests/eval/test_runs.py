"""Whole runs over systems of known worth: the best scores 100, the worst 0."""

from __future__ import annotations

from pathlib import Path

import pytest

from eval.aggregate import Metrics, aggregate, causes, risk_coverage
from eval.cases import Case
from eval.collect import System, collect
from eval.folder import RunFolder, Sink
from eval.judge import RuleJudge
from eval.resolve import Resolver
from eval.runner import NOWHERE, Bench, Context, Options, jobs, run, scope_of
from eval.score import Item, score
from eval.trace import Target
from rag.types import Scope
from tests.eval.fakes import CASES, DOCUMENTS, Empty, Oracle


def evaluate(system: System, folder: Path, options: Options | None = None, cases: list[Case] = CASES) -> tuple[list[Item], Metrics]:
    options = options or Options()
    place = RunFolder(folder)
    sink = Sink(place)
    run(jobs(cases, Bench(system, Resolver(DOCUMENTS)), options.repeat), options, sink)
    sink.close()
    items = score(place.read_traces(), place.read_passages(), RuleJudge().entails)
    return items, aggregate(items)


def test_an_oracle_scores_one_hundred(tmp_path: Path) -> None:
    items, metrics = evaluate(Oracle(DOCUMENTS, CASES), tmp_path)
    good = [name for name in metrics if name.startswith(("answer.", "retrieval.", "citation.", "planner.", "abstention."))]
    low = {"abstention.false_refusal", "planner.missed", "planner.over_retrieval", "citation.over_citation"}
    neutral = {"answer.sentences", "answer.characters", "answer.f1", "answer.em", "answer.overlap", "planner.clarify_rate"}
    short = {name for name in good if name.endswith(("hit@1", "groups_all@1"))}
    assert {name: metrics[name].value for name in good if name not in low | neutral | short and metrics[name].value != 1.0} == {}
    assert {name: metrics[name].value for name in low if metrics[name].value != 0.0} == {}
    assert metrics["retrieval.reranked.hit@1"].value == 1.0
    assert causes(items) == {}
    assert len(good) > 80


def test_an_empty_run_scores_nothing(tmp_path: Path) -> None:
    _, metrics = evaluate(Empty(DOCUMENTS), tmp_path)
    for name in ("answer.correct", "answer.recall", "answer.f1", "citation.recall", "abstention.refusal", "retrieval.reranked.hit@10", "retrieval.sparse.recall@50"):
        assert metrics[name].value == 0.0, name


def test_failures_are_counted_and_shown_not_left_out(tmp_path: Path) -> None:
    items, metrics = evaluate(Empty(DOCUMENTS, fail=True), tmp_path)
    assert metrics["run.error"].value == 1.0
    assert metrics["answer.recall"].n == 4
    assert metrics["answer.recall"].value == 0.0
    assert causes(items) == {"error": 7}


def test_an_item_says_what_was_expected_and_taken(tmp_path: Path) -> None:
    items, metrics = evaluate(Oracle(DOCUMENTS, CASES), tmp_path)
    assert [(item.expected, item.taken) for item in items] == [("retrieve",) * 2] * 4 + [("abstain",) * 2, ("reply",) * 2, ("clarify",) * 2]
    assert metrics["by_type.multi_hop.retrieval.reranked.groups_all@3"].value == 1.0
    assert metrics["abstention.balanced_accuracy"].n == 5
    assert risk_coverage(items)[-1] == (4 / 5, 0.0)


def test_many_workers_give_what_one_gives(tmp_path: Path) -> None:
    one, _ = evaluate(Oracle(DOCUMENTS, CASES), tmp_path / "one")
    many, _ = evaluate(Oracle(DOCUMENTS, CASES), tmp_path / "many", Options(workers=5))
    assert [(item.key, item.values) for item in one] == [(item.key, item.values) for item in many]


def test_repeats_are_averaged_and_their_agreement_told(tmp_path: Path) -> None:
    items, metrics = evaluate(Oracle(DOCUMENTS, CASES), tmp_path, Options(repeat=3))
    assert {item.repeats for item in items} == {3}
    assert metrics["robustness.repeat_agreement"].value == 1.0


def test_retrieval_alone_gives_no_answers_and_no_answer_metrics(tmp_path: Path) -> None:
    _, metrics = evaluate(Oracle(DOCUMENTS, CASES), tmp_path, Options(retrieval_only=True))
    assert metrics["retrieval.reranked.recall@5"].value == 1.0
    assert not [name for name in metrics if name.startswith(("answer.", "citation.", "abstention.refusal"))]


def test_context_dependent_questions_are_left_out_of_retrieval_means(tmp_path: Path) -> None:
    leaning = [*CASES, Case("8", "toy", "它呢？", gold=("人口",), answers=("x",), context_dependent=True)]
    _, metrics = evaluate(Oracle(DOCUMENTS, leaning), tmp_path, cases=leaning)
    assert metrics["retrieval.reranked.hit@1"].n == 4


def test_fixed_contexts_are_strict_scopes() -> None:
    resolver = Resolver(DOCUMENTS)
    case = Case("1", "s", "q", gold=("人口", "面积"), noise=("history",))
    assert scope_of(case, resolver, Options()) is None
    assert scope_of(case, resolver, Options(context=Context.GOLD)) == Scope(("人口", "面积"), strict=True)
    assert scope_of(case, resolver, Options(context=Context.NONE)) == NOWHERE
    assert scope_of(case, resolver, Options(noise=0.2)) == Scope(("人口", "面积", "history"), strict=True)
    assert scope_of(case, resolver, Options(noise=1.0)) == Scope(("history",), strict=True)


def test_a_case_that_takes_too_long_is_stopped_and_counts_as_failed() -> None:
    ticks = iter(range(0, 10_000, 100))
    stream = Oracle(DOCUMENTS, CASES).answer(CASES[0].question)
    collected = collect(stream, CASES[0], Target(), timeout=150, clock=lambda: float(next(ticks)))
    assert collected.trace.failure and collected.trace.failure.kind == "timeout"
    with pytest.raises(StopIteration):
        next(stream)


def test_a_torn_last_line_is_cut_away_before_going_on(tmp_path: Path) -> None:
    place = RunFolder(tmp_path)
    evaluate(Oracle(DOCUMENTS, CASES), tmp_path)
    whole = place.traces.read_text(encoding="utf-8")
    place.traces.write_text(whole[:-20], encoding="utf-8")
    assert len(place.read_traces()) == 6
    sink = Sink(place)
    done = {trace.key for trace in place.read_traces()}
    run([job for job in jobs(CASES, Bench(Oracle(DOCUMENTS, CASES), Resolver(DOCUMENTS)), 1) if job.key not in done], Options(), sink)
    sink.close()
    assert [trace.case.id for trace in place.read_traces()] == [str(number) for number in range(1, 8)]


def test_a_plan_alone_counts_for_no_total_time() -> None:
    planned = collect(Oracle(DOCUMENTS, CASES).retrieve(CASES[0].question), CASES[0], Target(), only_plan=True)
    assert planned.trace.milliseconds.keys() == {"plan"}
    whole = collect(Oracle(DOCUMENTS, CASES).answer(CASES[0].question), CASES[0], Target())
    assert {"plan", "sparse", "reranked", "first_token", "check", "total"} <= whole.trace.milliseconds.keys()
