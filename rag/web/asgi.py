"""The ASGI types, and the wrappers of ``receive`` and ``send`` that the guard is made of."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from rag.web.refusals import Reason, Refusal

Scope = dict[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class BodyTooLarge(Refusal):
    """A request body beyond the limit; 413 in HTTP."""

    def __init__(self, limit: int) -> None:
        super().__init__(Reason.INVALID, f"The body is larger than {limit} bytes.", limit=limit)

    @property
    def status(self) -> int:
        """413, whatever the reason says."""
        return 413


def header(scope: Scope, name: bytes) -> str:
    """The first header of this name; empty when there is none."""
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")


def check_length(scope: Scope, limit: int) -> None:
    """Refuse a body that announces itself as too large. Raises ``BodyTooLarge``."""
    announced = header(scope, b"content-length")
    if announced and (not announced.isdecimal() or int(announced) > limit):
        raise BodyTooLarge(limit)


async def read_body(receive: Receive, limit: int) -> bytes:
    """The whole body, chunked or not. Raises ``BodyTooLarge`` as soon as it is."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return bytes(body)
        body += message.get("body", b"")
        if len(body) > limit:
            raise BodyTooLarge(limit)
        if not message.get("more_body", False):
            return bytes(body)


def replayed(body: bytes, receive: Receive) -> Receive:
    """A ``receive`` that gives ``body`` once and then waits for what the real one has to say."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def counted(receive: Receive, limit: int) -> Receive:
    """A ``receive`` that passes a body on piece by piece and raises ``BodyTooLarge`` beyond ``limit``."""
    size = 0

    async def count() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b"")) if message["type"] == "http.request" else 0
        if size > limit:
            raise BodyTooLarge(limit)
        return message

    return count


def with_nonce(send: Send, nonce: str) -> Send:
    """A ``send`` that puts ``nonce`` on every script of an HTML page, which it holds back until it is whole."""
    start: Message | None = None
    body = bytearray()

    async def rewrite(message: Message) -> None:
        nonlocal start
        if message["type"] == "http.response.start":
            kinds = [value for name, value in message["headers"] if name.lower() == b"content-type"]
            if kinds and kinds[0].startswith(b"text/html"):
                start = message
                return
        if start is None or message["type"] != "http.response.body":
            await send(message)
            return
        body.extend(message.get("body", b""))
        if message.get("more_body", False):
            return
        # Without quotes: the same page holds its configuration as JSON, where quotes would break a text.
        page = bytes(body).replace(b"<script", b"<script nonce=" + nonce.encode())
        kept = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
        start["headers"] = [*kept, (b"content-length", str(len(page)).encode())]
        await send(start)
        await send({"type": "http.response.body", "body": page})

    return rewrite
