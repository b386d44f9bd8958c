"""Runs the chat service's generators to their end."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from rag.events import Event
from rag.web.records import Message
from rag.web.refusals import Refusal


def run(asking: Generator[Event, None, Message]) -> tuple[list[Event], Message]:
    """All events and the kept answer."""
    seen: list[Event] = []
    while True:
        try:
            seen.append(next(asking))
        except StopIteration as stop:
            return seen, stop.value


def refused(asking: Generator[Event, None, Message]) -> Refusal:
    with pytest.raises(Refusal) as caught:
        run(asking)
    return caught.value
