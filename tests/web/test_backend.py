"""Opening, waiting, swapping: the engine behind the page's back."""

from __future__ import annotations

import threading
import time

import pytest

from rag.errors import IndexCorrupt, IndexNotFound, StoreError
from rag.web.backend import Answerer, Backend
from rag.web.refusals import Reason, Refusal
from tests.fakes.engine import FakeEngine


def wait_for(backend: Backend, generation: str) -> None:
    until = time.monotonic() + 5
    while backend.generation != generation and time.monotonic() < until:
        time.sleep(0.005)
    assert backend.generation == generation


def test_starting_does_not_wait_and_questions_do() -> None:
    gate = threading.Event()
    engine = FakeEngine()

    def slow() -> Answerer:
        assert gate.wait(5)
        return engine

    backend = Backend(slow)
    backend.start()
    assert not backend.ready
    with pytest.raises(Refusal) as caught:
        backend.engine(0.01)
    assert caught.value.reason is Reason.NOT_READY
    gate.set()
    assert backend.engine(5) is engine
    assert backend.ready


def test_index_is_opened_once_however_often_a_page_is_served() -> None:
    opened: list[int] = []

    def count() -> Answerer:
        opened.append(1)
        return FakeEngine()

    backend = Backend(count)
    for _ in range(5):
        backend.start()
        backend.engine(5)
    assert opened == [1]


def test_store_error_reaches_whoever_asks() -> None:
    def missing() -> Answerer:
        raise IndexNotFound("There is no index here.")

    backend = Backend(missing)
    backend.start()
    with pytest.raises(IndexNotFound, match="no index here"):
        backend.engine(5)
    assert isinstance(backend.error, IndexNotFound)


def test_foreign_exception_becomes_a_store_error_without_its_words() -> None:
    def broken() -> Answerer:
        raise RuntimeError("password=hunter2")

    backend = Backend(broken)
    backend.start()
    with pytest.raises(StoreError) as caught:
        backend.engine(5)
    assert "hunter2" not in str(caught.value)


def test_failed_reload_leaves_the_earlier_engine_in_service() -> None:
    first = FakeEngine()
    outcomes: list[Answerer | Exception] = [first, IndexCorrupt("vectors.faiss is cut short")]

    def open_next() -> Answerer:
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    backend = Backend(open_next)
    backend.reload()
    with pytest.raises(IndexCorrupt):
        backend.reload()
    assert backend.engine(0) is first
    assert isinstance(backend.error, IndexCorrupt)


def test_new_generation_on_disk_is_picked_up_once() -> None:
    generation = ["one"]
    opened: list[str] = []

    def open_now() -> Answerer:
        opened.append(generation[0])
        return FakeEngine()

    backend = Backend(open_now, lambda: generation[0])
    backend.reload()
    backend.watch(0.01)
    generation[0] = "two"
    wait_for(backend, "two")
    time.sleep(0.1)
    backend.stop()
    assert opened == ["one", "two"]


def test_answer_in_the_making_ends_on_the_engine_it_began_with() -> None:
    engines = [FakeEngine(), FakeEngine()]
    backend = Backend(iter(engines).__next__)
    backend.reload()
    answering = backend.engine(0).answer("保修？")
    next(answering)
    backend.reload()
    assert len(list(answering)) == 6
    assert backend.engine(0) is engines[1]
    assert engines[1].asked == []
