"""The report's charts as Vega-Lite specifications, made with Altair; the only module that knows it.

Each function gives a JSON object that vega-embed draws; ``script`` is the drawing code itself, to be inlined, so
that a report works from disk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import vl_convert

from eval.aggregate import Metrics
from eval.report.view import SLICE_COLUMNS, View
from eval.stats import Estimate

Spec = dict[str, Any]

INK, QUIET, GRID = "#1f2933", "#66727f", "#e4e8ec"
RIGHT = "#2f9e6e"
COLOURS: Mapping[str, str] = {
    "came out right": RIGHT,
    "error": "#3b3f46",
    "planner skipped": "#8d6fc9",
    "planner searched": "#b79be0",
    "not retrieved": "#1d5f9e",
    "lost in fusion": "#4f9bd9",
    "lost in rerank": "#93c5ee",
    "wrongly refused": "#f0b429",
    "shown but missed": "#e8743b",
    "wrongly answered": "#cf3f4f",
    "miscited": "#e58ba0",
    "wrong": "#a36a5b",
}
_FONT = "system-ui, -apple-system, 'Segoe UI', 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', 'Noto Sans SC', sans-serif"
_LINES = ["#1d5f9e", "#4f9bd9", "#8d6fc9", "#2f9e6e", "#e8743b"]
_STAGE_METRICS = ("hit@1", "hit@5", "ndcg@10", "evidence_all@5", "groups_all@5")


def script() -> str:
    """Vega, Vega-Lite and vega-embed as one script that sets ``window.vegaEmbed``."""
    version = ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])
    return vl_convert.javascript_bundle(None, vl_version=version)  # type: ignore[arg-type]


def causes(view: View) -> Spec | None:
    """One stacked bar: of all cases whose right outcome is known, what came of them."""
    counted = view.causes
    known = sum(1 for item in view.items if item.cause or item.correct is not None)
    right = known - sum(counted.values())
    if not counted or known == 0:
        return None
    rows = [{"cause": name, "cases": count, "share": count / known, "order": place} for place, (name, count) in enumerate({"came out right": right, **counted}.items())]
    names = [str(row["cause"]) for row in rows]
    base = _chart(rows).encode(
        x=alt.X("cases:Q", stack="zero", axis=None, scale=alt.Scale(domain=[0, known], nice=False)),
        order=alt.Order("order:Q"),
        tooltip=[alt.Tooltip("cause:N", title="outcome"), alt.Tooltip("cases:Q"), alt.Tooltip("share:Q", format=".1%")],
    )
    bar = base.mark_bar(height=46, stroke="white", strokeWidth=1.5).encode(
        color=alt.Color("cause:N", scale=alt.Scale(domain=names, range=[COLOURS.get(name, QUIET) for name in names]), legend=None)
    )
    return _finished(bar.properties(height=56, width="container"))


def stages(view: View) -> Spec | None:
    """Retrieval from stage to stage, a line a metric, with intervals."""
    rows: list[dict[str, Any]] = []
    order = [stage for stage, _ in view.stages]
    for stage, figures in view.stages:
        rows += [
            {"stage": stage, "metric": name, **_percent(figure)}
            for name in _STAGE_METRICS
            if (figure := figures.get(name)) is not None
        ]
    if not rows or len(order) < 2:
        return None
    shown = [name for name in _STAGE_METRICS if any(row["metric"] == name for row in rows)]
    x = alt.X("stage:N", sort=order, title=None, axis=alt.Axis(labelAngle=0), scale=alt.Scale(padding=0.4))
    colour = alt.Color("metric:N", title=None, legend=alt.Legend(orient="top"), scale=alt.Scale(domain=shown, range=_LINES[: len(shown)]))
    base = _chart(rows).encode(x=x, color=colour, tooltip=_tooltip("stage:N", "metric:N"))
    lines = base.mark_line(strokeWidth=2.5, point=alt.OverlayMarkDef(size=70, filled=True)).encode(y=_share_axis("value:Q"))
    bars = base.mark_rule(opacity=0.35, strokeWidth=2).encode(y=_share_axis("low:Q"), y2="high:Q")
    return _finished((bars + lines).properties(height=260, width="container"))


def slices(view: View, prefix: str, metric: str) -> Spec | None:
    """One metric, slice by slice, as points with intervals."""
    rows = [{"slice": name, "cases": n, **_percent(figure)} for name, n, row in view.slices(prefix) if (figure := row.get(metric)) is not None]
    if len(rows) < 2:
        return None
    y = alt.Y("slice:N", sort=alt.EncodingSortField("value", order="descending"), title=None, axis=alt.Axis(labelLimit=220))
    base = _chart(rows).encode(y=y, tooltip=_tooltip("slice:N", "cases:Q"))
    rules = base.mark_rule(strokeWidth=3, opacity=0.35, color="#1d5f9e").encode(x=alt.X("low:Q", title=f"{SLICE_COLUMNS.get(metric, metric)} (%)", scale=alt.Scale(domain=[0, 100]), axis=alt.Axis(tickCount=5)), x2="high:Q")
    points = base.mark_point(size=90, filled=True, color="#1d5f9e", opacity=1).encode(x="value:Q")
    return _finished((rules + points).properties(height=alt.Step(26), width="container"))


def confusion(view: View) -> Spec | None:
    """Expected against taken, the diagonal being right."""
    counts = view.confusion
    if not counts:
        return None
    expected, taken = list(dict.fromkeys(pair[0] for pair in sorted(counts))), list(dict.fromkeys(pair[1] for pair in sorted(counts)))
    names = [name for name in ("reply", "clarify", "retrieve", "no retrieve", "abstain", "error") if name in {*expected, *taken}]
    rows = []
    for wanted in expected:
        total = sum(counts.get((wanted, name), 0) for name in taken)
        rows += [
            {"expected": wanted, "taken": name, "cases": n, "share": n / total, "kind": "right" if wanted == name else "wrong"}
            for name in names
            if (n := counts.get((wanted, name), 0))
        ]
    base = _chart(rows).encode(
        x=alt.X("taken:N", sort=names, title="taken", axis=alt.Axis(labelAngle=0, orient="top", grid=False), scale=alt.Scale(domain=names)),
        y=alt.Y("expected:N", sort=names, title="expected", scale=alt.Scale(domain=[name for name in names if name in expected])),
        tooltip=[alt.Tooltip("expected:N"), alt.Tooltip("taken:N"), alt.Tooltip("cases:Q"), alt.Tooltip("share:Q", format=".0%", title="of expected")],
    )
    colour = alt.Color("kind:N", scale=alt.Scale(domain=["right", "wrong"], range=[RIGHT, "#cf3f4f"]), legend=None)
    cells = base.mark_rect(cornerRadius=4, stroke="white", strokeWidth=2).encode(color=colour, opacity=alt.Opacity("share:Q", scale=alt.Scale(domain=[0, 1], range=[0.12, 0.85]), legend=None))
    labels = base.mark_text(fontSize=15, fontWeight=600, color=INK).encode(text="cases:Q")
    return _finished((cells + labels).properties(height=alt.Step(52), width="container"))


def risk_coverage(view: View) -> Spec | None:
    """How many answers are wrong when only the surest share of the questions is answered."""
    points = view.risk_coverage
    if len(points) < 5:
        return None
    rows = [{"coverage": 100 * coverage, "risk": 100 * risk} for coverage, risk in points]
    chart = _chart(rows).mark_area(line={"color": "#cf3f4f", "strokeWidth": 2.5}, color="#cf3f4f", opacity=0.15, interpolate="step-after")
    encoded = chart.encode(
        x=alt.X("coverage:Q", title="questions answered, surest first (%)", scale=alt.Scale(domain=[0, 100]), axis=alt.Axis(tickCount=5)),
        y=alt.Y("risk:Q", title="of these, wrong (%)", scale=alt.Scale(domain=[0, 100])),
        tooltip=[alt.Tooltip("coverage:Q", format=".1f", title="answered (%)"), alt.Tooltip("risk:Q", format=".1f", title="wrong (%)")],
    )
    return _finished(encoded.properties(height=240, width="container"))


def latency(view: View) -> Spec | None:
    """Median as a bar, the 95th percentile as a tick."""
    rows = [{"stage": stage, "p50": p50.value, "p95": p95.value} for stage, p50, p95 in view.latency]
    if not rows:
        return None
    y = alt.Y("stage:N", sort=[str(row["stage"]) for row in rows], title=None)
    tooltip = [alt.Tooltip("stage:N"), alt.Tooltip("p50:Q", format=",.1f", title="median (ms)"), alt.Tooltip("p95:Q", format=",.1f", title="95th percentile (ms)")]
    base = _chart(rows).encode(y=y, tooltip=tooltip)
    bars = base.mark_bar(color="#4f9bd9", height=12, cornerRadiusEnd=3).encode(x=alt.X("p50:Q", title="milliseconds: median (bar), 95th percentile (tick)", axis=alt.Axis(tickCount=6, format="~s")))
    ticks = base.mark_tick(color="#cf3f4f", thickness=3, size=20).encode(x="p95:Q")
    return _finished((bars + ticks).properties(height=alt.Step(26), width="container"))


def specifications(view: View) -> dict[str, Spec]:
    """All charts that this run has figures for, by the id of their place in the page."""
    by_type = "answer.correct" if "answer.correct" in view.metrics else _first_slice_metric(view.metrics)
    prefix = "by_type" if len({item.type for item in view.items}) > 1 else "by_slice"
    charts = {
        "causes": causes(view), "stages": stages(view), "types": slices(view, prefix, by_type), "confusion": confusion(view),
        "risk": risk_coverage(view), "latency": latency(view),
    }  # fmt: skip
    return {name: spec for name, spec in charts.items() if spec is not None}


def _chart(rows: Sequence[Mapping[str, Any]]) -> alt.Chart:
    return alt.Chart(alt.Data(values=rows))


def _first_slice_metric(metrics: Metrics) -> str:
    names = ("support.accuracy", "retrieval.reranked.hit@1", "retrieval.reranked.evidence_all@5", "planner.action_accuracy")
    return next((name for name in names if name in metrics), names[0])


def _percent(figure: Estimate) -> dict[str, float]:
    return {"value": round(100 * figure.value, 2), "low": round(100 * figure.low, 2), "high": round(100 * figure.high, 2)}


def _tooltip(*names: str) -> list[alt.Tooltip]:
    figures = [alt.Tooltip(f"{name}:Q", format=".1f") for name in ("value", "low", "high")]
    return [*(alt.Tooltip(name) for name in names), *figures]


def _share_axis(field: str) -> alt.Y:
    return alt.Y(field, title="%", scale=alt.Scale(domain=[0, 100]))


def _finished(chart: alt.Chart | alt.LayerChart) -> Spec:
    styled = (
        chart.configure(font=_FONT, background="transparent", padding=4)
        .configure_view(stroke=None)
        .configure_axis(labelFontSize=13, titleFontSize=12, labelColor=INK, titleColor=QUIET, gridColor=GRID, domain=False, ticks=False, labelPadding=6, titleFontWeight="normal")
        .configure_legend(labelFontSize=13, symbolType="circle", symbolOpacity=1)
    )
    spec: Sequence[tuple[str, Any]] = [*styled.to_dict().items()]
    return dict(spec) | {"autosize": {"type": "fit-x", "contains": "padding"}}
