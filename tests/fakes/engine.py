"""An engine that plays a script of events: by default the whole answer to a question about a warranty."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Generator, Sequence

from rag.events import Answered, Event, Planned, Reranked, Retrieved, SentenceChecked, Token
from rag.types import (
    Action,
    Answer,
    Chunk,
    Citation,
    Document,
    Evidence,
    Hit,
    Outcome,
    Plan,
    Scope,
    Sentence,
    Stage,
    Turn,
    Verdict,
)
from tests.fakes.library import FakeCatalogue

TEXT = "# 保修\n\n整机保修两年。电池保修一年。\n"
QUOTE = "整机保修两年。"


Script = Callable[[str], Sequence[Event | Exception]]
"""The events that answer a question; an exception among them is raised."""


def document(text: str = TEXT, document_id: str = "guide.md", title: str = "产品手册") -> Document:
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Document(document_id, title, text, document_id, digest, "2026-05-01T00:00:00Z")


def chunk(text: str = TEXT) -> Chunk:
    start = text.index(QUOTE)
    return Chunk("guide.md#1", "guide.md", "产品手册", "保修", text[start:], start, len(text))


def answer(question: str = "") -> Answer:
    start = TEXT.index(QUOTE)
    citation = Citation(1, "guide.md#1", "guide.md", QUOTE, start, start + len(QUOTE), Verdict.SUPPORTED)
    text = f"{QUOTE}[1]"
    sentence = Sentence(QUOTE, 0, len(text), (citation,), Verdict.SUPPORTED)
    return Answer(text, (sentence,), (citation,), Outcome.ANSWERED)


def events(question: str) -> list[Event | Exception]:
    """A whole answer, in the grammar of the events."""
    ended = answer(question)
    plan = Plan(Action.RETRIEVE, (question,), reason="retrieve", round=1, question=question)
    hit = Hit(chunk(), 0.9, 1, Stage.SPARSE)
    return [
        Planned(plan),
        Retrieved(question, Stage.SPARSE, (hit,)),
        Reranked((hit,), (Evidence(1, chunk(), 0.9),)),
        Token("整机保修"),
        Token("两年。[1]"),
        SentenceChecked(ended.sentences[0]),
        Answered(ended),
    ]


class FakeEngine:
    """Plays ``script`` to every question and keeps what it was asked. ``endless``: after its first token it never ends.

    ``closed`` is set when an answer ends, ``most_at_work`` is how many there were at once.
    """

    def __init__(
        self, script: Script = events, *, delay: float = 0.0, endless: bool = False, catalogue: FakeCatalogue | None = None
    ) -> None:
        self.catalogue = catalogue or FakeCatalogue([document()])
        self.asked: list[tuple[str, tuple[Turn, ...], Scope | None]] = []
        self.closed = threading.Event()
        self.at_work = 0
        self.most_at_work = 0
        self._script = script
        self._delay = delay
        self._endless = endless
        self._lock = threading.Lock()

    def answer(
        self, question: str, history: Sequence[Turn] = (), scope: Scope | None = None
    ) -> Generator[Event, None, None]:
        with self._lock:
            self.asked.append((question, tuple(history), scope))
            self.at_work += 1
            self.most_at_work = max(self.most_at_work, self.at_work)
        try:
            yield from self._played(question)
        finally:
            with self._lock:
                self.at_work -= 1
            self.closed.set()

    def _played(self, question: str) -> Generator[Event, None, None]:
        for event in self._script(question):
            if isinstance(event, Exception):
                raise event
            time.sleep(self._delay)
            yield event
            while self._endless and isinstance(event, Token):
                time.sleep(0.02)
                yield Token("字")


def failing(error: Exception, after: int = 0) -> Script:
    """The default script, broken off by an error after some events."""
    return lambda question: [*events(question)[:after], error]
