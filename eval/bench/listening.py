"""Readers of a benchmark: ask over ``POST /api/ask`` or as the chat page does, and note when which code came.

Plain sockets, for a reader that is slow itself would measure itself. Knows nothing of who answers, but the protocol
of Gradio's queue.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from eval.bench.paced_model import CODE

_CONFIG = re.compile(rb"window\.gradio_config\s*=\s*(\{.*?\});\s*</script>", re.DOTALL)
_CODE_LENGTH = 7
_FAILURE = "zj-failure"
"""The class of the card that an answer which failed is shown with."""


@dataclass(slots=True)
class Heard:
    """What one reader got: when each code came first (``time.monotonic``), and how many bytes in all."""

    codes: dict[str, float] = field(default_factory=dict)
    received: int = 0
    _tail: bytes = b""

    def take(self, data: bytes, moment: float) -> None:
        """Note a piece of the stream, which may end in the middle of a code."""
        self.received += len(data)
        for found in CODE.findall(self._tail + data):
            self.codes.setdefault(found.decode(), moment)
        self._tail = (self._tail + data)[1 - _CODE_LENGTH :]


async def over_api(address: str, question: str, *, enough: int | None = None) -> Heard:
    """Ask ``POST /api/ask`` and hear the stream to its end, or leave once ``enough`` codes came.

    Raises ``OSError`` when it is refused.
    """
    body = json.dumps({"question": question, "stream": True}).encode()
    return await _hear(_pieces(address, "POST", "api/ask", body), enough)


class Page:
    """One open chat page; ``conversation`` is the id of the one it shows, empty for a new one."""

    def __init__(self, address: str, session: str) -> None:
        self.address = address
        self._session = session
        self._handler: int | None = None
        self._cookies = ""
        self.conversation = ""

    async def hear(self, question: str) -> Heard:
        """Ask and hear the page's queue to its end. Raises ``OSError`` when it is refused."""
        await self._join(question)
        return await _hear(self._queue())

    async def ask(self, question: str) -> bool:
        """Ask in the conversation and stay in it; whether there was an answer."""
        await self._join(question)
        told = b"".join([piece async for piece in self._queue()]).decode("utf-8", "replace")
        for line in told.splitlines():
            if '"process_completed"' in line:
                conversation = answered(json.loads(line.removeprefix("data: ")))
                self.conversation = conversation or self.conversation
                return conversation is not None
        return False

    async def leave(self, question: str) -> None:
        """Ask, and close the connection once something came: a reader who closes the tab."""
        await self._join(question)
        async with aclosing(self._queue()) as pieces:
            await anext(pieces, b"")

    async def _join(self, question: str) -> None:
        if self._handler is None:
            self._handler = submit_handler(await self._config())
        inputs = [question, self.conversation, ""]
        asked = {"data": inputs, "fn_index": self._handler, "session_hash": self._session, "event_data": None, "trigger_id": 1}
        await _hear(_pieces(self.address, "POST", "gradio_api/queue/join", json.dumps(asked).encode(), self._cookies))

    def _queue(self) -> AsyncGenerator[bytes, None]:
        return _pieces(self.address, "GET", f"gradio_api/queue/data?session_hash={self._session}", b"", self._cookies)

    async def _config(self) -> dict[str, Any]:
        cookies: list[str] = []
        page = b"".join([piece async for piece in _pieces(self.address, "GET", "", b"", "", cookies)])
        self._cookies = "; ".join(cookies)
        found = _CONFIG.search(page)
        if found is None:
            raise SystemExit(f"{self.address} is no Gradio page.")
        config: dict[str, Any] = json.loads(found[1])
        return config


def answered(completed: dict[str, Any]) -> str | None:
    """The conversation's id from the queue's last event; None when the question was refused or its answer failed."""
    if not completed["success"]:
        return None
    messages, given_back, conversation, _ = completed["output"]["data"]
    refused = isinstance(given_back, str) and bool(given_back)
    if refused or not messages or _FAILURE in json.dumps(messages[-1]):
        return None
    return str(conversation)


def submit_handler(config: dict[str, Any], element: str = "zj-composer") -> int:
    """The number of the handler of the question field in a Gradio page's configuration."""
    numbers = {part["id"]: part["props"].get("elem_id") for part in config["components"]}
    for dependency in config["dependencies"]:
        if any(numbers.get(target) == element and name == "submit" for target, name in dependency["targets"]):
            return int(dependency["id"])
    raise SystemExit(f"The page has no question field {element}.")


async def _hear(pieces: AsyncGenerator[bytes, None], enough: int | None = None) -> Heard:
    heard = Heard()
    async with aclosing(pieces):
        async for data in pieces:
            heard.take(data, time.monotonic())
            if enough is not None and len(heard.codes) >= enough:
                break
    return heard


async def _pieces(
    address: str, method: str, path: str, body: bytes = b"", cookies: str = "", given: list[str] | None = None
) -> AsyncGenerator[bytes, None]:
    """The body of a reply as it comes, without the frames of chunked encoding; cookies set are added to ``given``."""
    url = urlsplit(address)
    reader, writer = await asyncio.open_connection(url.hostname, url.port, limit=1 << 22)
    try:
        head = [
            f"{method} {url.path.rstrip('/')}/{path} HTTP/1.1", f"Host: {url.netloc}", "Connection: close",
            "Content-Type: application/json", f"Content-Length: {len(body)}", *([f"Cookie: {cookies}"] if cookies else []),
        ]  # fmt: skip
        writer.write("\r\n".join(head).encode() + b"\r\n\r\n" + body)
        answered = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        if " 200 " not in answered.partition("\r\n")[0]:
            raise ConnectionError(f"{method} {path} is answered with {answered.partition(chr(13))[0]}")
        if given is not None:
            given += re.findall(r"(?im)^set-cookie: ([^;\r]+)", answered)
        async for piece in _unframed(reader, chunked="chunked" in answered.lower()):
            yield piece
    finally:
        writer.close()


async def _unframed(reader: asyncio.StreamReader, *, chunked: bool) -> AsyncGenerator[bytes, None]:
    while not chunked and (data := await reader.read(1 << 16)):
        yield data
    while chunked and (size := int((await reader.readline()).strip() or b"0", 16)):
        yield (await reader.readexactly(size + 2))[:-2]
