"""The probability that a passage answers a query, from what late interaction and sparse search say of it.

A logistic regression. Its weights were fitted on four development sets (xquad_zh, xquad_en2zh, cmrc2018 with and
without typos) whose gold passages were left out of the candidates for a part of the questions. They have not been
confirmed on collections that really lack the passage; ``python -m eval.fit_evidence`` fits and measures on such.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rag.interfaces import Vector

Floats = NDArray[np.float64]


class Weights(NamedTuple):
    """Of the regression, one a column of ``features``, and the bias."""

    match: float
    background: float
    coverage: float
    bias: float


WEIGHTS = Weights(match=37.2, background=-49.3, coverage=11.9, bias=6.2)


def features(matches: Vector, background: float, coverage: Floats) -> Floats:
    """One row a passage: (n, 3).

    ``matches``, (n, q): for each query token the best cosine in the passage; its mean is MaxSim.
    ``background``: the mean cosine of the query with all passages of the collection. Cosines of one encoder differ
    more from query to query and from language to language than between passages: what counts is the distance.
    ``coverage``, (n,): the share that a passage has of the most it could score in sparse search, 0 to 1. Words that
    occur nowhere count, so that a question in another language gets next to nothing from it.
    """
    match = matches.mean(axis=1, dtype=np.float64) if matches.shape[1] else np.zeros(len(matches))
    return np.stack([match, np.full(len(matches), background), coverage], axis=1)


def probabilities(rows: Floats, weights: Weights = WEIGHTS) -> Floats:
    """One probability a row of ``features``."""
    logits = rows @ np.array(weights[:-1]) + weights.bias
    result: Floats = 1 / (1 + np.exp(-np.clip(logits, -60, 60)))
    return result
