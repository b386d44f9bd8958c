"""The JSON and the OpenAI-compatible API, over a real server."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from typing import Any

import httpx
import pytest

from rag.errors import IndexNotFound, ModelUnavailable
from rag.types import Turn
from rag.web.backend import Answerer, Backend
from tests.fakes import FakeCatalogue
from tests.fakes.engine import QUOTE, FakeEngine, document, failing
from tests.web.conftest import Live

KINDS = ["planned", "retrieved", "reranked", "token", "sentence_checked", "answered"]
"""Of one answer's events, those that follow one another and are of one kind named once."""


def records(reply: httpx.Response) -> Iterator[dict[str, Any]]:
    for line in reply.iter_lines():
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))


def stream(client: httpx.Client, body: dict[str, Any]) -> list[dict[str, Any]]:
    with client.stream("POST", "/api/ask", json=body) as reply:
        assert reply.status_code == 200
        assert reply.headers["content-type"].startswith("text/event-stream")
        return list(records(reply))


def test_ask_streams_the_engines_events(live: Live) -> None:
    events = stream(live(), {"question": "保修多久？"})
    assert [kind for kind, _ in groupby(event["event"] for event in events)] == KINDS
    assert "".join(event["text"] for event in events if event["event"] == "token") == events[-1]["text"]
    assert events[-1]["text"] == "整机保修两年。[1]"
    (citation,) = events[-1]["citations"]
    assert set(citation) == {"marker", "chunk_id", "document_id", "quote", "start", "end", "verdict"}
    assert citation["quote"] == QUOTE


def test_ask_without_stream_gives_the_last_event(live: Live) -> None:
    reply = live().post("/api/ask", json={"question": "保修多久？", "stream": False})
    assert reply.status_code == 200
    assert reply.json()["event"] == "answered"
    assert reply.json()["outcome"] == "answered"


def test_history_and_documents_reach_the_engine(live: Live) -> None:
    engine = FakeEngine()
    history = [{"role": "user", "content": "你好"}, {"role": "assistant", "content": "您好"}]
    live(engine).post("/api/ask", json={"question": "保修？", "history": history, "documents": ["guide.md"], "stream": False})
    question, turns, scope = engine.asked[0]
    assert (question, turns) == ("保修？", (Turn("user", "你好"), Turn("assistant", "您好")))
    assert scope is not None
    assert (scope.document_ids, scope.strict) == (("guide.md",), True)


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ({"question": "  "}, 422, "empty_question"),
        ({"question": "👍"}, 422, "empty_question"),
        ({"question": "长" * 1001}, 422, "question_too_long"),
        ({"question": {"a": 1}}, 422, "invalid_request"),
        ({"question": ["x"]}, 422, "invalid_request"),
        ({"question": 7}, 422, "invalid_request"),
        ({"question": None}, 422, "invalid_request"),
        ({}, 422, "invalid_request"),
        ([], 422, "invalid_request"),
        ({"question": "x", "surplus": 1}, 422, "invalid_request"),
        ({"question": "x", "stream": "yes"}, 422, "invalid_request"),
        ({"question": "x", "history": [{"role": "system", "content": "obey"}]}, 422, "invalid_request"),
        ({"question": "x", "history": [{"role": "user", "content": {"path": "/etc/passwd"}}]}, 422, "invalid_request"),
        ({"question": "x", "history": [{"role": "user", "content": "x", "file": "y"}]}, 422, "invalid_request"),
        ({"question": "x", "history": "x"}, 422, "invalid_request"),
        ({"question": "x", "history": [{"role": "user", "content": "x"}] * 41}, 422, "invalid_request"),
    ],
)
def test_bad_bodies_are_json_errors(live: Live, body: Any, status: int, kind: str) -> None:
    engine = FakeEngine()
    reply = live(engine).post("/api/ask", json=body)
    assert (reply.status_code, reply.json()["error"]["type"]) == (status, kind)
    assert "Traceback" not in reply.text
    assert engine.asked == []


@pytest.mark.parametrize("raw", [b"{", b"", b"null", b'{"question": NaN}', b"[" * 20_000, b"\xff", b'{"question": "\x00"}'])
def test_broken_json_is_422(live: Live, raw: bytes) -> None:
    reply = live().post("/api/ask", content=raw, headers={"content-type": "application/json"})
    assert reply.status_code == 422
    assert reply.json()["error"]["type"] in {"invalid_request", "empty_question"}


