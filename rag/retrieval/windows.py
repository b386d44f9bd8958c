"""Texts as an encoder's input: token ids with their place in the text, cut into windows that fit the model.

Pure arithmetic over what a fast tokenizer gives. A text longer than the model's window is never cut short: it
becomes several windows of about equal length, and each begins with the prefix and the context.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_SURROGATE = re.compile("[\ud800-\udfff]")
_CONTEXT_SHARE = 4  # a context longer than this part of the window is cut


class Tokenised(NamedTuple):
    """Token ids without special tokens, and each token's start and end in the text."""

    ids: Sequence[int]
    offsets: Sequence[tuple[int, int]]


Tokenise = Callable[[list[str]], list[Tokenised]]


class Frame(NamedTuple):
    """What a model puts around every input, and the most tokens that fit between."""

    head: tuple[int, ...]
    tail: tuple[int, ...]
    capacity: int

    @classmethod
    def around(cls, bare: Sequence[int], full: Sequence[int], window: int) -> Frame:
        """The frame of a model with ``window`` tokens, from some text's ids without and with special tokens."""
        size = len(bare)
        at = next(start for start in range(len(full)) if list(full[start : start + size]) == list(bare))
        head, tail = tuple(full[:at]), tuple(full[at + size :])
        return cls(head, tail, window - len(head) - len(tail))


@dataclass(frozen=True, slots=True)
class Window:
    """One input of the model.

    ``ids`` holds the special tokens too; the tokens of the text itself are ``ids[first : first + len(spans)]``
    and ``spans`` are their offsets in it. ``text`` is the number of the text that it is cut from.
    """

    text: int
    ids: list[int]
    first: int
    spans: NDArray[np.int32]


def sound(text: str) -> str:
    """``text`` with lone surrogates, which no tokenizer takes, replaced one for one."""
    return _SURROGATE.sub("\ufffd", text)


def cut(leads: Sequence[str], texts: Sequence[str], tokenise: Tokenise, frame: Frame) -> list[Window]:
    """The windows of all texts, in order; ``leads`` (prefix and context) stand before each, one a text."""
    joined = [sound(lead + text) for lead, text in zip(leads, texts, strict=True)]
    windows: list[Window] = []
    for number, (lead, tokens) in enumerate(zip(leads, tokenise(joined), strict=True)):
        windows.extend(_cut_one(number, len(lead), tokens, frame))
    return windows


def _cut_one(number: int, boundary: int, tokens: Tokenised, frame: Frame) -> Iterator[Window]:
    spans = np.array(tokens.offsets, dtype=np.int32).reshape(-1, 2)
    begin = int(np.searchsorted(spans[:, 1], boundary, side="right")) if boundary else 0
    lead = list(tokens.ids[:begin])
    room = frame.capacity - len(lead)
    if (room < len(spans) - begin or room < 1) and len(lead) > frame.capacity // _CONTEXT_SHARE:
        lead = lead[: frame.capacity // _CONTEXT_SHARE]
        room = frame.capacity - len(lead)
    own = np.maximum(spans[begin:] - boundary, 0)
    pieces = max(1, -(-len(own) // room))
    edges = [len(own) * piece // pieces for piece in range(pieces + 1)]
    for start, end in itertools.pairwise(edges):
        ids = [*frame.head, *lead, *tokens.ids[begin + start : begin + end], *frame.tail]
        yield Window(number, ids, len(frame.head) + len(lead), own[start:end])


def batches(windows: Sequence[Window], most: int, tokens: int) -> Iterator[list[int]]:
    """Numbers of windows grouped by length: at most ``most`` a batch and about ``tokens`` with padding.

    Longest first, so that memory is at its highest at once and not at the end.
    """
    order = sorted(range(len(windows)), key=lambda number: (-len(windows[number].ids), number))
    batch: list[int] = []
    for number in order:
        longest = len(windows[batch[0]].ids) if batch else 0
        if batch and (len(batch) >= most or longest * (len(batch) + 1) > tokens):
            yield batch
            batch = []
        batch.append(number)
    if batch:
        yield batch
