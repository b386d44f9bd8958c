"""Fits the weights of ``rag.answering.sufficiency`` on questions whose answer is, or is not, in the documents.

    python -m eval.fit_sufficiency CASES=INDEX[*A/U] [CASES=INDEX[*A/U] …]

``CASES`` is a JSONL file of cases, ``INDEX`` the folder of the index they are asked of, ``A`` and ``U`` how much each
answerable and unanswerable one counts. Even lines are fitted, odd lines confirm, for each case of languages by itself;
the weights are printed, and for both halves refusals on unanswerable, false refusals on answerable questions, and
balanced accuracy.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.answering.coverage import FIGURES, Features
from rag.answering.planner import RulePlanner
from rag.answering.tongues import Tongue
from rag.assemble import open_engine
from rag.config import Settings
from rag.events import Planned, Reranked
from rag.interfaces import SpanScorer
from rag.retrieval.joint_reader import WIDTH, JointReader
from rag.retrieval.spans import MaxSimSpanScorer
from rag.types import Action, Evidence, Plan, Turn

Numbers = NDArray[np.float64]
_RIDGE = 0.05
_STEPS = 50


@dataclass(frozen=True, slots=True)
class Sample:
    """One question: features of the whole and of its parts, and whether the documents answer it."""

    features: tuple[Features, ...]
    answerable: bool

    @property
    def tongue(self) -> Tongue:
        """The case of languages."""
        return self.features[0].tongue


@dataclass(frozen=True, slots=True)
class Searched:
    """One question after its first round of search."""

    case: dict[str, Any]
    plan: Plan
    evidence: Sequence[Evidence]
    scorer: SpanScorer
    features: Callable[[str], Features]
    """Of the question, or of a part of it, given the evidence."""

    @staticmethod
    def is_answerable(case: dict[str, Any]) -> bool:
        """What the case expects."""
        expected = case.get("expected_action")
        if expected is not None:
            return bool(expected == "retrieve")
        return not str(case.get("type", "")).startswith("unanswerable") and bool(case.get("gold") or case.get("answers"))


def searched(cases: Iterable[dict[str, Any]], index: Path) -> Iterator[Searched]:
    """The cases in their order; those that are not searched for are left out."""
    opened = open_engine(Settings.load(index_dir=index, llm="none", evidence_floor=0.0))
    scorer = MaxSimSpanScorer(opened.embedder, opened.index)
    finder = JointReader(opened.embedder, opened.index) if opened.embedder.dimension == WIDTH else None
    coverage = RulePlanner(opened.index, opened.index.sparse, scorer=scorer, finder=finder).sufficiency.coverage
    for case in cases:
        if case.get("expected_action") in ("direct", "clarify"):
            continue
        history = tuple(Turn(turn["role"], turn["content"]) for turn in case.get("history", ()))
        events = list(opened.engine.retrieve(case["question"], history))
        plan = next(event.plan for event in events if isinstance(event, Planned))
        found = [event for event in events if isinstance(event, Reranked)]
        if plan.action is Action.RETRIEVE and found:
            evidence = found[-1].evidence
            yield Searched(case, plan, evidence, scorer, partial(coverage.features, evidence=evidence))


def samples(cases: Path, index: Path) -> Iterator[Sample]:
    """The samples of one set, in the order of its lines; questions that are not searched for are left out."""
    for one in searched(map(json.loads, cases.read_text(encoding="utf-8").splitlines()), index):
        asked = (one.plan.question, *(one.plan.parts if len(one.plan.parts) > 1 else ()))
        yield Sample(tuple(map(one.features, asked)), Searched.is_answerable(one.case))


def fit(rows: Sequence[Sample], weights: Sequence[float]) -> Numbers:
    """Bias and weights of the logistic model, by Newton's method with a ridge."""
    x = np.array([[1.0, *row.features[0].values()] for row in rows])
    y = np.array([float(row.answerable) for row in rows])
    w = np.array(weights)
    ridge = np.eye(x.shape[1]) * _RIDGE
    ridge[0, 0] = 1e-6
    beta = np.zeros(x.shape[1])
    for _ in range(_STEPS):
        p = 1 / (1 + np.exp(-x @ beta))
        gradient = x.T @ (w * (y - p)) - ridge @ beta
        hessian = (x * (w * p * (1 - p))[:, None]).T @ x + ridge
        step = np.linalg.solve(hessian, gradient)
        beta += step
        if float(np.abs(step).max()) < 1e-8:
            break
    return beta


def answered(row: Sample, beta: Numbers) -> bool:
    """Whether the model would answer: the question as a whole, or any of its parts."""
    return any(beta[0] + float(beta[1:] @ np.array(features.values())) >= 0 for features in row.features)


def report(name: str, rows: Sequence[Sample], beta: Numbers) -> str:
    """One line of figures."""
    kept = [answered(row, beta) for row in rows if row.answerable]
    refused = [not answered(row, beta) for row in rows if not row.answerable]
    parts = [f"{name:<34} n={len(rows):<4}"]
    if kept:
        parts.append(f"false refusals {1 - sum(kept) / len(kept):.3f}")
    if refused:
        parts.append(f"refusals {sum(refused) / len(refused):.3f}")
    if kept and refused:
        parts.append(f"balanced accuracy {(sum(kept) / len(kept) + sum(refused) / len(refused)) / 2:.3f}")
    return "  ".join(parts)


def main(arguments: Sequence[str]) -> int:
    """Fit, print, and return the exit code."""
    if not arguments:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    sets: dict[str, tuple[list[Sample], float, float]] = {}
    for argument in arguments:
        cases, _, rest = argument.partition("=")
        index, _, weights = rest.partition("*")
        for_answerable, _, for_others = weights.partition("/")
        counts = float(for_answerable or 1)
        sets[cases] = (list(samples(Path(cases), Path(index))), counts, float(for_others or counts))
    for tongue in Tongue:
        own = {name: ([row for row in held if row.tongue is tongue], a, u) for name, (held, a, u) in sets.items()}
        rows = [row for held, _, _ in own.values() for row in held[::2]]
        if len({row.answerable for row in rows}) < 2:
            continue
        beta = fit(rows, [a if row.answerable else u for held, a, u in own.values() for row in held[::2]])
        print(f"{tongue}\n      bias {beta[0]:.2f}")
        for name, weight in zip(FIGURES, beta[1:], strict=True):
            print(f"{name:>10} {weight:.2f}")
        for name, (held, _, _) in own.items():
            label = "/".join(Path(name).parts[-3:-1])
            print(report(f"{label} fitted", held[::2], beta))
            print(report(f"{label} confirmed", held[1::2], beta))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
