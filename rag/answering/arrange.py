"""Lays chosen sentences out as prose, list or table, each with its marker and each word for word.

A sentence is shown as it stands in the document; only white space at line breaks is folded, and a bullet of the
document gives way to that of the list.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rag.answering.citations import without_markers
from rag.answering.reading import Candidate
from rag.answering.tables import ends_sentence
from rag.sentences import UnitKind
from rag.sentences.lines import is_cjk, item_marker

_CELL_BREAK = re.compile(r"(?<!\\)\|")


def shown(candidate: Candidate) -> str:
    """The sentence on one line, without the bullet and without the document's own reference numbers."""
    text = candidate.text
    text = text[item_marker(text) :] if item_marker(text) < len(text) else text
    return _one_line(without_markers(text)).strip()


def _one_line(text: str) -> str:
    parts = [part.strip() for part in text.splitlines() if part.strip()]
    line = parts[0] if parts else ""
    for part in parts[1:]:
        line += part if is_cjk(line[-1]) and is_cjk(part[0]) else f" {part}"
    return line


def as_prose(chosen: Sequence[Candidate]) -> Iterator[str]:
    """Sentences one after another; those of different passages are set apart by a line break, and so is what follows a
    line that ends without a sign, since both would be read as one sentence."""
    before: Candidate | None = None
    for one in chosen:
        if before is not None:
            apart = before.span.chunk.id != one.span.chunk.id or not (before.leads or ends_sentence(shown(before)))
            yield "\n\n" if apart else _gap(before)
        yield f"{_plain(shown(one))}[{one.marker}]"
        before = one


def as_list(lead: Candidate | None, items: Sequence[Candidate]) -> Iterator[str]:
    """An enumerating sentence, if there is one, and its items, a line each."""
    if lead is not None:
        yield f"{_plain(shown(lead))}[{lead.marker}]\n\n"
    for place, one in enumerate(items):
        bullet = "\n- " if place else "- "
        goes_on = place > 0 and one.kind is not UnitKind.ITEM
        yield f"{_gap(items[place - 1]) if goes_on else bullet}{_plain(shown(one))}[{one.marker}]"


def as_table(heading: tuple[str, str], rows: Sequence[tuple[str, Sequence[Candidate]]]) -> Iterator[str]:
    """A row a part: its name, and the sentences about it; items and lines that end without a sign are set apart by one,
    since in a cell only the end of a sentence tells whose marker it is."""
    yield f"| {cell(heading[0])} | {cell(heading[1])} |\n| --- | --- |"
    for name, chosen in rows:
        texts = [cell(shown(one)) for one in chosen]
        ended = [text if ends_sentence(text) else f"{text}{_stop(text)}" for text in texts[:-1]] + texts[-1:]
        content = " ".join(f"{text}[{one.marker}]" for text, one in zip(ended, chosen, strict=True)) or "—"
        yield f"\n| {cell(name)} | {content} |"


def _stop(text: str) -> str:
    if text.endswith((":", "：")):
        return ""
    return "；" if text and is_cjk(text[-1]) else ";"


def cell(text: str) -> str:
    """``text`` inside a table cell: its own bars escaped."""
    return _CELL_BREAK.sub(r"\\|", text)


def _plain(text: str) -> str:
    """A table row of the document as a line of text that does not start a table here."""
    if not text.startswith("|"):
        return text
    return " · ".join(part.strip() for part in text.strip("|").split("|") if part.strip())


def _gap(before: Candidate) -> str:
    text = shown(before)
    return "" if text and is_cjk(text[-1]) else " "
