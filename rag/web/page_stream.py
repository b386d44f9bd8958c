"""Paces a stream of events for a page: many events become few pictures, and the last one always comes.

Knows neither Gradio nor HTML.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

from rag.events import Event
from rag.web.render_view import View, fold

INTERVAL = 0.1
"""Seconds between two pictures of a page: it costs the server the same for one token as for ten."""
MOST_A_SECOND = 100.0
"""Pictures for all pages together: with many readers each gets fewer, so that none falls behind its model."""


class Pacer:
    """Paces the streams of all pages of a server. To be used from one event loop."""

    def __init__(self, interval: float = INTERVAL, most_a_second: float = MOST_A_SECOND) -> None:
        self._interval = interval
        self._most_a_second = most_a_second
        self._streams = 0

    @property
    def interval(self) -> float:
        """Seconds between two pictures of a page now."""
        return max(self._interval, self._streams / self._most_a_second)

    async def paced(
        self, events: AsyncIterator[Event], stop: asyncio.Event | None = None
    ) -> AsyncGenerator[View, None]:
        """Views of the answer, at most one an interval while it is made, then the last; ends early once ``stop`` is set.

        Closing the iterator closes ``events``. Raises what ``events`` raises, after the last view before it.
        """
        loop = asyncio.get_running_loop()
        latest, shown, due = _Latest(), View(), loop.time()
        reading = asyncio.ensure_future(latest.follow(events))
        stopping = asyncio.ensure_future((stop or asyncio.Event()).wait())
        self._streams += 1
        try:
            while not reading.done():
                changing = asyncio.ensure_future(latest.changed.wait())
                await _first_of(changing, stopping)
                changing.cancel()
                await _first_of(reading, stopping, timeout=max(0.0, due - loop.time()))
                if stopping.done():
                    return
                latest.changed.clear()
                if latest.view is not shown:
                    shown, due = latest.view, loop.time() + self.interval
                    yield shown
            if latest.view is not shown:
                yield latest.view
            reading.result()
        finally:
            self._streams -= 1
            await _close(events, reading, stopping)


class _Latest:
    """The view after all events so far."""

    def __init__(self) -> None:
        self.view = View()
        self.changed = asyncio.Event()

    async def follow(self, events: AsyncIterator[Event]) -> None:
        """Fold ``events`` as they come. Raises what they raise."""
        try:
            async for event in events:
                self.view = fold(self.view, event)
                self.changed.set()
        finally:
            self.changed.set()


async def _first_of(*waiting: asyncio.Future[Any], timeout: float | None = None) -> None:
    await asyncio.wait(waiting, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)


async def _close(events: AsyncIterator[Event], *waiting: asyncio.Future[Any]) -> None:
    for future in waiting:
        future.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    close = getattr(events, "aclose", None)
    if close is not None:
        await close()
