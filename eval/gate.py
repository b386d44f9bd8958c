"""Gates: rules in YAML that a run must meet, and the cause that stands behind a rule that fails.

A rule is a line ``metric op value``, or a mapping with ``rule`` and a ``set``, ``type`` or ``slice``. The value is
a number, or ``baseline`` with a number added or taken away.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from eval.aggregate import Metrics, causes
from eval.errors import EvaluationError
from eval.score import Item

_OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    ">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt, "==": operator.eq,
}  # fmt: skip
_RULE = re.compile(r"^\s*(?P<metric>\S+)\s*(?P<op>>=|<=|==|>|<)\s*(?P<base>baseline)?\s*(?P<value>[+-]?\s*\d*\.?\d+)?\s*$")
_PLACES = {"set": "by_set", "type": "by_type", "slice": "by_slice"}
_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Rule:
    """``metric`` is the full name; the bound is ``value``, added to the baseline's figure if ``relative``."""

    metric: str
    op: str
    value: float
    relative: bool

    def __str__(self) -> str:
        if not self.relative:
            return f"{self.metric} {self.op} {self.value:g}"
        return f"{self.metric} {self.op} baseline" + (f" {'+' if self.value >= 0 else '-'} {abs(self.value):g}" if self.value else "")


@dataclass(frozen=True, slots=True)
class Result:
    """A rule, the figure it met, its bound, and why it failed if it did."""

    rule: Rule
    value: float | None
    bound: float | None
    passed: bool
    reason: str = ""


def read_rules(path: Path) -> list[Rule]:
    """Raises ``EvaluationError`` naming every rule that cannot be read."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise EvaluationError(f"{path}: cannot be read ({error.strerror}); check --rules") from error
    except yaml.YAMLError as error:
        raise EvaluationError(f"{path}: not YAML: {error}") from error
    rows = content.get("rules") if isinstance(content, dict) else content
    if not isinstance(rows, list) or not rows:
        raise EvaluationError(f"{path}: expected a list called rules with at least one rule")
    faults: list[str] = []
    rules: list[Rule] = []
    for number, row in enumerate(rows, start=1):
        try:
            rules.append(_read_rule(row))
        except ValueError as error:
            faults.append(f"  rule {number}: {error}")
    if faults:
        raise EvaluationError(f"{path}: {len(faults)} rule(s) cannot be read:\n" + "\n".join(faults))
    return rules


def check(rules: Sequence[Rule], metrics: Metrics, baseline: Metrics | None) -> list[Result]:
    """Every rule against the metrics. A metric that is missing fails its rule."""
    return [_check(rule, metrics, baseline) for rule in rules]


def likely_cause(items: Sequence[Item], baseline: Sequence[Item] | None) -> str:
    """The cause that grew most against the baseline; without one, the most frequent. Empty when nothing is wrong."""
    now, n = causes(items), max(len(items), 1)
    before = causes(baseline) if baseline else {}
    m = max(len(baseline), 1) if baseline else 1
    growth = {name: count / n - before.get(name, 0) / m for name, count in now.items()}
    worst = max(growth, key=lambda name: growth[name], default="")
    return worst if worst and growth[worst] > 0 else ""


def _read_rule(row: Any) -> Rule:
    prefix = ""
    if isinstance(row, dict):
        unknown = row.keys() - {"rule", *_PLACES}
        if unknown:
            raise ValueError(f"unknown key {', '.join(sorted(map(str, unknown)))}; allowed: rule, {', '.join(_PLACES)}")
        prefix = "".join(f"{_PLACES[name]}.{row[name]}." for name in _PLACES if name in row)
        row = row.get("rule")
    found = _RULE.match(row) if isinstance(row, str) else None
    if found is None or (found["base"] is None and found["value"] is None):
        raise ValueError(f"{row!r} is not of the form `metric op value`, such as `answer.recall >= 0.6` or `answer.f1 >= baseline - 0.02`")
    value = float((found["value"] or "0").replace(" ", ""))
    return Rule(prefix + found["metric"], found["op"], value, found["base"] is not None)


def _check(rule: Rule, metrics: Metrics, baseline: Metrics | None) -> Result:
    if rule.metric not in metrics:
        return Result(rule, None, None, False, "this run has no such metric")
    value, bound = metrics[rule.metric].value, rule.value
    if rule.relative:
        if baseline is None:
            return Result(rule, value, None, False, "no baseline was given (--baseline RUN)")
        if rule.metric not in baseline:
            return Result(rule, value, None, False, "the baseline has no such metric")
        bound += baseline[rule.metric].value
    slack = _TOLERANCE if rule.op in (">=", "<=") else 0.0
    passed = _OPERATORS[rule.op](value, bound - slack if rule.op == ">=" else bound + slack)
    return Result(rule, value, bound, passed, "" if passed else f"{value:.4f} is not {rule.op} {bound:.4f}")