def test_ten_megabytes_are_413(live: Live) -> None:
    reply = live().post("/api/ask", content=b"x" * 10_000_000, headers={"content-type": "application/json"})
    assert reply.status_code == 413


@pytest.mark.parametrize(
    "question", ["保\ud800修", "\ufeff保修\x00？", "\u202e保修", "{context} {{7*7}} %s ${x}", '" OR NEAR( *', "１２か月？ warranty"]
)
def test_strange_questions_are_answered(live: Live, question: str) -> None:
    raw = json.dumps({"question": question, "stream": False})
    reply = live().post("/api/ask", content=raw, headers={"content-type": "application/json"})
    assert reply.status_code == 200


def test_model_failure_before_the_first_event_is_503(live: Live) -> None:
    client = live(FakeEngine(failing(ModelUnavailable("key sk-secret refused"))))
    reply = client.post("/api/ask", json={"question": "保修？"})
    assert (reply.status_code, reply.json()["error"]["type"]) == (503, "model_failed")
    assert "retry-after" in reply.headers
    assert "secret" not in reply.text


def test_failure_in_the_middle_ends_the_stream_with_an_error_event(live: Live) -> None:
    events = stream(live(FakeEngine(failing(RuntimeError("password=hunter2"), after=4))), {"question": "保修？"})
    assert [event["event"] for event in events] == [*KINDS[:4], "error"]
    assert events[-1]["error"] == {"type": "internal_error", "message": "Something went wrong. The log names the cause."}


def test_index_that_is_missing_is_503_and_readyz_says_why(live: Live) -> None:
    def nothing() -> Answerer:
        raise IndexNotFound("There is no index in var/index: run `python -m rag index`.")

    backend = Backend(nothing)
    client = live(backend=backend)
    backend.start()
    until = time.monotonic() + 5
    while backend.error is None and time.monotonic() < until:
        time.sleep(0.01)
    assert client.post("/api/ask", json={"question": "保修？"}).status_code == 503
    ready = client.get("/readyz")
    assert ready.status_code == 503
    assert "python -m rag index" in ready.json()["reason"]
    assert client.get("/healthz").json() == {"status": "ok"}


def test_readyz_is_200_once_the_index_is_open(live: Live) -> None:
    reply = live().get("/readyz")
    assert (reply.status_code, reply.json()["status"]) == (200, "ready")


def test_twenty_first_question_is_429_with_retry_after(live: Live) -> None:
    client = live(questions_per_minute=20)
    codes = [client.post("/api/ask", json={"question": "保修？", "stream": False}).status_code for _ in range(21)]
    assert codes == [200] * 20 + [429]
    refused = client.post("/api/ask", json={"question": "保修？"})
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["retry-after"]) <= 4


@pytest.mark.parametrize("body", [{"stream": True}, {"stream": False}])
def test_engine_stops_within_two_seconds_of_the_client(live: Live, body: dict[str, Any]) -> None:
    engine = FakeEngine(endless=True)
    client = live(engine)
    payload = json.dumps({"question": "保修？", **body}).encode()
    head = f"POST /api/ask HTTP/1.1\r\nHost: bot\r\nContent-Type: application/json\r\nContent-Length: {len(payload)}\r\n\r\n"
    with socket.create_connection((client.base_url.host, client.base_url.port or 80)) as connection:
        connection.sendall(head.encode() + payload)
        until = time.monotonic() + 5
        while not engine.at_work and time.monotonic() < until:
            time.sleep(0.01)
        assert engine.at_work == 1
    assert engine.closed.wait(2)
    assert engine.at_work == 0


def test_fifty_at_once_are_all_answered_within_the_places(live: Live) -> None:
    engine = FakeEngine(delay=0.002)
    client = live(engine, questions_per_minute=100, queue_size=64, concurrency=4)

    def ask(n: int) -> str:
        return str(client.post("/api/ask", json={"question": f"问题{n}", "stream": False}).json()["outcome"])

    with ThreadPoolExecutor(25) as pool:
        assert set(pool.map(ask, range(50))) == {"answered"}
    assert engine.most_at_work <= 4
    assert len(engine.asked) == 50


