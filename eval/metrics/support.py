"""The system's verdict on a claim and a text, against the label: the quality of the citation check itself."""

from __future__ import annotations

from eval.metrics.retrieval import Values
from eval.trace import Trace
from rag.types import Verdict


def support_values(trace: Trace) -> Values:
    """``support.*`` of a pair. Only a full support counts as support; a failed judgement counts as wrong."""
    label = trace.case.supported
    if label is None:
        return {}
    said = None if trace.verdict is None else trace.verdict is Verdict.SUPPORTED
    right = float(said is not None and said == label)
    values: Values = {"support.accuracy": right}
    values["support.recall" if label else "support.specificity"] = right
    if said:
        values["support.precision"] = right
    if trace.case.label in ("contradicted", "contradiction", "conflicting"):
        values["support.conflict_seen"] = float(trace.verdict is Verdict.CONFLICTING)
    return values
