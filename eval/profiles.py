"""Prepared choices of cases: what ``make test`` can afford, what a change should see, and everything there is."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from eval.errors import EvaluationError

QUESTIONS = Path(__file__).resolve().parent / "questions"
SEEDS = QUESTIONS / "seeds.jsonl"
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
        case None | "smoke":
            args.cases = [SEEDS]
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
