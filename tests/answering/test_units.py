"""Units of a stream: sentences, items, cells and code, the same however the stream is cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.pieces import Item, Layout, Unit, Words
from rag.answering.units import UnitSplitter
from rag.sentences import sentence_spans


def split(text: str, size: int = 1) -> list[Item]:
    splitter = UnitSplitter()
    items = [item for at in range(0, len(text), size) for item in splitter.feed(text[at : at + size])]
    return [*items, *splitter.finish()]


def units(text: str, size: int = 1) -> list[Unit]:
    return [item for item in split(text, size) if isinstance(item, Unit)]


def texts(text: str) -> list[str]:
    return [unit.text for unit in units(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("甲。乙！丙？丁", ["甲。", "乙！", "丙？", "丁"]),
        ("甲；乙。", ["甲；", "乙。"]),
        ("他说：“好。”然后走了。", ["他说：“好。”", "然后走了。"]),
        ("值为 3.278，见 v1.2。下句", ["值为 3.278，见 v1.2。", "下句"]),
        ("Mr. Smith left. He was 3.5 m tall! Really?", ["Mr. Smith left.", "He was 3.5 m tall!", "Really?"]),
        ("（见甲。乙）丙。丁。", ["（见甲。乙）丙。", "丁。"]),
        ("等等……他走了", ["等等……", "他走了"]),
        ("**粗体。**后句。", ["**粗体。**", "后句。"]),
        ("前句。**粗体。**", ["前句。", "**粗体。**"]),
    ],
)
def test_sentences_end_where_they_end(text: str, expected: list[str]) -> None:
    assert texts(text) == expected


@pytest.mark.parametrize(
    "text",
    ["句子[1]。下句", "句子。[1]下句", "句子 [1]。 下句", "[1] 句子。下句", "句子。[1] 下句", "句子【1】。下句", "句子(来源1)。下句"],
)
def test_a_marker_belongs_to_its_sentence(text: str) -> None:
    first, second = units(text)
    assert (first.text, first.hinted) == ("句子。", (1,))
    assert (second.text, second.hinted) == ("下句", ())


def test_space_before_a_marker_goes_with_it() -> None:
    assert "".join(item.text for item in split("The end [1]. Next [2] word.") if not isinstance(item, Unit)) == "The end. Next word."


def test_list_items_are_units_and_bullets_are_layout() -> None:
    text = "包括：\n- 甲[1]\n* 乙\n1. 丙[2]\n2、丁\n（3）戊 己\n> 庚"
    assert texts(text) == ["包括：", "甲", "乙", "丙", "丁", "戊 己", "庚"]
    bullets = [item.text for item in split(text, 99) if isinstance(item, Layout)]
    assert bullets == ["\n- ", "\n* ", "\n1. ", "\n2、", "\n（3）", "\n> "]
    assert [unit.hinted for unit in units(text)] == [(), (1,), (), (2,), (), (), ()]


def test_headings_rules_and_blank_lines_are_layout() -> None:
    assert texts("# 标题\n\n## 小标题\n---\n正文。\n***\n") == ["正文。"]


TABLE = "| 模型 | 上下文 | 大小 |\n|---|:--:|---|\n| Qwen [1] | 128K [2] | — |\n| Llama | 8K。[3] | 7B \\| 70B |\n之后。"


def test_table_cells_are_units_in_the_light_of_row_and_column() -> None:
    assert units(TABLE) == [
        Unit("128K", (2,), "Qwen 上下文"),
        Unit("8K。", (3,), "Llama 上下文"),
        Unit("7B \\| 70B", (), "Llama 大小"),
        Unit("之后。", (), ""),
    ]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("甲。[1][2] 乙。[3]", [("甲。", (1, 2)), ("乙。", (3,))]),
        ("甲。[1]乙。", [("甲。", (1,)), ("乙。", ())]),
        ("“甲。”[1] 乙[2]", [("“甲。”", (1,)), ("乙", (2,))]),
        ("甲[1]，乙[2]。", [("甲，乙。", (1, 2))]),
        ("甲。乙。[1] [2]", [("甲。乙。", (1, 2))]),
        ("It is. [1] They are. [2]", [("It is.", (1,)), ("They are.", (2,))]),
    ],
)
def test_sentences_of_a_cell_that_have_markers_of_their_own_are_units(cell: str, expected: list[tuple[str, tuple[int, ...]]]) -> None:
    for size in (1, 3, 99):
        found = split(f"| 名 | 值 |\n|---|---|\n| 甲 | {cell} |", size)
        assert [(one.text, one.hinted) for one in found if isinstance(one, Unit)] == expected
        assert {one.context for one in found if isinstance(one, Unit)} == {"甲 值"}


def test_a_code_block_is_one_unit_and_its_brackets_are_code() -> None:
    (code, after) = units("```py\na[1] = 2\n```\n后句[1]。")
    assert code.text == "```py\na[1] = 2\n```\n"
    assert (after.text, after.hinted) == ("后句。", (1,))


def test_brackets_in_inline_code_are_code() -> None:
    assert units("用 `a[1]` 取值[2]。") == [Unit("用 `a[1]` 取值。", (2,), "")]


def test_words_come_before_their_sentence_ends() -> None:
    splitter = UnitSplitter()
    assert list(splitter.feed("谷歌推出")) == [Words("谷歌推出")]
    assert list(splitter.feed("了它。")) == [Words("了它。")]
    assert list(splitter.feed("下")) == [Unit("谷歌推出了它。"), Words("下")]


SIGNS = ["甲", "乙", "a", "B", "1", "。", ".", "!", "；", " ", "\n", "|", "-", "#", "*", "[1]", "[", "]", "`", "```", "”", "（", "）", "、", ">"]


@given(st.lists(st.sampled_from(SIGNS), max_size=40), st.integers(2, 7))
def test_where_the_stream_is_cut_makes_no_difference(signs: list[str], size: int) -> None:
    text = "".join(signs)
    assert units(text, size) == units(text, 1)


@given(st.lists(st.sampled_from(SIGNS), max_size=40))
def test_units_are_the_words_between_them(signs: list[str]) -> None:
    words = ""
    for item in split("".join(signs), 3):
        match item:
            case Words(text):
                words += text
            case Unit(text):
                assert text == words
                words = ""
    assert words == ""


@given(st.lists(st.sampled_from(["量子", "比特", "3.5", "AlphaQubit", "。", "！", "；", "，", "：", "、"]), max_size=30))
def test_plain_chinese_is_cut_as_documents_are(words: list[str]) -> None:
    text = "".join(words).lstrip("。！；，：、")
    assert texts(text) == [text[start:end] for start, end in sentence_spans(text)]
