"""Runs a blocking generator in a thread of its own for an asynchronous reader.

When the reader goes away, what waits for a model in it is told (``rag.departure``), and the generator is closed, at
its next value at the latest: its ``finally`` blocks run in its own thread, so that a model's connection is closed by
whoever opened it.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any, TypeVar

from rag.departure import Departure, ReaderLeft, heeding
from rag.errors import RagError
from rag.web.refusals import Reason, Refusal

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


class _End:
    """Marks the end of the values; ``error`` is what ended them early."""

    def __init__(self, error: RagError | None) -> None:
        self.error = error


async def in_thread(generator: Generator[_T, None, Any]) -> AsyncGenerator[_T, None]:
    """Yield what ``generator`` yields. Raises what it raises; anything but a ``RagError`` as a ``Refusal``."""
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[_T | _End] = asyncio.Queue()
    departure = Departure()

    def put(value: _T | _End) -> None:
        try:
            loop.call_soon_threadsafe(queue.put_nowait, value)
        except RuntimeError:  # the loop has ended: there is nobody left to read
            departure.leave()

    threading.Thread(target=_run, args=(generator, put, departure), name="answer", daemon=True).start()
    try:
        while not isinstance(value := await queue.get(), _End):
            yield value
        if value.error is not None:
            raise value.error
    finally:
        departure.leave()


def _run(
    generator: Generator[_T, None, Any], put: Callable[[_T | _End], None], departure: Departure
) -> None:
    error: RagError | None = None
    try:
        with heeding(departure):
            for value in generator:
                put(value)
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
        generator.close()
        put(_End(error))
