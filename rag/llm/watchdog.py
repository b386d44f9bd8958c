"""Breaks off a read that takes too long: a thread that acts when nobody has told it in time that all is well."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType


class Watchdog:
    """Calls ``break_off`` once when a guarded block outlasts its limit. One thread, ended by leaving the context.

    A blocking read cannot be given a new limit while it waits, and the client's own time-out counts every byte,
    keep-alive comments too; hence this.
    """

    def __init__(self, break_off: Callable[[], None]) -> None:
        self._break_off = break_off
        self._changed = threading.Condition()
        self._deadline: float | None = None
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
            self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                self._deadline = None

    def _watch(self) -> None:
        with self._changed:
            while not self._ended:
                left = None if self._deadline is None else self._deadline - time.monotonic()
                if left is not None and left <= 0:
                    self.expired, self._deadline = True, None
                    self._break_off()
                    return
                self._changed.wait(left)
