"""Takes the screenshots of docs/screenshots: ``python -m tests.browser.screenshots [ADDRESS] [--admin-token TOKEN]``.

``ADDRESS`` is a running Zhiju over the seeds that ``http://localhost:*`` may frame; with its administrator's token
the administrator's page is taken too. What its index gives only by chance (a disagreement, a question back) comes
from scripted answers.
"""

from __future__ import annotations

import argparse
import io
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.chat import Chat, frame_of, new_chat
from tests.browser.install import find
from tests.browser.wiki import Wiki, embedded

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "screenshots"
QUESTION = "AlphaQubit 是什么？"


def main() -> None:
    """Take all of them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("address", nargs="?", default="http://127.0.0.1:7860/")
    parser.add_argument("--admin-token")
    options = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=["--no-sandbox", "--disable-gpu"])
        _real(browser, options.address)
        if options.admin_token:
            _administration(browser, options.address, options.admin_token)
        _scripted(browser)
        browser.close()


def _open(browser: Browser, address: str, width: int, height: int, query: str = "", **options: Any) -> Chat:
    viewport = {"width": width, "height": height}
    context = browser.new_context(**{"locale": "zh-CN", "viewport": viewport} | options)
    context.set_default_timeout(60_000)
    return new_chat(context, address).open(query)


def _take(chat: Chat, name: str) -> None:
    chat.page.mouse.move(5, 5)
    chat.page.wait_for_timeout(400)
    _save(chat.page.screenshot(), name)


def _save(picture: bytes, name: str) -> None:
    """As a PNG of 256 colours: a third of the size, and nobody sees it."""
    Image.open(io.BytesIO(picture)).convert("RGB").quantize(256).save(FOLDER / f"{name}.png", optimize=True)


def _real(browser: Browser, address: str) -> None:
    chat = _open(browser, address, 1280, 800)
    _take(chat, "welcome")
    chat.ask(QUESTION)
    _take(chat, "desktop")
    chat.last.locator(".zj-text a.cite").first.click()
    _take(chat, "citation")
    chat.page.keyboard.press("Escape")
    chat.ask("对比 Emu3 和 AlphaQubit")
    chat.last.locator(".zj-steps summary").click()
    _take(chat, "table-and-steps")
    dark = _open(browser, address, 1280, 800, color_scheme="dark")
    dark.ask(QUESTION)
    dark.last.locator(".zj-text a.cite").first.click()
    _take(dark, "dark")
    phone = _open(browser, address, 360, 740, device_scale_factor=2)
    phone.ask(QUESTION)
    _take(phone, "phone")
    phone.last.locator(".zj-text a.cite").first.click()
    _take(phone, "phone-citation")
    english = _open(browser, address, 1280, 800, "?lang=en")
    english.ask("What is AlphaQubit?")
    _take(english, "english")
    _in_a_wiki(browser, address)


def _administration(browser: Browser, address: str, token: str) -> None:
    page = browser.new_page(locale="zh-CN", viewport={"width": 1280, "height": 800})
    page.goto(f"{address}admin")
    page.get_by_label("管理令牌").fill(token)
    page.get_by_role("button", name="进入").click()
    expect(page.locator("#rows tr").first).to_be_visible(timeout=60_000)
    _save(page.screenshot(), "admin")
    page.get_by_role("tab", name="检索试验").click()
    page.get_by_label("问题").fill(QUESTION)
    page.get_by_role("button", name="检索", exact=True).click()
    expect(page.locator("#stages details").first).to_be_visible(timeout=60_000)
    _save(page.screenshot(), "admin-playground")


def _in_a_wiki(browser: Browser, address: str) -> None:
    with Wiki(embedded(address)) as wiki:
        page = browser.new_page(locale="zh-CN", viewport={"width": 1280, "height": 760})
        page.goto(wiki.address)
        frame = frame_of(page)
        frame.locator("#zj-composer textarea").fill(QUESTION)
        frame.locator("#zj-composer textarea").press("Enter")
        expect(frame.locator(".zj-done")).to_be_visible(timeout=60_000)
        page.wait_for_timeout(500)
        _save(page.screenshot(), "wiki")


def _scripted(browser: Browser) -> None:
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"RAG_PORT": "0", "RAG_DATABASE_URL": f"sqlite:///{folder}/chat.sqlite"}
        server = subprocess.Popen(
            [sys.executable, "-m", "tests.browser.serve"], env=environment, stdout=subprocess.PIPE, text=True
        )
        assert server.stdout is not None
        address = server.stdout.readline().strip()
        chat = _open(browser, address, 1280, 900)
        chat.ask("AlphaQubit 的错误率")
        _take(chat, "disagreement")
        chat = _open(browser, address, 1280, 800)
        chat.ask("哪个假")
        _take(chat, "clarification")
        server.terminate()
        server.wait(20)
        server.stdout.close()


if __name__ == "__main__":
    main()
