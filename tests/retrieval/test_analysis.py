"""Terms meet wherever two people would call two wordings the same, in Chinese first."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import ConfigError
from rag.retrieval.analysis import Analyzer

ANALYZER = Analyzer()


def terms(text: str) -> set[str]:
    return set(ANALYZER.terms(text))


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("臺灣", "台湾"), ("ＧＰＴ", "gpt"), ("GPT4", "GPT-4"), ("gpt 4", "GPT-4"), ("Baichuan", "Baichuan-7B"),
        ("七百四十万", "740万"), ("7.4 million", "七百四十萬"), ("models", "model"), ("trained", "training"),
        ("café", "CAFÉ"), ("人工智能", "人工\n智能"), ("C++", "用C++写"), ("OpenAI's", "OpenAI"),
    ],
)  # fmt: skip
def test_other_ways_of_writing_share_every_weighty_term(query: str, text: str) -> None:
    wanted = set(ANALYZER.query_terms(query)) & {term for term in ANALYZER.query_terms(query) if len(term) > 1}
    assert wanted & terms(text)


@pytest.mark.parametrize(("one", "other"), [("3.278", "3278"), ("12", "2012"), ("C++", "C#"), ("7B", "70B")])
def test_different_things_share_no_term(one: str, other: str) -> None:
    assert not terms(one) & terms(other)


def test_joined_words_are_kept_whole_and_split() -> None:
    assert terms("Baichuan-7B") >= {"baichuan7b", "baichuan", "7b"}
    assert terms("版本3.278") >= {"3.278", "版本"}


def test_chinese_gives_bigrams_and_words() -> None:
    assert terms("中华人民共和国") >= {"中华", "华人", "人民", "民共", "共和", "和国", "共和国", "中华人民共和国"}


def test_a_single_character_is_a_term_only_as_a_word_of_its_own() -> None:
    assert "水" in terms("水，重要")
    assert "民" not in terms("人民币")


def test_function_words_are_left_out_of_queries() -> None:
    assert ANALYZER.query_terms("What is the capital of France?") == ["capit", "franc"]
    assert not {"什么", "的"} & set(ANALYZER.query_terms("长城的长度是什么"))


@pytest.mark.parametrize("question", ["是什么？", "who is it", "他们是谁"])
def test_a_query_of_function_words_alone_keeps_terms(question: str) -> None:
    assert ANALYZER.query_terms(question)


def test_a_user_dictionary_keeps_its_words_and_changes_the_name(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_text("# 产品\n云图知据 100\n灵犀系统\n", encoding="utf-8")
    analyzer = Analyzer(path)
    assert {"云图知据", "灵犀系统"} <= set(analyzer.terms("云图知据与灵犀系統的关系"))
    assert "云图知据" not in terms("云图知据与灵犀系统的关系")
    assert analyzer.name != ANALYZER.name
    assert analyzer.name == Analyzer(path).name


def test_a_dictionary_that_cannot_be_read_is_a_setting_at_fault(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nowhere"):
        Analyzer(tmp_path / "nowhere")


def test_the_name_carries_the_splitter_and_its_version() -> None:
    assert "rjieba-" in ANALYZER.name
    assert "dictionary-none" in ANALYZER.name


@given(st.text())
def test_any_text_gives_terms_without_space(text: str) -> None:
    for term in ANALYZER.terms(text):
        assert term
        assert term == term.strip()


@given(st.text(alphabet="中文人工智能GPT4o-3.5 模型,。万"), st.text(alphabet="中文人工智能GPT4o-3.5 模型,。万"))
def test_context_free_terms_are_found_whatever_stands_around(inner: str, outer: str) -> None:
    assert ANALYZER.context_free_terms(inner) <= terms(f"{outer}。{inner}。{outer}")
