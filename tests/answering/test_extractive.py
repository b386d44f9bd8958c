"""Answers without a language model: verbatim sentences, lists, outlines and tables, each with its marker."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering import selection
from rag.answering.citations import without_markers
from rag.answering.expect import Wanted, holds, wanted
from rag.answering.extractive import ExtractiveGenerator, part_questions
from rag.answering.reading import Reading
from rag.answering.selection import Selector
from rag.interfaces import Span
from rag.text import simplified
from rag.types import Action, Chunk, Evidence, Form, Plan
from tests.fakes import ScriptedScorer, passages

TEXT = (
    "# 展馆\n新馆位于城东。它由建筑师陈明远设计，于2016年启用。新馆内共有70个座位。\n"
    "新馆有以下三个特点：\n1. 屋顶装有太阳能板；\n2. 墙体使用再生砖；\n3. 雨水用来浇灌花园。\n参观需要预约吗？"
)
OTHER = "旧馆建于1950年，共有30个座位。旧馆已经停用。"


def answer(question: str, *texts: str, form: Form = Form.PROSE, parts: Sequence[str] = ()) -> str:
    plan = Plan(Action.RETRIEVE, queries=(question,), form=form, parts=tuple(parts), question=question)
    return "".join(ExtractiveGenerator().generate(plan, passages(*texts), ()))


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("新馆由谁设计？", "它由建筑师陈明远设计，于2016年启用。[1]"),
        ("新馆内共有多少个座位？", "新馆内共有70个座位。[1]"),
        ("旧馆是哪一年建的？", "旧馆建于1950年，共有30个座位。[2]"),
    ],
)
def test_the_sentence_that_answers_comes_first(question: str, expected: str) -> None:
    assert answer(question, TEXT, OTHER).startswith(expected)


def test_a_list_is_given_with_its_lead_and_every_item_has_its_marker() -> None:
    assert answer("新馆有哪三个特点？", TEXT, OTHER, form=Form.LIST) == (
        "新馆有以下三个特点：[1]\n\n- 屋顶装有太阳能板；[1]\n- 墙体使用再生砖；[1]\n- 雨水用来浇灌花园。[1]"
    )


def test_a_comparison_has_a_row_a_part_and_a_citation_a_cell() -> None:
    table = answer("新馆和旧馆分别有多少个座位？", TEXT, OTHER, form=Form.TABLE, parts=("新馆", "旧馆")).splitlines()
    assert table[:2] == ["| 对象 | 原文 |", "| --- | --- |"]
    assert table[2].startswith("| 新馆 |")
    assert "70个座位。[1]" in table[2]
    assert table[3].startswith("| 旧馆 | 旧馆建于1950年，共有30个座位。[2]")


def test_a_cell_cites_each_of_its_sentences_and_a_row_leaves_out_what_names_the_other_thing_alone() -> None:
    first = "甲馆座位共有70个。乙馆座位共有30个。"
    second = "甲馆座位都是木制的，共有两层。"
    rows = answer("甲馆和乙馆分别有多少个座位？", first, second, form=Form.TABLE, parts=("甲馆", "乙馆")).splitlines()[2:]
    assert "甲馆座位共有70个。[1]" in rows[0] and "乙馆座位" not in rows[0]
    assert "乙馆座位共有30个。[1]" in rows[1] and "甲馆座位" not in rows[1]
    for row in rows:
        assert not re.sub(r"[^。|]+。\[\d\]", "", row.split("|")[2]).strip()


def test_a_sentence_that_names_neither_thing_stands_in_one_row() -> None:
    texts = ("# 新馆\n读者服务时间为每天九点到二十一点，共十二小时。", "# 旧馆\n旧馆的读者凭证入内。")
    rows = answer("新馆和旧馆的读者服务时间各是多少？", *texts, form=Form.TABLE, parts=("新馆", "旧馆")).splitlines()[2:]
    assert ["十二小时" in row for row in rows] == [True, False]
    assert "旧馆的读者凭证入内。[2]" in rows[1]


def test_a_sentence_that_names_both_things_stands_in_both_rows() -> None:
    texts = ("新馆有70个座位，旧馆有30个座位。", "旧馆已经停用。")
    rows = answer("新馆和旧馆各有多少座位？", *texts, form=Form.TABLE, parts=("新馆", "旧馆")).splitlines()[2:]
    assert all("旧馆有30个座位" in row for row in rows)


class Letters:
    """A scorer by the share of a text's characters that a span has."""

    def score(self, text: str, spans: Sequence[Span]) -> list[float]:
        return [len(set(text) & set(span.text)) / len(set(text)) for span in spans]

    def meets(self, text: str, parts: Sequence[tuple[int, int]], spans: Sequence[Span]) -> list[list[float]]:
        return [[float(text[start:end] in span.text) for start, end in parts] for span in spans]


