"""What a poisoned document, or another reader can do to the chat: nothing."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenChat
from tests.web.test_output_filter import PAYLOADS

pytestmark = pytest.mark.browser

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


def test_another_reader_cannot_open_a_conversation_by_its_id(open_chat: OpenChat) -> None:
    mine, theirs = open_chat(), open_chat()
    mine.ask("AlphaQubit 是什么")
    identifier = mine.page.evaluate("document.querySelector('#zj-conversation textarea').value")
    assert len(identifier) > 30
    theirs.page.evaluate("id => sessionStorage.setItem('zhiju.conversation', id)", identifier)
    theirs.open()
    theirs.page.wait_for_timeout(800)
    assert theirs.page.locator(".zj-question").count() == 0
