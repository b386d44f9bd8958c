"""Too many, too much, too early, gone: what the chat says when it cannot answer, and that it recovers."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.chat import in_sight
from tests.browser.conftest import OpenChat, StartServer

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("question", ["   ", "？！……", "🙂🙂"])
def test_an_empty_question_is_not_asked(open_chat: OpenChat, question: str) -> None:
    chat = open_chat()
    chat.send(question)
    expect(chat.page.locator(".toast-wrap")).to_contain_text("请先写下问题")
    expect(chat.page.locator(".zj-question")).to_have_count(0)
    expect(chat.page.locator(".zj-welcome")).to_be_visible()


def test_a_question_beyond_the_limit_cannot_be_typed(open_chat: OpenChat) -> None:
    chat = open_chat()
    chat.composer.focus()
    chat.page.keyboard.insert_text("长" * 1200)
    assert len(chat.composer.input_value()) == 1000


def test_while_the_index_opens_the_page_says_so_then_greets_and_answers_who_asked_meanwhile(
    open_chat: OpenChat, start_server: StartServer, tmp_path: Path
) -> None:
    gate = tmp_path / "open"
    server = start_server("--opens-after", str(gate))
    waiting, asking = (open_chat(at=server, ready=False) for _ in range(2))
    for chat in (waiting, asking):
        expect(chat.page.locator(".zj-opening")).to_contain_text("正在打开索引…")
    asking.send("你好")
    expect(asking.page.locator(".zj-live")).to_be_visible()
    gate.touch()
    expect(waiting.page.locator(".zj-start").first).to_be_visible()
    expect(waiting.page.locator(".zj-opening")).to_have_count(0)
    expect(asking.last).to_contain_text("想从文档里了解什么")


def test_an_index_that_cannot_be_opened_is_named_without_its_secrets(
    open_chat: OpenChat, start_server: StartServer
) -> None:
    chat = open_chat(at=start_server("--broken"), ready=False)
    expect(chat.page.locator(".zj-unusable")).to_contain_text("索引无法打开")
    chat.send("你好")
    expect(chat.page.locator(".toast-wrap")).to_contain_text("索引无法使用")
    assert "secret" not in chat.page.content()


def test_enter_while_composing_chinese_does_not_send(open_chat: OpenChat) -> None:
    chat = open_chat()
    chat.composer.focus()
    session = chat.page.context.new_cdp_session(chat.page)
    session.send("Input.imeSetComposition", {"text": "nian", "selectionStart": 4, "selectionEnd": 4})
    composing = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 229, "nativeVirtualKeyCode": 13}
    session.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", **composing})
    session.send("Input.dispatchKeyEvent", {"type": "keyUp", **composing})
    session.send("Input.insertText", {"text": "年假"})
    chat.page.wait_for_timeout(300)
    expect(chat.page.locator(".zj-question")).to_have_count(0)
    expect(chat.composer).to_have_value("年假")
    chat.page.keyboard.press("Shift+Enter")
    expect(chat.composer).to_have_value("年假\n")
    chat.page.keyboard.press("Enter")
    expect(chat.page.locator(".zj-question")).to_have_text(["年假"])


def test_typing_goes_on_while_an_answer_streams(open_chat: OpenChat) -> None:
    chat = open_chat()
    chat.send("慢慢说")
    expect(chat.last).to_contain_text("第1句话")
    chat.composer.press_sequentially("下一个问题", delay=60)
    expect(chat.last).to_contain_text("第9句话")
    expect(chat.composer).to_have_value("下一个问题")
    chat.composer.press("Enter")
    expect(chat.page.locator(".zj-question")).to_have_count(1)
    assert in_sight(chat.composer)
