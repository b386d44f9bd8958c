"""Folds the event stream of one question into a trace, with the time each stage took.

A failure of the system becomes part of the trace; only what is wrong with the evaluator itself is raised.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import Protocol, assert_never

from eval.cases import Case
from eval.trace import Failure, PlanStep, Retrieval, Target, Trace
from rag.events import Answered, Event, Planned, Reranked, Retrieved, SentenceChecked, Token
from rag.interfaces import Catalogue
from rag.types import Answer, Chunk, Evidence, Scope, Stage, Turn, Verdict

Clock = Callable[[], float]


class System(Protocol):
    """What is measured: the engine, or a floor that stands beside it."""

    @property
    def catalogue(self) -> Catalogue:
        """What it searches."""
        ...

    def answer(
        self, question: str, history: Sequence[Turn] = (), scope: Scope | None = None
    ) -> Generator[Event, None, None]:
        """The events of one answer."""
        ...

    def retrieve(
        self, question: str, history: Sequence[Turn] = (), scope: Scope | None = None
    ) -> Generator[Event, None, None]:
        """The events up to the first round's ``Reranked``."""
        ...


@dataclass
class Fold:
    """What has come out of a stream so far."""

    started: float
    last: float
    plans: list[PlanStep] = field(default_factory=list)
    retrievals: list[Retrieval] = field(default_factory=list)
    evidence: tuple[Evidence, ...] = ()
    answer: Answer | None = None
    chunks: dict[str, Chunk] = field(default_factory=dict)
    spent: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))

    def take(self, event: Event, now: float) -> None:
        """Fold in one event that came at ``now`` seconds."""
        since, self.last = (now - self.last) * 1000, now
        match event:
            case Planned(plan):
                self.plans.append(
                    PlanStep(plan.action.value, plan.queries, plan.reason, plan.round, plan.question, plan.form.value)
                )
                self.spent["plan"] += since
            case Retrieved(query, stage, hits):
                self._rank(query, stage, [(hit.chunk, hit.score) for hit in hits])
                self.spent[stage.value] += since
            case Reranked(hits, evidence):
                self._rank("", Stage.RERANKED, [(hit.chunk, hit.score) for hit in hits])
                self.evidence = evidence
                self.chunks |= {item.chunk.id: item.chunk for item in evidence}
                self.spent["reranked"] += since
            case Token():
                self.spent.setdefault("first_token", (now - self.started) * 1000)
                self.spent["generate"] += since
            case SentenceChecked():
                self.spent["check"] += since
            case Answered(answer):
                self.answer = answer
            case _ as unknown:
                assert_never(unknown)

    def _rank(self, query: str, stage: Stage, hits: list[tuple[Chunk, float]]) -> None:
        self.chunks |= {chunk.id: chunk for chunk, _ in hits}
        ranking = tuple((chunk.id, round(float(score), 6)) for chunk, score in hits)
        self.retrievals.append(Retrieval(self.plans[-1].round if self.plans else 0, query, stage, ranking))


@dataclass(frozen=True, slots=True)
class Collected:
    """A trace and the chunks that it names."""

    trace: Trace
    chunks: dict[str, Chunk]


def collect(
    stream: Generator[Event, None, None],
    case: Case,
    target: Target,
    *,
    repeat: int = 0,
    timeout: float = 300.0,
    only_plan: bool = False,
    clock: Clock = time.perf_counter,
) -> Collected:
    """Read ``stream`` to its end, to the first plan if ``only_plan``, or until ``timeout`` seconds have passed."""
    started = clock()
    fold = Fold(started, started)
    failure: Failure | None = None
    try:
        for event in stream:
            now = clock()
            fold.take(event, now)
            if only_plan:
                break
            if now - started > timeout:
                failure = Failure("timeout", f"not done after {timeout:g} s")
                break
    except Exception as error:  # noqa: BLE001 - the edge: whatever the system raises is a failure of the system
        failure = Failure(type(error).__name__, str(error))
    finally:
        stream.close()
    if not only_plan:
        fold.spent["total"] = (clock() - started) * 1000
    trace = Trace(
        case=case, target=target, repeat=repeat, plans=tuple(fold.plans), retrievals=tuple(fold.retrievals),
        evidence=tuple((item.marker, item.chunk.id, round(item.score, 6)) for item in fold.evidence),
        answer=None if failure else fold.answer, failure=failure,
        milliseconds={name: round(spent, 3) for name, spent in fold.spent.items()},
    )  # fmt: skip
    return Collected(trace, fold.chunks)


def judge_pair(judge: Callable[[str, str], Verdict], case: Case, clock: Clock = time.perf_counter) -> Collected:
    """The system's verdict on a pair."""
    started = clock()
    verdict: Verdict | None = None
    failure: Failure | None = None
    try:
        verdict = judge(case.claim, case.premise)
    except Exception as error:  # noqa: BLE001 - as above
        failure = Failure(type(error).__name__, str(error))
    spent = {"check": round((clock() - started) * 1000, 3)}
    return Collected(Trace(case=case, target=Target(cluster=case.key), verdict=verdict, failure=failure, milliseconds=spent), {})