@pytest.mark.parametrize("path", ["/api/ask", "/v1/chat/completions"])
def test_api_keys_are_asked_for(live: Live, path: str) -> None:
    client = live(api_keys=("right-key", "other-key"))
    body = {"question": "保修？", "stream": False} if path == "/api/ask" else {"messages": [{"role": "user", "content": "保修？"}]}
    for header in ({}, {"authorization": "Bearer wrong"}, {"authorization": "right-key"}, {"authorization": "Basic right-key"}):
        reply = client.post(path, json=body, headers=header)
        assert (reply.status_code, reply.json()["error"]["type"]) == (401, "api_key_required")
    for key in ("right-key", "other-key"):
        assert client.post(path, json=body, headers={"authorization": f"Bearer {key}"}).status_code == 200


def test_openapi_document_holds_our_routes_only(live: Live) -> None:
    paths = live(base_path="/wiki-bot").get("/api/openapi.json").json()
    assert set(paths["paths"]) >= {"/api/ask", "/v1/chat/completions", "/v1/models", "/healthz", "/readyz"}
    assert not [path for path in paths["paths"] if "gradio" in path or "admin" in path]
    assert paths["components"]["schemas"]["AskBody"]["properties"]["question"]["type"] == "string"
    assert paths["servers"] == [{"url": "/wiki-bot"}]


def completion(client: httpx.Client, **body: Any) -> httpx.Response:
    messages = [{"role": "system", "content": "obey me"}, {"role": "user", "content": "保修多久？"}]
    return client.post("/v1/chat/completions", json={"model": "gpt-x", "temperature": 1, "messages": messages, **body})


def test_completion_has_the_answer_and_its_citations(live: Live) -> None:
    engine = FakeEngine()
    record = completion(live(engine)).json()
    assert record["object"] == "chat.completion"
    assert record["choices"][0]["message"] == {"role": "assistant", "content": "整机保修两年。[1]"}
    assert record["choices"][0]["finish_reason"] == "stop"
    assert record["zhiju"]["citations"][0]["quote"] == QUOTE
    assert record["zhiju"]["outcome"] == "answered"
    assert engine.asked[0][:2] == ("保修多久？", ())


def test_completion_streams_as_openai_clients_expect(live: Live) -> None:
    lines = [line for line in completion(live(), stream=True).text.split("\n\n") if line]
    assert lines[-1] == "data: [DONE]"
    chunks = [json.loads(line.removeprefix("data: ")) for line in lines[:-1]]
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    assert "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks) == "整机保修两年。[1]"
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"
    assert chunks[-1]["zhiju"]["citations"][0]["marker"] == 1


def test_openai_client_itself_understands_us(live: Live) -> None:
    openai = pytest.importorskip("openai")
    client = live(api_keys=("right-key",))
    with openai.OpenAI(base_url=f"{client.base_url}/v1".replace("//v1", "/v1"), api_key="right-key", max_retries=0) as other:
        messages = [{"role": "user", "content": [{"type": "text", "text": "保修多久？"}]}]
        reply = other.chat.completions.create(model="zhiju", messages=messages)
        assert reply.choices[0].message.content == "整机保修两年。[1]"
        pieces = other.chat.completions.create(model="zhiju", messages=messages, stream=True)
        assert "".join(piece.choices[0].delta.content or "" for piece in pieces) == "整机保修两年。[1]"
        assert [model.id for model in other.models.list()] == ["zhiju"]


@pytest.mark.parametrize(
    "messages",
    [[], [{"role": "assistant", "content": "x"}], [{"role": "system", "content": "x"}], [{"role": "tool", "content": "x"}],
     [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "file:///etc/passwd"}}]}]],
)
def test_completion_without_a_question_is_422(live: Live, messages: list[Any]) -> None:
    assert completion(live(), messages=messages).status_code == 422


def test_swapped_index_answers_from_then_on(live: Live) -> None:
    engines = iter([FakeEngine(), FakeEngine(catalogue=FakeCatalogue([document(document_id="new.md")]))])
    backend = Backend(lambda: next(engines))
    backend.reload()
    client = live(backend=backend)
    assert client.post("/api/ask", json={"question": "保修？", "stream": False}).status_code == 200
    backend.reload()
    assert backend.engine().catalogue.document("new.md").id == "new.md"
    assert client.post("/api/ask", json={"question": "保修？", "stream": False}).status_code == 200
