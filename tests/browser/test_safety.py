"""What a poisoned document, a hostile page around the frame or a frightened browser can do to the chat: nothing."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import jwt
import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.browser.chat import frame_of
from tests.browser.conftest import FLAGS, OpenChat, Server, StartServer
from tests.browser.install import find
from tests.browser.wiki import Wiki, embedded
from tests.web.test_output_filter import PAYLOADS

pytestmark = pytest.mark.browser

SECRET = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def framing_wiki(server: Server) -> Iterator[Wiki]:
    with Wiki(embedded(server.address)) as wiki:
        yield wiki


def test_hostile_output_runs_nothing_and_asks_nothing_of_other_hosts(open_chat: OpenChat) -> None:
    chat = open_chat()
    answer = chat.ask("攻击")
    chat.page.wait_for_timeout(500)
    assert chat.page.evaluate("window.hit") is None
    assert chat.foreign_requests == []
    forbidden = "script, img, svg, iframe, video, audio, object, embed, form, input, base, meta, link, style, math"
    assert answer.locator(forbidden).count() == 0
    assert answer.locator("a[href]:not([href^='#'])").count() == 0
    assert [line for line in chat.console if "Refused" in line or "violates" in line] == []


def test_every_hostile_payload_is_inert_as_question_and_as_answer(open_chat: OpenChat) -> None:
    chat = open_chat()
    question = "复述 " + " ".join(PAYLOADS[:12])
    chat.ask(question[:990])
    for start in range(0, len(PAYLOADS), 15):
        chat.ask("复述\n\n" + "\n\n".join(PAYLOADS[start : start + 15])[:980])
    chat.page.wait_for_timeout(300)
    assert chat.foreign_requests == []
    assert chat.page.locator(".message-content :is(script, img, svg, iframe, video, form, style, base, object)").count() == 0
    assert [line for line in chat.console if line.startswith("error")] == []


def test_a_failure_never_shows_what_it_says_inside(open_chat: OpenChat) -> None:
    chat = open_chat()
    broken = chat.ask("模型故障")
    expect(broken).to_contain_text("语言模型暂时不可用，请重试。")
    expect(broken).to_contain_text("刚写了半句")
    crashed = chat.ask("崩溃")
    expect(crashed).to_contain_text("出了点问题，请重试。")
    content = chat.page.content()
    assert "secret" not in content and "10.0.0.1" not in content


def test_a_failed_answer_is_tried_again_by_a_click(open_chat: OpenChat) -> None:
    chat = open_chat()
    chat.ask("模型故障").get_by_role("button", name="重试").click()
    expect(chat.page.locator(".zj-question")).to_have_count(1)
    expect(chat.finished()).to_contain_text("语言模型暂时不可用")


def test_a_wiki_that_is_allowed_frames_the_chat_and_it_works_there(
    browser: Browser, server: Server, framing_wiki: Wiki
) -> None:
    context = browser.new_context(locale="zh-CN", viewport={"width": 1000, "height": 800})
    page = context.new_page()
    page.goto(framing_wiki.address)
    frame = frame_of(page)
    frame.locator("#zj-composer textarea").fill("AlphaQubit 是什么")
    frame.locator("#zj-composer textarea").press("Enter")
    frame.locator(".zj-text a.cite").nth(1).click(timeout=20_000)
    expect(frame.locator("details[open] mark.zj-active")).to_have_text("与张量网络方法相比，它的错误率低 6%。")
    frame.locator(".zj-act-copy").click()
    expect(frame.locator(".zj-said")).to_have_text("已复制")
    context.close()


@contextmanager
def choosy(browser: Browser, folder: Path, *, allowed: bool) -> Iterator[BrowserContext]:
    """A browser whose owner allows cookies of third parties, or does not."""
    (folder / "Default").mkdir(parents=True)
    choice = {"profile": {"cookie_controls_mode": 0 if allowed else 1, "block_third_party_cookies": not allowed}}
    (folder / "Default" / "Preferences").write_text(json.dumps(choice))
    context = browser.browser_type.launch_persistent_context(folder, executable_path=find(), args=FLAGS, locale="zh-CN")
    yield context
    context.close()


@pytest.mark.parametrize("allowed", [True, False])
def test_a_frame_keeps_its_conversation_over_a_reload_where_the_browser_lets_it(
    browser: Browser, framing_wiki: Wiki, tmp_path: Path, allowed: bool
) -> None:
    with choosy(browser, tmp_path, allowed=allowed) as context:
        page = context.new_page()
        page.goto(framing_wiki.address)
        frame = frame_of(page)
        frame.locator("#zj-composer textarea").fill("你好")
        frame.locator("#zj-composer textarea").press("Enter")
        expect(frame.locator(".zj-done")).to_be_visible(timeout=20_000)
        page.reload()
        expect(frame.locator(".zj-welcome")).to_have_count(1, timeout=20_000)
        page.wait_for_timeout(1500)
        expect(frame.locator(".zj-question")).to_have_count(1 if allowed else 0)


@pytest.mark.parametrize("allowed", [True, False])
def test_a_reader_whom_the_wiki_vouches_for_is_known_in_the_frame_even_without_third_party_cookies(
    browser: Browser, start_server: StartServer, tmp_path: Path, allowed: bool
) -> None:
    origins = {"embed_origins": "http://localhost:*", "trusted_proxies": "127.0.0.1"}
    server = start_server(**origins, embed_secret=SECRET, require_identity="true")
    claims = {"aud": "zhiju", "sub": "anne", "exp": int(time.time()) + 300}
    source = f"{server.address}embed/?lang=zh&t={jwt.encode(claims, SECRET, algorithm='HS256')}"
    framing = Wiki(f'<iframe src="{source}" width="420" height="600"></iframe>')
    with framing as wiki, choosy(browser, tmp_path, allowed=allowed) as context:
        context.set_extra_http_headers({"x-forwarded-proto": "https"})  # as a proxy with TLS says
        page = context.new_page()
        page.goto(wiki.address)
        frame = frame_of(page)
        for number, question in enumerate(("你好", "AlphaQubit 是什么"), 1):
            frame.locator("#zj-composer textarea").fill(question)
            frame.locator("#zj-composer textarea").press("Enter")
            expect(frame.locator(".zj-done")).to_have_count(number, timeout=20_000)
        assert all("t=" not in one.url for one in page.frames)
        cookie = next(cookie for cookie in context.cookies() if cookie["name"].endswith("zhiju-user"))
        assert cookie["httpOnly"] and cookie["secure"] and cookie["sameSite"] == "None"
        assert cookie.get("partitionKey") == "http://localhost"


def test_a_wiki_that_is_not_allowed_gets_an_empty_frame(
    browser: Browser, start_server: StartServer
) -> None:
    strict = start_server(embed_origins="https://wiki.corp.example")
    with Wiki(embedded(strict.address)) as wiki:
        context = browser.new_context()
        page = context.new_page()
        refused: list[str] = []
        page.on("console", lambda message: refused.append(message.text))
        page.goto(wiki.address)
        page.wait_for_timeout(1500)
        assert page.frames[1].url.startswith("chrome-error:")
        assert any("frame-ancestors" in line for line in refused)
        context.close()


@pytest.mark.parametrize("all_allowed", [True, False])
def test_in_nested_frames_every_page_around_must_be_allowed(
    browser: Browser, server: Server, start_server: StartServer, all_allowed: bool
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    chat = server if all_allowed else start_server(embed_origins=f"http://localhost:{port}")
    with Wiki(embedded(chat.address), port) as inner, Wiki(f'<iframe src="{inner.address}" width="900" height="700">') as outer:
        context = browser.new_context(locale="zh-CN")
        page = context.new_page()
        page.goto(outer.address)
        composer = frame_of(page).frame_locator("iframe").locator("#zj-composer textarea")
        if all_allowed:
            expect(composer).to_be_visible(timeout=20_000)
        else:
            page.wait_for_function("frames[0].frames.length === 1")
            page.wait_for_timeout(1500)
            assert page.frames[2].url.startswith("chrome-error:")
        page.goto(inner.address)
        expect(frame_of(page).locator("#zj-composer textarea")).to_be_visible(timeout=20_000)
        context.close()


@pytest.mark.parametrize("width", [1000, 360])
def test_the_bubble_opens_closes_with_escape_and_gives_the_focus_back(
    browser: Browser, server: Server, width: int
) -> None:
    with Wiki(f'<script src="{server.address}embed.js" data-lang="zh" defer></script>') as wiki:
        context = browser.new_context(locale="zh-CN", viewport={"width": width, "height": 700})
        page = context.new_page()
        page.goto(wiki.address)
        button = page.get_by_role("button", name="打开文档问答")
        button.click()
        frame = frame_of(page)
        expect(frame.locator("#zj-composer textarea")).to_be_visible(timeout=20_000)
        expect(frame.locator(".zj-header")).to_be_visible()
        frame.locator("#zj-composer textarea").press("Escape")
        expect(page.locator("iframe")).to_be_hidden()
        expect(button).to_be_focused()
        button.click()
        expect(page.locator("iframe")).to_be_visible()
        context.close()


def test_refused_storage_and_cookies_leave_a_chat_that_works(browser: Browser, server: Server, framing_wiki: Wiki) -> None:
    context = browser.new_context(locale="zh-CN")
    context.add_init_script(
        "for (const name of ['localStorage', 'sessionStorage'])"
        " Object.defineProperty(window, name, { get() { throw new DOMException('denied', 'SecurityError') } });"
    )
    context.route("**/*", lambda route: route.continue_(headers={k: v for k, v in route.request.headers.items() if k != "cookie"}))
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(framing_wiki.address)
    frame = frame_of(page)
    for question in ("你好", "AlphaQubit 是什么"):
        frame.locator("#zj-composer textarea").fill(question)
        frame.locator("#zj-composer textarea").press("Enter")
        expect(frame.locator(".zj-question").last).to_have_text(question, timeout=20_000)
        expect(frame.locator(".zj-live")).to_have_count(0, timeout=20_000)
    expect(frame.locator(".zj-question")).to_have_count(2)
    assert errors == []
    context.close()


def test_another_reader_cannot_open_a_conversation_by_its_id(open_chat: OpenChat) -> None:
    mine, theirs = open_chat(), open_chat()
    mine.ask("AlphaQubit 是什么")
    identifier = mine.page.evaluate("document.querySelector('#zj-conversation textarea').value")
    assert len(identifier) > 30
    theirs.page.evaluate("id => sessionStorage.setItem('zhiju.conversation', id)", identifier)
    theirs.open()
    theirs.page.wait_for_timeout(800)
    assert theirs.page.locator(".zj-question").count() == 0
