"""The weights of the support check, fitted by ``python -m eval.fit_support``; see ``eval/LOG.md`` for figures."""

from __future__ import annotations

THRESHOLD = 0.5
STATEMENT_BIAS = -3.118
STATEMENT: dict[str, float] = {
    "matched": 3.048,
    "coverage": 2.526,
    "gap": -0.359,
    "gap_start": 1.089,
    "gap_middle": 0.199,
    "gap_end": -0.464,
    "missing_names": -0.096,
    "replaced": -0.640,
    "replaced_size": -0.424,
    "replaced_start": 1.344,
    "replaced_kind": -0.944,
    "dropped_size": 0.079,
    "apart": -0.348,
    "turned": -1.588,
    "negated": -0.239,
}
ANSWER_BIAS = -2.918
ANSWER: dict[str, float] = {
    "found": 1.930,
    "coverage": 1.821,
    "question_coverage": -0.157,
    "near": -0.265,
    "apart": 0.148,
    "order": 0.180,
    "outdone": -1.387,
    "lost": -0.324,
    "echo": -2.829,
    "fits": 0.868,
    "misfits": -1.286,
    "named": 1.998,
    "rival": -2.575,
    "modifies": -0.941,
    "gap": -0.882,
    "missing_names": -0.454,
    "dropped_size": -0.668,
}
