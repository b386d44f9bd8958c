"""An answer as text to take along: its numbers stay, and the cited passages follow."""

from __future__ import annotations

from rag.web.output_filter import visible
from rag.web.render_sources import cards_of
from rag.web.render_view import View
from rag.web.texts import Language, say


def copy_text(view: View, language: Language) -> str:
    """The answer in Markdown with its numbered sources behind it."""
    lines = [visible(view.text).strip()]
    cards = cards_of(view.sources)
    if cards:
        lines += ["", f"{say(language, 'export_sources')}:"]
    for marker, card in cards.items():
        source = card.first
        place = " · ".join(dict.fromkeys(part for part in (source.title, source.section, source.modified[:10]) if part))
        quotes = " … ".join(
            " ".join(source.passage[start:end].split()) for start, end in card.spans
        ) or " ".join(source.quote.split())
        lines.append(f"[{marker}] {visible(place)}: “{visible(quotes)}”")
    return "\n".join(lines)
