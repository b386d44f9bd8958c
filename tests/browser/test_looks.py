"""Sizes, languages, dark mode, accessibility: how the chat looks and to whom."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.axe import violations
from tests.browser.chat import in_sight
from tests.browser.conftest import OpenChat, Server

pytestmark = pytest.mark.browser

ALPHA = "AlphaQubit 是什么"
SIZES = [(320, 480), (360, 640), (420, 640), (1000, 700), (1280, 800), (2560, 1440), (3840, 2160)]


def test_no_size_scrolls_sideways_or_hides_the_question_field(open_chat: OpenChat) -> None:
    chat = open_chat()
    for asked in (False, True):
        if asked:
            chat.ask(ALPHA)
        for width, height in SIZES:
            chat.page.set_viewport_size({"width": width, "height": height})
            if asked:
                chat.last.locator(".zj-text a.cite").nth(1).click()
                log = chat.page.locator("#zj-chat [role=log]")
                assert log.evaluate("e => e.scrollWidth - e.clientWidth") <= 0, width
            assert chat.overflow <= 0, width
            expect(chat.page.locator(".zj-header")).to_be_in_viewport(ratio=1)
            expect(chat.page.locator("#zj-composer .input-container")).to_be_in_viewport(ratio=1)


def test_the_embedded_page_fits_a_small_frame(open_chat: OpenChat) -> None:
    chat = open_chat(path="embed/", width=320, height=480)
    chat.ask(ALPHA)
    assert chat.overflow <= 0 and in_sight(chat.composer)
    expect(chat.page.locator("#zj-new_conversation")).to_be_visible()
    expect(chat.page.locator("#zj-history")).to_have_count(0)


def test_long_words_and_wide_tables_scroll_inside_the_message(open_chat: OpenChat) -> None:
    chat = open_chat(width=360, height=640)
    row = "|" + "|".join(f"很长的表头第{n}列" for n in range(8)) + "|"
    answer = chat.ask(f"复述\n\n{'x' * 200}\n\nhttps://example.org/{'路径' * 40}\n\n{row}\n{'|---' * 8}|\n{row}")
    expect(answer.locator("td")).to_have_count(8)
    assert chat.overflow <= 0
    table = answer.locator(".zj-table")
    assert table.evaluate("e => e.scrollWidth > e.clientWidth")
    expect(table).to_have_attribute("tabindex", "0")


@pytest.mark.parametrize(
    ("locale", "query", "language", "words"),
    [
        ("zh-CN", "", "zh-CN", ("问点什么…", "发送", "新对话")),
        ("en-GB", "", "en", ("Ask something…", "Send", "New conversation")),
        ("en-GB", "?lang=zh", "zh-CN", ("问点什么…", "发送", "新对话")),
        ("zh-CN", "?lang=en", "en", ("Ask something…", "Send", "New conversation")),
        ("fr-FR", "", "en", ("Ask something…", "Send", "New conversation")),
    ],
)
def test_the_page_speaks_the_reader_s_language(
    open_chat: OpenChat, locale: str, query: str, language: str, words: tuple[str, str, str]
) -> None:
    chat = open_chat(query, locale=locale)
    expect(chat.composer).to_have_attribute("placeholder", words[0])
    expect(chat.page.locator(".submit-button")).to_have_attribute("aria-label", words[1])
    expect(chat.page.locator("#zj-new_conversation")).to_have_attribute("aria-label", words[2])
    assert chat.page.locator("html").get_attribute("lang") == language
    answer = chat.ask("没有的事")
    expect(answer).to_contain_text("文档中没有提到" if language == "zh-CN" else "The documents do not say")


def test_the_language_is_switched_by_a_button_and_the_conversation_stays(open_chat: OpenChat) -> None:
    chat = open_chat()
    chat.ask(ALPHA)
    chat.page.locator("#zj-language").click()
    expect(chat.composer).to_have_attribute("placeholder", "Ask something…")
    expect(chat.page.locator(".zj-question")).to_have_text([ALPHA])
    expect(chat.page.locator(".zj-meta")).to_contain_text("sentences grounded")


def test_dark_mode_follows_the_system_the_address_and_the_button(open_chat: OpenChat) -> None:
    dark, light = "rgb(23, 24, 22)", "rgb(250, 249, 246)"
    page_background = "getComputedStyle(document.querySelector('gradio-app')).backgroundColor"
    assert open_chat(color_scheme="dark").page.evaluate(page_background) == dark
    chat = open_chat("?__theme=dark")
    assert chat.page.evaluate(page_background) == dark
    chat.open()
    assert chat.page.evaluate(page_background) == light
    chat.page.locator("#zj-theme").click()
    assert chat.page.evaluate(page_background) == dark
    chat.page.reload()
    expect(chat.page.locator(".zj-welcome")).to_be_visible()
    assert chat.page.evaluate(page_background) == dark


@pytest.mark.parametrize(
    ("query", "width"), [("?lang=zh&__theme=dark", 1280), ("?lang=en", 320)]
)
def test_axe_finds_nothing_serious(open_chat: OpenChat, query: str, width: int) -> None:
    chat = open_chat(query, width=width, bypass_csp=True)
    assert violations(chat.page) == []
    answer = chat.ask(ALPHA)
    answer.locator(".zj-steps summary").click()
    answer.locator(".zj-text a.cite").nth(1).click()
    assert violations(chat.page) == []
    answer.locator(".zj-act-down").click()
    assert violations(chat.page) == []


def test_axe_finds_nothing_serious_in_other_states(open_chat: OpenChat) -> None:
    chat = open_chat(bypass_csp=True)
    for question in ("哪个假", "没有的事", "模型故障", "你好"):
        chat.ask(question)
    chat.page.locator("#zj-history").click()
    assert violations(chat.page) == []


def test_axe_finds_nothing_serious_on_a_document(open_chat: OpenChat, server: Server) -> None:
    chat = open_chat(bypass_csp=True)
    chat.page.goto(f"{server.address}documents?id=report&start=60&end=90&lang=zh")
    assert violations(chat.page) == []


def test_targets_are_large_enough_to_hit(open_chat: OpenChat) -> None:
    chat = open_chat(width=360)
    chat.ask(ALPHA)
    chat.page.locator(".zj-steps summary").click()
    small = chat.page.evaluate(
        "[...document.querySelectorAll('button, a.cite, summary, .zj-links a, .zj-header *')]"
        ".filter(e => e.matches('button, a, summary') && e.offsetParent)"
        ".map(e => [e.className, e.getBoundingClientRect()])"
        ".filter(([, b]) => b.width < 24 || b.height < 24).map(([name]) => name)"
    )
    assert small == []


def test_a_screen_reader_hears_the_answer_once_and_no_markup(open_chat: OpenChat) -> None:
    chat = open_chat()
    chat.send("慢慢说")
    expect(chat.last).to_contain_text("第1句话")
    log = chat.page.locator("#zj-chat [role=log]")
    expect(log).to_have_attribute("aria-busy", "true")
    expect(log).to_have_attribute("aria-live", "off")
    chat.page.locator(".stop-button").click()
    chat.finished()
    expect(log).to_have_attribute("aria-busy", "false")
    expect(chat.page.locator(".zj-sr[role=status]")).to_contain_text("第1句话")
    assert chat.page.locator("[aria-label*='<div']").count() == 0


def test_motion_stops_for_those_who_asked_for_less(open_chat: OpenChat) -> None:
    chat = open_chat(reduced_motion="reduce")
    chat.send("慢慢说")
    expect(chat.page.locator(".zj-now")).to_be_visible()
    name = "getComputedStyle(document.querySelector('.zj-now'), '::after').animationName"
    assert chat.page.evaluate(name) == "none"
    chat.page.emulate_media(reduced_motion="no-preference")
    assert chat.page.evaluate(name) == "zj-breathe"
