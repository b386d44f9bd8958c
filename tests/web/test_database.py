"""What the two kinds of database do differently: starting at once, writing at once, odd characters, lost connections."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, create_engine, func, select, text

from rag.errors import ConfigError, StoreError
from rag.types import Turn
from rag.web import database as db
from rag.web.conversations import Conversations, new_id, now
from rag.web.database import open_database
from rag.web.feedback import Feedback
from rag.web.identity import User
from rag.web.records import Message, MessageState, Thumb
from rag.web.refusals import Reason, Refusal
from tests.fakes import finish
from tests.fakes.engine import FakeEngine
from tests.web.conftest import ANNE, MakeService


@pytest.fixture
def store(database: Engine) -> Conversations:
    return Conversations(database)


def question(conversation_id: str, words: str) -> Message:
    return Message(new_id(), conversation_id, "user", words, now(), "zh")


def test_servers_that_start_at_once_make_the_tables_once(database_url: str) -> None:
    with ThreadPoolExecutor(6) as pool:
        engines = list(pool.map(open_database, [database_url] * 6))
    with engines[0].connect() as connection:
        assert connection.execute(select(db.schema_version.c.version)).scalars().all() == [db.SCHEMA_VERSION]
    for engine in engines:
        engine.dispose()


def test_many_who_write_to_one_conversation_lose_nothing(store: Conversations) -> None:
    conversation_id = store.create("visitor:anne")
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda n: store.add(question(conversation_id, str(n)), "visitor:anne"), range(60)))
    messages = store.load(conversation_id, "visitor:anne").messages
    assert sorted(int(m.text) for m in messages) == list(range(60))


@pytest.mark.parametrize("odd", ["a\x00b", "a\ud800b", "😀" * 3, "‮abc", "' OR 1=1 --", "%s {x} \\"])
def test_odd_characters_are_kept_or_left_out_and_never_a_failure(
    database: Engine, store: Conversations, odd: str
) -> None:
    kept = odd.replace("\x00", "").replace("\ud800", "\ufffd")
    conversation_id = store.create("visitor:anne")
    store.add(question(conversation_id, odd), "visitor:anne")
    answered = Message(new_id(), conversation_id, "assistant", odd, now(), state=MessageState.STOPPED)
    store.add(answered, "visitor:anne")
    Feedback(database).rate(answered.id, "visitor:anne", Thumb.DOWN, odd)
    loaded = store.load(conversation_id, "visitor:anne")
    assert [m.text for m in loaded.messages] == [kept, kept]
    assert loaded.messages[1].rating is not None and loaded.messages[1].rating.reason == kept
    assert store.turns(conversation_id, "visitor:anne", 9) == [Turn("user", kept), Turn("assistant", kept)]
    store.rename(conversation_id, odd, "visitor:anne")
    assert store.summaries("visitor:anne")[0].title == " ".join(kept.split())


@pytest.mark.parametrize("odd", ["\x00", "\ud800", "x" * 70_000, "' OR 1=1 --"])
def test_odd_names_are_nobody_s(store: Conversations, odd: str) -> None:
    conversation_id = store.create("visitor:anne")
    assert not store.exists(odd, "visitor:anne")
    assert not store.exists(conversation_id, odd)
    assert store.summaries(odd) == []
    with pytest.raises(Refusal) as caught:
        store.message(odd, "visitor:anne")
    assert caught.value.reason is Reason.NOT_FOUND


def test_the_longest_name_of_a_signed_user_is_kept(store: Conversations) -> None:
    owner = "user:" + "名" * 256
    conversation_id = store.create(owner, anonymous=False)
    assert store.exists(conversation_id, owner)


def test_fifty_questions_of_fifty_readers_at_once_are_all_kept(make_service: MakeService, database_url: str) -> None:
    limits = {"concurrency": 8, "queue_size": 64, "questions_per_minute": 1000}
    service = make_service(FakeEngine(delay=0.001), database_url=database_url, **limits)
    readers = [User(f"visitor:{n}", f"10.0.0.{n}") for n in range(50)]

    def ask(reader: User) -> int:
        conversation_id = service.create(reader)
        finish(service.ask(conversation_id, "保修多久？", user=reader))
        return len(service.load(conversation_id, reader).messages)

    with ThreadPoolExecutor(50) as pool:
        assert list(pool.map(ask, readers)) == [2] * 50


def test_a_connection_that_the_server_ended_is_replaced(postgres_url: str) -> None:
    engine = open_database(postgres_url)
    store = Conversations(engine)
    conversation_id = store.create("visitor:anne")
    with engine.connect() as connection:
        number = connection.scalar(select(func.pg_backend_pid()))
    other = create_engine(engine.url)
    with other.connect() as connection:
        assert connection.scalar(select(func.pg_terminate_backend(number)))
    other.dispose()
    assert store.exists(conversation_id, "visitor:anne")
    engine.dispose()


def test_a_database_that_fails_is_told_without_its_words(make_service: MakeService, database_url: str) -> None:
    service = make_service(database_url=database_url)
    conversation_id = service.create(ANNE)
    with service.conversations._engine.begin() as connection:
        for table in ("feedback", "messages", "conversations"):
            connection.execute(text(f"ALTER TABLE {table} RENAME TO gone_{table}"))
    actions: list[Callable[[], object]] = [
        lambda: service.load(conversation_id, ANNE),
        lambda: service.create(ANNE),
        lambda: service.feedback.rated(),
        lambda: finish(service.ask(conversation_id, "保修多久？", user=ANNE)),
    ]
    for action in actions:
        with pytest.raises(Refusal) as caught:
            action()
        assert (caught.value.reason, str(caught.value)) == (Reason.INTERNAL, "Something went wrong. The log names the cause.")


def test_an_address_where_nobody_listens_is_named_without_its_password() -> None:
    if importlib.util.find_spec("psycopg") is None:
        with pytest.raises(ConfigError, match="zhiju\\[postgres\\]"):
            open_database("postgresql://anne:secret@127.0.0.1:1/chat")
    else:
        with pytest.raises(StoreError, match=r"postgresql://anne:\*\*\*@127.0.0.1:1/chat"):
            open_database("postgresql://anne:secret@127.0.0.1:1/chat")
