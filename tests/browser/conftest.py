"""Fixtures of the browser tests: a server in a process of its own, one Chromium, a fresh profile a test."""

from __future__ import annotations

import os
import queue
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from filelock import FileLock
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.chat import Chat, new_chat
from tests.browser.install import find

ROOT = Path(__file__).resolve().parents[2]
FLAGS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
    "--disable-gpu",
]

expect.set_options(timeout=30_000)  # a machine that runs several browsers at once is slow, not wrong

STARTS_WITHIN = 480.0
"""Seconds: the real one indexes the seeds first."""

StartServer = Callable[..., "Server"]
OpenChat = Callable[..., Chat]


class Server:
    """A server process. ``address`` ends with a slash."""

    def __init__(self, arguments: list[str], environment: dict[str, str]) -> None:
        self._environment = environment
        self._arguments = arguments
        self.address = ""
        self.start()

    def start(self) -> None:
        """Start, again on the same port if it ran before."""
        self.told: deque[str] = deque(maxlen=200)
        heard: queue.Queue[str] = queue.Queue()
        variables = {k: v for k, v in os.environ.items() if not k.startswith("RAG_")} | self._environment
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-W", "ignore", *self._arguments], cwd=ROOT, env=variables,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        threading.Thread(target=self._listen, args=(self.process, heard), daemon=True).start()
        try:
            self.address = heard.get(timeout=STARTS_WITHIN)
        except queue.Empty:
            self.address = ""
        if not self.address or not self._listens():
            pytest.fail("The server did not start: " + "".join(self.told))
        self._environment["RAG_PORT"] = self.address.split(":")[2].split("/")[0]

    def _listen(self, process: subprocess.Popen[str], heard: queue.Queue[str]) -> None:
        """Read what the server says, so that it never has to wait for a reader; its address is in the first line."""
        assert process.stdout is not None
        for line in process.stdout:
            self.told.append(line)
            found = re.search(r"http://[\w.:/-]+", line)
            if found:
                heard.put(found[0])
        heard.put("")
        process.stdout.close()

    def _listens(self) -> bool:
        """Wait until connections are taken: the address is told a moment before."""
        host, port = urlsplit(self.address).hostname, urlsplit(self.address).port
        deadline = time.monotonic() + 60
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                socket.create_connection((host or "", port or 0), 1).close()
                return True
            except OSError:
                time.sleep(0.05)
        return False

    def kill(self) -> None:
        """End it without a word, as a power cut would."""
        self.process.kill()
        self.process.wait(10)


def free_port() -> int:
    """A port that nobody listens on, for a server that must be told one."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def _starter(folders: pytest.TempPathFactory) -> Iterator[StartServer]:
    servers: list[Server] = []

    def start(*arguments: str, command: Sequence[str] = ("-m", "tests.browser.serve"), **settings: Any) -> Server:
        environment = {
            "RAG_PORT": "0",
            "RAG_DATABASE_URL": f"sqlite:///{folders.mktemp('server') / 'chat.sqlite'}",
            "RAG_QUESTIONS_PER_MINUTE": "10000",
            "RAG_REQUESTS_PER_MINUTE": "100000",
            "GRADIO_ANALYTICS_ENABLED": "False",
            "HF_HUB_OFFLINE": "1",
        } | {f"RAG_{name.upper()}": str(value) for name, value in settings.items()}
        server = Server([*command, *arguments], environment)
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.kill()


@pytest.fixture
def start_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartServer]:
    """Start servers that end with the test; keywords are settings."""
    yield from _starter(tmp_path_factory)


@pytest.fixture(scope="session")
def start_lasting_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartServer]:
    """Start servers that end with the whole run."""
    yield from _starter(tmp_path_factory)


@pytest.fixture(scope="session")
def server(start_lasting_server: StartServer) -> Server:
    """The server that most tests share: scripted answers, generous limits, a wiki on ``localhost`` may frame it."""
    return start_lasting_server(embed_origins="http://localhost:*")


@pytest.fixture(scope="session")
def seeds_index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The index of the seeds, built with the real encoder, one for all processes of a run.

    ``ZHIJU_TEST_INDEX`` names one that stands already, to save the building.
    """
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    index = Path(os.environ.get("ZHIJU_TEST_INDEX", shared / "product" / "index"))
    index.parent.mkdir(exist_ok=True)
    with FileLock(index.with_suffix(".lock")):
        if not (index / "CURRENT").exists():
            subprocess.run([sys.executable, "-m", "rag", "index", "--index", str(index)], cwd=ROOT, check=True)
    return index


def _product(start: StartServer, index: Path, **settings: Any) -> Server:
    """The product itself, as ``make run`` starts it: ``app.py`` over the seeds, with the real encoder."""
    given = {"port": free_port(), "index_dir": index, "upload_dir": index.with_name("uploads"), "llm": "none"}
    server = start(command=("app.py",), **given | settings)
    ready(server)
    return server


@pytest.fixture(scope="session")
def real_server(start_lasting_server: StartServer, seeds_index: Path) -> Server:
    """The product without a language model; a wiki on ``localhost`` may frame it."""
    return _product(start_lasting_server, seeds_index, embed_origins="http://localhost:*")


@pytest.fixture(scope="session")
def start_product(start_lasting_server: StartServer, seeds_index: Path) -> StartServer:
    """Start the product over the index that stands, for the whole run; keywords are settings."""
    return lambda **settings: _product(start_lasting_server, seeds_index, **settings)


def ready(server: Server) -> None:
    """Wait until the index of ``server`` is open."""
    deadline = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(server.address + "readyz", timeout=10):
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail("The index was not opened: " + "".join(server.told))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Ended with its module: while it runs, nothing else in this process can run an event loop."""
    path = find()
    if path is None:
        pytest.fail("No Chromium was found: run python tests/browser/install.py, or set CHROMIUM.")
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        environment: dict[str, str | float | bool] = {**os.environ, "HOME": home}
        running = playwright.chromium.launch(executable_path=path, args=FLAGS, env=environment)
        yield running
        running.close()


@pytest.fixture
def open_chat(browser: Browser, server: Server) -> Iterator[OpenChat]:
    """Open the chat in a fresh profile; keywords are Playwright's for a context."""
    contexts = []

    def open_(
        query: str = "",
        *,
        at: Server | None = None,
        ready: bool = True,
        width: int = 1280,
        height: int = 800,
        path: str = "",
        **options: Any,
    ) -> Chat:
        options = {"locale": "zh-CN", "viewport": {"width": width, "height": height}} | options
        context = browser.new_context(**options)
        context.set_default_timeout(30_000)
        contexts.append(context)
        return new_chat(context, (at or server).address + path).open(query, ready=ready)

    yield open_
    for context in contexts:
        context.close()
