"""The fold from a writer's stream to events: tokens early, our markers, withheld sentences."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.stream import AnswerWriter
from rag.events import Event, SentenceChecked, Token
from rag.interfaces import Span, Support
from rag.types import Chunk, Evidence, Verdict

PASSAGES = [Evidence(n, Chunk(f"c{n}", "d", "t", "", "甲乙丙丁戊", 10 * n, 10 * n + 5), 0.9) for n in (1, 2, 3)]


class ByRule:
    """Supports what holds 真 by every hinted passage (else the first), partly what holds 半."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, tuple[int, ...], str]] = []

    def check(
        self, sentence: str, hinted: Sequence[int], evidence: Sequence[Evidence], question: str
    ) -> list[Support]:
        self.asked.append((sentence, tuple(hinted), question))
        verdict = Verdict.SUPPORTED if "真" in sentence else Verdict.PARTLY if "半" in sentence else None
        if verdict is None:
            return []
        return [Support(Span(evidence[n - 1].chunk, 0, 2), n, verdict, 1.0) for n in hinted or [1]]


def run(text: str, size: int = 1, *, show: bool = True) -> tuple[AnswerWriter, list[Event], ByRule]:
    checker = ByRule()
    writer = AnswerWriter(checker, PASSAGES, "问题？", show_unsupported=show)
    events = [event for at in range(0, len(text), size) for event in writer.feed(text[at : at + size])]
    events += writer.finish()
    return writer, events, checker


def written(text: str, *, show: bool = True) -> str:
    return run(text, 3, show=show)[0].written.text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("真一[2]。假二[1]。", "真一。[2]假二。"),
        ("真一。", "真一。[1]"),
        ("真一[1,3]。[2]", "真一。[1][2][3]"),
        ("真一[99]。", "真一。[1]"),
        ("- 真甲[2]\n- 真乙【3】", "- 真甲[2]\n- 真乙[3]"),
        ("| 名 | 值 |\n|---|---|\n| 甲 | 真值 [2] |", "| 名 | 值 |\n|---|---|\n| 甲 | 真值[2]  |"),
        ("# 头\n真。\n\n", "# 头\n真。[1]"),
        ("Es ist 真. Next is 半 [2].", "Es ist 真.[1] Next is 半.[2]"),
    ],
)
def test_markers_are_ours_and_stand_behind_their_unit(text: str, expected: str) -> None:
    assert written(text) == expected


def test_hints_of_passages_that_do_not_exist_never_reach_the_checker() -> None:
    assert run("真[2][99][0]。")[2].asked == [("真。", (2,), "问题？")]


def test_a_cell_is_checked_in_the_light_of_its_row_and_column() -> None:
    assert run("| 名 | 值 |\n|---|---|\n| 甲 | 真 |")[2].asked == [("真", (), "问题？ 甲 值")]


def test_a_sentence_says_where_it_stands() -> None:
    writer, _, _ = run("真一[2]。\n- 假二\n- 半三[3]")
    text = writer.written.text
    found = [(text[s.start : s.end], s.text, s.verdict) for s in writer.written.sentences]
    assert found == [
        ("真一。[2]", "真一。", Verdict.SUPPORTED),
        ("假二", "假二", Verdict.UNSUPPORTED),
        ("半三[3]", "半三", Verdict.PARTLY),
    ]
    assert [(c.marker, c.start, c.end) for c in writer.written.citations] == [(2, 20, 22), (3, 30, 32)]


def test_the_first_sentence_goes_out_before_the_last_is_written() -> None:
    writer = AnswerWriter(ByRule(), PASSAGES, "问")
    assert [event.text for event in writer.feed("真") if isinstance(event, Token)] == ["真"]
    events = list(writer.feed("一。下"))
    assert isinstance(events[2], SentenceChecked)
    assert events[2].verdict is Verdict.SUPPORTED
    assert writer.written.text == "真一。[1]下"


def test_connecting_phrases_are_tokens_only() -> None:
    writer, _, checker = run("文档中没有提到它的价格。\n以下是要点：\n- 真甲")
    assert writer.written.text == "文档中没有提到它的价格。\n以下是要点：\n- 真甲[1]"
    assert [asked[0] for asked in checker.asked] == ["真甲"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("真一。假二。真三。", "真一。[1]真三。[1]"),
        ("假一。真二。", "真二。[1]"),
        ("- 假\n- 真", "- 真[1]"),
        ("# 头\n- 真\n- 假\n- 真2", "# 头\n- 真[1]\n- 真2[1]"),
        ("- 真一。\n- 假一。真二。", "- 真一。[1]\n- 真二。[1]"),
        ("真一。\n\n假二。\n\n真三。", "真一。[1]\n\n真三。[1]"),
        ("假。", ""),
        ("半一。", "半一。[1]"),
        ("| 名 | 值 |\n|---|---|\n| 甲 | 真 |\n| 乙 | 假 |", "| 名 | 值 |\n|---|---|\n| 甲 | 真[1] |\n| 乙 |  |"),
        ("| 名 | 值 |\n|---|---|\n| 甲 | 假 |", ""),
        ("- \n- ", ""),
    ],
)
def test_unsupported_units_are_withheld_with_their_bullets(text: str, expected: str) -> None:
    assert written(text, show=False) == expected


def test_what_was_withheld_is_told() -> None:
    writer, events, _ = run("真一。假二。", show=False)
    assert writer.written.withheld == ["假二。"]
    assert all("假" not in event.text for event in events if isinstance(event, Token))


SIGNS = ["真", "半", "假", "。", " ", "\n", "|", "- ", "# ", "[1]", "[2,3]", "[9]", "**", "a.", "```"]


@given(st.lists(st.sampled_from(SIGNS), max_size=40), st.integers(1, 6), st.booleans())
def test_tokens_joined_are_the_text_and_sentences_lie_in_it(signs: list[str], size: int, show: bool) -> None:
    text = "".join(signs)
    writer, events, _ = run(text, size, show=show)
    done = writer.written
    assert "".join(event.text for event in events if isinstance(event, Token)) == done.text
    assert [event.sentence for event in events if isinstance(event, SentenceChecked)] == done.sentences
    end = 0
    for sentence in done.sentences:
        assert sentence.start >= end
        assert done.text[sentence.start : sentence.end].startswith(sentence.text)
        end = sentence.end
    assert done.text == run(text, 99, show=show)[0].written.text


@given(st.lists(st.sampled_from(SIGNS), max_size=30))
def test_events_follow_the_grammar(signs: list[str]) -> None:
    letters = "".join("t" if isinstance(event, Token) else "s" for event in run("".join(signs), 2)[1])
    assert "ss" not in letters
    assert not letters.startswith("s")
