"""The conversation store: who asked what, what was answered, on what grounds.

Every method takes the owner and touches only what belongs to them: another's conversation does not exist. A
conversation made without an owner (a browser that refuses cookies) belongs to whoever knows its id, which is
unguessable. Safe to use from many threads.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Connection, Engine, and_, delete, func, insert, or_, select, update
from sqlalchemy.engine import Row

from rag.errors import StoreError
from rag.types import Answer, Turn
from rag.web import database as db
from rag.web.records import Conversation, Message, MessageState, Rating, Source, Summary, Thumb, Trace
from rag.web.refusals import Reason, Refusal

TITLE_LENGTH = 60

_ANSWER: TypeAdapter[Answer | None] = TypeAdapter(Answer | None)
_SOURCES: TypeAdapter[tuple[Source, ...]] = TypeAdapter(tuple[Source, ...])
_TRACE: TypeAdapter[Trace] = TypeAdapter(Trace)


def now() -> str:
    """The time now, ISO 8601 in UTC with microseconds: sorts as text."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def new_id() -> str:
    """An id that nobody guesses: 256 random bits, safe in an address."""
    return secrets.token_urlsafe(32)


class Conversations:
    """Conversations and their messages in a database.

    Args:
        engine: from ``rag.web.database.open_database``.
        anonymous_days: how long a conversation of an unknown visitor is kept after its last message.
    """

    def __init__(self, engine: Engine, anonymous_days: int = 30) -> None:
        self._engine = engine
        self._anonymous_days = anonymous_days

    def create(self, owner: str, *, anonymous: bool = True) -> str:
        """Begin a conversation and return its id."""
        conversation_id, moment = new_id(), now()
        with db.writing(self._engine) as connection:
            connection.execute(
                insert(db.conversations).values(
                    id=conversation_id, owner=owner, anonymous=anonymous, title="", created=moment, updated=moment
                )
            )
        return conversation_id

    def summaries(self, owner: str, limit: int = 50) -> list[Summary]:
        """The owner's conversations that have a message, newest first. Without an owner there are none."""
        if not owner:
            return []
        table = db.conversations
        query = (
            select(table.c.id, table.c.title, table.c.created, table.c.updated)
            .where(table.c.owner == owner, table.c.title != "")
            .order_by(table.c.updated.desc(), table.c.id)
            .limit(limit)
        )
        with db.reading(self._engine) as connection:
            return [Summary(*row) for row in connection.execute(query)]

    def load(self, conversation_id: str, owner: str) -> Conversation:
        """A conversation with all its messages. Raises ``Refusal`` (not found) unless it is the owner's."""
        with db.reading(self._engine) as connection:
            row = self._owned(connection, conversation_id, owner)
            messages = self._messages(connection, conversation_id)
        return Conversation(row.id, row.title, row.created, row.updated, tuple(messages))

    def exists(self, conversation_id: str, owner: str) -> bool:
        """Whether the owner has such a conversation."""
        try:
            with db.reading(self._engine) as connection:
                self._owned(connection, conversation_id, owner)
        except Refusal as refusal:
            if refusal.reason is not Reason.NOT_FOUND:
                raise
            return False
        return True

    def message(self, message_id: str, owner: str) -> Message:
        """One message. Raises ``Refusal`` (not found) unless its conversation is the owner's."""
        with db.reading(self._engine) as connection:
            query = select(db.messages.c.conversation_id).where(db.messages.c.id == message_id)
            conversation_id = connection.scalar(query)
            if conversation_id is None:
                raise Refusal(Reason.NOT_FOUND)
            self._owned(connection, conversation_id, owner)
            return next(m for m in self._messages(connection, conversation_id) if m.id == message_id)

    def rename(self, conversation_id: str, title: str, owner: str) -> None:
        """Give a conversation another title (cut to 60 characters)."""
        with db.writing(self._engine) as connection:
            self._owned(connection, conversation_id, owner)
            where = db.conversations.c.id == conversation_id
            connection.execute(update(db.conversations).where(where).values(title=_title(title)))

    def delete(self, conversation_id: str, owner: str) -> None:
        """Delete a conversation with its messages and their ratings."""
        with db.writing(self._engine) as connection:
            self._owned(connection, conversation_id, owner)
            connection.execute(delete(db.conversations).where(db.conversations.c.id == conversation_id))

    def add(self, message: Message, owner: str) -> None:
        """Append a message. The first question names the conversation."""
        table = db.messages
        with db.writing(self._engine) as connection:
            row = self._owned(connection, message.conversation_id, owner, alone=True)
            last = func.coalesce(func.max(table.c.position), 0)
            position = select(last + 1).where(table.c.conversation_id == message.conversation_id)
            connection.execute(insert(table).values(position=position.scalar_subquery(), **_values(message)))
            title = row.title or (_title(message.text) if message.role == "user" else "")
            where = db.conversations.c.id == message.conversation_id
            connection.execute(update(db.conversations).where(where).values(updated=message.created, title=title))

    def drop_last_exchange(self, conversation_id: str, owner: str) -> str:
        """Remove the last question with its answer and return the question; empty when there was none."""
        table = db.messages
        with db.writing(self._engine) as connection:
            self._owned(connection, conversation_id, owner)
            last = (
                select(table.c.position, table.c.text)
                .where(table.c.conversation_id == conversation_id, table.c.role == "user")
                .order_by(table.c.position.desc())
                .limit(1)
            )
            row = connection.execute(last).first()
            if row is None:
                return ""
            after = and_(table.c.conversation_id == conversation_id, table.c.position >= row.position)
            connection.execute(delete(table).where(after))
            return str(row.text)

    def turns(self, conversation_id: str, owner: str, limit: int) -> list[Turn]:
        """What was said last, oldest first, at most ``limit`` messages; neither answers' traces nor empty ones."""
        table = db.messages
        query = (
            select(table.c.role, table.c.text)
            .where(table.c.conversation_id == conversation_id, table.c.text != "")
            .order_by(table.c.position.desc())
            .limit(limit)
        )
        with db.reading(self._engine) as connection:
            self._owned(connection, conversation_id, owner)
            return [Turn(role, text) for role, text in reversed(connection.execute(query).all())]

    def last_question(self, conversation_id: str, owner: str) -> str:
        """The last question of a conversation; empty when there is none."""
        questions = [m.text for m in self.load(conversation_id, owner).messages if m.role == "user"]
        return questions[-1] if questions else ""

    def expire(self) -> int:
        """Delete what unknown visitors left longer ago than is kept, and empty conversations of last week."""
        table = db.conversations
        old = (datetime.now(UTC) - timedelta(days=self._anonymous_days)).isoformat(timespec="microseconds")
        stale = (datetime.now(UTC) - timedelta(days=7)).isoformat(timespec="microseconds")
        outdated = and_(table.c.anonymous.is_(True), table.c.updated < old)
        empty = and_(table.c.title == "", table.c.updated < stale)
        with db.writing(self._engine) as connection:
            return connection.execute(delete(table).where(or_(outdated, empty))).rowcount

    def _owned(
        self, connection: Connection, conversation_id: str, owner: str, *, alone: bool = False
    ) -> Row[*tuple[Any, ...]]:
        """The conversation's row; ``alone`` until the transaction ends (SQLite has one writer anyway)."""
        table = db.conversations
        query = select(table.c.id, table.c.title, table.c.created, table.c.updated).where(
            table.c.id == conversation_id, or_(table.c.owner == owner, table.c.owner == "")
        )
        row = connection.execute(query.with_for_update() if alone else query).first()
        if row is None:
            raise Refusal(Reason.NOT_FOUND)
        return row

    def _messages(self, connection: Connection, conversation_id: str) -> list[Message]:
        rated = db.messages.outerjoin(db.feedback, db.feedback.c.message_id == db.messages.c.id)
        rating = (db.feedback.c.thumb, db.feedback.c.reason, db.feedback.c.created.label("rated"))
        query = (
            select(*db.messages.c, *rating)
            .select_from(rated)
            .where(db.messages.c.conversation_id == conversation_id)
            .order_by(db.messages.c.position)
        )
        return [read_message(row) for row in connection.execute(query)]


