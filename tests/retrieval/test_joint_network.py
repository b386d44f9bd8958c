"""The network that reads question and passage together: what goes in, and that padding and company change nothing."""

from __future__ import annotations

import math

import pytest

from rag.retrieval.joint_network import (
    MARKS,
    MOST_TOKENS,
    Passage,
    Tokens,
    Weights,
    joined,
    pair,
    read,
    shapes,
)
from tests.fakes import HashEmbedder
from tests.retrieval.joint import drawn_weights

WIDTH = 16


def tokens(text: str) -> Tokens:
    embedding = HashEmbedder(dimension=WIDTH).embed_query(text)
    return Tokens(text, embedding.tokens, embedding.spans)


def passage(text: str, above: str = "手册") -> Passage:
    return Passage(tokens(text), above, tokens(above).vectors)


@pytest.fixture(scope="module")
def weights() -> Weights:
    return drawn_weights(WIDTH)


QUESTION = tokens("押金多少钱 300")
PASSAGES = [passage("押金３００元。"), passage("预约要提前三天，由前台办理，逾期不候。"), passage("GPT-4o")]


def test_a_passage_is_read_the_same_alone_and_among_longer_ones(weights: Weights) -> None:
    together, spots = read(weights, joined([pair(QUESTION, one) for one in PASSAGES]))
    for number, one in enumerate(PASSAGES):
        alone, own = read(weights, joined([pair(QUESTION, one)]))
        assert float(alone[0]) == pytest.approx(float(together[number]), abs=1e-4)
        assert own[0].tolist() == pytest.approx(spots[number, : own.shape[1]].tolist(), abs=1e-3)


def test_only_tokens_of_the_passage_can_be_of_the_answer(weights: Weights) -> None:
    given = joined([pair(QUESTION, one) for one in PASSAGES])
    spots = read(weights, given)[1]
    for row, one in enumerate(PASSAGES):
        start = len(QUESTION.vectors) + len(one.above_vectors)
        told = [number for number, value in enumerate(spots[row].tolist()) if value > -1e4]
        assert told == list(range(start, start + len(one.tokens.vectors)))
        assert given.starts[row] == start


def test_the_question_and_the_order_of_the_words_count(weights: Weights) -> None:
    def asked(question: str, text: str) -> float:
        return float(read(weights, joined([pair(tokens(question), passage(text))]))[0][0])

    assert asked("押金多少钱", "押金300元") != pytest.approx(asked("几点开门", "押金300元"), abs=1e-3)
    assert asked("押金多少钱", "押金300元") != pytest.approx(asked("押金多少钱", "元300押金"), abs=1e-3)


def test_marks_tell_of_words_in_both_texts_of_what_stands_above_and_of_digits() -> None:
    both = pair(tokens("押金 300 的"), passage("押金３００元的", above="押金"))
    asked, above, told = both.marks[: both.question], both.marks[both.question : both.question + both.above], both.marks[both.question + both.above :]
    assert both.marks.shape == (len(both.vectors), MARKS)
    assert asked[:, 0].tolist() == [1, 1, 1, 0]  # 押 金 300 的: in whatever width, and 的 is no word
    assert asked[:, 1].tolist() == [1, 1, 0, 0]
    assert asked[:, 2].tolist() == [0, 0, 1, 0]
    assert not above.any()
    assert told[:, 0].tolist() == [1, 1, 1, 0, 0]
    assert asked[0, 3] == pytest.approx((1 - 0.85) * 10, abs=1e-4)  # the same token stands in the passage


def test_what_is_behind_the_first_tokens_of_a_long_passage_is_not_read(weights: Weights) -> None:
    text = "字" * MOST_TOKENS
    short, long = (read(weights, joined([pair(QUESTION, passage(each))])) for each in (text, text + "钱" * 40))
    assert short[1].shape == long[1].shape
    # The words behind are known to stand there: that is a mark of the question's tokens, no more.
    assert math.isfinite(float(long[0][0]))


def test_shapes_are_those_that_are_read() -> None:
    assert shapes(384, 128)["enter.weight"] == (128, 384)
    assert sum(math.prod(shape) for shape in shapes(384, 128).values()) < 500_000
