"""What a reader is trained on: questions, the passages that search finds for them, and where in those the answer stands."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.corpora import CACHE
from eval.training_texts import documents, read_texts
from rag.assemble import open_engine
from rag.build import build
from rag.config import Settings
from rag.events import Planned, Reranked
from rag.interfaces import Embedder
from rag.retrieval.catalogue import Index
from rag.retrieval.contexts import context
from rag.retrieval.joint_network import Pair, Passage, Tokens, pair
from rag.sentences import sentence_spans
from rag.text import fold
from rag.types import Chunk, Turn

Span = tuple[int, int]
_HELD_BACK = 5
"""One document of so many is held back."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question, and for each document that answers it what it says there: word for word, or the answer's wording."""

    text: str
    about: str
    quotes: Mapping[str, Sequence[str]]
    answers: Mapping[str, Sequence[str]]

    @property
    def held_back(self) -> bool:
        """Whether its document is not trained on."""
        return zlib.crc32(self.about.encode()) % _HELD_BACK == 0


@dataclass(frozen=True, slots=True)
class Example:
    """A question beside one passage, and the stretches of the passage that answer it: none if it does not."""

    pair: Pair
    spots: Sequence[Span]
    places: Sequence[Span]
    score: float


def written(path: Path) -> tuple[Path, list[Question]]:
    """The documents of a file of ``eval/training``, written out, and their questions."""
    texts = read_texts(path)
    folder = CACHE / "training" / path.stem
    list(documents(texts, folder))
    questions = [
        Question(one.question, text.name, {f"{text.name}.md": tuple(one.evidence)} if one.evidence else {}, {})
        for text in texts
        for one in text.asked
    ]
    return folder, questions


def public(path: Path, limit: int) -> tuple[Path, list[Question]]:
    """The corpus of a public set, and at most ``limit`` of its questions, spread evenly."""
    rows = [json.loads(line) for line in (path / "queries.jsonl").read_text("utf-8").splitlines() if line.strip()]
    rows = [row for row in rows if not row.get("ctxdep")]
    rows = rows[:: max(1, len(rows) // limit)][:limit]
    questions = []
    for row in rows:
        gold = tuple(row.get("gold") or ())
        quotes = {document: tuple(row["evidence"]) for document in gold} if row.get("evidence") else {}
        answers = {} if quotes else {document: tuple(row.get("answers") or ()) for document in gold}
        questions.append(Question(row["question"], gold[0] if gold else row["question"], quotes, answers))
    return path / "corpus.jsonl", questions


def examples(corpus: Path, questions: Sequence[Question], embedder: Embedder) -> Iterator[tuple[Question, list[Example]]]:
    """Each question with the eight passages that rank first without a reader; those of which it is not known whether they
    answer are left out."""
    folder = CACHE / "training" / "index" / f"{corpus.parent.name}-{corpus.stem}"
    settings = Settings.load(sources=(corpus,), index_dir=folder, llm="none", evidence_floor=0.0, joint_reader=False)
    build(settings, embedder=embedder)
    opened = open_engine(settings, embedder=embedder)
    names = {document.id: Path(document.source).name if corpus.is_dir() else document.id for document in opened.index.documents()}
    for question in questions:
        events = list(opened.engine.retrieve(question.text, tuple[Turn, ...]()))
        plan = next(event.plan for event in events if isinstance(event, Planned))
        found = [event for event in events if isinstance(event, Reranked)]
        embedded = embedder.embed_query(plan.question)
        asked = Tokens(plan.question, embedded.tokens, embedded.spans)
        told = []
        for item in found[-1].evidence if found and len(asked.vectors) else ():
            spots = _spots(item.chunk, names[item.chunk.document_id], question, opened.index)
            if spots is not None:
                told.append(_example(asked, item.chunk, spots, item.score, opened.index))
        if told:
            yield question, told


def _example(asked: Tokens, chunk: Chunk, spots: Sequence[Span], score: float, index: Index) -> Example:
    vectors, spans = index.tokens_of(chunk.id)
    both = pair(asked, Passage(Tokens(chunk.text, vectors, spans), context(chunk), index.context_of(chunk.id)))
    return Example(both, spots, [(int(start), int(end)) for start, end in spans], score)


def _spots(chunk: Chunk, name: str, question: Question, index: Index) -> list[Span] | None:
    """Where ``chunk`` answers; None where that is not known."""
    if name in question.quotes:
        text = index.document(chunk.document_id).text
        found = [
            (max(match.start(), chunk.start) - chunk.start, min(match.end(), chunk.end) - chunk.start)
            for quote in question.quotes[name]
            for match in re.finditer(re.escape(quote), text)
        ]
        return [(start, end) for start, end in found if end > start]
    wordings = [fold(answer) for answers in question.answers.values() for answer in answers if len(answer) > 1]
    if name not in question.answers:
        return None if any(wording in fold(chunk.text) for wording in wordings) else []
    spans = [span for span in sentence_spans(chunk.text) if any(wording in fold(chunk.text[slice(*span)]) for wording in wordings)]
    return spans or None
