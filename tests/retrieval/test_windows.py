from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from rag.retrieval.windows import Frame, Tokenised, batches, cut, sound

FRAME = Frame((101,), (102,), 12)


def _tokenise(texts: list[str]) -> list[Tokenised]:
    """Every character but a space is a token; its id is its code point."""
    return [
        Tokenised([ord(match[0]) for match in found], [match.span() for match in found])
        for found in ([*re.finditer(r"\S", text)] for text in texts)
    ]


@given(lead=st.text("xy ", max_size=30), text=st.text("甲乙丙 ", max_size=80))
def test_every_token_of_a_text_stands_once_in_its_windows_with_its_own_place(lead: str, text: str) -> None:
    windows = cut([lead], [text], _tokenise, FRAME)
    spans = [tuple(span) for window in windows for span in window.spans.tolist()]
    assert spans == [match.span() for match in re.finditer(r"\S", text)]
    for window in windows:
        own = window.ids[window.first : window.first + len(window.spans)]
        assert own == [ord(text[start]) for start, _ in window.spans.tolist()]
        assert len(window.ids) <= FRAME.capacity + 2
        assert (window.ids[0], window.ids[-1]) == (101, 102)


def test_a_short_text_is_one_window_behind_its_lead() -> None:
    [window] = cut(["ab: "], ["甲乙"], _tokenise, FRAME)
    assert window.ids == [101, *map(ord, "ab:甲乙"), 102]
    assert window.spans.tolist() == [[0, 1], [1, 2]]


def test_a_long_text_becomes_windows_of_equal_length_that_each_begin_with_the_lead() -> None:
    windows = cut(["ab"], ["甲" * 22], _tokenise, FRAME)
    assert [len(window.spans) for window in windows] == [7, 7, 8]
    assert all(window.ids[1:3] == [ord("a"), ord("b")] for window in windows)


def test_a_lead_longer_than_a_quarter_of_the_window_is_cut_only_where_the_text_needs_the_room() -> None:
    [short] = cut(["abcdefgh"], ["甲乙"], _tokenise, FRAME)
    assert short.first == 9
    long = cut(["abcdefgh"], ["甲" * 18], _tokenise, FRAME)
    assert [(window.first, len(window.spans)) for window in long] == [(4, 9), (4, 9)]


def test_an_empty_text_is_a_window_without_tokens_of_its_own() -> None:
    [window] = cut(["a"], [""], _tokenise, FRAME)
    assert window.ids == [101, ord("a"), 102]
    assert window.spans.shape == (0, 2)
    [full] = cut(["a" * 12], [""], _tokenise, FRAME)
    assert (len(full.ids), full.spans.shape) == (5, (0, 2))


def test_texts_keep_their_numbers() -> None:
    windows = cut(["", "", ""], ["甲", "乙" * 20, "丙"], _tokenise, FRAME)
    assert [window.text for window in windows] == [0, 1, 1, 2]


def test_lone_surrogates_are_replaced_one_for_one() -> None:
    assert sound("a\ud800b\U0001f600") == "a\ufffdb\U0001f600"


@given(lengths=st.lists(st.integers(0, 10), max_size=20), most=st.integers(1, 5), tokens=st.integers(1, 60))
def test_batches_hold_every_window_once_within_both_limits(lengths: list[int], most: int, tokens: int) -> None:
    windows = cut([""] * len(lengths), ["甲" * length for length in lengths], _tokenise, FRAME)
    groups = list(batches(windows, most, tokens))
    assert sorted(number for group in groups for number in group) == list(range(len(windows)))
    for group in groups:
        longest = max(len(windows[number].ids) for number in group)
        assert len(group) <= most
        assert len(group) == 1 or longest * len(group) <= tokens
