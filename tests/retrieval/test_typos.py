"""A word typed wrong finds the word that was meant, and a right one is left alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.retrieval.catalogue import Index
from rag.retrieval.typos import proposals
from rag.types import Scope


def known(*terms: str) -> Callable[[str], float | None]:
    return lambda term: 1.0 if term in terms else None


@pytest.mark.parametrize(
    ("query", "terms", "expected"),
    [
        ("称立", ["成立", "重要"], ["成立"]),
        ("中要的作永", ["重要", "作用"], ["重要", "作用"]),
        ("稱立", ["成立"], ["成立"]),
        ("座永", ["作用"], ["作用"]),  # both characters
        ("成立", ["成立", "城里"], []),
        ("工业", ["公司"], []),
    ],
)
def test_unknown_pairs_become_known_homophones(query: str, terms: list[str], expected: list[str]) -> None:
    assert proposals(query, [], known(*terms)) == expected


def test_a_homophone_that_joins_its_neighbours_comes_first() -> None:
    rarity = known("长城", "长程", "万里", "里长", "城墙")
    assert proposals("万里长成墙", [], rarity)[0] == "长城"


@pytest.mark.parametrize(
    ("word", "meant"), [("tranform", "transform"), ("trransform", "transform"), ("tranzform", "transform"), ("modle", "model")]
)
def test_latin_words_may_be_one_letter_off(word: str, meant: str) -> None:
    assert proposals(word, [word], known("transform", "model")) == [meant]


@pytest.mark.parametrize("word", ["cat", "4o", "gpt", "transform"])
def test_short_words_numbers_and_known_words_are_left_alone(word: str) -> None:
    assert proposals(word, [word], known("bat", "gpu", "transform", "4a")) == []


def test_a_language_that_the_chunks_are_not_in_gives_nothing() -> None:
    assert proposals("剃刀嘴凤冠雉以什么为食", [], known("title", "to", "是以")) == []


@given(st.text())
def test_only_known_terms_are_proposed(text: str) -> None:
    terms = {"成立", "重要", "作用", "model"}
    assert set(proposals(text, text.split(), known(*terms))) <= terms


@pytest.mark.parametrize(("query", "best"), [("大雄猫吃煮子", "熊猫#1"), ("长成全长多少公里", "长城#0"), ("baichaun", "models#0")])
def test_search_finds_what_was_meant(index: Index, query: str, best: str) -> None:
    assert index.sparse.search(query, 3, Scope())[0].chunk.id == best


def test_a_guessed_word_counts_less_than_the_word_itself(index: Index) -> None:
    right, wrong = (index.sparse.search(query, 1, Scope())[0] for query in ("玉山", "域山"))
    assert wrong.chunk == right.chunk
    assert 0 < wrong.score < right.score
