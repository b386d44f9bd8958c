"""The OpenAI client against a real server on the loopback: time-outs, retries, refusals, secrets, threads."""

from __future__ import annotations

import logging
import threading
import time

import pytest

from rag.errors import ModelTimeout, ModelUnavailable
from rag.interfaces import Message
from rag.llm import Timeouts
from tests.fake_openai import FakeOpenAI, Reply, Step, fails, refused_url, says, step_by_step
from tests.llm.asking import ASK, KEY, QUICK, model, reply


def hangs(before_headers: bool = False, *, comments: bool = False) -> Step:
    def step(stream: Reply) -> None:
        if not before_headers:
            stream.begin()
            stream.piece("a")
        if comments:
            stream.wait_until_reader_leaves(3)
        else:
            stream.hang()

    return step


def test_silence_before_the_headers_times_out() -> None:
    began = time.monotonic()
    with FakeOpenAI([hangs(before_headers=True)]) as server, pytest.raises(ModelTimeout):
        list(model(server, timeouts=QUICK).stream(ASK))
    assert 0.8 < time.monotonic() - began < 5


@pytest.mark.parametrize("comments", [False, True], ids=["silence", "keep-alive comments only"])
def test_silence_mid_stream_times_out_and_keeps_what_came(comments: bool) -> None:
    with FakeOpenAI([hangs(comments=comments)]) as server:
        pieces = model(server, timeouts=Timeouts(1, 5, 0.4, 10)).stream(ASK)
        assert next(pieces) == "a"
        began = time.monotonic()
        with pytest.raises(ModelTimeout):
            next(pieces)
        assert 0.3 < time.monotonic() - began < 4
        assert server.closed.wait(5)


def test_a_slow_first_piece_may_take_longer_than_the_next_ones() -> None:
    def step(stream: Reply) -> None:
        stream.begin()
        time.sleep(0.7)
        stream.piece("a")
        stream.done()

    assert reply(step, timeouts=Timeouts(1, 8, 0.5, 20))[0] == "a"


def test_a_trickle_ends_at_the_total_time() -> None:
    def step(stream: Reply) -> None:
        stream.begin()
        while True:
            stream.piece("a")
            time.sleep(0.1)

    began = time.monotonic()
    with FakeOpenAI([step]) as server, pytest.raises(ModelTimeout):
        list(model(server, timeouts=Timeouts(1, 5, 3, 0.8)).stream(ASK))
    assert 0.7 < time.monotonic() - began < 5


def test_the_readers_own_time_is_no_silence() -> None:
    with FakeOpenAI([step_by_step("ab", taken := threading.Semaphore(0))]) as server:
        pieces = model(server, timeouts=Timeouts(1, 5, 0.4, 20)).stream(ASK)
        assert next(pieces) == "a"
        taken.release()
        time.sleep(0.6)
        assert next(pieces) == "b"


@pytest.mark.parametrize("fault", [fails(429, retry_after="0"), fails(500), fails(502, "<html>bad gateway</html>"), fails(503)])
def test_passing_faults_are_tried_again(fault: Step) -> None:
    text, server = reply(fault, fault, says("a"))
    assert text == "a"
    assert len(server.requests) == 3


def test_a_connection_that_breaks_before_the_first_piece_is_tried_again() -> None:
    def step(stream: Reply) -> None:
        stream.handler.close_connection = True
        stream.handler.connection.close()

    assert reply(step, says("a"))[0] == "a"


def test_retry_after_is_honoured() -> None:
    waits: list[float] = []
    reply(fails(429, retry_after="0.7"), says("a"), sleep=waits.append)
    assert waits == [0.7]


def test_a_wait_longer_than_the_first_token_may_take_is_not_waited() -> None:
    waits: list[float] = []
    with pytest.raises(ModelUnavailable, match="429"):
        reply(fails(429, retry_after="25"), says("a"), sleep=waits.append)
    assert waits == []


def test_pauses_grow_and_jitter() -> None:
    waits: list[float] = []
    with pytest.raises(ModelUnavailable):
        reply(fails(500), sleep=waits.append)
    assert len(waits) == 2
    assert 0.2 <= waits[0] <= 0.4 <= waits[1] <= 0.8


