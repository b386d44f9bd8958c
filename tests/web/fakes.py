"""A scripted engine and catalogue for the web's unit tests."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Generator, Iterable, Sequence

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

TEXT = "# 保修\n\n整机保修两年。电池保修一年。\n"
QUOTE = "整机保修两年。"


def document(text: str = TEXT, document_id: str = "guide.md", title: str = "产品手册") -> Document:
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Document(document_id, title, text, document_id, digest, "2026-05-01T00:00:00Z")


class FakeCatalogue:
    def __init__(self, documents: Iterable[Document] = ()) -> None:
        self._documents = {document.id: document for document in documents}

    def documents(self) -> Sequence[Document]:
        return [self._documents[key] for key in sorted(self._documents)]

    def document(self, document_id: str) -> Document:
        return self._documents[document_id]

    def sections(self, document_id: str) -> Sequence[str]:
        self.document(document_id)
        return ["保修"]

    def frequency(self, text: str) -> int:
        return sum(document.text.count(text) for document in self._documents.values())


def chunk(text: str = TEXT) -> Chunk:
    start = text.index(QUOTE)
    return Chunk("guide.md#1", "guide.md", "产品手册", "保修", text[start:], start, len(text))


def answer(question: str = "") -> Answer:
    start = TEXT.index(QUOTE)
    citation = Citation(1, "guide.md#1", "guide.md", QUOTE, start, start + len(QUOTE), Verdict.SUPPORTED)
    text = f"{QUOTE}[1]"
    sentence = Sentence(QUOTE, 0, len(text), (citation,), Verdict.SUPPORTED)
    return Answer(text, (sentence,), (citation,), Outcome.ANSWERED)


def events(question: str) -> list[Event]:
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
    """Gives the scripted answer. ``endless``: tokens without end; ``error``: raised after ``error_after`` events."""

    def __init__(
        self,
        *,
        delay: float = 0.0,
        endless: bool = False,
        error: Exception | None = None,
        error_after: int = 0,
        catalogue: FakeCatalogue | None = None,
    ) -> None:
        self.catalogue = catalogue or FakeCatalogue([document()])
        self.asked: list[tuple[str, tuple[Turn, ...], Scope | None]] = []
        self.closed = threading.Event()
        self.at_work = 0
        self.most_at_work = 0
        self._delay = delay
        self._endless = endless
        self._error = error
        self._error_after = error_after
        self._lock = threading.Lock()

    def answer(
        self, question: str, history: Sequence[Turn] = (), scope: Scope | None = None
    ) -> Generator[Event, None, None]:
        with self._lock:
            self.asked.append((question, tuple(history), scope))
            self.at_work += 1
            self.most_at_work = max(self.most_at_work, self.at_work)
        try:
            yield from self._script(question)
        finally:
            with self._lock:
                self.at_work -= 1
            self.closed.set()

    def _script(self, question: str) -> Generator[Event, None, None]:
        for number, event in enumerate(events(question)):
            if self._error is not None and number == self._error_after:
                raise self._error
            time.sleep(self._delay)
            yield event
            while self._endless and isinstance(event, Token):
                time.sleep(0.02)
                yield Token("字")
