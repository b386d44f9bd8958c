from __future__ import annotations

import pytest

from rag.answering.reasons import Reason
from rag.answering.wording import question_back
from rag.types import Action, Form, Scope
from tests.answering.planning import KITE, ROBOT, Library, evidence_of, passage, planner, turns
from tests.fakes import make_document


def test_question_of_fact_is_retrieved_by_default() -> None:
    plan = planner().plan("Mira 的准确率是多少？", ())
    assert (plan.action, plan.queries, plan.round) == (Action.RETRIEVE, ("Mira 的准确率是多少？",), 1)
    assert (plan.parts, plan.reason) == (("Mira 的准确率是多少？",), Reason.DEFAULT)


def test_greeting_is_replied_to_without_a_query() -> None:
    plan = planner().plan("你好呀", ())
    assert (plan.action, plan.queries, plan.round, plan.reason) == (Action.REPLY, (), 0, Reason.GREETING)


def test_politeness_is_left_out_of_the_query() -> None:
    plan = planner().plan("你好，請問 Mira 的準確率是多少？", ())
    assert plan.queries == ("Mira 的準確率是多少？",)


def test_pronoun_without_history_is_asked_back_with_names_from_the_documents() -> None:
    plan = planner().plan("它的准确率是多少？", ())
    assert (plan.action, plan.subject, plan.reason) == (Action.CLARIFY, "它", Reason.AMBIGUOUS_REFERENCE)
    assert set(plan.options) == {"Mira", "Tide-2", "Kestrel 3"}


def test_question_without_subject_is_asked_back() -> None:
    plan = planner().plan("训练花了多少钱？", ())
    assert (plan.action, plan.reason, plan.subject) == (Action.CLARIFY, Reason.MISSING_SUBJECT, "")
    assert "Mira" in plan.options


def test_nothing_is_asked_back_when_the_documents_are_about_one_thing() -> None:
    plan = planner(Library([ROBOT])).plan("它的准确率是多少？", ())
    assert plan.action is Action.RETRIEVE


def test_nothing_is_asked_back_about_what_the_documents_do_not_hold() -> None:
    assert planner().plan("它的保质期是多少？", ()).action is Action.RETRIEVE


@pytest.mark.parametrize("question", ["这份报告的结论是什么？", "Mira 的作者是谁？", "我们的准确率是多少？", "准确率"])
def test_questions_that_need_no_asking_back(question: str) -> None:
    assert planner().plan(question, ()).action is Action.RETRIEVE


@pytest.mark.parametrize("choice", ["Tide-2", "tide-2", "第二个", "我问的是 Tide-2"])
def test_choice_resumes_the_first_question(choice: str) -> None:
    asked = question_back("它", ("Mira", "Tide-2", "Kestrel 3"), "zh")
    plan = planner().plan(choice, turns("它的准确率是多少？", asked))
    assert (plan.action, plan.reason) == (Action.RETRIEVE, Reason.CLARIFIED)
    assert plan.question == "Tide-2的准确率是多少？"


def test_free_text_resumes_the_first_question() -> None:
    asked = question_back("", ("Mira", "Tide-2"), "zh")
    assert planner().plan("风筝相机", turns("训练用了多久？", asked)).question == "风筝相机 训练用了多久？"


def test_clarification_in_english_and_in_traditional_script_resumes_too() -> None:
    asked = question_back("its", ("Mira", "Tide-2"), "en")
    assert planner().plan("the second one", turns("What is its accuracy?", asked)).question == "What is Tide-2's accuracy?"
    asked = question_back("它", ("Mira", "Tide-2"), "zh-Hant")
    assert planner().plan("Mira", turns("它的準確率是多少？", asked)).question == "Mira的準確率是多少？"


def test_new_question_after_a_clarification_is_planned_afresh() -> None:
    asked = question_back("它", ("Mira", "Tide-2"), "zh")
    plan = planner().plan("算了，Kestrel 3 的作者是谁？", turns("它的准确率是多少？", asked))
    assert plan.reason is not Reason.CLARIFIED
    assert "Kestrel 3" in plan.question


def test_nothing_is_asked_back_twice_in_a_row() -> None:
    asked = question_back("它", ("Mira", "Tide-2"), "zh")
    plan = planner().plan("那个的训练数据是什么来着？它的作者又是谁呢？", turns("它的准确率是多少？", asked))
    assert plan.action is Action.RETRIEVE


def test_comparison_is_searched_part_by_part_and_shown_as_a_table() -> None:
    plan = planner().plan("Mira 和 Tide-2 的准确率有什么区别？", ())
    assert plan.parts == ("Mira", "Tide-2")
    assert plan.queries == ("Mira 和 Tide-2 的准确率有什么区别？", "Mira 的准确率", "Tide-2 的准确率")
    assert (plan.form, plan.reason) == (Form.TABLE, Reason.COMPARISON)


def test_two_questions_in_one_are_searched_for_apart() -> None:
    plan = planner().plan("Mira 的作者是谁？Tide-2 训练用了多久？", ())
    assert plan.parts == ("Mira 的作者是谁", "Tide-2 训练用了多久")
    assert plan.reason is Reason.MULTI_PART


def test_named_document_is_searched_first() -> None:
    plan = planner().plan("《风筝相机说明书》里准确率是多少？", ())
    assert (plan.scope, plan.reason) == (Scope(document_ids=(KITE.id,)), Reason.SCOPED)


