"""What the embedder asks of a model, and the choice of who runs it.

Models of the BERT family run directly on a CPU (``bert``): the same numbers, ready in a third of the time and
without padding. Every other model, and every model on a GPU, runs through sentence-transformers.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from rag.interfaces import Vector
from rag.retrieval.bert import BertEncoder, can_run
from rag.retrieval.devices import choose_device
from rag.retrieval.sentence_model import SentenceModel
from rag.retrieval.windows import Frame, Tokenised, Window

Encoded = tuple[Vector, Vector]
"""Of one window: its pooled vector (d,), and its own tokens' vectors (t, d). All L2-normalised."""


class Encoder(Protocol):
    """A loaded model. ``batch`` and ``workers``: how many windows to give at once, and from how many threads."""

    frame: Frame
    dimension: int
    batch: int
    workers: int

    def tokenise(self, texts: list[str]) -> list[Tokenised]:
        """Token ids and offsets of each text, without special tokens."""
        ...

    def encode(self, windows: Sequence[Window]) -> list[Encoded]:
        """Run the model. Safe from ``workers`` threads at once."""
        ...


def open_encoder(folder: Path, device: str) -> Encoder:
    """Load the model in ``folder``. ``device`` is a setting: auto, cpu, cuda, mps.

    Raises:
        ModelUnavailable: the model cannot be loaded.
        ConfigError: the device is unknown or not there.
    """
    chosen = choose_device(device)
    if chosen == "cpu" and can_run(folder):
        return BertEncoder.open(folder)
    return SentenceModel.open(folder, chosen)
