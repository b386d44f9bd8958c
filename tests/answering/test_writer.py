"""Writing and checking one answer: outcomes, the stand-in for a failing model, what is missing, closing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from rag.answering.checker import RuleChecker
from rag.answering.extractive import ExtractiveGenerator
from rag.answering.writer import CheckedWriter
from rag.errors import ModelError, ModelTimeout, ModelUnavailable
from rag.events import Event, SentenceChecked, Token
from rag.types import Action, Answer, Evidence, Form, Outcome, Plan, Turn, Verdict
from tests.fakes import finish, passages

TEXT = "新馆位于城东。新馆内共有70个座位。"
PLAN = Plan(Action.RETRIEVE, question="新馆共有多少个座位？")


class Author:
    """Writes the given pieces; an error among them is raised."""

    def __init__(self, *pieces: str | ModelError) -> None:
        self._pieces = pieces
        self.asked = self.closed = False

    @property
    def model(self) -> str:
        return "author"

    def generate(self, plan: Plan, evidence: Sequence[Evidence], history: Sequence[Turn]) -> Iterator[str]:
        self.asked = True
        try:
            for piece in self._pieces:
                if isinstance(piece, ModelError):
                    raise piece
                yield piece
        finally:
            self.closed = True


def write(
    author: Author, *texts: str, plan: Plan = PLAN, show: bool = True, fallback: bool = True, small: bool = False
) -> tuple[list[Event], Answer]:
    quotes = ExtractiveGenerator() if fallback else None
    writer = CheckedWriter(author, RuleChecker(), fallback=quotes, show_unsupported=show, small=small)
    return finish(writer.write(plan, passages(*(texts or (TEXT,))), ()))


def test_a_models_answer_is_checked_and_cited() -> None:
    events, answer = write(Author("新馆内共有", "70个座位。"))
    assert answer.text == "新馆内共有70个座位。[1]"
    assert (answer.outcome, answer.model) == (Outcome.ANSWERED, "author")
    assert [sentence.verdict for sentence in answer.sentences] == [Verdict.SUPPORTED]
    assert answer.citations[0].quote == "新馆内共有70个座位。"
    assert "".join(event.text for event in events if isinstance(event, Token)) == answer.text


@pytest.mark.parametrize("error", [ModelTimeout("slow"), ModelUnavailable("down")])
def test_a_model_that_fails_before_its_first_piece_gives_way_to_quotes(error: ModelError) -> None:
    _, answer = write(Author(error))
    assert answer.text.startswith("新馆内共有70个座位。[1]")
    assert answer.model == ""


def test_without_a_stand_in_the_failure_is_raised() -> None:
    with pytest.raises(ModelTimeout):
        write(Author(ModelTimeout("slow")), fallback=False)


def test_a_failure_mid_answer_is_raised_after_what_came_is_checked() -> None:
    steps = CheckedWriter(Author("新馆位于城东", ModelTimeout("slow")), RuleChecker(), fallback=ExtractiveGenerator()).write(
        PLAN, passages(TEXT), ()
    )
    events: list[Event] = []
    with pytest.raises(ModelTimeout):
        for event in steps:
            events.append(event)
    assert [event.sentence.text for event in events if isinstance(event, SentenceChecked)] == ["新馆位于城东"]


def test_a_model_that_writes_nothing_gives_way_to_quotes() -> None:
    assert write(Author(" \n"))[1].model == ""


def test_when_all_is_withheld_quotes_stand_in() -> None:
    events, answer = write(Author("香蕉富含钾元素。"), show=False)
    assert answer.text.startswith("新馆内共有70个座位。[1]")
    assert all("香蕉" not in event.text for event in events if isinstance(event, Token))


def test_shown_unsupported_sentences_are_marked_not_dropped() -> None:
    _, answer = write(Author("香蕉富含钾元素。"))
    assert answer.text == "香蕉富含钾元素。"
    assert answer.sentences[0].verdict is Verdict.UNSUPPORTED


def test_an_answer_that_only_says_that_nothing_is_there_abstains() -> None:
    _, answer = write(Author("资料中没有提到。"))
    assert (answer.text, answer.outcome, answer.sentences) == ("资料中没有提到。", Outcome.ABSTAINED, ())


def test_a_small_models_sentences_without_support_are_left_out() -> None:
    events, answer = write(Author("以下是答案。", "新馆内共有70个座位。", "新馆归香蕉公司所有。"), small=True)
    assert (answer.text, answer.model) == ("新馆内共有70个座位。[1]", "author")
    assert all("香蕉" not in event.text for event in events if isinstance(event, Token))


@pytest.mark.parametrize("said", ["资料中没有提到。", "新馆有900个座位。", "- \n- \n- "])
def test_a_small_model_that_has_no_answer_gives_way_to_quotes(said: str) -> None:
    events, answer = write(Author(said), small=True)
    assert answer.text.startswith("新馆内共有70个座位。[1]")
    assert answer.model == ""
    assert "".join(event.text for event in events if isinstance(event, Token)) == answer.text


@pytest.mark.parametrize(
    "plan",
    [
        replace(PLAN, form=Form.TABLE),
        replace(PLAN, form=Form.LIST),
        replace(PLAN, parts=("新馆", "旧馆")),
        replace(PLAN, question="请总结新馆的情况"),
        replace(PLAN, question="为什么新馆位于城东？"),
    ],
)
def test_a_small_model_is_asked_for_facts_only(plan: Plan) -> None:
    author = Author("新馆内共有70个座位。")
    _, answer = write(author, plan=plan, small=True)
    assert answer.model == "" and not author.asked
    assert write(author, plan=plan)[1].model == "author"


def test_a_denial_does_not_smuggle_a_claim() -> None:
    _, answer = write(Author("资料中没有提到座位，但新馆有900个座位。"))
    assert answer.sentences[0].verdict is not Verdict.SUPPORTED


def test_conflicting_passages_are_told() -> None:
    _, answer = write(Author("新馆内共有70个座位。"), TEXT, TEXT.replace("70", "170"))
    assert [(c.first.marker, c.second.marker) for c in answer.conflicts] == [(1, 2)]


@pytest.mark.parametrize(
    ("plan", "missing"),
    [
        (replace(PLAN, missing=("价格",)), ("价格",)),
        (replace(PLAN, parts=("新馆的座位", "Louvre 的座位")), ("Louvre 的座位",)),
        (replace(PLAN, parts=("新馆的座位", "新馆的位置")), ()),
        (replace(PLAN, parts=("the new hall", "the old hall")), ()),
    ],
)
def test_parts_without_evidence_are_named_and_make_the_answer_partial(plan: Plan, missing: tuple[str, ...]) -> None:
    _, answer = write(Author("新馆内共有70个座位。"), plan=plan)
    assert answer.missing == missing
    assert answer.outcome is (Outcome.PARTIAL if missing else Outcome.ANSWERED)


def test_breaking_off_closes_the_model() -> None:
    author = Author("新馆位于城东。", "新馆内共有70个座位。")
    steps = CheckedWriter(author, RuleChecker()).write(PLAN, passages(TEXT), ())
    next(steps)
    steps.close()
    assert author.closed


def test_what_comes_close_is_quoted_behind_the_opening_and_stays_an_abstention() -> None:
    author, opening = Author("这不是原文。"), "没有明确答案：\n\n"
    plan = replace(PLAN, action=Action.ABSTAIN, missing=("座位",))
    writer = CheckedWriter(author, RuleChecker(), fallback=ExtractiveGenerator())
    events, answer = finish(writer.write(plan, passages(TEXT), (), opening=opening))
    assert not author.asked
    assert answer.text.startswith(f"{opening}新馆内共有70个座位。[1]")
    assert "".join(event.text for event in events if isinstance(event, Token)) == answer.text.removeprefix(opening)
    first = answer.sentences[0]
    assert answer.text[first.start : first.end] == "新馆内共有70个座位。[1]"
    assert (answer.outcome, answer.missing) == (Outcome.ABSTAINED, ("座位",))


def test_an_opening_is_not_taken_for_an_answer() -> None:
    writer = CheckedWriter(Author(ModelTimeout("slow")), RuleChecker(), fallback=ExtractiveGenerator())
    answer = finish(writer.write(PLAN, passages(TEXT), (), opening="开头。"))[1]
    assert answer.text.startswith("开头。新馆内共有70个座位。[1]")
