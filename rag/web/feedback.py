"""What readers thought of answers, and how a bad one becomes an evaluation case."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, and_, delete, insert, select

from rag.web import database as db
from rag.web.conversations import now, read_message
from rag.web.records import Message, Thumb
from rag.web.refusals import Reason, Refusal

LONGEST_REASON = 2000


@dataclass(frozen=True, slots=True)
class Rated:
    """A rated answer with its question and what was said before it."""

    owner: str
    question: str
    history: tuple[Message, ...]
    message: Message


class Feedback:
    """Ratings in the conversation store's database. Whose message it is, the caller has checked."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def rate(self, message_id: str, owner: str, thumb: Thumb | None, reason: str = "") -> None:
        """Keep one rating a message, the last; None removes it."""
        with db.writing(self._engine) as connection:
            connection.execute(delete(db.feedback).where(db.feedback.c.message_id == message_id))
            if thumb is not None:
                connection.execute(
                    insert(db.feedback).values(
                        message_id=message_id,
                        owner=owner,
                        thumb=thumb.value,
                        reason=reason[:LONGEST_REASON],
                        created=now(),
                    )
                )

    def rated(self, thumb: Thumb | None = None, limit: int = 200) -> list[Rated]:
        """Rated answers, the latest first."""
        query = select(db.feedback.c.message_id).order_by(db.feedback.c.created.desc()).limit(limit)
        if thumb is not None:
            query = query.where(db.feedback.c.thumb == thumb.value)
        with db.reading(self._engine) as connection:
            return [self.one(message_id) for message_id in connection.scalars(query).all()]

    def one(self, message_id: str) -> Rated:
        """One rated answer. Raises ``Refusal`` (not found)."""
        rated = db.messages.join(db.feedback, db.feedback.c.message_id == db.messages.c.id)
        columns = (
            *db.messages.c,
            db.feedback.c.thumb,
            db.feedback.c.reason,
            db.feedback.c.created.label("rated"),
            db.feedback.c.owner,
        )
        query = select(*columns).select_from(rated).where(db.messages.c.id == message_id)
        with db.reading(self._engine) as connection:
            row = connection.execute(query).first()
            if row is None:
                raise Refusal(Reason.NOT_FOUND)
            before = self._before(row.conversation_id, row.position)
        question = next((m.text for m in reversed(before) if m.role == "user"), "")
        history = before[:-1] if before and before[-1].role == "user" else before
        return Rated(row.owner, question, tuple(history), read_message(row))

    def _before(self, conversation_id: str, position: int) -> list[Message]:
        rated = db.messages.outerjoin(db.feedback, db.feedback.c.message_id == db.messages.c.id)
        columns = (*db.messages.c, db.feedback.c.thumb, db.feedback.c.reason, db.feedback.c.created.label("rated"))
        earlier = and_(db.messages.c.conversation_id == conversation_id, db.messages.c.position < position)
        query = select(*columns).select_from(rated).where(earlier).order_by(db.messages.c.position)
        with db.reading(self._engine) as connection:
            return [read_message(row) for row in connection.execute(query)]


def evaluation_case(rated: Rated) -> dict[str, Any]:
    """A case for the evaluator from a rated answer: question, history, and what was shown, to be corrected.

    The gold fields are left to a person: what was shown is what the reader complained of.
    """
    message = rated.message
    return {
        "id": f"feedback-{message.id[:12]}",
        "question": rated.question,
        "history": [{"role": turn.role, "text": turn.text} for turn in rated.history],
        "reason": message.rating.reason if message.rating else "",
        "shown": {
            "text": message.text,
            "outcome": message.answer.outcome.value if message.answer else message.state.value,
            "citations": [
                {
                    "marker": source.marker,
                    "document_id": source.document_id,
                    "sha256": source.sha256,
                    "start": source.start,
                    "end": source.end,
                    "quote": source.quote,
                    "verdict": source.verdict.value,
                }
                for source in message.sources
            ],
        },
    }
