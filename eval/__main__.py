"""The evaluator's command line: ``python -m eval run | score | report | compare | gate | data check | …``.

Exit codes: 0 pass, 2 usage, 3 too many errors, 10 gate failed, 11 not comparable.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from eval import commands, judges, makeset, suite
from eval.corpora import ENGINE, FLOOR
from eval.errors import EvaluationError, Exit
from eval.judges import open_judge
from eval.profiles import PROFILES, resolve_profile
from rag.config import Settings
from rag.errors import RagError

DEFAULT_OUT = Path("var/eval/runs/latest")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    args = _parser().parse_args(arguments)
    try:
        return int(_dispatch(args))
    except EvaluationError as error:
        print(f"eval: {error}", file=sys.stderr)
        return int(error.code)
    except RagError as error:
        print(f"eval: {error}", file=sys.stderr)
        return int(Exit.USAGE)
    except KeyboardInterrupt:
        print("eval: stopped; go on with --resume", file=sys.stderr)
        return 130


def _dispatch(args: argparse.Namespace) -> int:
    settings = Settings.load()
    match args.command:
        case "run":
            resolve_profile(args)
            return commands.run_command(args, settings, lambda name: open_judge(name, args))
        case "score":
            args.out = args.run
            return commands.score_command(args, settings, lambda name: open_judge(name, args))
        case "report":
            return commands.report_command(args)
        case "compare":
            return commands.compare_command(args)
        case "gate":
            return commands.gate_command(args)
        case "data":
            return commands.check_command(args)
        case "suite":
            return suite.suite_command(args, settings, lambda name: open_judge(name, args))
        case "table":
            return suite.table_command(args)
        case "keep":
            return suite.keep_command(args)
        case "judge-check":
            return judges.judge_check_command(args)
        case _:
            return makeset.make_set_command(args, settings)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m eval", description="Measure what the user sees.")
    parts = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_run(parts.add_parser("run", help="run cases through the system, score and report"))
    score = parts.add_parser("score", help="score a run's traces again; the system is not called")
    score.add_argument("run", type=Path)
    _add_scoring(score)
    report = parts.add_parser("report", help="write a scored run's report")
    report.add_argument("run", type=Path)
    report.add_argument("--format", choices=("md", "html", "json", "junit"), default="html")
    report.add_argument("--baseline", type=Path, help="also show what changed against this run")
    compare = parts.add_parser("compare", help="compare two runs of the same cases")
    compare.add_argument("base", type=Path)
    compare.add_argument("new", type=Path)
    compare.add_argument("--by", choices=("type", "set", "language"), help="compare in parts too")
    compare.add_argument("--json", action="store_true")
    gate = parts.add_parser("gate", help="check a run against rules")
    gate.add_argument("run", type=Path)
    gate.add_argument("--rules", type=Path, required=True)
    gate.add_argument("--baseline", type=Path)
    gate.add_argument("--json", action="store_true")
    data = parts.add_parser("data", help="look over case files").add_subparsers(dest="what", required=True)
    check = data.add_parser("check", help="report every broken row and every doubtful label")
    check.add_argument("files", type=Path, nargs="+")
    check.add_argument("--corpus", type=Path)
    _add_further(parts)
    return parser


def _add_further(parts: Any) -> None:
    many = parts.add_parser("suite", help="run every set below a folder, each into a folder of its own")
    many.add_argument("data", type=Path)
    _add_run(many)
    tabled = parts.add_parser("table", help="one Markdown table of many scored runs")
    tabled.add_argument("runs", type=Path, help="folder of run folders")
    tabled.add_argument("--floors", type=Path, help="folder of the floor's run folders, shown beside")
    kept = parts.add_parser("keep", help="copy the scores of many runs, small enough to commit as a baseline")
    kept.add_argument("runs", type=Path, help="folder of run folders")
    kept.add_argument("out", type=Path)
    judged = parts.add_parser("judge-check", help="how far a judge agrees with labelled pairs")
    judged.add_argument("files", type=Path, nargs="*", help="pair sets; default: the samples of cite_zh and cite_en")
    judged.add_argument("--limit", type=int)
    _add_scoring(judged)
    made = parts.add_parser("make-set", help="draft questions from documents, for a person to edit")
    made.add_argument("documents", type=Path, nargs="+")
    made.add_argument("--out", type=Path, required=True, help="the .jsonl or .csv to write")
    made.add_argument("--count", type=int, default=50, help="most questions to draft")
    made.add_argument("--rules-only", action="store_true", help="without the language model even if one is configured")


def _add_run(run: argparse.ArgumentParser) -> None:
    run.add_argument("--cases", type=Path, nargs="+", help="JSONL or CSV files, or folders of them; default: the seed questions")
    run.add_argument("--corpus", type=Path, help="folder of documents or a corpus.jsonl; default: what lies beside the cases, else the sources")
    run.add_argument("--index", type=Path, help="an index that exists already")
    run.add_argument("--out", type=Path, default=DEFAULT_OUT, help=f"run folder (default {DEFAULT_OUT})")
    run.add_argument("--system", choices=(ENGINE, FLOOR), default=ENGINE, help="what is measured; floor: plain BM25")
    run.add_argument("--context", choices=("retrieved", "gold", "none"), default="retrieved", help="which documents may be searched")
    run.add_argument("--noise", type=float, metavar="SHARE", help="five fixed passages, this share of them noise")
    run.add_argument("--retrieval-only", action="store_true", help="no answers; false documents are left out of the corpus")
    run.add_argument("--without-history", action="store_true", help="ask the last turn as it is")
    run.add_argument("--profile", choices=PROFILES, help="a prepared choice of cases")
    run.add_argument("--limit", type=int, help="so many cases of each set, spread evenly")
    run.add_argument("--workers", type=int, default=1, help="cases at a time")
    run.add_argument("--repeat", type=int, default=1, help="run each case so many times")
    run.add_argument("--timeout", type=float, default=300.0, help="seconds a case may take")
    run.add_argument("--max-cost", type=float, help="stop when so much is spent")
    run.add_argument("--price-in", type=float, default=0.0, metavar="X", help="what a million tokens read cost")
    run.add_argument("--price-out", type=float, default=0.0, metavar="X", help="what a million tokens written cost")
    again = run.add_mutually_exclusive_group()
    again.add_argument("--resume", action="store_true", help="go on where the run in --out stopped")
    again.add_argument("--retry-errors", action="store_true", help="go on, and run failed cases again")
    again.add_argument("--overwrite", action="store_true", help="replace the run in --out")
    _add_scoring(run)


def _add_scoring(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--judge", choices=("rule", "nli", "llm"), default="rule", help="who decides whether a citation supports its sentence")
    parser.add_argument("--judge-model", help="the judge's own model (JUDGE_MODEL)")
    parser.add_argument("--judge-base-url", help="the judge's own endpoint (JUDGE_BASE_URL; its key: JUDGE_API_KEY)")
    parser.add_argument("--max-errors", type=float, default=0.05, metavar="SHARE", help="more failed cases than this end with code 3")
    parser.add_argument("--json", action="store_true", help="print metrics.json instead of a table")


if __name__ == "__main__":
    sys.exit(main())
