from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

import pytest

from rag.events import Event, Planned, Reranked, Token
from rag.types import Action, Answer, Evidence, Outcome, Plan, Scope
from rag.web.recording import Recording
from rag.web.records import MessageState, SourceState, Thumb
from rag.web.render import Frame, Renderer
from rag.web.render_copy import copy_text
from rag.web.render_sources import Shelf
from rag.web.render_view import View, fold
from tests.browser.fake_engine import HOSTILE, NOTES, REPORT, FakeEngine
from tests.web.html import Html, parse
from tests.web.test_render_sources import make_source

SHELF = Shelf(
    title={"report": REPORT.title, "notes": NOTES.title, "handbook": "员工手册"}.__getitem__,
    state=lambda source: SourceState.CURRENT,
    page=lambda identifier, offset: None,
    base_path="/bot",
)
FRAME = Frame(3, "zh")


def folded(events: Iterable[Event]) -> View:
    view = View()
    for event in events:
        view = fold(view, event)
    return view


def answered(question: str) -> View:
    engine = FakeEngine()
    recording = Recording(engine.catalogue.document)
    view = View()
    for event in engine.answer(question):
        recording.add(event)
        view = fold(view, event)
    return replace(view, sources=recording.sources(), message_id="m1")


def shown(view: View, frame: Frame = FRAME, shelf: Shelf = SHELF) -> Html:
    html = Renderer().answer(view, frame, shelf)
    assert "\n" not in html and html.startswith("<div")
    return parse(html)


@pytest.fixture(scope="module")
def cited() -> View:
    return answered("AlphaQubit 是什么")


def test_the_fold_keeps_plans_counts_text_and_answer(cited: View) -> None:
    assert [plan.round for plan in cited.plans] == [1, 2]
    assert cited.rounds == 2
    assert cited.queries == ("AlphaQubit 是什么", "AlphaQubit 错误率", "解码器 对比")
    assert [found.count for found in cited.found_in_round(1)] == [6, 6, 6, 6]
    assert cited.answer is not None and cited.text == cited.answer.text
    assert not cited.live


def test_the_planner_s_line_tells_queries_rounds_and_scope(cited: View) -> None:
    summary = shown(cited).first("details.zj-steps > summary").text
    assert summary == "搜索了：AlphaQubit 是什么；AlphaQubit 错误率；解码器 对比 · 2 轮 · 范围：会议纪要：解码器选型"


def test_the_steps_tell_the_reason_and_what_each_stage_found(cited: View) -> None:
    first, second = shown(cited).all("details.zj-steps li")
    assert "第 1 轮 · 到文档中查找" in first.text
    assert "关键词 6 · 语义 6 · 合并 6" in first.text
    assert "有一部分还没有依据，换个说法再搜" in second.text
    assert "可用依据 5 段" in second.text


def test_a_citation_is_a_number_that_leads_to_its_card(cited: View) -> None:
    page = shown(cited)
    links = page.all("div.zj-text a.cite")
    assert [(link.text, link["href"]) for link in links] == [
        ("1", "#src-3-1"),
        ("1", "#src-3-1-2"),
        ("2", "#src-3-2"),
        ("4", "#src-3-4"),
    ]
    assert links[0]["title"] == "来源 1：量子纠错进展报告"
    for link in links:
        turn, marker = link["href"].removeprefix("#src-").split("-")[:2]
        assert page.ids(f"src-{turn}-{marker}") == 1


def test_a_card_marks_exactly_the_cited_spans(cited: View) -> None:
    page = shown(cited)
    marks = {mark["id"]: mark.text for mark in page.all("details.zj-source mark")}
    assert marks == {
        "src-3-1-1": "AlphaQubit 是谷歌 DeepMind 与谷歌量子 AI 推出的解码器。",
        "src-3-1-2": "与张量网络方法相比，它的错误率低 6%。",
        "src-3-2-1": "AlphaQubit 目前速度太慢，无法实时纠正超导处理器中的错误。",
        "src-3-4-1": "会上引用的数字是错误率低 30%，相对于关联匹配方法。",
    }
    assert "它以最先进的准确性识别量子计算错误。" in page.first("details#src-3-1 blockquote").text


def test_only_cited_passages_have_a_card_and_each_names_document_section_and_date(cited: View) -> None:
    cards = shown(cited).all("details.zj-source")
    assert [card["id"] for card in cards] == ["src-3-1", "src-3-2", "src-3-4"]
    assert cards[1].first("p.zj-place").text == "量子纠错进展报告 · 局限 · 2024-11-20"


def test_a_card_leads_to_the_whole_document_at_the_passage(cited: View) -> None:
    address = shown(cited).first("details#src-3-2 a.zj-open")["href"]
    match = re.fullmatch(r"/bot/documents\?id=report&lang=zh&start=(\d+)&end=(\d+)#passage", address)
    assert match is not None
    assert REPORT.text[int(match[1]) : int(match[2])].startswith("AlphaQubit 目前速度太慢")


