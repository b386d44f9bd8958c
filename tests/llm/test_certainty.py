"""Log-probabilities: read where they come, laid over the text, asked for and done without."""

from __future__ import annotations

import math
from typing import Any

import pytest

from rag.assemble import language_model
from rag.config import Settings
from rag.interfaces import Piece, probabilities_of
from rag.llm import CircuitBreaker
from rag.llm.certainty import Certainty, joined, probabilities_in, rivals_in
from tests.fake_openai import FakeOpenAI, Reply, chunk, fails, says, says_surely
from tests.llm.asking import ASK, model


def told(*tokens: tuple[str, object]) -> dict[str, Any]:
    return {"content": [{"token": token, "logprob": logprob} for token, logprob in tokens]}


@pytest.mark.parametrize(
    ("logprobs", "text", "expected"),
    [
        (told(("新馆", math.log(0.5)), ("7", math.log(0.25))), "新馆7", (0.5, 0.5, 0.25)),
        (told(("\\xe9", math.log(0.5)), ("\\xa6", math.log(0.25))), "馆", (0.25,)),
        (told(("a", 0.3)), "a", (1.0,)),
        (told(("a", float("nan")), ("b", None), ("c", True)), "abc", (1.0, 1.0, 1.0)),
        (told(("a", float("-inf")), ("b", -(10**400))), "ab", (math.exp(-100), math.exp(-100))),
        (told(), "a", ()),
        (None, "a", ()),
        ([], "a", ()),
        ({"content": None}, "a", ()),
        ({"content": ["a", 7]}, "a", ()),
        (told(("a", -1.0)), "", ()),
    ],
)
def test_every_character_has_the_probability_of_its_token(
    logprobs: object, text: str, expected: tuple[float, ...]
) -> None:
    assert probabilities_in(logprobs, text) == pytest.approx(expected)


def test_what_a_filter_held_back_keeps_its_probabilities() -> None:
    certainty = Certainty()
    certainty.add("想想", (0.1, 0.2))
    assert certainty.lay("") == ""
    certainty.add("好的", (0.3, 0.4))
    shown = certainty.lay("想好的")
    assert isinstance(shown, Piece)
    assert shown.probabilities == (0.2, 0.3, 0.4)
    certainty.add("吗", ())
    assert probabilities_of(certainty.lay("吗")) == (1.0,)


def test_text_of_which_no_probability_is_told_stays_plain() -> None:
    certainty = Certainty()
    certainty.add("好", ())
    assert type(certainty.lay("好")) is str
    assert type(joined(["a", "b"])) is str


def test_pieces_are_text_and_are_joined_with_their_probabilities() -> None:
    whole = joined(["a", Piece("bc", (0.5, 0.6))])
    assert whole == "abc"
    assert probabilities_of(whole) == (1.0, 0.5, 0.6)


def heard(*pieces: str) -> list[tuple[str, float]]:
    return [pair for piece in pieces for pair in zip(piece, (round(p, 6) for p in probabilities_of(piece)), strict=True)]


def test_a_stream_with_log_probabilities_gives_pieces_through_the_breaker() -> None:
    with FakeOpenAI([says_surely(("新馆", 0.9), ("70", 0.25), ("座", 1.0))]) as server:
        pieces = list(CircuitBreaker(model(server, logprobs=True)).stream(ASK))
    assert all(isinstance(piece, Piece) for piece in pieces)
    assert heard(*pieces) == [("新", 0.9), ("馆", 0.9), ("7", 0.25), ("0", 0.25), ("座", 1.0)]
    assert server.requests[0]["logprobs"] is True


def test_thoughts_take_their_probabilities_along() -> None:
    with FakeOpenAI([says_surely(("<think>", 0.1), ("想</think>", 0.2), ("答", 0.5))]) as server:
        pieces = list(model(server, logprobs=True).stream(ASK))
    assert heard(*pieces) == [("答", 0.5)]


