"""What a splitter makes of a stream of text: layout, words, and units that have ended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Layout:
    """Text that claims nothing: line breaks, bullets, headings, table bars and labels."""

    text: str


@dataclass(frozen=True, slots=True)
class Words:
    """The next piece of the unit that is being written."""

    text: str


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit has ended; its ``Words`` came before and joined give ``text``.

    ``hinted`` are the writer's own markers. ``context`` is what a table cell is about: row label and column
    heading; empty elsewhere.
    """

    text: str
    hinted: tuple[int, ...] = ()
    context: str = ""


Item = Layout | Words | Unit


def joined(items: Iterable[Item]) -> Iterator[Item]:
    """Neighbouring pieces of the same kind in one, empty ones left out."""
    held: Layout | Words | None = None
    for item in items:
        if not isinstance(item, Unit) and not item.text:
            continue
        if isinstance(held, Words) and isinstance(item, Words):
            held = Words(held.text + item.text)
        elif isinstance(held, Layout) and isinstance(item, Layout):
            held = Layout(held.text + item.text)
        else:
            if held is not None:
                yield held
            held = item if not isinstance(item, Unit) else None
            if isinstance(item, Unit):
                yield item
    if held is not None:
        yield held
