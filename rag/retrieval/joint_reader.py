"""Finds answers in passages by two small layers over the token vectors that the index keeps (``joint_network``).

For the built-in encoder only, whose vectors the layers were trained on. What it read of a question and a passage it
remembers: the order of the passages and whether they suffice both ask for it.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from rag.errors import ModelUnavailable
from rag.interfaces import Embedder, Vector
from rag.retrieval.contexts import context
from rag.retrieval.joint_network import (
    Passage,
    Tokens,
    Weights,
    joined,
    pair,
    read,
    shapes,
)
from rag.retrieval.late_interaction import TokenSource
from rag.types import Chunk

FILE = Path(__file__).with_name("joint_reader.safetensors")
"""Trained by ``eval/train_reader.py``."""
WIDTH = 384
"""Dimensions of the token vectors that the weights are made for: those of the built-in encoder."""
SURE = 8.0
"""Log-odds are held between minus this and this."""
_REMEMBERED = 2048
_AT_ONCE = 4
"""Passages of one batch: a batch runs on one core, batches side by side."""


class Sources(TokenSource, Protocol):
    """An index whose chunks are read."""

    def context_of(self, chunk_id: str) -> Vector:
        """The token vectors of what stands above a chunk."""
        ...


class JointReader:
    """An ``AnswerFinder``. Safe for threads."""

    def __init__(self, embedder: Embedder, index: Sources, file: Path = FILE) -> None:
        self._embedder, self._index, self._file = embedder, index, file
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[str, str], float] = OrderedDict()

    def answers(self, question: str, chunks: Sequence[Chunk]) -> list[float]:
        """See ``AnswerFinder``.

        Raises:
            KeyError: a chunk is not in the index.
            ModelUnavailable: the file of weights is missing or of another encoder.
        """
        wanted = {chunk.id: chunk for chunk in chunks}
        with self._lock:
            found = {key: self._known[question, key] for key in wanted if (question, key) in self._known}
        missing = [chunk for key, chunk in wanted.items() if key not in found]
        if missing:
            found |= self._read_anew(question, missing)
            with self._lock:
                self._known.update({(question, chunk.id): found[chunk.id] for chunk in missing})
                while len(self._known) > _REMEMBERED:
                    self._known.popitem(last=False)
        return [found[chunk.id] for chunk in chunks]

    def _read_anew(self, question: str, chunks: Sequence[Chunk]) -> dict[str, float]:
        embedded = self._embedder.embed_query(question)
        asked = Tokens(question, embedded.tokens, embedded.spans)
        passages = {chunk.id: self._passage(chunk) for chunk in chunks}
        readable = [key for key, passage in passages.items() if len(asked.vectors) and len(passage.tokens.vectors)]
        readable.sort(key=lambda key: len(passages[key].tokens.vectors))
        groups = [readable[start : start + _AT_ONCE] for start in range(0, len(readable), _AT_ONCE)]
        weights = load(self._file, self._embedder.dimension)
        found = dict.fromkeys((chunk.id for chunk in chunks), -SURE)
        parts = _pool().map(lambda keys: _run(weights, asked, [passages[key] for key in keys]), groups)
        for keys, part in zip(groups, parts, strict=True):
            found |= dict(zip(keys, part, strict=True))
        return found

    def _passage(self, chunk: Chunk) -> Passage:
        vectors, spans = self._index.tokens_of(chunk.id)
        return Passage(Tokens(chunk.text, vectors, spans), context(chunk), self._index.context_of(chunk.id))


def _run(weights: Weights, asked: Tokens, passages: Sequence[Passage]) -> list[float]:
    import torch

    with torch.inference_mode():
        answers = read(weights, joined([pair(asked, passage) for passage in passages]))[0].tolist()
    return [max(-SURE, min(SURE, answer)) for answer in answers]


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(min(4, os.cpu_count() or 1), thread_name_prefix="joint-reader")


@lru_cache(maxsize=4)
def load(file: Path, width: int) -> Weights:
    """The weights in ``file``, for token vectors of ``width``.

    Raises:
        ModelUnavailable: it is missing, damaged or made for other vectors.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        weights = {name: tensor.float() for name, tensor in load_file(file).items()}
    except (OSError, SafetensorError) as error:
        raise ModelUnavailable(f"{file} cannot be read ({error}). Install Zhiju anew, or set RAG_JOINT_READER=false.") from error
    inner = len(weights.get("norm.weight", ()))
    if {name: tuple(tensor.shape) for name, tensor in weights.items()} != shapes(width, inner):
        raise ModelUnavailable(f"{file} is not for token vectors of {width} dimensions. Set RAG_JOINT_READER=false.")
    return weights
