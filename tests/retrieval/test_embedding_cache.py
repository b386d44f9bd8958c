from __future__ import annotations

import multiprocessing
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rag.errors import StoreError
from rag.retrieval.embedding_cache import CachedEmbedder
from tests.fakes import HashEmbedder


def test_a_passage_is_embedded_once(tmp_path: Path) -> None:
    behind = HashEmbedder()
    cached = CachedEmbedder(behind, tmp_path)
    first = list(cached.embed_passages(["长城", "熊猫"]))
    again = list(CachedEmbedder(behind, tmp_path).embed_passages(["熊猫", "竹子", "长城"]))
    assert behind.embedded == ["长城", "熊猫", "竹子"]
    for one, other in ((first[0], again[2]), (first[1], again[0])):
        assert one.vector.tobytes() == other.vector.tobytes()
        assert one.tokens.tobytes() == other.tokens.tobytes()
        assert one.spans.tolist() == other.spans.tolist()


def test_what_comes_back_is_what_the_embedder_gave(tmp_path: Path) -> None:
    [fresh] = HashEmbedder().embed_passages(["长城 is long"])
    [kept] = CachedEmbedder(HashEmbedder(), tmp_path).embed_passages(["长城 is long"])
    assert kept.vector.tobytes() == fresh.vector.tobytes()
    assert kept.spans.tolist() == fresh.spans.tolist()
    assert np.einsum("td,td->t", kept.tokens, fresh.tokens).min() > 0.999


def test_another_context_or_model_is_another_embedding(tmp_path: Path) -> None:
    behind, other = HashEmbedder(), HashEmbedder(name="other")
    list(CachedEmbedder(behind, tmp_path).embed_passages(["长城"]))
    list(CachedEmbedder(behind, tmp_path).embed_passages(["长城"], ["明朝"]))
    list(CachedEmbedder(other, tmp_path).embed_passages(["长城"]))
    assert (behind.embedded, other.embedded) == (["长城", "长城"], ["长城"])


def test_more_passages_than_a_block_come_in_order(tmp_path: Path) -> None:
    texts = [f"第{number}段" for number in range(300)]
    behind = HashEmbedder()
    embeddings = list(CachedEmbedder(behind, tmp_path).embed_passages(texts))
    direct = list(HashEmbedder().embed_passages(texts))
    assert [e.vector.tobytes() for e in embeddings] == [e.vector.tobytes() for e in direct]
    assert behind.embedded == texts


def test_queries_name_and_dimension_are_those_of_the_embedder(tmp_path: Path) -> None:
    cached = CachedEmbedder(HashEmbedder("some", 16), tmp_path)
    assert (cached.name, cached.dimension) == ("some", 16)
    assert cached.embed_query("长城").vector.tobytes() == HashEmbedder("some", 16).embed_query("长城").vector.tobytes()
    assert not (tmp_path / "embeddings.sqlite").exists()


def test_a_file_that_is_no_database_is_reported_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "embeddings.sqlite").write_bytes(b"not a database at all" * 100)
    with pytest.raises(StoreError, match="Delete the file"):
        list(CachedEmbedder(HashEmbedder(), tmp_path).embed_passages(["长城"]))


def _embed_many(directory: Path, name: str) -> None:
    list(CachedEmbedder(HashEmbedder(), directory).embed_passages([f"{name}{n}" for n in range(200)]))


def _embed_for_ever(directory: Path) -> None:
    number = 0
    while True:
        list(CachedEmbedder(HashEmbedder(), directory).embed_passages([f"{number}-{n}" for n in range(40)]))
        number += 1


def test_processes_write_at_once_and_nothing_is_lost(tmp_path: Path) -> None:
    for worker in [_start(_embed_many, tmp_path, name) for name in ("a", "b")]:
        worker.join()
        assert worker.exitcode == 0
    behind = HashEmbedder()
    list(CachedEmbedder(behind, tmp_path).embed_passages([f"{name}{n}" for name in "ab" for n in range(200)]))
    assert behind.embedded == []


def test_a_killed_process_leaves_a_cache_that_opens_with_its_finished_blocks(tmp_path: Path) -> None:
    worker = _start(_embed_for_ever, tmp_path)
    while _rows(tmp_path) < 80:
        worker.join(0.05)
    worker.kill()
    worker.join()
    assert worker.exitcode == -signal.SIGKILL
    with sqlite3.connect(tmp_path / "embeddings.sqlite") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    behind = HashEmbedder()
    list(CachedEmbedder(behind, tmp_path).embed_passages([f"0-{n}" for n in range(40)]))
    assert behind.embedded == []


def _start(target: Callable[..., None], *arguments: object) -> multiprocessing.process.BaseProcess:
    worker = multiprocessing.get_context("spawn").Process(target=target, args=arguments)
    worker.start()
    return worker


def _rows(directory: Path) -> int:
    path = directory / "embeddings.sqlite"
    if not path.exists():
        return 0
    connection = sqlite3.connect(path, timeout=30)
    try:
        return int(connection.execute("SELECT count(*) FROM embeddings").fetchone()[0])
    except sqlite3.OperationalError:
        return 0
    finally:
        connection.close()
