"""Fixtures of the web's tests: settings without an environment, databases, a service, a live server on a free port."""

from __future__ import annotations

import importlib.util
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from sqlalchemy import URL, Engine

from rag.config import Settings
from rag.web.asgi import App
from rag.web.backend import Answerer, Backend
from rag.web.conversations import Conversations
from rag.web.database import open_database
from rag.web.feedback import Feedback
from rag.web.identity import User
from rag.web.library import Library
from rag.web.server import create_app
from rag.web.service import ChatService
from tests.fakes.engine import FakeEngine
from tests.web import postgres

ADMIN_TOKEN = "a-token-for-the-administrator"
EMBED_SECRET = "0123456789abcdef0123456789abcdef"
ANNE = User("visitor:anne", "10.0.0.1")
BEN = User("visitor:ben", "10.0.0.2")

MakeSettings = Callable[..., Settings]
MakeService = Callable[..., ChatService]
Live = Callable[..., httpx.Client]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[URL]:
    """A PostgreSQL server: the one that the environment names, or one of our own."""
    if importlib.util.find_spec("psycopg") is None:
        pytest.skip(postgres.MISSING)
    if (address := postgres.named()) is not None:
        yield address
        return
    if (folder := postgres.binaries()) is None:
        pytest.skip(postgres.MISSING)
    with postgres.cluster(folder) as address:
        yield address


@pytest.fixture
def postgres_url(postgres_server: URL) -> Iterator[str]:
    """The URL of an empty place in PostgreSQL."""
    with postgres.schema(postgres_server, f"zhiju_{secrets.token_hex(6)}") as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database of each kind that is supported."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'deep' / 'chat.sqlite'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Engine]:
    """An empty database of each kind."""
    engine = open_database(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def make_settings(tmp_path: Path) -> MakeSettings:
    def make(**values: Any) -> Settings:
        folders = {"upload_dir": tmp_path / "uploads", "index_dir": tmp_path / "index"}
        database = f"sqlite:///{tmp_path / 'chat.sqlite'}"
        return Settings.load({}, **{"database_url": database, "ready_timeout": 5.0, **folders, **values})

    return make


def opened(engine: Answerer) -> Backend:
    backend = Backend(lambda: engine)
    backend.reload()
    return backend


@pytest.fixture
def make_service(make_settings: MakeSettings) -> Iterator[MakeService]:
    databases = []

    def make(engine: Answerer | None = None, *, backend: Backend | None = None, **values: Any) -> ChatService:
        settings = make_settings(**values)
        database = open_database(settings.database_url)
        databases.append(database)
        conversations = Conversations(database, settings.anonymous_days)
        return ChatService(backend or opened(engine or FakeEngine()), conversations, Feedback(database), settings)

    yield make
    for database in databases:
        database.dispose()


class LiveServer:
    """A real uvicorn on a free port of the loopback."""

    def __init__(self, app: App) -> None:
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        config = uvicorn.Config(
            app, log_level="error", access_log=False, proxy_headers=False, timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)

    def __enter__(self) -> LiveServer:
        self._thread.start()
        until = time.monotonic() + 30
        while not self._server.started and time.monotonic() < until:
            time.sleep(0.02)
        assert self._server.started
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(10)
        self._socket.close()


@pytest.fixture
def live(make_settings: MakeSettings) -> Iterator[Live]:
    """Start a server for an engine and settings; gives a client whose base address is the server's."""
    running: list[tuple[LiveServer, httpx.Client]] = []

    def start(
        engine: Answerer | None = None,
        *,
        backend: Backend | None = None,
        library: Library | None = None,
        headers: dict[str, str] | None = None,
        page: bool = False,
        **values: Any,
    ) -> httpx.Client:
        settings = make_settings(**values)
        app = create_app(settings, backend or opened(engine or FakeEngine()), library, page=page)
        server = LiveServer(app).__enter__()
        base = f"http://127.0.0.1:{server.port}{settings.base_path}"
        client = httpx.Client(base_url=base, timeout=60, headers=headers, trust_env=False)
        running.append((server, client))
        return client

    yield start
    for server, client in running:
        client.close()
        server.__exit__()
