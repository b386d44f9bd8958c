"""The chat inside pages of another site: allowed and refused frames, nested ones, readers whom a wiki vouches for."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import jwt
import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.browser.chat import frame_of, stays_empty
from tests.browser.conftest import FLAGS, Server, StartServer, free_port
from tests.browser.install import find
from tests.browser.wiki import Wiki, embedded

pytestmark = pytest.mark.browser

SECRET = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def framing_wiki(server: Server) -> Iterator[Wiki]:
    with Wiki(embedded(server.address)) as wiki:
        yield wiki


@pytest.fixture(scope="module")
def only_wiki() -> int:
    """The port of the one wiki that may frame the strict server."""
    return free_port()


@pytest.fixture(scope="module")
def strict(start_lasting_server: StartServer, only_wiki: int) -> Server:
    return start_lasting_server(embed_origins=f"http://localhost:{only_wiki}")


@pytest.fixture(scope="module")
def vouching(start_lasting_server: StartServer) -> Server:
    """A server that answers only those whom the wiki vouches for, behind a proxy that speaks TLS."""
    origins = {"embed_origins": "http://localhost:*", "trusted_proxies": "127.0.0.1"}
    return start_lasting_server(**origins, embed_secret=SECRET, require_identity="true")


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
        expect(frame.locator(".zj-done")).to_be_visible()
        page.reload()
        expect(frame.locator(".zj-welcome")).to_have_count(1)
        if not allowed:
            page.wait_for_timeout(1500)  # for what shall not come
        expect(frame.locator(".zj-question")).to_have_count(1 if allowed else 0)


@pytest.mark.parametrize("allowed", [True, False])
def test_a_reader_whom_the_wiki_vouches_for_is_known_in_the_frame_even_without_third_party_cookies(
    browser: Browser, vouching: Server, tmp_path: Path, allowed: bool
) -> None:
    claims = {"aud": "zhiju", "sub": "anne", "exp": int(time.time()) + 300}
    source = f"{vouching.address}embed/?lang=zh&t={jwt.encode(claims, SECRET, algorithm='HS256')}"
    framing = Wiki(f'<iframe src="{source}" width="420" height="600"></iframe>')
    with framing as wiki, choosy(browser, tmp_path, allowed=allowed) as context:
        context.set_extra_http_headers({"x-forwarded-proto": "https"})  # as a proxy with TLS says
        page = context.new_page()
        page.goto(wiki.address)
        frame = frame_of(page)
        for number, question in enumerate(("你好", "AlphaQubit 是什么"), 1):
            frame.locator("#zj-composer textarea").fill(question)
            frame.locator("#zj-composer textarea").press("Enter")
            expect(frame.locator(".zj-done")).to_have_count(number)
        assert all("t=" not in one.url for one in page.frames)
        cookie = next(cookie for cookie in context.cookies() if cookie["name"].endswith("zhiju-user"))
        assert cookie["httpOnly"] and cookie["secure"] and cookie["sameSite"] == "None"
        assert cookie.get("partitionKey") == "http://localhost"


@pytest.mark.parametrize("all_allowed", [True, False])
def test_in_nested_frames_every_page_around_must_be_allowed(
    browser: Browser, server: Server, strict: Server, only_wiki: int, all_allowed: bool
) -> None:
    chat = server if all_allowed else strict
    with Wiki(embedded(chat.address), only_wiki) as inner, Wiki(f'<iframe src="{inner.address}" width="900" height="700">') as outer:
        context = browser.new_context(locale="zh-CN")
        page = context.new_page()
        page.goto(outer.address)
        composer = frame_of(page).frame_locator("iframe").locator("#zj-composer textarea")
        if all_allowed:
            expect(composer).to_be_visible()
        else:
            assert stays_empty(page, 2)
        page.goto(inner.address)
        expect(frame_of(page).locator("#zj-composer textarea")).to_be_visible()
        context.close()
