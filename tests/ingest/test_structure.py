"""Section tree and pages from a text alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rag.ingest.structure import page_number, section_at, section_path, sections

_TEXT = "前言\n# 甲\n一\n## 乙 **粗** [链](http://a)\n二\n#### 丙\n三\n# 丁\n四"


def test_paths_follow_the_levels() -> None:
    assert [(section.level, section.path) for section in sections(_TEXT)] == [
        (0, ""),
        (1, "甲"),
        (2, "甲 › 乙 粗 链"),
        (4, "甲 › 乙 粗 链 › 丙"),
        (1, "丁"),
    ]


def test_path_for_an_offset() -> None:
    assert [section_path(_TEXT, _TEXT.index(mark)) for mark in "前一二三四"] == [
        "", "甲", "甲 › 乙 粗 链", "甲 › 乙 粗 链 › 丙", "丁",
    ]  # fmt: skip
    assert section_at(sections(_TEXT), len(_TEXT)) is None


def test_underlined_headings_count_and_rules_do_not() -> None:
    text = "安装\n====\n做。\n\n步骤\n----\n先。\n\n---\n\n这是一段话。\n---\n两行\n的段落\n---\n"
    assert [section.path for section in sections(text)] == ["安装", "安装 › 步骤"]


def test_code_and_hashtags_are_no_headings() -> None:
    text = "#!/bin/sh\n```\n# 注释\n```\n#AI #LLM\n#话题# 好\n#include <x>\n正文"
    assert [section.path for section in sections(text)] == [""]


def test_page_numbers_count_form_feeds() -> None:
    text = "一\f二\f三"
    assert [page_number(text, offset) for offset in (0, 2, 4)] == [1, 2, 3]
    assert page_number("没有页", 1) is None


@given(st.lists(st.sampled_from(["# a\n", "## b\n", "###c\n", "x\n", "\n", "===\n", "---\n", "\f", "```\n"])).map("".join))
def test_sections_cover_the_text(text: str) -> None:
    place = 0
    for section in sections(text):
        assert section.start == place < section.end
        assert section_at(sections(text), section.end - 1) == section
        place = section.end
    assert place == len(text)
