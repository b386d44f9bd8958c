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
        view = shown = View()
        due = loop.time()
        upcoming = asyncio.ensure_future(_next(events))
        stopping = asyncio.ensure_future((stop or asyncio.Event()).wait())
        self._streams += 1
        try:
            while True:
                pause = None if view is shown else max(0.0, due - loop.time())
                await asyncio.wait({upcoming, stopping}, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
                if stopping.done():
                    return
                if upcoming.done():
                    if upcoming.exception() is not None or upcoming.result() is None:
                        break
                    view = _folded(view, upcoming)
                    upcoming = asyncio.ensure_future(_next(events))
                if view is not shown and loop.time() >= due:
                    shown, due = view, loop.time() + self.interval
                    yield view
            if view is not shown:
                yield view
            upcoming.result()
        finally:
            self._streams -= 1
            await _close(events, upcoming, stopping)


async def _next(events: AsyncIterator[Event]) -> Event | None:
    return await anext(events, None)


def _folded(view: View, arrived: asyncio.Future[Event | None]) -> View:
    event = arrived.result()
    return view if event is None else fold(view, event)


async def _close(events: AsyncIterator[Event], *waiting: asyncio.Future[Any]) -> None:
    for future in waiting:
        future.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    close = getattr(events, "aclose", None)
    if close is not None:
        await close()
