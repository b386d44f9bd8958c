"""The product itself in a real browser: the seeds, the real encoder, no language model."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chat import Chat
from tests.browser.conftest import OpenChat, Server

pytestmark = [pytest.mark.browser, pytest.mark.encoder]

QUESTIONS = ("AlphaQubit 是什么？", "报告里说 Agent 由哪几个部分组成？", "Emu3 系列模型有什么特点？")


def _squeezed(text: str) -> str:
    return re.sub(r"[\s#]+", "", text)


@pytest.fixture
def chat(open_chat: OpenChat, real_server: Server) -> Chat:
    chat = open_chat(at=real_server, ready=False)
    expect(chat.page.locator(".zj-start").first).to_be_visible(timeout=90_000)
    return chat


def _whole_document(chat: Chat) -> Page:
    with chat.page.context.expect_page() as opened:
        chat.page.locator(".zj-panel .zj-open").click()
    return opened.value


def test_three_questions_are_answered_and_every_citation_opens_its_exact_span(chat: Chat) -> None:
    for question in QUESTIONS:
        answer = chat.ask(question)
        links = answer.locator(".zj-text a.cite")
        assert links.count() >= 1, f"no citation for {question}"
        links.first.click()
        marked = chat.page.locator(".zj-panel mark.zj-active")
        expect(marked).to_be_visible()
        span = _squeezed(marked.inner_text())
        assert len(span) >= 4
        sentence = _squeezed(re.split(r"\[1\]|\[\d+\]", answer.locator(".zj-copy-text").text_content() or "")[0])
        assert span.rstrip("。！？!?；;") in sentence or sentence.rstrip("。！？!?；;") in span
        document = _whole_document(chat)
        assert _squeezed("".join(document.locator("mark").all_inner_texts())) == span
        expect(document.locator("mark").first).to_be_in_viewport()
        document.close()
        chat.page.keyboard.press("Escape")
    assert chat.foreign_requests == []
    assert [line for line in chat.console if line.startswith(("error", "warning"))] == []


def test_what_the_documents_do_not_hold_is_said_to_be_missing(chat: Chat) -> None:
    answer = chat.ask("公司食堂星期三中午的菜单是什么？")
    assert answer.locator("a.cite").count() == 0
    expect(answer.locator(".zj-nearest a").first).to_be_visible()


def test_a_suggested_question_is_answered(chat: Chat) -> None:
    chat.page.locator(".zj-start").first.click()
    expect(chat.finished().locator(".zj-steps")).to_contain_text("搜索了")


def test_the_greeting_needs_no_search(chat: Chat) -> None:
    expect(chat.ask("你好").locator(".zj-steps summary")).to_have_text("直接回答，没有检索")
