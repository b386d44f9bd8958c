"""Neither import, start, page nor answer reaches for another host: an audit of every socket in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent

PROBE = """
import json, sys, threading
reached = []
NEAR = {None, "", "127.0.0.1", "::1", "localhost", b"127.0.0.1", b"localhost", "0.0.0.0"}

def audit(event, arguments):
    if event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr") and arguments[0] not in NEAR:
        reached.append([event, str(arguments[0])])
    if event in ("socket.connect", "socket.sendto") and isinstance(arguments[1], tuple) and arguments[1][0] not in NEAR:
        reached.append([event, str(arguments[1][0])])
    if event in ("pickle.find_class",):
        reached.append([event, str(arguments)])

sys.addaudithook(audit)
from pathlib import Path
from rag.config import Settings
from rag.web.backend import Backend
from rag.web.server import create_app
from tests.web.conftest import LiveServer
from tests.web.page_client import GradioPage
import httpx

settings = Settings.load()
if sys.argv[1] == "real":
    from rag.assemble import open_engine
    from rag.build import build
    build(settings)
    backend = Backend(lambda: open_engine(settings).engine)
else:
    from tests.fakes.engine import FakeEngine
    backend = Backend(FakeEngine)
with LiveServer(create_app(settings, backend)) as server:
    with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", timeout=120, trust_env=False) as client:
        page = GradioPage(client)
        backend.engine(120)
        seen = page.ask("整机保修多久？")
        answer = client.post("/api/ask", json={"question": "整机保修多久？", "stream": False}).json()
for thread in threading.enumerate():
    if thread is not threading.main_thread():
        thread.join(0.2)  # whoever began in the background and is late
print(json.dumps({"reached": reached, "answer": answer, "page": json.dumps(seen, ensure_ascii=False)}))
"""


def run(kind: str, folder: Path) -> dict[str, object]:
    source = folder / "手册.md"
    source.write_text("# 保修\n\n整机保修两年。电池保修一年。\n\n# 充电\n\n充满需要三小时。\n", encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GRADIO_", "HF_", "RAG_"))}
    settings = {
        "RAG_DATABASE_URL": f"sqlite:///{folder / 'chat.sqlite'}",
        "RAG_INDEX_DIR": str(folder / "index"),
        "RAG_SOURCES": str(source),
        "RAG_LLM": "none",
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-W", "ignore", "-c", PROBE, kind]
    done = subprocess.run(command, env=kept | settings, cwd=folder, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.process
def test_nothing_leaves_the_host(tmp_path: Path) -> None:
    found = run("fake", tmp_path)
    assert found["reached"] == []
    assert "整机保修" in str(found["page"])


@pytest.mark.encoder
def test_nothing_leaves_the_host_with_the_real_engine(tmp_path: Path) -> None:
    found = run("real", tmp_path)
    assert found["reached"] == []
    answer = found["answer"]
    assert isinstance(answer, dict)
    assert answer["outcome"] == "answered"
    assert "两年" in answer["text"]
    text = (tmp_path / "手册.md").read_text(encoding="utf-8")
    for citation in answer["citations"]:
        assert citation["quote"] in text
    assert "两年" in str(found["page"])
