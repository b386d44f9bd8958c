"""Intervals and tests: clustered bootstrap, Wilson, paired bootstrap, exact McNemar, Holm. Pure arithmetic.

A metric is a function of the sums and counts of named item values, so that one resampling serves all metrics at
once: ``sums`` and ``counts`` have a row for the data as they are and one for each replicate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import comb, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
SEED = 20240607
REPLICATES = 2000
WILSON_BELOW = 100
MIN_CLUSTERS = 10
"""With fewer clusters than this a clustered bootstrap is unreliable, so items are resampled one by one."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95% interval; ``n`` is the number of items it rests on."""

    value: float
    n: int
    low: float
    high: float

    def to_dict(self) -> dict[str, float]:
        """As metrics.json holds it."""
        low, high = (bound if bound == bound else self.value for bound in (self.low, self.high))
        return {"value": round(self.value, 6), "n": self.n, "low": round(low, 6), "high": round(high, 6)}


def wilson(successes: float, n: int) -> tuple[float, float]:
    """The Wilson score interval of a proportion (E. B. Wilson, 1927), 95%."""
    if n == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf(0.975)
    p = successes / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, middle - half) if successes else 0.0, min(1.0, middle + half) if successes < n else 1.0


def cluster_numbers(clusters: Sequence[str]) -> NDArray[np.intp]:
    """Which cluster each item is in, as numbers; every item its own where there are too few clusters."""
    _, numbers = np.unique(np.asarray(clusters), return_inverse=True)
    if numbers.size and numbers.max() + 1 >= MIN_CLUSTERS:
        return numbers.astype(np.intp)
    return np.arange(len(clusters), dtype=np.intp)


def weights(groups: int, replicates: int = REPLICATES, seed: int = SEED) -> Array:
    """(1 + replicates, groups): how often each cluster is drawn; the first row is the data themselves."""
    drawn = np.random.default_rng(seed).multinomial(groups, np.full(groups, 1 / groups), size=replicates)
    return np.vstack([np.ones((1, groups)), drawn]).astype(np.float64)


@dataclass(frozen=True, slots=True)
class Resampled:
    """Sums and counts of every column, (1 + replicates, columns); ``binary`` tells the 0-or-1 columns."""

    names: Mapping[str, int]
    sums: Array
    counts: Array
    binary: NDArray[np.bool_]

    def sum(self, name: str) -> Array:
        """(1 + replicates,); zeros where there is no such column."""
        return self.sums[:, self.names[name]] if name in self.names else np.zeros(self.sums.shape[0])

    def count(self, name: str) -> Array:
        """(1 + replicates,)."""
        return self.counts[:, self.names[name]] if name in self.names else np.zeros(self.sums.shape[0])

    def mean(self, name: str) -> Array:
        """(1 + replicates,); not a number where nothing was counted."""
        return divide(self.sum(name), self.count(name))


def resample(
    names: Sequence[str], values: Array, clusters: Sequence[str], replicates: int = REPLICATES, seed: int = SEED
) -> Resampled:
    """Resample items by cluster. ``values``: (items, columns), not a number where an item has no value."""
    numbers = cluster_numbers(clusters)
    groups = int(numbers.max()) + 1
    present = ~np.isnan(values)
    filled = np.where(present, values, 0.0)
    sums, counts = np.zeros((groups, values.shape[1])), np.zeros((groups, values.shape[1]))
    np.add.at(sums, numbers, filled)
    np.add.at(counts, numbers, present.astype(np.float64))
    drawn = weights(groups, replicates, seed)
    binary = np.all(~present | (filled == 0) | (filled == 1), axis=0)
    return Resampled({name: place for place, name in enumerate(names)}, drawn @ sums, drawn @ counts, binary)


def divide(numerator: Array, denominator: Array) -> Array:
    """Element by element; not a number where the denominator is 0."""
    result = np.full_like(numerator, np.nan, dtype=np.float64)
    np.divide(numerator, denominator, out=result, where=denominator != 0)
    return result


def interval(replicates: Array) -> tuple[float, float]:
    """The middle 95% of replicates, those that could not be computed left out."""
    usable = replicates[~np.isnan(replicates)]
    if usable.size == 0:
        return float("nan"), float("nan")
    low, high = np.percentile(usable, [2.5, 97.5])
    return float(low), float(high)


def estimate_mean(data: Resampled, name: str) -> Estimate | None:
    """The mean of a column: Wilson for proportions of fewer than 100 items, else the bootstrap."""
    n = int(data.count(name)[0])
    if n == 0:
        return None
    means = data.mean(name)
    if data.binary[data.names[name]] and n < WILSON_BELOW:
        low, high = wilson(float(data.sum(name)[0]), n)
    else:
        low, high = interval(means[1:])
    return Estimate(float(means[0]), n, low, high)


def percentile(values: Array, q: float, replicates: int = 500, seed: int = SEED) -> Estimate:
    """A percentile of ``values`` with a bootstrap interval over single items."""
    drawn = np.random.default_rng(seed).integers(0, len(values), size=(replicates, len(values)))
    low, high = interval(np.percentile(values[drawn], q, axis=1))
    return Estimate(float(np.percentile(values, q)), len(values), low, high)


def paired_bootstrap(
    differences: Array, clusters: Sequence[str], replicates: int = REPLICATES, seed: int = SEED
) -> tuple[Estimate, float]:
    """The mean of paired differences with its interval, and a two-sided p-value that it is 0.

    The p-value is that of the bootstrap shifted to the null (Efron and Tibshirani 1993, ch. 16).
    """
    data = resample(["d"], differences.reshape(-1, 1), clusters, replicates, seed)
    means = data.mean("d")
    observed, drawn = float(means[0]), means[1:]
    low, high = interval(drawn)
    p = (1 + int(np.sum(np.abs(drawn - observed) >= abs(observed) - 1e-12))) / (len(drawn) + 1)
    return Estimate(observed, len(differences), low, high), p if observed else 1.0


def mcnemar(wins: int, losses: int) -> float:
    """The exact two-sided McNemar test: are wins and losses equally likely? (Q. McNemar, 1947)."""
    n = wins + losses
    tail = sum(comb(n, k) for k in range(min(wins, losses) + 1))
    return float(min(1.0, 2 * tail / 2**n))


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values adjusted for having looked at all of them (S. Holm, 1979), in the order given."""
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for place, index in enumerate(sorted(range(len(p_values)), key=lambda index: p_values[index])):
        highest = max(highest, min(1.0, (len(p_values) - place) * p_values[index]))
        adjusted[index] = highest
    return adjusted


def auroc(positive: Array, negative: Array) -> float:
    """The chance that a positive scores above a negative, ties half (the Mann-Whitney statistic)."""
    if not len(positive) or not len(negative):
        return float("nan")
    ordered = np.sort(negative)
    below = np.searchsorted(ordered, positive, side="left")
    equal = np.searchsorted(ordered, positive, side="right") - below
    return float((below + equal / 2).sum() / (len(positive) * len(negative)))

