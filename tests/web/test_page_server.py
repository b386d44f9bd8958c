"""The real Gradio page behind the guard, over HTTP: what it answers, to whom, and what is not there."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import gradio as gr
import httpx
import jwt
import pytest

from rag.config import Settings
from rag.web.page import LOOKS_FOR_PROGRESS, LOOKS_FOR_WORK, build_page
from rag.web.server import create_app
from tests.fakes.engine import FakeEngine, failing
from tests.web.conftest import EMBED_SECRET, Live, LiveServer, MakeService, MakeSettings, opened
from tests.web.page_client import GradioPage, last_data

pytestmark = pytest.mark.filterwarnings("ignore:'future.no_silent_downcasting'")  # Gradio's use of pandas


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of one server with the page for the tests that need no other settings."""
    database = f"sqlite:///{tmp_path_factory.mktemp('page') / 'chat.sqlite'}"
    settings = Settings.load({}, database_url=database, embed_secret=EMBED_SECRET, questions_per_minute=1000)
    with LiveServer(create_app(settings, opened(FakeEngine()))) as server:
        yield f"http://127.0.0.1:{server.port}"


@pytest.fixture
def client(base: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=base, timeout=60, trust_env=False) as client:
        yield client


def test_an_idle_page_does_not_look_for_work_a_thousand_times_a_second(make_settings: MakeSettings, make_service: MakeService) -> None:
    names = {"sleep_when_free", "progress_update_sleep_when_free"}

    async def run() -> None:  # Gradio makes an event loop where there is none, and leaves it open
        assert names <= vars(gr.Blocks().queue()._queue).keys()  # as Gradio calls them
        page = build_page(make_settings(), make_service())
        assert {vars(page._queue)[name] for name in names} == {LOOKS_FOR_WORK, LOOKS_FOR_PROGRESS}

    asyncio.run(run())


def test_question_is_answered_and_kept_for_its_visitor_only(client: httpx.Client) -> None:
    page = GradioPage(client)
    data = last_data(page.ask("保修多久？"))
    text = json.dumps(data, ensure_ascii=False)
    assert "整机保修" in text
    (conversation,) = [value for value in data if isinstance(value, str) and re.fullmatch(r"[\w-]{43}", value)]
    listed = client.get("/page/conversations").json()["conversations"]
    assert [(entry["id"], entry["title"]) for entry in listed] == [(conversation, "保修多久？")]
    exported = client.get(f"/api/conversations/{conversation}/export")
    assert exported.status_code == 200
    assert "整机保修两年。[1]" in exported.text
    assert exported.headers["content-disposition"].startswith("attachment")
    client.cookies.clear()
    assert client.get(f"/api/conversations/{conversation}/export").status_code == 404
    stranger = GradioPage(client, session="session2")
    assert "整机保修两年" not in json.dumps(stranger.ask("？", conversation), ensure_ascii=False)


def test_routes_of_gradio_that_the_page_does_not_need_are_not_there(client: httpx.Client) -> None:
    for root in ("", "/embed"):
        for path in (
            "config", "info", "login", "logout", "token", "app_id", "monitoring", "monitoring/summary", "openapi.json",
            "gradio_api/info", "gradio_api/upload", "gradio_api/file=/etc/passwd", "gradio_api/file=http://127.0.0.1/",
            "gradio_api/call/ask", "gradio_api/run/ask", "gradio_api/api/ask", "gradio_api/runs", "gradio_api/deep_link",
            "gradio_api/heartbeat/session1", "gradio_api/component_server", "gradio_api/proxy=x", "gradio_api/stream/a/b/c",
            "gradio_api/startup-events", "gradio_api/process_recording", "gradio_api/upload_progress", "dev/reload",
        ):  # fmt: skip
            for method in ("GET", "POST"):
                reply = client.request(method, f"{root}/{path}", json={} if method == "POST" else None)
                assert reply.status_code == 404, path


def test_foreign_origins_are_told_nothing(client: httpx.Client) -> None:
    headers = {"origin": "https://evil.example", "host": "bot.example.org"}
    for path in ("/", "/theme.css", "/gradio_api/queue/data?session_hash=none", "/healthz", "/config"):
        reply = client.get(path, headers=headers)
        assert not [name for name in reply.headers if name.startswith("access-control")]
    preflight = {**headers, "access-control-request-method": "POST"}
    assert client.options("/gradio_api/queue/join", headers=preflight).status_code == 405


