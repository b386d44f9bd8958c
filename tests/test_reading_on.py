"""Small to big: what follows the best passage is read with it where the plan asks for it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rag.events import Reranked
from rag.types import Chunk
from tests.test_engine import ScriptedPlanner, chunk, end, engine, retrieve


def test_what_follows_the_best_passage_is_read_on_whatever_it_scores() -> None:
    found = {"x": ["a9", "b8"]}
    built, _ = engine(ScriptedPlanner(retrieve("x", following=2, question="q"), [None]), found)
    asked: list[tuple[str, int]] = []

    def following(chunk_id: str, count: int) -> list[Chunk]:
        asked.append((chunk_id, count))
        return [chunk("b8"), chunk("a0")]

    built._search = replace(built._search, following=following)
    events = list(built.answer("q", ()))
    assert asked == [("a9", 2)]
    assert [item.chunk.id for item in [e for e in events if isinstance(e, Reranked)][-1].evidence] == ["a9", "b8", "a0"]
    assert end(events).text == "a9b8a0"


def test_nothing_is_read_on_where_the_plan_does_not_ask_for_it_or_nothing_is_found() -> None:
    for plan, found in ((retrieve("x"), {"x": ["a9"]}), (retrieve("x", following=2), {})):
        built, _ = engine(ScriptedPlanner(plan, [None]), found)
        built._search = replace(built._search, following=lambda chunk_id, count: pytest.fail("read on"))
        list(built.answer("q", ()))


def test_where_nothing_new_follows_nothing_is_ranked_again() -> None:
    built, _ = engine(ScriptedPlanner(retrieve("x", following=2), [None]), {"x": ["a9", "b8"]})
    built._search = replace(built._search, following=lambda chunk_id, count: [chunk("b8")])
    assert sum(isinstance(event, Reranked) for event in built.answer("q", ())) == 1
