"""One reply as it is read: its visible text, its limits, and what the endpoint tells of usage.

Endpoints send chunks without choices, without text, with thoughts apart, or with nothing but usage; all are read.
"""

from __future__ import annotations

from dataclasses import dataclass

from rag.llm.thinking import ThoughtFilter

_CHARACTERS_PER_TOKEN = 8
_THOUGHTS_PER_TOKEN = 40


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one chunk of a stream holds."""

    text: str = ""
    thought: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0


def read_chunk(chunk: object) -> Chunk:
    """What ``chunk`` holds, whatever it lacks."""
    usage = getattr(chunk, "usage", None)
    choices = getattr(chunk, "choices", None)
    delta = getattr(choices[0], "delta", None) if isinstance(choices, list) and choices else None
    return Chunk(
        text=_text(getattr(delta, "content", None)),
        thought=_text(getattr(delta, "reasoning_content", None)) or _text(getattr(delta, "reasoning", None)),
        prompt_tokens=_count(getattr(usage, "prompt_tokens", None)),
        completion_tokens=_count(getattr(usage, "completion_tokens", None)),
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _count(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0


class Reading:
    """Fed with chunks, gives the visible text, at most 8 characters for each of ``limit`` tokens."""

    def __init__(self, limit: int) -> None:
        self._left = limit * _CHARACTERS_PER_TOKEN
        self._thoughts_left = limit * _THOUGHTS_PER_TOKEN
        self._filter = ThoughtFilter()
        self.shown = False
        self.prompt_tokens = 0
        self.completion_tokens = 0

    @property
    def full(self) -> bool:
        """Whether the reply is as long as it may get."""
        return self._left <= 0 or self._thoughts_left <= 0

    def take(self, chunk: Chunk) -> tuple[str, bool]:
        """The text to show now, and whether the chunk was a sign of life (text or thought)."""
        self.prompt_tokens = max(self.prompt_tokens, chunk.prompt_tokens)
        self.completion_tokens = max(self.completion_tokens, chunk.completion_tokens)
        text = self._cut(self._filter.feed(chunk.text)) if chunk.text else ""
        self._thoughts_left -= len(chunk.thought) + (len(chunk.text) if not text else 0)
        return text, bool(chunk.text or chunk.thought)

    def finish(self) -> str:
        """The stream has ended: the text that was held back."""
        return self._cut(self._filter.finish())

    def _cut(self, text: str) -> str:
        kept = text[: max(self._left, 0)]
        self._left -= len(kept)
        self.shown = self.shown or bool(kept.strip())
        return kept