def test_a_sentence_that_answers_stands_before_one_that_only_names_the_thing() -> None:
    names = ("市立新图书馆", "大学旧博物院")
    texts = [f"# {name}\n{name}深受读者喜爱。每天九点起开放。" for name in names]
    plan = Plan(Action.RETRIEVE, form=Form.TABLE, parts=names, question=f"{names[0]}和{names[1]}的开放安排")
    rows = "".join(ExtractiveGenerator(Letters()).generate(plan, passages(*texts), ())).splitlines()[2:]
    assert [row.split("|")[2].strip()[:8] for row in rows] == ["每天九点起开放。"] * 2


ITEMS = "甲组的做法：\n- 清洗：去掉重复的网页\n- 配比：按领域抽样\n- 评估：用小模型试训\n"


def test_an_item_of_a_comparison_brings_the_others_of_its_short_list() -> None:
    other = "乙组的做法是直接使用全部网页。"
    row = answer("甲组和乙组的做法有什么不同？", ITEMS, other, form=Form.TABLE, parts=("甲组", "乙组")).splitlines()[2]
    assert "清洗：去掉重复的网页；[1] 配比：按领域抽样；[1] 评估：用小模型试训[1]" in row


@pytest.mark.parametrize(
    ("question", "text", "counted"),
    [
        ("它用在哪几个方面？", "主要用在选样、设参和预估三个方面。", True),
        ("它用在哪些方面？", "主要用在選樣、設參和預估三個方面。", True),
        ("有哪几大类方法？", "2类方法都要标注。", True),
        ("它用在哪几个方面？", "专家从三个角度作了解释。", False),
        ("它用在哪里？", "主要用在三个方面。", False),
    ],
)
def test_a_sentence_that_counts_what_is_asked_for_is_likely_to_list_it(question: str, text: str, counted: bool) -> None:
    assert (holds(Wanted.LIST, text, question) == 1.0) is counted


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Wanted.LIST, "系統分為讀寫與檢索。"),
        (Wanted.REASON, "由於地震，鐵路停駛。"),
        (Wanted.MEANING, "它用於識別圖像。"),
        (Wanted.TIME, "那是戰國時期的事。"),
    ],
)
def test_what_an_answer_looks_like_is_seen_in_traditional_characters_too(kind: Wanted, text: str) -> None:
    assert holds(kind, text, "問題") == holds(kind, simplified(text), "问题") == 1.0


def test_how_many_is_asked_in_traditional_characters_too() -> None:
    assert holds(Wanted.COUNT, "館內有70個座位。", "館內有幾個座位？") == holds(Wanted.COUNT, "馆内有70个座位。", "馆内有几个座位？")


def test_a_fact_of_a_comparison_brings_no_list() -> None:
    items = "情况如下：\n- 甲组清洗组有3人\n- 颜色是红色\n- 形状是圆的\n"
    rows = answer("甲组和乙组的人数各是多少？", items, "乙组有5人。", form=Form.TABLE, parts=("甲组", "乙组"))
    assert "甲组清洗组有3人" in rows and "圆的" not in rows


def test_bars_of_the_document_do_not_break_the_table() -> None:
    text = "甲项目的参数为a|b。"
    table = answer("甲项目和乙项目的参数？", text, "乙项目的参数为c。", form=Form.TABLE, parts=("甲项目", "乙项目"))
    assert "a\\|b。[1]" in table


def test_questions_and_headings_are_not_shown() -> None:
    shown = answer("展馆参观需要预约吗？", TEXT)
    assert "？" not in shown
    assert "#" not in shown


def test_repeats_are_shown_once() -> None:
    assert answer("馆内共有多少个座位？", "馆内共有70个座位。", "馆内共有70个座位。").count("70") == 1


def test_a_fact_takes_three_sentences_at_most() -> None:
    many = "。".join(f"新馆的第{n}个展厅有{n}0个座位" for n in range(1, 9)) + "。"
    assert len(re.findall(r"\[\d\]", answer("新馆的展厅有多少个座位？", many))) <= 3


