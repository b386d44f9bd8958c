"""Rows that say what each cell is, as an answer shows them: which rows, which columns, and what each cell rests on."""

from __future__ import annotations

import pytest

from rag.answering.checker import RuleChecker
from rag.answering.extractive import ExtractiveGenerator
from rag.types import Action, Chunk, Evidence, Form, Plan

FEES = (
    "- 类别：学费，项目：机电技术，普通班：6,800元，订单班：7,600元，开始：2025年8月20日，截止：2025年9月12日，说明：订单班含企业导师授课\n"
    "- 类别：学费，项目：大数据技术，普通班：7,200元，订单班：8,400元，开始：2025年8月20日，截止：2025年9月12日，说明：含云平台\n"
    "- 类别：学费，项目：护理，普通班：7,500元，订单班：8,100元，开始：2025年8月20日，截止：2025年9月12日，说明：用品另计\n"
    "- 类别：住宿费，项目：六人间（秋实苑），普通班：980元，订单班：980元，开始：2025年8月20日，截止：2025年9月12日，说明：公共浴室\n"
    "- 类别：住宿费，项目：六人间（听雨苑），普通班：620元，订单班：620元，开始：2025年8月20日，截止：2025年9月12日，说明：无空调"
)
PREMIUMS = "\n".join(
    f"- 代码：B-{n}，计划：{plan}，年龄段：{low}-{low + 9}周岁，年保费：{n}21元，体检：{'是' if n > 4 else '否'}"
    for n, (plan, low) in enumerate([(plan, low) for plan in ("基础", "优选") for low in (31, 41, 51)], start=1)
)


def evidence(*texts: str) -> list[Evidence]:
    """Passages of one document, far apart."""
    return [
        Evidence(n, Chunk(f"c{n}", "d", "一览", "", text, 1000 * n, 1000 * n + len(text)), 0.9 - n / 10)
        for n, text in enumerate(texts, start=1)
    ]


def answer(question: str, *texts: str) -> list[str]:
    plan = Plan(Action.RETRIEVE, queries=(question,), question=question)
    return "".join(ExtractiveGenerator().generate(plan, evidence(*texts), ())).splitlines()


def test_the_row_that_is_asked_for_comes_alone_and_with_the_columns_that_answer() -> None:
    assert answer("护理的学费是多少？", FEES) == [
        "| 项目 | 类别 | 普通班 | 订单班 | 说明 |",
        "| --- | --- | --- | --- | --- |",
        "| 护理 | 学费[1] | 7,500元[1] | 8,100元[1] | 用品另计[1] |",
    ]


def test_a_question_of_time_shows_the_dates() -> None:
    assert answer("护理的学费什么时候截止？", FEES)[0] == "| 项目 | 类别 | 开始 | 截止 | 说明 |"


def test_rows_that_hold_as_much_of_the_question_all_come_though_they_differ_in_little() -> None:
    assert [line.split(" |")[0] for line in answer("六人间多少钱？", FEES)[2:]] == ["| 六人间（秋实苑）", "| 六人间（听雨苑）"]


def test_words_of_the_columns_names_choose_no_row() -> None:
    assert [line.split(" |")[0] for line in answer("大数据的订单班多少钱？", FEES)[2:]] == ["| 大数据技术"]


def test_a_number_in_a_range_and_a_word_choose_together() -> None:
    assert answer("45岁买优选，一年多少钱？", PREMIUMS)[2:] == ["| B-5 | 优选[1] | 41-50周岁[1] | 521元[1] |"]


def test_a_question_that_is_not_of_one_kind_of_cell_shows_all() -> None:
    assert answer("听雨苑有没有空调？", FEES)[0].count("|") == 8


def test_a_list_of_many_columns_shows_those_that_name_the_rows_and_those_that_are_asked_for() -> None:
    rows = "\n".join(
        f"- 编码：V{n}，名称：{name}，评分：{60 + n}，等级：{grade}，交货率：9{n}%，账期：30天，起订：{n}00元，启用：2020年1月{n}日，停用：无"
        for n, (name, grade) in enumerate([("丰陵橡塑", "丙级"), ("明沙砂石", "甲级"), ("冠达耐材", "丙级")], start=1)
    )
    plan = Plan(Action.RETRIEVE, queries=("等级为丙级的名称有哪些",), question="等级为丙级的名称有哪些", form=Form.LIST)
    lines = "".join(ExtractiveGenerator().generate(plan, evidence(rows), ())).splitlines()
    assert lines == ["| 编码 | 名称 | 等级 |", "| --- | --- | --- |", "| V1 | 丰陵橡塑[1] | 丙级[1] |", "| V3 | 冠达耐材[1] | 丙级[1] |"]


def test_rows_of_two_passages_come_as_one_table() -> None:
    first, second = FEES.split("\n")[:4], FEES.split("\n")[4:]
    lines = answer("六人间多少钱？", "\n".join(first), "\n".join(second))
    assert [line[-4:] for line in lines[2:]] == ["1] |", "2] |"]
    assert len(lines) == 4


@pytest.mark.parametrize(("value", "context", "line"), [("8,100元", "护理 订单班", "护理"), ("620元", "六人间（听雨苑） 普通班", "听雨苑"), ("是", "B-5 体检", "B-5")])
def test_a_cell_rests_on_its_own_row(value: str, context: str, line: str) -> None:
    text = f"{FEES}\n{PREMIUMS}"
    [support] = RuleChecker().check(value, [1], evidence(text), context)
    assert support.span.text == value
    assert line in text[text.rfind("\n", 0, support.span.start) + 1 :].split("\n")[0]


def test_of_notes_on_one_line_the_one_that_answers_comes() -> None:
    notes = "备注：1.学费在缴费大厅缴纳，不收现金；2.逾期未缴的，暂缓注册学籍；3.中途退学的，学费按月计退；4.咨询财务处，电话6408。"
    assert answer("中途退学的学费怎么退？", notes) == ["3.中途退学的，学费按月计退；[1]"]
    assert "".join(answer("中途退学的学费怎么退？", notes.replace("备注：", "办法："))).count("[1]") == 4


def test_a_bar_in_a_cell_does_not_end_it() -> None:
    lines = answer("甲的接口多少钱？", "- 型号：甲，接口：A|B，单价：138元\n- 型号：乙，接口：C，单价：99元")
    assert lines[2:] == ["| 甲 | A\\|B[1] | 138元[1] |"]
