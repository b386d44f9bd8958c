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
"""Seconds between two pictures: a page costs the server the same for one token as for ten."""


async def paced(
    events: AsyncIterator[Event], interval: float = INTERVAL, stop: asyncio.Event | None = None
) -> AsyncGenerator[View, None]:
    """Views of the answer, at most one an interval while it is made, then the last; ends early once ``stop`` is set.

    Closing the iterator closes ``events``. Raises what ``events`` raises, after the last view before it.
    """
    loop = asyncio.get_running_loop()
    view = shown = View()
    due = loop.time()
    upcoming = asyncio.ensure_future(_next(events))
    stopping = asyncio.ensure_future((stop or asyncio.Event()).wait())
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
                shown, due = view, loop.time() + interval
                yield view
        if view is not shown:
            yield view
        upcoming.result()
    finally:
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
