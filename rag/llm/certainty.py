"""How sure a model was of what it wrote: an endpoint's log-probabilities, laid over the characters of its text.

Endpoints that tell none, or tell nonsense, lose nothing: their text stays plain.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import chain
from typing import Any

from rag.interfaces import Piece, probabilities_of

_LEAST = -100.0


def probabilities_in(logprobs: object, text: str) -> tuple[float, ...]:
    """For each character of ``text`` the probability of its token; empty where ``logprobs`` tells none.

    Tokens that do not make up ``text`` (a character cut in two) give every character the least of theirs.
    """
    tokens = _dicts(logprobs.get("content")) if isinstance(logprobs, dict) else []
    if not tokens:
        return ()
    words = [str(token.get("token", "")) for token in tokens]
    weights = [_probability(token.get("logprob")) for token in tokens]
    if "".join(words) != text:
        return (min(weights),) * len(text)
    return tuple(weight for word, weight in zip(words, weights, strict=True) for _ in word)


def rivals_in(logprobs: object) -> dict[str, float]:
    """The tokens that might have stood first, the one that does among them, with their probabilities; empty where
    ``logprobs`` tells none."""
    tokens = _dicts(logprobs.get("content")) if isinstance(logprobs, dict) else []
    told = [token for token in _dicts(tokens[0].get("top_logprobs")) if isinstance(token.get("token"), str)] if tokens else []
    return {token["token"]: _probability(token.get("logprob")) for token in told}


def _dicts(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _probability(logprob: object) -> float:
    """Of a log-probability; 1 where it is none."""
    if isinstance(logprob, bool) or not isinstance(logprob, (int, float)) or logprob != logprob:
        return 1.0
    return math.exp(max(_LEAST, min(logprob, 0.0)))


class Certainty:
    """The probabilities of a reply, kept beside its text while a filter holds that back."""

    def __init__(self) -> None:
        self._held: list[float] = []
        self._told = False

    def add(self, text: str, probabilities: Sequence[float]) -> None:
        """The next stretch of the reply, before it is filtered."""
        self._told = self._told or bool(probabilities)
        if self._told:
            self._held += probabilities or (1.0,) * len(text)

    def lay(self, shown: str) -> str:
        """``shown``, which ends all that was added, as a ``Piece`` if any probability was told so far."""
        if not shown or not self._told:
            return shown
        known = self._held[-len(shown) :]
        self._held = []
        return Piece(shown, [1.0] * (len(shown) - len(known)) + known)


def joined(pieces: Sequence[str]) -> str:
    """The pieces in one, a ``Piece`` if any of them is."""
    text = "".join(pieces)
    if not any(isinstance(piece, Piece) for piece in pieces):
        return text
    return Piece(text, chain.from_iterable(map(probabilities_of, pieces)))
