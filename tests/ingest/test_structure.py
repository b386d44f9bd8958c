"""Section tree and pages from a text alone."""

from __future__ import annotations

import pytest
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


def paths(text: str) -> list[str]:
    return [section.path for section in sections(text)]


def test_titles_between_rules_are_headings_with_their_number_and_date() -> None:
    text = (
        "街道会议纪要汇编\n\n==========\n\n主任办公会议纪要\n（2025年第5期）\n\n时间：2025年3月26日（星期三）14:30\n会议同意。\n\n"
        "==========\n\n主任办公会议纪要\n（2025年第8期）\n\n时间：2025年5月14日\n会议暂缓。\n"
    )
    assert paths(text) == ["", "主任办公会议纪要（2025年第5期） 2025年3月26日", "主任办公会议纪要（2025年第8期） 2025年5月14日"]


def test_a_title_with_rules_above_and_below_is_one_heading() -> None:
    text = "Report\n\n======\nINC-1   Labels\n======\nDate: Friday\nIt broke.\n\n======\nINC-2   Scanners\n======\nIt broke too.\n"
    assert paths(text) == ["", "INC-1 Labels", "INC-2 Scanners"]


def test_what_rules_part_is_no_heading_where_it_tells_or_stands_alone() -> None:
    assert paths("前言\n\n======\n会议由主任主持。\n\n======\n时间：三月\n") == [""]
    assert paths("前言\n\n======\n\n第一次周会\n会议同意。\n") == [""]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("第一章 总则\n本校适用。\n\n第二章 学籍\n学生注册。", ["第一章 总则", "第二章 学籍"]),
        ("说明。\n\n```\n第一章 总则\n本校适用。\n第二章 学籍\n学生注册。\n```", [""]),
        ("第一章 总则\n第一节 范围\n本校。\n第二节 原则\n公开。\n第二章 学籍\n注册。", ["第一章 总则", "第一章 总则 › 第一节 范围", "第一章 总则 › 第二节 原则", "第二章 学籍"]),
        ("【公告1】关于停馆的通知\n即日停馆。\n\n【公告2】关于开馆的通知\n明日开馆。", ["【公告1】关于停馆的通知", "【公告2】关于开馆的通知"]),
        ("一、门诊时间\n上午八点。\n二、预约\n提前十四天。", ["一、门诊时间", "二、预约"]),
        ("一、张三\n二、李四\n三、王五", [""]),
        ("一、上午八点开门。\n下午关门。\n二、周日休息。\n节日照常。", [""]),
        ("一、门诊时间\n上午八点。", [""]),
        ("# 指南\n一、门诊时间\n上午八点。\n二、预约\n提前。", ["指南"]),
    ],
)
def test_marks_of_official_papers_are_headings_where_there_are_several_and_text_follows(text: str, expected: list[str]) -> None:
    assert paths(text) == expected
