"""Takes a model's thoughts out of its reply: what stands between ``<think>`` and ``</think>`` at its start."""

from __future__ import annotations

_OPEN, _CLOSE = "<think>", "</think>"


class ThoughtFilter:
    """Fed with pieces of a reply, gives what is meant for the reader. Thoughts stand at the start only."""

    def __init__(self) -> None:
        self._held = ""
        self._thinking = False
        self._past = False

    def feed(self, piece: str) -> str:
        """The part of the stream that is certain by now to be no thought."""
        if self._past:
            return piece
        self._held += piece
        if not self._thinking:
            start = self._held.lstrip()
            if not start or (len(start) < len(_OPEN) and _OPEN.startswith(start)):
                return ""
            if not start.startswith(_OPEN):
                return self._release(self._held)
            self._thinking = True
            self._held = start[len(_OPEN) :]
        place = self._held.find(_CLOSE)
        if place < 0:
            self._held = self._held[-len(_CLOSE) :]
            return ""
        rest = self._held[place + len(_CLOSE) :].lstrip()
        self._thinking = False
        self._held = ""
        self._past = bool(rest) and not _OPEN.startswith(rest[: len(_OPEN)])
        if self._past:
            return rest
        return self.feed(rest) if rest else ""

    def finish(self) -> str:
        """The stream has ended: what was held back and is no thought."""
        return "" if self._thinking or self._past else self._release(self._held)

    def _release(self, text: str) -> str:
        self._past, self._held = True, ""
        return text
