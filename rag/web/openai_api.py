"""The OpenAI-compatible API, so that other chat clients can sit in front.

The last user message is the question, those before it the history; system messages and sampling parameters have
no effect. Citations come in the field ``zhiju`` of the completion (or of the last chunk of a stream): an extension
that other clients ignore.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from rag.config import Settings
from rag.errors import RagError
from rag.events import Answered, Token
from rag.serialise import answer_to_dict
from rag.types import Answer, Turn
from rag.web.api import Events, Keys, begin, last, takes
from rag.web.conversations import new_id
from rag.web.refusals import Reason, Refusal, refusal_from
from rag.web.replies import error_body
from rag.web.schemas import CompletionBody, read
from rag.web.service import ChatService
from rag.web.sse import EventStream, sse, unless_gone

MODEL = "zhiju"


def openai_router(service: ChatService, settings: Settings) -> APIRouter:
    """``POST /v1/chat/completions`` and ``GET /v1/models``."""
    router = APIRouter()
    keys = Keys(settings)

    @router.post("/v1/chat/completions", summary="OpenAI-compatible chat", openapi_extra=takes(CompletionBody))
    async def complete(request: Request) -> Response:
        user = keys.caller(request)
        body = read(await request.body(), CompletionBody)
        question, history = _question(body)
        events = service.stream_once(question, history, user=user)
        head = {"id": f"chatcmpl-{new_id()[:24]}", "created": int(time.time()), "model": MODEL}
        if body.stream:
            _, all_events = await begin(events)
            return EventStream(_chunks(all_events, head))
        answered = await unless_gone(request.receive, last(events))
        return JSONResponse(_completion(answered.answer, head))

    @router.get("/v1/models", summary="The one model there is")
    async def models(request: Request) -> dict[str, Any]:
        keys.caller(request)
        return {"object": "list", "data": [{"id": MODEL, "object": "model", "created": 0, "owned_by": "zhiju"}]}

    return router


def _question(body: CompletionBody) -> tuple[str, list[Turn]]:
    said = [Turn(message.role, message.text) for message in body.messages if message.role in ("user", "assistant")]
    if not said or said[-1].role != "user":
        raise Refusal(Reason.INVALID, "messages: the last one must be the user's.")
    return said[-1].text, said[:-1]


def _completion(answer: Answer, head: dict[str, Any]) -> dict[str, Any]:
    message = {"role": "assistant", "content": answer.text}
    return {
        **head,
        "object": "chat.completion",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
        "zhiju": _extension(answer),
    }


def _extension(answer: Answer) -> dict[str, Any]:
    record = answer_to_dict(answer)
    return {name: value for name, value in record.items() if name != "text"}


def _chunk(head: dict[str, Any], delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {**head, "object": "chat.completion.chunk", "choices": [choice]}


async def _chunks(events: Events, head: dict[str, Any]) -> AsyncGenerator[bytes, None]:
    async with aclosing(events):
        yield sse(_chunk(head, {"role": "assistant", "content": ""}))
        try:
            async for event in events:
                if isinstance(event, Token):
                    yield sse(_chunk(head, {"content": event.text}))
                elif isinstance(event, Answered):
                    yield sse({**_chunk(head, {}, "stop"), "zhiju": _extension(event.answer)})
        except RagError as error:
            yield sse(error_body(refusal_from(error)))
        yield sse("[DONE]")
