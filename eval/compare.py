"""Compares two runs of the same cases: paired intervals, exact tests, Holm's correction, and the flipped questions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from eval.errors import NotComparable
from eval.score import Item
from eval.stats import Estimate, holm, mcnemar, paired_bootstrap

HEADLINE = (
    "answer.correct", "answer.recall", "answer.f1", "answer.key_point_recall", "abstention.refusal", "abstention.false_refusal",
    "citation.precision", "citation.recall", "planner.action_accuracy", "retrieval.reranked.hit@1", "retrieval.reranked.hit@5",
    "retrieval.reranked.ndcg@10", "retrieval.reranked.evidence_all@5", "support.accuracy", "planner.rewrite_f1",
)  # fmt: skip
LOWER_IS_BETTER = frozenset({
    "abstention.false_refusal", "planner.missed", "planner.over_retrieval", "planner.clarify_rate", "citation.over_citation", "run.error",
    "robustness.false_answer", "robustness.false_followed", "check.doubted",
})  # fmt: skip
_FLIP_BY = ("answer.correct", "support.accuracy", "planner.action_accuracy", "retrieval.reranked.hit@1", "retrieval.reranked.evidence_all@5")


@dataclass(frozen=True, slots=True)
class Difference:
    """One metric of two runs over the same cases; ``p`` is adjusted by Holm over all metrics compared."""

    metric: str
    base: float
    new: float
    change: Estimate
    wins: int
    ties: int
    losses: int
    p: float
    test: str

    @property
    def verdict(self) -> str:
        """``better``, ``worse`` or ``no difference shown``."""
        if self.p >= 0.05 or self.change.value == 0:
            return "no difference shown"
        return "better" if (self.change.value > 0) != (self.metric in LOWER_IS_BETTER) else "worse"


@dataclass(frozen=True, slots=True)
class Flip:
    """A case that came out right in one run and wrong in the other."""

    key: str
    question: str
    gained: bool
    metric: str
    base: str
    new: str
    cause: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs side by side, overall and in parts."""

    differences: tuple[Difference, ...]
    flips: tuple[Flip, ...]
    n: int
    parts: Mapping[str, tuple[Difference, ...]] = field(default_factory=dict)


def compare(base: Sequence[Item], new: Sequence[Item], metrics: Sequence[str] = HEADLINE, by: str = "") -> Comparison:
    """Compare runs item by item; ``by`` is an attribute of items (type, set, language) to compare apart too.

    Raises:
        NotComparable: the runs have other cases.
    """
    pairs = _pair(base, new)
    parts: dict[str, tuple[Difference, ...]] = {}
    if by:
        groups: defaultdict[str, list[tuple[Item, Item]]] = defaultdict(list)
        for pair in pairs:
            groups[str(getattr(pair[0], by)) or "–"].append(pair)
        parts = {name: _differences(group, metrics) for name, group in sorted(groups.items())}
    return Comparison(_differences(pairs, metrics), tuple(_flips(pairs)), len(pairs), parts)


def check_manifests(base: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Raises ``NotComparable`` when a set or its documents differ."""
    ours = {entry["name"]: entry for entry in base.get("sets", ())}
    theirs = {entry["name"]: entry for entry in new.get("sets", ())}
    faults = [f"{name}: only in one run" for name in sorted(ours.keys() ^ theirs.keys())]
    for name in sorted(ours.keys() & theirs.keys()):
        if ours[name]["sha256"] != theirs[name]["sha256"]:
            faults.append(f"{name}: the case file has changed")
        if ours[name]["corpus"]["sha256"] != theirs[name]["corpus"]["sha256"]:
            faults.append(f"{name}: the documents have changed")
    if faults:
        raise NotComparable("these runs cannot be compared:\n  " + "\n  ".join(faults))


def _pair(base: Sequence[Item], new: Sequence[Item]) -> list[tuple[Item, Item]]:
    ours, theirs = {item.key: item for item in base}, {item.key: item for item in new}
    alone = ours.keys() ^ theirs.keys()
    if alone or not ours:
        raise NotComparable(f"these runs cannot be compared: {len(alone)} case(s) are in one of them only, such as {min(alone, default='none')}")
    changed = [key for key in ours if ours[key].question != theirs[key].question]
    if changed:
        raise NotComparable(f"these runs cannot be compared: {len(changed)} question(s) have changed, such as {changed[0]}")
    return [(ours[key], theirs[key]) for key in sorted(ours)]


def _differences(pairs: Sequence[tuple[Item, Item]], metrics: Sequence[str]) -> tuple[Difference, ...]:
    found: list[Difference] = []
    for metric in metrics:
        known = [(a, b) for a, b in pairs if metric in a.values and metric in b.values]
        if known:
            found.append(_difference(metric, known))
    adjusted = holm([difference.p for difference in found])
    return tuple(
        Difference(d.metric, d.base, d.new, d.change, d.wins, d.ties, d.losses, p, d.test) for d, p in zip(found, adjusted, strict=True)
    )


def _difference(metric: str, pairs: Sequence[tuple[Item, Item]]) -> Difference:
    before = np.array([a.values[metric] for a, _ in pairs])
    after = np.array([b.values[metric] for _, b in pairs])
    change, p = paired_bootstrap(after - before, [a.cluster for a, _ in pairs])
    up, down = int((after > before).sum()), int((after < before).sum())
    binary = bool(np.isin(before, (0, 1)).all() and np.isin(after, (0, 1)).all())
    wins, losses = (down, up) if metric in LOWER_IS_BETTER else (up, down)
    if binary:
        p = mcnemar(up, down)
    return Difference(
        metric, float(before.mean()), float(after.mean()), change, wins, len(pairs) - up - down, losses, p, "McNemar" if binary else "bootstrap"
    )


def _flips(pairs: Sequence[tuple[Item, Item]]) -> list[Flip]:
    flips: list[Flip] = []
    for before, after in pairs:
        metric = next((name for name in _FLIP_BY if name in before.values and name in after.values), None)
        if metric is None or before.values[metric] == after.values[metric]:
            continue
        gained = after.values[metric] > before.values[metric]
        cause = before.cause if gained else after.cause
        flips.append(Flip(before.key, before.question, gained, metric, before.answer, after.answer, cause))
    return sorted(flips, key=lambda flip: (flip.gained, flip.key))
