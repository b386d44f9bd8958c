"""Rows that a question picks out by a cell: of lines that say what each cell is, of tables, over several passages."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rag.answering.conflicts import ConflictFinder
from rag.answering.extractive import ExtractiveGenerator
from rag.answering.reading import Reading
from rag.answering.rows import picked
from rag.types import Action, Chunk, Evidence, Form, Plan

FEES = [
    "- 编码：T-1，项目：复印，单价：0.30元，单位：区图书馆，备注：A3加倍；彩色另计\n"
    "- 编码：T-2，项目：泳票，单价：35元，单位：体育中心\n"
    "- 编码：T-3，项目：储物柜，单价：15元，单位：区图书馆",
    "- 编码：T-9，项目：停车，单价：2元，单位：区图书馆\n- 编码：T-10，项目：年卡，单价：1680元，单位：体育中心",
]
CITIES = "| 级别 | 城市 | 标准 |\n| --- | --- | --- |\n| 一类 | 北京、上海 | 550 |\n| 二类 | 杭州、成都 | 450 |\n| 三类 | 其他 | 350 |"


def evidence(*texts: str) -> list[Evidence]:
    """Passages of one document, far apart."""
    return [
        Evidence(n, Chunk(f"c{n}", "d", "收费一览", "", text, 1000 * n, 1000 * n + len(text)), 0.9 - n / 10)
        for n, text in enumerate(texts, start=1)
    ]


def answer(question: str, *texts: str) -> list[str]:
    plan = Plan(Action.RETRIEVE, queries=(question,), form=Form.LIST, question=question)
    return "".join(ExtractiveGenerator().generate(plan, evidence(*texts), ())).splitlines()


def keys_of(question: str, *texts: str) -> list[str]:
    return [next(iter(row.cells.values())) for found in picked(question, Reading(evidence(*texts))) for row in found.rows]


@pytest.mark.parametrize(
    ("question", "texts", "expected"),
    [
        ("区图书馆收费的项目有哪些", FEES, ["T-1", "T-3", "T-9"]),
        ("體育中心的收費項目有哪些", FEES, ["T-2", "T-10"]),
        ("收费项目有哪些", FEES, []),
        ("一类城市有哪些", [CITIES], ["一类"]),
        ("标准是550的有哪些", [CITIES], []),
        ("The libraries of 1T-15", ["- code: T-1, item: copy, price: 2\n- code: T-3, item: box, price: 3"], []),
        ("Which items are of the box office?", ["- code: a1, item: copy, office: box office\n- code: a2, item: box, office: hall"], ["a1"]),
    ],
)
def test_the_rows_that_hold_what_the_question_names_are_picked(question: str, texts: list[str], expected: list[str]) -> None:
    assert keys_of(question, *texts) == expected


def test_a_list_gives_all_rows_that_are_picked_whole_and_no_other() -> None:
    assert answer("收费一览里归区图书馆收的项目有哪些", *FEES) == [
        "| 编码 | 项目 | 单价 | 单位 | 备注 |",
        "| --- | --- | --- | --- | --- |",
        "| T-1 | 复印[1] | 0.30元[1] | 区图书馆[1] | A3加倍；彩色另计[1] |",
        "| T-3 | 储物柜[1] | 15元[1] | 区图书馆[1] |  |",
        "| T-9 | 停车[2] | 2元[2] | 区图书馆[2] |  |",
    ]


def test_a_row_of_a_table_comes_below_its_head() -> None:
    lines = answer("一类的城市有哪些", CITIES)
    assert lines[0].startswith("| 级别 | 城市") and lines[2].startswith("| 一类 | 北京、上海[1]") and len(lines) == 3


def test_a_table_that_has_nothing_to_do_with_what_is_asked_does_not_push_a_list_aside() -> None:
    lists = "体育中心的注意事项：\n- 先淋浴再下水。\n- 儿童须有人陪同。\n- 不得带入玻璃瓶。"
    assert answer("体育中心的注意事项有哪些", lists, FEES[0])[-3:] == ["- 先淋浴再下水。[1]", "- 儿童须有人陪同。[1]", "- 不得带入玻璃瓶。[1]"]


@pytest.mark.parametrize("rows", [
    ("- 编码：T-1，项目：区图书馆复印，单价：0.30元，单位：区图书馆", "- 编码：T-1，项目：区图书馆复印，单价：0.50元，单位：区图书馆"),
    ("| 项目 | 单价 |\n| --- | --- |\n| 区图书馆复印 A4 | 0.30元 |", "| 区图书馆复印 A3 | 0.60元 |\n| 区图书馆复印彩色 | 2元 |"),
])  # fmt: skip
def test_rows_of_one_table_do_not_contradict_one_another_and_those_of_two_documents_may(rows: tuple[str, str]) -> None:
    question = "区图书馆复印单价多少"
    assert ConflictFinder().find(question, evidence(*rows)) == ()
    first, second = evidence(*rows)
    elsewhere = Evidence(2, replace(second.chunk, document_id="e"), second.score)
    assert len(ConflictFinder().find(question, (first, elsewhere))) >= 1
