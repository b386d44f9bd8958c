"""A cross-encoder as the reranker: query and passage read together by a model of one's choice.

Slower than late interaction by orders of magnitude without a GPU, and better where one is at hand. Any
sentence-transformers ``CrossEncoder`` with one output will do.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rag.errors import ModelError
from rag.retrieval.pair_model import PairModel
from rag.retrieval.reranking import ranked
from rag.types import Hit

_ADVICE = "Set RAG_RERANKER to a CrossEncoder's folder or name, to maxsim, or to none."


class CrossEncoderReranker:
    """A ``Reranker`` whose score is the sigmoid of the model's logit. Loads the model with the first query."""

    def __init__(self, model: str, *, device: str = "auto", batch: int = 16) -> None:
        """``model``: a folder, or a name on the hub."""
        self._name = model
        self._model = PairModel(model, role="reranker", advice=_ADVICE, device=device, batch=batch)

    def rerank(self, query: str, hits: Sequence[Hit]) -> list[Hit]:
        """Order ``hits`` anew; equal scores by chunk id.

        Raises:
            ModelUnavailable: the model is not there or cannot be loaded.
            ModelError: it gives more than one score a pair, or fails.
        """
        if not hits:
            return []
        labels = self._model.load().num_labels
        if labels != 1:
            raise ModelError(f"The reranker {self._name} gives {labels} scores a pair, not one. {_ADVICE}")
        logits = self._model.logits([(query, hit.chunk.text) for hit in hits])[:, 0]
        return ranked(hits, (1 / (1 + np.exp(-logits))).tolist())
