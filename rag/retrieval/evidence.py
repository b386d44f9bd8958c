"""The probability that a passage answers a query, from what late interaction and sparse search say of it.

A logistic regression. Its scale was fitted on four development sets (xquad_zh, xquad_en2zh, cmrc2018 with and
without typos) whose gold passages were left out of the candidates for a part of the questions; how ``match`` and
``coverage`` weigh against each other within one question was chosen on thirteen, and ``ACROSS`` on
all questions of xquad_en2zh and xquad_zh2en, both halves in view (``eval/LOG.md``).
``python -m eval.fit_evidence`` fits and measures anew, also on collections that really lack the passage.
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


WEIGHTS = Weights(match=37.2, background=-49.3, coverage=12.0, bias=6.4)
ACROSS = 5.0
"""Weight of how near a query comes to a passage in another language (``crosslingual``)."""

_AS_WELL = 0.8
_CROWDED, _ALONE = 0.25, 0.75
"""How much of a lack of coverage counts: all of it where one passage stands alone, towards a quarter in a crowd."""


def features(match: Vector, background: float, coverage: Floats, *, foreign: bool = False) -> Floats:
    """One row a passage: (n, 3).

    ``match``, (n,): how well the passage meets the query's tokens (``late_interaction.likeness``).
    ``background``: the mean cosine of the query with all passages of the collection. Cosines of one encoder differ
    more from query to query and from language to language than between passages: what counts is the distance.
    ``coverage``, (n,): the share that a passage has of the most it could score in sparse search, 0 to 1. Words that
    occur nowhere count, so that a question in another language gets next to nothing from it. The best coverage says
    whether the collection speaks of the question at all. That a passage lacks some of it says that it is another one
    that answers, but the less so the more passages hold the words as well as the best does, and little where the
    passages are ``foreign``: in another language than the query.
    """
    columns = (match, np.full(len(match), background), _told(coverage, alone=not foreign))
    return np.stack([np.asarray(column, dtype=np.float64) for column in columns], axis=1)


def _told(coverage: Floats, *, alone: bool) -> Floats:
    """``coverage``, drawn towards the best one: by as many as come near that if one can stand ``alone``, else as if
    many did."""
    best = coverage.max(initial=0.0)
    crowd = max(1, int((coverage >= _AS_WELL * best).sum()))
    pull = _CROWDED + (_ALONE / crowd if alone else 0.0)
    told: Floats = best - pull * (best - coverage)
    return told


def probabilities(
    rows: Floats, weights: Weights = WEIGHTS, *, nearness: Vector | None = None, looks: Vector | None = None
) -> Floats:
    """One probability a row of ``features``.

    ``nearness``, (n,): how near the query comes to each passage in another language; what a passage lacks of the
    best counts against it. ``looks``, (n,): log-odds that each has by its looks.
    """
    logits = rows @ np.array(weights[:-1]) + weights.bias
    if nearness is not None:
        logits += ACROSS * (nearness - nearness.max(initial=-1.0))
    if looks is not None:
        logits += looks
    result: Floats = 1 / (1 + np.exp(-np.clip(logits, -60, 60)))
    return result
