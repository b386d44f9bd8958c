"""An index that was harmed says so, and a write that fails leaves the present one as it is."""

from __future__ import annotations

import errno
import json
import os
import pickle
import sys
from pathlib import Path
from typing import Any

import pytest

from rag.errors import IndexCorrupt, IndexMismatch, IndexNotFound, StoreError
from rag.retrieval import generations
from rag.retrieval.analysis import Analyzer
from rag.retrieval.catalogue import Index
from rag.retrieval.store import open_index, read_manifest, remove_document, verify, write_index
from rag.types import Chunk, Document
from tests.fakes import HashEmbedder, make_document

Library = tuple[list[Document], list[Chunk]]


def contents(index: Index) -> list[tuple[str, str]]:
    return [(chunk.id, chunk.text) for chunk in index.chunks]


def test_a_folder_without_an_index_is_told_apart(tmp_path: Path, analyzer: Analyzer) -> None:
    with pytest.raises(IndexNotFound, match="python -m rag index"):
        open_index(tmp_path, analyzer=analyzer)
    with pytest.raises(IndexNotFound):
        open_index(tmp_path / "nowhere", analyzer=analyzer)


def test_another_embedder_or_analyzer_is_refused(directory: Path, tmp_path: Path) -> None:
    with pytest.raises(IndexMismatch, match="embedding model hash, now other is set"):
        open_index(directory, embedder_name="other", analyzer=Analyzer())
    words = tmp_path / "words.txt"
    words.write_text("知据\n", encoding="utf-8")
    with pytest.raises(IndexMismatch, match="text analyzer"):
        open_index(directory, analyzer=Analyzer(words))


def test_another_format_is_refused(directory: Path, analyzer: Analyzer) -> None:
    path = directory / "generation-0001" / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 99}))
    with pytest.raises(IndexMismatch, match="format 99"):
        open_index(directory, analyzer=analyzer)


FILES = ["documents.jsonl", "chunks.jsonl", "terms.jsonl", "vectors.npy", "dense.faiss",
         "token_values.npy", "token_scales.npy", "token_spans.npy", "token_rows.npy", "contexts/token_values.npy",
         "contexts/token_scales.npy", "contexts/token_spans.npy", "contexts/token_rows.npy"]  # fmt: skip


def test_the_manifest_names_every_file(directory: Path) -> None:
    assert sorted(read_manifest(directory).files) == sorted(FILES)
    assert verify(directory) == []


@pytest.mark.parametrize("name", [*FILES, "manifest.json"])
@pytest.mark.parametrize("harm", ["missing", "cut", "empty", "flipped"])
def test_a_harmed_file_is_named(directory: Path, analyzer: Analyzer, name: str, harm: str) -> None:
    path = directory / "generation-0001" / name
    content = bytearray(path.read_bytes())
    match harm:
        case "missing":
            path.unlink()
        case "cut":
            path.write_bytes(content[: len(content) // 2])
        case "empty":
            path.write_bytes(b"")
        case _:
            content[len(content) // 2] ^= 0x80
            path.write_bytes(content)
    with pytest.raises(IndexCorrupt, match=name):
        open_index(directory, analyzer=analyzer)
    assert any(name in fault for fault in verify(directory))


@pytest.mark.parametrize("text", ["", "generation-0007", "../../etc", "generation-0001\nx", "\x00"])
def test_a_broken_pointer_is_corrupt(directory: Path, analyzer: Analyzer, text: str) -> None:
    (directory / "CURRENT").write_text(text)
    with pytest.raises(IndexCorrupt, match="CURRENT"):
        open_index(directory, analyzer=analyzer)


def test_a_harmed_index_is_built_anew(directory: Path, library: Library, analyzer: Analyzer) -> None:
    (directory / "generation-0001" / "vectors.npy").write_bytes(b"")
    report = write_index(directory, *library, HashEmbedder(), analyzer, settings={"chunk_size": 320})
    assert (report.embedded, report.generation) == (9, 2)
    assert verify(directory) == []


def test_a_file_name_leading_out_of_the_folder_is_refused(directory: Path, analyzer: Analyzer) -> None:
    path = directory / "generation-0001" / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["files"]["../../secret"] = {"bytes": 1, "sha256": "0"}
    path.write_text(json.dumps(manifest))
    with pytest.raises(IndexCorrupt, match="secret"):
        open_index(directory, analyzer=analyzer)


def test_a_planted_pickle_is_reported_and_never_opened(directory: Path, analyzer: Analyzer) -> None:
    planted = directory / "generation-0001" / "index.pkl"
    planted.write_bytes(pickle.dumps({"a": 1}))
    opened: list[str] = []

    def listen(event: str, args: tuple[Any, ...]) -> None:
        if (event == "open" and str(args[0]).endswith(".pkl")) or event == "pickle.find_class":
            opened.append(f"{event} {args}")

    sys.addaudithook(listen)
    open_index(directory, analyzer=analyzer)
    assert opened == []
    assert verify(directory) == [f"{planted} does not belong to the index and is never read"]


class FailingEmbedder(HashEmbedder):
    def _embed(self, text: str, context: str = "") -> Any:
        if "明朝" in text:
            raise RuntimeError("out of memory")
        return super()._embed(text, context)


def test_a_failing_embedder_leaves_the_present_generation(directory: Path, library: Library, analyzer: Analyzer) -> None:
    with pytest.raises(RuntimeError, match="out of memory"):
        write_index(directory, *library, FailingEmbedder("other"), analyzer, settings={})
    assert sorted(path.name for path in directory.iterdir()) == ["CURRENT", "LOCK", "generation-0001"]
    assert verify(directory) == []


def test_a_full_disk_leaves_the_present_generation(
    directory: Path, library: Library, analyzer: Analyzer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr(generations, "_sync", full)
    with pytest.raises(StoreError, match="No space left on device"):
        remove_document(directory, "熊猫")
    monkeypatch.undo()
    assert len(contents(open_index(directory, analyzer=analyzer))) == 9
    assert sorted(path.name for path in directory.iterdir()) == ["CURRENT", "LOCK", "generation-0001"]


def test_a_place_that_cannot_be_written_is_a_store_error(tmp_path: Path, library: Library, analyzer: Analyzer) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StoreError, match="cannot be written"):
        write_index(tmp_path / "file" / "index", *library, HashEmbedder(), analyzer, settings={})


def test_a_second_writer_is_refused(directory: Path) -> None:
    with generations.writer(directory), pytest.raises(StoreError, match="Another process is writing"):
        remove_document(directory, "熊猫")
    assert remove_document(directory, "熊猫").generation == 2


def test_what_a_killed_writer_left_is_cleared(directory: Path) -> None:
    (directory / ".writing").mkdir()
    (directory / ".writing" / "vectors.npy").write_bytes(b"half")
    remove_document(directory, "熊猫")
    assert not (directory / ".writing").exists()


def test_records_that_contradict_each_other_are_refused(tmp_path: Path, analyzer: Analyzer) -> None:
    document = make_document("a", "一二三")
    wrong = Chunk("c", "a", "a", "", "别的", 0, 2)
    with pytest.raises(ValueError, match="chunk c is not the stretch of a"):
        write_index(tmp_path, [document], [wrong], HashEmbedder(), analyzer, settings={})
    with pytest.raises(ValueError, match="same id"):
        write_index(tmp_path, [document, document], [], HashEmbedder(), analyzer, settings={})
