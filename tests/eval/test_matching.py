from __future__ import annotations

import pytest

from eval.match import contains, f1, find, overlap, same, tokens


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("共12人死亡。", "12人"),
        ("甲市有七百四十万人", "740万"),
        ("a city of 7.4 million people", "740万"),
        ("规模达５５００亿", "5500亿"),
        ("二〇一六年十月十七日发射", "2016年10月17日"),
        ("國立臺灣大學", "台湾大学"),
        ("叫做 GPT－４ 的模型", "gpt-4"),
        ("1,000 people", "1000"),
        ("第12届大会", "12"),
        ("一共三个月", "三"),
        ("一共3个月", "三"),
        ("理解、逻辑、记忆、生成", "理解,逻辑,记忆,生成"),
        ("The answer is: the Eiffel Tower.", "Eiffel tower"),
    ],
)
def test_answer_is_found_whatever_its_writing(text: str, answer: str) -> None:
    assert contains(text, answer)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("2012年", "12"),
        ("2012人", "12人"),
        ("12万人", "12"),
        ("2%", "2.1%"),
        ("1.2", "2"),
        ("the party", "art"),
        ("GPT-4", "GPT-45"),
        ("有八十人", "十人"),
        ("", "12"),
        ("什么都行", ""),
        ("什么都行", "。"),
    ],
)
def test_part_of_a_number_or_word_is_no_answer(text: str, answer: str) -> None:
    assert not contains(text, answer)


def test_same_ignores_width_script_and_punctuation() -> None:
    assert same("「臺灣」。", "台湾")
    assert same("七百四十万人", "740万人")
    assert not same("740万人", "740人")


def test_f1_counts_characters_in_chinese_and_words_in_english() -> None:
    assert f1("北京大学", "北京") == pytest.approx(2 * 2 / (4 + 2))
    assert f1("the old bridge", "old bridge") == pytest.approx(2 * 2 / (3 + 2))
    assert f1("上海", "北京") == 0.0


def test_overlap_counts_repeats() -> None:
    assert overlap("北京", "北京北京") == pytest.approx(0.5)
    assert overlap("北京", "。") == 0.0


def test_tokens_keep_decimals_and_join_thousands() -> None:
    assert tokens("增长 1,234.5% 到 GPT4") == ("增", "长", "1234.5", "到", "gpt", "4")


def test_find_gives_offsets_of_every_place_in_the_text_as_it_is() -> None:
    text = "混元，升级成万亿ＭＯＥ。\n混元升级成 万亿MOE！"
    places = find(text, "混元升级成万億MOE")
    assert [text[start:end] for start, end in places] == ["混元，升级成万亿ＭＯＥ", "混元升级成 万亿MOE"]
    assert find(text, "。") == []