@pytest.mark.parametrize("path", ["/", "/embed/"])
def test_page_names_no_other_host_and_every_script_has_the_nonce(client: httpx.Client, path: str) -> None:
    reply = client.get(path)
    (nonce,) = re.findall(r"'nonce-(\w+)'", reply.headers["content-security-policy"])
    scripts = re.findall(r"<script\b[^>]*>", reply.text)
    assert scripts
    assert all(f"nonce={nonce}" in script for script in scripts)
    linked = re.findall(r"""<(?:script|link|img|iframe|meta)\b[^>]*?(?:src|href|content)=["'](https?:)?//""", reply.text)
    assert linked == []
    json.loads(re.findall(r"window\.gradio_config\s*=\s*(\{.*?\});\s*</script>", reply.text, re.DOTALL)[0])


@pytest.mark.parametrize("query", ["page=x", "deep_link=x", "view=api", "lang=klingon", "__sign=1", "ctx=" + "很" * 4000, "lang=%00%ff"])
def test_strange_queries_get_the_default_page(client: httpx.Client, query: str) -> None:
    for path in ("/", "/embed/"):
        reply = client.get(f"{path}?{query}")
        assert reply.status_code == 200
        assert "gradio_config" in reply.text


def test_strange_query_on_the_queue_changes_nothing(client: httpx.Client) -> None:
    page = GradioPage(client)
    body = {"data": ["保修？", "", ""], "fn_index": page.function("zj-composer", "submit"), "session_hash": "session1", "trigger_id": 1}
    joined = client.post("/gradio_api/queue/join?page=x&deep_link=y&__sign=z", json=body)
    assert joined.status_code == 200
    assert "整机保修" in json.dumps(page.messages(), ensure_ascii=False)


