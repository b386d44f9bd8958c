"""The seams of the system: what may be swapped, as protocols of one or two methods.

Rooms depend on these, never on each other. Arrays are NumPy, row-major, float32 unless said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Generator as Steps
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from rag.events import Event
from rag.types import Answer, Chunk, Document, Evidence, Hit, Plan, Scope, Turn, Verdict

Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Embedding:
    """A text as an encoder sees it.

    ``vector``: (d,), L2-normalised. ``tokens``: (t, d), each row L2-normalised, without special, prefix and
    padding tokens. ``spans``: (t, 2) int32, each token's start and end offset in the text.
    """

    vector: Vector
    tokens: Vector
    spans: NDArray[np.int32]


class Embedder(Protocol):
    """Turns texts into vectors. ``name`` identifies model and settings in the index manifest."""

    @property
    def name(self) -> str: ...

    @property
    def dimension(self) -> int: ...

    def embed_query(self, text: str) -> Embedding: ...

    def embed_passages(
        self, texts: Sequence[str], contexts: Sequence[str] | None = None
    ) -> Iterator[Embedding]:
        """Yield one embedding a text, in the order of ``texts``.

        ``contexts``: a title or section for each text, which the encoder reads before it; tokens and spans are
        those of the text alone.
        """
        ...


class Retriever(Protocol):
    """Finds the ``k`` best chunks for a query inside a scope, best first, ranks from 1."""

    def search(self, query: str, k: int, scope: Scope) -> list[Hit]: ...


class Fusion(Protocol):
    """Merges a sparse and a dense ranking of one query into one."""

    def fuse(self, query: str, sparse: Sequence[Hit], dense: Sequence[Hit]) -> list[Hit]: ...


class Reranker(Protocol):
    """Orders candidates anew; scores come back as probabilities that the chunk answers the query."""

    def rerank(self, query: str, hits: Sequence[Hit]) -> list[Hit]: ...


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a chunk; offsets count from the start of ``chunk.text``."""

    chunk: Chunk
    start: int
    end: int

    @property
    def text(self) -> str:
        """The stretch itself."""
        return self.chunk.text[self.start : self.end]


class SpanScorer(Protocol):
    """Scores how well each span matches a text, 0 to 1: late interaction over the tokens inside the span."""

    def score(self, text: str, spans: Sequence[Span]) -> list[float]: ...

    def meets(self, text: str, parts: Sequence[tuple[int, int]], spans: Sequence[Span]) -> list[list[float]]:
        """How well each span meets each part of ``text``, offsets into it: a list a span, from 0 (as any text does)
        to 1 (as the same word does)."""
        ...


class AnswerFinder(Protocol):
    """Reads a question and passages together for the answer."""

    def answers(self, question: str, chunks: Sequence[Chunk]) -> list[float]:
        """The log-odds that each chunk gives the answer, from -8 to 8; -8 for one without tokens."""
        ...


class Catalogue(Protocol):
    """What the index holds, for planning and for showing."""

    def documents(self) -> Sequence[Document]:
        """All documents, in the order of their ids. Their texts are there."""
        ...

    def document(self, document_id: str) -> Document:
        """One document. Raises KeyError when it is not in the index."""
        ...

    def sections(self, document_id: str) -> Sequence[str]:
        """The section paths of a document, in order."""
        ...

    def frequency(self, text: str) -> int:
        """In how many chunks the words of ``text`` occur together as they stand (a phrase), normalised."""
        ...


class Planner(Protocol):
    """Decides what to do with a question, and how to search on."""

    def plan(self, question: str, history: Sequence[Turn]) -> Plan: ...

    def refine(self, plan: Plan, evidence: Sequence[Evidence]) -> Plan | None:
        """The next round after ``plan`` found ``evidence``.

        ``None``: the evidence suffices. A plan with action retrieve: search on with its queries; without
        queries: answer with what there is and name ``missing``. A plan with action abstain: nothing more can be
        found that would help.
        """
        ...


class Generator(Protocol):
    """Writes the answer as a stream of text pieces with ``[n]`` markers."""

    @property
    def model(self) -> str:
        """The model's name; empty when none is used."""
        ...

    def generate(
        self, plan: Plan, evidence: Sequence[Evidence], history: Sequence[Turn]
    ) -> Iterator[str]: ...


