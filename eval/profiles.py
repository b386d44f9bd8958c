"""Prepared choices of cases: what ``make test`` can afford, what a change should see, and everything there is."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from eval.errors import EvaluationError

QUESTIONS = Path(__file__).resolve().parent / "questions"
SEEDS = QUESTIONS / "seeds.jsonl"
_SMOKE = ("cite_zh_sample", "retrieve_decision_sample")
_SMOKE_CASES = 60
PROFILES = ("smoke", "standard", "full")
DATA = "EVAL_DATA"
"""Environment variable: a folder with further sets, one a folder, for the full profile."""


def resolve_profile(args: argparse.Namespace) -> None:
    """Fill in ``args.cases`` from ``args.profile``; without either, the seed questions."""
    if args.cases:
        if args.profile:
            raise EvaluationError("give --cases or --profile, not both")
        return
    match args.profile:
        case None:
            args.cases = [SEEDS]
        case "smoke":
            args.cases = [SEEDS, *(QUESTIONS / name for name in _SMOKE)]
            args.limit = args.limit or _SMOKE_CASES
        case "standard":
            args.cases = [SEEDS, *_samples()]
        case "full":
            args.cases = [SEEDS, *_samples(), *_further()]
        case other:
            raise EvaluationError(f"{other}: no such profile; there are {', '.join(PROFILES)}")


def _samples() -> list[Path]:
    return sorted(path for path in QUESTIONS.iterdir() if path.is_dir())


def _further() -> list[Path]:
    folder = os.environ.get(DATA, "")
    return sorted(path for path in Path(folder).iterdir() if path.is_dir() and path.name != "seeds") if folder else []
