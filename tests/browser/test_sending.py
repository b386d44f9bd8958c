"""A question is asked once, however slow the network or the page."""

from __future__ import annotations

import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import OpenChat

pytestmark = pytest.mark.browser

ALPHA = "AlphaQubit 是什么"
_COUNT_CLICKS = """() => {
  window.clicks = 0;
  document.querySelector("#zj-composer .submit-button").addEventListener("click", () => { window.clicks += 1; });
}"""


def test_enter_in_the_instant_an_answer_ends_asks_the_next_question_once(open_chat: OpenChat) -> None:
    chat = open_chat()
    chat.page.evaluate(
        """(question) => {
            const field = document.querySelector("#zj-composer textarea");
            let live = false;
            const watching = new MutationObserver(() => {
                const now = Boolean(document.querySelector(".zj-live"));
                if (live && !now) {
                    watching.disconnect();
                    field.value = question;
                    field.dispatchEvent(new Event("input", { bubbles: true }));
                    for (const kind of ["keydown", "keypress"]) {
                        field.dispatchEvent(new KeyboardEvent(kind, { key: "Enter", bubbles: true, cancelable: true }));
                    }
                }
                live = now;
            });
            watching.observe(document.querySelector("#zj-chat"), { childList: true, subtree: true, attributes: true });
        }""",
        "你好啊",
    )
    chat.ask(ALPHA)
    expect(chat.page.locator(".zj-question")).to_have_text([ALPHA, "你好啊"])
    chat.finished()
    chat.page.wait_for_timeout(1000)  # for a second sending, which shall not come
    expect(chat.page.locator(".zj-question")).to_have_count(2)


def test_edit_waits_for_an_answer_that_is_on_its_way(open_chat: OpenChat) -> None:
    chat = open_chat()
    chat.ask("这是第几次")
    held: list[Route] = []
    chat.page.route("**/queue/join*", lambda route: held.append(route))
    with chat.page.expect_request("**/queue/join*"):
        chat.last.locator(".zj-act-regenerate").click()
    chat.last.locator(".zj-act-edit").click()
    expect(chat.page.locator(".zj-editing")).to_be_hidden()
    for route in held:
        route.continue_()
    chat.page.unroute("**/queue/join*")
    expect(chat.last).to_contain_text("这是第 2 次")
    chat.finished().locator(".zj-act-edit").click()
    expect(chat.page.locator(".zj-editing")).to_be_visible()
    expect(chat.composer).to_have_value("这是第几次")


def test_a_question_that_has_left_is_not_sent_again(open_chat: OpenChat) -> None:
    chat = open_chat()
    held: list[Route] = []
    chat.page.evaluate(_COUNT_CLICKS)
    chat.page.route("**/queue/join*", lambda route: held.append(route))
    with chat.page.expect_request("**/queue/join*"):
        chat.send("你好")
    already = chat.page.evaluate("window.clicks")
    chat.page.wait_for_timeout(800)
    assert chat.page.evaluate("window.clicks") == already
    for route in held:
        route.continue_()
    chat.page.unroute("**/queue/join*")
    chat.finished()
    expect(chat.page.locator(".zj-question")).to_have_text(["你好"])


_CLOSES_LATE = """() => {
  const fetched = window.fetch;
  let asked;
  const question = new Promise((resolve) => { asked = resolve; });
  window.fetch = async (address, options) => {
    const response = await fetched(address, options);
    const path = String(address?.url || address);
    if (path.includes("/queue/join") && JSON.parse(options.body).data.length) setTimeout(asked, 100);
    if (!path.includes("/queue/data")) return response;
    const late = new TransformStream({
      async transform(chunk, out) {
        const [before, end] = new TextDecoder().decode(chunk).split(/(?=data: {"msg":"close_stream")/);
        out.enqueue(new TextEncoder().encode(before));
        if (end) { window.closes = (window.closes || 0) + 1; await question; out.enqueue(new TextEncoder().encode(end)); }
      },
    });
    return new Response(response.body.pipeThrough(late), response);
  };
}"""
"""The stream of the greeting ends just after the question has been taken: Gradio then listens to a stream that is over."""


def test_a_question_taken_while_the_stream_of_the_last_event_closes_is_answered(open_chat: OpenChat) -> None:
    chat = open_chat()
    chat.page.add_init_script(f"({_CLOSES_LATE})()")
    chat.open()
    chat.page.wait_for_function("window.closes === 1")
    chat.send(ALPHA)
    expect(chat.last).to_contain_text("AlphaQubit")
    chat.finished()
    expect(chat.page.locator(".zj-question")).to_have_text([ALPHA])
    chat.ask("你好")
    expect(chat.page.locator(".zj-question")).to_have_text([ALPHA, "你好"])
