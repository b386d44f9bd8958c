from __future__ import annotations

import numpy as np
import pytest

from eval.fit_evidence import Question, fit, measure
from rag.retrieval.evidence import Weights, probabilities

TRUTH = Weights(match=40.0, background=-45.0, coverage=10.0, bias=0.0)


def _questions(count: int, seed: int) -> list[Question]:
    """Candidates whose labels are drawn with the probabilities that TRUTH gives them."""
    random = np.random.default_rng(seed)
    questions = []
    for number in range(count):
        background = random.normal(0.78, 0.02)
        match, coverage = background + random.normal(0.09, 0.04, 12), random.uniform(0, 0.6, 12)
        rows = np.column_stack([match, np.full(12, background), coverage])
        labels = (random.random(12) < probabilities(rows, TRUTH)).astype(np.int8)
        questions.append(Question("drawn", number % 2, bool(labels.any()), rows, labels))
    return questions


def test_the_fit_orders_candidates_as_the_truth_that_drew_them() -> None:
    weights = fit(_questions(600, 1))
    rows = np.concatenate([question.rows for question in _questions(50, 2)])
    found, expected = probabilities(rows, weights), probabilities(rows, TRUTH)
    assert np.corrcoef(found.argsort().argsort(), expected.argsort().argsort())[0, 1] > 0.98
    assert weights.match > 0 > weights.background
    assert weights.coverage > 0


def test_candidates_left_out_do_not_move_the_weights() -> None:
    questions = _questions(100, 3)
    strange = np.array([[9.0, -9.0, 9.0]])
    widened = [
        Question(q.source, q.half, q.answerable, np.vstack([q.rows, strange]), np.append(q.labels, -1).astype(np.int8))
        for q in questions
    ]
    assert fit(widened) == pytest.approx(fit(questions))


def test_measures_are_the_shares_they_are_named_after() -> None:
    weights = Weights(match=100.0, background=0.0, coverage=0.0, bias=-50.0)
    rows = np.array([[0.9, 0.0, 0.0], [0.1, 0.0, 0.0]])
    questions = [
        Question("s", 0, True, rows, np.array([1, 0], dtype=np.int8)),
        Question("s", 0, True, rows, np.array([0, 1], dtype=np.int8)),
        Question("s", 0, False, rows[1:], np.array([0], dtype=np.int8)),
    ]
    found = measure(questions, weights, floor=0.5)
    assert found == {"n": 3.0, "hit@1": 0.5, "kept": 1.0, "kept_unanswerable": 0.0, "auroc": 1.0}
