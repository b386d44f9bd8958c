"""An embedder that loads nothing."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence

import numpy as np

from rag.interfaces import Embedding, Vector

_TOKEN = re.compile(r"[^\W\u4e00-\u9fff]+|[\u4e00-\u9fff]")


class HashEmbedder:
    """Each word or Chinese character has a fixed random vector; a text's vector is their mean.

    Texts that share words are close, as with a real encoder, and nothing is loaded. ``embedded`` lists the
    passages it was asked for.
    """

    def __init__(self, name: str = "hash", dimension: int = 32) -> None:
        self.name, self.dimension = name, dimension
        self.embedded: list[str] = []

    def embed_query(self, text: str) -> Embedding:
        return self._embed(text)

    def embed_passages(
        self, texts: Sequence[str], contexts: Sequence[str] | None = None
    ) -> Iterator[Embedding]:
        for number, text in enumerate(texts):
            self.embedded.append(text)
            yield self._embed(text, contexts[number] if contexts else "")

    def _embed(self, text: str, context: str = "") -> Embedding:
        matches = list(_TOKEN.finditer(text.lower()))
        tokens = np.stack([self._token(match[0]) for match in matches] or [self._token("")])
        around = [self._token(word) for word in _TOKEN.findall(context.lower())]
        mean = np.mean([*tokens, *around], axis=0)
        spans = np.array([match.span() for match in matches] or [(0, 0)], dtype=np.int32)
        vector: Vector = (mean / max(float(np.linalg.norm(mean)), 1e-9)).astype(np.float32)
        return Embedding(vector, tokens, spans)

    def _token(self, word: str) -> Vector:
        seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "big")
        vector = np.random.default_rng(seed).standard_normal(self.dimension).astype(np.float32)
        unit: Vector = vector / np.linalg.norm(vector)
        return unit
