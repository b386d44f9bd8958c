"""Items become metrics.json: every metric with n and a 95% interval, over all cases and by type, set and slice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from eval.score import Item
from eval.stats import (
    Array,
    Estimate,
    Resampled,
    auroc,
    divide,
    estimate_mean,
    interval,
    percentile,
    resample,
)

Metrics = dict[str, Estimate]

_PERCENTILES = {"p50": 50.0, "p95": 95.0}
_SLICE_REPLICATES = 1000
_MIN_SLICE = 2


def _balanced(data: Resampled, good: str, bad: str) -> Array:
    return (data.mean(good) + 1 - data.mean(bad)) / 2


def _f1(data: Resampled) -> Array:
    """F1 of refusing: what should be refused are the unanswerable."""
    right, wrong = data.sum("abstention.refusal"), data.sum("abstention.false_refusal")
    return divide(2 * right, right + wrong + data.count("abstention.refusal"))


_DERIVED: Mapping[str, tuple[tuple[str, ...], Callable[[Resampled], Array]]] = {
    "abstention.balanced_accuracy": (
        ("abstention.refusal", "abstention.false_refusal"),
        lambda data: _balanced(data, "abstention.refusal", "abstention.false_refusal"),
    ),
    "abstention.f1": (("abstention.refusal", "abstention.false_refusal"), _f1),
    "support.balanced_accuracy": (
        ("support.recall", "support.specificity"),
        lambda data: (data.mean("support.recall") + data.mean("support.specificity")) / 2,
    ),
    "planner.balanced_accuracy": (
        ("planner.missed", "planner.over_retrieval"),
        lambda data: 1 - (data.mean("planner.missed") + data.mean("planner.over_retrieval")) / 2,
    ),
}


def aggregate(items: Sequence[Item]) -> Metrics:
    """All metrics, overall and prefixed ``by_type.``, ``by_set.`` and ``by_slice.``."""
    metrics = measure(items)
    for prefix, groups in _groups(items).items():
        for name, members in sorted(groups.items()):
            if len(members) >= _MIN_SLICE or prefix == "by_type":
                measured = measure(members, _SLICE_REPLICATES)
                metrics |= {f"{prefix}.{name}.{metric}": value for metric, value in measured.items()}
    return metrics


def measure(items: Sequence[Item], replicates: int = 2000) -> Metrics:
    """The metrics of these items alone."""
    if not items:
        return {}
    names = sorted({name for item in items for name in item.values})
    values = np.array([[item.values.get(name, np.nan) for name in names] for item in items], dtype=np.float64)
    data = resample(names, values, [item.cluster for item in items], replicates)
    metrics: Metrics = {}
    for name in names:
        if found := estimate_mean(data, name):
            metrics[name] = found
    for name, (inputs, compute) in _DERIVED.items():
        if all(label in metrics for label in inputs):
            drawn = compute(data)
            low, high = interval(drawn[1:])
            metrics[name] = Estimate(float(drawn[0]), sum(metrics[label].n for label in inputs), low, high)
    return metrics | _discrimination(items) | _latency(items) | _operations(items)


def _groups(items: Iterable[Item]) -> dict[str, dict[str, list[Item]]]:
    groups: dict[str, defaultdict[str, list[Item]]] = {name: defaultdict(list) for name in ("by_type", "by_set", "by_slice")}
    for item in items:
        if item.type:
            groups["by_type"][item.type].append(item)
        groups["by_set"][item.set].append(item)
        for name in item.slices:
            groups["by_slice"][name].append(item)
        groups["by_slice"][f"language={item.language}"].append(item)
    if len(groups["by_set"]) < 2:
        groups.pop("by_set")
    return {name: dict(found) for name, found in groups.items()}


def _discrimination(items: Sequence[Item]) -> Metrics:
    """How well the best passage's score tells answerable from unanswerable questions, wherever the floor lies."""
    known = [(item.expected == "retrieve", item.confidence or 0.0) for item in items if item.expected in ("retrieve", "abstain")]
    labels = np.array([label for label, _ in known], dtype=bool)
    scores = np.array([value for _, value in known], dtype=np.float64)
    if not labels.any() or labels.all() or not any(item.confidence is not None for item in items):
        return {}
    generator = np.random.default_rng(0)
    drawn = np.array([
        auroc(scores[picked][labels[picked]], scores[picked][~labels[picked]])
        for picked in (generator.integers(0, len(labels), len(labels)) for _ in range(300))
    ])  # fmt: skip
    low, high = interval(drawn)
    return {"abstention.auroc": Estimate(auroc(scores[labels], scores[~labels]), len(labels), low, high)}


def _latency(items: Sequence[Item]) -> Metrics:
    stages: defaultdict[str, list[float]] = defaultdict(list)
    for item in items:
        for stage, spent in item.milliseconds.items():
            stages[stage].append(spent)
    return {
        f"latency_ms.{stage}.{name}": percentile(np.array(spent), q)
        for stage, spent in sorted(stages.items())
        for name, q in _PERCENTILES.items()
    }


def _operations(items: Sequence[Item]) -> Metrics:
    """Tokens and cost, where a language model reported them."""
    metrics: Metrics = {}
    for name in ("tokens_in", "tokens_out", "cost"):
        spent = [item.usage[name] for item in items if name in item.usage]
        if spent:
            total = float(sum(spent))
            metrics[f"usage.{name}"] = Estimate(total, len(spent), total, total)
    right = sum(bool(item.correct) for item in items)
    if "usage.cost" in metrics and right:
        each = metrics["usage.cost"].value / right
        metrics["usage.cost_per_correct"] = Estimate(each, right, each, each)
    return metrics


def risk_coverage(items: Sequence[Item]) -> list[tuple[float, float]]:
    """(coverage, risk) points: of the questions answered with the highest scores, how many came out wrong.

    Coverage is a share of all questions whose answerability is known. Abstaining ends the curve early.
    """
    known = [item for item in items if item.expected in ("retrieve", "abstain") and item.correct is not None]
    answered = sorted((item for item in known if item.answered), key=lambda item: -(item.confidence or 0.0))
    points: list[tuple[float, float]] = []
    wrong = 0
    for count, item in enumerate(answered, start=1):
        wrong += not item.correct
        points.append((count / len(known), wrong / count))
    return points


def causes(items: Iterable[Item]) -> dict[str, int]:
    """How often each cause stands behind a wrong answer, in the order of the path."""
    counted: defaultdict[str, int] = defaultdict(int)
    for item in items:
        if item.cause:
            counted[item.cause] += 1
    return dict(counted)


def to_json(metrics: Metrics) -> dict[str, dict[str, float]]:
    """The one flat object of metrics.json."""
    return {name: estimate.to_dict() for name, estimate in metrics.items()}


def from_json(row: Mapping[str, Mapping[str, float]]) -> Metrics:
    """The inverse of ``to_json``."""
    return {name: Estimate(value["value"], int(value["n"]), value["low"], value["high"]) for name, value in row.items()}
