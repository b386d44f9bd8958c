"""Any sentence-transformers model with a fast tokenizer, on any device, run through the library itself.

One text or batch at a time: neither its tokenizers nor a GPU gain from more.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rag.errors import ModelError, ModelUnavailable
from rag.interfaces import Vector
from rag.retrieval.devices import quiet_loading
from rag.retrieval.windows import Frame, Tokenised, Window

_CPU_BATCH, _GPU_BATCH = 4, 64
_USUAL_WINDOW = 512


class SentenceModel:
    """An ``Encoder`` over ``SentenceTransformer``. Half precision on a GPU."""

    def __init__(self, model: Any, device: str) -> None:
        self._model, self._device = model, device
        self._tokenizer = model.tokenizer
        self._lock, self.workers = threading.Lock(), 1
        self.batch = _CPU_BATCH if device == "cpu" else _GPU_BATCH
        bare = list(self._tokenizer("a", add_special_tokens=False)["input_ids"])
        full = list(self._tokenizer("a", add_special_tokens=True)["input_ids"])
        self.frame = Frame.around(bare, full, int(model.max_seq_length or _USUAL_WINDOW))
        # under this name since sentence-transformers 5.4
        measure = getattr(model, "get_embedding_dimension", None) or model.get_sentence_embedding_dimension
        self.dimension = int(measure())

    @classmethod
    def open(cls, folder: Path, device: str) -> SentenceModel:
        """Load the model in ``folder`` onto a PyTorch device.

        Raises:
            ModelUnavailable: it cannot be loaded, or has no fast tokenizer.
        """
        from sentence_transformers import SentenceTransformer  # ten seconds to import

        try:
            with quiet_loading():
                model: Any = SentenceTransformer(str(folder), device=device, local_files_only=True)
        except (OSError, ValueError, KeyError, ImportError, RuntimeError) as error:
            raise ModelUnavailable(f"The embedding model in {folder} cannot be loaded ({error}).") from error
        if not getattr(model.tokenizer, "is_fast", False):
            raise ModelUnavailable(f"The model in {folder} has no fast tokenizer; exact spans need one.")
        model.eval()
        if device != "cpu":
            model.half()
        return cls(model, device)

    def tokenise(self, texts: list[str]) -> list[Tokenised]:
        """Token ids and offsets, without special tokens."""
        with self._lock:
            encoded = self._tokenizer(
                texts,
                add_special_tokens=False,
                return_offsets_mapping=True,
                return_attention_mask=False,
                truncation=False,
                verbose=False,
            )
        return [Tokenised(*pair) for pair in zip(encoded["input_ids"], encoded["offset_mapping"], strict=True)]

    def encode(self, windows: Sequence[Window]) -> list[tuple[Vector, Vector]]:
        """See ``Encoder``.

        Raises:
            ModelError: the device has too little memory.
        """
        import torch

        try:
            with self._lock, torch.inference_mode():
                pooled, tokens = self._forward([window.ids for window in windows])
        except torch.OutOfMemoryError as error:
            raise ModelError("The device has too little memory. Set RAG_EMBEDDING_BATCH lower.") from error
        left = self._tokenizer.padding_side == "left"
        results: list[tuple[Vector, Vector]] = []
        for row, window in enumerate(windows):
            start = window.first + (tokens.shape[1] - len(window.ids) if left else 0)
            results.append((pooled[row], tokens[row, start : start + len(window.spans)].copy()))
        return results

    def _forward(self, ids: list[list[int]]) -> tuple[Vector, Vector]:
        """Pooled vectors (n, d), and token vectors (n, longest, d) with the padding's among them."""
        from torch.nn.functional import normalize

        padded = self._tokenizer.pad({"input_ids": ids}, return_tensors="pt")
        output = self._model({name: padded[name].to(self._device) for name in ("input_ids", "attention_mask")})
        pooled: Vector = normalize(output["sentence_embedding"].float(), dim=1).cpu().numpy()
        tokens: Vector = normalize(output["token_embeddings"].float(), dim=2).cpu().numpy()
        return pooled, tokens
