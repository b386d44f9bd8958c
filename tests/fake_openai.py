"""A small OpenAI-compatible server on the loopback, real sockets and all, whose faults can be chosen.

``FakeOpenAI`` is a context manager. Each request takes the next of its ``script`` (the last one for ever); a step is
a function that writes to the connection. Requests are kept in ``requests``; ``closed`` tells of readers that left.
"""

from __future__ import annotations

import json
import math
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

Step = Callable[["Reply"], None]


@dataclass
class Reply:
    """The connection of one request, for a step to write to."""

    handler: BaseHTTPRequestHandler
    server: FakeOpenAI
    body: dict[str, Any]

    def status(self, code: int, text: str = "", **headers: str) -> None:
        """A whole reply that is no stream."""
        data = text.encode()
        self.handler.send_response(code)
        for name, value in headers.items():
            self.handler.send_header(name.replace("_", "-"), value)
        self.handler.send_header("Content-Length", str(len(data)))
        self.handler.end_headers()
        self.handler.wfile.write(data)

    def begin(self) -> None:
        """The headers of a stream; it ends with the connection."""
        self.handler.close_connection = True
        self.handler.send_response(200)
        self.handler.send_header("Content-Type", "text/event-stream")
        self.handler.send_header("Connection", "close")
        self.handler.end_headers()

    def raw(self, data: bytes) -> None:
        """Bytes as they are."""
        self.handler.wfile.write(data)
        self.handler.wfile.flush()

    def event(self, value: object) -> None:
        """One SSE event."""
        self.raw(b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n")

    def piece(self, text: str | None, **delta: object) -> None:
        """A chunk with ``text``."""
        self.event(chunk({"content": text, **delta}))

    def done(self) -> None:
        """The end as OpenAI sends it."""
        self.event(chunk({}, finish="stop"))
        self.raw(b"data: [DONE]\n\n")

    def wait_until_reader_leaves(self, seconds: float = 10.0) -> None:
        """Write keep-alive comments until the reader closes the connection; note when it did."""
        end = time.monotonic() + seconds
        try:
            while time.monotonic() < end:
                self.raw(b": keep-alive\n\n")
                time.sleep(0.05)
        except OSError:
            self.server.closed.set()

    def hang(self, seconds: float = 10.0) -> None:
        """Say nothing until the reader closes the connection, or the server ends."""
        connection = self.handler.connection
        connection.settimeout(0.05)
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.server.ending.is_set():
            try:
                if connection.recv(1) == b"":
                    self.server.closed.set()
                    return
            except TimeoutError:
                continue
            except OSError:
                self.server.closed.set()
                return


def chunk(delta: dict[str, object], finish: str | None = None) -> dict[str, object]:
    """A chat completion chunk."""
    return {
        "id": "c1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "fake",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }


def says(*pieces: str, usage: tuple[int, int] | None = None, pause: float = 0.0) -> Step:
    """A step that streams ``pieces`` as any provider does."""

    def step(reply: Reply) -> None:
        reply.begin()
        reply.event(chunk({"role": "assistant", "content": ""}))
        for piece in pieces:
            reply.piece(piece)
            time.sleep(pause)
        if usage:
            prompt, completion = usage
            reply.event({**chunk({}), "choices": [], "usage": {
                "prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}})
        reply.done()

    return step


def says_surely(*tokens: tuple[str, float], first: Mapping[str, float] | None = None) -> Step:
    """A step that streams tokens with their probabilities, and refuses who did not ask for them. ``first``: what might have
    stood first, told to who asks for that."""

    def step(reply: Reply) -> None:
        if not reply.body.get("logprobs"):
            reply.status(400)
            return
        reply.begin()
        rivals = [{"token": token, "logprob": math.log(chance)} for token, chance in (first or {}).items()]
        for token, probability in tokens:
            value: dict[str, Any] = chunk({"content": token})
            told: dict[str, Any] = {"token": token, "logprob": math.log(probability)}
            told |= {"top_logprobs": rivals} if rivals and reply.body.get("top_logprobs") else {}
            value["choices"][0]["logprobs"] = {"content": [told]}
            reply.event(value)
        reply.done()

    return step


def step_by_step(pieces: str, taken: threading.Semaphore) -> Step:
    """A step that streams the characters of ``pieces``, each but the first once the one before is ``taken``."""

    def step(reply: Reply) -> None:
        reply.begin()
        for place, piece in enumerate(pieces):
            if place:
                taken.acquire(timeout=10)
            reply.piece(piece)
        reply.done()

    return step


def fails(code: int, text: str = '{"error": {"message": "no"}}', **headers: str) -> Step:
    """A step that answers with a status and a body."""
    return lambda reply: reply.status(code, text, **headers)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


@dataclass
class FakeOpenAI:
    """The server; ``base_url`` is what a client needs."""

    script: Sequence[Step]
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    closed: threading.Event = field(default_factory=threading.Event)
    ending: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                body = json.loads(self.rfile.read(length))
                fake.requests.append(body)
                fake.headers.append({name.lower(): value for name, value in self.headers.items()})
                step = fake.script[min(len(fake.requests), len(fake.script)) - 1]
                try:
                    step(Reply(self, fake, body))
                except OSError:
                    self.close_connection = True
                    fake.closed.set()

            def log_message(self, format: str, *arguments: object) -> None:
                return

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    @property
    def base_url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ending.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def refused_url() -> str:
    """A URL at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/v1"
