"""What every form of report shows, gathered once from a run folder: figures, tables, causes, single questions.

Values only; how they look is for the forms.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eval.aggregate import Metrics, causes, risk_coverage
from eval.compare import Comparison
from eval.folder import RunFolder
from eval.match import find
from eval.score import CAUSES, Item
from eval.stats import Estimate
from eval.trace import Trace
from rag.types import Chunk, Stage

SCOREBOARD = (
    ("answer.correct", "Questions that came out right"),
    ("answer.recall", "Gold answers given"),
    ("answer.key_point_recall", "Key points given"),
    ("answer.f1", "Token F1 with the gold answer"),
    ("retrieval.reranked.hit@1", "Right document ranked first"),
    ("retrieval.reranked.hit@5", "Right document in the first five"),
    ("retrieval.reranked.evidence_all@5", "All evidence in the first five passages"),
    ("citation.precision", "Citations that support their sentence"),
    ("citation.recall", "Sentences supported by their citations"),
    ("citation.quote_exact", "Quotes that stand word for word in the source"),
    ("abstention.refusal", "Unanswerable questions refused"),
    ("abstention.false_refusal", "Answerable questions refused (lower is better)"),
    ("abstention.balanced_accuracy", "Answer or refuse: balanced accuracy"),
    ("planner.action_accuracy", "Right action chosen"),
    ("planner.missed", "Searches missed (lower is better)"),
    ("planner.over_retrieval", "Needless searches (lower is better)"),
    ("planner.rewrite_f1", "Rewritten question: F1 with the reference"),
    ("support.balanced_accuracy", "Citation check: balanced accuracy"),
    ("support.precision", "Citation check: precision of `supported`"),
    ("robustness.false_answer", "False documents believed (lower is better)"),
    ("robustness.false_followed", "… and no disagreement shown (lower is better)"),
    ("run.error", "Failed cases (lower is better)"),
)
STAGE_COLUMNS = ("hit@1", "hit@5", "recall@10", "mrr@10", "ndcg@10", "evidence_any@1", "evidence_any@5", "evidence_all@5", "groups_all@5", "answer_hit@5")
SLICE_COLUMNS: Mapping[str, str] = {
    "answer.correct": "came out right", "answer.recall": "answer given", "retrieval.reranked.hit@1": "hit@1",
    "retrieval.reranked.evidence_all@5": "evidence@5", "citation.recall": "cited", "planner.action_accuracy": "action",
    "support.accuracy": "check",
}  # fmt: skip
TILES = (
    "answer.correct", "support.balanced_accuracy", "retrieval.reranked.hit@5", "retrieval.reranked.evidence_all@5", "citation.recall",
    "abstention.refusal", "planner.action_accuracy", "planner.rewrite_f1",
)  # fmt: skip
_MOST_TILES = 5
LATENCY_STAGES = ("plan", "sparse", "dense", "fused", "reranked", "generate", "check", "first_token", "total")
_WORST = 24


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage as a report shows it: pieces of text, each marked or not, and whether it is gold."""

    marker: int
    title: str
    place: str
    pieces: tuple[tuple[str, bool], ...]
    score: float
    gold: bool


@dataclass(frozen=True, slots=True)
class Question:
    """One question in detail."""

    item: Item
    trace: Trace
    passages: tuple[Passage, ...]
    gold: tuple[str, ...]

    @property
    def searched(self) -> tuple[str, ...]:
        """The queries that were searched, where they differ from the question."""
        queries = dict.fromkeys(query for plan in self.trace.plans for query in plan.queries)
        return tuple(query for query in queries if query != self.item.question)


