"""The catalogue tells what the index holds, and how often a phrase stands in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.retrieval import catalogue
from rag.retrieval.analysis import Analyzer
from rag.retrieval.catalogue import Index
from rag.retrieval.chunks import ChunkTable
from rag.retrieval.store import open_index, write_index
from rag.types import Chunk, Scope
from tests.fakes import HashEmbedder, make_document


def test_documents_come_in_the_order_of_their_ids_with_their_texts(index: Index) -> None:
    assert [document.id for document in index.documents()] == ["models", "熊猫", "臺灣", "长城"]
    assert index.document("长城").text.startswith("长城全长21196公里")
    with pytest.raises(KeyError):
        index.document("恐龙")


def test_chunks_are_found_by_id(index: Index) -> None:
    assert index.chunk("长城#1").text == "明朝修筑了今天看到的大部分长城。"
    with pytest.raises(KeyError):
        index.chunk("长城#9")
    with pytest.raises(KeyError):
        index.tokens_of("长城#9")


def test_sections_come_in_order_and_once(tmp_path: Path, analyzer: Analyzer) -> None:
    document = make_document("a", "一二三四五六")
    sections = ["", "乙", "乙 › 丙", "乙", "甲"]
    chunks = [Chunk(f"a#{n}", "a", "a", section, document.text[n], n, n + 1) for n, section in enumerate(sections)]
    write_index(tmp_path, [document], chunks, HashEmbedder(), analyzer, settings={})
    index = open_index(tmp_path, analyzer=analyzer)
    assert index.sections("a") == ["乙", "乙 › 丙", "甲"]
    with pytest.raises(KeyError):
        index.sections("b")
    assert index.chunks.admitted(Scope(sections=("乙",))).tolist() == [1, 2, 3]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("大熊猫", 3), ("大熊貓", 3), ("熊猫", 3), ("长城", 2), ("台湾", 2), ("竹林", 1), ("熊猫 吃", 0), ("恐龙", 0),
        ("Baichuan-7B", 1), ("baichuan 7b", 1), ("BAICHUAN", 1), ("token", 0), ("tokens", 1), ("gpt-4", 0), ("ＧＰＴ-4o", 1),
        ("21196公里", 1), ("1196公里", 0), ("21196", 1), ("", 0), ("？", 0), ("的", 4),
    ],
)  # fmt: skip
def test_frequency_counts_chunks_with_the_phrase(index: Index, text: str, count: int) -> None:
    assert index.frequency(text) == count


def test_frequency_does_not_hang_on_line_breaks(tmp_path: Path, analyzer: Analyzer) -> None:
    document = make_document("a", "人工\n智能改变世界")
    chunk = Chunk("a#0", "a", "a", "", document.text, 0, len(document.text))
    write_index(tmp_path, [document], [chunk], HashEmbedder(), analyzer, settings={})
    assert open_index(tmp_path, analyzer=analyzer).frequency("人工智能") == 1


def test_a_chunk_table_finds_scopes_by_document_and_section() -> None:
    places = [("a", "x"), ("a", "y"), ("b", "x › z"), ("b", "y")]
    table = ChunkTable(Chunk(str(n), document, "", section, "", 0, 0) for n, (document, section) in enumerate(places))
    cases = [((), (), None), (("a",), (), [0, 1]), ((), ("x",), [0, 2]), (("b", "a"), ("y",), [1, 3]), (("c",), (), [])]
    for documents, sections, expected in cases:
        found = table.admitted(Scope(document_ids=documents, sections=sections))
        assert (None if found is None else found.tolist()) == expected


def test_context_names_title_and_sections_once() -> None:
    from rag.retrieval.contexts import context

    assert context(Chunk("c", "d", "手册", "手册 › 安装", "", 0, 0)) == "手册 › 安装"
    assert context(Chunk("c", "d", "手册", "", "", 0, 0)) == "手册"
    assert context(Chunk("c", "d", "", "", "", 0, 0)) == ""


def test_the_names_of_vector_files_are_those_of_the_manifest(index: Index) -> None:
    assert {catalogue.DENSE, catalogue.VECTORS} <= set(index.manifest.files)
