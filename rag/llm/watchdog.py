"""Breaks off a read that takes too long: a thread that acts when nobody has told it in time that all is well."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType

_NEVER = float("inf")


class Watchdog:
    """Calls ``break_off`` once when a guarded block outlasts its limit. One thread, ended by leaving the context.

    A blocking read cannot be given a new limit while it waits, and the client's own time-out counts every byte,
    keep-alive comments too; hence this.
    """

    def __init__(self, break_off: Callable[[], None]) -> None:
        self._break_off = break_off
        self._changed = threading.Condition()
        self._deadline = _NEVER
        self._looks = _NEVER
        self._ended = False
        self.expired = False
        self._thread = threading.Thread(target=self._watch, name="model-watchdog", daemon=True)

    def __enter__(self) -> Watchdog:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify()
        self._thread.join()

    @contextmanager
    def limit(self, seconds: float) -> Iterator[None]:
        """Guard a block: after ``seconds`` the read in it is broken off and ``expired`` is set."""
        with self._changed:
            self._deadline = time.monotonic() + seconds
            if self._deadline < self._looks:  # else it looks in time: a stream of tokens does not wake it for each
                self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                self._deadline = _NEVER

    def _watch(self) -> None:
        with self._changed:
            while not self._ended:
                if self._deadline <= time.monotonic():
                    self.expired, self._deadline = True, _NEVER
                    self._break_off()
                    return
                self._looks = self._deadline
                self._changed.wait(None if self._looks == _NEVER else self._looks - time.monotonic())
