"""What to do after a round: enough, search on in other words, or abstain.

The next round asks for what is missing: the missing part alone, its names alone, or a name found in the evidence
that leads on (two-hop questions).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from rag.answering.reasons import Reason
from rag.answering.sufficiency import Assessment, Sufficiency
from rag.answering.terms import names, terms
from rag.text import CJK, fold
from rag.types import Action, Evidence, Plan, Scope

_MOST_QUERIES = 4
_BRIDGES = 2
_READ = 3


def next_round(plan: Plan, evidence: Sequence[Evidence], sufficiency: Sufficiency, max_rounds: int) -> Plan | None:
    """The round after ``plan`` found ``evidence``.

    ``None``: enough. A plan to search on; one without queries to answer what is covered and name the rest; or one
    to abstain.
    """
    assessment = sufficiency.assess(plan, evidence)
    if assessment.sufficient:
        return None
    if plan.round < max_rounds:
        queries, reason = _next_queries(plan, assessment, evidence)
        if queries:
            return replace(plan, queries=queries, reason=reason, round=plan.round + 1, scope=_wider(plan.scope))
    closing = replace(plan, queries=(), missing=assessment.missing)
    if assessment.covered:
        return closing
    return replace(closing, action=Action.ABSTAIN, reason=_why(assessment, evidence), close=assessment.close)


def _wider(scope: Scope) -> Scope:
    """A scope that we only guessed from the question is left when it did not hold the answer."""
    return scope if scope.strict else Scope()


def _why(assessment: Assessment, evidence: Sequence[Evidence]) -> Reason:
    if not evidence:
        return Reason.NO_EVIDENCE
    return Reason.MISSING_ENTITY if assessment.absent else Reason.INSUFFICIENT


def _next_queries(
    plan: Plan, assessment: Assessment, evidence: Sequence[Evidence]
) -> tuple[tuple[str, ...], Reason]:
    """Queries not asked yet for the missing parts, and why; none when there is nothing else to try."""
    asked = {fold(query) for query in plan.queries} | {fold(plan.question)}
    missing = assessment.missing or (plan.question,)
    bridged = _bridged(plan, missing, evidence) if len(plan.parts) > 1 else ()
    if plan.round == 1:
        plain = tuple(_keywords(part) for part in missing)
    else:
        plain = tuple(name for part in missing for name in names(part))
    fresh = [query for query in dict.fromkeys((*bridged, *plain)) if query and fold(query) not in asked]
    reason = Reason.REFINE_BRIDGE if bridged and fresh and fresh[0] in bridged else Reason.REFINE_MISSING
    return tuple(fresh[:_MOST_QUERIES]), reason


def _keywords(question: str) -> str:
    """The content words of ``question`` alone."""
    return " ".join(dict.fromkeys(question[term.start : term.end] for term in terms(question)))


def _bridged(plan: Plan, missing: Sequence[str], evidence: Sequence[Evidence]) -> tuple[str, ...]:
    """The missing part with a name that the evidence of the other parts brought up (two hops)."""
    asked = fold(plan.question)
    counts: dict[str, int] = {}
    for item in evidence[:_READ]:
        for name in names(item.chunk.text):
            if len(name) > 2 and fold(name) not in asked and not re.search(f"[{CJK}]", name):
                counts[name] = counts.get(name, 0) + 1
    bridges = sorted(counts, key=lambda name: (-counts[name], name))[:_BRIDGES]
    return tuple(f"{bridge} {_keywords(part)}" for part in missing for bridge in bridges)
