"""A reader asks, stops, checks, corrects: the chat in a real browser, over scripted answers."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import expect

from tests.browser.chat import Chat
from tests.browser.conftest import OpenChat

pytestmark = pytest.mark.browser

ALPHA = "AlphaQubit 是什么"
SECOND_SPAN = "与张量网络方法相比，它的错误率低 6%。"


def test_the_page_greets_suggests_and_makes_no_request_off_the_host(open_chat: OpenChat) -> None:
    chat = open_chat()
    expect(chat.page).to_have_title("知据 · 有据可查的文档问答")
    expect(chat.page.locator("h1")).to_have_count(1)
    expect(chat.page.locator(".zj-start")).to_have_text(
        ["员工手册讲了什么？", "会议纪要有哪些要点？", "量子纠错进展报告讲了什么？"]
    )
    expect(chat.page.locator(".zj-facts")).to_contain_text("已收录 3 篇文档")
    chat.ask(ALPHA)
    assert len(chat.requests) > 10
    assert chat.foreign_requests == []


def test_nothing_is_logged_to_the_console_and_the_policy_holds(open_chat: OpenChat) -> None:
    chat = open_chat()
    chat.ask(ALPHA)
    chat.page.locator(".zj-text a.cite").first.click()
    chat.page.locator("#zj-history").click()
    chat.page.locator("#zj-theme").click()
    assert [line for line in chat.console if line.startswith(("error", "warning"))] == []


def test_the_answer_streams_and_ends_whole(open_chat: OpenChat) -> None:
    chat = open_chat()
    chat.send("请写完")
    expect(chat.last).to_contain_text("第1句话马上写完。")
    assert "第99句话" not in chat.last.inner_text()
    expect(chat.page.locator(".stop-button")).to_be_visible()
    expect(chat.page.locator(".submit-button")).to_be_hidden()
    expect(chat.last).to_contain_text("第99句话")
    chat.finished()
    expect(chat.page.locator(".submit-button")).to_be_visible()


def test_a_citation_opens_the_passage_beside_the_chat_with_the_exact_span(open_chat: OpenChat) -> None:
    chat = open_chat()
    chat.ask(ALPHA)
    link = chat.last.locator(".zj-text a.cite").nth(1)
    link.click()
    panel = chat.page.locator(".zj-panel")
    expect(panel).to_be_visible()
    expect(panel.locator("mark.zj-active")).to_have_text(SECOND_SPAN)
    expect(panel).to_contain_text("量子纠错进展报告")
    expect(panel).to_contain_text("2024-11-20")
    assert "#" not in chat.page.url
    chat.page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(link).to_be_focused()


def test_a_citation_opens_the_passage_inside_the_message_where_it_is_narrow(open_chat: OpenChat) -> None:
    chat = open_chat(width=420, height=640)
    answer = chat.ask(ALPHA)
    answer.locator(".zj-text a.cite").nth(1).click()
    card = answer.locator("details.zj-source[open]")
    expect(card.locator("mark.zj-active")).to_have_text(SECOND_SPAN)
    expect(card.locator("mark.zj-active")).to_be_in_viewport()
    expect(card.locator("summary")).to_be_focused()
    card.get_by_text("回到回答").click()
    expect(answer.locator(".zj-text a.cite").nth(1)).to_be_focused()


def test_a_citation_opens_by_keyboard(open_chat: OpenChat) -> None:
    chat = open_chat()
    chat.ask(ALPHA).locator(".zj-text a.cite").nth(2).press("Enter")
    expect(chat.page.locator(".zj-panel mark.zj-active")).to_contain_text("AlphaQubit 目前速度太慢")


def test_hovering_a_citation_shows_what_it_says(open_chat: OpenChat) -> None:
    chat = open_chat()
    chat.ask(ALPHA).locator(".zj-text a.cite").nth(1).hover()
    expect(chat.page.locator(".zj-hint")).to_contain_text(SECOND_SPAN)
    chat.composer.hover()
    expect(chat.page.locator(".zj-hint")).to_be_hidden()


def test_the_whole_document_opens_at_the_marked_passage(open_chat: OpenChat) -> None:
    chat = open_chat()
    chat.ask(ALPHA).locator(".zj-text a.cite").nth(2).click()
    with chat.page.context.expect_page() as opened:
        chat.page.locator(".zj-panel").get_by_text("查看全文").click()
    document = opened.value
    expect(document.locator("mark")).to_have_text("AlphaQubit 目前速度太慢，无法实时纠正超导处理器中的错误。")
    expect(document.locator("mark")).to_be_in_viewport()
    expect(document.locator("h1")).to_have_text("量子纠错进展报告")


def test_the_steps_fold_out_and_stay_open(open_chat: OpenChat) -> None:
    chat = open_chat()
    answer = chat.ask(ALPHA)
    answer.locator(".zj-steps summary").click()
    expect(answer.locator(".zj-steps li").first).to_contain_text("关键词 6 · 语义 6 · 合并 6")


def test_stop_keeps_what_was_written_and_the_next_answer_is_clean(open_chat: OpenChat) -> None:
    chat = open_chat()
    before = _closed_early(chat)
    chat.send("慢慢说")
    expect(chat.last).to_contain_text("第3句话")
    chat.page.locator(".stop-button").click()
    stopped = chat.finished()
    expect(stopped).to_contain_text("已停止，以上内容不完整")
    assert "第3句话" in stopped.inner_text() and "第199句话" not in stopped.inner_text()
    answer = chat.ask(ALPHA)
    assert "慢慢写出来" not in answer.inner_text()
    assert _closed_early(chat) == before + 1


def _closed_early(chat: Chat) -> int:
    """How many answers the engine was stopped in: the server is shared, so only the difference tells."""
    found = re.search(r"关闭了 (\d+) 次", chat.ask("引擎状态").inner_text())
    assert found is not None
    return int(found[1])


def test_regenerate_puts_the_new_answer_in_the_place_of_the_old(open_chat: OpenChat) -> None:
    chat = open_chat()
    chat.ask("第几次")
    expect(chat.last).to_contain_text("这是第 1 次")
    chat.last.locator(".zj-act-regenerate").click()
    expect(chat.last).to_contain_text("这是第 2 次")
    chat.finished()
    expect(chat.page.locator(".zj-question")).to_have_text(["第几次"])


def test_edit_asks_the_last_question_in_other_words(open_chat: OpenChat) -> None:
    chat = open_chat()
    chat.ask("你好")
    chat.ask("没有的事")
    chat.last.locator(".zj-act-edit").click()
    expect(chat.composer).to_have_value("没有的事")
    expect(chat.page.locator(".zj-editing")).to_be_visible()
    chat.send(ALPHA)
    expect(chat.page.locator(".zj-question")).to_have_text(["你好", ALPHA])
    chat.finished()
    expect(chat.page.locator(".zj-editing")).to_be_hidden()


def test_a_clarification_is_answered_by_a_button(open_chat: OpenChat) -> None:
    chat = open_chat()
    chat.ask("哪个假").get_by_role("button", name="病假").click()
    expect(chat.page.locator(".zj-question")).to_have_text(["哪个假", "病假"])
    chat.finished()


def test_a_suggestion_is_asked_by_a_click(open_chat: OpenChat) -> None:
    chat = open_chat()
    chat.page.locator(".zj-start").first.click()
    expect(chat.page.locator(".zj-question")).to_have_text("员工手册讲了什么？")
    chat.finished().locator(".zj-follow").first.click()
    expect(chat.page.locator(".zj-question").last).to_have_text("关于推出的具体日期，文档里有什么？")


def test_a_link_may_bring_a_question_which_waits_to_be_sent(open_chat: OpenChat) -> None:
    chat = open_chat("?q=%E5%B9%B4%E5%81%87%E6%9C%89%E5%87%A0%E5%A4%A9")
    expect(chat.composer).to_have_value("年假有几天")
    expect(chat.page.locator(".zj-question")).to_have_count(0)
    chat.composer.press("Enter")
    expect(chat.page.locator(".zj-question")).to_have_text("年假有几天")


def test_an_abstention_names_the_nearest_documents(open_chat: OpenChat) -> None:
    answer = open_chat().ask("没有的事")
    expect(answer).to_contain_text("文档中没有提到")
    expect(answer.locator(".zj-nearest a").first).to_have_text("员工手册")


def test_copied_text_includes_the_numbered_sources(open_chat: OpenChat) -> None:
    chat = open_chat(permissions=["clipboard-read", "clipboard-write"])
    chat.ask(ALPHA).locator(".zj-act-copy").click()
    expect(chat.page.locator(".zj-said")).to_have_text("已复制")
    text = chat.page.evaluate("navigator.clipboard.readText()")
    assert "推出的解码器[1]。" in text
    assert f"[1] 量子纠错进展报告 · 2024-11-20: “AlphaQubit 是谷歌 DeepMind 与谷歌量子 AI 推出的解码器。 … {SECOND_SPAN}”" in text


@pytest.mark.parametrize(("choice", "ending"), [("导出为 Markdown", "md"), ("导出为 JSON", "json")])
def test_a_conversation_is_exported_with_its_citations(open_chat: OpenChat, choice: str, ending: str) -> None:
    chat = open_chat()
    chat.ask(ALPHA)
    chat.page.locator("#zj-export").click()
    with chat.page.expect_download() as download:
        chat.page.get_by_role("button", name=choice).click()
    assert download.value.suggested_filename.endswith(f".{ending}")
    text = download.value.path().read_text(encoding="utf-8")
    assert ALPHA in text and "AlphaQubit 目前速度太慢" in text
    if ending == "json":
        assert json.loads(text)
    else:
        assert re.search(r"\[1\]", text)


def test_a_new_conversation_is_empty_and_the_old_one_is_in_the_history(open_chat: OpenChat) -> None:
    chat = open_chat()
    chat.ask(ALPHA)
    chat.page.locator("#zj-new_conversation").click()
    expect(chat.page.locator(".zj-welcome")).to_be_visible()
    expect(chat.page.locator(".zj-question")).to_have_count(0)
    chat.ask("你好")
    chat.page.locator("#zj-history").click()
    items = chat.page.locator(".zj-menu:visible .zj-item")
    expect(items).to_have_count(2)
    items.filter(has_text=ALPHA).click()
    expect(chat.page.locator(".zj-question")).to_have_text([ALPHA])
    chat.page.locator("#zj-history").click()
    chat.page.once("dialog", lambda dialog: dialog.accept())
    chat.page.get_by_role("button", name=f"删除: {ALPHA}").click()
    expect(chat.page.locator(".zj-question")).to_have_count(0)
    expect(chat.page.locator(".zj-welcome")).to_be_visible()


def test_a_thumb_down_with_its_reason_survives_a_reload(open_chat: OpenChat) -> None:
    chat = open_chat()
    chat.ask(ALPHA).locator(".zj-act-down").click()
    with chat.page.expect_response(lambda r: r.url.endswith("/page/ratings") and "依据不符" in (r.request.post_data or "")) as sent:
        chat.page.get_by_role("button", name="依据不符").click()
    assert sent.value.status == 204
    expect(chat.last.locator(".zj-act-down")).to_have_attribute("aria-pressed", "true")
    chat.open()
    expect(chat.page.locator(".zj-act-down")).to_have_class(re.compile("zj-chosen"))


def test_a_draft_stays_when_something_else_is_asked_by_a_button(open_chat: OpenChat) -> None:
    chat = open_chat()
    chat.ask("第几次")
    chat.composer.fill("还没写完的")
    chat.last.locator(".zj-act-regenerate").click()
    expect(chat.last).to_contain_text(re.compile("这是第 [2-9] 次"))
    expect(chat.composer).to_have_value("还没写完的")
