"""Counts what a language model is asked and answers, apart for every thread, so that each case has its own bill.

Tokens are estimated from the text (a CJK character one, other text four characters to one): endpoints that tell
their own count do so for all threads together.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rag.interfaces import LanguageModel, Message
from rag.text import is_cjk

_CHARACTERS = 4


@dataclass(frozen=True, slots=True)
class Prices:
    """What a million tokens cost, in whatever currency the user counts."""

    tokens_in: float = 0.0
    tokens_out: float = 0.0


class MeteredModel:
    """A language model that keeps count. ``take`` gives the calling thread's bill and starts anew."""

    def __init__(self, model: LanguageModel, prices: Prices) -> None:
        self._model, self._prices = model, prices
        self._bill = threading.local()

    @property
    def name(self) -> str:
        """The model's own."""
        return self._model.name

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int | None = None, temperature: float | None = None
    ) -> Iterator[str]:
        """The model's own, counted."""
        self._add("tokens_in", sum(estimate_tokens(message.content) for message in messages))
        pieces = self._model.stream(messages, max_tokens=max_tokens, temperature=temperature)
        try:
            for piece in pieces:
                self._add("tokens_out", estimate_tokens(piece))
                yield piece
        finally:
            close = getattr(pieces, "close", None)
            if close is not None:
                close()

    def decide(self, messages: Sequence[Message], schema: Mapping[str, Any]) -> dict[str, Any]:
        """The model's own, counted."""
        self._add("tokens_in", sum(estimate_tokens(message.content) for message in messages))
        decision = self._model.decide(messages, schema)
        self._add("tokens_out", estimate_tokens(str(decision)))
        return decision

    def take(self) -> dict[str, float]:
        """tokens_in, tokens_out and cost since the thread last asked."""
        spent: dict[str, float] = dict(getattr(self._bill, "spent", {}))
        self._bill.spent = {}
        if spent:
            spent["cost"] = (
                spent.get("tokens_in", 0.0) * self._prices.tokens_in + spent.get("tokens_out", 0.0) * self._prices.tokens_out
            ) / 1e6
        return spent

    def _add(self, name: str, tokens: float) -> None:
        spent = getattr(self._bill, "spent", None) or {}
        spent[name] = spent.get(name, 0.0) + tokens
        self._bill.spent = spent


def estimate_tokens(text: str) -> float:
    """A CJK character counts one token, four other characters one."""
    wide = sum(map(is_cjk, text))
    return wide + (len(text) - wide) / _CHARACTERS
