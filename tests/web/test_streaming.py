"""Events from a thread: in order, tokens together where their reader is slow, and an end whatever happens."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Generator

import pytest

from rag.events import Event, Planned, Token
from rag.types import Action, Plan
from rag.web.refusals import Reason, Refusal
from rag.web.streaming import Deliveries

PLAN = Planned(Plan(Action.RETRIEVE, question="保修？"))


def heard(generator: Generator[Event, None, None], *, pause: float = 0.0) -> list[Event]:
    async def run() -> list[Event]:
        seen = []
        async for event in Deliveries().of(generator):
            seen.append(event)
            await asyncio.sleep(pause)
        return seen

    return asyncio.run(run())


def test_tokens_that_a_slow_reader_left_lying_become_one() -> None:
    taken = threading.Event()

    def events() -> Generator[Event, None, None]:
        yield Token("零")
        taken.wait(10)
        for text in "一二三":
            yield Token(text)
        yield PLAN
        yield Token("四")
        yield Token("五")

    async def run() -> list[Event]:
        stream = Deliveries().of(events())
        seen = [await anext(stream)]
        taken.set()
        while any(thread.name == "answer" for thread in threading.enumerate()):
            await asyncio.sleep(0.01)
        return seen + [event async for event in stream]

    assert asyncio.run(run()) == [Token("零"), Token("一二三"), PLAN, Token("四五")]


def test_an_answer_that_fails_in_its_last_breath_ends_all_the_same() -> None:
    def events() -> Generator[Event, None, None]:
        try:
            yield Token("一")
            raise ValueError("a secret")
        finally:
            raise RuntimeError("another")

    with pytest.raises(Refusal) as caught:
        heard(events())
    assert caught.value.reason is Reason.INTERNAL
    assert "secret" not in str(caught.value)


def test_many_streams_are_each_looked_at_less_often() -> None:
    def events() -> Generator[Event, None, None]:
        pause = threading.Event()
        for _ in range(50):
            pause.wait(0.002)
            yield Token("字")

    async def pieces(deliveries: Deliveries) -> int:
        return len([event async for event in deliveries.of(events())])

    async def run(streams: int) -> int:
        deliveries = Deliveries(most_a_second=100)
        return max(await asyncio.gather(*(pieces(deliveries) for _ in range(streams))))

    assert asyncio.run(run(10)) < 10
