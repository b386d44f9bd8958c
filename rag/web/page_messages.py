"""A conversation as the messages that the chat shows. Knows records and rendering, nothing of Gradio."""

from __future__ import annotations

from rag.errors import RagError
from rag.types import Document
from rag.web.records import Conversation, MessageState, Source, SourceState
from rag.web.render import Frame, Renderer
from rag.web.render_sources import Shelf
from rag.web.render_view import View, view_of
from rag.web.service import ChatService
from rag.web.texts import Language

MOST_TURNS = 20
"""Turns that the page shows; a page's cost grows with every one of them, an export has them all."""

Messages = list[dict[str, str]]


class PageMessages:
    """Renders conversations of ``service``."""

    def __init__(self, service: ChatService, renderer: Renderer, base_path: str = "") -> None:
        self._service = service
        self._renderer = renderer
        self._base_path = base_path

    def whole(self, conversation: Conversation, language: Language) -> Messages:
        """Every turn as it was kept; a question whose answer is still being ended counts as stopped."""
        shown = self._render(conversation, language, last=True)
        if shown and shown[-1]["role"] == "user":
            ended = View(state=MessageState.STOPPED, live=False)
            frame = Frame(_turns(conversation), language)
            shown.append(_message("assistant", self._renderer.answer(ended, frame, self.shelf(language))))
        return shown

    def before(self, conversation: Conversation, language: Language, *, without_last: bool = False) -> Messages:
        """The turns before a new one, or (``without_last``) before one that replaces the last."""
        return self._render(conversation, language, last=False, turns=_turns(conversation) - int(without_last))

    def live(self, before: Messages, question: str, view: View, turn: int, language: Language) -> Messages:
        """``before`` with a question and its answer so far."""
        answer = self._renderer.answer(view, Frame(turn, language), self.shelf(language))
        return [*before, _message("user", self._renderer.question(question, turn)), _message("assistant", answer)]

    def shelf(self, language: Language) -> Shelf:
        """What the index in service knows of documents, each looked up once."""
        documents: dict[str, Document | None] = {}

        def find(identifier: str) -> Document | None:
            if identifier not in documents:
                try:
                    documents[identifier] = self._service.document(identifier)
                except RagError:
                    documents[identifier] = None
            return documents[identifier]

        return Shelf(
            title=lambda identifier: document.title if (document := find(identifier)) else identifier,
            state=self._state,
            page=lambda identifier, offset: _page(find(identifier), offset),
            base_path=self._base_path,
            language=language,
        )

    def _state(self, source: Source) -> SourceState:
        try:
            return self._service.citation_state(source)
        except RagError:  # the index is not open: nothing is known, so nothing is claimed
            return SourceState.CURRENT

    def _render(
        self, conversation: Conversation, language: Language, *, last: bool, turns: int | None = None
    ) -> Messages:
        shelf = self.shelf(language)
        shown: Messages = []
        total = _turns(conversation) if turns is None else turns
        turn = 0
        for message in conversation.messages:
            turn += message.role == "user"
            if turn > total:
                break
            if turn <= total - MOST_TURNS:
                continue
            if message.role == "user":
                shown.append(_message("user", self._renderer.question(message.text, turn)))
                continue
            thumb = message.rating.thumb if message.rating else None
            frame = Frame(turn, language, last=last and turn == total, thumb=thumb)
            shown.append(_message("assistant", self._renderer.answer(view_of(message), frame, shelf)))
        return shown


def next_turn(conversation: Conversation, *, without_last: bool = False) -> int:
    """The number of a new turn, or of the one that replaces the last."""
    return max(1, _turns(conversation) + (0 if without_last else 1))


def _turns(conversation: Conversation) -> int:
    return sum(message.role == "user" for message in conversation.messages)


def _page(document: Document | None, offset: int) -> int | None:
    if document is None or "\f" not in document.text:
        return None
    return document.text.count("\f", 0, offset) + 1


def _message(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}
