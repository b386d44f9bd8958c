"""Makes the judge that was asked for, from its own settings: ``JUDGE_MODEL``, ``JUDGE_BASE_URL``, ``JUDGE_API_KEY``.

They are apart from the answering model's on purpose: a run scored again must meet the same judge.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from tqdm import tqdm

from eval.errors import EvaluationError, Exit
from eval.judge import CachedJudge, Judge, ModelJudge, RuleJudge, agreement
from eval.nli import open_nli
from eval.profiles import QUESTIONS
from eval.reading import read_all
from eval.report.text import table
from rag.llm import OpenAIModel

CACHE = Path("var/eval/judged.sqlite")
_PAIR_SAMPLES = ("cite_zh_sample", "cite_en_sample")
_AGREEMENT = ("n", "accuracy", "balanced_accuracy", "precision", "recall", "kappa")
DEFAULT_NLI = "MoritzLaurer/mDeBERTa-v3-base-xnli-multilingual-nli-2mil7"


def open_judge(name: str, args: argparse.Namespace) -> Judge:
    """``rule``, ``nli`` or ``llm``. Raises ``EvaluationError`` when a model is wanted and none is named."""
    model = args.judge_model or os.environ.get("JUDGE_MODEL", "")
    match name:
        case "rule":
            return RuleJudge()
        case "nli":
            return CachedJudge(open_nli(model or DEFAULT_NLI), CACHE)
        case _:
            if not model:
                raise EvaluationError("--judge llm needs a model of its own: set --judge-model or JUDGE_MODEL (and JUDGE_BASE_URL, JUDGE_API_KEY)")
            url = args.judge_base_url or os.environ.get("JUDGE_BASE_URL") or None
            key = os.environ.get("JUDGE_API_KEY") or None
            return CachedJudge(ModelJudge(OpenAIModel(model, api_key=key, base_url=url, temperature=0.0, max_tokens=200)), CACHE)


def judge_check_command(args: argparse.Namespace) -> int:
    """``judge-check``: print how far the judge agrees with labelled pairs, set by set."""
    judge = open_judge(args.judge, args)
    rows: list[tuple[str, ...]] = []
    found: dict[str, dict[str, float]] = {}
    for cases in read_all(args.files or [QUESTIONS / name for name in _PAIR_SAMPLES], args.limit):
        labelled = [case for case in cases.cases if case.supported is not None]
        if not labelled:
            raise EvaluationError(f"{cases.path}: no labelled pairs (claim, evidence, label)")
        bar = tqdm(labelled, desc=cases.name, file=sys.stderr, leave=False)
        found[cases.name] = agreement([(bool(case.supported), judge.entails(case.claim, case.premise)) for case in bar])
        rows.append((cases.name, judge.name, *(f"{found[cases.name][name]:.3f}" if name != "n" else str(len(labelled)) for name in _AGREEMENT)))
    print(json.dumps(found) if args.json else table(("set", "judge", *_AGREEMENT), rows))
    return Exit.PASS
