"""What happens on the page's events: a question, a stop, a conversation opened, a greeting.

Takes the reader's identity and language from each request and everything else from the chat service; a client's
own idea of the history is never read.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import gradio as gr

from rag.config import Settings
from rag.errors import RagError
from rag.web import request_id
from rag.web.identity import User, user_of
from rag.web.page_messages import PageMessages, next_turn
from rag.web.page_stream import Pacer
from rag.web.page_welcome import render_opening, render_unusable, render_welcome
from rag.web.records import Conversation
from rag.web.refusals import Refusal, refusal_from
from rag.web.render import Renderer, failure_words
from rag.web.render_view import View
from rag.web.request_id import naming
from rag.web.service import ChatService
from rag.web.texts import Language, language_of, say

_CONTEXT_LENGTH = 200
_OPENING_PATIENCE = 600.0
_STOP_PATIENCE = 3.0
_LOOK_AGAIN = 0.3

REPLACE, OPENED = "replace", "opened"
"""Modes of a page: the next question takes the place of the last one; a conversation has just been opened."""

Picture = tuple[Any, Any, Any, Any]
"""Messages, question field, conversation id, mode: the outputs of every event but the greeting."""
_UNHEARD: Picture = (gr.skip(), gr.skip(), gr.skip(), gr.skip())


@dataclass(slots=True)
class _Running:
    """An answer in the making. ``left``: the reader has opened another conversation and must not see it."""

    stop: asyncio.Event = field(default_factory=asyncio.Event)
    left: bool = False


class PageHandlers:
    """The handlers of the page's events."""

    def __init__(self, settings: Settings, service: ChatService, pacer: Pacer) -> None:
        self._settings = settings
        self._service = service
        self._pacer = pacer
        self._messages = PageMessages(service, Renderer(settings.link_hosts), settings.base_path)
        self._running: dict[str, _Running] = {}

    async def ask(
        self, question: str, conversation_id: str, mode: str, request: gr.Request
    ) -> AsyncGenerator[Picture, None]:
        """Answer ``question``; with ``mode`` ``REPLACE`` it takes the place of the last one.

        A page that is not quite alive sends None: nothing is done, and the page sends again.
        """
        if not isinstance(question, str):
            yield _UNHEARD
            return
        language, user = _language(request), user_of(request.headers)
        running = self._running[str(request.session_hash)] = _Running()
        conversation: Conversation | None = None
        try:
            conversation = await asyncio.to_thread(self._conversation, conversation_id, user)
            pictures = self._pictures(conversation, question, user, language, request, running, mode == REPLACE)
            async with aclosing(pictures):
                async for picture in pictures:
                    yield picture
        except RagError as error:
            refusal = refusal_from(error)
            kept = await asyncio.to_thread(self._load, conversation.id if conversation else "", user)
            yield self._after_refusal(refusal, conversation, kept, question, mode, language)
        else:
            if not running.left:
                kept = await self._settled(conversation.id, user)
                yield self._messages.whole(kept, language) if kept else [], gr.skip(), conversation.id, gr.skip()
        finally:
            if self._running.get(str(request.session_hash)) is running:
                del self._running[str(request.session_hash)]

    async def _pictures(
        self,
        conversation: Conversation,
        question: str,
        user: User,
        language: Language,
        request: gr.Request,
        running: _Running,
        replace: bool,
    ) -> AsyncGenerator[Picture, None]:
        turn = next_turn(conversation, without_last=replace)
        before = await asyncio.to_thread(self._messages.before, conversation, language, without_last=replace)
        yield self._messages.live(before, question, View(), turn, language), "", conversation.id, ""
        with naming(request.headers.get(request_id.HEADER, "")):  # the queue's task knows nothing of it
            events = self._service.stream(
                conversation.id,
                question,
                user=user,
                language=language,
                context=_context(request),
                replace_last=replace,
            )
        views = self._pacer.paced(events, running.stop)
        async with aclosing(views):
            async for view in views:
                messages = self._messages.live(before, question, view, turn, language)
                yield messages, gr.skip(), gr.skip(), gr.skip()

    def stop(self, request: gr.Request) -> None:
        """End the answer that is being made for this page; ``ask`` then shows what was kept of it."""
        running = self._running.get(str(request.session_hash))
        if running is not None:
            running.stop.set()

    async def open(self, conversation_id: str, request: gr.Request) -> Picture:
        """A conversation as it was kept; an empty one for an id that is not the reader's. Says so by its mode.

        A page that is not quite alive sends None: nothing is done, and the page asks again.
        """
        if not isinstance(conversation_id, str):
            return _UNHEARD
        language, user = _language(request), user_of(request.headers)
        running = self._running.get(str(request.session_hash))
        if running is not None:
            running.left = True
            running.stop.set()
        kept = await asyncio.to_thread(self._load, conversation_id, user)
        if kept is None:
            return [], gr.skip(), "", OPENED
        return await asyncio.to_thread(self._messages.whole, kept, language), gr.skip(), kept.id, OPENED

    async def greet(self, request: gr.Request) -> AsyncGenerator[str, None]:
        """What an empty conversation shows, while the index opens and then."""
        language, backend = _language(request), self._service.backend
        deadline = asyncio.get_running_loop().time() + _OPENING_PATIENCE
        if not backend.ready:
            yield render_opening(language)
        while not backend.ready and backend.error is None and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(_LOOK_AGAIN)
        if not backend.ready:
            yield render_unusable(language)
            return
        catalogue = backend.engine().catalogue
        yield await asyncio.to_thread(
            render_welcome, catalogue, language, uses_model=self._settings.uses_model
        )

    def _conversation(self, conversation_id: str, user: User) -> Conversation:
        """The reader's conversation, or a new one where there is none of this id."""
        return self._load(conversation_id, user) or self._service.load(self._service.create(user), user)

    def _load(self, conversation_id: str, user: User) -> Conversation | None:
        if not isinstance(conversation_id, str) or not self._service.exists(conversation_id, user):
            return None
        return self._service.load(conversation_id, user)

    async def _settled(self, conversation_id: str, user: User) -> Conversation | None:
        """A conversation once its last answer is kept: one that was stopped takes a moment to end."""
        deadline = asyncio.get_running_loop().time() + _STOP_PATIENCE
        while True:
            kept = await asyncio.to_thread(self._load, conversation_id, user)
            answered = kept is None or not kept.messages or kept.messages[-1].role == "assistant"
            if answered or asyncio.get_running_loop().time() > deadline:
                return kept
            await asyncio.sleep(_LOOK_AGAIN / 3)

    def _after_refusal(
        self,
        refusal: Refusal,
        before: Conversation | None,
        kept: Conversation | None,
        question: str,
        mode: str,
        language: Language,
    ) -> Picture:
        """An answer that broke off stands as it was kept; a question that was not served is given back."""
        messages = self._messages.whole(kept, language) if kept else []
        identifier = kept.id if kept else ""
        if kept and kept.messages and (before is None or kept.messages[-1:] != before.messages[-1:]):
            return messages, gr.skip(), identifier, gr.skip()
        gr.Warning(
            failure_words(refusal.reason.value, language, limit=refusal.limit, seconds=refusal.retry_after),
            title=say(language, "product"),
        )
        return messages, question, identifier, mode


def _language(request: gr.Request) -> Language:
    return language_of(dict(request.query_params), request.headers.get("accept-language", ""))


def _context(request: gr.Request) -> str | None:
    """The title of the page around a frame: a hint where to search, and no more."""
    return str(request.query_params.get("ctx", ""))[:_CONTEXT_LENGTH] or None
