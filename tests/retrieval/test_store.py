"""An index holds what was written, embeds nothing twice, and never changes half-way."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rag.errors import StoreError
from rag.interfaces import Retriever
from rag.retrieval import dense, postings
from rag.retrieval.analysis import Analyzer
from rag.retrieval.catalogue import Index
from rag.retrieval.generations import current
from rag.retrieval.store import open_index, read_manifest, remove_document, verify, write_index
from rag.types import Chunk, Document, Scope
from tests.fakes import HashEmbedder, make_chunks, make_document

Library = tuple[list[Document], list[Chunk]]
ANYWHERE = Scope()


def contents(index: Index) -> list[tuple[str, str]]:
    return [(chunk.id, chunk.text) for chunk in index.chunks]


def test_an_opened_index_holds_what_was_written(index: Index, library: Library) -> None:
    documents, chunks = library
    assert {document.id: document for document in index.documents()} == {document.id: document for document in documents}
    assert {chunk.id: chunk for chunk in index.chunks} == {chunk.id: chunk for chunk in chunks}


def test_what_follows_a_chunk_ends_with_its_section_and_its_document(tmp_path: Path, analyzer: Analyzer) -> None:
    document, other = make_document("a", "一二三四五六"), make_document("b", "七")
    chunks = [Chunk(f"a{n}", "a", document.title, "甲" if n < 4 else "乙", sign, n, n + 1) for n, sign in enumerate("一二三四五六")]
    chunks.append(Chunk("b0", "b", other.title, "乙", "七", 0, 1))
    write_index(tmp_path / "i", [document, other], chunks, HashEmbedder(), analyzer, settings={})
    opened = open_index(tmp_path / "i", analyzer=analyzer)
    assert [chunk.id for chunk in opened.following("a0", 2)] == ["a1", "a2"]
    assert [chunk.id for chunk in opened.following("a2", 5)] == ["a3"]
    assert [chunk.id for chunk in opened.following("a4", 5)] == ["a5"]
    assert opened.following("b0", 2) == []
    with pytest.raises(KeyError):
        opened.following("c0", 1)


def test_tokens_are_those_of_their_chunk(index: Index, library: Library, embedder: HashEmbedder) -> None:
    for chunk in library[1]:
        [expected] = embedder.embed_passages([chunk.text])
        tokens, spans = index.tokens_of(chunk.id)
        np.testing.assert_allclose(tokens, expected.tokens, atol=0.01)
        assert spans.tolist() == expected.spans.tolist()


def test_writing_the_same_again_changes_nothing(directory: Path, library: Library, analyzer: Analyzer) -> None:
    embedder = HashEmbedder()
    report = write_index(directory, *library, embedder, analyzer, settings={"chunk_size": 320})
    assert (report.embedded, report.reused, report.generation) == (0, 9, 1)
    assert embedder.embedded == []
    assert current(directory) == "generation-0001"


def test_only_changed_passages_are_embedded(directory: Path, library: Library, analyzer: Analyzer) -> None:
    documents, _ = library
    documents[0] = make_document("熊猫", documents[0].text + "\n大熊猫是国宝。")
    chunks = [chunk for document in documents for chunk in make_chunks(document)]
    embedder = HashEmbedder()
    report = write_index(directory, documents, chunks, embedder, analyzer, settings={})
    assert embedder.embedded == ["大熊猫是国宝。"]
    assert (report.chunks, report.embedded, report.reused, report.generation) == (10, 1, 9, 2)
    index = open_index(directory, analyzer=analyzer)
    for chunk in chunks:
        [expected] = embedder.embed_passages([chunk.text], [chunk.title])
        position = index.chunks.position(chunk.id)
        np.testing.assert_allclose(index.vectors[position], expected.vector, atol=1e-6)


def test_another_embedder_embeds_everything_again(directory: Path, library: Library, analyzer: Analyzer) -> None:
    embedder = HashEmbedder("other", 16)
    report = write_index(directory, *library, embedder, analyzer, settings={})
    assert (report.embedded, report.reused) == (9, 0)
    assert read_manifest(directory).dimension == 16


def test_progress_counts_every_chunk_once(tmp_path: Path, library: Library, analyzer: Analyzer) -> None:
    calls: list[tuple[int, int]] = []
    write_index(
        tmp_path, *library, HashEmbedder(), analyzer, settings={}, progress=lambda done, of: calls.append((done, of))
    )
    assert calls == [(done, 9) for done in range(10)]


def test_removing_a_document_embeds_nothing_and_removes_all_of_it(directory: Path, analyzer: Analyzer) -> None:
    report = remove_document(directory, "熊猫")
    index = open_index(directory, embedder_name="hash", analyzer=analyzer)
    assert (report.chunks, report.generation) == (6, 2)
    assert [document.id for document in index.documents()] == ["models", "臺灣", "长城"]
    assert index.sparse.search("大熊猫", 10, ANYWHERE) == []
    found = index.dense(HashEmbedder()).search("大熊猫", 10, ANYWHERE)
    assert {hit.chunk.document_id for hit in found} == {"models", "臺灣", "长城"}


def test_removing_the_last_document_leaves_an_index_without_hits(tmp_path: Path, analyzer: Analyzer) -> None:
    document = make_document("a", "唯一的文档。")
    write_index(tmp_path, [document], make_chunks(document), HashEmbedder(), analyzer, settings={})
    remove_document(tmp_path, "a")
    index = open_index(tmp_path, analyzer=analyzer)
    assert index.documents() == []
    assert index.sparse.search("文档", 5, ANYWHERE) == []
    assert index.dense(HashEmbedder()).search("文档", 5, ANYWHERE) == []


def test_removing_an_unknown_document_says_so(directory: Path) -> None:
    with pytest.raises(StoreError, match="恐龙 is not in the index"):
        remove_document(directory, "恐龙")
    assert current(directory) == "generation-0001"


def test_a_reader_keeps_its_generation_and_learns_of_the_next(index: Index, directory: Path) -> None:
    before = contents(index)
    assert not index.is_stale()
    remove_document(directory, "熊猫")
    assert index.is_stale()
    assert contents(index) == before
    assert index.sparse.search("大熊猫", 1, ANYWHERE)[0].chunk.document_id == "熊猫"


def test_one_older_generation_is_kept(directory: Path) -> None:
    remove_document(directory, "熊猫")
    remove_document(directory, "长城")
    names = sorted(path.name for path in directory.iterdir())
    assert names == ["CURRENT", "LOCK", "generation-0002", "generation-0003"]


def test_a_large_index_is_written_and_searched_the_same(
    tmp_path: Path, index: Index, library: Library, analyzer: Analyzer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postings, "SMALL", 3)
    monkeypatch.setattr(dense, "FLAT_LIMIT", 6)
    monkeypatch.setattr(dense, "_PER_LIST", 4)
    write_index(tmp_path, *library, HashEmbedder(), analyzer, settings={})
    large = open_index(tmp_path, analyzer=analyzer)
    assert {"sparse/data.csc.index.npy", "terms.jsonl"} <= set(large.manifest.files)
    assert verify(tmp_path) == []
    for query in ("大熊猫吃竹子", "长城有多长", "tokens of Baichuan"):
        assert ranking(large.sparse, query) == ranking(index.sparse, query)
        assert ranking(large.dense(HashEmbedder()), query) == ranking(index.dense(HashEmbedder()), query)
    assert large.frequency("大熊猫") == 3
    assert write_index(tmp_path, *library, HashEmbedder(), analyzer, settings={}).generation == 1
    assert remove_document(tmp_path, "熊猫").chunks == 6


def ranking(retriever: Retriever, query: str) -> list[tuple[str, float]]:
    return [(hit.chunk.id, round(hit.score, 4)) for hit in retriever.search(query, 4, ANYWHERE)]


def test_opening_loads_neither_torch_nor_faiss(directory: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from rag.retrieval.store import open_index; "
        "from rag.retrieval.analysis import Analyzer; open_index(Path(sys.argv[1]), analyzer=Analyzer()); "
        "print([name for name in ('torch', 'faiss', 'sentence_transformers', 'scipy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(directory)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
