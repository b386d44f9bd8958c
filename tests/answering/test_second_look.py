"""Second looks: which sentences are uncertain, what is searched for, and what comes of it."""

from __future__ import annotations

from collections.abc import Generator as Steps
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from rag.answering.checker import RuleChecker
from rag.answering.extractive import ExtractiveGenerator
from rag.answering.model_generator import ModelGenerator
from rag.answering.reasons import Reason
from rag.answering.second_look import MOST, Heard, uncertain
from rag.answering.writer import CheckedWriter
from rag.events import Event, Planned, Reranked, SentenceChecked, Token
from rag.interfaces import Generator, Look, Piece
from rag.types import Action, Answer, Evidence, Plan, Scope, Turn, Verdict
from tests.fake_openai import FakeOpenAI, says, says_surely
from tests.fakes import finish, passages
from tests.llm.asking import model

FIRST = "新馆位于城东。"
SECOND = "新馆内共有70个座位。"
PLAN = Plan(Action.RETRIEVE, ("新馆",), Scope(("d1",)), round=2, question="新馆在哪里，有多少个座位？")


def unsure(text: str, probability: float = 0.2) -> Piece:
    return Piece(text, [probability] * len(text))


class Author:
    """Writes the given pieces."""

    model = "author"

    def __init__(self, *pieces: str) -> None:
        self._pieces = pieces

    def generate(self, plan: Plan, evidence: Sequence[Evidence], history: Sequence[Turn]) -> Iterator[str]:
        yield from self._pieces


def searching(plans: list[Plan], *texts: str) -> Look:
    """A search that finds ``texts`` whatever is asked."""
    held = tuple(passages(*texts))

    def look(plan: Plan) -> Steps[Event, None, Sequence[Evidence]]:
        plans.append(plan)
        yield Reranked((), held)
        return held

    return look


def write(
    author: Generator, *found: str, held: Sequence[str] = (FIRST,), least: float = 0.5, show: bool = True
) -> tuple[list[Event], Answer, list[Plan]]:
    plans: list[Plan] = []
    writer = CheckedWriter(
        author, RuleChecker(), fallback=ExtractiveGenerator(), show_unsupported=show, second_look=least
    )
    events, answer = finish(writer.write(PLAN, passages(*held), (), searching(plans, *(found or (FIRST, SECOND)))))
    return events, answer, plans


@pytest.mark.parametrize(
    ("sentence", "low", "expected"),
    [
        (SECOND, "70", True),
        ("新馆内共有七十个座位。", "七十", True),
        ("新馆于1987年开放。", "198", True),
        ("这本书的作者是鲁迅。", "鲁迅", True),
        ("He met Marie Curie there.", "Curie", True),
        (SECOND, "座位", False),
        ("It opened early.", "opened", False),
    ],
)
def test_years_numbers_and_names_make_a_sentence_uncertain(sentence: str, low: str, expected: bool) -> None:
    place = sentence.index(low)
    probabilities = [0.2 if place <= at < place + len(low) else 0.9 for at in range(len(sentence))]
    assert uncertain(sentence, probabilities, 0.5) is expected
    assert not uncertain(sentence, probabilities, 0.1)
    assert not uncertain(sentence, [], 0.5)


def test_probabilities_are_those_of_the_sentence_not_of_bullets_and_markers() -> None:
    heard = Heard()
    for piece in ("1. ", unsure("1", 0.1), unsure("0", 0.3), " 个[1", "]座位。", "\n2. ", unsure("1 个", 0.4), "。"):
        heard.add(piece)
    assert heard.take("10 个座位。") == [0.1, 0.3, 1.0, 1.0, 1.0, 1.0, 1.0]
    assert heard.take("1 个。") == [0.4, 1.0, 0.4, 1.0]
    assert heard.take("没有说过。") == []


