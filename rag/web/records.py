"""What is kept of a conversation: messages, their frozen sources and what was thought of them.

Plain values without I/O. An answer is kept as the engine gave it, together with what its citations pointed at on
that day, so that a reader sees tomorrow what was shown today, whatever became of the documents.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from rag.types import Answer, Evidence, Plan, Verdict


class MessageState(StrEnum):
    """How an answer ended."""

    COMPLETE = "complete"
    STOPPED = "stopped"
    FAILED = "failed"


class SourceState(StrEnum):
    """What became of a cited passage since."""

    CURRENT = "current"
    CHANGED = "changed"
    GONE = "gone"


class Thumb(StrEnum):
    """What a reader thought of an answer."""

    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Source:
    """What a citation pointed at when the answer was given.

    ``quote == text_of_the_document[start:end]`` then, and ``sha256`` is the document's of then. ``passage`` is
    the chunk around the quote, which began at ``passage_start`` in the document.
    """

    marker: int
    document_id: str
    title: str
    section: str
    source: str
    modified: str
    sha256: str
    quote: str
    start: int
    end: int
    passage: str
    passage_start: int
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Ranking:
    """One stage's ranking for one query: chunk ids and scores, best first."""

    query: str
    stage: str
    chunk_ids: tuple[str, ...]
    scores: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Trace:
    """What the engine did for an answer: every plan, every ranking, the evidence it used."""

    plans: tuple[Plan, ...] = ()
    rankings: tuple[Ranking, ...] = ()
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Rating:
    """A reader's thumb and reason."""

    thumb: Thumb
    reason: str = ""
    created: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """One message. ``answer``, ``sources`` and ``trace`` are the assistant's; ``created`` is ISO 8601 in UTC.

    A stopped or failed answer has its text so far and no ``answer``; ``failure`` is the refusal's code.
    """

    id: str
    conversation_id: str
    role: str
    text: str
    created: str
    language: str = ""
    state: MessageState = MessageState.COMPLETE
    failure: str = ""
    answer: Answer | None = None
    sources: tuple[Source, ...] = ()
    trace: Trace = field(default_factory=Trace)
    rating: Rating | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """A conversation in a list."""

    id: str
    title: str
    created: str
    updated: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """A whole conversation, oldest message first."""

    id: str
    title: str
    created: str
    updated: str
    messages: tuple[Message, ...]
