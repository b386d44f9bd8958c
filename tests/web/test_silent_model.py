"""A reader leaves while the model is silent: the place, the conversation and the connection are free at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Generator, Iterator, Sequence

import pytest

from rag.events import Answered, Event, Planned, Token
from rag.interfaces import Message
from rag.llm import CircuitBreaker, OpenAIModel, Timeouts
from rag.types import Action, Plan, Scope, Turn
from rag.web.records import MessageState
from rag.web.service import ChatService
from tests.fake_openai import FakeOpenAI, Reply, Step, says
from tests.fakes import FakeCatalogue, finish
from tests.fakes.engine import answer, document
from tests.web.conftest import ANNE, BEN, MakeService

PATIENT = Timeouts(connect=30, first_token=30, between_tokens=30, total=60)
SOON = 5.0


class ModelEngine:
    """An engine that passes on what a model says."""

    def __init__(self, model: CircuitBreaker) -> None:
        self.catalogue = FakeCatalogue([document()])
        self.model = model

    def answer(
        self, question: str, history: Sequence[Turn] = (), scope: Scope | None = None
    ) -> Generator[Event, None, None]:
        yield Planned(Plan(Action.REPLY, reason="greeting"))
        for piece in self.model.stream([Message("user", question)]):
            yield Token(piece)
        yield Answered(answer())


def silent_before_the_headers(reply: Reply) -> None:
    reply.hang(30)


def silent_mid_stream(reply: Reply) -> None:
    reply.begin()
    reply.piece("整机")
    reply.hang(30)


SILENCES = pytest.mark.parametrize("silence", [silent_before_the_headers, silent_mid_stream])


@pytest.fixture
def server() -> Iterator[FakeOpenAI]:
    with FakeOpenAI([]) as running:
        yield running


@pytest.fixture
def service(make_service: MakeService, server: FakeOpenAI) -> ChatService:
    model = OpenAIModel("fake", api_key="k", base_url=server.base_url, timeouts=PATIENT, direct=True)
    return make_service(ModelEngine(CircuitBreaker(model, failures=1)), concurrency=1, queue_size=2)


def leave_after_first_event(service: ChatService, conversation_id: str, server: FakeOpenAI) -> None:
    """Ask, and go away once the model has been asked and is silent."""

    async def go() -> None:
        events = service.stream(conversation_id, "保修多久？", user=ANNE)
        await anext(events)
        while not server.requests:
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.2)
        await events.aclose()  # type: ignore[attr-defined]

    asyncio.run(go())


@SILENCES
def test_a_reader_who_leaves_frees_the_place_and_the_conversation(
    service: ChatService, server: FakeOpenAI, silence: Step
) -> None:
    server.script = [silence, says("两年。")]
    conversation_id = service.create(ANNE)
    leave_after_first_event(service, conversation_id, server)
    began = time.monotonic()
    _, message = finish(service.ask(service.create(BEN), "保修多久？", user=BEN))
    assert message.state is MessageState.COMPLETE
    _, message = finish(service.ask(conversation_id, "再说一遍？", user=ANNE))
    assert message.state is MessageState.COMPLETE
    assert time.monotonic() - began < SOON
    kept = service.load(conversation_id, ANNE).messages
    assert [m.state for m in kept] == [MessageState.COMPLETE, MessageState.STOPPED, MessageState.COMPLETE, MessageState.COMPLETE]
    assert kept[1].text == ("整机" if silence is silent_mid_stream else "")


def test_the_connection_of_a_silent_model_is_closed(service: ChatService, server: FakeOpenAI) -> None:
    server.script = [silent_mid_stream]
    leave_after_first_event(service, service.create(ANNE), server)
    assert server.closed.wait(SOON)


@SILENCES
def test_leaving_is_no_failure_of_the_model(service: ChatService, server: FakeOpenAI, silence: Step) -> None:
    server.script = [silence]
    leave_after_first_event(service, service.create(ANNE), server)
    engine = service.backend.engine()
    assert isinstance(engine, ModelEngine)
    assert not engine.model.is_open


def test_who_leaves_while_waiting_leaves_the_queue(service: ChatService, server: FakeOpenAI) -> None:
    server.script = [silent_mid_stream]
    held = service.ask(service.create(BEN), "占位？", user=BEN)
    next(held)

    async def wait_and_leave() -> None:
        events = service.stream(service.create(ANNE), "等待？", user=ANNE)
        waiting = asyncio.ensure_future(anext(events))
        while not service._places._queued:
            await asyncio.sleep(0.02)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await events.aclose()  # type: ignore[attr-defined]

    asyncio.run(wait_and_leave())
    deadline = time.monotonic() + SOON
    while service._places._queued and time.monotonic() < deadline:
        time.sleep(0.02)
    assert service._places._queued == 0
    held.close()
