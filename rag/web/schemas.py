"""The bodies that the API takes, as strict models: unknown fields and wrong types are errors."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rag.types import Turn
from rag.web.payload import read_object
from rag.web.refusals import Reason, Refusal

LONGEST_HISTORY = 40

_M = TypeVar("_M", bound=BaseModel)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class HistoryItem(_Strict):
    """One earlier message of the conversation."""

    role: Literal["user", "assistant"]
    content: str


class AskBody(_Strict):
    """A question. The history is what the client says it is: it resolves pronouns and is never evidence."""

    question: str = Field(description="The question.")
    history: list[HistoryItem] = Field(default=[], max_length=LONGEST_HISTORY, description="Earlier messages, oldest first.")
    stream: bool = Field(default=True, description="`true`: server-sent events; `false`: the last event as JSON.")
    documents: list[str] = Field(default=[], max_length=50, description="Answer from these documents (ids) only.")


class PlaygroundBody(_Strict):
    """A question whose retrieval an administrator wants to see."""

    question: str
    documents: list[str] = Field(default=[], max_length=50)


class TextPart(BaseModel):
    """A part of a message; only text is taken."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)
    type: Literal["text"]
    text: str


class ChatMessage(BaseModel):
    """A message as OpenAI clients send it."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)
    role: Literal["system", "developer", "user", "assistant"]
    content: Annotated[str | list[TextPart], Field(union_mode="left_to_right")]

    @property
    def text(self) -> str:
        """The text, parts joined."""
        if isinstance(self.content, str):
            return self.content
        return "\n".join(part.text for part in self.content)


class CompletionBody(BaseModel):
    """A chat completion request. Sampling parameters are accepted and have no effect; system messages neither."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)
    model: str = "zhiju"
    messages: list[ChatMessage] = Field(min_length=1, max_length=200)
    stream: bool = False
    n: Literal[1] = 1


def read(body: bytes, model: type[_M]) -> _M:
    """A body as ``model``.

    Raises:
        Refusal: not valid; the message names the fields, never the values.
    """
    try:
        return model.model_validate(read_object(body))
    except ValidationError as error:
        raise Refusal(Reason.INVALID, "; ".join(_describe(fault) for fault in error.errors())[:500]) from None


def turns(history: list[HistoryItem]) -> list[Turn]:
    """The history as the engine takes it."""
    return [Turn(item.role, item.content) for item in history]


def _describe(fault: Any) -> str:
    place = ".".join(str(part) for part in fault["loc"])
    return f"{place}: {fault['msg']}" if place else str(fault["msg"])
