"""report.html: one self-contained file for a manager, that works from disk.

The page's words and looks are in ``template.html``; everything that comes from documents or models is escaped.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import jinja2

from eval.report.text import COMPARISON_HEADER, comparison_rows, figure
from eval.report.view import SLICE_COLUMNS, View

_TEMPLATE = "template.html"

CAUSE_WORDS: Mapping[str, str] = {
    "error": "the system failed or ran out of time",
    "planner skipped": "no search was made although one was needed, or the wrong action was chosen",
    "planner searched": "a search was made where a reply or a question back was wanted",
    "not retrieved": "neither word search nor meaning search found the passage",
    "lost in fusion": "found by one search, dropped when the two lists were merged",
    "lost in rerank": "found, but ranked or cut so low that the answer never saw it",
    "wrongly refused": "the passage was there, yet the system said that it knows nothing",
    "shown but missed": "the passage was shown, but the answer does not say what it holds",
    "wrongly answered": "the documents hold no answer, yet one was given",
    "miscited": "right in substance, but the citations do not bear it out",
    "wrong": "wrong, and no label tells where it was lost",
}


def to_html(view: View) -> str:
    """The whole page."""
    from eval.report import charts  # Altair takes a second to import, and most commands draw nothing

    specs = charts.specifications(view)
    known = sum(1 for item in view.items if item.cause or item.correct is not None)
    return _template().render(
        view=view,
        figure=figure,
        cause_words=CAUSE_WORDS,
        colours=charts.COLOURS,
        known=known,
        right=known - sum(view.causes.values()),
        charts=sorted(specs),
        specs=json.dumps(specs, ensure_ascii=False).replace("<", "\\u003c"),
        vega=charts.script(),
        comparison=comparison_rows(view.comparison) if view.comparison else [],
        comparison_header=COMPARISON_HEADER,
        slice_columns=SLICE_COLUMNS,
    )


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).resolve().parent), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template(_TEMPLATE)