def test_an_uncertain_sentence_is_searched_for_and_checked_against_what_is_found() -> None:
    events, answer, plans = write(Author(FIRST, "新馆内共有", unsure("70"), "个座位。"))
    assert answer.text == f"{FIRST}[1]{SECOND}[2]"
    assert [sentence.verdict for sentence in answer.sentences] == [Verdict.SUPPORTED] * 2
    assert plans == [replace(PLAN, queries=(SECOND,), reason=Reason.SECOND_LOOK, round=3)]
    kinds = [type(event) for event in events if not isinstance(event, Token)]
    assert kinds == [SentenceChecked, Planned, Reranked, SentenceChecked]
    assert "".join(event.text for event in events if isinstance(event, Token)) == answer.text


@pytest.mark.parametrize(("probability", "least"), [(0.9, 0.5), (0.2, 0.0)], ids=["certain", "off"])
def test_without_doubt_or_the_setting_nothing_is_searched_for(probability: float, least: float) -> None:
    _, answer, plans = write(Author(FIRST, "新馆内共有", unsure("70", probability), "个座位。"), least=least)
    assert plans == []
    assert answer.sentences[1].verdict is Verdict.UNSUPPORTED


def test_what_stays_without_support_is_marked() -> None:
    _, answer, plans = write(Author("香蕉含有", unsure("9"), "种元素。"))
    assert len(plans) == 1
    assert [sentence.verdict for sentence in answer.sentences] == [Verdict.UNSUPPORTED]


def test_what_stays_without_support_is_withheld_where_it_is_to_be() -> None:
    events, answer, plans = write(Author("香蕉含有", unsure("9"), "种元素。", FIRST), show=False)
    assert len(plans) == 1
    assert answer.text == f"{FIRST}[1]"
    assert [type(event) for event in events][:2] == [Planned, Reranked]


def test_one_answer_gets_few_second_looks() -> None:
    _, answer, plans = write(Author(*(part for number in range(1, 7) for part in ("新馆有", unsure(str(number)), "扇门。"))))
    assert len(answer.sentences) == 6
    assert [plan.round for plan in plans] == [3, 4, 5]
    assert len(plans) == MOST


def test_a_cell_is_searched_for_with_what_it_is_about() -> None:
    table = ("| 馆 | 座位 |\n|---|---|\n| 新馆 | ", unsure("70"), "个 |\n")
    assert [plan.queries for plan in write(Author(*table))[2]] == [("新馆 座位 70个",)]


def test_disagreement_with_what_was_found_is_told() -> None:
    author = Author("新馆内共有", unsure("70"), "个座位。")
    _, answer, _ = write(author, SECOND, SECOND.replace("70", "170"), held=(SECOND,))
    assert [(conflict.first.marker, conflict.second.marker) for conflict in answer.conflicts] == [(1, 2)]


def test_a_writer_without_a_search_writes_as_ever() -> None:
    writer = CheckedWriter(Author("新馆内共有", unsure("70"), "个座位。"), RuleChecker(), second_look=0.5)
    assert finish(writer.write(PLAN, passages(SECOND), ()))[1].text == f"{SECOND}[1]"


def test_a_real_stream_with_log_probabilities_gets_a_second_look() -> None:
    tokens = ((FIRST, 0.9), ("[1]", 0.1), ("新馆内共有", 0.3), ("7", 0.9), ("0", 0.2), ("个座位", 0.9), ("。", 0.9))
    with FakeOpenAI([says_surely(*tokens)]) as server:
        _, answer, plans = write(ModelGenerator(model(server, logprobs=True)))
    assert [plan.queries for plan in plans] == [(SECOND,)]
    assert answer.text == f"{FIRST}[1]{SECOND}[2]"
    assert answer.model == "fake"


def test_an_endpoint_without_log_probabilities_gets_none() -> None:
    with FakeOpenAI([says(FIRST, SECOND)]) as server:
        _, answer, plans = write(ModelGenerator(model(server, logprobs=True)))
    assert plans == []
    assert [sentence.verdict for sentence in answer.sentences] == [Verdict.SUPPORTED, Verdict.UNSUPPORTED]
