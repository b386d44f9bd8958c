"""What the engine shows where the documents do not clearly answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rag.interfaces import Look
from rag.types import Action, Evidence, Form, Outcome, Plan, Turn
from tests.test_engine import EchoWriter, ScriptedPlanner, Steps, end, engine, retrieve, run, shape


def test_what_comes_close_is_shown_below_the_abstention() -> None:
    seen: list[tuple[Plan, int, str]] = []

    class ClosestWriter(EchoWriter):
        def write(
            self, plan: Plan, evidence: Sequence[Evidence], history: Sequence[Turn], look: Look | None = None, opening: str = ""
        ) -> Steps:
            seen.append((plan, len(evidence), opening))
            written = yield from super().write(plan, evidence, history)
            return replace(written, text=opening + written.text, outcome=Outcome.ABSTAINED)

    refused = Plan(Action.ABSTAIN, form=Form.TABLE, parts=("x", "y"), close=True)
    found = {"x": ["a9", "b8", "c7"]}
    events = list(engine(ScriptedPlanner(retrieve("x"), [refused]), found, writer=ClosestWriter())[0].answer("q", ()))
    assert shape(events) == "PRRRKPttstsA"
    (plan, passages, opening) = seen[0]
    assert (plan.action, plan.form, plan.parts, passages) == (Action.ABSTAIN, Form.PROSE, (), 2)
    assert (end(events).text, end(events).outcome) == (opening + "a9b8", Outcome.ABSTAINED)
    assert end(events).nearest == ("a", "b", "c")
    assert opening == "not there"


def test_nothing_is_shown_as_close_where_nothing_was_found() -> None:
    events = run(ScriptedPlanner(retrieve("x"), [Plan(Action.ABSTAIN, close=True)]), {"x": ["a1"]})
    assert shape(events) == "PRRRKPtA"


def test_a_passage_below_the_floor_is_judged_but_quoted_only_where_there_is_little_else() -> None:
    planner = ScriptedPlanner(retrieve("x"), [None])
    assert end(run(planner, {"x": ["a9", "b8", "c2"]})).text == "a9b8"
    assert planner.seen == [("a9", "b8", "c2")]
    assert end(run(ScriptedPlanner(retrieve("x"), [None]), {"x": ["a9", "c2"]})).text == "a9c2"
