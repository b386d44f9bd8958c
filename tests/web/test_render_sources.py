from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

from rag.types import Verdict
from rag.web.records import Source
from rag.web.render_sources import cards_of, passage_html


def make_source(**changes: object) -> Source:
    passage = "第一句。" * 100 + "要找的话在这里。" + "后一句。" * 100
    start = passage.index("要找")
    base = Source(1, "d", "题", "", "d.txt", "", "x", "要找的话在这里。", 1000 + start, 1000 + start + 8, passage, 1000, Verdict.SUPPORTED)
    return replace(base, **changes)  # type: ignore[arg-type]


def test_a_long_passage_is_cut_at_sentence_ends_around_the_span() -> None:
    html = passage_html(cards_of([make_source()])[1], "src-1-1")
    text = unescape(re.sub("<[^>]+>", "", html))
    assert '<mark id="src-1-1-1">要找的话在这里。</mark>' in html
    assert text.startswith("…第一句。") and text.endswith("后一句。…")
    assert len(text) < 300


def test_a_quote_that_moved_inside_its_passage_is_found() -> None:
    html = passage_html(cards_of([make_source(start=5, end=13)])[1], "src-1-1")
    assert ">要找的话在这里。</mark>" in html


def test_a_quote_that_is_not_in_the_passage_is_shown_alone_and_nothing_else_is_marked() -> None:
    html = passage_html(cards_of([make_source(quote="别处的话")])[1], "src-1-1")
    assert html == '<mark id="src-1-1-1">别处的话</mark>'


def test_overlapping_spans_become_one_mark() -> None:
    source = make_source()
    other = replace(source, quote=source.passage[402:410], start=source.start + 2, end=source.end + 2)
    card = cards_of([source, other])[1]
    assert card.spans == ((400, 410),)
    assert card.span_of(other.start, other.end) == 1
