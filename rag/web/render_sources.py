"""The cards of cited passages and the card of a disagreement, as HTML.

A passage is shown as it was frozen with the answer; only a span that is found in it is marked, because a wrong
highlight is worse than none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

from rag.types import Answer, Citation
from rag.web.output_filter import plain, visible
from rag.web.records import Source, SourceState
from rag.web.texts import Language, say

_AROUND = 120
_SENTENCE_ENDS = "。！？!?；;\n"


@dataclass(frozen=True, slots=True)
class Shelf:
    """What the page knows of documents, besides what is frozen with an answer.

    ``title`` names a document by id (the id itself when it is gone), ``state`` tells what became of a source,
    ``page`` gives the page number at an offset (None where there are no pages).
    """

    title: Callable[[str], str]
    state: Callable[[Source], SourceState]
    page: Callable[[str, int], int | None]
    base_path: str = ""
    language: Language = "zh"

    def address(self, document_id: str, start: int | None = None, end: int | None = None) -> str:
        """Where the whole document is shown, at a passage if one is given."""
        place = "" if start is None or end is None else f"&start={start}&end={end}#passage"
        return f"{self.base_path}/documents?id={quote(document_id, safe='')}&lang={self.language}{place}"


@dataclass(frozen=True, slots=True)
class Card:
    """All cited spans of one passage. ``spans`` are offsets into ``passage``, merged and in order."""

    marker: int
    sources: tuple[Source, ...]
    spans: tuple[tuple[int, int], ...]

    @property
    def first(self) -> Source:
        """The source that names the card."""
        return self.sources[0]

    def span_of(self, start: int, end: int) -> int:
        """Which span (from 1) holds the document's offsets ``start`` to ``end``; 1 where none does."""
        offset = self.first.passage_start
        for number, (first, last) in enumerate(self.spans, 1):
            if first <= start - offset and end - offset <= last:
                return number
        return 1


def cards_of(sources: Sequence[Source]) -> dict[int, Card]:
    """One card a marker, in the order of markers."""
    grouped: dict[int, list[Source]] = {}
    for source in sources:
        grouped.setdefault(source.marker, []).append(source)
    return {marker: Card(marker, tuple(group), _spans(group)) for marker, group in sorted(grouped.items())}


def _spans(sources: Sequence[Source]) -> tuple[tuple[int, int], ...]:
    located = sorted(span for source in sources if (span := _locate(source)) is not None)
    merged: list[tuple[int, int]] = []
    for start, end in located:
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


def _locate(source: Source) -> tuple[int, int] | None:
    start, end = source.start - source.passage_start, source.end - source.passage_start
    if start >= 0 and source.quote and source.passage[start:end] == source.quote:
        return start, end
    found = source.passage.find(source.quote) if source.quote else -1
    return (found, found + len(source.quote)) if found >= 0 else None


def render_cards(cards: dict[int, Card], turn: int, language: Language, shelf: Shelf) -> str:
    """The cards of an answer: a row of chips, each of which opens to its passage."""
    if not cards:
        return ""
    label = escape(say(language, "sources", count=len(cards)))
    body = "".join(_render_card(card, turn, language, shelf) for card in cards.values())
    return f'<div class="zj-sources" id="sources-{turn}"><p class="zj-label">{label}</p><div class="zj-chips">{body}</div></div>'


def _render_card(card: Card, turn: int, language: Language, shelf: Shelf) -> str:
    source, identifier = card.first, f"src-{turn}-{card.marker}"
    badge = _badge(shelf.state(source), language)
    summary = (
        f'<summary title="{escape(say(language, "source_number", number=card.marker))}">'
        f'<span class="zj-number">{card.marker}</span><span class="zj-title">{plain(source.title)}{_part(source)}</span>{badge}</summary>'
    )
    place = " · ".join(_place(source, language, shelf))
    links = _links(source, turn, language, shelf)
    return (
        f'<details class="zj-source" id="{identifier}">{summary}<div class="zj-passage">'
        f'<p class="zj-place">{place}</p><blockquote>{passage_html(card, identifier)}</blockquote>{links}</div></details>'
    )


def _place(source: Source, language: Language, shelf: Shelf) -> list[str]:
    page = shelf.page(source.document_id, source.start)
    parts = [f'<span class="zj-document">{plain(source.title)}</span>']
    if source.section and source.section != source.title:
        parts.append(f'<span class="zj-section">{plain(source.section)}</span>')
    if page is not None:
        parts.append(escape(say(language, "page_number", page=page)))
    if source.modified:
        parts.append(f'<span class="zj-date">{plain(source.modified[:10])}</span>')
    return parts


def _part(source: Source) -> str:
    leaf = source.section.split(" › ")[-1]
    return f'<span class="zj-part"> · {plain(leaf)}</span>' if leaf and leaf != source.title else ""


