"""Summaries: which sentences stand for what is told at length."""

from __future__ import annotations

from rag.answering.arrange import as_prose, as_table
from rag.answering.outline import outline
from rag.answering.reading import Candidate
from rag.interfaces import Span
from rag.sentences import UnitKind
from rag.types import Chunk
from tests.answering.planning import planner

ASKED = "介绍一下 Whale 这个项目"


def told(*sentences: tuple[str, float], name: str = "a1", run: int = 0, title: str = "", section: str = "") -> list[Candidate]:
    """The sentences of one passage with their scores."""
    text = "".join(sentence for sentence, _ in sentences)
    chunk = Chunk(name, name[0], title, section, text, 0, len(text))
    found, start = [], 0
    for place, (sentence, score) in enumerate(sentences):
        span = Span(chunk, start, start + len(sentence))
        found.append(Candidate(span, run + 1, UnitKind.SENTENCE, run, place, score))
        start += len(sentence)
    return found


def summary(question: str, *passages: list[Candidate]) -> list[str]:
    ranked = sorted((one for passage in passages for one in passage), key=lambda one: -one.score)
    return [one.text for one in outline(question, ranked)]


def test_what_follows_the_best_sentence_stays_and_what_stands_before_it_must_be_near_itself() -> None:
    passage = told(("昨天的会议讨论了预算。", 0.4), ("Whale 绘出了噪声地图。", 1.0), ("它训练了卷积网络。", 0.4), ("午餐很好。", 0.1))
    assert summary(ASKED, passage) == ["Whale 绘出了噪声地图。", "它训练了卷积网络。"]


def test_this_project_in_a_passage_that_does_not_name_it_is_another_one() -> None:
    best = told(("Whale 绘出了噪声地图。", 1.0), title="项目")
    nameless = told(("该项目研究了涂料。", 0.9), name="b1", run=1, title="项目")
    naming = told(("该项目得到了资助。", 0.9), ("Whale 有三名成员。", 0.2), name="c1", run=2, title="项目")
    assert summary(ASKED, best, nameless, naming) == ["Whale 绘出了噪声地图。", "该项目得到了资助。"]


def test_the_best_sentence_is_told_whatever_it_scores() -> None:
    assert summary(ASKED, told(("今天下了雨。", -0.2), ("明天放晴。", -0.4))) == ["今天下了雨。"]


def test_documents_of_one_title_are_summarised_as_one_work() -> None:
    parts = ["公司在一月收购了甲厂。", "公司在三月发行了债券。", "公司在九月更换了董事。"]
    passages = [
        told((text, 0.9), name=f"{letter}1", run=run, title="年度报告")
        for run, (letter, text) in enumerate(zip("abc", parts, strict=True))
    ]
    assert summary("总结公司今年的事件", *passages) == parts
    apart = [told((text, 0.9), name=f"{letter}1", run=run) for run, (letter, text) in enumerate(zip("abc", parts, strict=True))]
    assert len(summary("总结公司今年的事件", *apart)) == 1


def test_a_summary_stays_short_in_either_script() -> None:
    chinese = told(*((chr(0x4E00 + n) * 200 + "。", 0.9) for n in range(20)))
    english = told(*((f"{chr(97 + n)}{n} " * 70 + ". ", 0.9) for n in range(20)))
    assert len(summary("总结", chinese)) == 4
    assert 6 <= len(summary("summarise", english)) <= 8


def test_a_line_that_ends_without_a_sign_is_set_apart_from_what_follows() -> None:
    assert "".join(as_prose(told(("作者：林晓\n", 1.0), ("她绘出了地图。", 1.0)))) == "作者：林晓[1]\n\n她绘出了地图。[1]"
    assert "".join(as_prose(told(("她绘出了地图。", 1.0), ("地图很大。", 1.0)))) == "她绘出了地图。[1]地图很大。[1]"


def test_in_a_cell_a_line_that_ends_without_a_sign_gets_one_so_that_each_has_its_own_marker() -> None:
    first, second = told(("座位共有70个", 1.0)), told(("还有12个在楼上", 1.0), name="b1", run=1)
    latin, lead = told(("70 seats", 1.0), name="c1", run=2), told(("分为两种：", 1.0), name="d1", run=3)
    table = "".join(as_table(("对象", "原文"), [("甲馆", [*first, *second]), ("乙馆", [*latin, *lead, *first])]))
    assert "| 甲馆 | 座位共有70个；[1] 还有12个在楼上[2] |" in table
    assert "| 乙馆 | 70 seats;[3] 分为两种：[4] 座位共有70个[1] |" in table


def test_only_a_summary_reads_on() -> None:
    assert planner().plan("总结一下巡检机器人手册", ()).following > 0
    assert planner().plan("巡检机器人 Mira 的准确率是多少？", ()).following == 0
