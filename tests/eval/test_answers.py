from __future__ import annotations

from dataclasses import replace

import pytest

from eval.cases import Case
from eval.metrics.answer import answer_values, correct
from eval.metrics.planner import planner_values
from eval.metrics.support import support_values
from eval.trace import Failure, PlanStep, Trace
from rag.types import Action, Answer, Citation, Conflict, Outcome, Sentence, Turn, Verdict
from tests.eval.fakes import make_trace

SOURCE = Citation(1, "d#0", "d", "冠军", 0, 2, Verdict.SUPPORTED)


def answered(text: str, outcome: Outcome = Outcome.ANSWERED) -> Answer:
    return Answer(text, (), (), outcome)


def case(**values: object) -> Case:
    return Case("1", "s", "q", **{"expected_action": Action.RETRIEVE, **values})  # type: ignore[arg-type]


def planned(action: Action, question: str = "") -> tuple[PlanStep, ...]:
    return (PlanStep(action.value, (), "", 1, question, "prose"),)


def test_markers_are_no_part_of_the_answer() -> None:
    values = answer_values(make_trace(case(answers=("740 万",)), answered("七百四十万[1][12]")))
    assert (values["answer.em"], values["answer.recall"]) == (1.0, 1.0)


def test_recall_takes_one_variant_of_every_group() -> None:
    values = answer_values(make_trace(case(answer_groups=(("6.4%",), ("18%", "十八个百分点"))), answered("香港为6.4%，澳门未知。")))
    assert (values["answer.recall"], values["answer.correct"]) == (0.5, 0.0)


def test_f1_takes_the_best_variant() -> None:
    values = answer_values(make_trace(case(answers=("上海", "北京大学")), answered("北京")))
    assert values["answer.f1"] == pytest.approx(2 * 2 / 6)


def test_long_gold_answers_are_judged_by_key_points_not_by_finding_them() -> None:
    long = "这是一个很长的参考答案，" * 5
    values = answer_values(make_trace(case(answers=(long,), key_points=("理解能力", "记忆能力", "生成能力")), answered("包括理解能力和记忆能力。")))
    assert "answer.recall" not in values
    assert values["answer.key_point_recall"] == pytest.approx(2 / 3)
    assert values["answer.correct"] == 1.0


@pytest.mark.parametrize(
    ("expected", "outcome", "right"),
    [
        (Action.ABSTAIN, Outcome.ABSTAINED, True),
        (Action.ABSTAIN, Outcome.ANSWERED, False),
        (Action.CLARIFY, Outcome.CLARIFY, True),
        (Action.REPLY, Outcome.REPLIED, True),
        (Action.REPLY, Outcome.ABSTAINED, False),
    ],
)
def test_other_outcomes_are_right_where_expected(expected: Action, outcome: Outcome, right: bool) -> None:
    assert correct(make_trace(case(expected_action=expected), answered("…", outcome))) is right


def test_a_refusal_gives_no_answer_and_counts_against_answerable_questions() -> None:
    values = answer_values(make_trace(case(answers=("没有",)), answered("没有找到", Outcome.ABSTAINED)))
    assert (values["answer.recall"], values["abstention.false_refusal"], values["answer.correct"]) == (0.0, 1.0, 0.0)
    assert answer_values(make_trace(case(expected_action=Action.ABSTAIN), answered("", Outcome.ABSTAINED)))["abstention.refusal"] == 1.0


def test_a_failure_scores_nothing_and_is_never_left_out() -> None:
    failed = make_trace(case(answers=("12",)), failure=Failure("ModelTimeout", "late"))
    assert answer_values(failed)["answer.recall"] == 0.0
    unanswerable = make_trace(case(expected_action=Action.ABSTAIN), failure=Failure("ModelTimeout", "late"))
    assert answer_values(unanswerable)["abstention.refusal"] == 0.0


def test_false_documents_that_are_believed_are_counted() -> None:
    values = answer_values(make_trace(case(answers=("拜仁",), false_answers=("利物浦",)), answered("冠军是利物浦[1]")))
    assert values["robustness.false_answer"] == values["robustness.false_followed"] == 1.0


