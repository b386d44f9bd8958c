"""A judge that is an entailment model: any sentence-transformers CrossEncoder with an ``entailment`` label."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rag.errors import ModelUnavailable


class NliJudge:
    """``encoder`` has ``predict``, which gives (n, labels) logits; entailment stands at ``label``."""

    def __init__(self, name: str, encoder: Any, label: int) -> None:
        self.name = f"nli:{name}"
        self._encoder, self._label = encoder, label

    def entails(self, claim: str, evidence: str) -> bool:
        """Whether entailment is the likeliest label."""
        scores: Sequence[float] = list(self._encoder.predict([(evidence, claim)], show_progress_bar=False)[0])
        return scores.index(max(scores)) == self._label


def open_nli(name: str) -> NliJudge:
    """Load a model by name or path.

    Raises:
        ModelUnavailable: it is not there, or is no entailment model.
    """
    from sentence_transformers import CrossEncoder  # seconds to import

    try:
        encoder = CrossEncoder(name)
    except (OSError, ValueError) as error:
        raise ModelUnavailable(f"The judge {name} cannot be loaded ({error}). Name a folder or another model with --judge-model.") from error
    labels = {str(label).lower(): int(place) for place, label in encoder.config.id2label.items()}
    if "entailment" not in labels:
        raise ModelUnavailable(f"{name} has no label called entailment. Name an NLI CrossEncoder with --judge-model.")
    return NliJudge(name, encoder, labels["entailment"])
