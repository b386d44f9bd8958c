"""The tables of the conversation store, in SQLite or PostgreSQL.

Knows columns and connections, nothing of what conversations mean.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Engine,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    event,
    insert,
    select,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from rag.errors import ConfigError, StoreError

SCHEMA_VERSION = 1

metadata = MetaData()

schema_version = Table("schema_version", metadata, Column("version", Integer, primary_key=True))

conversations = Table(
    "conversations",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("owner", String(300), nullable=False),
    Column("anonymous", Boolean, nullable=False),
    Column("title", Text, nullable=False),
    Column("created", String(32), nullable=False),
    Column("updated", String(32), nullable=False),
    Index("conversations_by_owner", "owner", "updated"),
    Index("conversations_by_age", "anonymous", "updated"),
)

messages = Table(
    "messages",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("conversation_id", ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("role", String(16), nullable=False),
    Column("text", Text, nullable=False),
    Column("created", String(32), nullable=False),
    Column("language", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("failure", String(64), nullable=False),
    Column("answer", Text, nullable=False),
    Column("sources", Text, nullable=False),
    Column("trace", Text, nullable=False),
    Index("messages_in_order", "conversation_id", "position", unique=True),
)

feedback = Table(
    "feedback",
    metadata,
    Column("message_id", ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True),
    Column("owner", String(300), nullable=False),
    Column("thumb", String(8), nullable=False),
    Column("reason", Text, nullable=False),
    Column("created", String(32), nullable=False),
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
        metadata.create_all(engine)
        with engine.begin() as connection:
            version = connection.scalar(select(schema_version.c.version))
            if version is None:
                connection.execute(insert(schema_version).values(version=SCHEMA_VERSION))
    except SQLAlchemyError as error:
        raise StoreError(f"The database {_shown(url)} cannot be opened: check RAG_DATABASE_URL.") from error
    if version is not None and version != SCHEMA_VERSION:
        raise StoreError(
            f"The database {_shown(url)} has schema {version}, this version knows {SCHEMA_VERSION}: "
            "use the version of Zhiju that wrote it, or another RAG_DATABASE_URL."
        )
    return engine


def _shown(url: str) -> str:
    return make_url(url).render_as_string(hide_password=True)


def _connect(url: str) -> Engine:
    try:
        parsed = make_url(url)
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        if not parsed.drivername.startswith("sqlite"):
            return create_engine(parsed, pool_pre_ping=True, pool_size=10, max_overflow=10)
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
