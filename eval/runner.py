"""Runs cases through a system and writes a trace each: in threads, once or several times, from where it stopped.

Knows neither how an index is built nor how a trace is scored.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from enum import StrEnum
from math import ceil

from eval.cases import Case, Kind
from eval.collect import Collected, System, collect, judge_pair
from eval.folder import Sink
from eval.resolve import Resolver
from eval.trace import Trace
from rag.types import Scope, Verdict

Progress = Callable[[Trace], None]
NOWHERE = Scope(document_ids=("\x00",), strict=True)
"""A scope that no document is in."""

_FIXED_CONTEXT = 5


class Context(StrEnum):
    """Which documents the system may search."""

    RETRIEVED = "retrieved"
    GOLD = "gold"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Options:
    """How cases are run. ``noise``: the share of noise among five fixed passages (RGB's protocol), or None."""

    context: Context = Context.RETRIEVED
    noise: float | None = None
    retrieval_only: bool = False
    without_history: bool = False
    workers: int = 1
    repeat: int = 1
    timeout: float = 300.0
    max_cost: float | None = None


@dataclass(frozen=True, slots=True)
class Bench:
    """What a set is run against; ``judge`` is the system's own check of one claim."""

    system: System | None
    resolver: Resolver
    judge: Callable[[str, str], Verdict] | None = None
    usage: Callable[[], dict[str, float]] | None = None
    """The tokens and cost spent by the calling thread since it was last asked."""


@dataclass(frozen=True, slots=True)
class Job:
    """One case, one time."""

    case: Case
    repeat: int
    bench: Bench

    @property
    def key(self) -> str:
        """The key of its trace."""
        return f"{self.case.key}#{self.repeat}"


def jobs(cases: Iterable[Case], bench: Bench, repeat: int) -> list[Job]:
    """Every case ``repeat`` times."""
    return [Job(case, number, bench) for case in cases for number in range(repeat)]


def run(todo: Sequence[Job], options: Options, sink: Sink, progress: Progress = lambda trace: None) -> bool:
    """Run every job; False when it stopped early because ``max_cost`` was spent."""
    stop, spent, lock = threading.Event(), [0.0], threading.Lock()

    def work(job: Job) -> None:
        if stop.is_set():
            return
        collected = run_one(job, options)
        sink.write(collected)
        with lock:
            spent[0] += collected.trace.usage.get("cost", 0.0)
            if options.max_cost is not None and spent[0] >= options.max_cost:
                stop.set()
            progress(collected.trace)

    if options.workers == 1:
        for job in todo:
            work(job)
    else:
        with ThreadPoolExecutor(options.workers, thread_name_prefix="case") as pool:
            for _ in pool.map(work, todo):
                pass
    return not stop.is_set()


def run_one(job: Job, options: Options) -> Collected:
    """One case through the part of the system that its kind asks for."""
    case, bench = job.case, job.bench
    if case.kind is Kind.PAIR:
        assert bench.judge is not None
        return judge_pair(bench.judge, case)
    assert bench.system is not None
    target = bench.resolver.resolve(case)
    history = () if options.without_history else case.history
    only_plan = case.kind in (Kind.MESSAGE, Kind.REWRITE)
    ask = bench.system.retrieve if options.retrieval_only or only_plan else bench.system.answer
    stream = ask(case.question, history, scope_of(case, bench.resolver, options))
    collected = collect(stream, case, target, repeat=job.repeat, timeout=options.timeout, only_plan=only_plan)
    usage = bench.usage() if bench.usage else {}
    if options.retrieval_only:
        usage["retrieval_only"] = 1.0
    return replace(collected, trace=replace(collected.trace, usage=usage))


def scope_of(case: Case, resolver: Resolver, options: Options) -> Scope | None:
    """Where the case may search: fixed contexts are a strict scope, so that the path stays the same."""
    if options.noise is not None and (case.gold or case.noise):
        noisy = ceil(_FIXED_CONTEXT * options.noise)
        names = (*case.gold[: _FIXED_CONTEXT - noisy], *case.noise[:noisy])
        return _scope(names, resolver)
    match options.context:
        case Context.GOLD:
            return _scope(resolver.resolve(case).gold, resolver)
        case Context.NONE:
            return NOWHERE
        case Context.RETRIEVED:
            return None


def _scope(names: Iterable[str], resolver: Resolver) -> Scope:
    ids = tuple(dict.fromkeys(found for name in names if (found := resolver.document_id(name))))
    return Scope(document_ids=ids, strict=True) if ids else NOWHERE
