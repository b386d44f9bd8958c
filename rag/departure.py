"""Tells whoever works for a reader that the reader has left, so that what waits for a model waits no longer.

The edge that serves a reader (``rag.web.streaming``) runs the work inside ``heeding`` and calls ``leave`` from any
thread; a wait far below asks ``current()``. Without a reader (command line, evaluation) nobody ever leaves.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Generic, TypeVar

_T = TypeVar("_T")


class ReaderLeft(BaseException):
    """Ends the work for a reader who has left. No failure, so that nothing between takes it for one and stands in."""


class Departure:
    """One reader's going away."""

    def __init__(self) -> None:
        self._left = threading.Event()
        self._lock = threading.Lock()
        self._calls: list[Callable[[], None]] = []

    @property
    def left(self) -> bool:
        """Whether the reader has left."""
        return self._left.is_set()

    def leave(self) -> None:
        """The reader has left: end the waits. Any thread may call it, more than once."""
        with self._lock:
            self._left.set()
            calls, self._calls = self._calls, []
        for call in calls:
            call()

    def check(self) -> None:
        """Raises ``ReaderLeft`` when the reader has left."""
        if self.left:
            raise ReaderLeft

    def pause(self, seconds: float) -> None:
        """Sleep. Raises ``ReaderLeft`` as soon as the reader leaves."""
        if self._left.wait(seconds):
            raise ReaderLeft

    @contextmanager
    def calling(self, act: Callable[[], None]) -> Iterator[None]:
        """While the block runs, leaving calls ``act`` (from another thread), which is to end the wait in the block."""
        with self._lock:
            self._calls.append(act)
        try:
            self.check()
            yield
        finally:
            with self._lock:
                if act in self._calls:
                    self._calls.remove(act)

    def wait_for(self, work: Callable[[], _T], discard: Callable[[_T], None]) -> _T:
        """What ``work`` returns. It runs in a thread that is abandoned when the reader leaves; ``discard`` gets its result.

        Raises:
            ReaderLeft: the reader left first.
        """
        errand = _Errand(work, discard)
        with self.calling(errand.abandon):
            threading.Thread(target=errand.run, name="errand", daemon=True).start()
            return errand.result()


class _Nobody(Departure):
    """Where no reader waits: nobody leaves, and work needs no thread of its own."""

    def pause(self, seconds: float) -> None:
        time.sleep(seconds)

    def wait_for(self, work: Callable[[], _T], discard: Callable[[_T], None]) -> _T:
        return work()


class _Errand(Generic[_T]):
    """A piece of work in another thread, and the wait for it."""

    def __init__(self, work: Callable[[], _T], discard: Callable[[_T], None]) -> None:
        self._work = work
        self._discard = discard
        self._changed = threading.Condition()
        self._done: list[_T] = []
        self._error: BaseException | None = None

    def run(self) -> None:
        """Work, unless it is abandoned meanwhile."""
        try:
            result = self._work()
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            with self._changed:
                self._error = self._error or error
                self._changed.notify()
            return
        with self._changed:
            abandoned = self._error is not None
            self._done.append(result)
            self._changed.notify()
        if abandoned:
            self._discard(result)

    def abandon(self) -> None:
        """End the wait."""
        with self._changed:
            if not self._done:
                self._error = self._error or ReaderLeft()
            self._changed.notify()

    def result(self) -> _T:
        """Wait."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._done) or self._error is not None)
            if self._error is not None:
                raise self._error
            return self._done[0]


_NOBODY = _Nobody()
_current: ContextVar[Departure | None] = ContextVar("departure", default=None)


def current() -> Departure:
    """The departure that the work of this thread is to heed."""
    return _current.get() or _NOBODY


@contextmanager
def heeding(departure: Departure) -> Iterator[None]:
    """Work of this thread heeds ``departure`` until the block ends."""
    token = _current.set(departure)
    try:
        yield
    finally:
        _current.reset(token)
