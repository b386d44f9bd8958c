"""The offline pipeline: the index mirrors its sources, embeds only what changed, forgets what is removed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rag.build import build, is_current, remove, sources_of, verify
from rag.config import Settings
from rag.errors import IndexCorrupt, IndexNotFound, StoreError
from rag.ingest import Failure
from rag.retrieval.analysis import Analyzer
from rag.retrieval.store import open_index
from rag.types import Scope
from tests.fakes import HashEmbedder


@pytest.fixture(autouse=True)
def no_real_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.build._same_encoder", lambda settings, name: name == "hash")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "猫.md").write_text("# 猫\n\n猫每天睡十六个小时。", encoding="utf-8")
    (docs / "狗.md").write_text("# 狗\n\n狗每天要散步两次。", encoding="utf-8")
    return docs


@pytest.fixture
def settings(tmp_path: Path, folder: Path) -> Settings:
    return Settings.load({}, index_dir=tmp_path / "index", sources=(folder,))


def ids(settings: Settings) -> list[str]:
    index = open_index(settings.index_dir, analyzer=Analyzer())
    return [document.id for document in index.documents()]


def test_every_file_is_indexed_and_progress_reaches_the_end(settings: Settings) -> None:
    steps: list[tuple[int, int]] = []
    report = build(settings, embedder=HashEmbedder(), progress=lambda done, total: steps.append((done, total)))
    assert (report.documents, report.chunks, report.embedded, report.reused) == (2, 2, 2, 0)
    assert steps[-1] == (2, 2)
    assert ids(settings) == ["狗.md", "猫.md"]


def test_only_changed_passages_are_embedded_again(settings: Settings, folder: Path) -> None:
    build(settings, embedder=HashEmbedder())
    (folder / "狗.md").write_text("# 狗\n\n狗每天要散步三次。", encoding="utf-8")
    (folder / "鸟.md").write_text("# 鸟\n\n鸟会飞。", encoding="utf-8")
    second = HashEmbedder()
    report = build(settings, embedder=second)
    assert second.embedded == ["# 狗\n\n狗每天要散步三次。", "# 鸟\n\n鸟会飞。", "鸟"]  # the last is the new title
    assert (report.embedded, report.reused) == (2, 1)


def test_vanished_files_are_dropped(settings: Settings, folder: Path) -> None:
    build(settings, embedder=HashEmbedder())
    (folder / "猫.md").unlink()
    build(settings, embedder=HashEmbedder())
    assert ids(settings) == ["狗.md"]


def test_unreadable_sources_are_reported_and_the_rest_is_indexed(settings: Settings, folder: Path) -> None:
    (folder / "空.txt").write_bytes(b"")
    (folder / "图.png").write_bytes(b"x")
    heard: list[Failure] = []
    report = build(settings, embedder=HashEmbedder(), on_failure=heard.append)
    assert report.documents == 2
    assert [Path(failure.source).name for failure in report.failures] == ["空.txt"]
    assert [Path(failure.source).name for failure in report.skipped] == ["图.png"]
    assert set(heard) == {*report.failures, *report.skipped}


def test_nothing_readable_leaves_the_index_as_it_was(settings: Settings, tmp_path: Path) -> None:
    build(settings, embedder=HashEmbedder())
    report = build(settings, sources=(tmp_path / "nowhere",), embedder=HashEmbedder())
    assert (report.documents, report.generation, len(report.failures)) == (0, 1, 1)
    assert ids(settings) == ["狗.md", "猫.md"]


def test_index_is_current_until_a_file_or_a_setting_changes(settings: Settings, folder: Path) -> None:
    assert not is_current(settings)
    build(settings, embedder=HashEmbedder())
    assert is_current(settings)
    assert not is_current(settings.model_copy(update={"chunk_size": 200}))
    assert not is_current(settings.model_copy(update={"sources": (folder / "猫.md",)}))
    assert is_current(settings.model_copy(update={"evidence_floor": 0.9}))
    os.utime(folder / "猫.md")
    assert is_current(settings)
    (folder / "猫.md").write_text("# 猫\n\n猫每天睡十五个小时。", encoding="utf-8")
    assert not is_current(settings)
    build(settings, embedder=HashEmbedder())
    (folder / "新.md").write_text("新的。", encoding="utf-8")
    assert not is_current(settings)


def test_another_encoder_makes_the_index_stale(settings: Settings) -> None:
    build(settings, embedder=HashEmbedder("other"))
    assert not is_current(settings)


def test_an_unreadable_source_does_not_make_the_index_stale_for_ever(settings: Settings, folder: Path) -> None:
    (folder / "空.txt").write_bytes(b"")
    build(settings, embedder=HashEmbedder())
    assert is_current(settings)


def test_sources_of_the_last_time_are_kept_where_none_are_set(settings: Settings, folder: Path) -> None:
    build(settings, embedder=HashEmbedder())
    unset = Settings.load({}, index_dir=settings.index_dir)
    assert sources_of(unset) == (folder,)
    assert is_current(unset)
    assert sources_of(Settings.load({}, index_dir=folder)) == (Path("seeds"),)


def test_uploads_are_a_source_beside_those_that_are_named(settings: Settings, folder: Path, tmp_path: Path) -> None:
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    with_uploads = settings.model_copy(update={"upload_dir": uploads})
    assert sources_of(with_uploads) == (folder,)
    (uploads / "鱼.md").write_text("鱼会游。", encoding="utf-8")
    assert sources_of(with_uploads) == (folder, uploads)
    build(with_uploads, embedder=HashEmbedder())
    assert ids(with_uploads) == ["狗.md", "猫.md", "鱼.md"]


def test_a_removed_document_is_gone_from_everything_and_stays_out(settings: Settings, folder: Path) -> None:
    build(settings, embedder=HashEmbedder())
    remove(settings, "猫.md")
    index = open_index(settings.index_dir, analyzer=Analyzer())
    assert index.sparse.search("猫 睡 小时", 5, Scope()) == []
    assert {hit.chunk.document_id for hit in index.dense(HashEmbedder()).search("猫每天睡", 5, Scope())} == {"狗.md"}
    for path in settings.index_dir.rglob("*"):
        if path.is_file() and path.name != "removed.json":
            assert "十六个小时".encode() not in path.read_bytes()
    assert verify(settings).removed == ("猫.md",)
    (folder / "鸟.md").write_text("鸟会飞。", encoding="utf-8")
    report = build(settings, embedder=HashEmbedder())
    assert [failure.source for failure in report.skipped] == ["猫.md"]
    assert ids(settings) == ["狗.md", "鸟.md"]
    build(settings, embedder=HashEmbedder(), restore=True)
    assert ids(settings) == ["狗.md", "猫.md", "鸟.md"]
    assert verify(settings).removed == ()


def test_removing_what_is_not_there_changes_nothing(settings: Settings) -> None:
    with pytest.raises(IndexNotFound):
        remove(settings, "猫.md")
    assert not settings.index_dir.exists()
    build(settings, embedder=HashEmbedder())
    with pytest.raises(StoreError, match=r"羊\.md is not in the index"):
        remove(settings, "羊.md")
    assert verify(settings).removed == ()


def test_a_damaged_account_of_removals_is_an_error_not_a_revival(settings: Settings) -> None:
    build(settings, embedder=HashEmbedder())
    (settings.index_dir / "removed.json").write_text("{", encoding="utf-8")
    with pytest.raises(IndexCorrupt, match=r"removed\.json"):
        build(settings, embedder=HashEmbedder())


def test_verify_counts_and_finds_an_altered_byte(settings: Settings) -> None:
    build(settings, embedder=HashEmbedder())
    sound = verify(settings)
    assert (sound.documents, sound.chunks, sound.generation, sound.faults) == (2, 2, 1, ())
    files = (path for path in settings.index_dir.rglob("*") if path.is_file() and path.name != "manifest.json")
    victim = max(files, key=lambda path: path.stat().st_size)
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 1
    victim.write_bytes(data)
    assert any(victim.name in fault for fault in verify(settings).faults)


def test_asking_whether_the_index_is_current_imports_no_model_library() -> None:
    heavy = "{'torch', 'sentence_transformers', 'faiss', 'langchain_core', 'rjieba', 'pypdf', 'docx', 'bs4'}"
    code = (
        "import sys; from rag.build import is_current; from rag.config import Settings;"
        f"is_current(Settings.load({{}})); sys.exit(len({heavy} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
