"""Reports as plain text: the table on the terminal, Markdown, JSON and JUnit XML."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Sequence
from xml.etree import ElementTree

from eval.aggregate import Metrics, to_json
from eval.compare import Comparison
from eval.report.view import SCOREBOARD, View
from eval.stats import Estimate

MISSING = "–"
_NO_SHARE = ("latency_ms.", "usage.", "memory_mb.", "answer.sentences", "answer.characters")


def figure(name: str, estimate: Estimate | None) -> str:
    """A figure with its interval: shares in per cent, times in milliseconds."""
    if estimate is None:
        return MISSING
    if any(part in name for part in _NO_SHARE):
        return f"{estimate.value:,.1f} [{estimate.low:,.1f}, {estimate.high:,.1f}]"
    return f"{100 * estimate.value:.1f} [{100 * estimate.low:.1f}, {100 * estimate.high:.1f}]"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Columns lined up on a terminal, wide characters counted as two."""
    lines = [list(header), *(list(row) for row in rows)]
    widths = [max(_width(line[column]) for line in lines) for column in range(len(header))]

    def show(line: Sequence[str]) -> str:
        cells = [text + " " * (width - _width(text)) for text, width in zip(line, widths, strict=True)]
        return "  ".join(cells).rstrip()

    return "\n".join([show(lines[0]), "  ".join("-" * width for width in widths), *map(show, lines[1:])])


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The same in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in line) + " |" for line in lines)


def scoreboard(metrics: Metrics) -> str:
    """The table that ``run`` and ``score`` print."""
    rows = [(name, figure(name, metrics.get(name)), str(metrics[name].n) if name in metrics else MISSING) for name, _ in SCOREBOARD]
    stages = [name for name in metrics if name.startswith("retrieval.") and name.endswith((".hit@1", ".hit@5", ".evidence_all@5"))]
    rows += [(name, figure(name, metrics[name]), str(metrics[name].n)) for name in stages if not name.startswith("retrieval.reranked.")]
    rows += [(name, figure(name, metrics[name]), str(metrics[name].n)) for name in metrics if name.startswith("latency_ms.total")]
    return table(("metric", "value [95%]", "n"), rows)


def to_markdown(view: View) -> str:
    """report.md."""
    parts = [f"# Evaluation of {view.title}", _about(view), "## Scoreboard"]
    parts.append(markdown_table(("", "metric", "value [95%]", "n"), [
        (words, f"`{name}`", figure(name, estimate), str(estimate.n) if estimate else MISSING) for name, words, estimate in view.scoreboard
    ]))  # fmt: skip
    if view.causes:
        parts += ["## Why answers went wrong", markdown_table(("cause", "cases"), [(name, str(count)) for name, count in view.causes.items()])]
    if view.stages:
        columns = view.stage_columns
        rows = [(stage, *(figure(column, row[column]) for column in columns)) for stage, row in view.stages]
        parts += ["## Retrieval, stage by stage", markdown_table(("stage", *columns), rows)]
    for prefix, title in (("by_set", "By set"), ("by_type", "By type"), ("by_slice", "By slice")):
        columns = view.columns_of(prefix)
        rows = [(name, str(n), *(figure(column, row[column]) for column in columns)) for name, n, row in view.slices(prefix)]
        if len(rows) > 1 or prefix == "by_type":
            parts += [f"## {title}", markdown_table((prefix[3:], "cases", *columns), rows)] if rows else []
    if view.confusion:
        parts += ["## Planner: expected against taken", _confusion(view)]
    if view.latency:
        rows = [(stage, f"{p50.value:,.0f}", f"{p95.value:,.0f}") for stage, p50, p95 in view.latency]
        parts += ["## Latency (ms)", markdown_table(("stage", "p50", "p95"), rows)]
    if view.comparison:
        parts += ["## Against the baseline", comparison_markdown(view.comparison)]
    if view.worst:
        rows = [(q.item.id, q.item.cause, q.item.question, q.item.answer[:200], " / ".join(q.gold)[:200]) for q in view.worst]
        parts += ["## Some that went wrong", markdown_table(("case", "cause", "question", "answer", "gold"), rows)]
    return "\n\n".join(parts) + "\n"


