"""Where sentences end: Chinese, English, lists, tables, code."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.sentences import UnitKind, sentence_spans, units
from rag.sentences.lines import heading, is_list_item, is_table_row, is_table_separator, item_marker, lines
from tests.linear import assert_linear

_ALPHABET = "我 们 好。 ！ ？ ； … ， 、 （ ） 「 」 “ ” \" . ! ? ; , ( ) a B 3.278 v1.2 Dr. U.S. 1. - • # | \n \n\n \f \t ``` === --- |--| 。」 \x0b"
_PIECES = st.sampled_from(_ALPHABET.split(" ")) | st.text(max_size=3)
_TEXTS = st.lists(_PIECES, max_size=60).map("".join)


def split(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


@given(_TEXTS)
def test_every_character_lies_in_exactly_one_span(text: str) -> None:
    place = 0
    for start, end in sentence_spans(text):
        assert place <= start < end <= len(text)
        assert not text[place:start].strip()
        assert text[start:end] == text[start:end].strip()
        place = end
    assert not text[place:].strip()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("今天下雨。明天呢？不知道！", ["今天下雨。", "明天呢？", "不知道！"]),
        ("第一；第二；第三。", ["第一；", "第二；", "第三。"]),
        ("第一点;第二点.", ["第一点;", "第二点."]),
        ("真的吗?是的!好", ["真的吗?", "是的!", "好"]),
        ("他说：“你好。”然后走了。", ["他说：“你好。”", "然后走了。"]),
        ("「真的！」的声音传来。", ["「真的！」的声音传来。"]),
        ('我问。"好吗？"他答。', ["我问。", '"好吗？"', "他答。"]),
        ("读《你好！世界》（好。不好）吗？不。", ["读《你好！世界》（好。不好）吗？", "不。"]),
        ("他想……然后走了。苹果……等等。", ["他想……", "然后走了。", "苹果……等等。"]),
        ("损失为3.278，用Baichuan-7B。", ["损失为3.278，用Baichuan-7B。"]),
        ("见http://a.cn/b?c=1.d。完", ["见http://a.cn/b?c=1.d。", "完"]),
        ("准确率为99.5%.接下来用Transformer.这很好", ["准确率为99.5%.", "接下来用Transformer.", "这很好"]),
        ("他说：“好。 ”走了。[6][7]然后。 ...", ["他说：“好。 ”", "走了。[6][7]", "然后。 ..."]),
        ("改用脚本.py。1.训练数据", ["改用脚本.py。", "1.训练数据"]),
    ],
)
def test_chinese_sentences(text: str, expected: list[str]) -> None:
    assert split(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It works. It does! Does it?", ["It works.", "It does!", "Does it?"]),
        ("Dr. Smith of the U.S. Army met J. Doe. He left.", ["Dr. Smith of the U.S. Army met J. Doe.", "He left."]),
        ("He lives in the U.S. The house is big.", ["He lives in the U.S.", "The house is big."]),
        ("Susan I. Etezadi said so. So did I. Then we left.", ["Susan I. Etezadi said so.", "So did I.", "Then we left."]),
        ("See Fig. 3 and No. 7 in v1.2 at 3.5%. Done.", ["See Fig. 3 and No. 7 in v1.2 at 3.5%.", "Done."]),
        ('"Why?" he asked. "Because." She left.', ['"Why?" he asked.', '"Because."', "She left."]),
        ("Wait... what? e.g. this; and that.", ["Wait... what? e.g. this; and that."]),
    ],
)
def test_english_sentences(text: str, expected: list[str]) -> None:
    assert split(text) == expected


def test_blocks_are_told_apart() -> None:
    text = "# 标题。好\n正文\n1. 甲。乙。\n（2）丙\n| a。b | c |\n|---|---|\n| 1 | 2 |\n\n副题\n====\n```\nx = a.b. C\n```"
    found = [(unit.kind, text[unit.start : unit.end]) for unit in units(text)]
    assert found == [
        (UnitKind.HEADING, "# 标题。好"),
        (UnitKind.SENTENCE, "正文"),
        (UnitKind.ITEM, "1. 甲。"),
        (UnitKind.SENTENCE, "乙。"),
        (UnitKind.ITEM, "（2）丙"),
        (UnitKind.ROW, "| a。b | c |\n|---|---|"),
        (UnitKind.ROW, "| 1 | 2 |"),
        (UnitKind.HEADING, "副题\n===="),
        (UnitKind.CODE, "```"),
        (UnitKind.CODE, "x = a.b. C"),
        (UnitKind.CODE, "```"),
    ]


def test_lines_wrapped_by_hand_are_one_sentence() -> None:
    text = (
        "The committee that met in the spring of that year decided\n"
        "to publish every one of its findings, including those of\n"
        "United Kingdom members. Nobody objected to it.\n"
    )
    assert [sentence.count("\n") for sentence in split(text)] == [2, 0]


def test_paragraphs_on_lines_of_their_own_stay_apart() -> None:
    assert split("大模型的知识增强\n接着来自哈工大的冯教授分享了心得\n如何判断") == [
        "大模型的知识增强",
        "接着来自哈工大的冯教授分享了心得",
        "如何判断",
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("# 标题", (1, "标题")),
        ("###标题", (3, "标题")),
        ("## Title ##", (2, "Title")),
        ("#OmAgent", (1, "OmAgent")),
        ("#!/bin/sh", None),
        ("#AI #LLM", None),
        ("#话题# 大家好", None),
        ("#include <a.h>", None),
        ("#fff;", None),
        ("#12 修复", None),
        ("#", None),
        ("正文 # 不是", None),
    ],
)
def test_heading_lines(line: str, expected: tuple[int, str] | None) -> None:
    assert heading(line) == expected


@pytest.mark.parametrize("line", ["- a", "• a", "•a", "1. a", "1.训练", "2）乙", "（3）丙", "一、丁", "① 戊", "a) b", "  * c"])
def test_list_items(line: str) -> None:
    assert is_list_item(line)
    assert line[item_marker(line) :][0] in "a训乙丙丁戊bc"


@pytest.mark.parametrize("line", ["-5 度", "3.14 是", "1999年", "*强调*", "一个", "A. Smith left", "", "-", "2024. "])
def test_no_list_items(line: str) -> None:
    assert not is_list_item(line)


def test_table_lines() -> None:
    assert is_table_row("| a | b |")
    assert not is_table_row("a | b")
    assert is_table_separator("|:--|--:|")
    assert not is_table_separator("---")


def test_a_fence_that_never_closes_makes_code_of_the_rest() -> None:
    assert [line.kind.value for line in lines("```py\n# a\n")] == ["fence", "code"]


@pytest.mark.parametrize("piece", ["好，", "(好。", '"好。', "a. ", "a b\n", "| a |\n", "（", "…", "1. "])
def test_long_texts_take_linear_time(piece: str) -> None:
    assert_linear(sentence_spans, lambda size: piece * (size // len(piece)), 100_000)


def test_a_rule_is_no_part_of_the_sentences_around_it() -> None:
    text = "会议同意。\n==========\n主任办公会议纪要\n----------\n时间三月\n\n* * * *\n散会"
    pieces = [text[start:end] for start, end in sentence_spans(text)]
    assert "会议同意。" in pieces
    assert "散会" in pieces
    assert not any("==" in piece and "会议" in piece for piece in pieces)
