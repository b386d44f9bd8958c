"""Fits the weights of a passage's probability (``rag.retrieval.evidence``) and confirms them on held-back questions.

    python -m eval.fit_evidence DIR … [--limit 400] [--work var/eval/fit]

Each DIR holds ``corpus.jsonl`` and ``queries.jsonl``. A candidate is positive when its document is gold and it holds
an answer, and left out when its document is gold and it does not. Questions are split in two by their id: fitted
on one half, measured on the other. Positive and negative candidates of every set weigh the same in sum. Logistic
regression with an L2 penalty by Newton's method. What the second encoder says between languages, and how passages look, is not fitted here.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.build import build, is_current
from rag.config import Settings
from rag.interfaces import Embedder
from rag.retrieval.analysis import Analyzer
from rag.retrieval.catalogue import Index
from rag.retrieval.embedding import SentenceTransformerEmbedder
from rag.retrieval.embedding_cache import CachedEmbedder
from rag.retrieval.evidence import WEIGHTS, Floats, Weights, features, probabilities
from rag.retrieval.fusion import QueryAwareFusion
from rag.retrieval.late_interaction import likeness, word_tokens
from rag.retrieval.store import open_index
from rag.text import in_another_language, normalise
from rag.types import Chunk, Hit, Scope

_PENALTY = 1e-3
_NEGATIVES = 3
_CANDIDATES = 50
Labels = NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Question:
    """The candidates of one question: features (n, 3), and labels 1, 0, or -1 for left out."""

    source: str
    half: int
    answerable: bool
    rows: Floats
    labels: Labels


def read(folder: Path, work: Path, limit: int, embedder: Embedder) -> list[Question]:
    """The questions of one set, searched as the product searches."""
    corpus = folder / "corpus.jsonl"
    digest = hashlib.sha256(str(corpus.resolve()).encode()).hexdigest()[:16]
    settings = Settings.load({}, sources=(corpus,), index_dir=work / digest)
    if not is_current(settings):
        build(settings, embedder=embedder)
    index = open_index(settings.index_dir, embedder_name=embedder.name, analyzer=Analyzer())
    lines = (folder / "queries.jsonl").read_text("utf-8").splitlines()
    cases = [json.loads(line) for line in lines if line.strip()]
    usable = [case for case in cases if not case.get("ctxdep") and not case.get("history")]
    usable.sort(key=lambda case: zlib.crc32(str(case["id"]).encode()))
    return list(_questions(f"{folder.parent.name}/{folder.name}", index, embedder, usable[:limit]))


def _questions(
    source: str, index: Index, embedder: Embedder, cases: Sequence[dict[str, Any]]
) -> Iterator[Question]:
    dense = index.dense(embedder)
    fusion = QueryAwareFusion(index.sparse, dense)
    for case in cases:
        text = str(case["question"])
        sparse_hits, dense_hits = (part.search(text, _CANDIDATES, Scope()) for part in (index.sparse, dense))
        hits: list[Hit] = fusion.fuse(text, sparse_hits, dense_hits)[:_CANDIDATES]
        if not hits:
            continue
        ids = [hit.chunk.id for hit in hits]
        words = word_tokens(text, embedder.embed_query(text))
        contexts = [index.context_of(chunk_id) for chunk_id in ids]
        match = likeness(words, [index.tokens_of(chunk_id)[0] for chunk_id in ids], contexts)
        coverage = index.sparse.score(text, ids) / max(index.sparse.bound(text), 1e-6)
        foreign = in_another_language(text, [hit.chunk.text for hit in hits])
        rows = features(match, dense.mean(text), coverage, foreign=foreign)
        labels = np.array([_label(hit.chunk, case) for hit in hits], dtype=np.int8)
        half = zlib.crc32(f"half {case['id']}".encode()) & 1
        yield Question(source, half, bool(case.get("gold")), rows, labels)


def _label(chunk: Chunk, case: dict[str, Any]) -> int:
    if chunk.document_id not in (case.get("gold") or ()):
        return 0
    answers = [normalise(answer) for answer in case.get("answers") or ()]
    return 1 if not answers or any(answer in normalise(chunk.text) for answer in answers) else -1


def fit(questions: Sequence[Question]) -> Weights:
    """The weights that make the labels most probable."""
    rows, labels, weights = _examples(questions)
    centre, scale = rows.mean(axis=0), rows.std(axis=0) + 1e-9
    matrix = np.column_stack([np.ones(len(rows)), (rows - centre) / scale])
    penalty = _PENALTY * np.diag([0.0, *np.ones(rows.shape[1])])
    solution = np.zeros(matrix.shape[1])
    for _ in range(50):
        expected = 1 / (1 + np.exp(-np.clip(matrix @ solution, -30, 30)))
        gradient = matrix.T @ (weights * (labels - expected)) - penalty @ solution
        curvature = (matrix.T * (weights * expected * (1 - expected))) @ matrix + penalty
        solution += np.linalg.solve(curvature + 1e-9 * np.eye(len(solution)), gradient)
    slopes = solution[1:] / scale
    return Weights._make([*slopes.tolist(), float(solution[0] - slopes @ centre)])


def _examples(questions: Sequence[Question]) -> tuple[Floats, Floats, Floats]:
    """Every positive and the nearest negatives; each label of each set weighs one half."""
    rows: list[Floats] = []
    labels: list[float] = []
    groups: list[tuple[str, int]] = []
    for question in questions:
        order = np.argsort(-question.rows[:, 0], kind="stable")
        chosen = [*np.flatnonzero(question.labels == 1), *order[question.labels[order] == 0][:_NEGATIVES]]
        for row in chosen:
            rows.append(question.rows[row])
            labels.append(float(question.labels[row]))
            groups.append((question.source, int(question.labels[row])))
    counts = {group: groups.count(group) for group in set(groups)}
    weights = np.array([1 / counts[group] for group in groups])
    return np.stack(rows), np.array(labels), weights / weights.mean()


def measure(questions: Sequence[Question], weights: Weights, floor: float) -> dict[str, float]:
    """What the weights come to on questions they were not fitted on."""
    best = np.array([float(probabilities(question.rows, weights).max()) for question in questions])
    answerable = np.array([question.answerable for question in questions])
    first = [question.labels[int(np.argmax(probabilities(question.rows, weights)))] for question in questions]
    hits = [label != 0 for label, asked in zip(first, answerable, strict=True) if asked]
    result = {"n": float(len(questions)), "hit@1": float(np.mean(hits)) if hits else float("nan")}
    if answerable.any():
        result["kept"] = float((best[answerable] >= floor).mean())
    if not answerable.all():
        result["kept_unanswerable"] = float((best[~answerable] >= floor).mean())
    if answerable.any() and not answerable.all():
        result["auroc"] = float((best[answerable][:, None] > best[~answerable][None, :]).mean())
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Fit on either half, measure on the other, and compare with the weights in force."""
    parser = argparse.ArgumentParser(prog="python -m eval.fit_evidence", description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, metavar="DIR")
    parser.add_argument("--limit", type=int, default=400, help="most questions of a set")
    parser.add_argument("--work", type=Path, default=Path("var/eval/fit"), help="where indexes are kept")
    options = parser.parse_args(arguments)
    settings = Settings.load()
    embedder = CachedEmbedder(SentenceTransformerEmbedder.from_settings(settings), Path("var/eval/embeddings"))
    questions: list[Question] = []
    for folder in options.folders:
        questions += read(folder, options.work, options.limit, embedder)
        print(f"{folder}: {len(questions)} questions so far", file=sys.stderr)
    for half in (0, 1):
        weights = fit([question for question in questions if question.half == half])
        rest = [question for question in questions if question.half != half]
        _show(f"fitted on half {half}", weights, rest, settings.evidence_floor)
        _show("in force, on the same", WEIGHTS, rest, settings.evidence_floor)
    return 0


def _show(title: str, weights: Weights, questions: Sequence[Question], floor: float) -> None:
    print(title, "  ".join(f"{name} {value:.2f}" for name, value in weights._asdict().items()))
    for source in sorted({question.source for question in questions}):
        found = measure([question for question in questions if question.source == source], weights, floor)
        print(f"  {source:24}", "  ".join(f"{name} {value:.3f}" for name, value in found.items()))


if __name__ == "__main__":
    raise SystemExit(main())
