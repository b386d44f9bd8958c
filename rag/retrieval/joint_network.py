"""Two small layers that read a question and a passage together, over token vectors that were made apart.

The encoder reads question and passage each alone, the passage when it is indexed; here their tokens meet (late
joining: MacAvaney et al., "PreTTR", SIGIR 2020; Cao et al., "DeFormer", ACL 2020). Attention leans towards tokens
that are near for the encoder. One function of the weights, for reading as for training (``eval.train_reader``); it knows
neither index nor files.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rag.interfaces import Vector
from rag.retrieval.tokens import Spans

if TYPE_CHECKING:
    from torch import Tensor

LAYERS, HEADS, STEEPEST = 2, 4, 10.0
"""``STEEPEST``: how much nearness counts for the last head; the first goes by its own weights alone."""
MOST_TOKENS, MOST_ABOVE = 256, 24
"""Tokens of a passage, and of the title and section above it, that are read; what is behind them is not."""
MARKS = 4
"""What is told of each token beside its vector: see ``_marks``."""
_QUESTION, _ABOVE, _PASSAGE = 0, 1, 2
_FAR = -1e4
_KERNEL = 5
_USUAL, _SPREAD = 0.85, 10.0
"""The cosine of a token with the nearest of another text is spread around its usual value."""
_EMPTY = frozenset("的了吗呢是在有和与我你他这那么什哪个?？，,。、 ")

Weights = Mapping[str, "Tensor"]


@dataclass(frozen=True, slots=True)
class Tokens:
    """A text with the vectors (t, d) and the places (t, 2) of its tokens."""

    text: str
    vectors: Vector
    spans: Spans


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage, and what stands above it: its words and their vectors (c, d)."""

    tokens: Tokens
    above: str
    above_vectors: Vector


class Batch(NamedTuple):
    """n pairs of question and passage, padded to l tokens.

    ``vectors`` (n, l, d); ``kinds`` (n, l): of the question, above the passage, of the passage; ``marks`` (n, l, 4);
    ``there`` (n, l): no padding; ``places`` (n, l): a passage's tokens counted from 1; ``starts`` (n,): where its first one stands.
    """

    vectors: Tensor
    kinds: Tensor
    marks: Tensor
    there: Tensor
    places: Tensor
    starts: Sequence[int]


class Pair(NamedTuple):
    """One question and one passage laid end to end: vectors (l, d), marks (l, 4), and how many tokens are of which kind."""

    vectors: Vector
    marks: Vector
    question: int
    above: int


def pair(question: Tokens, passage: Passage) -> Pair:
    """See ``Pair``."""
    inner, above = passage.tokens.vectors[:MOST_TOKENS], passage.above_vectors[:MOST_ABOVE]
    vectors = np.concatenate([question.vectors, above, inner]).astype(np.float32, copy=False)
    return Pair(vectors, _marks(question, passage, len(above)), len(question.vectors), len(above))


def joined(pairs: Sequence[Pair]) -> Batch:
    """``pairs`` padded to the longest."""
    import torch

    lengths = [len(one.vectors) for one in pairs]
    size, longest, width = len(pairs), max(lengths), pairs[0].vectors.shape[1]
    vectors = np.zeros((size, longest, width), np.float32)
    marks = np.zeros((size, longest, MARKS), np.float32)
    kinds = np.zeros((size, longest), np.int64)
    places = np.zeros((size, longest), np.int64)
    there = np.zeros((size, longest), np.bool_)
    starts = [one.question + one.above for one in pairs]
    for row, (one, length, start) in enumerate(zip(pairs, lengths, starts, strict=True)):
        vectors[row, :length], marks[row, :length], there[row, :length] = one.vectors, one.marks, True
        kinds[row, one.question : start], kinds[row, start:length] = _ABOVE, _PASSAGE
        places[row, start:length] = np.arange(1, length - start + 1)
    return Batch(
        torch.from_numpy(vectors), torch.from_numpy(kinds), torch.from_numpy(marks), torch.from_numpy(there), torch.from_numpy(places), starts
    )


def _marks(question: Tokens, passage: Passage, above: int) -> Vector:
    """Whether a token's text stands in the other text, whether a question's token stands above the passage, whether it holds a
    digit, and how near the nearest token of the other text is."""
    inner = passage.tokens.vectors[:MOST_TOKENS]
    asked, told = _pieces(question), _pieces(passage.tokens)[:MOST_TOKENS]
    size, start = len(asked), len(asked) + above
    marks = np.zeros((start + len(told), MARKS), np.float32)
    marks[:size, 0] = _stand_in(asked, plain(passage.tokens.text))
    marks[:size, 1] = _stand_in(asked, plain(passage.above))
    marks[start:, 0] = _stand_in(told, plain(question.text))
    marks[:size, 2], marks[start:, 2] = _digits(asked), _digits(told)
    if asked and told:
        cosines = question.vectors @ inner.T
        marks[:size, 3] = (cosines.max(axis=1) - _USUAL) * _SPREAD
        marks[start:, 3] = (cosines.max(axis=0) - _USUAL) * _SPREAD
    return marks


def _pieces(tokens: Tokens) -> list[str]:
    whole, spans = plain(tokens.text), tokens.spans.tolist()
    if len(whole) == len(tokens.text):
        return [whole[start:end].strip() for start, end in spans]
    return [plain(tokens.text[start:end]).strip() for start, end in spans]


def _stand_in(pieces: Sequence[str], text: str) -> list[bool]:
    return [piece not in _EMPTY and any(map(str.isalnum, piece)) and piece in text for piece in pieces]


