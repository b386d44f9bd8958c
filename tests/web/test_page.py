from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

import pytest

from rag.config import Settings
from rag.errors import ModelUnavailable
from rag.events import Event, Token
from rag.types import Document
from rag.web.document_page import MOST_CHARACTERS, render_document
from rag.web.identity import User
from rag.web.page_messages import MOST_TURNS, PageMessages, next_turn
from rag.web.page_shell import dress
from rag.web.page_stream import Pacer
from rag.web.page_welcome import render_welcome
from rag.web.render import Renderer
from rag.web.render_view import View
from rag.web.service import ChatService
from rag.web.suggestions import opening_questions
from tests.browser.fake_engine import REPORT, FakeEngine, Library
from tests.web.conftest import ANNE, MakeService
from tests.web.html import parse

ALPHA = "AlphaQubit 是什么"


def collect(events: AsyncIterator[Event], interval: float) -> list[View]:
    async def run() -> list[View]:
        return [view async for view in Pacer(interval).paced(events)]

    return asyncio.run(run())


async def tokens(count: int, pause: float = 0.0) -> AsyncGenerator[Event, None]:
    for number in range(count):
        if pause:
            await asyncio.sleep(pause)
        yield Token(str(number % 10))


def test_many_tokens_become_few_pictures_and_the_last_has_them_all() -> None:
    views = collect(tokens(1000), 10.0)
    assert len(views) <= 2
    assert views[-1].text == "0123456789" * 100


def test_slow_tokens_are_shown_before_the_end() -> None:
    views = collect(tokens(5, 0.02), 0.0)
    assert [view.text for view in views] == ["0", "01", "012", "0123", "01234"]


def test_a_picture_that_is_due_does_not_wait_for_the_next_token() -> None:
    async def run() -> str:
        shown = asyncio.Event()

        async def events() -> AsyncGenerator[Event, None]:
            yield Token("a")
            yield Token("b")
            await shown.wait()
            yield Token("c")

        async with asyncio.timeout(10), aclosing(Pacer(0.05).paced(events())) as views:
            async for view in views:
                if view.text == "ab":
                    shown.set()
        return view.text

    assert asyncio.run(run()) == "abc"


def test_many_pages_share_the_pictures_that_a_server_can_make() -> None:
    async def run() -> tuple[list[float], float]:
        pacer = Pacer(0.1, most_a_second=10)
        async with aclosing(pacer.paced(tokens(9, 0.01))) as first, aclosing(pacer.paced(tokens(9, 0.01))) as second:
            intervals = [pacer.interval]
            for views in (first, second):
                await anext(views)
                intervals.append(pacer.interval)
        return intervals, pacer.interval

    assert asyncio.run(run()) == ([0.1, 0.1, 0.2], 0.1)


def test_what_came_before_a_failure_is_shown_before_it_is_raised() -> None:
    async def events() -> AsyncGenerator[Event, None]:
        yield Token("a")
        yield Token("b")
        raise ModelUnavailable("gone")

    async def run() -> list[str]:
        seen = []
        with pytest.raises(ModelUnavailable):
            async for view in Pacer(10.0).paced(events()):
                seen.append(view.text)
        return seen

    assert asyncio.run(run())[-1] == "ab"


def test_closing_the_pictures_closes_the_events() -> None:
    closed = []

    async def events() -> AsyncGenerator[Event, None]:
        try:
            while True:
                yield Token("x")
                await asyncio.sleep(0.01)
        finally:
            closed.append(True)

    async def run() -> None:
        async with aclosing(Pacer(0.0).paced(events())) as views:
            await anext(views)
            await anext(views)

    asyncio.run(run())
    assert closed == [True]


def converse(service: ChatService, *questions: str) -> str:
    identifier = service.create(ANNE)
    for question in questions:
        for _ in service.ask(identifier, question, user=ANNE):
            pass
    return identifier


def messages_of(service: ChatService) -> PageMessages:
    return PageMessages(service, Renderer())


def test_a_kept_conversation_is_shown_as_it_was_with_what_became_of_its_sources(make_service: MakeService) -> None:
    engine = FakeEngine()
    service = make_service(engine)
    identifier = converse(service, ALPHA)
    shown = messages_of(service).whole(service.load(identifier, ANNE), "zh")
    assert [message["role"] for message in shown] == ["user", "assistant"]
    assert not parse(shown[1]["content"]).all(".zj-source .zj-badge")
    del engine.catalogue.stored["notes"]
    engine.catalogue.stored["report"] = Document("report", "新题", "全新的内容", "report.md", "other")
    page = parse(messages_of(service).whole(service.load(identifier, ANNE), "zh")[1]["content"])
    badges = [(card["id"], card.first(".zj-badge").text) for card in page.all(".zj-source")]
    assert badges == [("src-1-1", "原文已修改"), ("src-1-2", "原文已修改"), ("src-1-4", "文档已移除")]
    assert page.first("#src-1-2 mark").text == "AlphaQubit 目前速度太慢，无法实时纠正超导处理器中的错误。"


