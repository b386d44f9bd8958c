"""What a model knows itself: asked several times without the documents, told where it contradicts them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from rag.answering.checker import RuleChecker
from rag.answering.extractive import ExtractiveGenerator
from rag.answering.model_generator import ModelGenerator
from rag.answering.own_knowledge import SAMPLING, OwnKnowledge
from rag.answering.writer import CheckedWriter
from rag.errors import ModelError, ModelTimeout
from rag.interfaces import Message
from rag.types import Action, Answer, Citation, Outcome, Plan, Verdict
from tests.fake_openai import FakeOpenAI, Step, fails, says
from tests.fakes import finish, passages
from tests.llm.asking import model

SEATS = "新馆共有多少个座位？"
TEXT = "新馆内共有70个座位。"
YEAR = "新馆是哪一年开放的？"
OPENED = "新馆于1987年开放。"


class Replying:
    """Gives its replies in turn; an error among them is raised."""

    name = "replying"

    def __init__(self, *replies: str | ModelError) -> None:
        self._replies = list(replies)
        self.asked: list[Sequence[Message]] = []
        self.temperatures: list[float | None] = []

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int | None = None, temperature: float | None = None
    ) -> Iterator[str]:
        self.asked.append(messages)
        self.temperatures.append(temperature)
        reply = self._replies.pop(0)
        if isinstance(reply, ModelError):
            raise reply
        yield from reply

    def decide(self, messages: Sequence[Message], schema: Mapping[str, Any]) -> dict[str, Any]:
        raise NotImplementedError


def answered(text: str, quote: str = "") -> Answer:
    cited = (Citation(1, "c1", "d1", quote, 0, len(quote), Verdict.SUPPORTED),) if quote else ()
    return Answer(text, (), cited, Outcome.ANSWERED)


def objection(question: str, answer: str, *replies: str, times: int = 3, quote: str = "") -> str:
    plan = Plan(Action.RETRIEVE, question=question)
    return OwnKnowledge(Replying(*replies), times).objection(plan, answered(answer, quote))


@pytest.mark.parametrize(
    ("question", "answer", "reply"),
    [
        (SEATS, f"{TEXT}[1]", "80个"),
        (SEATS, f"{TEXT}[1]", "80"),
        (SEATS, "新馆内共有七十个座位。[1]", "80个座位"),
        ("How many seats are there?", "The hall has 70 seats.[1]", "80"),
        (YEAR, f"{OPENED}[1]", "1990年"),
        (YEAR, f"{OPENED}[1]", "1990"),
        ("When did the hall open?", "It opened on 17 October 2016.[1]", "October 2015"),
        ("Who discovered radium?", "Radium was discovered by Marie Curie.[1]", "Ernest Rutherford"),
    ],
)
def test_another_value_than_the_answers_is_an_objection(question: str, answer: str, reply: str) -> None:
    assert objection(question, answer, reply, reply, reply) == reply


@pytest.mark.parametrize(
    ("question", "answer", "reply"),
    [
        (SEATS, f"{TEXT}[1]", "七十个"),
        (SEATS, f"{TEXT}[1]", "70"),
        (SEATS, f"{TEXT}[1]", "80人"),
        (SEATS, f"{TEXT}旧馆有80个。[1]", "80个"),
        (SEATS, "新馆座位很多。[1]", "80个"),
        (SEATS, f"{TEXT}[80]", "不知道"),
        (SEATS, f"{TEXT}[1]", "很多"),
        (SEATS, f"{TEXT}[1]", "80个。" + "座位很多。" * 20),
        (YEAR, f"{OPENED}[1]", "1987年5月"),
        (YEAR, "新馆于5月开放。[1]", "1990年"),
        ("When did the hall open?", "It opened on 17 October 2016.[1]", "October 2016"),
        ("Who discovered radium?", "Radium was discovered by Marie Curie.[1]", "Curie"),
        ("Who discovered radium?", "Radium was discovered by Marie Curie.[1]", "unknown"),
        ("新馆怎么样？", f"{TEXT}[1]", "有80个座位"),
    ],
)
def test_agreement_ignorance_and_what_cannot_be_compared_are_none(question: str, answer: str, reply: str) -> None:
    assert objection(question, answer, reply, reply, reply) == ""


def test_a_name_that_a_cited_passage_holds_is_no_objection() -> None:
    question, answer = "Who discovered radium?", "Radium was discovered by Marie Curie.[1]"
    quote = "Marie Curie, with Pierre Curie and Gustave Bémont, discovered radium."
    assert objection(question, answer, *["Gustave Bémont"] * 3, quote=quote) == ""


@pytest.mark.parametrize(
    ("replies", "expected", "asked"),
    [
        (["80个", "80", "unused"], "80个", 2),
        (["90个", "80个", "80个座位"], "80个", 3),
        (["80个", "90个", "100个"], "", 3),
        (["不知道", "不知道", "unused"], "", 2),
        (["80个", "不知道", "80个"], "80个", 3),
    ],
)
def test_more_than_half_must_agree_and_no_more_is_asked_than_needed(
    replies: list[str], expected: str, asked: int
) -> None:
    replying = Replying(*replies)
    assert OwnKnowledge(replying, 3).objection(Plan(Action.RETRIEVE, question=SEATS), answered(TEXT)) == expected
    assert len(replying.asked) == asked


def test_the_question_alone_is_asked_and_sampled() -> None:
    replying = Replying("80个", "80个")
    OwnKnowledge(replying, 2).objection(Plan(Action.RETRIEVE, question=SEATS), answered(TEXT, TEXT))
    assert replying.temperatures == [SAMPLING] * 2
    assert [message.role for message in replying.asked[0]] == ["system", "user"]
    assert replying.asked[0][1].content == SEATS


def test_a_question_of_several_parts_is_not_asked() -> None:
    plan = Plan(Action.RETRIEVE, question=SEATS, parts=("新馆的座位", "旧馆的座位"))
    replying = Replying("80个")
    assert OwnKnowledge(replying, 1).objection(plan, answered(TEXT)) == ""
    assert replying.asked == []


def test_a_failing_model_objects_to_nothing() -> None:
    replying = Replying("80个", ModelTimeout("slow"))
    assert OwnKnowledge(replying, 3).objection(Plan(Action.RETRIEVE, question=SEATS), answered(TEXT)) == ""


def write(*script: Step, show: bool = True) -> tuple[Answer, FakeOpenAI]:
    with FakeOpenAI(script) as server:
        asked = model(server, retries=0)
        writer = CheckedWriter(
            ModelGenerator(asked),
            RuleChecker(),
            fallback=ExtractiveGenerator(),
            show_unsupported=show,
            knowledge=OwnKnowledge(asked, 3),
        )
        plan = Plan(Action.RETRIEVE, question=SEATS)
        return finish(writer.write(plan, passages(TEXT), ()))[1], server


def test_the_answer_stands_and_carries_what_a_real_endpoint_would_have_said() -> None:
    answer, server = write(says(TEXT), says("90个"), says("80", "个"), says("80个座位。"))
    assert (answer.text, answer.recalled) == (f"{TEXT}[1]", "80个")
    assert [body["temperature"] for body in server.requests] == [0.0, *[SAMPLING] * 3]
    assert all(TEXT not in message["content"] for body in server.requests[1:] for message in body["messages"])


def test_an_endpoint_that_fails_afterwards_leaves_the_answer_as_it_is() -> None:
    answer, server = write(says(TEXT), fails(503))
    assert (answer.text, answer.recalled) == (f"{TEXT}[1]", "")
    assert len(server.requests) == 2


def test_a_model_that_failed_to_answer_is_not_asked_again() -> None:
    answer, server = write(fails(401))
    assert (answer.text, answer.recalled) == (f"{TEXT}[1]", "")
    assert len(server.requests) == 1


def test_quotes_stand_in_for_a_withheld_answer_and_the_objection_is_told() -> None:
    answer, _ = write(says("香蕉有80根。"), says("80个"), show=False)
    assert (answer.model, answer.recalled) == ("", "80个")


def test_without_an_answer_nothing_is_asked() -> None:
    answer, server = write(says("资料中没有提到。"))
    assert answer.outcome is Outcome.ABSTAINED
    assert answer == replace(answer, recalled="")
    assert len(server.requests) == 1
