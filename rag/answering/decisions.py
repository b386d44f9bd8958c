"""What a language model may decide, for the planner and as a judge: schemas for its replies, and their validation.

The border between JSON from a model and our own values; nothing that a model writes gets past it unchecked.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from rag.errors import MalformedReply

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]


class _Decision(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def schema_(cls) -> dict[str, Any]:
        """The JSON schema, flat and without references."""
        return _flat(cls.model_json_schema())

    @classmethod
    def read(cls, reply: dict[str, Any]) -> Self:
        """The validated decision. Raises MalformedReply."""
        try:
            return cls.model_validate(reply)
        except ValidationError as error:
            raise MalformedReply(f"The model's decision does not fit: {error.error_count()} faults.") from error


class PlanDecision(_Decision):
    """What to do with a question."""

    action: Literal["retrieve", "clarify", "reply"]
    question: Line
    queries: Annotated[list[Line], Field(max_length=4)]
    parts: Annotated[list[Line], Field(max_length=4)]
    titles: Annotated[list[Label], Field(max_length=4)]
    options: Annotated[list[Label], Field(max_length=4)]
    form: Literal["prose", "list", "table"]
    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]


class RewriteDecision(_Decision):
    """A question made stand-alone."""

    question: Line


class RefineDecision(_Decision):
    """Whether the evidence suffices, and how to search on."""

    enough: bool
    missing: Annotated[list[Line], Field(max_length=4)]
    queries: Annotated[list[Line], Field(max_length=3)]


class JudgeDecision(_Decision):
    """Whether a text bears out a claim."""

    verdict: Literal["entailment", "contradiction", "neutral"]


def _flat(schema: dict[str, Any]) -> dict[str, Any]:
    """Only what endpoints understand: type, enum, properties, required, additionalProperties, items."""
    kept: dict[str, Any] = {}
    for key, value in schema.items():
        if key in ("type", "enum", "required", "additionalProperties"):
            kept[key] = value
        elif key == "properties":
            kept[key] = {name: _flat(inner) for name, inner in value.items()}
        elif key == "items":
            kept[key] = _flat(value)
    return kept
