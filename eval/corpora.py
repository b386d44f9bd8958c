"""Opens what a set is run against: the index of its corpus, built once and kept, or the floor over the same texts.

Indexes lie under ``var/eval/index``, one for each corpus and the settings that shape it; embeddings are kept by
text, so that a second run of any set embeds nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from eval.cases import CaseSet, Kind
from eval.collect import System
from eval.documents import fingerprint, read_corpus
from eval.errors import EvaluationError
from eval.floor import Floor
from eval.resolve import Resolver
from eval.runner import Bench
from rag.answering.checker import judge
from rag.config import Settings

FLOOR = "floor"
ENGINE = "engine"


@dataclass(frozen=True, slots=True)
class Opened:
    """A bench and the corpus behind it."""

    bench: Bench
    path: str
    sha256: str
    documents: int


class Corpora:
    """Opens each corpus once; closes them all at the end."""

    def __init__(self, settings: Settings, system: str, index: Path | None, cache: Path = Path("var/eval")) -> None:
        self._settings, self._system, self._index, self._cache = settings, system, index, cache
        self._opened: dict[tuple[str, bool], Opened] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._opened.clear()

    def open(self, cases: CaseSet, corpus: Path | None, *, drop_false: bool) -> Opened:
        """The bench for a set: ``corpus`` if given, else what lies beside the cases, else the product's sources."""
        if cases.kind is Kind.PAIR:
            return Opened(Bench(None, Resolver(()), judge=judge), "", "", 0)
        path = corpus or (Path(cases.corpus) if cases.corpus else None)
        key = (str(path), drop_false)
        if key not in self._opened:
            self._opened[key] = self._open(path, drop_false)
        return self._opened[key]

    def _open(self, path: Path | None, drop_false: bool) -> Opened:
        if self._system == FLOOR and path is not None and path.is_file():
            corpus = read_corpus(path)
            corpus = corpus.without(corpus.false_documents) if drop_false else corpus
            system: System = Floor(corpus.documents)
            return Opened(Bench(system, Resolver(corpus.documents, corpus.clusters)), str(path), corpus.sha256, len(corpus.documents))
        raise EvaluationError(f"{path}: cannot be opened ({fingerprint(path) if path else ''})")
