"""A trace: everything that one case brought out of the system, as one JSON line. Scoring reads nothing else.

Rankings hold chunk ids and scores; the texts of the chunks stand once each in ``passages.jsonl`` beside them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from eval.cases import Case
from rag.serialise import answer_from_dict, answer_to_dict
from rag.types import Answer, Chunk, Stage, Verdict

Ranking = tuple[tuple[str, float], ...]
"""Chunk ids and scores, best first."""

Span = tuple[str, int, int]
"""A document id and offsets into its text."""


@dataclass(frozen=True, slots=True)
class Target:
    """A case's labels as found in the corpus: document (or chunk) ids, and the places of its quotes.

    ``spans`` has one entry a quote, with every place where the quote stands. ``cluster`` names what cases are
    resampled by: the document that the case was written from.
    """

    gold: tuple[str, ...] = ()
    groups: tuple[tuple[str, ...], ...] = ()
    spans: tuple[tuple[Span, ...], ...] = ()
    unresolved: tuple[str, ...] = ()
    cluster: str = ""


@dataclass(frozen=True, slots=True)
class Retrieval:
    """What one stage ranked for one query in one round."""

    round: int
    query: str
    stage: Stage
    hits: Ranking


@dataclass(frozen=True, slots=True)
class PlanStep:
    """A plan without what the rankings show anyway."""

    action: str
    queries: tuple[str, ...]
    reason: str
    round: int
    question: str
    form: str


@dataclass(frozen=True, slots=True)
class Failure:
    """An error that ended a case: the name of the exception, or ``timeout``."""

    kind: str
    message: str


@dataclass(frozen=True, slots=True)
class Trace:
    """One run of one case. ``milliseconds`` has an entry a stage, and first_token and total."""

    case: Case
    target: Target = field(default_factory=Target)
    repeat: int = 0
    plans: tuple[PlanStep, ...] = ()
    retrievals: tuple[Retrieval, ...] = ()
    evidence: tuple[tuple[int, str, float], ...] = ()
    answer: Answer | None = None
    verdict: Verdict | None = None
    milliseconds: Mapping[str, float] = field(default_factory=dict)
    usage: Mapping[str, float] = field(default_factory=dict)
    failure: Failure | None = None

    @property
    def key(self) -> str:
        """Unique in a run."""
        return f"{self.case.key}#{self.repeat}"

    def ranking(self, stage: Stage) -> Ranking | None:
        """The stage's ranking over all queries, None when the stage gave none.

        Reranked lists hold the candidates of all rounds in their final order, so the last one counts; the lists
        of other stages are taken in turns, best of every query first.
        """
        lists = [retrieval.hits for retrieval in self.retrievals if retrieval.stage is stage]
        if not lists:
            return None
        if stage is Stage.RERANKED or len(lists) == 1:
            return lists[-1]
        merged: dict[str, float] = {}
        for place in range(max(map(len, lists))):
            for hits in lists:
                if place < len(hits):
                    merged.setdefault(*hits[place])
        return tuple(merged.items())

    def to_json(self) -> str:
        """One line."""
        row: dict[str, Any] = {"key": self.key, "case": self.case.to_dict(), "target": asdict(self.target), "repeat": self.repeat}
        row |= {"plans": [asdict(plan) for plan in self.plans], "retrievals": [_retrieval_row(item) for item in self.retrievals]}
        row |= {"evidence": self.evidence, "answer": answer_to_dict(self.answer) if self.answer else None}
        row |= {"verdict": self.verdict, "milliseconds": dict(self.milliseconds), "usage": dict(self.usage)}
        row |= {"failure": asdict(self.failure) if self.failure else None}
        return json.dumps(row, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, line: str) -> Trace:
        """The inverse of ``to_json``."""
        row = json.loads(line)
        return cls(
            case=Case.from_dict(row["case"]),
            target=_target(row["target"]),
            repeat=row["repeat"],
            plans=tuple(PlanStep(**plan | {"queries": tuple(plan["queries"])}) for plan in row["plans"]),
            retrievals=tuple(
                Retrieval(item["round"], item["query"], Stage(item["stage"]), _ranking(item["hits"])) for item in row["retrievals"]
            ),
            evidence=tuple((int(marker), str(chunk), float(score)) for marker, chunk, score in row["evidence"]),
            answer=answer_from_dict(row["answer"]) if row["answer"] else None,
            verdict=Verdict(row["verdict"]) if row["verdict"] else None,
            milliseconds=row["milliseconds"],
            usage=row["usage"],
            failure=Failure(**row["failure"]) if row["failure"] else None,
        )


def chunk_to_json(chunk: Chunk) -> str:
    """A line of ``passages.jsonl``."""
    return json.dumps(asdict(chunk), ensure_ascii=False, separators=(",", ":"))


def read_lines(path: Path) -> Iterator[str]:
    """The whole lines of a file that may have been cut off in the middle of its last."""
    if not path.is_file():
        return
    with path.open(encoding="utf-8", newline="\n") as file:
        for line in file:
            if line.endswith("\n") and line.strip():
                yield line


def read_traces(path: Path) -> list[Trace]:
    """All traces; a later one of the same key takes the place of an earlier. In the order of their keys."""
    latest = {trace.key: trace for line in read_lines(path) for trace in (Trace.from_json(line),)}
    return [latest[key] for key in sorted(latest)]


def read_passages(path: Path) -> dict[str, Chunk]:
    """The chunks of ``passages.jsonl`` by id."""
    return {row["id"]: Chunk(**row) for line in read_lines(path) for row in (json.loads(line),)}


def _retrieval_row(item: Retrieval) -> dict[str, Any]:
    """As ``asdict`` would, without copying every hit."""
    return {"round": item.round, "query": item.query, "stage": item.stage, "hits": item.hits}


def _target(row: Mapping[str, Any]) -> Target:
    return Target(
        gold=tuple(row["gold"]),
        groups=tuple(tuple(group) for group in row["groups"]),
        spans=tuple(tuple((doc, start, end) for doc, start, end in places) for places in row["spans"]),
        unresolved=tuple(row["unresolved"]),
        cluster=row["cluster"],
    )


def _ranking(hits: list[list[Any]]) -> Ranking:
    return tuple((str(chunk), float(score)) for chunk, score in hits)
