"""What each subcommand does, with its parts handed in: run, score, report, compare, gate, data check.

Every function returns an exit code and prints its result on standard output; progress goes to standard error.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from eval.aggregate import aggregate, to_json
from eval.cases import CaseSet
from eval.check import check_set, summary
from eval.compare import check_manifests, compare
from eval.corpora import Corpora, Place
from eval.documents import read_corpus
from eval.errors import CasesError, EvaluationError, Exit
from eval.floor import Floor
from eval.folder import RunFolder, Sink
from eval.gate import Result, check, likely_cause, read_rules
from eval.judge import Judge
from eval.manifest import describe_run, describe_set
from eval.meter import Prices
from eval.reading import expand, read_all, read_cases
from eval.report.html import to_html
from eval.report.text import (
    COMPARISON_HEADER,
    comparison_rows,
    scoreboard,
    table,
    to_json_report,
    to_junit,
    to_markdown,
)
from eval.report.trec import write_trec
from eval.report.view import build_view
from eval.runner import Context, Job, Options, jobs, run
from eval.score import score
from eval.trace import Trace
from rag.config import Settings

JudgeOf = Callable[[str], Judge]


def run_command(args: argparse.Namespace, settings: Settings, judge_of: JudgeOf) -> int:
    """``run``: every case through the system, then score and report."""
    sets = read_all(args.cases, args.limit)
    with open_corpora(args, settings) as corpora:
        return run_sets(args, sets, corpora, settings, judge_of)


def open_corpora(args: argparse.Namespace, settings: Settings) -> Corpora:
    """What the arguments say is to be measured."""
    prices = Prices(args.price_in, args.price_out)
    return Corpora(settings, system=args.system, index=args.index, keep_queries=args.retrieval_only, prices=prices)


def run_sets(args: argparse.Namespace, sets: Sequence[CaseSet], corpora: Corpora, settings: Settings, judge_of: JudgeOf) -> int:
    """Run sets into one folder, then score and report."""
    folder = RunFolder(args.out)
    _refuse_old_run(folder, args)
    options = Options(
        context=Context(args.context), noise=args.noise, retrieval_only=args.retrieval_only, without_history=args.without_history,
        workers=args.workers, repeat=args.repeat, timeout=args.timeout, max_cost=args.max_cost,
    )  # fmt: skip
    places = [corpora.open(cases, args.corpus, drop_false=args.retrieval_only) for cases in sets]
    described = [_described(cases, place) for cases, place in zip(sets, places, strict=True)]
    manifest = describe_run(described, settings, options, args.system, args.profile or "")
    _check_resumed(folder, manifest, args)
    folder.write_manifest(manifest)
    todo = [job for cases, place in zip(sets, places, strict=True) for job in jobs(cases.cases, place.bench, options.repeat)]
    began = time.perf_counter()
    whole = _run_jobs(todo, options, folder, retry=args.retry_errors)
    spent = round(time.perf_counter() - began, 3)
    folder.write_manifest(manifest | {"peak_memory_mb": _peak_memory(), "complete": whole, "seconds": spent})
    code = score_command(args, settings, judge_of)
    return code if whole else _say("Stopped: --max-cost is spent; go on with --resume.", Exit.PASS)


def score_command(args: argparse.Namespace, settings: Settings, judge_of: JudgeOf) -> int:
    """``score``: traces → items, metrics and reports. Calls the judge, never the system."""
    folder = RunFolder(args.out)
    judge = judge_of(args.judge)
    traces = folder.read_traces()
    if not traces:
        raise EvaluationError(f"{folder.path}: no traces to score; run it first")
    passages = folder.read_passages()
    items = score(_watched(traces, "scoring"), passages, judge.entails)
    metrics = aggregate(items)
    folder.write_scores(items, metrics)
    folder.write_manifest(folder.read_manifest() | {"judge": judge.name})
    write_trec(folder, traces, passages)
    view = build_view(folder)
    folder.write("report.md", to_markdown(view))
    folder.write("report.html", to_html(view))
    if args.json:
        print(json.dumps(to_json(metrics), ensure_ascii=False))
    else:
        print(scoreboard(metrics))
        print(f"\n{len(items)} cases. Report: {folder.path / 'report.html'}")
    errors = sum(trace.failure is not None for trace in traces)
    if errors > args.max_errors * len(traces):
        kinds = sorted({trace.failure.kind for trace in traces if trace.failure})
        return _say(f"{errors} of {len(traces)} cases failed ({', '.join(kinds)}); more than --max-errors {args.max_errors:g}.", Exit.TOO_MANY_ERRORS)
    return Exit.PASS


def report_command(args: argparse.Namespace) -> int:
    """``report``: a scored run in another form, with a comparison if a baseline is given."""
    folder = RunFolder(args.run)
    comparison = None
    if args.baseline:
        base = RunFolder(args.baseline)
        check_manifests(base.read_manifest(), folder.read_manifest())
        comparison = compare(base.read_items(), folder.read_items())
    view = build_view(folder, comparison)
    make = {"md": to_markdown, "html": to_html, "json": to_json_report, "junit": to_junit}[args.format]
    name = {"md": "report.md", "html": "report.html", "json": "report.json", "junit": "report.xml"}[args.format]
    print(folder.write(name, make(view)))
    return Exit.PASS


def compare_command(args: argparse.Namespace) -> int:
    """``compare``: two runs of the same cases."""
    base, new = RunFolder(args.base), RunFolder(args.new)
    check_manifests(base.read_manifest(), new.read_manifest())
    found = compare(base.read_items(), new.read_items(), by=args.by or "")
    if args.json:
        rows = [dict(zip(COMPARISON_HEADER, row, strict=True)) for row in comparison_rows(found)]
        flips = [{"case": flip.key, "gained": flip.gained, "metric": flip.metric, "cause": flip.cause} for flip in found.flips]
        print(json.dumps({"n": found.n, "metrics": rows, "flips": flips}, ensure_ascii=False))
        return Exit.PASS
    print(table(COMPARISON_HEADER, comparison_rows(found)))
    for name, differences in found.parts.items():
        part = type(found)(differences, (), 0)
        print(f"\n{args.by} = {name}\n{table(COMPARISON_HEADER, comparison_rows(part))}")
    for flip in found.flips:
        print(f"{'gained' if flip.gained else 'lost  '}  {flip.key}  {flip.question}" + (f"  ({flip.cause})" if flip.cause else ""))
    return Exit.PASS


def gate_command(args: argparse.Namespace) -> int:
    """``gate``: do the figures meet the rules?"""
    folder = RunFolder(args.run)
    base = RunFolder(args.baseline) if args.baseline else None
    if base:
        check_manifests(base.read_manifest(), folder.read_manifest())
    results = check(read_rules(args.rules), folder.read_metrics(), base.read_metrics() if base else None)
    failed = [result for result in results if not result.passed]
    cause = likely_cause(folder.read_items(), base.read_items() if base else None) if failed else ""
    if args.json:
        print(json.dumps({"passed": not failed, "cause": cause, "rules": [_result(result) for result in results]}, ensure_ascii=False))
    else:
        for result in results:
            print(f"{'pass' if result.passed else 'FAIL'}  {result.rule}" + (f"  ({result.reason})" if result.reason else ""))
        if cause:
            print(f"Most likely cause: {cause}.")
    return Exit.GATE_FAILED if failed else Exit.PASS


def check_command(args: argparse.Namespace) -> int:
    """``data check``: everything that is wrong or doubtful in case files."""
    code = Exit.PASS
    for path in expand(args.files):
        try:
            cases = read_cases(path)
        except CasesError as error:
            print(error)
            code = Exit.USAGE
            continue
        corpus = args.corpus or (Path(cases.corpus) if cases.corpus else None)
        documents = Floor(read_corpus(corpus).documents).catalogue.documents() if corpus and corpus.is_file() else ()
        faults = check_set(cases, documents)
        print(f"{path}: " + "; ".join(f"{name}: {value}" for name, value in summary(cases).items()))
        for fault in faults:
            print(f"  {fault}")
    return code


def _run_jobs(todo: Sequence[Job], options: Options, folder: RunFolder, *, retry: bool) -> bool:
    done = {trace.key for trace in folder.read_traces() if not (retry and trace.failure)}
    left = [job for job in todo if job.key not in done]
    sink = Sink(folder)
    errors = 0
    with tqdm(total=len(todo), initial=len(todo) - len(left), unit="case", file=sys.stderr, desc="running") as bar:

        def progress(trace: Trace) -> None:
            nonlocal errors
            errors += trace.failure is not None
            bar.update()
            if errors:
                bar.set_postfix(errors=errors)

        try:
            return run(left, options, sink, progress)
        finally:
            sink.close()


def _described(cases: CaseSet, place: Place) -> dict[str, Any]:
    return describe_set(cases, place.path, place.sha256, place.documents)


def _refuse_old_run(folder: RunFolder, args: argparse.Namespace) -> None:
    if folder.exists() and not (args.resume or args.retry_errors):
        if not args.overwrite:
            raise EvaluationError(f"{folder.path} holds a run already; use --resume, --retry-errors, --overwrite or another --out")
        for path in folder.path.iterdir():
            if path.is_file():
                path.unlink()


def _check_resumed(folder: RunFolder, manifest: dict[str, Any], args: argparse.Namespace) -> None:
    if not (args.resume or args.retry_errors) or not folder.manifest.exists():
        return
    check_manifests(folder.read_manifest(), manifest)
    before, now = folder.read_manifest(), manifest
    same = ("context", "noise", "retrieval_only", "without_history", "repeat")
    changed = [name for name in same if before["options"].get(name) != json.loads(json.dumps(now["options"][name]))]
    if changed or before["system"] != now["system"]:
        raise EvaluationError(f"{folder.path} was begun with other options ({', '.join(changed) or 'system'}); take them up again, or use another --out")


def _result(result: Result) -> dict[str, Any]:
    return {"rule": str(result.rule), "value": result.value, "bound": result.bound, "passed": result.passed, "reason": result.reason}


def _peak_memory() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1024 * 1024 if sys.platform == "darwin" else 1024), 1)




def _watched(traces: Sequence[Trace], title: str) -> Iterator[Trace]:
    yield from tqdm(traces, desc=title, file=sys.stderr, leave=False)


def _say(message: str, code: Exit) -> Exit:
    print(message, file=sys.stderr)
    return code


