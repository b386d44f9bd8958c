"""A reader leaves: every wait of the work for them ends at once, and what comes too late is thrown away."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from rag.departure import Departure, ReaderLeft, current, heeding

SOON = 3.0


def in_thread(departure: Departure, work: Callable[[], object]) -> tuple[threading.Thread, list[BaseException]]:
    """Run ``work`` for a reader; what it raised."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            with heeding(departure):
                work()
        except (ReaderLeft, AssertionError) as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, raised


def test_leaving_ends_a_pause() -> None:
    departure = Departure()
    thread, raised = in_thread(departure, lambda: current().pause(60))
    departure.leave()
    thread.join(SOON)
    assert [type(error) for error in raised] == [ReaderLeft]


def test_leaving_abandons_an_errand_and_its_late_result_is_thrown_away() -> None:
    departure, gate, discarded = Departure(), threading.Event(), threading.Event()

    def work() -> str:
        gate.wait(10)
        return "late"

    thread, raised = in_thread(departure, lambda: current().wait_for(work, lambda _: discarded.set()))
    time.sleep(0.05)
    departure.leave()
    thread.join(SOON)
    assert [type(error) for error in raised] == [ReaderLeft]
    assert not discarded.is_set()
    gate.set()
    assert discarded.wait(SOON)


def test_an_errand_gives_its_result_or_raises_its_error() -> None:
    with heeding(Departure()):
        assert current().wait_for(lambda: 7, lambda _: None) == 7
        with pytest.raises(KeyError):
            current().wait_for(lambda: {"a": 1}["x"], lambda _: None)


def test_a_call_is_made_once_and_not_after_its_block() -> None:
    departure, calls = Departure(), []
    with departure.calling(lambda: calls.append("early")):
        pass
    with departure.calling(lambda: calls.append("now")):
        departure.leave()
        departure.leave()
    assert calls == ["now"]
    with pytest.raises(ReaderLeft), departure.calling(lambda: calls.append("late")):
        raise AssertionError("the block is not entered")
    assert calls == ["now"]


def test_without_a_reader_nobody_leaves_and_work_stays_in_its_thread() -> None:
    current().check()
    assert not current().left
    assert current().wait_for(threading.current_thread, lambda _: None) is threading.current_thread()


def test_each_thread_heeds_its_own_reader() -> None:
    departure = Departure()
    with heeding(departure):
        assert current() is departure
        thread, raised = in_thread(Departure(), lambda: current().check())
        departure.leave()
        thread.join(SOON)
        assert raised == []
        with pytest.raises(ReaderLeft):
            current().check()
    current().check()