def test_only_the_last_turns_are_shown_and_they_keep_their_numbers(make_service: MakeService) -> None:
    service = make_service(FakeEngine(), questions_per_minute=1000)
    identifier = converse(service, *["你好"] * (MOST_TURNS + 3))
    conversation = service.load(identifier, ANNE)
    shown = messages_of(service).whole(conversation, "zh")
    assert len(shown) == 2 * MOST_TURNS
    assert parse(shown[0]["content"]).ids("question-4") == 1
    assert next_turn(conversation) == MOST_TURNS + 4
    assert next_turn(conversation, without_last=True) == MOST_TURNS + 3


def test_before_a_replacement_the_last_exchange_is_gone(make_service: MakeService) -> None:
    service = make_service(FakeEngine())
    conversation = service.load(converse(service, "你好", ALPHA), ANNE)
    messages = messages_of(service)
    assert len(messages.before(conversation, "zh")) == 4
    replaced = messages.before(conversation, "zh", without_last=True)
    assert ["你好" in message["content"] for message in replaced] == [True, True]
    assert "zj-act-regenerate" not in replaced[-1]["content"]


def test_a_page_number_comes_from_the_form_feeds_before_the_passage(make_service: MakeService) -> None:
    engine = FakeEngine()
    paged = REPORT.text.replace("\n# 局限", "\f# 局限")
    engine.catalogue.stored["report"] = Document("report", REPORT.title, paged, "r.pdf", "s")
    shelf = messages_of(make_service(engine)).shelf("zh")
    assert shelf.page("report", 3) == 1
    assert shelf.page("report", len(paged) - 1) == 2
    assert shelf.page("handbook", 3) is None
    assert shelf.page("gone", 3) is None


def test_another_reader_s_conversation_does_not_exist(make_service: MakeService) -> None:
    service = make_service(FakeEngine())
    assert not service.exists(converse(service, "你好"), User("visitor:ben"))


def test_the_greeting_names_documents_and_that_answers_are_quotes() -> None:
    page = parse(render_welcome(Library(), "zh", uses_model=False))
    assert page.first(".zj-facts").text == "已收录 3 篇文档 · 未配置语言模型：回答由原文语句摘录组成。"
    assert "未配置" not in render_welcome(Library(), "zh", uses_model=True)


def test_opening_questions_are_about_different_documents_and_leave_long_or_empty_headings_out() -> None:
    documents = [
        (Document("a", "甲", "", "", ""), ["1. 休假制度", "休假制度 › （二）病假的申请", "x"]),
        (Document("b", "乙", "", "", ""), ["为什么要做量子纠错？", "长" * 60, "2024-01-01"]),
        (Document("c", "00_abc.txt", "", "", ""), []),
    ]
    assert opening_questions(documents, "zh", most=2) == ("病假的申请讲了什么？", "为什么要做量子纠错？")


def test_a_document_page_marks_the_passage_across_lines_and_runs_no_markup() -> None:
    document = Document("d", "<题>", "# 一级\n第一行<script>x</script>\n第二行\n\f# 二级\n末行", "d.pdf", "", "2024-05-06T00:00:00Z")
    start, end = document.text.index("第一行"), document.text.index("二行") + 2
    page = parse(render_document(document, start, end, "zh", base_path="/bot"))
    assert [mark.text for mark in page.all("mark")] == ["第一行<script>x</script>", "第二行"]
    assert page.ids("passage") == 1
    assert page.first("p.page").text == "第 2 页"
    assert [heading.text for heading in page.all("h2")] == ["一级", "二级"]
    assert "script" not in page.tags
    assert page.first("link[rel=stylesheet]")["href"] == "/bot/static/document.css"


@pytest.mark.parametrize(("start", "end"), [(None, None), (5, 5), (9, 3), (0, 10_000)])
def test_a_document_page_without_a_valid_passage_marks_nothing(start: int | None, end: int | None) -> None:
    assert not parse(render_document(REPORT, start, end, "zh")).all("mark")


def test_a_huge_document_is_shown_around_its_passage() -> None:
    text = "".join(f"第{n}行\n" for n in range(200_000))
    start = text.index("第150000行")
    page = render_document(Document("d", "大", text, "d", ""), start, start + 8, "zh")
    assert "<mark" in page and "第150000行" in page and "第1行<" not in page
    assert len(page) < 6 * MOST_CHARACTERS


def test_the_shell_carries_our_head_and_nothing_that_points_elsewhere() -> None:
    gradio = (
        '<!doctype html><html\n\tlang="en"><head><title>Gradio</title><meta property="og:image"\n content="https://raw.example/x.jpg" />'
        '<link rel="manifest" href="/manifest.json" /><script>1</script></head><body></body></html>'
    )
    settings = Settings.load({}, base_path="/bot")
    page = parse(dress(gradio, settings, "zh", embed=True))
    assert page.first("html")["lang"] == "zh-CN"
    assert page.first("title").text == "知据 · 有据可查的文档问答"
    scripts = [script["src"].split("?v=")[0] for script in page.all("script[src]")]
    assert scripts == ["/bot/static/stream.js", "/bot/static/zhiju.js"]  # the one watches what the other sends
    assert not page.all("meta, link[rel=manifest]")
