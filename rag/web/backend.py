"""Holds the engine that answers, opens it behind the page's back and swaps it for a newer one.

The page is up before the index and the encoder are: opening runs in a thread. Knows nothing of how an engine
is put together; the composition root hands in a function that does.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Generator, Sequence
from typing import Protocol

from rag.errors import RagError, StoreError
from rag.events import Event
from rag.interfaces import Catalogue
from rag.types import Scope, Turn
from rag.web.refusals import Reason, Refusal

_log = logging.getLogger(__name__)


class Answerer(Protocol):
    """What the web needs of an engine; ``rag.engine.Engine`` is one."""

    @property
    def catalogue(self) -> Catalogue:
        """What the index holds."""
        ...

    def answer(
        self, question: str, history: Sequence[Turn] = (), scope: Scope | None = None
    ) -> Generator[Event, None, None]:
        """Yield the events of one answer."""
        ...


class Backend:
    """The engine in service.

    Args:
        open_engine: opens the saved index; raises ``StoreError`` and its kinds.
        generation: names the index on disk now; when the name changes, ``watch`` opens it anew.
    """

    def __init__(
        self, open_engine: Callable[[], Answerer], generation: Callable[[], str] | None = None
    ) -> None:
        self._open_engine = open_engine
        self._generation = generation
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._engine: Answerer | None = None
        self._error: RagError | None = None
        self._opened: str | None = None
        self._opening: threading.Thread | None = None
        self._stopped = threading.Event()

    def start(self) -> None:
        """Open the index in a thread of its own. Only the first call does anything."""
        with self._lock:
            if self._opening is not None:
                return
            self._opening = threading.Thread(target=self._open, name="open-index", daemon=True)
            self._opening.start()

    def watch(self, seconds: float = 2.0) -> None:
        """Look every ``seconds`` whether another index stands on disk, and open it. Ends with ``stop``."""
        if self._generation is not None:
            threading.Thread(target=self._watch, args=(seconds,), name="watch-index", daemon=True).start()

    def stop(self) -> None:
        """End the watching."""
        self._stopped.set()

    @property
    def ready(self) -> bool:
        """Whether questions can be answered now."""
        return self._engine is not None

    @property
    def error(self) -> RagError | None:
        """Why the last attempt to open the index failed; None when it did not."""
        return self._error

    @property
    def generation(self) -> str:
        """The name of the index in service; empty when there is none."""
        return self._opened or ""

    def engine(self, timeout: float = 30.0) -> Answerer:
        """The engine, waiting for it up to ``timeout`` seconds.

        Raises:
            StoreError: the index cannot be used, and there is no earlier one.
            Refusal: it is still being opened (``Reason.NOT_READY``).
        """
        with self._changed:
            self._changed.wait_for(lambda: self._engine is not None or self._error is not None, timeout)
            if self._engine is not None:
                return self._engine
            if self._error is not None:
                raise self._error
        raise Refusal(Reason.NOT_READY, retry_after=2)

    def reload(self) -> None:
        """Open the index anew now and swap it in; the earlier one serves on while that lasts, or if it fails.

        Raises:
            StoreError: the new index cannot be used.
        """
        self._open()
        if self._error is not None:
            raise self._error

    def _open(self) -> None:
        try:
            generation = self._generation() if self._generation is not None else ""
            engine = self._open_engine()
        except RagError as error:
            _log.error("The index cannot be opened: %s", error)
            self._set(None, error, None)
        except Exception as error:  # noqa: BLE001 - the edge: a thread has nobody else to tell
            _log.exception("The index cannot be opened")
            cause = StoreError("The index cannot be opened; the log names the cause.")
            cause.__cause__ = error
            self._set(None, cause, None)
        else:
            self._set(engine, None, generation)

    def _set(self, engine: Answerer | None, error: RagError | None, generation: str | None) -> None:
        with self._changed:
            self._engine = engine if engine is not None else self._engine
            self._opened = generation if engine is not None else self._opened
            self._error = error
            self._changed.notify_all()

    def _watch(self, seconds: float) -> None:
        assert self._generation is not None
        seen, trouble = self._opened, ""
        while not self._stopped.wait(seconds):
            try:
                now = self._generation()
            except (OSError, RagError) as error:
                if str(error) != trouble:
                    _log.warning("What index is on disk cannot be told, the one in service serves on: %s", error)
                trouble = str(error)
                continue
            trouble = ""
            if now not in (seen, self._opened):
                seen = now
                self._open()