def _badge(state: SourceState, language: Language) -> str:
    if state is SourceState.CURRENT:
        return ""
    title = escape(say(language, f"{state.value}_title"))
    return f'<span class="zj-badge" title="{title}">{escape(say(language, state.value))}</span>'


def _links(source: Source, turn: int, language: Language, shelf: Shelf) -> str:
    back = f'<a class="zj-back" href="#answer-{turn}">{escape(say(language, "back_to_answer"))}</a>'
    if shelf.state(source) is SourceState.GONE:
        return f'<p class="zj-links">{back}</p>'
    address = escape(shelf.address(source.document_id, source.start, source.end))
    whole = f'<a class="zj-open" href="{address}">{escape(say(language, "open_document"))}</a>'
    return f'<p class="zj-links">{whole}{back}</p>'


def passage_html(card: Card, identifier: str) -> str:
    """The passage with its cited spans marked; what is far from every span is left out."""
    passage, spans = card.first.passage, card.spans
    if not spans:
        return f'<mark id="{identifier}-1">{plain(card.first.quote)}</mark>'
    pieces: list[str] = []
    shown = _shown(passage, spans)
    for start, end in shown:
        if start > 0:
            pieces.append("…")
        position = start
        for number, (first, last) in enumerate(spans, 1):
            if start <= first and last <= end:
                pieces.append(_context(passage[position:first]))
                pieces.append(f'<mark id="{identifier}-{number}">{plain(passage[first:last])}</mark>')
                position = last
        pieces.append(_context(passage[position:end]))
    return "".join(pieces) + ("…" if shown[-1][1] < len(passage) else "")


def _context(text: str) -> str:
    lines = [line.lstrip("#").lstrip() if line.startswith("#") else line for line in text.split("\n")]
    kept = [line for number, line in enumerate(lines) if line.strip() or number in (0, len(lines) - 1)]
    return plain("\n".join(kept))


def _shown(passage: str, spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The stretches to show: every span with what is around it, joined where they nearly meet."""
    stretches: list[tuple[int, int]] = []
    for first, last in spans:
        start, end = _begin(passage, first), _finish(passage, last)
        if stretches and start <= stretches[-1][1] + _AROUND // 4:
            stretches[-1] = (stretches[-1][0], max(end, stretches[-1][1]))
        else:
            stretches.append((start, end))
    return stretches


def _begin(passage: str, first: int) -> int:
    start = max(0, first - _AROUND)
    if start == 0:
        return 0
    ends = [index for index in range(start, first) if passage[index] in _SENTENCE_ENDS]
    return ends[0] + 1 if ends else start


def _finish(passage: str, last: int) -> int:
    end = min(len(passage), last + _AROUND)
    if end == len(passage):
        return end
    ends = [index for index in range(last, end) if passage[index] in _SENTENCE_ENDS]
    return ends[-1] + 1 if ends else end


def render_conflicts(answer: Answer, cards: dict[int, Card], turn: int, language: Language) -> str:
    """A card for each disagreement: both passages side by side, the newer first."""
    pieces = []
    for conflict in answer.conflicts:
        key = "conflict" if conflict.subject else "conflict_bare"
        heading = plain(say(language, key, subject=conflict.subject))
        first, second = _source(conflict.first, cards), _source(conflict.second, cards)
        newer = bool(first and second and first.modified[:10] > second.modified[:10] and second.modified)
        sides = _side(conflict.first, first, turn, language, newer=newer)
        sides += _side(conflict.second, second, turn, language, newer=False)
        pieces.append(f'<div class="zj-conflict"><p class="zj-label">{heading}</p><div class="zj-sides">{sides}</div></div>')
    return "".join(pieces)


def _source(citation: Citation, cards: dict[int, Card]) -> Source | None:
    card = cards.get(citation.marker)
    return card.first if card else None


def _side(citation: Citation, source: Source | None, turn: int, language: Language, *, newer: bool) -> str:
    title = plain(source.title if source else citation.document_id)
    date = plain(source.modified[:10]) if source and source.modified else escape(say(language, "undated"))
    badge = f'<span class="zj-badge zj-newer">{escape(say(language, "newer"))}</span>' if newer else ""
    link = cite_link(citation.marker, 1, turn, language, visible(source.title) if source else "")
    return (
        f'<div class="zj-side"><p class="zj-place"><span class="zj-document">{title}</span> · {date}{badge}</p>'
        f"<blockquote>{plain(citation.quote)}{link}</blockquote></div>"
    )


def cite_link(marker: int, span: int, turn: int, language: Language, title: str) -> str:
    """The number behind a sentence that opens its passage."""
    key = "cite_title" if title else "cite_waiting"
    hint = escape(say(language, key, number=marker, title=title))
    suffix = f"-{span}" if span > 1 else ""
    return f'<a class="cite" href="#src-{turn}-{marker}{suffix}" title="{hint}">{marker}</a>'