@pytest.mark.parametrize("least", [0.0, 0.5])
def test_the_setting_of_second_looks_asks_for_them(least: float) -> None:
    with FakeOpenAI([says("a")]) as server:
        settings = Settings.load({"OPENAI_API_KEY": "none", "OPENAI_BASE_URL": server.base_url}, second_look=least)
        asked = language_model(settings)
        assert asked is not None
        list(asked.stream(ASK))
    assert ("logprobs" in server.requests[0]) is (least > 0)


def test_they_are_asked_for_only_when_wanted() -> None:
    with FakeOpenAI([says("a")]) as server:
        (piece,) = model(server).stream(ASK)
    assert type(piece) is str
    assert "logprobs" not in server.requests[0]


def test_an_endpoint_without_them_answers_in_plain_text() -> None:
    with FakeOpenAI([says("知据")]) as server:
        assert [type(piece) for piece in model(server, logprobs=True).stream(ASK)] == [str]


@pytest.mark.parametrize("status", [400, 422])
def test_an_endpoint_that_refuses_them_is_asked_again_without_once(status: int) -> None:
    def picky(stream: Reply) -> None:
        (fails(status) if "logprobs" in stream.body else says("a"))(stream)

    with FakeOpenAI([picky]) as server:
        asked = model(server, logprobs=True)
        assert [list(asked.stream(ASK)), list(asked.stream(ASK))] == [["a"], ["a"]]
    assert [("logprobs" in body, "stream_options" in body) for body in server.requests] == [
        (True, True), (False, True), (False, True)
    ]  # fmt: skip


def test_an_endpoint_that_knows_no_usage_option_is_still_asked_for_them() -> None:
    def picky(stream: Reply) -> None:
        (fails(400) if "stream_options" in stream.body else says_surely(("a", 0.5)))(stream)

    with FakeOpenAI([picky]) as server:
        (piece,) = model(server, logprobs=True).stream(ASK)
    assert probabilities_of(piece) == pytest.approx((0.5,))


@pytest.mark.parametrize("logprobs", [7, "x", [], {"content": {}}, {"content": [{}]}, {"content": [{"token": 1, "logprob": "x"}]}])
def test_nonsense_in_their_place_does_no_harm(logprobs: object) -> None:
    def step(stream: Reply) -> None:
        stream.begin()
        value: dict[str, Any] = chunk({"content": "知据"})
        value["choices"][0]["logprobs"] = logprobs
        stream.event(value)
        stream.done()

    with FakeOpenAI([step]) as server:
        pieces = list(model(server, logprobs=True).stream(ASK))
    assert "".join(pieces) == "知据"
    assert set(probabilities_of(pieces[0])) == {1.0}


RIVALS = {"有": 0.5, "无": 0.25}


@pytest.mark.parametrize(("longest", "expected"), [(1, RIVALS), (2, {})])
def test_of_a_word_it_is_told_what_else_it_might_have_been(longest: int, expected: dict[str, float]) -> None:
    with FakeOpenAI([says_surely(("有", 0.5), first=RIVALS)]) as server:
        (piece,) = CircuitBreaker(model(server, logprobs=True)).stream(ASK, max_tokens=longest)
    assert isinstance(piece, Piece)
    assert dict(piece.first) == pytest.approx(expected)
    assert server.requests[0].get("top_logprobs") == (10 if expected else None)


def test_an_endpoint_that_tells_no_rivals_is_asked_again_without_and_texts_are_asked_for_as_before() -> None:
    def picky(stream: Reply) -> None:
        (fails(400) if "top_logprobs" in stream.body else says_surely(("有", 0.5)))(stream)

    with FakeOpenAI([picky]) as server:
        asked = model(server, logprobs=True)
        said = [piece for longest in (1, 1, 5) for piece in asked.stream(ASK, max_tokens=longest)]
    assert [(str(piece), probabilities_of(piece)) for piece in said] == [("有", (0.5,))] * 3
    assert ["top_logprobs" in body for body in server.requests] == [True, False, False, False]


@pytest.mark.parametrize("told", [7, "x", [], [7], [{}], [{"token": 1, "logprob": -1}]])
def test_nonsense_in_place_of_rivals_does_no_harm(told: object) -> None:
    assert rivals_in({"content": [{"token": "a", "logprob": -1, "top_logprobs": told}]}) == {}