def _digits(pieces: Sequence[str]) -> list[bool]:
    return [any(map(str.isdigit, piece)) for piece in pieces]


def plain(text: str) -> str:
    """``text`` in one width and case."""
    return unicodedata.normalize("NFKC", text).lower()


def shapes(width: int, inner: int) -> dict[str, tuple[int, ...]]:
    """The weights of a network of ``inner`` dimensions over token vectors of ``width``."""
    wide = 3 * inner
    found: dict[str, tuple[int, ...]] = {
        "mean": (width,), "enter.weight": (inner, width), "enter.bias": (inner,), "kind": (3, inner), "place": (MOST_TOKENS + 1, inner),
        "marks.weight": (inner, MARKS), "marks.bias": (inner,), "near.weight": (inner, 1, _KERNEL), "near.bias": (inner,),
        "norm.weight": (inner,), "norm.bias": (inner,), "spot.weight": (1, inner), "spot.bias": (1,),
        "pool.weight": (inner, wide), "pool.bias": (inner,), "answer.weight": (1, inner), "answer.bias": (1,),
    }  # fmt: skip
    for layer in range(LAYERS):
        found |= {
            f"{layer}.before.weight": (inner,), f"{layer}.before.bias": (inner,), f"{layer}.all.weight": (wide, inner), f"{layer}.all.bias": (wide,),
            f"{layer}.mixed.weight": (inner, inner), f"{layer}.mixed.bias": (inner,), f"{layer}.between.weight": (inner,),
            f"{layer}.between.bias": (inner,), f"{layer}.inner.weight": (wide, inner), f"{layer}.inner.bias": (wide,),
            f"{layer}.outer.weight": (inner, wide), f"{layer}.outer.bias": (inner,),
        }  # fmt: skip
    return found


def read(weights: Weights, given: Batch, *, dropout: float = 0.0) -> tuple[Tensor, Tensor]:
    """The log-odds that each passage answers, (n,), and that each token of it is of the answer's sentence, (n, l).

    Tokens that are of no passage have -10,000. ``dropout`` is for training.
    """
    import torch
    from torch.nn.functional import conv1d, gelu, linear, normalize

    vectors = normalize(given.vectors - weights["mean"], dim=-1)
    with torch.no_grad():
        slopes = torch.linspace(0, STEEPEST, HEADS)[:, None, None]
        leaning = slopes * (vectors @ vectors.transpose(1, 2))[:, None]
        leaning.masked_fill_(~given.there[:, None, None, :], _FAR)
    if dropout:  # of whole dimensions
        vectors = vectors * (torch.rand(len(vectors), 1, vectors.shape[-1]) > dropout) / (1 - dropout)
    hidden = linear(vectors * float(vectors.shape[-1]) ** 0.5, weights["enter.weight"], weights["enter.bias"])
    hidden = hidden + weights["kind"][given.kinds] + weights["place"][given.places]
    hidden = hidden + linear(given.marks, weights["marks.weight"], weights["marks.bias"])
    around = (hidden * given.there[..., None]).transpose(1, 2)
    around = conv1d(around, weights["near.weight"], weights["near.bias"], padding=_KERNEL // 2, groups=around.shape[1])
    hidden = hidden + around.transpose(1, 2)
    for layer in range(LAYERS):
        hidden = _layer(weights, f"{layer}.", hidden, leaning, dropout)
    hidden = _normed(weights, "norm", hidden)
    told = (given.kinds == _PASSAGE) & given.there
    spots = linear(hidden, weights["spot.weight"], weights["spot.bias"]).squeeze(-1).masked_fill(~told, _FAR)
    asked = ((given.kinds == _QUESTION) & given.there).float()[..., None]
    question = (hidden * asked).sum(1) / asked.sum(1)
    answer = (torch.softmax(spots, dim=-1)[..., None] * hidden).sum(1)
    both = torch.cat([question, answer, question * answer], dim=-1)
    pooled = gelu(linear(both, weights["pool.weight"], weights["pool.bias"]))
    return linear(pooled, weights["answer.weight"], weights["answer.bias"]).squeeze(-1), spots


def _layer(weights: Weights, name: str, hidden: Tensor, leaning: Tensor, dropout: float) -> Tensor:
    from torch.nn.functional import dropout as dropped
    from torch.nn.functional import gelu, linear, scaled_dot_product_attention

    size, length, inner = hidden.shape
    asked, found, carried = (
        linear(_normed(weights, f"{name}before", hidden), weights[f"{name}all.weight"], weights[f"{name}all.bias"])
        .view(size, length, 3, HEADS, inner // HEADS)
        .permute(2, 0, 3, 1, 4)
    )
    mixed = scaled_dot_product_attention(asked, found, carried, attn_mask=leaning).transpose(1, 2).reshape(size, length, inner)
    mixed = linear(mixed, weights[f"{name}mixed.weight"], weights[f"{name}mixed.bias"])
    hidden = hidden + dropped(mixed, dropout, training=dropout > 0)
    widened = gelu(linear(_normed(weights, f"{name}between", hidden), weights[f"{name}inner.weight"], weights[f"{name}inner.bias"]))
    added = linear(widened, weights[f"{name}outer.weight"], weights[f"{name}outer.bias"])
    return hidden + dropped(added, dropout, training=dropout > 0)


def _normed(weights: Weights, name: str, hidden: Tensor) -> Tensor:
    from torch.nn.functional import layer_norm

    return layer_norm(hidden, hidden.shape[-1:], weights[f"{name}.weight"], weights[f"{name}.bias"])
