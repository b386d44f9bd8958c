"""Fixtures of the browser tests: a server in a process of its own, one Chromium, a fresh profile a test."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

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
        variables = {k: v for k, v in os.environ.items() if not k.startswith("RAG_")} | self._environment
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", *self._arguments], cwd=ROOT, env=variables, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip()
        assert self.address, "the server did not start; its words stand above"
        self._environment["RAG_PORT"] = self.address.split(":")[2].split("/")[0]

    def kill(self) -> None:
        """End it without a word, as a power cut would."""
        self.process.kill()
        self.process.wait(10)
        if self.process.stdout is not None:
            self.process.stdout.close()


@pytest.fixture(scope="session")
def start_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartServer]:
    servers: list[Server] = []

    def start(*arguments: str, module: str = "tests.browser.serve", **settings: Any) -> Server:
        folder = tmp_path_factory.mktemp("server")
        environment = {
            "RAG_PORT": "0",
            "RAG_DATABASE_URL": f"sqlite:///{folder / 'chat.sqlite'}",
            "RAG_QUESTIONS_PER_MINUTE": "10000",
            "RAG_REQUESTS_PER_MINUTE": "100000",
            "GRADIO_ANALYTICS_ENABLED": "False",
            "HF_HUB_OFFLINE": "1",
        } | {f"RAG_{name.upper()}": str(value) for name, value in settings.items()}
        server = Server(["-m", module, *arguments], environment)
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.process.terminate()
    for server in servers:
        server.kill()


@pytest.fixture(scope="session")
def server(start_server: StartServer) -> Server:
    """The server that most tests share: scripted answers, generous limits, a wiki on ``localhost`` may frame it."""
    return start_server(embed_origins="http://localhost:*")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Ended with its module: while it runs, nothing else in this process can run an event loop."""
    path = find()
    if path is None:
        pytest.fail("No Chromium was found: run python tests/browser/install.py, or set CHROMIUM.")
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        environment = {**os.environ, "HOME": home}
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
        context.set_default_timeout(10_000)
        contexts.append(context)
        return new_chat(context, (at or server).address + path).open(query, ready=ready)

    yield open_
    for context in contexts:
        context.close()
