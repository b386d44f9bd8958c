"""The OpenAI client against a real server on the loopback: what it sends, reads and cuts."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence

import pytest

from rag.errors import MalformedReply, ModelError, ModelUnavailable
from rag.llm import Usage
from tests.fake_openai import FakeOpenAI, Reply, Step, chunk, says, step_by_step
from tests.llm.asking import ASK, KEY, model, reply


def test_pieces_come_as_they_are_written() -> None:
    with FakeOpenAI([step_by_step("知据。", taken := threading.Semaphore(0))]) as server:
        pieces = model(server).stream(ASK)
        for piece in "知据。":
            assert next(pieces) == piece
            taken.release()
        assert list(pieces) == []
    assert server.requests[0]["messages"] == [{"role": "user", "content": "问题"}]
    assert server.requests[0]["temperature"] == 0.0
    assert server.requests[0]["max_tokens"] == 800
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"


def test_usage_is_recorded_where_it_is_given() -> None:
    with FakeOpenAI([says("a", usage=(10, 3))]) as server:
        asked = model(server)
        for _ in range(2):
            list(asked.stream(ASK))
    assert asked.usage == Usage(requests=2, prompt_tokens=20, completion_tokens=6)


def odd(*writes: object) -> Step:
    """A stream of odd things: bytes go out as they are, the rest as events; an ending follows."""

    def step(stream: Reply) -> None:
        stream.begin()
        for write in writes:
            if isinstance(write, bytes):
                stream.raw(write)
                time.sleep(0.02)
            else:
                stream.event(write)
        stream.done()

    return step


HALVES = 'data: {"choices":[{"index":0,"delta":{"content":"据"}}]}\n\n'.encode()


@pytest.mark.parametrize(
    "writes",
    [
        [HALVES[:50], HALVES[50:52], HALVES[52:]],
        [b"da", b"ta: ", HALVES[6:]],
        [b": keep-alive\n\n", chunk({"content": "据"}), b": keep-alive\n\n"],
        [{**chunk({}), "choices": []}, chunk({"content": "据"})],
        [{**chunk({}), "choices": [{"index": 0, "delta": None}]}, chunk({"content": "据"})],
        [chunk({"content": None}), chunk({"content": "据"}), chunk({}, finish="stop"), chunk({}, finish="stop")],
        [chunk({"reasoning_content": "想", "content": None}), chunk({"content": "据"})],
        [chunk({"content": "<thi"}), chunk({"content": "nk>想\n"}), chunk({"content": "</think>\n\n据"})],
        [b"event: message\r\n", b'data: {"choices":[{"delta":{"content":"\\u636e"}}]}\r\n\r\n'],
    ],
    ids=["split UTF-8", "split field name", "comments", "no choices", "null delta", "null content", "reasoning", "think", "CRLF"],
)
def test_odd_streams_are_read(writes: Sequence[object]) -> None:
    assert reply(odd(*writes))[0] == "据"


def test_missing_done_is_an_end_where_a_reason_was_given() -> None:
    def step(stream: Reply) -> None:
        stream.begin()
        stream.piece("据")
        stream.event(chunk({}, finish="stop"))

    assert reply(step)[0] == "据"


def test_a_stream_that_ends_without_a_word_of_its_end_was_cut() -> None:
    def step(stream: Reply) -> None:
        stream.begin()
        stream.piece("AlphaQubit 是")

    with FakeOpenAI([step]) as server:
        pieces = model(server).stream(ASK)
        assert next(pieces) == "AlphaQubit 是"
        with pytest.raises(ModelUnavailable, match="broke off"):
            next(pieces)


def test_pieces_that_came_together_are_one() -> None:
    together = b"".join(b"data: " + json.dumps(chunk({"content": text})).encode() + b"\n\n" for text in "知据。")
    with FakeOpenAI([odd(together)]) as server:
        assert list(model(server).stream(ASK)) == ["知据。"]


def test_what_came_together_with_an_error_is_shown_before_it() -> None:
    broken = b"data: " + json.dumps(chunk({"content": "a"})).encode() + b"\n\ndata: {broken\n\n"
    with FakeOpenAI([odd(broken)]) as server:
        pieces = model(server).stream(ASK)
        assert next(pieces) == "a"
        with pytest.raises(MalformedReply):
            next(pieces)


def test_invalid_json_mid_stream_is_a_malformed_reply() -> None:
    with FakeOpenAI([odd(chunk({"content": "a"}), b"data: {broken\n\n")]) as server:
        pieces = model(server).stream(ASK)
        assert next(pieces) == "a"
        with pytest.raises(MalformedReply):
            next(pieces)


@pytest.mark.parametrize("nonsense", [b"data: []\n\n", b"data: 7\n\n", b'data: "x"\n\n', b"data: null\n\n"])
def test_a_reply_of_nonsense_is_a_model_error(nonsense: bytes) -> None:
    with pytest.raises(ModelError):
        reply(odd(nonsense), retries=0)


def test_an_empty_reply_is_malformed() -> None:
    with pytest.raises(MalformedReply, match="empty"):
        reply(says())


def test_an_error_event_is_raised() -> None:
    with pytest.raises(ModelUnavailable):
        reply(odd({"error": {"message": f"boom {KEY}"}}), retries=0)


def test_a_huge_piece_is_cut() -> None:
    text, _ = reply(says("x" * 1_000_000), max_tokens=100)
    assert text == "x" * 800


def test_an_endless_stream_is_cut_and_its_connection_closed() -> None:
    def step(stream: Reply) -> None:
        stream.begin()
        while True:
            stream.piece("字" * 10)

    with FakeOpenAI([step]) as server:
        assert len("".join(model(server, max_tokens=50).stream(ASK))) == 400
        assert server.closed.wait(2)


def test_endless_thoughts_are_cut() -> None:
    def step(stream: Reply) -> None:
        stream.begin()
        while True:
            stream.piece(None, reasoning_content="想" * 50)

    with FakeOpenAI([step]) as server, pytest.raises(MalformedReply):
        list(model(server, max_tokens=50).stream(ASK))


def test_closing_the_stream_closes_the_connection() -> None:
    def step(stream: Reply) -> None:
        stream.begin()
        stream.piece("a")
        stream.wait_until_reader_leaves()

    with FakeOpenAI([step]) as server:
        pieces = model(server).stream(ASK)
        assert next(pieces) == "a"
        pieces.close()
        assert server.closed.wait(2)
