"""What handbooks, price lists and product sheets are made of: tables, cases set apart by semicolons, questions and answers."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from rag.answering.arrange import as_prose
from rag.answering.checker import RuleChecker
from rag.answering.extractive import ExtractiveGenerator
from rag.answering.reading import Reading
from rag.types import Action, Evidence, Form, Plan, Verdict
from tests.fakes import passages

HOTELS = (
    "## 住宿标准\n\n| 职级 | 一类城市 | 二类城市 |\n|---|---|---|\n| 专员级（P4至P5） | 450 | 350 |\n"
    "| 骨干级（P6至P7） | 550 | 450 |\n| 经理级 | 700 | — |\n\n标准含税。"
)
TRIAL = (
    "第五条 试用期按合同期限确定：合同期限一年以上不满三年的，试用期为2个月；三年以上的，试用期为6个月；不满一年的，"
    "试用期为1个月。试用期内工资不低于八成。"
)
WARNING = "第三十二条 有下列情形之一的，给予书面警告：（一）连续旷工1天；（二）在禁烟区吸烟；（三）将工牌借给他人使用；（四）带外人进入研发区域；（五）私自改动设备。"


def evidence(*texts: str) -> Sequence[Evidence]:
    return passages(*texts)


def answer(question: str, *texts: str, form: Form = Form.PROSE) -> str:
    plan = Plan(Action.RETRIEVE, queries=(question,), form=form, question=question)
    return "".join(ExtractiveGenerator().generate(plan, evidence(*texts), ()))


def test_a_row_of_a_table_comes_below_the_names_of_its_columns_with_a_marker_a_cell() -> None:
    lines = answer("骨干级（P6至P7）的住宿标准是多少？", HOTELS).splitlines()
    assert lines[:3] == ["| 职级 | 一类城市 | 二类城市 |", "| --- | --- | --- |", "| 骨干级（P6至P7） | 550[1] | 450[1] |"]


def test_an_empty_cell_has_no_marker() -> None:
    assert "| 经理级 | 700[1] | — |" in answer("经理级的住宿标准是多少？", HOTELS)


def test_sentences_beside_a_table_stand_apart_from_it_and_its_rows_come_together() -> None:
    reading = Reading(evidence(HOTELS))
    first, second, taxed = (next(one for one in reading.telling() if word in one.text) for word in ("专员", "骨干", "含税"))
    table = "| 职级 | 一类城市 | 二类城市 |\n| --- | --- | --- |\n| 专员级（P4至P5） | 450[1] | 350[1] |\n| 骨干级（P6至P7） | 550[1] | 450[1] |"
    assert "".join(as_prose([first, taxed, second], reading.columns)) == f"{table}\n\n标准含税。[1]"
    assert "".join(as_prose([taxed, first, second], reading.columns)) == f"标准含税。[1]\n\n{table}"


def test_the_names_of_the_columns_are_no_answer() -> None:
    telling = [one.text for one in Reading(evidence(HOTELS)).telling()]
    assert not any("一类城市" in text for text in telling)
    assert any("骨干级" in text for text in telling)


def test_a_row_without_names_of_columns_stays_a_line() -> None:
    assert answer("骨干级的住宿标准是多少？", "| 骨干级 | 550 | 450 |\n| 专员级 | 450 | 350 |").startswith("骨干级 · 550 · 450[1]")


@pytest.mark.parametrize(("label", "place"), [("骨干级（P6至P7） 二类城市", 2), ("专员级（P4至P5） 一类城市", 1)])
def test_a_cell_cites_its_own_row(label: str, place: int) -> None:
    [support] = RuleChecker().check("450", [1], evidence(HOTELS), f"住宿标准是多少？ {label}")
    line = HOTELS.splitlines()[3 + place]
    start = HOTELS.index(line)
    assert support.verdict is Verdict.SUPPORTED
    assert start <= support.span.start < start + len(line)


def test_a_cell_of_one_letter_is_found_as_a_cell_only() -> None:
    table = "| 项目 | 等级 |\n|---|---|\n| ABC公司 | A |"
    [support] = RuleChecker().check("A", [1], evidence(table), "等级？ ABC公司 等级")
    assert support.span.start == table.rindex("A")
    assert not any(found.verdict is Verdict.SUPPORTED for found in RuleChecker().check("B", [1], evidence(table), "等级？ ABC公司 等级"))


def test_a_minus_belongs_to_the_number_and_to_the_quote() -> None:
    sheet = evidence("| 项目 | 参数 |\n|---|---|\n| 工作温度 | -25℃至+60℃ |")
    [support] = RuleChecker().check("-25℃至+60℃", [1], sheet, "工作温度是多少？")
    assert support.span.text == "-25℃至+60℃"
    found = RuleChecker().check("25℃至+60℃", [1], sheet, "工作温度是多少？")
    assert not any(one.score == 1.0 for one in found)
    assert RuleChecker().check("25页", [1], evidence("见第5-25页的说明。"), "")[0].verdict is Verdict.SUPPORTED


def test_one_case_of_several_comes_with_the_others_of_its_sentence() -> None:
    assert answer("不满三年的合同，试用期是多久？", TRIAL).startswith(
        "第五条 试用期按合同期限确定：合同期限一年以上不满三年的，试用期为2个月；[1]三年以上的，试用期为6个月；[1]不满一年的，试用期为1个月。[1]"
    )


def test_what_is_counted_out_in_one_sentence_is_given_whole() -> None:
    for form in (Form.LIST, Form.PROSE):
        told = answer("哪些情形给予书面警告？", WARNING, "书面警告有效期为6个月。", form=form)
        assert all(item in told for item in ("（一）连续旷工", "（二）在禁烟区", "（三）将工牌", "（四）带外人", "（五）私自改动设备")), form


def test_a_heading_with_a_date_answers_when() -> None:
    notes = "# 发布说明\n\n## Tide v3.2（2024年9月12日）\n\n- 新增批量导入。\n\n## Tide v3.1（2024年6月3日）\n\n- 修复导出错误。"
    assert answer("Tide v3.2是什么时候发布的？", notes).startswith("Tide v3.2（2024年9月12日）[1]")


def test_an_item_comes_with_the_sentence_behind_it() -> None:
    errors = "常见错误：\n- 错误691：口令过期。请等待下一个口令。\n- 错误720：客户端版本过旧。请从门户安装新版本。"
    assert answer("错误720怎么处理？", errors).startswith("错误720：客户端版本过旧。[1]请从门户安装新版本。[1]")


def test_a_long_sentence_is_not_given_whole() -> None:
    cases = "；".join(f"第{number}种情形下由经办部门在当月内办理完毕并且逐级上报备案" for number in "一二三四五六七八")
    told = answer("第三种情形由谁办理？", f"办理办法：{cases}。")
    assert told.count("[1]") <= 3


@pytest.mark.parametrize("question", ["**Q1:发票怎么开?**", "*怎么开？*", "怎么开？”", "__怎么开?__"])
def test_a_question_of_the_documents_is_no_answer_however_it_is_set(question: str) -> None:
    told = answer("发票怎么开？", f"{question}\n在小程序提交抬头后开具发票。")
    assert told == "在小程序提交抬头后开具发票。[1]"


def test_a_number_in_the_range_of_a_row_chooses_it() -> None:
    prices = "- 型号：甲，数量：50-199只，单价：138元\n- 型号：甲，数量：200-999只，单价：131元\n- 型号：甲，数量：1000只及以上，单价：124元"
    assert answer("买300只甲，一只多少钱？", prices).splitlines()[2:] == ["| 200-999只 | 甲[1] | 131元[1] |"]
    assert answer("买3000只甲，一只多少钱？", prices).splitlines()[2:] == ["| 1000只及以上 | 甲[1] | 124元[1] |"]


NOTES = "# 发布说明\n\n## v3.3（2024年12月19日）\n\n- 停止支持旧浏览器。\n\n## v3.2（2024年9月12日）\n\n- 新增批量导入。"


@pytest.mark.parametrize(
    ("question", "heading"),
    [
        ("从哪个版本开始停止支持旧浏览器？", "v3.3（2024年12月19日）[1]"),
        ("批量导入是第几版新增的？", "v3.2（2024年9月12日）[1]"),
    ],
)
def test_the_heading_answers_in_which_version(question: str, heading: str) -> None:
    assert answer(question, NOTES).startswith(heading)


def test_the_heading_stays_away_where_nobody_asks_for_it() -> None:
    assert answer("停止支持什么浏览器？", NOTES).startswith("停止支持旧浏览器。[1]")


GRADES = "## 数据分级\n\n数据分为三级：\n\n| 级别 | 名称 |\n|---|---|\n| 一级 | 公开 |\n| 二级 | 内部 |\n| 三级 | 机密 |\n\n级别由部门确定，每年复核一次。"


def test_the_rows_of_a_table_are_a_list() -> None:
    told = answer("数据一共分哪几级？", GRADES, form=Form.LIST).splitlines()
    assert told[0] == "数据分为三级：[1]"
    assert [line for line in told if line.startswith("| ")][2:] == ["| 一级 | 公开[1] |", "| 二级 | 内部[1] |", "| 三级 | 机密[1] |"]


def test_what_is_counted_out_from_line_to_line_is_a_list() -> None:
    plan = "明年重点抓好以下工作。\n\n一是做强实体经济。培育企业20家。\n\n二是推进城市更新。改造小区30个。\n\n三是办好民生实事。新建学校3所。"
    told = answer("明年重点工作有哪几个方面？", plan, form=Form.LIST)
    assert [line[:8] for line in told.splitlines() if line.startswith("- ")] == ["- 做强实体经济", "- 推进城市更新", "- 办好民生实事"]
