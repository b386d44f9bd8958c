"""Fits how what a small model reads weighs beside the rules in the judgement whether evidence answers, and confirms it.

    RAG_LLM=local python -m eval.fit_reader CASES=INDEX [CASES=INDEX …] [--limit 44] [--kept var/eval/read.jsonl]

``CASES`` is a JSONL file of cases, ``INDEX`` the folder of the index they are asked of. Of each set ``--limit``
questions are drawn, one of two that the documents do not answer as far as there are any. For each case of languages the
weights are fitted with every set left out in turn and measured on that set; then on all, and printed
(``rag.answering.sufficiency.READ``). What the model said is kept in ``--kept``, so that a second fit asks nothing;
five seconds a question on two cores.
"""

from __future__ import annotations

import argparse
import json
import sys
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from eval.fit_sufficiency import Searched, searched
from rag.answering.coverage import log_odds
from rag.answering.form import asks_one_fact
from rag.answering.reader import NullReader
from rag.answering.sufficiency import probability
from rag.answering.tongues import Tongue
from rag.assemble import SLOW_READER, language_model
from rag.config import Settings
from rag.interfaces import LanguageModel

Numbers = NDArray[np.float64]
Row = dict[str, Any]
_RIDGE = 0.05
_STEPS = 50


def read(sets: Sequence[str], limit: int, kept: Path) -> list[Row]:
    """What rules and model make of each question of the sets."""
    rows: dict[str, Row] = {}
    if kept.exists():
        rows = {row["key"]: row for row in map(json.loads, kept.read_text("utf-8").splitlines())}
    model: LanguageModel | None = None
    asked: list[str] = []
    kept.parent.mkdir(parents=True, exist_ok=True)
    with kept.open("a", encoding="utf-8") as file:
        for argument in sets:
            path, _, index = argument.partition("=")
            cases = _drawn(Path(path), limit)
            keys = {f"{path}#{case['id']}" for case in cases}
            asked += keys
            if keys <= rows.keys():
                continue
            model = model or _model()
            for one in tqdm(searched(cases, Path(index)), total=len(cases), desc=path, file=sys.stderr):
                key = f"{path}#{one.case['id']}"
                if key not in rows and one.evidence and asks_one_fact(one.plan):
                    rows[key] = {"key": key, "set": path, **_row(one, model)}
                    file.write(json.dumps(rows[key], ensure_ascii=False) + "\n")
                    file.flush()
    return [rows[key] for key in asked if key in rows]


def _drawn(path: Path, limit: int) -> list[Row]:
    """Questions in an order of chance, answerable ones and others in turn."""
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    rows = [row for row in rows if row.get("expected_action") not in ("direct", "clarify")]
    rows.sort(key=lambda row: zlib.crc32(str(row["id"]).encode()))
    own: dict[bool, list[Row]] = {True: [], False: []}
    for row in rows:
        own[Searched.is_answerable(row)].append(row)
    others = own[False][: limit // 2 if own[True] else limit]
    return own[True][: limit - len(others)] + others


def _model() -> LanguageModel:
    model = language_model(Settings.load(sufficiency="llm"))
    if model is None:
        raise SystemExit("There is no language model: set RAG_LLM=local, and run `python -m rag model install` once.")
    return model


def _row(one: Searched, model: LanguageModel) -> Row:
    features = one.features(one.plan.question)
    said = NullReader(model, one.scorer, budget=SLOW_READER).log_odds(one.plan.question, one.evidence)
    ruled = log_odds(probability(features))
    return {"answerable": Searched.is_answerable(one.case), "tongue": features.tongue.value, "rules": ruled, "read": said}


def fit(rows: Sequence[Row]) -> Numbers:
    """Bias and the weights of rules and reader, every set and either answer counting the same within a case of languages."""
    groups: dict[tuple[str, bool], int] = {}
    for row in rows:
        groups[_group(row)] = groups.get(_group(row), 0) + 1
    x = np.array([[1.0, row["rules"], row["read"]] for row in rows])
    y = np.array([float(row["answerable"]) for row in rows])
    share = {answer: sum(1 for group in groups if group[1] is answer) or 1 for answer in (True, False)}
    w = np.array([len(rows) / (2 * share[row["answerable"]] * groups[_group(row)]) for row in rows])
    ridge = np.diag([1e-6, _RIDGE, _RIDGE])
    beta = np.zeros(3)
    for _ in range(_STEPS):
        p = 1 / (1 + np.exp(-x @ beta))
        hessian = (x * (w * p * (1 - p))[:, None]).T @ x + ridge
        step = np.linalg.solve(hessian, x.T @ (w * (y - p)) - ridge @ beta)
        beta += step
        if float(np.abs(step).max()) < 1e-8:
            break
    return beta


def _group(row: Row) -> tuple[str, bool]:
    return row["set"], bool(row["answerable"])


def area(scores: Iterable[float], answerable: Iterable[bool]) -> float:
    """The probability that an answerable question scores higher than one that is not; nan where one kind is lacking."""
    held = np.array(list(scores)), np.array(list(answerable), dtype=bool)
    good, bad = held[0][held[1]], held[0][~held[1]]
    if not len(good) or not len(bad):
        return float("nan")
    return float((good[:, None] > bad[None]).mean() + 0.5 * (good[:, None] == bad[None]).mean())


def report(rows: Sequence[Row]) -> Iterator[str]:
    """A line a set: rules alone, and with the reader by the weights of the other sets."""
    for name in dict.fromkeys(row["set"] for row in rows):
        own = [row for row in rows if row["set"] == name]
        others = [row for row in rows if row["set"] != name]
        truth = [row["answerable"] for row in own]
        ruled = [row["rules"] for row in own]
        if len({row["answerable"] for row in others}) < 2:
            continue
        beta = fit(others)
        both = [float(beta @ np.array([1.0, row["rules"], row["read"]])) for row in own]
        label = "/".join(Path(name).parts[-3:-1])
        yield (
            f"{label:<28} n={len(own):<4} area {area(ruled, truth):.3f} -> {area(both, truth):.3f}  "
            f"kept/refused {_shares(ruled, truth)} -> {_shares(both, truth)}"
        )


def _shares(scores: Sequence[float], truth: Sequence[bool]) -> str:
    kept = [score >= 0 for score, answerable in zip(scores, truth, strict=True) if answerable]
    refused = [score < 0 for score, answerable in zip(scores, truth, strict=True) if not answerable]
    return "/".join(f"{sum(held) / len(held):.2f}" if held else "-" for held in (kept, refused))


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask, fit, confirm, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="+", metavar="CASES=INDEX")
    parser.add_argument("--limit", type=int, default=44, help="questions of each set")
    parser.add_argument("--kept", type=Path, default=Path("var/eval/read.jsonl"))
    options = parser.parse_args(arguments)
    rows = [row for row in read(options.sets, options.limit, options.kept) if row["read"] is not None]
    for tongue in Tongue:
        own = [row for row in rows if row["tongue"] == tongue]
        if len({row["answerable"] for row in own}) < 2:
            continue
        print(tongue, *report(own), sep="\n  ")
        print("  bias, rules, read =", ", ".join(f"{value:.2f}" for value in fit(own)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
