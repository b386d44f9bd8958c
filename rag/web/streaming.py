"""Runs a blocking generator of events in a thread of its own for an asynchronous reader.

When the reader goes away, what waits for a model in it is told (``rag.departure``), and the generator is closed, at
its next event at the latest: its ``finally`` blocks run in its own thread, so that a model's connection is closed by
whoever opened it.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncGenerator, Generator
from contextvars import Context, copy_context
from typing import Any

from rag.departure import Departure, ReaderLeft, heeding
from rag.errors import RagError
from rag.events import Event, Token
from rag.web.refusals import Reason, Refusal

_log = logging.getLogger(__name__)


class _End:
    """Marks the end of the events; ``error`` is what ended them early."""

    def __init__(self, error: RagError | None) -> None:
        self.error = error


class _Tray:
    """Where a thread lays events down and an event loop takes them up, all that lie there at once.

    Tokens that lie together become one: a reader that is slow, or one of many, gets the same text in fewer pieces.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._laid = asyncio.Event()
        self._events: list[Event | _End] = []

    def lay(self, event: Event | _End) -> None:
        """From any thread. Raises ``RuntimeError`` when the loop has ended."""
        with self._lock:
            last = self._events[-1] if self._events else None
            if isinstance(last, Token) and isinstance(event, Token):
                self._events[-1] = Token(last.text + event.text)
            else:
                self._events.append(event)
        if last is None:
            self._loop.call_soon_threadsafe(self._laid.set)

    async def take(self) -> list[Event | _End]:
        """What lies there, once there is anything."""
        await self._laid.wait()
        with self._lock:
            self._laid.clear()
            taken, self._events = self._events, []
        return taken


class Deliveries:
    """The streams of one server. With many at once each is looked at less often, so that waking costs no more in all."""

    def __init__(self, most_a_second: float = 500.0) -> None:
        self._most_a_second = most_a_second
        self._streams = 0

    def of(self, generator: Generator[Event, None, Any]) -> AsyncGenerator[Event, None]:
        """Yield what ``generator`` yields. Raises what it raises; anything but a ``RagError`` as a ``Refusal``.

        It runs in the context of this call.
        """
        return self._deliver(generator, copy_context())

    async def _deliver(
        self, generator: Generator[Event, None, Any], context: Context
    ) -> AsyncGenerator[Event, None]:
        tray, departure = _Tray(), Departure()
        work = (_run, generator, tray, departure)
        threading.Thread(target=context.run, args=work, name="answer", daemon=True).start()
        self._streams += 1
        try:
            while True:
                for event in await tray.take():
                    if not isinstance(event, _End):
                        yield event
                    elif event.error is None:
                        return
                    else:
                        raise event.error
                await asyncio.sleep(self._streams / self._most_a_second)
        finally:
            self._streams -= 1
            departure.leave()


def _run(generator: Generator[Event, None, Any], tray: _Tray, departure: Departure) -> None:
    error: RagError | None = None
    try:
        with heeding(departure):
            for event in generator:
                _lay(tray, event, departure)
                if departure.left:
                    break
    except ReaderLeft:
        pass
    except RagError as known:
        error = known
    except Exception as unknown:  # noqa: BLE001 - the edge: its words may hold secrets, the log gets them
        _log.exception("An answer failed")
        error = Refusal(Reason.INTERNAL)
        error.__cause__ = unknown
    finally:
        try:
            generator.close()
        finally:
            _lay(tray, _End(error), departure)


def _lay(tray: _Tray, event: Event | _End, departure: Departure) -> None:
    try:
        tray.lay(event)
    except RuntimeError:  # the loop has ended: there is nobody left to read
        departure.leave()