def test_without_evidence_nothing_is_written() -> None:
    assert answer("新馆由谁设计？") == ""


def test_the_documents_own_reference_numbers_are_not_shown_as_ours() -> None:
    assert answer("投机采样有什么作用？", "投机采样方法 [2,3] 用来加速推理。") == "投机采样方法 用来加速推理。[1]"


def test_a_list_reaches_across_neighbouring_passages() -> None:
    first, second = "工作有四个方面：\n  1. 训练模型；\n  2. 清洗数据；", "3. 评估结果；\n  4. 部署上线。"
    text = f"{first}\n  {second}"
    start = len(first) + 3
    evidence = [
        Evidence(1, Chunk("a", "d", "", "", first, 0, len(first)), 0.9),
        Evidence(2, Chunk("b", "d", "", "", second, start, len(text)), 0.5),
    ]
    plan = Plan(Action.RETRIEVE, form=Form.LIST, question="工作有哪四个方面？")
    items = "".join(ExtractiveGenerator().generate(plan, evidence, ())).split("\n\n")[1]
    assert items == "- 训练模型；[1]\n- 清洗数据；[1]\n- 评估结果；[2]\n- 部署上线。[2]"


def test_a_question_in_another_language_is_answered_in_that_of_the_documents() -> None:
    plan = Plan(Action.RETRIEVE, question="Which architect designed it?")
    pieces = ExtractiveGenerator(ScriptedScorer(lambda span: float("陈明远" in span))).generate(plan, passages(TEXT, OTHER), ())
    assert next(iter(pieces)) == "它由建筑师陈明远设计，于2016年启用。[1]"


def test_each_part_asks_its_own_query_or_the_rest_of_the_question() -> None:
    plan = Plan(Action.RETRIEVE, queries=("甲和乙多大？", "甲 多大"), parts=("甲", "乙"), question="甲和乙多大？")
    assert part_questions(plan) == [("甲", "甲 多大"), ("乙", "乙 和 多大？")]


WORDS = ["新馆", "旧馆", "设计", "座位", "70个", "。", "！", "；", "，", "\n", "\n- ", "\n\n", "# ", "|", "a b", "[1]", "1. ", "？", "：", " "]


@given(
    st.lists(st.lists(st.sampled_from(WORDS), max_size=25).map("".join), max_size=4),
    st.sampled_from(["新馆有哪些座位？", "总结一下新馆", "旧馆有多少座位？", "为什么设计新馆？"]),
    st.sampled_from(list(Form)),
    st.sampled_from([(), ("新馆", "旧馆")]),
)
def test_every_sentence_shown_stands_in_the_evidence(
    texts: list[str], question: str, form: Form, parts: tuple[str, ...]
) -> None:
    found = _bare("".join(texts))
    shown = answer(question, *texts, form=form, parts=parts)
    if shown.startswith("| 对象"):
        shown = " ".join(row.split("|", 2)[2] for row in shown.splitlines()[2:])
    for sentence in re.split(r"\[\d+\]", shown):
        assert _bare(sentence) in found


def _bare(text: str) -> str:
    return re.sub(r"\W", "", without_markers(text))


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("七号楼的电梯几时能完工", Wanted.TIME),
        ("网上报名是哪几天", Wanted.TIME),
        ("合同哪天到期？", Wanted.TIME),
        ("这趟车几点发车", Wanted.TIME),
        ("几月几号交", Wanted.TIME),
        ("有哪几点建议", Wanted.LIST),
        ("坐几号线", Wanted.COUNT),
        ("第几号决议", Wanted.COUNT),
    ],
)
def test_what_asks_for_a_time_and_what_for_a_number(question: str, kind: Wanted) -> None:
    assert wanted(question) is kind


def test_what_is_asked_of_one_of_several_things_is_weighed_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    found = passages("# 市立新图书馆\n市立新图书馆深受读者喜爱。每天九点起开放。")
    reading, selector = Reading(found), Selector(Letters())
    whole = [one.score for one in selector.scored("开放安排", reading, found)]
    monkeypatch.setattr(selection, "OF_PARTS", {"length": 0.0})
    part = [one.score for one in selector.scored("开放安排", reading, found, "市立新图书馆")]
    assert whole == [one.score for one in selector.scored("开放安排", reading, found)]
    assert max(part) < max(whole)
