"""Steps: generators that yield events and return a value."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

from rag.events import Event

Value = TypeVar("Value")


def finish(steps: Generator[Event, None, Value]) -> tuple[list[Event], Value]:
    """All events, and the value at the end."""
    seen: list[Event] = []
    while True:
        try:
            seen.append(next(steps))
        except StopIteration as stop:
            return seen, stop.value
