"""The conversation store: owners, order, round trips, expiry."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from sqlalchemy import Engine, insert, update

from rag.errors import ConfigError, StoreError
from rag.types import Action, Evidence, Plan, Verdict
from rag.web import database as db
from rag.web.conversations import Conversations, new_id, now
from rag.web.database import open_database
from rag.web.feedback import Feedback, evaluation_case
from rag.web.records import Message, MessageState, Ranking, Source, Thumb, Trace
from rag.web.refusals import Reason, Refusal
from tests.fakes.engine import QUOTE, answer, chunk


@pytest.fixture
def store(database: Engine) -> Conversations:
    return Conversations(database, anonymous_days=30)


def question(conversation_id: str, text: str) -> Message:
    return Message(new_id(), conversation_id, "user", text, now(), "zh")


def reply(conversation_id: str) -> Message:
    source = Source(
        1, "guide.md", "产品手册", "保修", "guide.md", "2026-05-01", "ab" * 32, QUOTE, 6, 13, QUOTE, 6, Verdict.SUPPORTED
    )
    trace = Trace(
        (Plan(Action.RETRIEVE, ("保修",), round=1, question="保修"),),
        (Ranking("保修", "sparse", ("guide.md#1",), (0.5,)),),
        (Evidence(1, chunk(), 0.9),),
    )
    return Message(
        new_id(), conversation_id, "assistant", "整机保修两年。[1]", now(), answer=answer(), sources=(source,), trace=trace
    )


def test_answer_sources_and_trace_come_back_as_they_were_kept(store: Conversations) -> None:
    conversation_id = store.create("visitor:anne")
    asked, answered = question(conversation_id, "保修多久？"), reply(conversation_id)
    store.add(asked, "visitor:anne")
    store.add(answered, "visitor:anne")
    loaded = store.load(conversation_id, "visitor:anne")
    assert loaded.title == "保修多久？"
    assert loaded.messages == (asked, answered)


def test_conversations_survive_reopening(database_url: str) -> None:
    first = open_database(database_url)
    conversation_id = Conversations(first).create("visitor:anne")
    Conversations(first).add(question(conversation_id, "在吗？"), "visitor:anne")
    first.dispose()
    second = open_database(database_url)
    assert [m.text for m in Conversations(second).load(conversation_id, "visitor:anne").messages] == ["在吗？"]
    second.dispose()


def test_ids_are_long_and_different(store: Conversations) -> None:
    ids = {store.create("visitor:anne") for _ in range(50)}
    assert len(ids) == 50
    assert all(len(one) == 43 for one in ids)


def test_another_owner_finds_nothing(store: Conversations) -> None:
    conversation_id = store.create("user:anne", anonymous=False)
    message = question(conversation_id, "秘密")
    store.add(message, "user:anne")
    for action in (
        lambda: store.load(conversation_id, "user:ben"),
        lambda: store.load(conversation_id, ""),
        lambda: store.rename(conversation_id, "x", "user:ben"),
        lambda: store.delete(conversation_id, "user:ben"),
        lambda: store.message(message.id, "user:ben"),
        lambda: store.add(question(conversation_id, "x"), "user:ben"),
        lambda: store.drop_last_exchange(conversation_id, "user:ben"),
    ):
        with pytest.raises(Refusal) as caught:
            action()
        assert caught.value.reason is Reason.NOT_FOUND
    assert not store.exists(conversation_id, "user:ben")
    assert [m.text for m in store.load(conversation_id, "user:anne").messages] == ["秘密"]


def test_conversation_without_owner_belongs_to_whoever_knows_its_id(store: Conversations) -> None:
    conversation_id = store.create("")
    store.add(question(conversation_id, "你好"), "visitor:anne")
    assert store.exists(conversation_id, "")
    assert store.summaries("") == []


def test_list_has_the_newest_first_and_leaves_out_empty_ones(store: Conversations) -> None:
    old, empty, new = (store.create("visitor:anne") for _ in range(3))
    store.add(question(old, "旧"), "visitor:anne")
    store.add(question(new, "新"), "visitor:anne")
    assert [s.id for s in store.summaries("visitor:anne")] == [new, old]
    assert store.exists(empty, "visitor:anne")
    store.add(question(old, "又"), "visitor:anne")
    assert [s.title for s in store.summaries("visitor:anne")] == ["旧", "新"]


def test_long_titles_are_cut_and_can_be_changed(store: Conversations) -> None:
    conversation_id = store.create("visitor:anne")
    store.add(question(conversation_id, "很" * 100), "visitor:anne")
    assert store.load(conversation_id, "visitor:anne").title == "很" * 59 + "…"
    store.rename(conversation_id, "  保修\n问题 ", "visitor:anne")
    assert store.summaries("visitor:anne")[0].title == "保修 问题"


def test_dropping_the_last_exchange_gives_back_its_question(store: Conversations) -> None:
    conversation_id = store.create("visitor:anne")
    for text in ("一", "二"):
        store.add(question(conversation_id, text), "visitor:anne")
        store.add(reply(conversation_id), "visitor:anne")
    assert store.drop_last_exchange(conversation_id, "visitor:anne") == "二"
    assert [m.role for m in store.load(conversation_id, "visitor:anne").messages] == ["user", "assistant"]
    assert store.last_question(conversation_id, "visitor:anne") == "一"


def test_deleting_takes_messages_and_ratings_along(database: Engine, store: Conversations) -> None:
    conversation_id = store.create("visitor:anne")
    answered = reply(conversation_id)
    store.add(answered, "visitor:anne")
    Feedback(database).rate(answered.id, "visitor:anne", Thumb.DOWN, "错")
    store.delete(conversation_id, "visitor:anne")
    assert Feedback(database).rated() == []
    with pytest.raises(Refusal):
        store.message(answered.id, "visitor:anne")


def test_expiry_spares_signed_users_and_recent_visitors(database: Engine, store: Conversations) -> None:
    old_visitor = store.create("visitor:anne")
    old_user = store.create("user:anne", anonymous=False)
    recent = store.create("visitor:ben")
    for conversation_id, owner in ((old_visitor, "visitor:anne"), (old_user, "user:anne"), (recent, "visitor:ben")):
        store.add(question(conversation_id, "在吗"), owner)
    with database.begin() as connection:
        aged = db.conversations.c.id.in_([old_visitor, old_user])
        connection.execute(update(db.conversations).where(aged).values(updated="2020-01-01T00:00:00.000000+00:00"))
    assert store.expire() == 1
    assert not store.exists(old_visitor, "visitor:anne")
    assert store.exists(old_user, "user:anne")
    assert store.exists(recent, "visitor:ben")


def test_many_threads_append_without_losing_a_message(store: Conversations) -> None:
    ids = [store.create(f"visitor:{n}") for n in range(8)]

    def fill(owner: str, conversation_id: str) -> None:
        for n in range(10):
            store.add(question(conversation_id, str(n)), owner)

    threads = [threading.Thread(target=fill, args=(f"visitor:{n}", one)) for n, one in enumerate(ids)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for n, one in enumerate(ids):
        assert [m.text for m in store.load(one, f"visitor:{n}").messages] == [str(k) for k in range(10)]


def test_rating_is_kept_with_the_message_and_the_last_one_counts(database: Engine, store: Conversations) -> None:
    conversation_id = store.create("visitor:anne")
    store.add(question(conversation_id, "保修多久？"), "visitor:anne")
    answered = reply(conversation_id)
    store.add(answered, "visitor:anne")
    feedback = Feedback(database)
    feedback.rate(answered.id, "visitor:anne", Thumb.UP)
    feedback.rate(answered.id, "visitor:anne", Thumb.DOWN, "引用不对")
    rating = store.message(answered.id, "visitor:anne").rating
    assert rating is not None
    assert (rating.thumb, rating.reason) == (Thumb.DOWN, "引用不对")
    feedback.rate(answered.id, "visitor:anne", None)
    assert store.message(answered.id, "visitor:anne").rating is None


def test_thumbs_down_becomes_an_evaluation_case(database: Engine, store: Conversations) -> None:
    conversation_id = store.create("visitor:anne")
    store.add(question(conversation_id, "你好"), "visitor:anne")
    store.add(replace(reply(conversation_id), text="您好"), "visitor:anne")
    store.add(question(conversation_id, "保修多久？"), "visitor:anne")
    answered = reply(conversation_id)
    store.add(answered, "visitor:anne")
    feedback = Feedback(database)
    feedback.rate(answered.id, "visitor:anne", Thumb.DOWN, "不全")
    case = evaluation_case(feedback.rated(Thumb.DOWN)[0])
    assert case["question"] == "保修多久？"
    assert case["history"] == [{"role": "user", "text": "你好"}, {"role": "assistant", "text": "您好"}]
    assert case["reason"] == "不全"
    assert case["shown"]["citations"][0]["quote"] == QUOTE
    assert feedback.rated(Thumb.UP) == []


def test_stopped_and_failed_answers_keep_their_state(store: Conversations) -> None:
    conversation_id = store.create("visitor:anne")
    stopped = replace(reply(conversation_id), answer=None, state=MessageState.STOPPED, text="整机")
    failed = replace(reply(conversation_id), answer=None, state=MessageState.FAILED, failure="model_failed", text="")
    for message in (stopped, failed):
        store.add(message, "visitor:anne")
    assert store.load(conversation_id, "visitor:anne").messages == (stopped, failed)


def test_later_schema_is_refused_with_what_to_do(database_url: str) -> None:
    first = open_database(database_url)
    with first.begin() as connection:
        connection.execute(update(db.schema_version).values(version=99))
    first.dispose()
    with pytest.raises(StoreError, match="schema 99"):
        open_database(database_url)


@pytest.mark.parametrize("url", ["nonsense", "oracle9i://x/y", "sqlite:/half"])
def test_malformed_database_url_is_a_config_error(url: str) -> None:
    with pytest.raises(ConfigError, match="RAG_DATABASE_URL"):
        open_database(url)


def test_unreadable_record_names_its_message(database: Engine, store: Conversations) -> None:
    conversation_id = store.create("visitor:anne")
    row = {"id": "m1", "conversation_id": conversation_id, "position": 1, "role": "assistant", "text": "", "created": now()}
    rest = {"language": "", "state": "complete", "failure": "", "answer": "{", "sources": "[]", "trace": "{}"}
    with database.begin() as connection:
        connection.execute(insert(db.messages).values(**row, **rest))
    with pytest.raises(StoreError, match="m1"):
        store.load(conversation_id, "visitor:anne")
