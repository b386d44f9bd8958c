"""What stands above passages: kept once for all of a section, taken over from the generation before, matched beside them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rag.errors import IndexCorrupt
from rag.retrieval.analysis import Analyzer
from rag.retrieval.contexts import FOLDER, ContextTable, context
from rag.retrieval.late_interaction import word_tokens
from rag.retrieval.reranking import MaxSimReranker
from rag.retrieval.store import open_index, remove_document, write_index
from rag.retrieval.tokens import TokenTable, TokenWriter
from rag.types import Chunk, Document, Hit, Stage
from tests.fakes import HashEmbedder, make_document

TEXT = "每月十日前交清。每季度交一次。"


def _library(*sections: str, title: str = "收费办法") -> tuple[list[Document], list[Chunk]]:
    parts = [TEXT[:8], TEXT[8:]]
    chunks = [
        Chunk(f"a{number}", "a", title, section, part, TEXT.index(part), TEXT.index(part) + len(part))
        for number, (section, part) in enumerate(zip(sections, parts, strict=True))
    ]
    return [replace(make_document("a", TEXT), title=title)], chunks


def test_the_tokens_of_a_context_are_those_of_its_words_encoded_alone(tmp_path: Path, analyzer: Analyzer) -> None:
    embedder = HashEmbedder()
    documents, chunks = _library("物业费", "停车费")
    write_index(tmp_path, documents, chunks, embedder, analyzer, settings={})
    index = open_index(tmp_path, analyzer=analyzer)
    for chunk in chunks:
        [alone] = embedder.embed_passages([context(chunk)])
        np.testing.assert_allclose(index.context_of(chunk.id), word_tokens(context(chunk), alone), atol=0.01)
    with pytest.raises(KeyError):
        index.context_of("b0")


def test_a_section_is_kept_once_and_a_passage_without_one_has_none(tmp_path: Path, analyzer: Analyzer) -> None:
    write_index(tmp_path, *_library("停车费", "停车费"), HashEmbedder(), analyzer, settings={})
    index = open_index(tmp_path, analyzer=analyzer)
    assert len(TokenTable.open(tmp_path / "generation-0001" / FOLDER)) == 1
    assert index.context_of("a0").tolist() == index.context_of("a1").tolist()
    write_index(tmp_path / "bare", *_library("", "停车费", title=""), HashEmbedder(), analyzer, settings={})
    bare = open_index(tmp_path / "bare", analyzer=analyzer)
    assert bare.context_of("a0").shape == (0, HashEmbedder().dimension)
    assert len(bare.context_of("a1")) == len("停车费")


def test_only_new_contexts_are_embedded_and_none_when_a_document_goes(tmp_path: Path, analyzer: Analyzer) -> None:
    first, second = _library("物业费", "停车费"), _library("物业费", "车位费")
    write_index(tmp_path, *first, HashEmbedder(), analyzer, settings={})
    embedder = HashEmbedder()
    write_index(tmp_path, *second, embedder, analyzer, settings={})
    assert embedder.embedded == [TEXT[8:], "收费办法 › 车位费"]
    before = open_index(tmp_path, analyzer=analyzer).context_of("a0")
    other = make_document("b", "别的。", "别的")
    write_index(tmp_path, [*second[0], other], [*second[1], Chunk("b0", "b", "别的", "", "别的。", 0, 3)], embedder, analyzer, settings={})
    remove_document(tmp_path, "b")
    assert open_index(tmp_path, analyzer=analyzer).context_of("a0").tolist() == before.tolist()


def test_a_word_that_only_the_section_has_puts_its_passage_first(tmp_path: Path, analyzer: Analyzer) -> None:
    embedder = HashEmbedder()
    documents, chunks = _library("物业费", "停车费")
    write_index(tmp_path, documents, chunks, embedder, analyzer, settings={})
    reranker = MaxSimReranker(embedder, open_index(tmp_path, analyzer=analyzer))
    hits = [Hit(chunk, 0.5, rank, Stage.FUSED) for rank, chunk in enumerate(chunks, 1)]
    assert reranker.rerank("停车费何时交", hits)[0].chunk.section == "停车费"
    assert reranker.rerank("物业费何时交", hits)[0].chunk.section == "物业费"


def test_contexts_of_another_number_of_sections_are_refused(tmp_path: Path, analyzer: Analyzer) -> None:
    write_index(tmp_path, *_library("物业费", "停车费"), HashEmbedder(), analyzer, settings={})
    folder = tmp_path / "generation-0001"
    with TokenWriter(folder / FOLDER):
        pass
    with pytest.raises(IndexCorrupt, match="number of contexts"):
        ContextTable.open(folder, _library("物业费", "停车费")[1])
