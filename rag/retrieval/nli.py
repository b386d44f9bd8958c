"""A judge of sentences that is an entailment model: any sentence-transformers ``CrossEncoder`` for NLI.

Which label means what is read from the model's own configuration. Knows neither chunks nor the rules of checking.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rag.errors import ModelUnavailable
from rag.retrieval.pair_model import PairModel
from rag.types import Verdict

_LABELS = {"entail": Verdict.SUPPORTED, "contra": Verdict.CONFLICTING, "neutral": Verdict.UNSUPPORTED}
"""How the names of the three labels begin, in any case."""

_LEAST = 0.5
"""Probability from which a label is believed: it is likelier than the other two together."""

_ADVICE = "Set RAG_JUDGE to an NLI CrossEncoder's folder or name, to llm, or to rules."


class NliJudge:
    """A ``Judge`` by an entailment model with the labels entailment, contradiction and neutral."""

    def __init__(self, model: str, *, device: str = "auto") -> None:
        """``model``: a folder, or a name on the hub."""
        self._name = model
        self._model = PairModel(model, role="judge", advice=_ADVICE, device=device)
        self._verdicts: tuple[Verdict, ...] = ()

    def load(self) -> None:
        """Load the model, which ``judge`` would do when it is first asked.

        Raises:
            ModelUnavailable: the model is not there, cannot be loaded, or has other labels.
        """
        self._verdicts = self._read_labels(self._model.load())

    def judge(self, claim: str, premise: str) -> Verdict | None:
        """The likeliest label's verdict; None where none has a probability of one half.

        Raises:
            ModelUnavailable: as ``load``.
            ModelError: the model fails.
        """
        if not self._verdicts:
            self.load()
        logits = self._model.logits([(premise, claim)])[0]
        if not np.isfinite(logits).all():
            return None
        weights = np.exp(logits - logits.max())
        best = int(weights.argmax())
        return self._verdicts[best] if weights[best] >= _LEAST * weights.sum() else None

    def _read_labels(self, config: Any) -> tuple[Verdict, ...]:
        """The verdicts in the order of the model's outputs."""
        names = [str(name) for _, name in sorted(config.id2label.items())]
        verdicts = [
            verdict for name in names for begin, verdict in _LABELS.items() if name.lower().startswith(begin)
        ]
        if len(names) != len(_LABELS) or set(verdicts) != set(_LABELS.values()):
            raise ModelUnavailable(
                f"The judge {self._name} is no NLI model: its labels are {', '.join(names)}, "
                f"not entailment, contradiction and neutral. {_ADVICE}"
            )
        return tuple(verdicts)
