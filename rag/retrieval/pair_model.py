"""A cross-encoder of one's choice, which reads two texts together: loaded when it is first needed, run a batch at a time.

Knows neither what the texts are nor what the scores mean.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.errors import ModelError, ModelUnavailable
from rag.retrieval.devices import choose_device, quiet_loading


class PairModel:
    """A sentence-transformers ``CrossEncoder``. Safe for threads, which take turns."""

    def __init__(self, name: str, *, role: str, advice: str, device: str = "auto", batch: int = 16) -> None:
        """``name``: a folder, or a name on the hub. ``role`` and ``advice`` word its errors: what failed, what to set."""
        self._name, self._device, self._batch = name, device, batch
        self._role, self._advice = role, advice
        self._lock = threading.Lock()
        self._model: Any = None

    def load(self) -> Any:
        """Load the model unless it is there; its configuration (a transformers ``PretrainedConfig``).

        Raises:
            ModelUnavailable: the model is not there or cannot be loaded.
        """
        with self._lock:
            return self._loaded().config

    def logits(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        """(pairs, labels) logits.

        Raises:
            ModelUnavailable: the model is not there or cannot be loaded.
            ModelError: it fails.
        """
        with self._lock:
            model = self._loaded()
            import torch

            try:
                found = model.predict(
                    list(pairs), batch_size=self._batch, show_progress_bar=False, activation_fn=torch.nn.Identity()
                )
            except (RuntimeError, ValueError, IndexError) as error:
                raise ModelError(f"The {self._role} {self._name} failed ({error}).") from error
        return np.asarray(found, dtype=np.float64).reshape(len(pairs), -1)

    def _loaded(self) -> Any:
        if self._model is None:
            self._model = self._open()
        return self._model

    def _open(self) -> Any:
        device = choose_device(self._device)
        from sentence_transformers import CrossEncoder  # seconds to import

        try:
            with quiet_loading():
                model: Any = CrossEncoder(self._name, device=device)
        except (OSError, ValueError, KeyError, ImportError, RuntimeError) as error:
            raise ModelUnavailable(f"The {self._role} {self._name} cannot be loaded ({error}). {self._advice}") from error
        if device != "cpu":
            model.model.half()
        return model
