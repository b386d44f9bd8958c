"""Markers in every form, whole and cut anywhere; ours in one form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.citations import (
    Hint,
    MarkerFilter,
    citations_from,
    markers_text,
    numbers_of,
    verdict_from,
    without_markers,
)
from rag.interfaces import Span, Support
from rag.types import Chunk, Verdict

FORMS = {
    "[1]": (1,),
    "[ 2 ]": (2,),
    "【3】": (3,),
    "［１］": (1,),
    "〔4〕": (4,),
    "[1,2]": (1, 2),
    "[1, 2]": (1, 2),
    "[1、2]": (1, 2),
    "[1，2；3]": (1, 2, 3),
    "[1-3]": (1, 2, 3),
    "[1–3,5]": (1, 2, 3, 5),
    "[2~4]": (2, 3, 4),
    "[^1]": (1,),
    "[[1]]": (1,),
    "[来源1]": (1,),
    "[来源：2]": (2,),
    "[Source 1]": (1,),
    "[doc 3]": (3,),
    "[citation:2]": (2,),
    "[1 and 2]": (1, 2),
    "[来源1、来源2]": (1, 2),
    "(来源1)": (1,),
    "（来源 1、2）": (1, 2),
    "(source: 4)": (4,),
    "【1†L3-L5】": (1,),
    "【2†source】": (2,),
}
PLAIN = ["[例如]", "[2024]", "(1)", "（2）", "[a]", "[]", "[1.5]", "(见上文)", "[1]:"[:1], "【重点】", "[ToF 3D]", "(sources of water)"]


def read(text: str, size: int = 1) -> tuple[str, list[tuple[int, ...]]]:
    filtered = MarkerFilter()
    parts = [part for at in range(0, len(text), size) for part in filtered.feed(text[at : at + size])]
    parts += filtered.finish()
    hints = [part.numbers for part in parts if isinstance(part, Hint)]
    return "".join(part for part in parts if isinstance(part, str)), hints


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("size", [1, 3, 100])
def test_every_form_is_read_wherever_the_stream_is_cut(form: str, size: int) -> None:
    assert read(f"句子{form}。", size) == ("句子。", [FORMS[form]])
    assert read(f"句子。{form}", size) == ("句子。", [FORMS[form]])


@pytest.mark.parametrize("text", PLAIN)
@pytest.mark.parametrize("size", [1, 100])
def test_other_brackets_stay_text(text: str, size: int) -> None:
    assert read(f"甲{text}乙", size) == (f"甲{text}乙", [])


def test_neighbouring_markers_are_read_one_by_one() -> None:
    assert read("句[1][2]【3】。") == ("句。", [(1,), (2,), (3,)])


def test_text_before_an_unfinished_bracket_is_not_held_back() -> None:
    filtered = MarkerFilter()
    assert list(filtered.feed("甲乙[")) == ["甲乙"]
    assert list(filtered.feed("1")) == []
    assert list(filtered.feed("]丙")) == [Hint((1,), "[1]"), "丙"]


def test_an_unfinished_bracket_at_the_end_is_text() -> None:
    assert read("甲[1") == ("甲[1", [])


def test_a_wide_range_names_its_ends_only() -> None:
    assert numbers_of("[1-500]") == (1, 500)


@given(st.lists(st.sampled_from(["甲", "[", "]", "1", "2", ",", "【", "】", "(", ")", "来", "源", " ", "-", "†", "a", "\n"])), st.data())
def test_where_the_stream_is_cut_makes_no_difference(signs: list[str], data: st.DataObject) -> None:
    text = "".join(signs)
    whole = read(text, len(text) or 1)
    assert read(text, data.draw(st.integers(1, 5))) == whole


def test_markers_are_taken_out_of_a_quotation() -> None:
    assert without_markers("无偏水印方法 [1] 与投机采样 [2,3]。") == "无偏水印方法 与投机采样。"


def _support(marker: int, start: int, end: int, verdict: Verdict = Verdict.SUPPORTED) -> Support:
    chunk = Chunk("c", "d", "t", "s", "甲乙丙丁", 100, 104)
    return Support(Span(chunk, start, end), marker, verdict, 1.0)


def test_citations_count_from_the_start_of_the_document() -> None:
    (citation,) = citations_from([_support(3, 1, 3)])
    assert (citation.marker, citation.start, citation.end, citation.quote) == (3, 101, 103, "乙丙")


def test_the_same_span_is_cited_once() -> None:
    assert [c.start for c in citations_from([_support(1, 0, 2), _support(2, 0, 2), _support(1, 2, 4)])] == [100, 102]


def test_markers_ascend_and_come_once() -> None:
    assert markers_text(citations_from([_support(3, 0, 1), _support(1, 1, 2), _support(3, 2, 3)])) == "[1][3]"


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        ([], Verdict.UNSUPPORTED),
        ([Verdict.PARTLY], Verdict.PARTLY),
        ([Verdict.PARTLY, Verdict.CONFLICTING], Verdict.CONFLICTING),
        ([Verdict.CONFLICTING, Verdict.SUPPORTED], Verdict.SUPPORTED),
    ],
)
def test_the_best_support_decides(found: list[Verdict], verdict: Verdict) -> None:
    assert verdict_from([_support(1, 0, 1, one) for one in found]) is verdict
