"""Evidence as it is read: runs across passages, lists and what they stand under, labels, table heads."""

from __future__ import annotations

import pytest

from rag.answering.reading import Reading
from rag.types import Chunk, Evidence


def evidence(*pieces: tuple[str, int, str]) -> list[Evidence]:
    """Passages from (document, start, text)."""
    return [
        Evidence(n, Chunk(f"c{n}", document, "", "", text, start, start + len(text)), 0.5)
        for n, (document, start, text) in enumerate(pieces, start=1)
    ]


def test_passages_that_follow_one_another_are_one_run() -> None:
    reading = Reading(evidence(("d", 100, "丙句在此。"), ("d", 0, "甲句在此。"), ("d", 6, "乙句在此。"), ("e", 11, "丁句在此。")))
    assert [[one.text for one in run] for run in reading.runs] == [["丙句在此。"], ["甲句在此。", "乙句在此。"], ["丁句在此。"]]


def test_the_sentence_before_may_stand_in_another_passage() -> None:
    reading = Reading(evidence(("d", 6, "它很大。"), ("d", 0, "新馆启用。")))
    before = reading.before(reading.runs[0][1])
    assert before is not None
    assert (before.text, before.marker) == ("新馆启用。", 2)


NESTED = "提炼\n  • 甲模型\n    • 老师是乙\n    • 花费三百\n  • 丙模型\n    • 老师是丁"


def test_nested_items_stand_under_the_item_above_them() -> None:
    reading = Reading(evidence(("d", 0, NESTED)))
    under = {one.text: before.text for one in reading.runs[0] if (before := reading.before(one))}
    assert under["• 老师是乙"] == "• 甲模型"
    assert under["• 老师是丁"] == "• 丙模型"
    assert under["• 丙模型"] == "提炼"


def test_an_item_leads_what_is_indented_below_it() -> None:
    reading = Reading(evidence(("d", 0, NESTED)))
    first = next(one for one in reading.runs[0] if one.text == "• 甲模型")
    assert [one.text for one in reading.items(first)] == ["• 老师是乙", "• 花费三百"]


def test_lists_are_found_with_their_leads() -> None:
    text = "特点如下：\n- 甲是一。多说一句。\n- 乙是二。\n正文在此。\n\n步骤\n1. 先做这个\n2. 再做那个"
    found = [(lead.text if lead else "", [one.text for one in items]) for lead, items in Reading(evidence(("d", 0, text))).lists()]
    assert found[0][0] == "特点如下："
    assert found[0][1][:3] == ["- 甲是一。", "多说一句。", "- 乙是二。"]
    assert found[-1] == ("步骤", ["1. 先做这个", "2. 再做那个"])


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("整体架构", True),
        ("# 标题", True),
        ("作者:陈明远", False),
        ("新馆于去年启用。", False),
        ("(新馆:面向公众的展馆)", True),
        ("Deep Models for the Study of Rivers", True),
        ("The model was trained on rivers", False),
        ("一、关于三号楼加装电梯问题。", True),
        ("关于三号楼，会议议定暂缓。", False),
    ],
)
def test_labels_name_and_tell_nothing(text: str, label: bool) -> None:
    assert Reading(evidence(("d", 0, text))).runs[0][0].is_label is label


@pytest.mark.parametrize(("text", "tells"), [("是否需要预约？", False), ("# 标题", False), ("好。", False), ("馆内共有70个座位。", True)])
def test_only_what_tells_may_be_shown(text: str, tells: bool) -> None:
    assert Reading(evidence(("d", 0, text))).runs[0][0].tells is tells


def test_a_row_knows_the_head_of_its_table() -> None:
    reading = Reading(evidence(("d", 0, "| 名 | 值 |\n| --- | --- |\n| 甲 | 1 |\n| 乙 | 2 |")))
    row = reading.runs[0][-1]
    head = reading.header(row)
    assert row.text == "| 乙 | 2 |"
    assert head is not None
    assert head.text.startswith("| 名 | 值 |")
