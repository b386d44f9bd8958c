"""The routes that the page calls beside Gradio's: the reader's conversations, ratings, whole documents.

For the page's own script, not an API: no keys, the reader's cookie says who asks.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rag.config import Settings
from rag.web.document_page import render_document
from rag.web.feedback import LONGEST_REASON
from rag.web.identity import user_of
from rag.web.records import Thumb
from rag.web.refusals import Reason, Refusal
from rag.web.service import ChatService
from rag.web.texts import language_of

_LONGEST_ID = 1024


class _Rating(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=False)

    message_id: Annotated[str, Field(min_length=1, max_length=64)]
    thumb: Thumb | None = None
    reason: Annotated[str, Field(max_length=LONGEST_REASON)] = ""


def page_router(service: ChatService, settings: Settings) -> APIRouter:
    """``/page/conversations``, ``/page/ratings`` and ``/documents``."""
    router = APIRouter(include_in_schema=False)

    @router.get("/page/conversations")
    def conversations(request: Request) -> JSONResponse:
        listed = service.summaries(user_of(request.headers))
        entries = [{"id": entry.id, "title": entry.title, "updated": entry.updated} for entry in listed]
        return JSONResponse({"conversations": entries})

    @router.delete("/page/conversations/{conversation_id}")
    def forget(request: Request, conversation_id: str) -> Response:
        service.delete(conversation_id, user_of(request.headers))
        return Response(status_code=204)

    @router.post("/page/ratings")
    async def rate(request: Request) -> Response:
        try:
            rating = _Rating.model_validate_json(await request.body())
        except ValidationError:
            raise Refusal(Reason.INVALID) from None
        service.rate(rating.message_id, user_of(request.headers), rating.thumb, rating.reason)
        return Response(status_code=204)

    @router.get("/documents")
    def document(request: Request, id: str = "", start: str = "", end: str = "") -> HTMLResponse:
        if settings.require_identity and user_of(request.headers).anonymous:
            raise Refusal(Reason.IDENTITY)
        found = service.document(id[:_LONGEST_ID])
        language = language_of(dict(request.query_params), request.headers.get("accept-language", ""))
        html = render_document(found, _offset(start), _offset(end), language, base_path=settings.base_path)
        return HTMLResponse(html)

    return router


def _offset(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 12 else None
