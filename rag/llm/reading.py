"""One reply as it is read: its visible text, its limits, and what the endpoint tells of usage.

Endpoints send chunks without choices, without text, with thoughts apart, or with nothing but usage; all are read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from rag.llm.certainty import Certainty, joined, probabilities_in
from rag.llm.failures import ReportedError
from rag.llm.thinking import ThoughtFilter

_DONE = b"[DONE]"

_CHARACTERS_PER_TOKEN = 8
_THOUGHTS_PER_TOKEN = 40


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one chunk of a stream holds.

    ``last``: it tells why the reply ends. ``probabilities``: one for each character of ``text``, or none at all.
    """

    text: str = ""
    thought: str = ""
    last: bool = False
    prompt_tokens: int = 0
    completion_tokens: int = 0
    probabilities: tuple[float, ...] = ()


def read_chunk(data: bytes) -> Chunk:
    """What the data of one event holds, whatever it lacks.

    Raises:
        ReportedError: the endpoint tells of an error.
        ValueError: it is no JSON.
    """
    value = json.loads(data)
    if not isinstance(value, dict):
        return Chunk()
    if value.get("error"):
        raise ReportedError
    usage, choices = _mapping(value.get("usage")), value.get("choices")
    choice = _mapping(choices[0]) if isinstance(choices, list) and choices else {}
    delta = _mapping(choice.get("delta"))
    text = _text(delta.get("content"))
    return Chunk(
        text=text,
        thought=_text(delta.get("reasoning_content")) or _text(delta.get("reasoning")),
        last=bool(choice.get("finish_reason")),
        prompt_tokens=_count(usage.get("prompt_tokens")),
        completion_tokens=_count(usage.get("completion_tokens")),
        probabilities=probabilities_in(choice.get("logprobs"), text),
    )


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _count(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0


class Reading:
    """Fed with events, gives the visible text, at most 8 characters for each of ``limit`` tokens.

    ``alive``: what was taken last held text or thought. ``done``: the endpoint says that its reply ends here.
    ``finished``: it has said so or why, in either of the two ways; not every endpoint does both.
    ``error``: why the rest cannot be read.
    """

    def __init__(self, limit: int) -> None:
        self._left = limit * _CHARACTERS_PER_TOKEN
        self._thoughts_left = limit * _THOUGHTS_PER_TOKEN
        self._filter = ThoughtFilter()
        self._certainty = Certainty()
        self.shown = False
        self.alive = False
        self.done = False
        self.finished = False
        self.error: Exception | None = None
        self.prompt_tokens = 0
        self.completion_tokens = 0

    @property
    def full(self) -> bool:
        """Whether the reply is as long as it may get."""
        return self._left <= 0 or self._thoughts_left <= 0

    def take(self, events: Iterable[bytes]) -> str:
        """The text to show now, of what came together: the data of events, up to the one that says that all is done.

        It is a ``Piece`` where the endpoint tells probabilities. An event that cannot be read does not take the text
        before it along: see ``error``.
        """
        texts: list[str] = []
        self.alive = False
        try:
            for data in events:
                if data.startswith(_DONE):
                    self.done = self.finished = True
                    break
                texts.append(self._take(read_chunk(data)))
        except (ReportedError, ValueError) as error:
            self.error = error
        return joined(texts)

    def _take(self, chunk: Chunk) -> str:
        self.prompt_tokens = max(self.prompt_tokens, chunk.prompt_tokens)
        self.completion_tokens = max(self.completion_tokens, chunk.completion_tokens)
        self.alive = self.alive or bool(chunk.text or chunk.thought)
        self.finished = self.finished or chunk.last
        text = self._filtered(chunk) if chunk.text else ""
        self._thoughts_left -= len(chunk.thought) + (len(chunk.text) if not text else 0)
        return text

    def _filtered(self, chunk: Chunk) -> str:
        self._certainty.add(chunk.text, chunk.probabilities)
        return self._cut(self._certainty.lay(self._filter.feed(chunk.text)))

    def finish(self) -> str:
        """The stream has ended: the text that was held back."""
        return self._cut(self._certainty.lay(self._filter.finish()))

    def _cut(self, text: str) -> str:
        kept = text if len(text) <= self._left else text[: max(self._left, 0)]
        self._left -= len(kept)
        self.shown = self.shown or bool(kept.strip())
        return kept
