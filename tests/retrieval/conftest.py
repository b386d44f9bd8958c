"""A small library, indexed with a fake embedder."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.retrieval.analysis import Analyzer
from rag.retrieval.catalogue import Index
from rag.retrieval.store import open_index, write_index
from rag.types import Chunk, Document
from tests.fakes import HashEmbedder, make_chunks, make_document

TEXTS = {
    "熊猫": "大熊猫主要生活在四川的竹林里。\n大熊猫每天吃掉十二公斤竹子。\n一只成年大熊猫重约100公斤。",
    "长城": "长城全长21196公里。\n明朝修筑了今天看到的大部分长城。",
    "models": "Baichuan-7B was trained on 1.2 trillion tokens.\nGPT-4o answers questions about images.",
    "臺灣": "臺灣最高的山是玉山，海拔3952公尺。\n日月潭是臺灣最大的湖泊。",
}


@pytest.fixture(scope="session")
def analyzer() -> Analyzer:
    return Analyzer()


@pytest.fixture
def embedder() -> HashEmbedder:
    return HashEmbedder()


@pytest.fixture
def library() -> tuple[list[Document], list[Chunk]]:
    documents = [make_document(name, text) for name, text in TEXTS.items()]
    return documents, [chunk for document in documents for chunk in make_chunks(document)]


@pytest.fixture
def directory(
    tmp_path: Path, library: tuple[list[Document], list[Chunk]], embedder: HashEmbedder, analyzer: Analyzer
) -> Path:
    write_index(tmp_path / "index", *library, embedder, analyzer, settings={"chunk_size": 320})
    return tmp_path / "index"


@pytest.fixture
def index(directory: Path, analyzer: Analyzer) -> Index:
    return open_index(directory, embedder_name="hash", analyzer=analyzer)