@dataclass(frozen=True, slots=True)
class View:
    """Everything a report shows."""

    manifest: Mapping[str, Any]
    metrics: Metrics
    items: Sequence[Item]
    worst: tuple[Question, ...]
    comparison: Comparison | None = None

    @property
    def title(self) -> str:
        """The sets that were run."""
        return ", ".join(str(entry["name"]) for entry in self.manifest.get("sets", ()))

    @property
    def scoreboard(self) -> list[tuple[str, str, Estimate | None]]:
        """Metric, wording, figure; the ones no case had labels for come last, without a figure."""
        rows = [(name, words, self.metrics.get(name)) for name, words in SCOREBOARD]
        return sorted(rows, key=lambda row: row[2] is None)

    @property
    def tiles(self) -> list[tuple[str, str, Estimate]]:
        """The few figures that stand at the top."""
        words = dict(SCOREBOARD)
        found = [(name, words[name], self.metrics[name]) for name in TILES if name in self.metrics]
        return found[:_MOST_TILES]

    @property
    def causes(self) -> dict[str, int]:
        """In the order of the path."""
        counted = causes(self.items)
        return {name: counted[name] for name in CAUSES if name in counted}

    @property
    def stages(self) -> list[tuple[str, dict[str, Estimate | None]]]:
        """Stage → figures, for the stages that ran."""
        rows = []
        for stage in Stage:
            row = {column: self.metrics.get(f"retrieval.{stage.value}.{column}") for column in STAGE_COLUMNS}
            if any(row.values()):
                rows.append((stage.value, row))
        return rows

    @property
    def stage_columns(self) -> list[str]:
        """The columns that some stage has figures for."""
        return [column for column in STAGE_COLUMNS if any(row[column] for _, row in self.stages)]

    def slices(self, prefix: str) -> list[tuple[str, int, dict[str, Estimate | None]]]:
        """(slice, cases, figures) for ``by_type``, ``by_set`` or ``by_slice``."""
        counted = Counter(name for item in self.items for name in _slices(item, prefix))
        rows = [
            (name, number, {column: self.metrics.get(f"{prefix}.{name}.{column}") for column in SLICE_COLUMNS})
            for name, number in sorted(counted.items())
        ]
        return [row for row in rows if any(row[2].values())]

    def columns_of(self, prefix: str) -> list[str]:
        """The columns that some slice has figures for."""
        return [column for column in SLICE_COLUMNS if any(row[column] for _, _, row in self.slices(prefix))]

    @property
    def confusion(self) -> dict[tuple[str, str], int]:
        """(expected, taken) → cases."""
        return dict(Counter((item.expected, item.taken) for item in self.items if item.expected and item.taken))

    @property
    def risk_coverage(self) -> list[tuple[float, float]]:
        """See ``eval.aggregate.risk_coverage``."""
        return risk_coverage(self.items)

    @property
    def latency(self) -> list[tuple[str, Estimate, Estimate]]:
        """(stage, p50, p95)."""
        found = [(stage, self.metrics.get(f"latency_ms.{stage}.p50"), self.metrics.get(f"latency_ms.{stage}.p95")) for stage in LATENCY_STAGES]
        return [(stage, p50, p95) for stage, p50, p95 in found if p50 and p95]


def build_view(folder: RunFolder, comparison: Comparison | None = None) -> View:
    """Read a scored run."""
    items = folder.read_items()
    traces = {trace.case.key: trace for trace in reversed(folder.read_traces())}
    chunks = folder.read_passages()
    flipped = {flip.key for flip in comparison.flips if not flip.gained} if comparison else set()
    chosen = _choose([item for item in items if item.cause and item.key in traces], flipped)
    questions = tuple(_question(item, traces[item.key], chunks) for item in chosen)
    return View(folder.read_manifest(), folder.read_metrics(), items, questions, comparison)


def highlight(text: str, marked: Sequence[tuple[int, int]]) -> tuple[tuple[str, bool], ...]:
    """``text`` in pieces, those inside one of ``marked`` told."""
    inside = [False] * len(text)
    for start, end in marked:
        for place in range(max(0, start), min(end, len(text))):
            inside[place] = True
    pieces: list[tuple[str, bool]] = []
    start = 0
    for place in range(1, len(text) + 1):
        if place == len(text) or inside[place] != inside[start]:
            pieces.append((text[start:place], inside[start]))
            start = place
    return tuple(pieces)


def _choose(wrong: Sequence[Item], flipped: set[str]) -> list[Item]:
    """Those that flipped first, then the causes in turn, so that each is seen."""
    by_cause: dict[str, list[Item]] = {}
    for item in sorted(wrong, key=lambda item: (item.key not in flipped, -(item.confidence or 0), item.key)):
        by_cause.setdefault(item.cause, []).append(item)
    chosen = [item for item in wrong if item.key in flipped][:_WORST]
    depth = 0
    while len(chosen) < min(_WORST, len(wrong)):
        for items in by_cause.values():
            if depth < len(items) and items[depth] not in chosen and len(chosen) < _WORST:
                chosen.append(items[depth])
        depth += 1
    return chosen


def _question(item: Item, trace: Trace, chunks: Mapping[str, Chunk]) -> Question:
    shown = [(marker, chunk, score) for marker, chunk, score in trace.evidence if chunk in chunks]
    if not shown:
        shown = [(rank, chunk, score) for rank, (chunk, score) in enumerate((trace.ranking(Stage.RERANKED) or ())[:3], start=1)]
    passages = tuple(_passage(marker, chunks[chunk], score, trace) for marker, chunk, score in shown[:5])
    gold = tuple(quote.text for quote in trace.case.evidence) or tuple(" / ".join(group) for group in trace.case.groups)
    return Question(item, trace, passages, gold)


def _passage(marker: int, chunk: Chunk, score: float, trace: Trace) -> Passage:
    quotes = [
        (start - chunk.start, end - chunk.start)
        for places in trace.target.spans for document, start, end in places
        if document == chunk.document_id and start < chunk.end and end > chunk.start
    ]  # fmt: skip
    gold = bool(quotes) or (chunk.document_id in trace.target.gold and not trace.target.spans) or chunk.id in trace.target.gold
    if gold and not quotes:
        quotes = [place for group in trace.case.groups for answer in group for place in find(chunk.text, answer)]
    place = " › ".join(part for part in (chunk.document_id, chunk.section) if part)
    return Passage(marker, chunk.title, place, highlight(chunk.text, quotes), score, gold)


def _slices(item: Item, prefix: str) -> tuple[str, ...]:
    match prefix:
        case "by_type":
            return (item.type,) if item.type else ()
        case "by_set":
            return (item.set,)
    return (*item.slices, f"language={item.language}")
