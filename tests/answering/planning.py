"""A small library of documents, a catalogue and a word-overlap search for the planner's tests."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.answering.planner import RulePlanner
from rag.answering.terms import bigrams, terms
from rag.text import normalise
from rag.types import Chunk, Document, Evidence, Hit, Scope, Stage, Turn
from tests.fakes import FakeCatalogue, make_document

ROBOT = make_document(
    "robot",
    "巡检机器人 Mira 在识别仪表时准确率达到 97%。\nMira 由星河实验室研发，作者是林晓。\nMira 训练用了 8 张显卡，训练花费约 300 元。",
    "巡检机器人手册",
)
BOAT = make_document(
    "boat",
    "无人船 Tide-2 的准确率为 88%，用于水质监测。\nTide-2 训练用了三天，训练数据来自港口。\n作者是周航。",
    "无人船报告 2024",
)
KITE = make_document(
    "kite",
    "风筝相机 Kestrel 3 的准确率是 91%。\nKestrel 3 的训练分为两个阶段，训练数据是航拍照片。\n作者是许诺。",
    "风筝相机说明书",
)
DOCUMENTS = (BOAT, KITE, ROBOT)


class Library(FakeCatalogue):
    """A catalogue and a retriever over a few documents: chunks by the words that they share with a query."""

    def __init__(self, documents: Sequence[Document] = DOCUMENTS, sections: dict[str, str] | None = None) -> None:
        super().__init__(documents, sections)

    def search(self, query: str, k: int, scope: Scope) -> list[Hit]:
        units = {unit for term in terms(query) for unit in bigrams(term)}
        scored = [
            (sum(unit in normalise(chunk.text) for unit in units), chunk) for chunk in self.chunks if scope.admits(chunk)
        ]
        found = sorted((entry for entry in scored if entry[0]), key=lambda entry: (-entry[0], entry[1].id))
        return [Hit(chunk, float(score), rank, Stage.SPARSE) for rank, (score, chunk) in enumerate(found[:k], 1)]


def planner(library: Library | None = None, max_rounds: int = 3) -> RulePlanner:
    held = library or Library()
    return RulePlanner(held, held, max_rounds=max_rounds)


def turns(*texts: str) -> tuple[Turn, ...]:
    """A conversation, the user first."""
    return tuple(Turn("assistant" if index % 2 else "user", text) for index, text in enumerate(texts))


def evidence_of(library: Library, pattern: str, score: float = 0.95) -> tuple[Evidence, ...]:
    """The chunks whose text matches ``pattern``, all with the same score."""
    found = [chunk for chunk in library.chunks if re.search(pattern, chunk.text)]
    return tuple(Evidence(marker, chunk, score) for marker, chunk in enumerate(found, 1))


def passage(text: str, score: float = 0.95, title: str = "") -> Evidence:
    """One passage of its own document."""
    return Evidence(1, Chunk("p#0", "p", title, "", text, 0, len(text)), score)
