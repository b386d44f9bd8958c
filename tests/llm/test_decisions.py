"""Structured replies: asked for strictly or loosely, found in prose, held against their schema."""

from __future__ import annotations

from typing import Any

import pytest

from rag.errors import MalformedReply
from rag.llm.decisions import decision_in, fault_in
from tests.fake_openai import FakeOpenAI, Reply, fails, says
from tests.llm.asking import ASK, model

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "action": {"type": "string", "enum": ["reply", "retrieve"]},
        "queries": {"type": "array", "items": {"type": "string"}, "maxItems": 2},
        "round": {"type": "integer"},
        "note": {"type": ["string", "null"]},
    },
    "required": ["action"],
    "additionalProperties": False,
}
GOOD = '{"action": "retrieve", "queries": ["a"], "round": 1, "note": null}'


@pytest.mark.parametrize("text", [GOOD, f"```json\n{GOOD}\n```", f"Sure! {{x}} {GOOD} done"])
def test_the_object_is_found(text: str) -> None:
    assert decision_in(text, SCHEMA) == {"action": "retrieve", "queries": ["a"], "round": 1, "note": None}


@pytest.mark.parametrize("text", ["", "no json", "[1]", '{"action": ', "{" * 5000, '{"a":' * 5000])
def test_no_object_is_a_malformed_reply(text: str) -> None:
    with pytest.raises(MalformedReply, match="no JSON object"):
        decision_in(text, SCHEMA)


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ({}, "reply.action is missing"),
        ({"action": "fly"}, "reply.action is not one of reply, retrieve"),
        ({"action": 1}, "reply.action is not of type string"),
        ({"action": "reply", "colour": 1}, "reply.colour is unknown"),
        ({"action": "reply", "queries": "a"}, "reply.queries is not of type array"),
        ({"action": "reply", "queries": ["a", 2]}, "reply.queries[1] is not of type string"),
        ({"action": "reply", "queries": ["a", "b", "c"]}, "reply.queries has 3 items"),
        ({"action": "reply", "round": True}, "reply.round is not of type integer"),
        ({"action": "reply", "note": 3}, "reply.note is not of type string or null"),
        ({"action": "reply", "note": None}, ""),
    ],
)
def test_faults_are_named(value: object, fault: str) -> None:
    assert fault_in(value, SCHEMA) == fault


def test_a_strict_schema_is_sent_first() -> None:
    with FakeOpenAI([says(GOOD)]) as server:
        assert model(server).decide(ASK, SCHEMA)["action"] == "retrieve"
    assert server.requests[0]["response_format"]["json_schema"]["schema"] == SCHEMA


@pytest.mark.parametrize("known", ["json_object", None])
def test_an_endpoint_without_schemas_is_told_in_words_and_remembered(known: str | None) -> None:
    def picky(stream: Reply) -> None:
        wanted = stream.body.get("response_format", {}).get("type")
        (says(f"好的：{GOOD}") if wanted == known else fails(400))(stream)

    with FakeOpenAI([picky]) as server:
        asked = model(server)
        assert asked.decide(ASK, SCHEMA)["queries"] == ["a"]
        before = len(server.requests)
        assert asked.decide(ASK, SCHEMA)["queries"] == ["a"]
        assert len(server.requests) == before + 1
    assert '"retrieve"' in server.requests[-1]["messages"][-1]["content"]


def test_a_decision_of_another_form_is_malformed() -> None:
    with FakeOpenAI([says('{"action": "fly"}')]) as server, pytest.raises(MalformedReply, match=r"action is not one of"):
        model(server).decide(ASK, SCHEMA)
