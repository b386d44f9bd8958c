"""Puts the web together: our own routes, the mounted Gradio page, the guard around both, and the server process.

Gradio is imported when the application is created, the engine's libraries after the first page has been served.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from starlette.exceptions import HTTPException

from rag.config import Settings
from rag.errors import ConfigError, RagError
from rag.web.admin import admin_router
from rag.web.allocator import limit_arenas
from rag.web.api import ask_router, description, health_router
from rag.web.asgi import App
from rag.web.backend import Backend
from rag.web.conversations import Conversations
from rag.web.database import open_database
from rag.web.feedback import Feedback
from rag.web.guard import Guard
from rag.web.library import Library
from rag.web.openai_api import openai_router
from rag.web.page_routes import page_router
from rag.web.page_shell import PageShell
from rag.web.refusals import Reason, Refusal, refusal_from
from rag.web.replies import error_body, error_headers
from rag.web.service import ChatService
from rag.web.telemetry import silence

_log = logging.getLogger(__name__)

STATIC = Path(__file__).parent / "static"
OPEN_AT_THE_LATEST = 1.5
EXPIRE_EVERY = 3600.0
SWITCH_SECONDS = 0.001
"""How long a thread may keep the others from running: an answer that is being checked, forty readers' tokens. With
Python's own 0.005 the readers' lag is twice to three times as long (``eval.bench.streams``); with 0.0001 nothing gets done."""
DRAIN_SECONDS = 10
QUEUE_LOOKS_EVERY = 0.02
"""Seconds. Gradio's queue looks for work every millisecond, which keeps an idle server at 5% of a core."""


def create_service(settings: Settings, backend: Backend) -> ChatService:
    """The chat service over the database of the settings. Raises ``ConfigError`` and ``StoreError``."""
    database = open_database(settings.database_url)
    return ChatService(backend, Conversations(database, settings.anonymous_days), Feedback(database), settings)


def create_app(
    settings: Settings, backend: Backend, library: Library | None = None, *, page: bool = True
) -> App:
    """The whole web application, guard outermost.

    ``library`` changes the index (upload, remove, re-index); without it the administrator's page only reads.
    ``page=False`` leaves the chat page, and Gradio, out: the APIs alone.

    Raises:
        ConfigError: a setting that concerns the web is malformed.
        StoreError: the conversation store cannot be opened.
    """
    silence()
    service = create_service(settings, backend)
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, lifespan=_lifespan(service))
    app.add_exception_handler(RagError, _on_rag_error)
    app.add_exception_handler(HTTPException, _on_http_error)
    public = [ask_router(service, settings), openai_router(service, settings), health_router(service)]
    routers = [*public, page_router(service, settings), _document_router(public, settings), _static_router()]
    if settings.admin_token is not None:
        routers.append(admin_router(service, settings, library))
    for router in routers:
        app.include_router(router, prefix=settings.base_path)
    handlers = _mount_page(app, settings, service) if page else 0
    return Guard(PageShell(app, settings), settings, served=backend.start, handlers=handlers)


def serve(settings: Settings, app: App, announce: Callable[[str], None] | None = None) -> None:
    """Listen until SIGINT or SIGTERM; answers in the making may end within ten seconds.

    ``announce`` is told the address once connections are taken. Raises ``ConfigError`` where it is not free.
    """
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=DRAIN_SECONDS,
        h11_max_incomplete_event_size=65_536,
    )
    sys.setswitchinterval(SWITCH_SECONDS)
    limit_arenas()
    with listen(settings) as listening:
        signal.signal(signal.SIGTERM, _leave)
        if announce is not None:
            announce(address_of(settings, listening))
        with suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listening])


def listen(settings: Settings) -> socket.socket:
    """A socket at the address of the settings; port 0 means any that is free. Raises ``ConfigError``."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family, backlog=2048)
    except OSError as error:
        place = f"{settings.host}:{settings.port}"
        raise ConfigError(f"Cannot listen at {place}: {error.strerror or error}. See RAG_HOST and RAG_PORT.") from error


def address_of(settings: Settings, listening: socket.socket) -> str:
    """Where the page is, with the port that the system gave."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{listening.getsockname()[1]}{settings.base_path}/"


def _leave(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)


def _mount_page(app: FastAPI, settings: Settings, service: ChatService) -> int:
    """Mount the chat page and its narrow form; how many events each knows."""
    import gradio

    from rag.web.page import build_page, page_options
    from rag.web.page_stream import Pacer

    pacer = Pacer()

    async def mount() -> int:
        for path, embed in (("/embed", True), ("/", False)):
            blocks = build_page(settings, service, embed=embed, pacer=pacer)
            blocks.has_launched = True  # switches on Gradio's own path check for mounted apps
            target = settings.base_path + path if embed or not settings.base_path else settings.base_path
            gradio.mount_gradio_app(app, blocks, target, **page_options())
        return len(blocks.fns)

    return asyncio.run(mount())  # without a running loop Gradio makes some of its own and never closes them


def _lifespan(service: ChatService) -> Callable[[FastAPI], Any]:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        backend = service.backend
        # Usually the first page starts it, so that importing the engine does not hold that page up.
        timer = asyncio.get_running_loop().call_later(OPEN_AT_THE_LATEST, backend.start)
        backend.watch()
        expiry = asyncio.create_task(_expire(service.conversations))
        try:
            yield
        finally:
            timer.cancel()
            expiry.cancel()
            backend.stop()
            await asyncio.gather(expiry, return_exceptions=True)

    return lifespan


async def _expire(conversations: Conversations) -> None:
    while True:
        await asyncio.sleep(EXPIRE_EVERY)
        try:
            removed = await asyncio.to_thread(conversations.expire)
        except Exception:  # noqa: BLE001 - the edge: the next hour tries again
            _log.exception("Old conversations could not be removed")
        else:
            _log.info("%d old conversations were removed", removed)


def _static_router() -> APIRouter:
    """Our own files under ``/static``, by name; the others there are Gradio's."""
    router = APIRouter()

    def add(path: str, file: Path) -> None:
        async def give() -> Response:
            return FileResponse(file)

        router.add_api_route(path, give, methods=["GET", "HEAD"], include_in_schema=False)

    for file in sorted(STATIC.iterdir()):
        if file.suffix in (".js", ".css", ".svg"):
            add(f"/static/{file.name}", file)
    add("/embed.js", STATIC / "embed.js")
    return router


def _document_router(routers: list[APIRouter], settings: Settings) -> APIRouter:
    router = APIRouter()
    document = description(routers, settings.base_path)

    @router.get("/api/openapi.json", include_in_schema=False)
    async def openapi() -> dict[str, Any]:
        return document

    return router


async def _on_rag_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RagError)
    if not isinstance(error, Refusal):
        _log.error("A request failed: %s: %s", type(error).__name__, error)
    refusal = refusal_from(error)
    return JSONResponse(error_body(refusal), refusal.status, error_headers(refusal))


async def _on_http_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    refusal = Refusal(Reason.NOT_FOUND if error.status_code == 404 else Reason.INVALID)
    return JSONResponse(error_body(refusal), error.status_code)
