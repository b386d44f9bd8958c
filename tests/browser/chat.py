"""A chat page in a real browser, as a test sees it: what a reader does, in a few verbs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, FrameLocator, Locator, Page, expect

FINISHED = ".zj-answer.zj-done .zj-actions"
_DRAWN = """() => new Promise((done) => {
  const log = document.querySelector("#zj-chat");
  let timer = setTimeout(done, 150);
  new MutationObserver(() => { clearTimeout(timer); timer = setTimeout(done, 150); })
    .observe(log, { childList: true, subtree: true });
})"""
"""Resolves when nothing of the messages has changed for 150 ms."""


@dataclass
class Chat:
    """One page. ``requests`` and ``console`` list everything that happened since it was opened."""

    page: Page
    address: str
    requests: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)

    def open(self, query: str = "", *, ready: bool = True) -> Chat:
        self.page.goto(self.address + query)
        expect(self.composer).to_be_visible()
        if ready:
            expect(self.page.locator(":is(.zj-welcome, .zj-question):visible").first).to_be_visible()
            expect(self.page.locator(".zj-opening")).to_have_count(0)
            expect(self.page.locator(".zj-header")).to_be_visible()
        return self

    @property
    def composer(self) -> Locator:
        return self.page.locator("#zj-composer textarea")

    @property
    def last(self) -> Locator:
        return self.page.locator(".zj-answer").last

    def send(self, question: str) -> None:
        self.composer.fill(question)
        self.composer.press("Enter")

    def ask(self, question: str) -> Locator:
        """Send, wait for the whole answer, return it."""
        before = self.page.locator(".zj-question").count()
        self.send(question)
        expect(self.page.locator(".zj-question")).to_have_count(before + 1)
        return self.finished()

    def finished(self) -> Locator:
        """The whole answer, once the event is closed too: with that the messages are drawn once more."""
        expect(self.page.locator(".zj-live")).to_have_count(0)
        expect(self.last.locator(".zj-actions")).to_be_visible()
        expect(self.page.locator("#zj-composer .stop-button")).to_be_hidden()
        self.page.evaluate(_DRAWN)
        return self.last

    @property
    def foreign_requests(self) -> list[str]:
        """Requests that left the host."""
        own = urlsplit(self.address).netloc
        return [r for r in self.requests if urlsplit(r).scheme not in ("data", "blob") and urlsplit(r).netloc != own]

    @property
    def overflow(self) -> int:
        """By how many pixels the page is wider than its window."""
        width: int = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        return width


def new_chat(context: BrowserContext, address: str) -> Chat:
    """A page that records its requests and its console."""
    page = context.new_page()
    chat = Chat(page, address)
    page.on("request", lambda request: chat.requests.append(request.url))
    page.on("console", lambda message: chat.console.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: chat.console.append(f"error: {error}"))
    return chat


def frame_of(page: Page, selector: str = "iframe") -> FrameLocator:
    """The chat inside a page of another site."""
    return page.frame_locator(selector)


def in_sight(locator: Locator) -> bool:
    """Whether an element lies wholly inside its window."""
    inside: bool = locator.evaluate(
        "e => { const b = e.getBoundingClientRect();"
        " return b.top >= 0 && b.left >= 0 && b.bottom <= innerHeight + 1 && b.right <= innerWidth + 1 && b.height > 0 }"
    )
    return inside


Options = dict[str, Any]


def stays_empty(page: Page, number: int) -> bool:
    """Whether the browser refuses to fill a frame; once it has, that is final."""
    for _ in range(200):
        if len(page.frames) > number and page.frames[number].url.startswith("chrome-error:"):
            return True
        page.wait_for_timeout(50)
    return False
