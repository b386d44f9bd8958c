"""The gate over the real engine: a broken reranker, citation check and planner each turn it red, with the right cause."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from eval.__main__ import main
from eval.aggregate import Metrics, aggregate
from eval.cases import CaseSet
from eval.corpora import Corpora, Place
from eval.folder import RunFolder, Sink
from eval.gate import Rule, check, likely_cause, read_rules
from eval.judge import RuleJudge
from eval.reading import read_cases
from eval.runner import Options, jobs, run
from eval.score import Item, score
from rag.answering.extractive import ExtractiveGenerator
from rag.answering.writer import CheckedWriter
from rag.config import Settings
from rag.engine import Engine
from rag.interfaces import Span, Support
from rag.types import Action, Evidence, Hit, Plan, Turn, Verdict

pytestmark = pytest.mark.encoder

RULES = """
rules:
  - retrieval.reranked.hit@1 >= baseline - 0.1
  - answer.correct >= baseline - 0.1
  - citation.recall >= baseline - 0.1
  - planner.missed <= baseline + 0.05
  - run.error <= 0
"""
NAMES = "青石 白沙 红岩 黄花 绿林 紫云 金桥 银杏 铜鼓 铁门 东湖 西山 南浦 北固 天池 地坪 春水 夏荷 秋月 冬梅".split()


class ReversedReranker:
    """Ranks the worst first."""

    def rerank(self, query: str, hits: Sequence[Hit]) -> list[Hit]:
        return [replace(hit, rank=rank, score=0.99 - rank / 1000) for rank, hit in enumerate(reversed(hits), start=1)]


class CarelessChecker:
    """Calls every sentence supported, by the passage that has least to do with it."""

    def check(self, sentence: str, hinted: Sequence[int], evidence: Sequence[Evidence], question: str) -> list[Support]:
        others = [item for item in evidence if sentence[:4] not in item.chunk.text] or list(evidence)
        last = others[-1]
        return [Support(Span(last.chunk, 0, len(last.chunk.text)), last.marker, Verdict.SUPPORTED, 1.0)]


class LazyPlanner:
    """Never searches."""

    def plan(self, question: str, history: Sequence[Turn]) -> Plan:
        return Plan(Action.REPLY, reason="greeting", question=question)

    def refine(self, plan: Plan, evidence: Sequence[Evidence]) -> Plan | None:
        return None


@dataclass
class Bridges:
    """A small set, its place, and how it comes out with a changed engine."""

    cases: CaseSet
    place: Place
    folder: Path

    @property
    def engine(self) -> Engine:
        system = self.place.bench.system
        assert isinstance(system, Engine)
        return system

    def measure(self, name: str, engine: Engine) -> tuple[list[Item], Metrics]:
        folder = RunFolder(self.folder / name)
        sink = Sink(folder)
        run(jobs(self.cases.cases, replace(self.place.bench, system=engine), 1), Options(), sink)
        sink.close()
        items = score(folder.read_traces(), folder.read_passages(), RuleJudge().entails)
        metrics = aggregate(items)
        folder.write_manifest({"sets": [{"name": self.cases.name, "sha256": "x", "cases": 1, "corpus": {"sha256": "y", "documents": 20}}]})
        folder.write_scores(items, metrics)
        return items, metrics


def _write_bridges(folder: Path) -> Path:
    folder.mkdir(parents=True)
    rows, cases = [], []
    for number, name in enumerate(NAMES):
        length, year = 120 + 37 * number, 1950 + number
        text = f"{name}大桥全长{length}米，于{year}年建成通车。桥面宽{20 + number}米，由{NAMES[number - 1]}集团承建。"
        rows.append({"id": name, "title": f"{name}大桥", "text": text})
        cases.append({"id": name, "question": f"{name}大桥全长多少米？", "answers": [f"{length}米"], "gold": [name], "type": "factoid"})
    for file, lines in (("corpus.jsonl", rows), ("queries.jsonl", cases)):
        (folder / file).write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    return folder / "queries.jsonl"


@pytest.fixture(scope="module")
def bridges(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bridges]:
    folder = tmp_path_factory.mktemp("broken")
    cases = read_cases(_write_bridges(folder / "bridges"))
    settings = Settings.load({}, evidence_floor=0.0, llm="none")
    with Corpora(settings, cache=folder / "cache") as corpora:
        yield Bridges(cases, corpora.open(cases, None, drop_false=False), folder)


@pytest.fixture(scope="module")
def whole(bridges: Bridges) -> tuple[list[Item], Metrics]:
    return bridges.measure("whole", bridges.engine)


@pytest.fixture(scope="module")
def rules(bridges: Bridges) -> list[Rule]:
    path = bridges.folder / "gate.yaml"
    path.write_text(RULES, encoding="utf-8")
    return read_rules(path)


def broken(engine: Engine, part: str) -> Engine:
    """The same engine with one part broken."""
    search = replace(engine._search, reranker=ReversedReranker()) if part == "reranker" else engine._search
    planner = LazyPlanner() if part == "planner" else engine._planner
    writer = engine._writer
    if part == "checker":
        assert isinstance(writer, CheckedWriter)
        generator = writer._generator
        assert isinstance(generator, ExtractiveGenerator)
        writer = CheckedWriter(generator, CarelessChecker())
    return Engine(catalogue=engine.catalogue, search=search, planner=planner, writer=writer, voice=engine._voice, limits=engine._limits)


def test_the_engine_as_it_is_passes(whole: tuple[list[Item], Metrics], rules: list[Rule]) -> None:
    _, metrics = whole
    assert metrics["answer.correct"].value >= 0.9
    assert metrics["citation.recall"].value >= 0.9
    assert all(result.passed for result in check(rules, metrics, metrics))


@pytest.mark.parametrize(
    ("part", "rule", "cause"),
    [
        ("reranker", "retrieval.reranked.hit@1", "lost in rerank"),
        ("checker", "citation.recall", "miscited"),
        ("planner", "planner.missed", "planner skipped"),
    ],
)
def test_a_broken_part_turns_the_gate_red_with_its_cause(
    part: str, rule: str, cause: str, bridges: Bridges, whole: tuple[list[Item], Metrics], rules: list[Rule],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    items, metrics = bridges.measure(part, broken(bridges.engine, part))
    failed = [result.rule.metric for result in check(rules, metrics, whole[1]) if not result.passed]
    assert rule in failed
    assert likely_cause(items, whole[0]) == cause
    code = main(["gate", str(bridges.folder / part), "--rules", str(bridges.folder / "gate.yaml"), "--baseline", str(bridges.folder / "whole")])
    shown = capsys.readouterr().out
    assert code == 10
    assert f"FAIL  {rule}" in shown
    assert f"Most likely cause: {cause}." in shown
