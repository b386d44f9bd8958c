"""A circuit breaker: a model that keeps failing is left alone for a while, so that nobody waits for it."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rag.errors import ModelTimeout, ModelUnavailable
from rag.interfaces import LanguageModel, Message


class CircuitBreaker:
    """Wraps a model. After ``failures`` time-outs or refusals within ``window`` seconds calls fail at once.

    ``pause`` seconds later one call is let through: it closes the circuit when it succeeds and opens it again when
    it fails. A malformed reply or a call that its reader breaks off counts as neither. Safe for threads.
    """

    def __init__(
        self,
        model: LanguageModel,
        *,
        failures: int = 5,
        window: float = 30.0,
        pause: float = 15.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._model = model
        self._limit = failures
        self._window = window
        self._pause = pause
        self._clock = clock
        self._failed: deque[float] = deque(maxlen=failures)
        self._opened: float | None = None
        self._trying = False
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """The wrapped model's name."""
        return self._model.name

    @property
    def is_open(self) -> bool:
        """Whether the model is being left alone."""
        with self._lock:
            return self._opened is not None

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int | None = None, temperature: float | None = None
    ) -> Iterator[str]:
        """As the wrapped model's; raises ``ModelUnavailable`` at once while the circuit is open."""
        with self._watched() as succeeded:
            pieces = self._model.stream(messages, max_tokens=max_tokens, temperature=temperature)
            try:
                for piece in pieces:
                    succeeded()
                    yield piece
            finally:
                close = getattr(pieces, "close", None)
                if close is not None:
                    close()
            succeeded()

    def decide(self, messages: Sequence[Message], schema: Mapping[str, Any]) -> dict[str, Any]:
        """As the wrapped model's; raises ``ModelUnavailable`` at once while the circuit is open."""
        with self._watched() as succeeded:
            decision = self._model.decide(messages, schema)
            succeeded()
            return decision

    @contextmanager
    def _watched(self) -> Iterator[Callable[[], None]]:
        trial = self._enter()
        try:
            yield self._close
        except (ModelTimeout, ModelUnavailable):
            self._count_failure(trial)
            raise
        finally:
            if trial:
                with self._lock:
                    self._trying = False

    def _enter(self) -> bool:
        """Whether this call is the trial that may close the circuit."""
        with self._lock:
            if self._opened is None:
                return False
            if self._trying or self._clock() - self._opened < self._pause:
                raise ModelUnavailable(
                    f"The model {self.name} failed {self._limit} times in a row and is left alone for "
                    f"{self._pause:.0f} s. Check the endpoint (RAG_LLM_BASE_URL)."
                )
            self._trying = True
            return True

    def _close(self) -> None:
        with self._lock:
            self._opened = None
            self._failed.clear()

    def _count_failure(self, trial: bool) -> None:
        with self._lock:
            now = self._clock()
            self._failed.append(now)
            if trial or (len(self._failed) == self._limit and now - self._failed[0] <= self._window):
                self._opened = now