@pytest.mark.parametrize("status", [401, 403, 404])
def test_refusals_are_not_tried_again(status: int) -> None:
    with FakeOpenAI([fails(status)]) as server:
        with pytest.raises(ModelUnavailable, match=str(status)):
            list(model(server).stream(ASK))
        assert len(server.requests) == 1


def test_nothing_is_tried_again_after_the_first_piece() -> None:
    def step(stream: Reply) -> None:
        stream.handler.send_response(200)
        stream.handler.send_header("Content-Type", "text/event-stream")
        stream.handler.send_header("Transfer-Encoding", "chunked")
        stream.handler.end_headers()
        event = b'data: {"choices":[{"delta":{"content":"a"}}]}\n\n'
        stream.raw(b"%x\r\n" % len(event) + event + b"\r\n")
        stream.handler.close_connection = True

    with FakeOpenAI([step]) as server:
        pieces = model(server).stream(ASK)
        assert next(pieces) == "a"
        with pytest.raises(ModelUnavailable):
            next(pieces)
        assert len(server.requests) == 1


def test_connection_refused_is_quickly_unavailable() -> None:
    began = time.monotonic()
    with pytest.raises(ModelUnavailable, match="RAG_LLM_BASE_URL"):
        list(model(refused_url(), sleep=time.sleep).stream(ASK))
    assert time.monotonic() - began < 6


@pytest.mark.parametrize("url", ["http://nowhere.invalid/v1", "ftp://x/v1", "http://[::1/v1"])
def test_an_address_that_leads_nowhere_is_unavailable(url: str) -> None:
    with pytest.raises(ModelUnavailable):
        list(model(url, retries=0).stream(ASK))


def test_tls_to_a_plain_server_is_unavailable() -> None:
    with FakeOpenAI([says("a")]) as server, pytest.raises(ModelUnavailable):
        list(model(server.base_url.replace("http:", "https:"), retries=0).stream(ASK))


def test_the_key_is_in_no_message_and_no_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, logger="rag")
    echo = f'{{"error": {{"message": "Incorrect API key provided: {KEY}"}}}}'
    for code in (401, 500):
        with pytest.raises(ModelUnavailable) as caught:
            reply(fails(code, echo))
        seen: BaseException | None = caught.value
        while seen is not None:
            assert KEY not in f"{seen!r}{seen}"
            seen = seen.__cause__
    assert "Next try" in caplog.text
    assert KEY not in caplog.text


def test_an_endpoint_that_knows_no_usage_option_is_asked_without() -> None:
    def picky(stream: Reply) -> None:
        (fails(400) if "stream_options" in stream.body else says("a"))(stream)

    with FakeOpenAI([picky]) as server:
        asked = model(server)
        assert [list(asked.stream(ASK)), list(asked.stream(ASK))] == [["a"], ["a"]]
        assert len(server.requests) == 3


def test_a_reasoning_model_is_asked_in_its_own_words() -> None:
    def picky(stream: Reply) -> None:
        (says("a") if "max_completion_tokens" in stream.body else fails(400))(stream)

    text, server = reply(picky)
    assert text == "a"
    assert "temperature" not in server.requests[-1]


def test_one_model_serves_many_threads_without_cross_talk() -> None:
    def echo(stream: Reply) -> None:
        says(*stream.body["messages"][0]["content"])(stream)

    answers: dict[int, str] = {}
    with FakeOpenAI([echo]) as server:
        asked = model(server)

        def run(number: int) -> None:
            answers[number] = "".join(asked.stream([Message("user", f"frage-{number}")]))

        threads = [threading.Thread(target=run, args=(number,)) for number in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert answers == {number: f"frage-{number}" for number in range(12)}


def test_lone_surrogates_do_not_break_the_request() -> None:
    with FakeOpenAI([says("a")]) as server:
        assert list(model(server).stream([Message("user", "x\ud800y")])) == ["a"]
    assert server.requests[0]["messages"][0]["content"] == "x?y"
