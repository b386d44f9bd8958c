"""Takes the data of server-sent events out of a stream of bytes, wherever the transport cut it.

Source: WHATWG HTML, server-sent events; a model's endpoint sends nothing but ``data``. The ``openai`` client has a
reader of its own, which makes a validated object of every token: a fifth of all work when forty readers are served.
"""

from __future__ import annotations

from collections.abc import Iterator

LONGEST_LINE = 1 << 23


class EventReader:
    """Fed with the bytes of a stream as they come, gives the data of every event that has ended by then."""

    def __init__(self) -> None:
        self._held = b""
        self._data: list[bytes] = []

    def feed(self, received: bytes) -> Iterator[bytes]:
        """The data of the events that end in ``received``. Raises ``ValueError`` for a line without end."""
        lines = (self._held + received).splitlines(keepends=True)
        # A line that ends in CR may be cut in the middle of CR LF.
        self._held = lines.pop() if lines and not lines[-1].endswith(b"\n") else b""
        if len(self._held) > LONGEST_LINE:
            raise ValueError("A line of the stream is too long.")
        for line in lines:
            yield from self._take(line.rstrip(b"\r\n"))

    def finish(self) -> Iterator[bytes]:
        """The stream has ended: the data of an event that was not closed."""
        held, self._held = self._held, b""
        yield from self._take(held.rstrip(b"\r\n"))
        yield from self._take(b"")

    def _take(self, line: bytes) -> Iterator[bytes]:
        if line.startswith(b"data:"):
            self._data.append(line[5:].removeprefix(b" "))
        elif not line and self._data:
            yield b"\n".join(self._data)
            self._data = []
