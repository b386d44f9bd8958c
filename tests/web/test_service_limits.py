"""The chat service: who may ask how much, at once and a minute, and what becomes of failures."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from rag.errors import IndexCorrupt, ModelTimeout
from rag.web.backend import Backend
from rag.web.identity import User
from rag.web.records import MessageState
from rag.web.refusals import Reason
from tests.fakes import finish
from tests.fakes.engine import FakeEngine, failing
from tests.web.asking import refused
from tests.web.conftest import ANNE, BEN, MakeService


@pytest.mark.parametrize("question", ["", "   \n\t", "？？！", "👍🎉", "\u200b\ufeff", "\u202e\x00"])
def test_question_without_a_word_reaches_no_engine(make_service: MakeService, question: str) -> None:
    engine = FakeEngine()
    service = make_service(engine)
    conversation_id = service.create(ANNE)
    assert refused(service.ask(conversation_id, question, user=ANNE)).reason is Reason.EMPTY
    assert engine.asked == []
    assert service.load(conversation_id, ANNE).messages == ()


@pytest.mark.parametrize("length", [1001, 300_000])
def test_question_that_is_too_long_says_the_limit(make_service: MakeService, length: int) -> None:
    service = make_service()
    refusal = refused(service.ask(service.create(ANNE), "长" * length, user=ANNE))
    assert (refusal.reason, refusal.limit) == (Reason.TOO_LONG, 1000)


def test_fifty_at_once_in_one_conversation_come_one_after_the_other(make_service: MakeService) -> None:
    engine = FakeEngine(delay=0.001)
    service = make_service(engine, questions_per_minute=100, queue_size=64)
    conversation_id = service.create(ANNE)
    with ThreadPoolExecutor(50) as pool:
        list(pool.map(lambda n: finish(service.ask(conversation_id, f"问题{n}", user=ANNE)), range(50)))
    messages = service.load(conversation_id, ANNE).messages
    assert [m.role for m in messages] == ["user", "assistant"] * 50
    assert sorted(m.text for m in messages if m.role == "user") == sorted(f"问题{n}" for n in range(50))
    assert engine.most_at_work == 1


def test_conversations_never_see_each_other(make_service: MakeService) -> None:
    engine = FakeEngine(delay=0.001)
    service = make_service(engine, questions_per_minute=100)
    users = [User(f"visitor:{n}", f"10.0.0.{n}") for n in range(8)]
    ids = [service.create(user) for user in users]

    def chat(n: int) -> None:
        for k in range(3):
            finish(service.ask(ids[n], f"用户{n}的问题{k}", user=users[n]))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(chat, range(8)))
    for question, history, _ in engine.asked:
        owner = question.partition("的")[0]
        assert all(turn.text.startswith(owner) for turn in history if turn.role == "user")


def test_full_house_is_busy_and_places_are_given_back(make_service: MakeService) -> None:
    service = make_service(FakeEngine(), concurrency=1, queue_size=1)
    held = service.ask(service.create(ANNE), "占位", user=ANNE)
    next(held)
    waiting = ThreadPoolExecutor(1)
    second = waiting.submit(lambda: finish(service.ask(service.create(BEN), "等待", user=BEN)))
    while not service._places._queued:
        threading.Event().wait(0.01)
    third = service.create(BEN)
    refusal = refused(service.ask(third, "满了", user=BEN))
    assert refusal.reason is Reason.BUSY
    assert refusal.retry_after is not None
    held.close()
    assert second.result(5)[1].state is MessageState.COMPLETE
    assert finish(service.ask(third, "现在呢", user=BEN))[1].state is MessageState.COMPLETE
    waiting.shutdown()


def test_question_beyond_the_limit_says_when_to_return(make_service: MakeService) -> None:
    service = make_service(questions_per_minute=3)
    conversation_id = service.create(ANNE)
    for _ in range(3):
        finish(service.ask(conversation_id, "保修多久？", user=ANNE))
    refusal = refused(service.ask(conversation_id, "保修多久？", user=ANNE))
    assert refusal.reason is Reason.RATE_LIMITED
    assert refusal.retry_after is not None
    assert 0 < refusal.retry_after <= 20


def test_signed_users_of_one_address_have_limits_of_their_own(make_service: MakeService) -> None:
    service = make_service(questions_per_minute=1)
    for name in ("anne", "ben"):
        user = User(f"user:{name}", "10.0.0.9")
        finish(service.ask(service.create(user), "保修多久？", user=user))
        assert refused(service.ask(service.create(user), "再问", user=user)).reason is Reason.RATE_LIMITED


def test_new_cookies_do_not_renew_a_visitors_limit(make_service: MakeService) -> None:
    service = make_service(questions_per_minute=2)
    for n in range(2):
        user = User(f"visitor:{n}", "10.0.0.9")
        finish(service.ask(service.create(user), "保修多久？", user=user))
    fresh = User("visitor:fresh", "10.0.0.9")
    assert refused(service.ask(service.create(fresh), "保修？", user=fresh)).reason is Reason.RATE_LIMITED


def test_embedding_site_has_a_limit_of_its_own(make_service: MakeService) -> None:
    service = make_service(site_questions_per_day=1)
    first, second = (User(f"user:{n}", "10.0.0.9", "wiki") for n in range(2))
    finish(service.ask(service.create(first), "保修多久？", user=first))
    assert refused(service.ask(service.create(second), "保修？", user=second)).reason is Reason.RATE_LIMITED


def test_unsigned_users_are_refused_where_identity_is_required(make_service: MakeService) -> None:
    service = make_service(require_identity=True, embed_secret="s" * 32)
    assert refused(service.ask(service.create(ANNE), "保修？", user=ANNE)).reason is Reason.IDENTITY
    signed = User("user:anne", "10.0.0.1")
    assert finish(service.ask(service.create(signed), "保修？", user=signed))[1].state is MessageState.COMPLETE


def test_no_question_fails_while_the_index_is_opened_anew_again_and_again(make_service: MakeService) -> None:
    opened: list[FakeEngine] = []

    def open_engine() -> FakeEngine:
        opened.append(FakeEngine(delay=0.001))
        return opened[-1]

    backend = Backend(open_engine)
    backend.reload()
    service = make_service(backend=backend, concurrency=4, queue_size=100, questions_per_minute=1000)
    readers = [User(f"visitor:{n}", f"10.0.0.{n}") for n in range(40)]
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(lambda one=one: finish(service.ask(service.create(one), "保修多久？", user=one))) for one in readers]  # type: ignore[misc]
        while not all(one.done() for one in asked):
            backend.reload()
    assert [one.result()[1].state for one in asked] == [MessageState.COMPLETE] * 40
    assert len(opened) > 2
    assert sum(len(engine.asked) for engine in opened) == 40


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ModelTimeout("token sk-secret at http://10.1.1.1"), Reason.MODEL),
        (IndexCorrupt("/srv/secret/index is cut short"), Reason.INDEX),
        (RuntimeError("password=hunter2"), Reason.INTERNAL),
    ],
)
def test_failure_is_typed_kept_and_tells_no_secret(
    make_service: MakeService, error: Exception, reason: Reason
) -> None:
    service = make_service(FakeEngine(failing(error, after=4)))
    conversation_id = service.create(ANNE)
    refusal = refused(service.ask(conversation_id, "保修？", user=ANNE))
    assert refusal.reason is reason
    assert not any(secret in str(refusal) for secret in ("secret", "hunter2", "10.1.1.1"))
    kept = service.load(conversation_id, ANNE).messages[-1]
    assert (kept.state, kept.failure, kept.text) == (MessageState.FAILED, reason.value, "整机保修")


def test_question_while_the_index_opens_is_not_ready(make_service: MakeService) -> None:
    service = make_service(backend=Backend(FakeEngine), ready_timeout=0.05)
    assert refused(service.ask(service.create(ANNE), "保修？", user=ANNE)).reason is Reason.NOT_READY
