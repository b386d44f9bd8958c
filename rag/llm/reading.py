"""One reply as it is read: its visible text, its limits, and what the endpoint tells of usage.

Endpoints send chunks without choices, without text, with thoughts apart, or with nothing but usage; all are read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rag.interfaces import Piece, probabilities_of
from rag.llm.certainty import Certainty, joined, probabilities_in, rivals_in
from rag.llm.failures import ReportedError
from rag.llm.thinking import ThoughtFilter

_DONE = b"[DONE]"

_CHARACTERS_PER_TOKEN = 8
_THOUGHTS_PER_TOKEN = 40


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one chunk of a stream holds.

    ``last``: it tells why the reply ends. ``probabilities``: one for each character of ``text``, or none at all.
    ``rivals``: the tokens that might have stood first, with theirs.
    """

    text: str = ""
    thought: str = ""
    last: bool = False
    prompt_tokens: int = 0
    completion_tokens: int = 0
    probabilities: tuple[float, ...] = ()
    rivals: Mapping[str, float] = field(default_factory=dict)


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
        rivals=rivals_in(choice.get("logprobs")),
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
        self._rivals: Mapping[str, float] = {}
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

        It is a ``Piece`` where the endpoint tells probabilities; the first one knows what else the reply might have begun with. An event that cannot be read does not take the text
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
        return self._with_rivals(joined(texts))

    def _with_rivals(self, text: str) -> str:
        if not text or not self._rivals:
            return text
        piece, self._rivals = Piece(text, probabilities_of(text), self._rivals), {}
        return piece

    def _take(self, chunk: Chunk) -> str:
        self.prompt_tokens = max(self.prompt_tokens, chunk.prompt_tokens)
        self.completion_tokens = max(self.completion_tokens, chunk.completion_tokens)
        self.alive = self.alive or bool(chunk.text or chunk.thought)
        self.finished = self.finished or chunk.last
        if not self.shown and not self._rivals:
            self._rivals = chunk.rivals
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
