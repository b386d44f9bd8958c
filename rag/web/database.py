"""The tables of the conversation store, in SQLite or PostgreSQL.

Knows columns and connections, nothing of what conversations mean.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Dialect,
    Engine,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    create_engine,
    event,
    func,
    insert,
    select,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from rag.errors import ConfigError, StoreError
from rag.web.refusals import Reason, Refusal

_log = logging.getLogger(__name__)

SCHEMA_VERSION = 1
_SURROGATE = re.compile("[\ud800-\udfff]")
_CREATION_LOCK = 0x7A68696A75
"""An advisory lock of PostgreSQL, known by its number only: "zhiju"."""
_CONNECTS_WITHIN = 10
"""Seconds."""

metadata = MetaData()


class Words(TypeDecorator[str]):
    """Text that every database takes: without NUL, which PostgreSQL refuses, and lone surrogates, which none encodes."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """What is sent for ``value``, in a row or in a comparison."""
        return None if value is None else _SURROGATE.sub("\ufffd", value).replace("\x00", "")


schema_version = Table("schema_version", metadata, Column("version", Integer, primary_key=True))

conversations = Table(
    "conversations",
    metadata,
    Column("id", Words, primary_key=True),
    Column("owner", Words, nullable=False),
    Column("anonymous", Boolean, nullable=False),
    Column("title", Words, nullable=False),
    Column("created", Words, nullable=False),
    Column("updated", Words, nullable=False),
    Index("conversations_by_owner", "owner", "updated"),
    Index("conversations_by_age", "anonymous", "updated"),
)

messages = Table(
    "messages",
    metadata,
    Column("id", Words, primary_key=True),
    Column("conversation_id", ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("role", Words, nullable=False),
    Column("text", Words, nullable=False),
    Column("created", Words, nullable=False),
    Column("language", Words, nullable=False),
    Column("state", Words, nullable=False),
    Column("failure", Words, nullable=False),
    Column("answer", Words, nullable=False),
    Column("sources", Words, nullable=False),
    Column("trace", Words, nullable=False),
    Index("messages_in_order", "conversation_id", "position", unique=True),
)

feedback = Table(
    "feedback",
    metadata,
    Column("message_id", ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True),
    Column("owner", Words, nullable=False),
    Column("thumb", Words, nullable=False),
    Column("reason", Words, nullable=False),
    Column("created", Words, nullable=False),
    Index("feedback_by_age", "created"),
)


def open_database(url: str) -> Engine:
    """Open the database at ``url``, creating folder and tables when they are missing.

    Raises:
        ConfigError: the URL is malformed or its driver is not installed.
        StoreError: the database cannot be opened, or a later version of Zhiju wrote it.
    """
    engine = _connect(url)
    try:
        version = _prepare(engine)
    except SQLAlchemyError as error:
        engine.dispose()
        raise StoreError(f"The database {_shown(url)} cannot be opened: check RAG_DATABASE_URL.") from error
    if version != SCHEMA_VERSION:
        engine.dispose()
        raise StoreError(
            f"The database {_shown(url)} has schema {version}, this version knows {SCHEMA_VERSION}: "
            "use the version of Zhiju that wrote it, or another RAG_DATABASE_URL."
        )
    return engine


def _prepare(engine: Engine) -> int:
    """Create what is missing; the version of the schema."""
    with engine.begin() as connection:  # of servers that start at once one creates the tables
        if engine.dialect.name == "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(_CREATION_LOCK)))
        else:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        metadata.create_all(connection)
        version = connection.scalar(select(schema_version.c.version))
        if version is None:
            connection.execute(insert(schema_version).values(version=SCHEMA_VERSION))
    return SCHEMA_VERSION if version is None else int(version)


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection to read by. Raises ``Refusal`` (internal) when the database fails; the log names the cause."""
    with _told(engine), engine.connect() as connection:
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction, kept when the block ends well. Raises ``Refusal`` as ``reading`` does."""
    with _told(engine), engine.begin() as connection:
        yield connection


@contextmanager
def _told(engine: Engine) -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or error  # without the statement's values: they are the readers' words
        _log.error("The database %s failed: %s", engine.url.render_as_string(hide_password=True), cause)
        raise Refusal(Reason.INTERNAL, retry_after=5) from error


def _shown(url: str) -> str:
    return make_url(url).render_as_string(hide_password=True)


def _connect(url: str) -> Engine:
    try:
        parsed = make_url(url)
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        if not parsed.drivername.startswith("sqlite"):
            within = {"connect_timeout": _CONNECTS_WITHIN} if "connect_timeout" not in parsed.query else {}
            return create_engine(parsed, pool_pre_ping=True, pool_size=10, max_overflow=10, connect_args=within)
        if parsed.database in (None, "", ":memory:"):
            alone = {"pool_size": 1, "max_overflow": 0, "connect_args": {"check_same_thread": False}}
            engine = create_engine(parsed, poolclass=QueuePool, **alone)
        else:
            Path(str(parsed.database)).parent.mkdir(parents=True, exist_ok=True)
            engine = create_engine(parsed, connect_args={"timeout": 30})
    except (ArgumentError, NoSuchModuleError) as error:
        raise ConfigError("RAG_DATABASE_URL must be sqlite:///PATH or postgresql://USER@HOST/NAME.") from error
    except ModuleNotFoundError as error:
        raise ConfigError("PostgreSQL needs its driver: pip install 'zhiju[postgres]'.") from error
    except OSError as error:
        raise StoreError(f"The folder of {_shown(url)} cannot be created.") from error
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()
