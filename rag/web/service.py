"""The chat as the page and the API see it: conversations in, events out, everything kept.

History comes from our own store, never from the client. The page renders and words; this module knows neither
HTML nor HTTP.

How a reader uses it: ``conversation = service.create(user)`` once, then for each question
``async for event in service.stream(conversation, question, user=user)`` (or ``ask`` in a thread), and
``service.load(conversation, user).messages[-1]`` for what was kept: sources, state and the id to rate.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Sequence
from contextlib import closing
from typing import Literal

from rag.config import Settings
from rag.errors import RagError
from rag.events import Event
from rag.types import Document, Scope, Turn
from rag.web.backend import Answerer, Backend
from rag.web.conversations import Conversations, new_id, now
from rag.web.export import export_json, export_markdown
from rag.web.feedback import Feedback
from rag.web.hints import hinted_scope
from rag.web.identity import User
from rag.web.limits import Places, QuestionLimits, Turnstiles
from rag.web.questions import clean_question
from rag.web.recording import Recording
from rag.web.records import Conversation, Message, MessageState, Source, SourceState, Summary, Thumb
from rag.web.refusals import Reason, Refusal, refusal_from
from rag.web.streaming import Deliveries

_log = logging.getLogger(__name__)

MOST_CHARACTERS_OF_HISTORY = 12_000


class ChatService:
    """One instance serves every page and every API call, from many threads."""

    def __init__(
        self, backend: Backend, conversations: Conversations, feedback: Feedback, settings: Settings
    ) -> None:
        self.backend = backend
        self.conversations = conversations
        self.feedback = feedback
        self.settings = settings
        self._places = Places(settings.concurrency, settings.queue_size)
        self._limits = QuestionLimits(settings.questions_per_minute, settings.questions_per_day)
        self._site_limits = QuestionLimits(settings.site_questions_per_day, settings.site_questions_per_day)
        self._turns = Turnstiles()
        self._deliveries = Deliveries()

    # Conversations

    def create(self, user: User) -> str:
        """Begin a conversation of ``user``; the id is unguessable."""
        return self.conversations.create(user.id, anonymous=user.anonymous)

    def exists(self, conversation_id: str, user: User) -> bool:
        """Whether ``user`` has this conversation: false for another's, an expired or a made-up id."""
        return self.conversations.exists(conversation_id, user.id)

    def load(self, conversation_id: str, user: User) -> Conversation:
        """A conversation with its messages. Raises ``Refusal`` (not found)."""
        return self.conversations.load(conversation_id, user.id)

    def summaries(self, user: User, limit: int = 50) -> list[Summary]:
        """The user's conversations, newest first."""
        return self.conversations.summaries(user.id, limit)

    def rename(self, conversation_id: str, title: str, user: User) -> None:
        """Give it another title. Raises ``Refusal`` (not found)."""
        self.conversations.rename(conversation_id, title, user.id)

    def delete(self, conversation_id: str, user: User) -> None:
        """Delete it with everything in it. Raises ``Refusal`` (not found)."""
        self.conversations.delete(conversation_id, user.id)

    def export(self, conversation_id: str, format: Literal["md", "json"], user: User) -> str:
        """The conversation as Markdown or JSON, with numbered citations. Raises ``Refusal`` (not found)."""
        conversation = self.load(conversation_id, user)
        return export_markdown(conversation) if format == "md" else export_json(conversation)

    def rate(self, message_id: str, user: User, thumb: Thumb | None, reason: str = "") -> None:
        """Keep what ``user`` thought of an answer; None takes it back. Raises ``Refusal`` (not found)."""
        message = self.conversations.message(message_id, user.id)
        if message.role != "assistant":
            raise Refusal(Reason.INVALID, "Only answers can be rated.")
        self.feedback.rate(message_id, user.id, thumb, reason)

    # Documents

    def document(self, document_id: str) -> Document:
        """A document of the index in service. Raises ``Refusal`` (not found, not ready, unusable)."""
        try:
            return self.backend.engine().catalogue.document(document_id)
        except KeyError:
            raise Refusal(Reason.NOT_FOUND, "This document is no longer in the index.") from None
        except RagError as error:
            raise refusal_from(error) from error

    def citation_state(self, source: Source) -> SourceState:
        """What became of a cited passage: its document is the same, has changed there, or is gone."""
        try:
            document = self.backend.engine().catalogue.document(source.document_id)
        except KeyError:
            return SourceState.GONE
        except RagError as error:
            raise refusal_from(error) from error
        if document.sha256 == source.sha256 or source.quote in document.text:
            return SourceState.CURRENT
        return SourceState.CHANGED

    # Questions

    def stream(
        self,
        conversation_id: str,
        question: str,
        *,
        user: User,
        language: str | None = None,
        context: str | None = None,
        scope: Scope | None = None,
        replace_last: bool = False,
    ) -> AsyncIterator[Event]:
        """``ask`` in a thread of its own; closing the iterator (``aclose``) stops it from any event loop."""
        return self._deliveries.of(
            self.ask(
                conversation_id,
                question,
                user=user,
                language=language,
                context=context,
                scope=scope,
                replace_last=replace_last,
            )
        )

    def ask(
        self,
        conversation_id: str,
        question: str,
        *,
        user: User,
        language: str | None = None,
        context: str | None = None,
        scope: Scope | None = None,
        replace_last: bool = False,
    ) -> Generator[Event, None, Message]:
        """Answer ``question`` in a conversation and keep both; the generator's value is the kept answer.

        ``replace_last`` puts question and answer in the place of the last exchange (regenerate, edit). ``context``
        is the title of the page that the reader is on: a hint where to search, never an instruction. Closing the
        generator keeps what came so far, marked as stopped. Questions of one conversation are answered one after
        the other.

        Raises:
            Refusal: with a ``Reason``; where an answer had begun, its text so far is kept, marked as failed.
        """
        cleaned = clean_question(question, self.settings.max_question)
        if not self.exists(conversation_id, user):
            raise Refusal(Reason.NOT_FOUND)
        self.admit(user)
        with self._turns.of(conversation_id):
            self._places.enter()
            try:
                engine = self._engine()
                if replace_last:
                    self.conversations.drop_last_exchange(conversation_id, user.id)
                history = self._history(conversation_id, user)
                asked = Message(new_id(), conversation_id, "user", cleaned, now(), language or "")
                self.conversations.add(asked, user.id)
                chosen = scope or hinted_scope(cleaned, context, engine.catalogue)
                return (yield from self._answer(engine, asked, history, chosen, user))
            finally:
                self._places.leave()

    def regenerate(
        self, conversation_id: str, *, user: User, language: str | None = None, context: str | None = None
    ) -> Generator[Event, None, Message]:
        """Ask the last question again, in the place of its answer. Raises ``Refusal`` (not found)."""
        question = self.conversations.last_question(conversation_id, user.id)
        if not question:
            raise Refusal(Reason.NOT_FOUND, "There is no question to answer again.")
        return self.ask(
            conversation_id, question, user=user, language=language, context=context, replace_last=True
        )

    def answer_once(
        self, question: str, history: Sequence[Turn], *, user: User, scope: Scope | None = None
    ) -> Generator[Event, None, None]:
        """Answer outside any conversation, as the API does; the same limits, nothing is kept.

        Raises:
            Refusal: with a ``Reason``.
        """
        cleaned = clean_question(question, self.settings.max_question)
        self.admit(user)
        self._places.enter()
        try:
            with closing(self._engine().answer(cleaned, self._shortened(history), scope)) as events:
                yield from events
        except RagError as error:
            raise self._refuse(error) from error
        finally:
            self._places.leave()

    def stream_once(
        self, question: str, history: Sequence[Turn], *, user: User, scope: Scope | None = None
    ) -> AsyncGenerator[Event, None]:
        """``answer_once`` in a thread of its own; closing the iterator (``aclose``) stops it."""
        return self._deliveries.of(self.answer_once(question, history, user=user, scope=scope))

    def admit(self, user: User) -> None:
        """Count one question. Raises ``Refusal`` (identity required, rate limited)."""
        if user.anonymous and self.settings.require_identity:
            raise Refusal(Reason.IDENTITY)
        self._limits.spend(user.limit_key)
        if user.site:
            self._site_limits.spend(f"site:{user.site}")

    def _answer(
        self, engine: Answerer, asked: Message, history: Sequence[Turn], scope: Scope | None, user: User
    ) -> Generator[Event, None, Message]:
        recording = Recording(engine.catalogue.document)
        state, failure = MessageState.STOPPED, ""
        message: Message | None = None
        try:
            with closing(engine.answer(asked.text, history, scope)) as events:
                for event in events:
                    recording.add(event)
                    yield event
            state = MessageState.COMPLETE
        except RagError as error:
            refusal = self._refuse(error)
            state, failure = MessageState.FAILED, refusal.reason.value
            raise refusal from error
        except Exception as error:  # whatever it is, the answer so far is kept, marked as failed
            _log.exception("A question failed")
            state, failure = MessageState.FAILED, Reason.INTERNAL.value
            raise Refusal(Reason.INTERNAL) from error
        finally:
            message = self._keep(asked, recording, state, failure, user)
        return message

    def _keep(
        self, asked: Message, recording: Recording, state: MessageState, failure: str, user: User
    ) -> Message:
        message = Message(
            id=new_id(),
            conversation_id=asked.conversation_id,
            role="assistant",
            text=recording.text,
            created=now(),
            language=asked.language,
            state=state,
            failure=failure,
            answer=recording.answer,
            sources=recording.sources(),
            trace=recording.trace,
        )
        try:
            self.conversations.add(message, user.id)
        except Refusal as refusal:
            if refusal.reason is not Reason.NOT_FOUND:
                raise
            _log.info("A conversation was deleted while its answer was being written")
        return message

    def _engine(self) -> Answerer:
        try:
            return self.backend.engine(self.settings.ready_timeout)
        except RagError as error:
            raise self._refuse(error) from error

    @staticmethod
    def _refuse(error: RagError) -> Refusal:
        if not isinstance(error, Refusal):
            _log.error("A question failed: %s: %s", type(error).__name__, error)
        return refusal_from(error)

    def _history(self, conversation_id: str, user: User) -> list[Turn]:
        most = 2 * self.settings.history_exchanges
        return self._shortened(self.conversations.turns(conversation_id, user.id, most))

    def _shortened(self, history: Sequence[Turn]) -> list[Turn]:
        kept: list[Turn] = []
        room = MOST_CHARACTERS_OF_HISTORY
        for turn in reversed(history[-2 * self.settings.history_exchanges :]):
            room -= len(turn.text)
            if room < 0:
                break
            kept.append(turn)
        return kept[::-1]
