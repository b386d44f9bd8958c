"""Server-sent events that notice at once when their reader has gone.

Source: WHATWG HTML, server-sent events.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Coroutine, Mapping
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

KEEP_ALIVE_SECONDS = 10.0

_T = TypeVar("_T")


def sse(data: Mapping[str, Any] | str, event: str = "") -> bytes:
    """One server-sent event; a mapping becomes one line of JSON."""
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    name = f"event: {event}\n" if event else ""
    return f"{name}data: {text}\n\n".encode("utf-8", "replace")


class EventStream(Response):
    """Sends pieces as they come, a comment where nothing comes for ten seconds, and closes ``pieces`` at the end.

    When the client disconnects ``pieces`` is closed at once, not at the next attempt to send.
    """

    media_type = "text/event-stream"

    def __init__(self, pieces: AsyncGenerator[bytes, None]) -> None:
        super().__init__(headers={"cache-control": "no-store"})
        del self.headers["content-length"]
        self._pieces = pieces
        self._sent = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the stream."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        self._sent = asyncio.get_running_loop().time()
        writer = asyncio.create_task(self._write(send))
        others = [asyncio.create_task(_until_gone(receive)), asyncio.create_task(self._keep_alive(send))]
        try:
            await asyncio.wait({writer, *others}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            done = writer.done()
            for task in (writer, *others):
                task.cancel()
            await asyncio.gather(writer, *others, return_exceptions=True)
            await self._pieces.aclose()
        if done and (error := writer.exception()) is not None:
            raise error

    async def _write(self, send: Send) -> None:
        async for piece in self._pieces:
            await self._send(send, piece)
        await send({"type": "http.response.body", "body": b""})

    async def _keep_alive(self, send: Send) -> None:
        while True:
            idle = asyncio.get_running_loop().time() - self._sent
            if idle >= KEEP_ALIVE_SECONDS:
                await self._send(send, b": still here\n\n")
            else:
                await asyncio.sleep(KEEP_ALIVE_SECONDS - idle)

    async def _send(self, send: Send, piece: bytes) -> None:
        self._sent = asyncio.get_running_loop().time()
        await send({"type": "http.response.body", "body": piece, "more_body": True})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def unless_gone(receive: Receive, answer: Coroutine[Any, Any, _T]) -> _T:
    """What ``answer`` gives, cancelled when the client disconnects first (``ClientDisconnect``)."""
    working = asyncio.create_task(answer)
    gone = asyncio.create_task(_until_gone(receive))
    try:
        await asyncio.wait({working, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return working.result()
    finally:
        working.cancel()
        gone.cancel()
        await asyncio.gather(working, gone, return_exceptions=True)