def comparison_rows(comparison: Comparison) -> list[tuple[str, ...]]:
    """A row a metric: base, new, change, wins / ties / losses, adjusted p, verdict."""
    return [
        (
            d.metric, f"{100 * d.base:.1f}", f"{100 * d.new:.1f}",
            f"{100 * d.change.value:+.1f} [{100 * d.change.low:+.1f}, {100 * d.change.high:+.1f}]",
            f"{d.wins} / {d.ties} / {d.losses}", f"{d.p:.3f} ({d.test})", d.verdict,
        )
        for d in comparison.differences
    ]  # fmt: skip


COMPARISON_HEADER = ("metric", "base", "new", "change [95%]", "win / tie / loss", "p (Holm)", "verdict")


def comparison_markdown(comparison: Comparison) -> str:
    """The comparison as Markdown, with every flipped question."""
    parts = [markdown_table(COMPARISON_HEADER, comparison_rows(comparison))]
    lost = [flip for flip in comparison.flips if not flip.gained]
    gained = [flip for flip in comparison.flips if flip.gained]
    for title, flips in (("Lost", lost), ("Gained", gained)):
        if flips:
            rows = [(flip.key, flip.metric, flip.question, flip.base[:120], flip.new[:120], flip.cause) for flip in flips]
            parts.append(f"### {title}: {len(flips)}\n\n" + markdown_table(("case", "metric", "question", "base", "new", "cause"), rows))
    return "\n\n".join(parts)


def to_json_report(view: View) -> str:
    """report.json: manifest, metrics, causes, confusion and items."""
    content = {
        "manifest": view.manifest, "metrics": to_json(view.metrics), "causes": view.causes,
        "confusion": [{"expected": e, "taken": t, "cases": n} for (e, t), n in sorted(view.confusion.items())],
        "risk_coverage": view.risk_coverage, "items": [item.to_dict() for item in view.items],
    }  # fmt: skip
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def to_junit(view: View) -> str:
    """report.xml: a test case a question; wrong ones fail with their cause, errors are errors."""
    failed = sum(1 for item in view.items if item.cause and item.cause != "error")
    errors = sum(1 for item in view.items if item.cause == "error")
    suite = ElementTree.Element("testsuite", name="eval", tests=str(len(view.items)), failures=str(failed), errors=str(errors))
    for item in view.items:
        seconds = f"{item.milliseconds.get('total', 0.0) / 1000:.3f}"
        case = ElementTree.SubElement(suite, "testcase", classname=item.set, name=f"{item.id} {_printable(item.question)}", time=seconds)
        if item.cause:
            kind = "error" if item.cause == "error" else "failure"
            ElementTree.SubElement(case, kind, message=item.cause).text = _printable(item.answer)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(suite, encoding="unicode") + "\n"


def _about(view: View) -> str:
    manifest = view.manifest
    git = manifest.get("git", {})
    commit = f" at commit `{git['commit'][:10]}`{' with changes' if git.get('changed') else ''}" if git else ""
    sets = ", ".join(f"{entry['name']} ({entry['cases']} cases)" for entry in manifest.get("sets", ()))
    judge = manifest.get("judge", "rule")
    return f"{manifest.get('created', '')}, {manifest.get('system', '')}{commit}. {sets}. Citations judged by `{judge}`."


def _confusion(view: View) -> str:
    expected = sorted({pair[0] for pair in view.confusion})
    taken = sorted({pair[1] for pair in view.confusion})
    rows = [(name, *(str(view.confusion.get((name, other), 0)) for other in taken)) for name in expected]
    return markdown_table(("expected ↓ taken →", *taken), rows)


def _printable(text: str) -> str:
    return "".join(character for character in text if character in "\n\t" or unicodedata.category(character) != "Cc")


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