@dataclass(frozen=True, slots=True)
class Support:
    """One span and how far it supports a sentence."""

    span: Span
    marker: int
    verdict: Verdict
    score: float


class Checker(Protocol):
    """Finds the spans that a sentence rests on.

    ``hinted`` are the markers that the writer gave: a hint, never the truth. The result is empty when nothing
    supports the sentence.
    """

    def check(
        self, sentence: str, hinted: Sequence[int], evidence: Sequence[Evidence], question: str
    ) -> list[Support]: ...


class Reader(Protocol):
    """Looks in passages for the answer to a question: the log-odds that they give it, from -7 to 7, or None where it cannot
    tell. Raises ``ModelError`` and its kinds, nothing else.
    """

    def log_odds(self, question: str, evidence: Sequence[Evidence]) -> float | None: ...


class Judge(Protocol):
    """Tells whether a premise, the text of passages, bears out a claim, a statement or a question with its answer.

    SUPPORTED: the claim follows; CONFLICTING: it is contradicted; UNSUPPORTED: neither; None: the judge cannot tell.
    Raises ``ModelError`` and its kinds, nothing else.
    """

    def judge(self, claim: str, premise: str) -> Verdict | None: ...


Look = Callable[[Plan], Steps[Event, None, Sequence[Evidence]]]
"""One more round of search for a plan, while its answer is being written: all evidence of the answer so far."""


class Writer(Protocol):
    """Writes and checks: a generator's text becomes Token and SentenceChecked events and an answer.

    A writer that is unsure of what it wrote may search for it by ``look``. ``opening`` has gone out before: the answer's
    text begins with it. Where the plan abstains, it is word for word what comes closest that is written, and the
    outcome stays abstained.
    """

    def write(
        self, plan: Plan, evidence: Sequence[Evidence], history: Sequence[Turn], look: Look | None = None, opening: str = ""
    ) -> Steps[Event, None, Answer]: ...


class Voice(Protocol):
    """The bot's own sentences, which rest on no document: Token events and an answer."""

    def reply(self, plan: Plan, history: Sequence[Turn]) -> Steps[Event, None, Answer]: ...

    def clarify(self, plan: Plan) -> Steps[Event, None, Answer]: ...

    def abstain(self, plan: Plan, nearest: Sequence[str]) -> Steps[Event, None, Answer]: ...


@dataclass(frozen=True, slots=True)
class Message:
    """One message to a language model; ``role`` is system, user or assistant."""

    role: str
    content: str


class Piece(str):
    """A piece of a model's reply that tells how sure the model was.

    ``probabilities``: for each character that of the token which it belongs to, 0 to 1; 1 where it is not known.
    ``first``: what the reply might have begun with instead, tokens with their probabilities, where that is told.
    """

    probabilities: tuple[float, ...]
    first: Mapping[str, float]

    def __new__(cls, text: str, probabilities: Iterable[float] = (), first: Mapping[str, float] | None = None) -> Self:
        piece = super().__new__(cls, text)
        piece.probabilities = tuple(probabilities)
        piece.first = first or {}
        return piece


def probabilities_of(piece: str) -> tuple[float, ...]:
    """One for each character of ``piece``, whether it is a ``Piece`` or plain text, which is taken to be certain."""
    return piece.probabilities if isinstance(piece, Piece) else (1.0,) * len(piece)


class LanguageModel(Protocol):
    """A chat model. Both methods raise ``ModelError`` and its kinds, nothing else."""

    @property
    def name(self) -> str: ...

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int | None = None, temperature: float | None = None
    ) -> Iterator[str]:
        """Yield the reply as it is written, as ``Piece`` where probabilities are known.

        ``max_tokens`` and ``temperature``: unless given, the model's own. Closing the iterator closes the connection.
        """
        ...

    def decide(self, messages: Sequence[Message], schema: Mapping[str, Any]) -> dict[str, Any]:
        """A reply that is one JSON object of ``schema``. Raises ``MalformedReply`` when it is not."""
        ...
