from __future__ import annotations

import pytest

from rag.answering.focus import items_of, people, subject_of
from rag.answering.followup import stand_alone
from rag.answering.references import Kind, references
from tests.answering.planning import turns


@pytest.mark.parametrize(
    ("history", "question", "expected"),
    [
        (("Falcon X2 是谁设计的？", "Falcon X2 由海鹰公司设计。"), "它的续航有多久？", "Falcon X2的续航有多久？"),
        (("项目组长是谁？", "组长是陈明老师。"), "他在哪里工作？", "陈明老师在哪里工作？"),
        (("公司的年假规定是什么？", "每年五天。"), "那病假呢？", "公司的病假规定是什么？"),
        (("海鹰科技的总裁是谁？", "是刘洋。"), "那云雀集团那边的呢？", "云雀集团的总裁是谁？"),
        (("Falcon X2 用的什么电池？", "用的是锂电池。"), "总共多重", "Falcon X2 总共多重"),
        (("有哪两种模式？", "1. 巡航模式\n2. 悬停模式"), "第二个怎么开启？", "悬停模式怎么开启？"),
        (("有哪些模式？", "巡航模式和悬停模式。"), "前者耗电吗？", "巡航模式耗电吗？"),
        (("我P5，去北京出差住宿标准多少？", "每晚450元。"), "那要是去三类城市呢？", "我P5，去三类城市出差住宿标准多少？"),
        (("2023版采购办法里，单笔最多多少钱？", "三万元。"), "那2025版呢？", "2025版采购办法里，单笔最多多少钱？"),
        (("2021年营收是多少？", "三亿。"), "2022年呢？", "2022年营收是多少？"),
        (("3月24号晨光项目的会是谁主持的？", "由林晓主持。"), "那次谁做的记录", "3月24号晨光项目的会谁做的记录"),
        (("3月24号晨光项目的会是谁主持的？", "由林晓主持。"), "3月17号呢？", "3月17号晨光项目的会是谁主持的？"),
        (("Who designed the Falcon X2?", "Sea Eagle did."), "How heavy is it?", "How heavy is Falcon X2?"),
        (("What is the Falcon X2?", "A drone."), "And what about its range?", "what about Falcon X2's range?"),
    ],
)
def test_follow_up_is_made_stand_alone(history: tuple[str, ...], question: str, expected: str) -> None:
    found = stand_alone(question, turns(*history))
    assert found.question.replace("  ", " ") == expected
    assert found.changed


@pytest.mark.parametrize(
    "question", ["海豚计划的预算是多少？", "What is the Kestrel 3 made of?", "《员工手册》第三章讲了什么？"]
)
def test_question_on_a_new_topic_is_left_alone(question: str) -> None:
    found = stand_alone(question, turns("Falcon X2 是谁设计的？", "由海鹰公司设计。"))
    assert (found.question, found.queries, found.changed) == (question, (question,), False)


def test_follow_up_of_a_follow_up_still_knows_the_subject() -> None:
    history = turns("Falcon X2 是谁设计的？", "由海鹰公司设计。", "它多重？", "两公斤。")
    assert stand_alone("它的价格呢？", history).question.startswith("Falcon X2")


def test_thanks_in_between_do_not_hide_the_subject() -> None:
    history = turns("Falcon X2 是谁设计的？", "由海鹰公司设计。", "谢谢", "不客气！")
    assert stand_alone("它多重？", history).question == "Falcon X2多重？"


def test_wide_query_carries_the_words_of_the_conversation() -> None:
    found = stand_alone("作者叫什么？", turns("青年赛获奖项目里有北港中学的吗？", "有，是做 WaveNet 的那个项目。"))
    assert any("WaveNet" in query and "作者" in query for query in found.queries)


def test_without_history_references_stay_unresolved() -> None:
    found = stand_alone("它的准确率是多少？", ())
    assert not found.changed
    assert [reference.kind for reference in found.unresolved] == [Kind.THING]


@pytest.mark.parametrize(
    "question",
    ["Falcon X2 发布后，它的销量如何？", "如果电池坏了，它能更换吗？", "Is it possible to charge the Falcon X2 in rain?"],
)
def test_reference_that_the_question_explains_is_none(question: str) -> None:
    assert references(question) == ()


@pytest.mark.parametrize(
    ("answer", "items"),
    [
        ("1. 甲方案：便宜\n2. 乙方案：快", ("甲方案", "乙方案")),
        ("有红色、蓝色和绿色。", ("红色", "蓝色", "绿色")),
        ("一个是外观问题，另一个是续航问题（电池老化）。", ("外观问题", "续航问题（电池老化）")),
        ("There are Alpha, Beta, and Gamma.", ("Alpha", "Beta", "Gamma")),
        ("四十分钟。", ()),
    ],
)
def test_items_of_an_answer_are_read_in_order(answer: str, items: tuple[str, ...]) -> None:
    assert items_of(answer) == items


def test_people_are_found_by_title_place_and_capitals() -> None:
    assert people("负责人刘伟老师介绍说") == ("刘伟老师",)
    assert people("作者是周航。") == ("周航",)
    assert people("It was written by Keller Jordan.") == ("Keller Jordan",)


def test_subject_is_the_name_or_the_noun_before_the_verb() -> None:
    assert subject_of("Vicuna 13B 训练用的什么硬件？") == "Vicuna 13B"
    assert subject_of("故宫始建于哪一年？") == "故宫"
    assert subject_of("按2025版采购办法，8万元的采购要谁批？") == "2025版采购办法"
    assert subject_of("根据员工手册，试用期多长？") == "员工手册"
    assert subject_of("按揭贷款有哪些种类？").endswith("揭贷款")
