"""The JSON API: ask, export, health and its own description. One more fold over the engine's events."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from fastapi import APIRouter, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse, Response
from pydantic.json_schema import models_json_schema

import rag
from rag.config import Settings
from rag.errors import RagError
from rag.events import Answered, Event
from rag.serialise import event_to_dict
from rag.types import Scope
from rag.web.identity import User, user_of
from rag.web.refusals import Reason, Refusal, refusal_from
from rag.web.replies import error_body
from rag.web.schemas import AskBody, CompletionBody, HistoryItem, read, turns
from rag.web.service import ChatService
from rag.web.sse import EventStream, sse, unless_gone

Events = AsyncGenerator[Event, None]

_EXPORTS = {"md": ("text/markdown; charset=utf-8", "md"), "json": ("application/json", "json")}


class Keys:
    """Checks API keys in constant time. Without keys the API is open."""

    def __init__(self, settings: Settings) -> None:
        self._keys = tuple(key.get_secret_value().encode() for key in settings.api_keys)

    def caller(self, request: Request) -> User:
        """Who calls: the key's holder, or the guard's user where no key is needed. Raises ``Refusal`` (key)."""
        user = user_of(request.headers)
        if not self._keys:
            return user
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        key = given.strip().encode("utf-8", "replace")
        matches = [hmac.compare_digest(key, known) for known in self._keys]
        if scheme.lower() != "bearer" or not any(matches):
            raise Refusal(Reason.KEY)
        return User(f"key:{hashlib.sha256(key).hexdigest()[:16]}", user.address)


async def begin(events: Events) -> tuple[Event, Events]:
    """The first event and all of them again: what is refused is refused before a response has begun."""
    try:
        first = await anext(events)
    except StopAsyncIteration:
        raise Refusal(Reason.INTERNAL) from None

    async def again() -> Events:
        async with aclosing(events):
            yield first
            async for event in events:
                yield event

    return first, again()


async def last(events: Events) -> Answered:
    """The end of an answer."""
    async with aclosing(events):
        async for event in events:
            if isinstance(event, Answered):
                return event
    raise Refusal(Reason.INTERNAL)


def ask_router(service: ChatService, settings: Settings) -> APIRouter:
    """``POST /api/ask`` and the export of conversations."""
    router = APIRouter()
    keys = Keys(settings)

    @router.post("/api/ask", summary="Ask a question", openapi_extra=takes(AskBody), responses=_RESPONSES)
    async def ask(request: Request) -> Response:
        user = keys.caller(request)
        body = read(await request.body(), AskBody)
        scope = Scope(document_ids=tuple(body.documents), strict=True) if body.documents else None
        events = service.stream_once(body.question, turns(body.history), user=user, scope=scope)
        if not body.stream:
            return JSONResponse(event_to_dict(await unless_gone(request.receive, last(events))))
        _, all_events = await begin(events)
        return EventStream(_pieces(all_events))

    @router.get("/api/conversations/{conversation_id}/export", summary="A conversation as a file")
    def export(request: Request, conversation_id: str) -> Response:
        wanted = request.query_params.get("format", "md")
        if wanted not in _EXPORTS:
            raise Refusal(Reason.INVALID, "The format is md or json.")
        kind, ending = _EXPORTS[wanted]
        text = service.export(conversation_id, "md" if wanted == "md" else "json", user_of(request.headers))
        disposition = f'attachment; filename="zhiju-conversation.{ending}"'
        return Response(text, media_type=kind, headers={"content-disposition": disposition})

    return router


def health_router(service: ChatService) -> APIRouter:
    """``/healthz``: the process serves; ``/readyz``: questions are answered."""
    router = APIRouter()

    @router.get("/healthz", summary="The process serves")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @router.get("/readyz", summary="Questions are answered", responses={503: {"description": "Not yet, and why."}})
    async def readyz() -> JSONResponse:
        backend = service.backend
        if backend.ready:
            return JSONResponse({"status": "ready", "version": rag.__version__, "generation": backend.generation})
        error = backend.error
        reason = str(error) if isinstance(error, RagError) else "The index is being opened."
        return JSONResponse({"status": "not ready", "reason": reason}, 503, {"retry-after": "2"})

    return router


def description(routers: list[APIRouter], base_path: str) -> dict[str, Any]:
    """The OpenAPI document of our own routes."""
    routes = [route for router in routers for route in router.routes]
    document = get_openapi(
        title="Zhiju",
        version=rag.__version__,
        description="Question answering over your own documents, every sentence with its grounds.",
        routes=routes,
        servers=[{"url": base_path or "/"}],
    )
    models = [(model, "validation") for model in (AskBody, HistoryItem, CompletionBody)]
    _, schemas = models_json_schema(models, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
    document.setdefault("components", {}).setdefault("schemas", {}).update(schemas["$defs"])
    document["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    document["security"] = [{"key": []}, {}]
    return document


async def _pieces(events: Events) -> AsyncGenerator[bytes, None]:
    async with aclosing(events):
        try:
            async for event in events:
                record = event_to_dict(event)
                yield sse(record, record["event"])
        except RagError as error:
            yield sse({"event": "error", **error_body(refusal_from(error))}, "error")


def takes(model: type[AskBody] | type[CompletionBody]) -> dict[str, Any]:
    """The OpenAPI extra of a route that reads its body itself."""
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "Server-sent events, one an engine event, or the last one as JSON.", "content": {"text/event-stream": {}}},
    401: {"description": "An API key is needed."},
    413: {"description": "The body is too large."},
    422: {"description": "The question or the body is not valid."},
    429: {"description": "Too many questions; `Retry-After` says when."},
    503: {"description": "The index is not open, the model failed, or all places are taken."},
}
