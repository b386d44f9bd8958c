"""A cross-encoder as the reranker: query and passage read together by a model of one's choice.

Slower than late interaction by orders of magnitude without a GPU, and better where one is at hand. Any
sentence-transformers ``CrossEncoder`` with one output will do.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from rag.errors import ModelError, ModelUnavailable
from rag.retrieval.devices import choose_device, quiet_loading
from rag.retrieval.reranking import ranked
from rag.types import Hit


class CrossEncoderReranker:
    """A ``Reranker`` whose score is the sigmoid of the model's logit. Loads the model with the first query."""

    def __init__(self, model: str, *, device: str = "auto", batch: int = 16) -> None:
        """``model``: a folder, or a name on the hub."""
        self._name, self._device, self._batch = model, device, batch
        self._lock = threading.Lock()
        self._model: Any = None

    def rerank(self, query: str, hits: Sequence[Hit]) -> list[Hit]:
        """Order ``hits`` anew; equal scores by chunk id.

        Raises:
            ModelUnavailable: the model is not there or cannot be loaded.
            ModelError: it gives more than one score a pair, or fails.
        """
        if not hits:
            return []
        pairs = [(query, hit.chunk.text) for hit in hits]
        with self._lock:
            scores = self._scores(pairs)
        return ranked(hits, [float(score) for score in scores])

    def _scores(self, pairs: list[tuple[str, str]]) -> Any:
        if self._model is None:
            self._model = self._load()
        import torch

        try:
            scores = self._model.predict(
                pairs, batch_size=self._batch, show_progress_bar=False, activation_fn=torch.nn.Sigmoid()
            )
        except RuntimeError as error:
            raise ModelError(f"The reranker {self._name} failed ({error}).") from error
        return np.asarray(scores, dtype=np.float32)

    def _load(self) -> Any:
        device = choose_device(self._device)
        from sentence_transformers import CrossEncoder  # seconds to import

        try:
            with quiet_loading():
                model: Any = CrossEncoder(self._name, device=device)
        except (OSError, ValueError, KeyError, ImportError, RuntimeError) as error:
            raise ModelUnavailable(
                f"The reranker {self._name} cannot be loaded ({error}). "
                "Set RAG_RERANKER to a CrossEncoder's folder or name, to maxsim, or to none."
            ) from error
        if model.config.num_labels != 1:
            raise ModelError(f"The reranker {self._name} gives {model.config.num_labels} scores a pair, not one.")
        if device != "cpu":
            model.model.half()
        return model
