"""Token buckets and places: how much, how long, and how much memory."""

from __future__ import annotations

import threading

import pytest

from rag.web.limits import Places, QuestionLimits, TokenBuckets, Turnstiles
from rag.web.refusals import Reason, Refusal
from tests.fakes import Clock


def test_bucket_gives_its_burst_then_its_rate() -> None:
    clock = Clock()
    buckets = TokenBuckets(rate=0.5, burst=2, clock=clock)
    assert [buckets.take("a") for _ in range(3)] == [0.0, 0.0, 2.0]
    clock.now += 2
    assert buckets.take("a") == 0.0
    assert buckets.take("a") == 2.0
    assert buckets.take("b") == 0.0


def test_clock_that_stands_still_gives_nothing_and_a_long_rest_no_more_than_the_burst() -> None:
    clock = Clock()
    buckets = TokenBuckets(rate=1, burst=3, clock=clock)
    for _ in range(3):
        buckets.take("a")
    assert buckets.take("a") > 0
    clock.now += 10_000
    assert [buckets.take("a") == 0 for _ in range(4)] == [True, True, True, False]


def test_table_stays_small_under_a_hundred_thousand_addresses() -> None:
    buckets = TokenBuckets(rate=1, burst=1, size=1000)
    for n in range(100_000):
        buckets.take(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}")
    assert len(buckets) == 1000


def test_twenty_first_question_of_a_minute_is_refused() -> None:
    clock = Clock()
    limits = QuestionLimits(per_minute=20, per_day=2000, clock=clock)
    for _ in range(20):
        limits.spend("address:10.0.0.1")
    with pytest.raises(Refusal) as caught:
        limits.spend("address:10.0.0.1")
    assert caught.value.reason is Reason.RATE_LIMITED
    assert caught.value.retry_after == pytest.approx(3.0)
    clock.now += 3.01
    limits.spend("address:10.0.0.1")


def test_day_has_a_limit_too() -> None:
    clock = Clock()
    limits = QuestionLimits(per_minute=20, per_day=30, clock=clock)
    asked = 0
    with pytest.raises(Refusal):
        for _ in range(100):
            limits.spend("user:anne")
            asked += 1
            clock.now += 3
    assert asked == 30


def test_places_wait_in_a_bounded_queue() -> None:
    places = Places(places=1, waiting=1, patience=5)
    places.enter()
    got_in = threading.Event()

    def wait() -> None:
        places.enter()
        got_in.set()

    waiter = threading.Thread(target=wait)
    waiter.start()
    while not places._queued:
        threading.Event().wait(0.005)
    with pytest.raises(Refusal) as caught:
        places.enter()
    assert caught.value.reason is Reason.BUSY
    places.leave()
    assert got_in.wait(2)
    waiter.join()


def test_place_that_never_comes_free_is_given_up() -> None:
    places = Places(places=1, waiting=1, patience=0.05)
    places.enter()
    with pytest.raises(Refusal):
        places.enter()
    places.leave()
    places.enter()


def test_turnstile_is_one_per_key_while_it_is_held() -> None:
    turnstiles = Turnstiles()
    held = turnstiles.of("a")
    assert turnstiles.of("a") is held
    assert turnstiles.of("b") is not held
