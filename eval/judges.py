"""Makes the judge that was asked for, from its own settings: ``JUDGE_MODEL``, ``JUDGE_BASE_URL``, ``JUDGE_API_KEY``.

They are apart from the answering model's on purpose: a run scored again must meet the same judge.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from eval.errors import EvaluationError
from eval.judge import CachedJudge, Judge, ModelJudge, RuleJudge
from eval.nli import open_nli
from rag.llm import OpenAIModel

CACHE = Path("var/eval/judged.sqlite")
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
