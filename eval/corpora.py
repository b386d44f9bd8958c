"""Opens what a set is run against: the index of its corpus, built once and kept, or the floor over the same texts.

Indexes lie under ``var/eval/index``, one for each corpus and the settings that shape it; embeddings are kept by
text, so that a second run of any set embeds nothing.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from tqdm import tqdm

from eval.cases import CaseSet, Kind
from eval.collect import System
from eval.documents import fingerprint, read_corpus
from eval.errors import EvaluationError
from eval.floor import Floor
from eval.meter import MeteredModel, Prices
from eval.query_cache import QueryCache
from eval.resolve import Resolver
from eval.runner import Bench
from rag.answering.checker import judge
from rag.assemble import Opened as OpenedEngine
from rag.assemble import language_model, open_engine, open_judge
from rag.build import build, is_current
from rag.config import Settings
from rag.ingest.loaders import load
from rag.interfaces import Embedder
from rag.retrieval.embedding import SentenceTransformerEmbedder
from rag.retrieval.embedding_cache import CachedEmbedder
from rag.types import Document, Verdict

FLOOR, ENGINE = "floor", "engine"
CACHE = Path("var/eval")


@dataclass(frozen=True, slots=True)
class Place:
    """A bench, and the corpus behind it."""

    bench: Bench
    path: str
    sha256: str
    documents: int


class Corpora:
    """Opens each corpus once, and closes all at the end.

    ``embedder`` makes the encoder that the settings name; it is made when the first corpus needs it.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        system: str = ENGINE,
        index: Path | None = None,
        keep_queries: bool = False,
        prices: Prices | None = None,
        cache: Path = CACHE,
        embedder: Callable[[Settings], Embedder] | None = None,
    ) -> None:
        self._settings, self._system, self._index, self._cache = settings, system, index, cache
        self._keep_queries, self._prices = keep_queries, prices or Prices()
        self._make_embedder = embedder or self._cached_embedder
        self._embedder: Embedder | None = None
        self._judge: Callable[[str, str], Verdict] | None = None
        self._places: dict[tuple[str, bool], Place] = {}
        self._engines: list[OpenedEngine] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._places.clear()
        self._engines.clear()
        if isinstance(self._embedder, QueryCache):
            self._embedder.close()

    def open(self, cases: CaseSet, corpus: Path | None, *, drop_false: bool) -> Place:
        """The place for a set: ``corpus`` if given, else what lies beside the cases, else the product's sources."""
        if cases.kind is Kind.PAIR:
            if self._judge is None:
                self._judge = open_judge(self._settings)
            return Place(Bench(None, Resolver(()), judge=self._judge), "", "", 0)
        path = corpus or (Path(cases.corpus) if cases.corpus else None)
        key = (str(path), drop_false)
        if key not in self._places:
            self._places[key] = self._open(path, drop_false)
        return self._places[key]

    def _open(self, path: Path | None, drop_false: bool) -> Place:
        clusters: dict[str, str] = {}
        shown = str(path or self._settings.sources[0])
        if path is not None and path.is_file():
            corpus = read_corpus(path)
            clusters = corpus.clusters
            if drop_false and corpus.false_documents:
                path = _without(path, corpus.false_documents, self._cache)
        sources = (path,) if path else self._settings.sources
        digest = hashlib.sha256("".join(map(fingerprint, sources)).encode()).hexdigest()
        system, usage = self._floor(sources) if self._system == FLOOR else self._engine(sources, digest)
        documents = system.catalogue.documents()
        return Place(Bench(system, Resolver(documents, clusters), judge, usage), shown, digest, len(documents))

    def _floor(self, sources: tuple[Path, ...]) -> tuple[System, None]:
        documents = [found for found in load(sources, self._settings.max_file_bytes) if isinstance(found, Document)]
        return Floor(documents), None

    def _engine(self, sources: tuple[Path, ...], digest: str) -> tuple[System, Callable[[], dict[str, float]] | None]:
        self._embedder = self._embedder or self._make_embedder(self._settings)
        settings = self._settings.model_copy(update={"sources": sources, "index_dir": self._index or self._index_of(digest)})
        if self._index is None and not is_current(settings):
            self._build(settings, self._embedder)
        model = language_model(settings)
        metered = MeteredModel(model, self._prices) if model else None
        opened = open_engine(settings, embedder=self._embedder, model=metered)
        opened.warm()
        self._engines.append(opened)
        return opened.engine, metered.take if metered else None

    def _build(self, settings: Settings, embedder: Embedder) -> None:
        with tqdm(unit="passage", file=sys.stderr, desc="indexing") as bar:

            def progress(done: int, total: int) -> None:
                bar.total = total
                bar.update(done - bar.n)

            report = build(settings, embedder=embedder, progress=progress)
        for failure in report.failures:
            print(f"eval: {failure.source}: {failure.reason}", file=sys.stderr)
        if not report.documents:
            raise EvaluationError(f"{', '.join(map(str, settings.sources))}: no document could be read; check --corpus")

    def _index_of(self, digest: str) -> Path:
        shape = [digest, self._settings.embedding_model, self._settings.chunk_size, self._settings.passage_prefix]
        return self._cache / "index" / hashlib.sha256(json.dumps(shape).encode()).hexdigest()[:20]

    def _cached_embedder(self, settings: Settings) -> Embedder:
        cached = CachedEmbedder(SentenceTransformerEmbedder.from_settings(settings), self._cache / "embeddings")
        return QueryCache(cached, self._cache / "embeddings") if self._keep_queries else cached


def _without(path: Path, ids: frozenset[str], cache: Path) -> Path:
    """A copy of a ``corpus.jsonl`` without some documents."""
    kept = [line for line in path.read_text(encoding="utf-8-sig").split("\n") if line.strip() and json.loads(line)["id"] not in ids]
    text = "\n".join(kept) + "\n"
    copy = cache / "corpora" / f"{hashlib.sha256(text.encode()).hexdigest()[:20]}.jsonl"
    if not copy.exists():
        copy.parent.mkdir(parents=True, exist_ok=True)
        half = copy.with_suffix(".half")
        half.write_text(text, encoding="utf-8", newline="\n")
        half.replace(copy)
    return copy
