"""The product itself in a real browser: the seeds, the real encoder, no language model.

What needs an answer that is slow, hostile or broken off stands in ``test_real_model.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, FrameLocator, Page, expect

from tests.browser.axe import violations
from tests.browser.chat import Chat, frame_of
from tests.browser.conftest import OpenChat, Server
from tests.browser.wiki import Wiki, embedded

pytestmark = [pytest.mark.browser, pytest.mark.encoder]

ALPHA = "AlphaQubit 是什么？"
QUESTIONS = (ALPHA, "报告里说 Agent 由哪几个部分组成？", "Emu3 系列模型有什么特点？")
UNKNOWN = "公司食堂星期三中午的菜单是什么？"
SIZES = [(320, 480), (420, 640), (1000, 700)]


def _squeezed(text: str) -> str:
    return re.sub(r"[\s#]+", "", text)


@pytest.fixture
def chat(open_chat: OpenChat, real_server: Server) -> Chat:
    return open_chat(at=real_server)


@pytest.fixture
def framing_wiki(real_server: Server) -> Iterator[Wiki]:
    with Wiki(embedded(real_server.address)) as wiki:
        yield wiki


def _whole_document(chat: Chat) -> Page:
    with chat.page.context.expect_page() as opened:
        chat.page.locator(".zj-panel .zj-open").click()
    expect(opened.value.locator("mark").first).to_be_visible()
    return opened.value


def _complaints(chat: Chat) -> list[str]:
    """What the browser logged of errors and of what the policy forbids."""
    return [line for line in chat.console if line.startswith(("error", "warning")) or "violates" in line]


def _ask_in(frame: FrameLocator | Page, question: str) -> None:
    """Ask once the page is drawn, as a person does."""
    expect(frame.locator(":is(.zj-welcome, .zj-question):visible").first).to_be_visible()
    expect(frame.locator(".zj-opening")).to_have_count(0)
    frame.locator("#zj-composer textarea").fill(question)
    frame.locator("#zj-composer textarea").press("Enter")


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
    assert _complaints(chat) == []


def test_what_the_documents_do_not_hold_is_said_to_be_missing(chat: Chat) -> None:
    answer = chat.ask(UNKNOWN)
    assert answer.locator("a.cite").count() == 0
    expect(answer.locator(".zj-nearest a").first).to_be_visible()


def test_a_suggested_question_is_answered(chat: Chat) -> None:
    chat.page.locator(".zj-start").first.click()
    expect(chat.finished().locator(".zj-steps")).to_contain_text("搜索了")


def test_the_greeting_needs_no_search(chat: Chat) -> None:
    expect(chat.ask("你好").locator(".zj-steps summary")).to_have_text("直接回答，没有检索")


def test_an_ambiguous_question_is_asked_back_and_a_choice_resumes_it(chat: Chat) -> None:
    options = chat.ask("那个模型多大？").locator(".zj-option")
    expect(options.first).to_be_visible()
    choice = options.first.inner_text()
    options.first.click()
    expect(chat.page.locator(".zj-question").last).to_have_text(choice)
    expect(chat.finished().locator(".zj-steps")).to_contain_text("搜索了")


def test_regenerate_replaces_and_edit_asks_in_other_words(chat: Chat) -> None:
    first = chat.ask(ALPHA).locator(".zj-text").inner_text()
    rating = chat.last.locator(".zj-act-up").get_attribute("id")
    chat.last.locator(".zj-act-regenerate").click()
    expect(chat.page.locator(f"#{rating}")).to_have_count(0)
    expect(chat.finished().locator(".zj-text")).to_have_text(first, use_inner_text=True)
    chat.last.locator(".zj-act-edit").click()
    chat.composer.fill(QUESTIONS[2])
    chat.composer.press("Enter")
    expect(chat.page.locator(".zj-question")).to_have_text([QUESTIONS[2]])
    expect(chat.finished()).to_contain_text("Emu3")


def test_a_new_conversation_is_empty_and_the_old_one_returns_from_the_history(chat: Chat) -> None:
    answer = chat.ask(ALPHA).locator(".zj-text").inner_text()
    chat.page.locator("#zj-new_conversation").click()
    expect(chat.page.locator(".zj-question")).to_have_count(0)
    chat.ask("你好")
    chat.page.locator("#zj-history").click()
    chat.page.locator(".zj-menu .zj-item", has_text="AlphaQubit").click()
    expect(chat.page.locator(".zj-question")).to_have_text([ALPHA])
    expect(chat.last.locator(".zj-text")).to_have_text(answer, use_inner_text=True)


def test_copied_text_includes_its_sources(chat: Chat) -> None:
    chat.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    chat.ask(ALPHA).locator(".zj-act-copy").click()
    expect(chat.page.locator(".zj-said")).to_have_text("已复制")
    copied = chat.page.evaluate("navigator.clipboard.readText()")
    text, _, sources = copied.partition("\n\n")
    numbers = set(re.findall(r"\[(\d+)\]", text))
    assert numbers
    for number in numbers:
        assert re.search(rf"^\[{number}\] \S", sources, re.MULTILINE), copied


def test_enter_that_ends_a_composition_does_not_send_and_the_next_one_is_answered(chat: Chat) -> None:
    chat.composer.focus()
    session = chat.page.context.new_cdp_session(chat.page)
    session.send("Input.imeSetComposition", {"text": "shi shen me", "selectionStart": 11, "selectionEnd": 11})
    composing = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 229, "nativeVirtualKeyCode": 13}
    session.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", **composing})
    session.send("Input.dispatchKeyEvent", {"type": "keyUp", **composing})
    session.send("Input.insertText", {"text": ALPHA})
    chat.page.wait_for_timeout(300)
    expect(chat.page.locator(".zj-question")).to_have_count(0)
    chat.page.keyboard.press("Enter")
    expect(chat.page.locator(".zj-question")).to_have_text([ALPHA])
    expect(chat.finished().locator(".zj-text a.cite").first).to_be_visible()


def test_no_size_scrolls_sideways_or_hides_the_question_field(chat: Chat) -> None:
    chat.ask("对比 Emu3 和 AlphaQubit")
    chat.ask(ALPHA)
    for width, height in SIZES:
        chat.page.set_viewport_size({"width": width, "height": height})
        chat.last.locator(".zj-text a.cite").first.click()
        assert chat.overflow <= 0, width
        expect(chat.page.locator(".zj-header")).to_be_in_viewport(ratio=1)
        expect(chat.page.locator("#zj-composer .input-container")).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize(("path", "query", "width"), [("", "?lang=zh", 1280), ("embed/", "?lang=zh&__theme=dark", 360)])
def test_axe_finds_nothing_serious(
    open_chat: OpenChat, real_server: Server, path: str, query: str, width: int
) -> None:
    chat = open_chat(query, at=real_server, path=path, width=width, bypass_csp=True)
    assert violations(chat.page) == []
    for question in (UNKNOWN, "对比 Emu3 和 AlphaQubit", ALPHA):
        answer = chat.ask(question)
    answer.locator(".zj-steps summary").click()
    answer.locator(".zj-text a.cite").first.click()
    assert violations(chat.page) == []
    address = chat.page.locator(".zj-open").last.get_attribute("href")
    assert address
    chat.page.goto(real_server.address + address.lstrip("/"))
    expect(chat.page.locator("mark").first).to_be_visible()
    assert violations(chat.page) == []


def test_an_english_reader_is_answered_in_english_and_a_dark_page_stays_dark(open_chat: OpenChat, real_server: Server) -> None:
    chat = open_chat(at=real_server, locale="en-GB", color_scheme="dark")
    expect(chat.composer).to_have_attribute("placeholder", "Ask something…")
    expect(chat.ask("What is AlphaQubit?").locator(".zj-text a.cite").first).to_be_visible()
    expect(chat.ask("What is on the canteen's menu on Wednesday?")).to_contain_text("The documents do not contain an answer")
    background = "getComputedStyle(document.querySelector('gradio-app')).backgroundColor"
    assert chat.page.evaluate(background) == "rgb(23, 24, 22)"


def test_nine_tabs_of_one_reader_all_answer_with_citations(chat: Chat) -> None:
    pages = [chat.page] + [chat.page.context.new_page() for _ in range(8)]
    for page in pages[1:]:
        page.goto(chat.address)
    for number, page in enumerate(pages):
        _ask_in(page, QUESTIONS[number % 3])
    for number, page in enumerate(pages):
        expect(page.locator(".zj-question")).to_have_text([QUESTIONS[number % 3]])
        expect(page.locator(".zj-done .zj-text a.cite").first).to_be_visible()


def test_a_wiki_that_is_allowed_frames_the_chat_and_a_citation_opens_there(browser: Browser, framing_wiki: Wiki) -> None:
    context = browser.new_context(locale="zh-CN", viewport={"width": 1000, "height": 800})
    page = context.new_page()
    page.goto(framing_wiki.address)
    frame = frame_of(page)
    _ask_in(frame, ALPHA)
    frame.locator(".zj-done .zj-text a.cite").first.click()
    expect(frame.locator("details[open] mark.zj-active")).to_contain_text("AlphaQubit")
    frame.locator(".zj-act-copy").click()
    expect(frame.locator(".zj-said")).to_have_text("已复制")
    context.close()


@pytest.mark.parametrize("width", [1000, 360])
def test_the_bubble_opens_answers_closes_with_escape_and_gives_the_focus_back(
    browser: Browser, real_server: Server, width: int
) -> None:
    with Wiki(f'<script src="{real_server.address}embed.js" data-lang="zh" defer></script>') as wiki:
        context = browser.new_context(locale="zh-CN", viewport={"width": width, "height": 700})
        page = context.new_page()
        page.goto(wiki.address)
        button = page.get_by_role("button", name="打开文档问答")
        button.click()
        frame = frame_of(page)
        _ask_in(frame, ALPHA)
        expect(frame.locator(".zj-done .zj-text a.cite").first).to_be_visible()
        expect(frame.locator(".zj-header")).to_be_visible()
        frame.locator("#zj-composer textarea").press("Escape")
        expect(page.locator("iframe")).to_be_hidden()
        expect(button).to_be_focused()
        button.click()
        expect(frame.locator(".zj-question")).to_have_text([ALPHA])
        context.close()


def test_refused_storage_leaves_a_chat_that_works(browser: Browser, framing_wiki: Wiki) -> None:
    context = browser.new_context(locale="zh-CN")
    context.add_init_script(
        "for (const name of ['localStorage', 'sessionStorage'])"
        " Object.defineProperty(window, name, { get() { throw new DOMException('denied', 'SecurityError') } });"
    )
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(framing_wiki.address)
    frame = frame_of(page)
    for number, question in enumerate((ALPHA, "它有什么局限？"), 1):
        _ask_in(frame, question)
        expect(frame.locator(".zj-done")).to_have_count(number)
    assert errors == []
    context.close()
