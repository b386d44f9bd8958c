"""Many sets, each in a run folder of its own, and one table of them all: how a baseline is made, kept and shown."""

from __future__ import annotations

import argparse
import copy
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from eval.aggregate import Metrics
from eval.commands import JudgeOf, open_corpora, run_sets
from eval.errors import EvaluationError, Exit
from eval.folder import RunFolder
from eval.profiles import SEEDS
from eval.reading import read_all
from eval.report.text import MISSING, markdown_table
from rag.config import Settings

_COLUMNS = (
    ("hit@1", ("retrieval.reranked.hit@1",)),
    ("hit@5", ("retrieval.reranked.hit@5",)),
    ("evidence@5", ("retrieval.reranked.evidence_all@5", "retrieval.reranked.groups_all@5")),
    ("right", ("answer.correct",)),
    ("answer given", ("answer.recall",)),
    ("cited", ("citation.recall",)),
    ("refused / answerable kept", ("abstention.refusal",)),
    ("action", ("planner.action_accuracy",)),
    ("check / rewrite", ("support.balanced_accuracy", "planner.rewrite_f1")),
)
_FLOORED = ("hit@1", "hit@5", "answer given")


def suite_command(args: argparse.Namespace, settings: Settings, judge_of: JudgeOf) -> int:
    """``suite``: every set below a folder; a set whose folder is complete is left as it is."""
    paths = args.cases or _sets_below(args.data)
    worst = Exit.PASS
    with open_corpora(args, settings) as corpora:
        for cases in read_all(paths, args.limit):
            own = copy.copy(args)
            own.out = args.out / cases.name
            folder = RunFolder(own.out)
            if folder.metrics.exists() and not args.overwrite and folder.read_manifest().get("complete"):
                print(f"{cases.name}: there already", file=sys.stderr)
                continue
            own.resume = folder.exists() and not args.overwrite
            print(f"\n{cases.name}")
            worst = max(worst, Exit(run_sets(own, [cases], corpora, settings, judge_of)))
    return worst


def table_command(args: argparse.Namespace) -> int:
    """``table``: the figures of many runs, those of the floor behind a stroke."""
    runs = _scored(args.runs)
    if not runs:
        raise EvaluationError(f"{args.runs}: no scored run folder below it")
    floors = _scored(args.floors) if args.floors else {}
    shown = [(head, names) for head, names in _COLUMNS if any(_figure(metrics, names) for metrics in runs.values())]
    rows = [(name, _cases(metrics), *(_cell(head, names, metrics, floors.get(name)) for head, names in shown)) for name, metrics in runs.items()]
    print(markdown_table(("set", "cases", *(head for head, _ in shown)), rows))
    return Exit.PASS


def keep_command(args: argparse.Namespace) -> int:
    """``keep``: of every scored run below a folder what a comparison needs, small enough for a repository.

    Texts of questions and answers are kept for the seeds only: other sets have licences of their own.
    """
    found = _scored(args.runs)
    if not found:
        raise EvaluationError(f"{args.runs}: no scored run folder below it")
    for name, metrics in found.items():
        source, target = RunFolder(args.runs / name), RunFolder(args.out / name)
        items = source.read_items()
        own = name == SEEDS.stem
        target.write_manifest(source.read_manifest())
        target.write_scores([item if own else replace(item, question="", answer="") for item in items], metrics)
    return Exit.PASS


def _sets_below(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise EvaluationError(f"{folder}: no such folder")
    names = sorted(path for path in folder.iterdir() if path.is_dir() and path.name != "seeds")
    return [SEEDS, *(path for path in names if any(path.rglob("*.jsonl")))]


def _scored(folder: Path) -> dict[str, Metrics]:
    return {path.parent.name: RunFolder(path.parent).read_metrics() for path in sorted(folder.glob("*/metrics.json"))}


def _cases(metrics: Metrics) -> str:
    return str(metrics["run.error"].n)


def _figure(metrics: Metrics, names: Sequence[str]) -> str:
    return next((f"{100 * metrics[name].value:.0f}" for name in names if name in metrics), "")


def _cell(head: str, names: Sequence[str], metrics: Metrics, floor: Metrics | None) -> str:
    own = _figure(metrics, names)
    if not own:
        return MISSING
    if head.startswith("refused") and "abstention.false_refusal" in metrics:
        own += f" / {100 - 100 * metrics['abstention.false_refusal'].value:.0f}"
    beside = _figure(floor, names) if floor and head in _FLOORED else ""
    return f"{own} ({beside})" if beside else own
