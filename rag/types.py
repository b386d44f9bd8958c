"""The values that flow from a file to an answer.

Frozen data without behaviour: no I/O, no formatting, no third-party types. Offsets count Unicode code
points and are kept from file to page, so that ``chunk.text == document.text[chunk.start:chunk.end]`` always.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Action(StrEnum):
    """What the planner decides to do with a question."""

    REPLY = "reply"
    CLARIFY = "clarify"
    RETRIEVE = "retrieve"
    ABSTAIN = "abstain"


class Form(StrEnum):
    """The shape of the answer that a question asks for."""

    PROSE = "prose"
    LIST = "list"
    TABLE = "table"


class Stage(StrEnum):
    """The retrieval stage that a ranking comes from."""

    SPARSE = "sparse"
    DENSE = "dense"
    FUSED = "fused"
    RERANKED = "reranked"


class Verdict(StrEnum):
    """What the check of a sentence against its evidence found."""

    SUPPORTED = "supported"
    PARTLY = "partly supported"
    UNSUPPORTED = "unsupported"
    CONFLICTING = "conflicting"


class Outcome(StrEnum):
    """How a question ended. ``PARTIAL``: answered, but a part of the question has no evidence."""

    ANSWERED = "answered"
    PARTIAL = "partial"
    REPLIED = "replied"
    CLARIFY = "clarify"
    ABSTAINED = "abstained"


@dataclass(frozen=True, slots=True)
class Document:
    """One source text.

    Headings stand in ``text`` as lines that begin with ``#`` (one ``#`` a level), and a form feed ends a page
    of a paged format, so that section path and page number follow from an offset alone.

    ``id`` is the path of the file below the source folder, or the id that a JSONL line gives.
    ``source`` names where the text came from, for people (``manual.pdf``, ``faq.jsonl:12``).
    ``sha256`` is that of ``text`` in UTF-8; ``modified`` is ISO 8601 in UTC, or empty when unknown.
    """

    id: str
    title: str
    text: str
    source: str
    sha256: str
    modified: str = ""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage of a document: what is embedded, found and shown.

    ``title`` is the document's; ``section`` is the path of headings above the passage, joined by `` › ``.
    """

    id: str
    document_id: str
    title: str
    section: str
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk found for a query. ``rank`` counts from 1; equal scores are ordered by chunk id."""

    chunk: Chunk
    score: float
    rank: int
    stage: Stage


@dataclass(frozen=True, slots=True)
class Evidence:
    """A chunk that the answer may rest on.

    ``marker`` counts from 1 and is what a model sees and a user clicks; ``score`` estimates the probability
    that the passage answers the query (0 to 1).
    """

    marker: int
    chunk: Chunk
    score: float


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation. ``role`` is ``user`` or ``assistant``."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class Scope:
    """Where to search: targeted search after the documents or sections that a question names.

    Empty tuples mean everywhere. ``sections`` are prefixes of section paths. ``strict``: the user chose the
    scope, so nothing outside may be shown; otherwise the scope is searched first and left when it is bare.
    """

    document_ids: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    strict: bool = False

    def __bool__(self) -> bool:
        return bool(self.document_ids or self.sections)

    def admits(self, chunk: Chunk) -> bool:
        """Whether ``chunk`` lies inside this scope."""
        if self.document_ids and chunk.document_id not in self.document_ids:
            return False
        return not self.sections or any(chunk.section.startswith(section) for section in self.sections)


@dataclass(frozen=True, slots=True)
class Plan:
    """The planner's decision for one round.

    ``queries`` are stand-alone (no pronoun is left that only the history resolves). ``reason`` is a short code
    of the rule that decided (the page words it) or a model's own sentence. ``round`` counts from 1; 0 where
    nothing is searched. ``subject`` is the phrase that a clarification asks about; ``options`` are what the
    user may choose. ``parts`` are the parts of the question that need evidence of their own.
    """

    action: Action
    queries: tuple[str, ...] = ()
    scope: Scope = field(default_factory=Scope)
    form: Form = Form.PROSE
    reason: str = ""
    round: int = 0
    subject: str = ""
    options: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    """The parts of the question that still have no evidence: to be named in the answer."""
    question: str = ""
    """The question made stand-alone: what sufficiency, generation and checking are measured against."""
    following: int = 0
    """How many passages behind the best one are read with it: what is told at length goes on there."""
    close: bool = False
    """Where nothing is known to answer: whether what was found comes close enough to be shown as that."""


@dataclass(frozen=True, slots=True)
class Citation:
    """The exact passage that a sentence rests on.

    ``start`` and ``end`` are offsets into the document's text; ``quote == document.text[start:end]``.
    """

    marker: int
    chunk_id: str
    document_id: str
    quote: str
    start: int
    end: int
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Sentence:
    """One checked unit of an answer: a sentence, a list item or a table cell.

    ``text`` is free of markers; ``start`` and ``end`` are its place in the answer's text, markers included.
    """

    text: str
    start: int
    end: int
    citations: tuple[Citation, ...]
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two passages that disagree. ``subject`` names about what; ``first`` is the newer one where dates tell."""

    subject: str
    first: Citation
    second: Citation


@dataclass(frozen=True, slots=True)
class Answer:
    """The end of a question.

    ``text`` carries normalised markers (``[1][2]``) behind the sentences. ``citations`` are those of all
    sentences in order. ``options`` are set when ``outcome`` is clarify; ``nearest`` (document ids, best first)
    when it is abstained; ``missing`` names the parts of the question that have no evidence.
    """

    text: str
    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]
    outcome: Outcome
    options: tuple[str, ...] = ()
    nearest: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    model: str = ""
    """Who wrote it: a model's name, or empty for the extractive generator."""
    recalled: str = ""
    """What the model says without the documents, several times over, where that contradicts the answer."""