def test_sentences_are_marked_only_where_they_are_not_fully_supported(cited: View) -> None:
    text = shown(cited).first("div.zj-text")
    assert [tag.text for tag in text.all("span.zj-verdict")] == ["说法不一", "部分有据", "未见依据"]
    assert "".join(part.text for part in text.all("span.zj-unsupported")) == "它将在明年商用。"
    assert not any("AlphaQubit 是谷歌" in part.text for part in text.all("span"))


def test_list_items_stay_list_items_when_their_sentence_is_marked(cited: View) -> None:
    items = shown(cited).all("div.zj-text li")
    assert [item.text for item in items] == [
        "它已经能够实时纠正所有错误2。部分有据",
        "会上引用的数字是错误率低 30%4。",
        "它将在明年商用。未见依据",
    ]


def test_the_answer_says_how_much_is_grounded_and_that_it_quotes(cited: View) -> None:
    assert shown(cited).first("p.zj-meta").text == "5 句中 2 句有依据 · 原文摘录"


def test_a_disagreement_shows_both_sides_the_newer_first(cited: View) -> None:
    card = shown(cited).first("div.zj-conflict")
    assert card.first("p").text == "文档说法不一：错误率"
    first, second = card.all("div.zj-side")
    assert "2025-02-11较新" in first.text and "错误率低 30%" in first.text
    assert "2024-11-20" in second.text and "较新" not in second.text


def test_parts_without_grounds_are_named(cited: View) -> None:
    assert "没有找到依据的部分：推出的具体日期" in shown(cited).text


def test_what_to_ask_next_names_missing_parts_and_uncited_sections(cited: View) -> None:
    questions = [button.text for button in shown(cited).all("button.zj-follow")]
    assert questions == ["关于推出的具体日期，文档里有什么？", "关于「会议纪要」还有什么？"]
    assert shown(cited, replace(FRAME, last=False)).all("button.zj-follow") == []


def test_copied_text_keeps_numbers_and_adds_the_cited_passages(cited: View) -> None:
    text = copy_text(cited, "zh")
    body, sources = text.split("\n\n来源:\n")
    assert body.startswith("**AlphaQubit** 是谷歌 DeepMind 与谷歌量子 AI 推出的解码器[1]。")
    assert sources.splitlines()[1] == (
        "[2] 量子纠错进展报告 · 局限 · 2024-11-20: “AlphaQubit 目前速度太慢，无法实时纠正超导处理器中的错误。”"
    )
    assert shown(cited).first("pre.zj-copy-text").text == text


def test_a_clarification_offers_its_options_as_buttons() -> None:
    page = shown(answered("哪个假"))
    assert "你想了解哪一种假？" in page.first("div.zj-text").text
    assert [button.text for button in page.all("button.zj-option")] == ["年假", "病假", "婚假"]
    assert page.first("summary").text == "先问清楚"


def test_an_abstention_says_so_and_names_the_nearest_documents() -> None:
    page = shown(answered("没有的事"))
    assert page.first("p.zj-abstained").text == "文档中没有提到"
    links = page.all("div.zj-nearest a")
    assert [(link.text, link["href"]) for link in links] == [
        ("员工手册", "/bot/documents?id=handbook&lang=zh"),
        ("会议纪要：解码器选型", "/bot/documents?id=notes&lang=zh"),
    ]
    assert not page.all("p.zj-meta")


def test_a_reply_says_that_nothing_was_searched() -> None:
    page = shown(answered("你好"))
    assert page.first("summary").text == "直接回答，没有检索"
    assert not page.all("p.zj-meta") and not page.all("details.zj-source")


def test_what_the_model_would_have_said_is_told_quietly_and_as_text(cited: View) -> None:
    assert cited.answer is not None
    view = replace(cited, answer=replace(cited.answer, recalled="<b>80个</b>\n{x}"))
    page = shown(view)
    notes = [note.text for note in page.all("p.zj-note")]
    assert "不看文档时，语言模型会答“<b>80个</b>\n{x}”；以文档为准。" in notes
    assert "b" not in page.tags
    assert not any("不看文档" in note.text for note in shown(cited).all("p.zj-note"))


def test_a_written_answer_names_its_model(cited: View) -> None:
    assert cited.answer is not None
    view = replace(cited, answer=replace(cited.answer, model="qwen<3>"))
    assert "由 qwen<3> 撰写" in shown(view).first("p.zj-meta").text