def read_message(row: Row[*tuple[Any, ...]]) -> Message:
    """A message from its row, joined with its rating."""
    try:
        return Message(
            id=row.id,
            conversation_id=row.conversation_id,
            role=row.role,
            text=row.text,
            created=row.created,
            language=row.language,
            state=MessageState(row.state),
            failure=row.failure,
            answer=_ANSWER.validate_json(row.answer),
            sources=_SOURCES.validate_json(row.sources),
            trace=_TRACE.validate_json(row.trace),
            rating=Rating(Thumb(row.thumb), row.reason, row.rated) if row.thumb else None,
        )
    except ValidationError as error:
        raise StoreError(f"Message {row.id} of the conversation store cannot be read.") from error


def _values(message: Message) -> dict[str, str]:
    return {
        "id": message.id,
        "conversation_id": message.conversation_id,
        "role": message.role,
        "text": message.text,
        "created": message.created,
        "language": message.language,
        "state": message.state.value,
        "failure": message.failure,
        "answer": _ANSWER.dump_json(message.answer).decode(),
        "sources": _SOURCES.dump_json(message.sources).decode(),
        "trace": _TRACE.dump_json(message.trace).decode(),
    }


def _title(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= TITLE_LENGTH else line[: TITLE_LENGTH - 1] + "…"
