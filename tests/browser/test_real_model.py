"""The product over its real index with a language model that is slow, hostile, gone.

What the model writes is scripted, at a loopback server that speaks OpenAI's protocol; search, planning, checking,
page and guard are the real ones.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.chat import Chat, in_sight, stays_empty
from tests.browser.conftest import OpenChat, Server, StartServer
from tests.browser.fake_engine import HOSTILE
from tests.browser.wiki import Wiki, embedded
from tests.fake_openai import FakeOpenAI, Reply, says
from tests.web.test_output_filter import PAYLOADS

pytestmark = [pytest.mark.browser, pytest.mark.encoder]

ALPHA, EMU = "AlphaQubit 是什么？", "Emu3 系列模型有什么特点？"
READERS = itertools.count(1)
QUESTIONS_A_MINUTE = 6
SENTENCE = "AlphaQubit 是一种基于人工智能的解码器[1]。"


def slowly(reply: Reply) -> None:
    """Sentences by the hundred, for as long as somebody reads."""
    reply.begin()
    for number in range(400):
        for piece in f"第{number}句话说 AlphaQubit 识别量子计算错误[1]。":
            reply.piece(piece)
            time.sleep(0.005)
    reply.done()


@pytest.fixture(scope="module")
def model() -> Iterator[FakeOpenAI]:
    with FakeOpenAI([says(SENTENCE)]) as running:
        yield running


@pytest.fixture(scope="module")
def model_server(start_product: StartServer, model: FakeOpenAI) -> Server:
    """One place and one that waits; the rules plan, the model writes. No other site may frame it.

    It believes what a proxy says of its readers, so that each test has an address, and a rate, of its own.
    """
    return start_product(
        llm="openai", llm_base_url=model.base_url, llm_api_key="k", llm_planner="false", llm_retries=0,
        concurrency=1, queue_size=1, questions_per_minute=QUESTIONS_A_MINUTE, trusted_proxies="127.0.0.1",
    )  # fmt: skip


@pytest.fixture
def chat(read_by: Callable[[], Chat], model: FakeOpenAI) -> Chat:
    model.script = [says(*SENTENCE)]
    model.closed.clear()
    return read_by()


@pytest.fixture
def read_by(open_chat: OpenChat, model_server: Server) -> Callable[[], Chat]:
    """Open the chat for a reader whom nobody has seen before."""
    return lambda: open_chat(at=model_server, extra_http_headers={"x-forwarded-for": f"192.0.2.{next(READERS)}"})


def test_what_the_model_writes_streams_and_its_citation_opens_the_passage(chat: Chat, model: FakeOpenAI) -> None:
    model.script = [says(*SENTENCE, pause=0.05)]
    chat.send(ALPHA)
    expect(chat.page.locator(".zj-live .zj-text")).to_contain_text("AlphaQubit 是一种")
    answer = chat.finished()
    expect(answer.locator(".zj-text")).to_contain_text("解码器")
    answer.locator(".zj-text a.cite").first.click()
    expect(chat.page.locator(".zj-panel mark.zj-active")).to_contain_text("AlphaQubit")
    assert chat.foreign_requests == []


def test_stop_ends_the_model_too_keeps_what_was_written_and_the_next_answer_is_clean(chat: Chat, model: FakeOpenAI) -> None:
    model.script = [slowly]
    chat.send(ALPHA)
    expect(chat.last).to_contain_text("第2句话")
    chat.page.locator(".stop-button").click()
    stopped = chat.finished()
    expect(stopped).to_contain_text("已停止，以上内容不完整")
    expect(stopped).to_contain_text("第2句话")
    assert model.closed.wait(10), "the model goes on writing for nobody"
    model.script = [says(*SENTENCE)]
    assert "句话" not in chat.ask(ALPHA).inner_text()


def test_a_model_that_is_gone_is_named_and_the_next_question_is_answered(chat: Chat, model: FakeOpenAI) -> None:
    def dies(reply: Reply) -> None:
        reply.begin()
        reply.piece("AlphaQubit 是")
        raise ConnectionResetError

    model.script = [dies]
    broken = chat.ask(ALPHA)
    expect(broken).to_contain_text("语言模型暂时不可用")
    model.script = [says(*SENTENCE)]
    broken.get_by_role("button", name="重试").click()
    expect(chat.page.locator(".zj-question")).to_have_count(1)
    expect(chat.last.locator(".zj-text")).to_contain_text("解码器")


def test_hostile_text_of_the_model_runs_nothing_and_asks_nothing_of_other_hosts(chat: Chat, model: FakeOpenAI) -> None:
    inert = "script, img, svg, iframe, video, audio, object, embed, form, input, base, meta, link, style, math"
    texts = [HOSTILE] + ["\n\n".join(f"{SENTENCE}{payload}" for payload in PAYLOADS[at : at + 12]) for at in range(0, len(PAYLOADS), 12)]
    for text in texts:
        model.script = [says(*text.splitlines(keepends=True))]
        answer = chat.ask(ALPHA)
        assert answer.locator(inert).count() == 0
        assert answer.locator("a[href]:not([href^='#'], [href^='/'], [href^='http://127.0.0.1'])").count() == 0
    chat.page.wait_for_timeout(500)
    assert chat.page.evaluate("window.hit") is None
    assert chat.foreign_requests == []
    assert [line for line in chat.console if line.startswith("error") or "violates" in line] == []


def test_too_many_questions_are_refused_and_the_question_is_given_back(chat: Chat) -> None:
    for _ in range(QUESTIONS_A_MINUTE):
        chat.ask("你好")
    chat.send(ALPHA)
    expect(chat.page.locator(".toast-wrap")).to_contain_text("提问太频繁")
    expect(chat.composer).to_have_value(ALPHA)
    assert in_sight(chat.composer)


def test_when_all_places_are_taken_the_next_reader_is_told(
    chat: Chat, read_by: Callable[[], Chat], model: FakeOpenAI
) -> None:
    model.script = [slowly]
    second, third = read_by(), read_by()
    chat.send(ALPHA)
    expect(chat.last).to_contain_text("第1句话")
    second.send(ALPHA)
    expect(second.page.locator(".zj-live")).to_be_visible()
    third.send(ALPHA)
    expect(third.page.locator(".toast-wrap")).to_contain_text("现在提问的人很多")
    expect(third.composer).to_have_value(ALPHA)
    chat.page.locator(".stop-button").click()
    chat.finished()
    expect(second.last).to_contain_text("第1句话")
    second.page.locator(".stop-button").click()
    second.finished()


def test_a_wiki_that_is_not_allowed_gets_an_empty_frame(browser: Browser, model_server: Server) -> None:
    with Wiki(embedded(model_server.address)) as wiki:
        context = browser.new_context()
        page = context.new_page()
        with page.expect_console_message(lambda message: "frame-ancestors" in message.text):
            page.goto(wiki.address)
        assert stays_empty(page, 1)
        context.close()


def test_a_server_killed_in_the_middle_comes_back_with_the_conversation_and_its_citations(
    chat: Chat, model_server: Server, model: FakeOpenAI
) -> None:
    answer = chat.ask(ALPHA).locator(".zj-text").inner_text()
    model.script = [slowly]
    chat.send(EMU)
    expect(chat.last).to_contain_text("第2句话")
    model_server.kill()
    expect(chat.page.locator(".toast-wrap, .zj-said:not(:empty)").first).to_be_visible()
    expect(chat.last).to_contain_text("第2句话")
    model_server.start()
    chat.page.reload()
    expect(chat.page.locator(".zj-question")).to_have_text([ALPHA, EMU])
    first = chat.page.locator(".zj-answer").first
    expect(first.locator(".zj-text")).to_have_text(answer, use_inner_text=True)
    first.locator(".zj-text a.cite").first.click()
    expect(chat.page.locator(".zj-panel mark.zj-active")).to_contain_text("AlphaQubit")
    model.script = [says(*SENTENCE)]
    expect(chat.ask(ALPHA)).to_contain_text("解码器")