def test_a_false_document_is_not_followed_silently_where_the_disagreement_is_shown() -> None:
    told = replace(answered("冠军是利物浦[1]"), conflicts=(Conflict("冠军", SOURCE, SOURCE),))
    values = answer_values(make_trace(case(answers=("拜仁",), false_answers=("利物浦",)), told))
    assert (values["robustness.false_answer"], values["robustness.false_followed"]) == (1.0, 0.0)


def test_an_answer_of_four_sentences_is_not_brief() -> None:
    for count, brief in ((3, 1.0), (4, 0.0)):
        sentences = tuple(Sentence("是。", 2 * n, 2 * n + 2, (), Verdict.SUPPORTED) for n in range(count))
        told = replace(answered("是。" * count), sentences=sentences)
        values = answer_values(make_trace(case(answers=("是",)), told))
        assert (values["answer.brief"], values["answer.characters"]) == (brief, 2.0 * count)


def test_a_missing_label_leaves_its_metric_out() -> None:
    values = answer_values(make_trace(case(expected_action=None), answered("随便")))
    assert {name: value for name, value in values.items() if value is not None} == {
        "answer.sentences": 0.0, "answer.brief": 1.0, "answer.characters": 2.0,
    }  # fmt: skip


def test_planner_is_judged_by_what_was_done_in_the_end() -> None:
    trace = make_trace(case(expected_action=Action.ABSTAIN), answered("", Outcome.ABSTAINED), plans=planned(Action.RETRIEVE))
    assert planner_values(trace) == {"planner.action_accuracy": 1.0, "planner.missed": 0.0, "planner.clarify_rate": 0.0}


def test_a_search_that_was_not_made_is_missed_and_one_too_many_is_told() -> None:
    skipped = planner_values(make_trace(case(), answered("你好", Outcome.REPLIED), plans=planned(Action.REPLY)))
    assert (skipped["planner.missed"], skipped["planner.action_accuracy"]) == (1.0, 0.0)
    needless = planner_values(make_trace(case(expected_action=Action.REPLY), answered("x"), plans=planned(Action.RETRIEVE)))
    assert (needless["planner.over_retrieval"], needless["planner.action_accuracy"]) == (1.0, 0.0)


def test_a_message_that_needs_no_search_may_be_replied_to_or_asked_back() -> None:
    message = case(expected_action=None, searches=False)
    for action, right in ((Action.REPLY, 1.0), (Action.CLARIFY, 1.0), (Action.RETRIEVE, 0.0)):
        assert planner_values(make_trace(message, plans=planned(action)))["planner.action_accuracy"] == right


def test_rewrites_are_compared_with_the_reference_and_with_doing_nothing() -> None:
    trace = make_trace(
        Case("1", "s", "how tall is it", rewrite="how tall is the tower", history=(Turn("user", "the tower"),)),
        plans=planned(Action.RETRIEVE, "how tall is the tower"),
    )
    values = planner_values(trace)
    assert values["planner.rewrite_f1"] == 1.0
    assert values["planner.rewrite_gain"] == pytest.approx(1 - 2 * 3 / 9)


def test_partial_support_is_not_support() -> None:
    def judged(label: bool, verdict: Verdict | None) -> dict[str, float | None]:
        return support_values(Trace(Case("1", "s", "c", supported=label, label="supported" if label else "contradicted"), verdict=verdict))

    assert judged(True, Verdict.SUPPORTED) == {"support.accuracy": 1.0, "support.recall": 1.0, "support.precision": 1.0}
    assert judged(True, Verdict.PARTLY) == {"support.accuracy": 0.0, "support.recall": 0.0}
    assert judged(False, Verdict.CONFLICTING) == {"support.accuracy": 1.0, "support.specificity": 1.0, "support.conflict_seen": 1.0}
    assert judged(False, None)["support.accuracy"] == 0.0