def test_while_searching_the_line_says_for_what() -> None:
    plan = Plan(Action.RETRIEVE, ("年假有几天",), Scope(), reason="default", round=1)
    assert shown(View()).first("p.zj-now").text == "正在理解问题…"
    assert shown(folded([Planned(plan)])).first("span.zj-now").text == "正在搜索：年假有几天"
    chunk = FakeEngine().catalogue.chunks()[0]
    view = folded([Planned(plan), Reranked((), (Evidence(1, chunk, 0.9),))])
    assert shown(view).first("span.zj-now").text == "正在阅读 1 段依据…"
    assert shown(fold(view, Token("年"))).first("span.zj-now").text == "正在回答…"


@pytest.mark.parametrize("tail", ["[", "[1", "[1,", "[1, 2", "【1"])
def test_an_unfinished_marker_is_held_back_while_streaming(tail: str) -> None:
    assert shown(View(text=f"答案{tail}")).first("div.zj-text").text == "答案"


def test_a_number_without_evidence_is_never_shown_as_a_citation() -> None:
    page = shown(folded([Token("甲[9]乙")]))
    assert page.first("div.zj-text").text == "甲乙"
    assert not page.all("a.cite")


def test_hostile_text_anywhere_stays_text() -> None:
    source = replace(make_source(), title=HOSTILE, section=HOSTILE, passage=HOSTILE, quote=HOSTILE[5:60], start=5, end=60)
    answer = Answer(HOSTILE, (), (), Outcome.PARTIAL, missing=(HOSTILE,))
    plan = Plan(Action.RETRIEVE, (HOSTILE,), Scope(("report",), (HOSTILE,)), reason=HOSTILE, round=1)
    view = View(plans=(plan,), text=HOSTILE, answer=answer, sources=(source,), live=False)
    page = shown(view, shelf=replace(SHELF, title=lambda identifier: HOSTILE))
    assert not page.tags & {"script", "img", "svg", "iframe", "video", "object", "form", "input", "base", "meta", "link", "math"}
    assert not {name for name in page.attributes if name.startswith("on") or name in ("src", "style", "ping")}
    assert page.first("mark").text == HOSTILE[5:60]


def test_a_question_is_shown_as_typed() -> None:
    html = Renderer().question("<b>粗</b>\n**第二行** ![x](http://evil.example)", 2)
    assert html == (
        '<div class="zj-question" id="question-2">&lt;b&gt;粗&lt;/b&gt;<br>**第二行** ![x](http://evil.example)</div>'
    )


@pytest.mark.parametrize(("state", "badge"), [(SourceState.CHANGED, "原文已修改"), (SourceState.GONE, "文档已移除")])
def test_a_source_that_changed_or_went_has_a_badge(cited: View, state: SourceState, badge: str) -> None:
    page = shown(cited, shelf=replace(SHELF, state=lambda source: state))
    assert page.first("details#src-3-2 .zj-badge").text == badge
    assert bool(page.all("details#src-3-2 a.zj-open")) == (state is SourceState.CHANGED)


def test_a_page_number_stands_on_the_card(cited: View) -> None:
    page = shown(cited, shelf=replace(SHELF, page=lambda identifier, offset: 12))
    assert "第 12 页" in page.first("details#src-3-2 p.zj-place").text


def test_a_stopped_answer_is_said_to_be_incomplete() -> None:
    view = View(text="写到一半", state=MessageState.STOPPED, message_id="m", live=False)
    assert shown(view).first("p.zj-note").text == "已停止，以上内容不完整"


def test_a_failed_answer_offers_to_try_again_only_as_the_last() -> None:
    view = View(text="写到一半", state=MessageState.FAILED, failure="model_failed", message_id="m", live=False)
    page = shown(view)
    assert page.first("div.zj-failure p").text == "语言模型暂时不可用，请重试。"
    assert page.first("button.zj-again")["id"] == "again-3"
    assert not shown(view, replace(FRAME, last=False)).all("button.zj-again")


def test_a_rating_shows_as_chosen(cited: View) -> None:
    page = shown(cited, replace(FRAME, thumb=Thumb.DOWN))
    assert "zj-chosen" in page.first("button#down-m1")["class"]
    assert "zj-chosen" not in page.first("button#up-m1")["class"]


def test_only_the_last_answer_can_be_asked_anew(cited: View) -> None:
    assert shown(cited).all("button.zj-act-regenerate") and shown(cited).all("button.zj-act-edit")
    earlier = shown(cited, replace(FRAME, last=False))
    assert not earlier.all("button.zj-act-regenerate") and earlier.all("button.zj-act-copy")


def test_english_words_stand_around_an_answer_for_an_english_reader(cited: View) -> None:
    page = shown(cited, replace(FRAME, language="en"))
    assert page.first("summary").text.startswith("Searched for: ")
    assert page.first("p.zj-meta").text == "2 of 5 sentences grounded · quotes"