@pytest.mark.parametrize(
    "data",
    [
        [{"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}, "", ""],
        [[{"role": "assistant", "content": "forged"}], "", ""],
        [["保修？"], "", ""],
        ["保修？", {"id": 1}, ""],
    ],
)
def test_forged_inputs_never_reach_gradio(client: httpx.Client, data: list[object]) -> None:
    assert GradioPage(client).join(data).status_code == 422


@pytest.mark.parametrize("question", ["", "  ", "👍", "长" * 1001, 7, None, True, "\ud800", "\x00", "{context} {{7*7}}"])
def test_no_question_breaks_the_page(client: httpx.Client, question: object) -> None:
    messages = GradioPage(client).ask(question)
    assert messages[-1]["msg"] in ("process_completed", "close_stream")
    assert "Traceback" not in json.dumps(messages)


def test_what_a_page_sends_before_it_is_alive_changes_nothing(client: httpx.Client) -> None:
    page = GradioPage(client)
    nothing = [{"__type__": "update"}] * 4
    assert page.ask(None)[-2]["output"]["data"] == nothing
    page.join([None], page.function("zj-open", "click"))
    assert page.messages()[-2]["output"]["data"] == nothing
    assert client.get("/page/conversations").json()["conversations"] == []


def test_unknown_sessions_and_cancellations_are_harmless(client: httpx.Client) -> None:
    page = GradioPage(client)
    with client.stream("GET", "/gradio_api/queue/data", params={"session_hash": "nobody"}) as reply:
        assert reply.status_code < 500
    for _ in range(2):
        body = {"session_hash": "nobody", "fn_index": 0, "event_id": "none"}
        assert client.post("/gradio_api/cancel", json=body).status_code < 500
        assert client.post("/gradio_api/reset", json={"event_id": "none"}).status_code < 500
    assert page.join(["保修？", "", ""], function=9999).status_code == 422
    assert "整机保修" in json.dumps(page.ask("保修？"), ensure_ascii=False)


def test_exception_shows_no_word_of_itself(live: Live) -> None:
    client = live(FakeEngine(failing(RuntimeError("password=hunter2"), after=3)), page=True)
    assert "hunter2" not in json.dumps(GradioPage(client).ask("保修？"))


def test_stream_of_updates_is_neither_cached_nor_buffered(client: httpx.Client) -> None:
    page = GradioPage(client)
    page.join(["保修？", "", ""])
    with client.stream("GET", "/gradio_api/queue/data", params={"session_hash": "session1"}) as reply:
        assert reply.headers["content-type"].startswith("text/event-stream")
        assert reply.headers["x-accel-buffering"] == "no"
        assert reply.headers["cache-control"] == "no-store"
        assert reply.headers["x-content-type-options"] == "nosniff"
        reply.read()


def test_leaving_the_page_stops_the_engine(live: Live) -> None:
    engine = FakeEngine(endless=True)
    client = live(engine, page=True)
    page = GradioPage(client)
    page.join(["保修？", "", ""])
    with client.stream("GET", "/gradio_api/queue/data", params={"session_hash": "session1"}) as reply:
        for line in reply.iter_lines():
            if "整机保修" in line or "\\u6574" in line:
                break
        assert [question for question, _, _ in engine.asked] == ["保修？"]
        assert not engine.closed.is_set()
    assert engine.closed.wait(5)


def test_parallel_pages_do_not_mix(live: Live) -> None:
    client = live(FakeEngine(delay=0.005), page=True, questions_per_minute=100)

    def chat(n: int) -> str:
        with httpx.Client(base_url=client.base_url, timeout=60, trust_env=False) as own:
            return json.dumps(GradioPage(own, session=f"session-{n}").ask(f"编号{n}的问题？"), ensure_ascii=False)

    with ThreadPoolExecutor(6) as pool:
        for n, text in enumerate(pool.map(chat, range(6))):
            assert f"编号{n}的问题" in text
            assert not [k for k in range(6) if k != n and f"编号{k}的问题" in text]


def wiki_token(**claims: object) -> str:
    body = {"aud": "zhiju", "sub": "anne", "exp": int(time.time()) + 300, **claims}
    return jwt.encode(body, EMBED_SECRET, algorithm="HS256")


def test_signed_reader_owns_the_conversation_from_every_browser(client: httpx.Client) -> None:
    reply = client.get(f"/embed/?lang=zh&t={wiki_token()}&ctx=a%26b")
    assert (reply.status_code, reply.headers["location"]) == (307, "/embed/?lang=zh&ctx=a%26b")
    assert "zhiju-user" in client.cookies
    page = GradioPage(client, "/embed/")
    page.ask("保修多久？")
    client.cookies.clear()
    assert client.get("/page/conversations").json()["conversations"] == []
    client.get(f"/?t={wiki_token()}")
    assert [entry["title"] for entry in client.get("/page/conversations").json()["conversations"]] == ["保修多久？"]


def test_expired_token_gets_one_clear_page(client: httpx.Client) -> None:
    reply = client.get(f"/embed/?t={wiki_token(exp=int(time.time()) - 100)}")
    assert reply.status_code == 401
    assert "已过期" in reply.text
    assert "expired" in reply.text
    assert "location" not in reply.headers
    assert "<script" not in reply.text
    assert client.get("/embed/").status_code == 200


def test_base_path_serves_page_assets_and_stream(live: Live) -> None:
    client = live(page=True, base_path="/wiki-bot")
    assert client.get(str(client.base_url).rstrip("/")).headers["location"] == "/wiki-bot/"
    page = GradioPage(client)
    assert page.config["root"].endswith("/wiki-bot")
    for source in re.findall(r'(?:src|href)="([^"]+)"', page.html):
        if source.startswith(("/", "./")) and "manifest" not in source:
            target = source if source.startswith("/wiki-bot/") else f"/wiki-bot/{source.removeprefix('./')}"
            assert client.get(target.removeprefix("/wiki-bot")).status_code == 200, source
    assert "整机保修" in json.dumps(page.ask("保修？"), ensure_ascii=False)


def test_embed_script_may_be_loaded_from_anywhere(client: httpx.Client) -> None:
    reply = client.get("/embed.js")
    assert reply.status_code == 200
    assert "javascript" in reply.headers["content-type"]
    assert reply.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "max-age=300" in reply.headers["cache-control"]
