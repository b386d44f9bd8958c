"""Fits the weights of the support check (``rag.answering.calibration``) on pair sets, and confirms them on the rest.

    python -m eval.fit_support DIR/pairs.jsonl … [--hard 6]

Pairs are split in two by their question: weights fitted on either half are measured on the other, then fitted on
both and printed. Pairs whose id ends in -p (a wrong answer that does occur in the evidence) weigh ``--hard`` times.
Logistic regression with an L2 penalty by Newton's method; needs NumPy only.
"""

from __future__ import annotations

import argparse
import json
import sys
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.answering.support import answer_features, missing_numbers, split_claim, statement_features

Floats = NDArray[np.float64]
_PENALTY = 10.0


@dataclass(frozen=True, slots=True)
class Pair:
    """One pair: its features by name, whether a rule rejects it, and its label."""

    source: str
    kind: str
    half: int
    form: str
    features: dict[str, float]
    ruled_out: bool
    supported: bool


@dataclass(frozen=True, slots=True)
class Fit:
    """Weights for raw features, and the bias."""

    names: tuple[str, ...]
    weights: Floats
    bias: float

    def scores(self, pairs: Sequence[Pair]) -> Floats:
        """Probabilities."""
        logits: Floats = _matrix(pairs, self.names) @ self.weights + self.bias
        probabilities: Floats = 1 / (1 + np.exp(-logits))
        return probabilities


def read(path: Path) -> list[Pair]:
    """The pairs of one set; the ``answer`` field is not looked at."""
    return [_pair(json.loads(line), path.parent.name) for line in path.read_text(encoding="utf-8").splitlines() if line]


def _pair(row: dict[str, Any], source: str) -> Pair:
    question, answer = split_claim(row["claim"])
    evidence = row["evidence"]
    features = answer_features(question, answer, evidence) if question else statement_features(answer, evidence)
    return Pair(
        source=source,
        kind=row["id"].rsplit("-", 1)[1],
        half=zlib.crc32(row["question"].encode()) % 2,
        form="answer" if question else "statement",
        features=features,
        ruled_out=bool(missing_numbers(answer, evidence)),
        supported=row["label"] == "supported",
    )


def _matrix(pairs: Sequence[Pair], names: Sequence[str]) -> Floats:
    return np.array([[float(pair.features[name]) for name in names] for pair in pairs]).reshape(len(pairs), len(names))


def fit(pairs: Sequence[Pair], hard: float) -> Fit:
    """The weights of one form, both labels weighing the same in all."""
    names = tuple(pairs[0].features)
    raw = _matrix(pairs, names)
    mean, scale = raw.mean(axis=0), raw.std(axis=0) + 1e-9
    inputs = np.hstack([(raw - mean) / scale, np.ones((len(pairs), 1))])
    labels = np.array([pair.supported for pair in pairs], dtype=np.float64)
    share = np.where(labels == 1, 1 / labels.sum(), 1 / (1 - labels).sum()) * len(pairs) / 2
    share *= np.array([hard if pair.kind == "p" else 1.0 for pair in pairs])
    penalty = np.diag([_PENALTY] * len(names) + [0.0])
    weights = np.zeros(len(names) + 1)
    for _ in range(30):
        expected = 1 / (1 + np.exp(-inputs @ weights))
        gradient = inputs.T @ (share * (expected - labels)) + penalty @ weights
        curvature = (inputs.T * (share * expected * (1 - expected))) @ inputs + penalty
        weights -= np.linalg.solve(curvature, gradient)
    return Fit(names, weights[:-1] / scale, float(weights[-1] - (weights[:-1] * mean / scale).sum()))


def report(pairs: Sequence[Pair], scores: Floats, threshold: float) -> list[str]:
    """Balanced accuracy of each set, and the share accepted of each kind."""
    accepted = (scores >= threshold) & ~np.array([pair.ruled_out for pair in pairs])
    lines = []
    for source in sorted({pair.source for pair in pairs}):
        mine = np.array([pair.source == source for pair in pairs])
        good = np.array([pair.supported for pair in pairs])
        balanced = (accepted[mine & good].mean() + 1 - accepted[mine & ~good].mean()) / 2
        kinds = sorted({pair.kind for pair in pairs if pair.source == source})
        shares = {kind: accepted[mine & np.array([pair.kind == kind for pair in pairs])].mean() for kind in kinds}
        lines.append(f"{source}  balanced {balanced:.3f}  " + "  ".join(f"{k} {v:.2f}" for k, v in shares.items()))
    return lines


def main(arguments: Sequence[str] | None = None) -> int:
    """Fit, confirm, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", nargs="+", type=Path)
    parser.add_argument("--hard", type=float, default=6.0, help="weight of pairs that are wrong but present")
    parser.add_argument("--threshold", type=float, default=0.45)
    options = parser.parse_args(arguments)
    pairs = [pair for path in options.pairs for pair in read(path)]
    held_out, everything = np.zeros(len(pairs)), {}
    for form in ("statement", "answer"):
        places = [place for place, pair in enumerate(pairs) if pair.form == form]
        for half in (0, 1):
            fitted = fit([pairs[place] for place in places if pairs[place].half == half], options.hard)
            others = [place for place in places if pairs[place].half != half]
            held_out[others] = fitted.scores([pairs[place] for place in others])
        everything[form] = fit([pairs[place] for place in places], options.hard)
    print("each half by the weights of the other:", *report(pairs, held_out, options.threshold), sep="\n  ")
    print(f"\nTHRESHOLD = {options.threshold}")
    for form, fitted in everything.items():
        print(f"{form.upper()}_BIAS = {fitted.bias:.3f}\n{form.upper()}: dict[str, float] = {{")
        for name, weight in zip(fitted.names, fitted.weights, strict=True):
            print(f'    "{name}": {weight:.3f},')
        print("}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
