from __future__ import annotations

import pytest

from rag.answering.corpus import Corpus
from rag.answering.coverage import Coverage, contains
from rag.answering.decompose import split
from rag.answering.mentions import clashes, mentions, wanted_names
from rag.answering.terms import names, terms
from tests.answering.planning import Library, passage
from tests.fakes import ScriptedScorer, make_document


@pytest.mark.parametrize(
    ("text", "name"),
    [("llama 3 发布", "lama3"), ("baichuan-13b", "baichaun-13b"), ("falcon x2 的", "falcon x2"), ("vicuna 的 13b 版", "vicuna 13b"), ("gpt4在", "gpt-4")],
)
def test_slip_of_the_pen_and_spacing_are_forgiven(text: str, name: str) -> None:
    assert mentions(text, name)


@pytest.mark.parametrize(
    ("text", "name"), [("qwen2.5 有", "qwen3"), ("llama 3.1", "llama 3"), ("neurips 2024", "neurips 2023"), ("a800", "a100")]
)
def test_other_version_or_year_clashes(text: str, name: str) -> None:
    assert not mentions(text, name)
    assert clashes(text, name)


def test_absent_name_does_not_clash() -> None:
    assert not clashes("今天天气晴朗", "qwen3")


def test_names_that_count_have_a_capital_or_a_digit() -> None:
    assert wanted_names("OmAgent 的 token 数在 2023 年是多少？") == ("omagent", "2023")


def test_an_ordinal_or_an_owner_is_mentioned_as_it_is_written() -> None:
    assert wanted_names("What were NTL's services in the 15th century?")[0] == "ntl"
    assert mentions("a pro-reform cleric of the 15th century", "15th")
    assert mentions("most had fled by the 1700s.", "1700s")
    assert not mentions("by the 17000s", "1700s")
    assert not mentions("qwen2.5 was released", "qwen2")


def test_a_decade_or_century_is_mentioned_by_its_years() -> None:
    assert mentions("he fled in 1934", "1930s")
    assert mentions("war broke out in 1709", "1700s")
    assert not mentions("he fled in 1944", "1930s")
    assert not mentions("in 1685", "1700s")


def test_an_adjective_of_a_people_is_no_name_and_a_compound_is_its_name() -> None:
    assert wanted_names("Which famous Indian's actions were peaceful?") == ()
    assert wanted_names("Who was a Huguenot-descended maker of arms?") == ("huguenot",)
    assert wanted_names("Who led the German Democratic Party?") == ("german democratic party",)


def test_an_english_word_is_met_by_its_other_forms() -> None:
    text = "The services were rebranded by Virgin. Many people moved often."
    library = Library([make_document("services", text)])
    asked = Coverage(Corpus(library, library)).features("What did Virgin rebrand services as when moving people?", [passage(text)])
    assert asked.passage == pytest.approx(1.0)
    assert asked.unknown == 0.0
    assert contains("they were rebranded", "rebranding")
    assert not contains("a brand", "rebranding")


def test_terms_leave_out_function_words_and_question_words() -> None:
    assert [term.text for term in terms("超导量子处理器每秒要做多少次一致性检查？")] == ["超导量子处理器每秒", "次一致性检查"]
    assert [term.text for term in terms("What is the accuracy of the Kestrel 3?")] == ["accuracy", "kestrel", "3"]
    assert names("What does Keller Jordan say about 《风筝》?") == ("Keller Jordan", "风筝")


def test_latin_words_count_whole_and_numbers_do_not_match_inside_others() -> None:
    assert contains("in 2012", "2012")
    assert not contains("in 2012", "12")
    assert not contains("category", "cat")
    assert contains("two robots", "robot")


def test_coverage_is_higher_where_the_question_is_spoken_of() -> None:
    library = Library()
    measure = Coverage(Corpus(library, library)).features
    near = measure("Mira 在识别仪表时准确率是多少？", (passage("Mira 在识别仪表时准确率达到 97%。"),))
    far = measure("Mira 在识别仪表时准确率是多少？", (passage("港口的水质监测报告。"),))
    assert near.passage == pytest.approx(1.0)
    assert far.passage == 0.0
    assert (near.names, far.names) == (1.0, 0.0)


def test_meaning_comes_from_the_scorer_where_there_is_one() -> None:
    library = Library()
    assert Coverage(Corpus(library, library), ScriptedScorer(lambda _: 0.5)).features("Mira", (passage("Mira", 0.9),)).meaning == 0.5
    assert Coverage(Corpus(library, library)).features("Mira", (passage("Mira", 0.9),)).meaning == 0.9


@pytest.mark.parametrize(
    ("question", "content"),
    [
        ("手册里说的电池容量是多少？", ["电池容量"]),
        ("文中提及的港口在哪里？", ["港口"]),
        ("手冊上寫的保固期多長？", ["保固期"]),
        ("文件写入失败怎么办？", ["文件写入失败", "办"]),
        ("论文写作要求", ["论文写作要求"]),
    ],
)
def test_a_mention_of_the_documents_themselves_is_no_content(question: str, content: list[str]) -> None:
    assert [term.text for term in terms(question)] == content


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("Alpha 和 Beta 分别是谁做的？", ("Alpha", "Beta")),
        ("前端组跟后端组的预算有什么不一样？", ("前端组", "后端组")),
        ("Compare Alpha and Beta", ("Alpha", "Beta")),
        ("Who made Alpha, and how much does Beta cost?", ("Who made Alpha", "how much does Beta cost")),
        ("What did Alpha in 2018 and Beta in 2020 earn?", ("Alpha in 2018", "Beta in 2020")),
        ("Alpha 2018年和Beta 2020年赚了多少？", ("Alpha 2018年", "Beta 2020年")),
        ("What did Alpha and Beta earn in 2020?", ()),
        ("2022年四川和重庆的人口增长率", ("四川", "重庆")),
        ("2021年和2022年棉花产量是多少？", ("2021年", "2022年")),
        ("四川和重庆什么时候开通了铁路？", ()),
        ("德意志共和国的首都在哪里？", ()),
        ("他和谁一起工作？", ()),
        ("Alpha 的作者是谁？为什么？", ()),
    ],
)
def test_parts_of_a_question(question: str, parts: tuple[str, ...]) -> None:
    assert split(question).parts == parts


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("对比 Emu3 和 AlphaQubit", ("Emu3", "AlphaQubit")),
        ("比较GPT-4和Llama 3的参数", ("GPT-4", "Llama 3")),
        ("英伟达 Blueprint 和 NIM 有什么区别？", ("英伟达 Blueprint", "NIM")),
    ],
)
def test_a_request_to_compare_is_no_maker_s_name(question: str, parts: tuple[str, ...]) -> None:
    assert split(question).parts == parts
