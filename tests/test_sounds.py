"""Characters by their sound, without tones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.sounds import alike, meant_by


@pytest.mark.parametrize(("typed", "meant"), [("份子", "分子"), ("着明", "著名"), ("稱立", "成立"), ("母的", "目的"), ("城里", "城里")])
def test_what_was_meant_differs_in_one_homophone_at_most(typed: str, meant: str) -> None:
    found = meant_by(typed).search(f"这里说的是{meant}。")
    assert (found[0] if found else None) == (None if typed[0] != meant[0] and typed[1] != meant[1] else meant)


@pytest.mark.parametrize("text", ["大熊猫吃竹子", "很长，城里", "long wall", "长大了", ""])
def test_other_characters_are_not_what_was_meant(text: str) -> None:
    assert meant_by("长城").search(text) is None


def test_alike_begins_with_the_character_itself() -> None:
    assert alike("城")[0] == "城"
    assert {"成", "程", "诚"} <= set(alike("城"))
    assert alike("A") == ("A",)


def test_a_character_with_several_readings_is_like_those_of_each() -> None:
    assert {"航", "形"} <= set(alike("行"))


@given(st.text(min_size=2, max_size=2))
def test_a_pair_means_itself(pair: str) -> None:
    assert meant_by(pair).fullmatch(pair)