def test_named_section_is_searched_first() -> None:
    library = Library(sections={"robot": "维护须知", "boat": "电池"})
    assert planner(library).plan("“维护须知”里准确率是多少？", ()).scope == Scope(("robot",), ("维护须知",))


def test_year_of_a_document_narrows_the_search() -> None:
    assert planner().plan("2024年的报告里作者是谁？", ()).scope == Scope(document_ids=("boat",))


def test_mention_of_a_topic_is_no_scope() -> None:
    assert not planner().plan("风筝相机的准确率是多少？", ()).scope


@pytest.mark.parametrize(
    ("question", "form"),
    [
        ("Mira 用于哪里？", Form.PROSE),
        ("Mira 有哪些功能？", Form.LIST),
        ("用表格列出 Mira 的参数", Form.TABLE),
        ("列出 Tide-2 的用途", Form.LIST),
        ("用一句话说说 Mira 有哪些功能", Form.PROSE),
        ("Compare Mira and Tide-2", Form.TABLE),
        ("List the parts of Mira", Form.LIST),
    ],
)
def test_form_follows_the_question_and_explicit_wishes_win(question: str, form: Form) -> None:
    assert planner().plan(question, ()).form is form


def test_sufficient_evidence_ends_the_search() -> None:
    held = planner()
    plan = held.plan("Mira 在识别仪表时准确率达到多少？", ())
    assert held.refine(plan, evidence_of(Library(), "97%")) is None


def test_missing_evidence_leads_to_other_queries_and_then_to_abstaining() -> None:
    held = planner(max_rounds=2)
    plan = held.plan("Mira 的防水等级是多少？", ())
    second = held.refine(plan, (passage("今天天气晴朗。", 0.05),))
    assert second is not None
    assert (second.action, second.round, second.queries) == (Action.RETRIEVE, 2, ("Mira 防水等级",))
    last = held.refine(second, (passage("今天天气晴朗。", 0.05),))
    assert last is not None
    assert (last.action, last.missing) == (Action.ABSTAIN, ("Mira 的防水等级是多少？",))


def test_no_evidence_at_all_is_told_apart() -> None:
    held = planner(max_rounds=1)
    last = held.refine(held.plan("Mira 的防水等级是多少？", ()), ())
    assert last is not None
    assert (last.action, last.reason) == (Action.ABSTAIN, Reason.NO_EVIDENCE)


def test_evidence_that_comes_close_is_told_apart_from_what_has_nothing_to_do_with_it() -> None:
    held = planner(max_rounds=1)
    plan = held.plan("Mira 的防水等级是多少？", ())
    far, near = (held.refine(plan, (passage(text, score),)) for text, score in (("今天天气晴朗。", 0.05), ("Mira 的防水性能见说明书。", 0.4)))
    assert far is not None
    assert near is not None
    assert (far.action, far.close) == (Action.ABSTAIN, False)
    assert (near.action, near.close) == (Action.ABSTAIN, True)


def test_what_lacks_a_name_of_the_question_or_is_in_another_language_does_not_come_close() -> None:
    held = planner(max_rounds=1)
    for question, score in (("Kestrel 9 的防水性能怎么样？", 0.4), ("How waterproof is Mira when it rains?", 0.01)):
        last = held.refine(held.plan(question, ()), (passage("Mira 的防水性能见说明书。", score),))
        assert last is not None
        assert (last.action, last.close) == (Action.ABSTAIN, False), question


def test_another_version_of_a_name_is_no_evidence() -> None:
    held = planner(max_rounds=1)
    plan = held.plan("Kestrel 4 的准确率是多少？", ())
    last = held.refine(plan, evidence_of(Library(), "Kestrel 3 的准确率", 0.8))
    assert last is not None
    assert (last.action, last.reason) == (Action.ABSTAIN, Reason.MISSING_ENTITY)


def test_part_without_evidence_is_named_and_the_rest_answered() -> None:
    held = planner(max_rounds=1)
    plan = held.plan("Mira 在识别仪表时的准确率是多少？Orca 潜艇的下潜深度是多少？", ())
    last = held.refine(plan, evidence_of(Library(), "97%"))
    assert last is not None
    assert (last.action, last.queries) == (Action.RETRIEVE, ())
    assert last.missing == ("Orca 潜艇的下潜深度是多少",)


def test_guessed_scope_is_left_when_it_does_not_hold_the_answer_and_a_chosen_one_kept() -> None:
    held = planner()
    plan = held.plan("《风筝相机说明书》里防水等级是多少？", ())
    second = held.refine(plan, (passage("今天天气晴朗。", 0.05),))
    assert second is not None
    assert not second.scope


def test_follow_up_carries_its_subject_into_every_query() -> None:
    plan = planner().plan("它的作者是谁？", turns("Tide-2 的准确率是多少？", "是 88%。[1]"))
    assert (plan.action, plan.reason) == (Action.RETRIEVE, Reason.FOLLOW_UP)
    assert plan.question == "Tide-2的作者是谁？"
    assert all("Tide-2" in query for query in plan.queries)


def test_frequent_document_count_does_not_break_an_empty_library() -> None:
    empty = Library([make_document("none", "")])
    assert planner(empty).plan("它的准确率是多少？", ()).action is Action.RETRIEVE
