"""Where the server listens, and what it says of that."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from rag.errors import ConfigError
from rag.web.server import address_of, listen
from tests.web.conftest import MakeSettings

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAM = """
from rag.config import Settings
from rag.web.backend import Backend
from rag.web.server import create_app, serve
from tests.fakes.engine import FakeEngine

settings = Settings.load()
serve(settings, create_app(settings, Backend(FakeEngine), page=False), lambda address: print(address, flush=True))
"""


def test_port_zero_is_told_as_the_port_that_the_system_gave(make_settings: MakeSettings) -> None:
    settings = make_settings(port=0, base_path="/bot")
    with listen(settings) as listening:
        port = listening.getsockname()[1]
        assert port > 0
        assert address_of(settings, listening) == f"http://127.0.0.1:{port}/bot/"
        socket.create_connection(("127.0.0.1", port), 5).close()


def test_an_address_of_the_newer_kind_is_written_in_brackets(make_settings: MakeSettings) -> None:
    settings = make_settings(port=0, host="::1")
    try:
        listening = listen(settings)
    except ConfigError:
        pytest.skip("this machine has no IPv6")
    with listening:
        assert re.fullmatch(r"http://\[::1\]:[1-9]\d*/", address_of(settings, listening))


def test_a_port_that_is_taken_is_a_matter_of_settings(make_settings: MakeSettings) -> None:
    with listen(make_settings(port=0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"127.0.0.1:{port}.*RAG_PORT"):
            listen(make_settings(port=port))


@pytest.mark.process
def test_the_address_that_is_announced_answers(tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RAG_")}
    settings = {"RAG_PORT": "0", "RAG_DATABASE_URL": f"sqlite:///{tmp_path / 'chat.sqlite'}", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", PROGRAM]
    with subprocess.Popen(command, env=kept | settings, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None
            address = running.stdout.readline().strip()
            assert ":0/" not in address
            assert httpx.get(f"{address}healthz", trust_env=False, timeout=30).status_code == 200
            running.send_signal(signal.SIGTERM)
            assert running.wait(15) == 0
        finally:
            running.kill()
