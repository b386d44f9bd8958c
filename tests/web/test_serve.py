"""The server process: it ends politely."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

pytestmark = pytest.mark.process

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAM = """
import sys
from rag.config import Settings
from rag.web.backend import Backend
from rag.web.server import create_app, serve
from tests.fakes.engine import FakeEngine

settings = Settings.load()
serve(settings, create_app(settings, Backend(lambda: FakeEngine(delay=0.2)), page=False))
"""


@pytest.fixture
def process(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RAG_")}
    settings = {"RAG_PORT": str(port), "RAG_DATABASE_URL": f"sqlite:///{tmp_path / 'chat.sqlite'}", "PYTHONPATH": str(ROOT)}
    running = subprocess.Popen([sys.executable, "-c", PROGRAM], env=kept | settings, cwd=tmp_path)
    base = f"http://127.0.0.1:{port}"
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            if httpx.get(f"{base}/readyz", trust_env=False).status_code == 200:
                break
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    yield running, base
    running.kill()
    running.wait(10)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_it_with_zero(process: tuple[subprocess.Popen[bytes], str], number: signal.Signals) -> None:
    running, _ = process
    running.send_signal(number)
    assert running.wait(15) == 0


def test_answer_in_the_making_may_end(process: tuple[subprocess.Popen[bytes], str]) -> None:
    running, base = process
    names: list[str] = []
    with httpx.stream("POST", f"{base}/api/ask", json={"question": "保修？"}, timeout=30, trust_env=False) as reply:
        for line in reply.iter_lines():
            if line.startswith("data: "):
                names.append(json.loads(line.removeprefix("data: "))["event"])
                if len(names) == 1:
                    running.send_signal(signal.SIGTERM)
    assert names[-1] == "answered"
    assert running.wait(15) == 0
