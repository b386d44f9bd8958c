"""Folding keeps offsets; numbers have one value however they are written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text import fold, in_another_language, language, languages, normalise, numbers


def read(text: str) -> list[tuple[float, str, str]]:
    return [(float(number.value), number.unit, text[number.start : number.end]) for number in numbers(text)]


def test_normalise_folds_width_case_script_and_compatibility_forms() -> None:
    assert normalise("臺灣的ＧＰＴ－４Ｏ㎏") == "台湾的gpt-4okg"


def test_lone_surrogates_do_not_survive() -> None:
    assert normalise("知\ud800据") == "知据"
    assert fold("知\ud800据") == "知\ufffd据"


def test_normalise_drops_invisible_characters() -> None:
    assert normalise("知\u200b据\ufeff") == "知据"


@given(st.text())
def test_fold_keeps_every_offset(text: str) -> None:
    assert len(fold(text)) == len(text)


@given(st.text(alphabet="漢字汉字ＡＢab12１２，,。 臺灣里裡"))
def test_fold_agrees_with_normalise_where_lengths_agree(text: str) -> None:
    assert fold(text) == normalise(text)


@pytest.mark.parametrize("text", ["740万", "７４０万", "七百四十万", "七百四十萬", "7.4 million", "7,400,000", "７，４００，０００"])
def test_one_value_for_every_way_of_writing_it(text: str) -> None:
    assert [(value, unit) for value, unit, _ in read(text)] == [(7_400_000, "")]


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("1.4万亿", 1.4e12, ""), ("一点四万亿", 1.4e12, ""), ("5500亿", 5.5e11, ""), ("128K", 128_000, ""),
        ("15M", 15e6, ""), ("30%", 30, "%"), ("百分之三十", 30, "%"), ("三成", 30, "%"), ("七成五", 75, "%"),
        ("30 percent", 30, "%"), ("两个", 2, "个"), ("十二", 12, ""), ("1,000", 1000, ""), ("３．５", 3.5, ""),
        ("二〇二四年", 2024, "年"), ("第二", 2, "第"), ("三百多万", 3e6, ""), ("3亿5000万", 3.5e8, ""),
        ("一万二", 12_000, ""), ("一千零二十四", 1024, ""), ("三十万零五百", 300_500, ""), ("零下五度", -5, "度"),
        ("-5℃", -5, "摄氏度"), ("3千米", 3, "公里"), ("5 km", 5, "公里"), ("$3.5 billion", 3.5e9, "美元"),
        ("twenty-one people", 21, "人"), ("two hundred", 200, ""), ("千万人", 1e7, "人"), ("Baichuan-7B", 7e9, ""),
    ],
)
def test_numbers_reads(text: str, value: float, unit: str) -> None:
    [(found, found_unit, _)] = read(text)
    assert found == pytest.approx(value)
    assert found_unit == unit


@pytest.mark.parametrize(
    "text", ["统一", "百度", "千万别", "万一", "两岸", "十分", "一个", "一种", "数百万", "十几万", "三四个", "", "1.2.3", "one of them"]
)
def test_numerals_inside_words_are_no_numbers(text: str) -> None:
    assert numbers(text) == []


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("2024年6月30日", [(2024, "年"), (6, "月"), (30, "日")]),
        ("2024-06-30", [(2024, "年"), (6, "月"), (30, "日")]),
        ("June 2024", [(6, "月"), (2024, "")]),
        ("3至5年", [(3, "年"), (5, "年")]),
        ("10-20%", [(10, "%"), (20, "%")]),
        ("2020，300人", [(2020, ""), (300, "人")]),
    ],
)
def test_several_numbers_keep_their_units(text: str, parts: list[tuple[float, str]]) -> None:
    assert [(value, unit) for value, unit, _ in read(text)] == parts


def test_offsets_cover_number_and_unit_in_the_given_text() -> None:
    assert [found for _, _, found in read("約有七百四十萬人，佔３０％。")] == ["七百四十萬人", "３０％"]


@given(st.text(alphabet="零一二三四五六七八九十百千万亿点分之第两半成多余0123456789.,%-年月个度KMkB 万a"))
def test_any_run_of_numerals_is_read_without_error(text: str) -> None:
    for number in numbers(text):
        assert 0 <= number.start < number.end <= len(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("GPT-4o是什么", "zh"), ("What is 知据?", "en"), ("介绍 Retrieval Augmented Generation", "zh"),
        ("How are you", "en"), ("😀", "zh"), ("", "zh"),
    ],
)
def test_language_of(text: str, expected: str) -> None:
    assert language(text) == expected


def test_most_of_the_others_tell_whether_they_are_in_another_language() -> None:
    assert in_another_language("How accurate is Mira?", ["Mira 的准确率达到 97%。", "Mira 于2024年发布。", "Mira is small."])
    assert not in_another_language("Mira 的准确率是多少？", ["Mira 的准确率达到 97%。", "Mira is accurate."])
    assert not in_another_language("Mira 的准确率是多少？", [])


def test_languages_names_all_that_occur() -> None:
    assert languages("GPT-4o是什么") == {"zh", "en"}
    assert languages("123") == frozenset()
