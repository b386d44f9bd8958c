"""The circuit breaker: opens after repeated failures, lets one call try, closes on success."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from rag.errors import MalformedReply, ModelError, ModelTimeout, ModelUnavailable
from rag.interfaces import Message
from rag.llm import CircuitBreaker
from tests.fake_openai import FakeOpenAI, fails, says
from tests.fakes import Clock, ScriptedModel
from tests.llm.asking import ASK, model


def talking() -> ScriptedModel:
    return ScriptedModel({"ok": True}, pieces=("hello", "again"))


def broken(faults: int = 5, fault: ModelError | None = None) -> tuple[CircuitBreaker, ScriptedModel, Clock]:
    scripted, clock = talking(), Clock()
    breaker = CircuitBreaker(scripted, failures=5, window=30, pause=15, clock=clock)
    scripted.fault = fault or ModelTimeout("slow")
    for _ in range(faults):
        with pytest.raises(ModelError):
            list(breaker.stream(ASK))
    return breaker, scripted, clock


def test_five_failures_open_the_circuit() -> None:
    breaker, scripted, _ = broken(5)
    with pytest.raises(ModelUnavailable, match="left alone for 15 s"):
        list(breaker.stream(ASK))
    with pytest.raises(ModelUnavailable):
        breaker.decide(ASK, {})
    assert len(scripted.asked) == 5


def test_four_failures_do_not() -> None:
    breaker, scripted, _ = broken(4)
    scripted.fault = None
    assert list(breaker.stream(ASK)) == ["hello", "again"]
    assert not breaker.is_open


def test_failures_far_apart_do_not_open_it() -> None:
    breaker, scripted, clock = broken(4)
    clock.now += 40
    with pytest.raises(ModelTimeout):
        list(breaker.stream(ASK))
    assert not breaker.is_open
    assert len(scripted.asked) == 5


def test_malformed_replies_do_not_open_it() -> None:
    assert not broken(9, MalformedReply("odd"))[0].is_open


def test_after_the_pause_one_call_tries_and_closes_it() -> None:
    breaker, scripted, clock = broken()
    scripted.fault = None
    clock.now += 15
    first = breaker.stream(ASK)
    assert next(first) == "hello"
    assert not breaker.is_open
    assert list(first) == ["again"]


def test_only_one_call_tries_at_a_time() -> None:
    breaker, scripted, clock = broken()
    clock.now += 15
    scripted.fault = None

    class Waiting(ScriptedModel):
        def decide(self, messages: Sequence[Message], schema: Mapping[str, Any]) -> dict[str, Any]:
            with pytest.raises(ModelUnavailable):
                breaker.decide(ASK, {})
            return {"ok": True}

    breaker._model = Waiting()
    assert breaker.decide(ASK, {}) == {"ok": True}
    assert not breaker.is_open


def test_a_failed_trial_opens_it_again() -> None:
    breaker, scripted, clock = broken()
    clock.now += 15
    with pytest.raises(ModelTimeout):
        list(breaker.stream(ASK))
    clock.now += 14
    with pytest.raises(ModelUnavailable):
        list(breaker.stream(ASK))
    assert len(scripted.asked) == 6


def test_closing_the_stream_closes_the_models_and_is_no_failure() -> None:
    breaker, scripted, _ = broken(0)
    scripted.fault = None
    for _ in range(6):
        pieces = iter(breaker.stream(ASK))
        next(pieces)
        pieces.close()  # type: ignore[attr-defined]
    assert scripted.closed == 6
    assert not breaker.is_open


def test_the_real_client_behind_it_opens_and_closes() -> None:
    clock = Clock()
    with FakeOpenAI([fails(401), fails(401), says("a")]) as server:
        breaker = CircuitBreaker(model(server), failures=2, clock=clock)
        for _ in range(3):
            with pytest.raises(ModelUnavailable):
                list(breaker.stream(ASK))
        assert len(server.requests) == 2
        clock.now += 20
        assert list(breaker.stream(ASK)) == ["a"]
    assert breaker.name == "fake"
