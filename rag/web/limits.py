"""How much one client may ask: token buckets, daily counts and the places for answers in the making.

Everything lives in this process's memory in tables of bounded size, so that a flood of made-up addresses costs a
fixed amount. Times come from a monotonic clock: the wall clock may jump.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from weakref import WeakValueDictionary

from rag.departure import current
from rag.web.refusals import Reason, Refusal

DAY = 86_400.0
LOOKS_EVERY = 0.2
"""Seconds between two looks whether the reader who waits is still there."""


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled: float


class TokenBuckets:
    """One token bucket a key: ``burst`` at once, then ``rate`` a second.

    Source: the token bucket of RFC 2697's single-rate meter. The least recently used key is forgotten beyond
    ``size`` keys; a forgotten key starts with a full bucket.
    """

    def __init__(
        self, rate: float, burst: float, size: int = 20_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = rate
        self._burst = burst
        self._size = size
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, key: str) -> float:
        """Take one token. Returns 0.0, or the seconds until there is one."""
        moment = self._clock()
        with self._lock:
            bucket = self._buckets.pop(key, None) or _Bucket(self._burst, moment)
            bucket.tokens = min(self._burst, bucket.tokens + (moment - bucket.filled) * self._rate)
            bucket.filled = moment
            self._buckets[key] = bucket
            if len(self._buckets) > self._size:
                self._buckets.popitem(last=False)
            if bucket.tokens >= 1:
                bucket.tokens -= 1
                return 0.0
            return (1 - bucket.tokens) / self._rate


class QuestionLimits:
    """How many questions a key may ask a minute and a day.

    Raises ``Refusal`` (rate limited) with the seconds to wait. A day is refilled evenly, so the wait is short.
    """

    def __init__(
        self, per_minute: int, per_day: int, size: int = 20_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._minute = TokenBuckets(per_minute / 60, per_minute, size, clock)
        self._day = TokenBuckets(per_day / DAY, per_day, size, clock)

    def spend(self, *keys: str) -> None:
        """Count one question under each key."""
        for buckets in (self._minute, self._day):
            for key in keys:
                wait = buckets.take(key)
                if wait > 0:
                    raise Refusal(Reason.RATE_LIMITED, retry_after=wait)


class Places:
    """Places for answers in the making, and a bounded queue for those who wait for one."""

    def __init__(self, places: int, waiting: int, patience: float = 30.0) -> None:
        self._places = threading.Semaphore(places)
        self._waiting = waiting
        self._patience = patience
        self._lock = threading.Lock()
        self._queued = 0

    def enter(self) -> None:
        """Take a place, waiting for one.

        Raises:
            Refusal: the queue is full or does not move (busy).
            ReaderLeft: nobody waits for the answer any more.
        """
        if self._places.acquire(blocking=False):
            return
        with self._lock:
            if self._queued >= self._waiting:
                raise Refusal(Reason.BUSY, retry_after=5)
            self._queued += 1
        try:
            deadline = time.monotonic() + self._patience
            while not self._places.acquire(timeout=LOOKS_EVERY):
                current().check()
                if time.monotonic() > deadline:
                    raise Refusal(Reason.BUSY, retry_after=10)
        finally:
            with self._lock:
                self._queued -= 1

    def leave(self) -> None:
        """Give the place back. Any thread may."""
        self._places.release()


class Turnstile:
    """Lets one through at a time; whoever leaves may be another thread than the one that entered."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        while not self._lock.acquire(timeout=LOOKS_EVERY):
            current().check()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


class Turnstiles:
    """A turnstile a key, kept while somebody holds it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turnstiles: WeakValueDictionary[str, Turnstile] = WeakValueDictionary()

    def of(self, key: str) -> Turnstile:
        """The turnstile of ``key``."""
        with self._lock:
            return self._turnstiles.setdefault(key, Turnstile())
