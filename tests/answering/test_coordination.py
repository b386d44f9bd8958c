"""What a Chinese question joins, and whether it asks something of each member."""

from __future__ import annotations

import pytest

from rag.answering.coordination import asked_of_each, asks_of_each, coordination
from rag.answering.decompose import split


@pytest.mark.parametrize(
    ("question", "members"),
    [
        ("2020年日本和韩国的出口额", ("日本", "韩国")),
        ("第一名与最后一名的成绩分别是多少？", ("第一名", "最后一名")),
        ("考研和高考的报名人数分别是多少？", ("考研", "高考")),
        ("《活着》的作者和出版社是什么？", ("作者", "出版社")),
        ("2019年金鸡奖最佳男配角和最佳女配角是谁？", ("最佳男配角", "最佳女配角")),
        ("谁当选南京市市长和苏州市市长？", ("南京市市长", "苏州市市长")),
        ("甲公司、乙公司和丙公司的利润是多少？", ("甲公司", "乙公司", "丙公司")),
        ("SIGIR2019和2021的举办地", ("2019", "2021")),
        ("Llama 3.1和Qwen2.5的上下文长度", ("Llama 3.1", "Qwen2.5")),
        ("有多少个国家和地区参加了东京奥运会和巴黎奥运会？", ("东京奥运会", "巴黎奥运会")),
    ],
)
def test_members_are_the_most_alike_stretches(question: str, members: tuple[str, ...]) -> None:
    joined = coordination(question)
    assert joined is not None
    assert joined.members == members


@pytest.mark.parametrize(
    "question",
    ["德意志共和国的首都在哪里？", "他和谁一起工作？", "日本和韩国是什么关系？", "红葡萄酒和白葡萄酒有什么区别？", "检索是什么？", "和", ""],
)
def test_what_is_asked_of_all_together_or_of_one_joins_nothing(question: str) -> None:
    joined = coordination(question)
    assert joined is None or not asks_of_each(question, joined)


@pytest.mark.parametrize(
    "question",
    [
        "哪个频道主打文化和艺术节目？",
        "四川和重庆什么时候开通了铁路？",
        "为什么要提供统一和标准的接口？",
        "日本与韩国合并的原因是什么？",
        "什么时候开始，张三和李四的公司有了名气？",
    ],
)
def test_members_inside_a_description_are_not_asked_of(question: str) -> None:
    assert split(question).parts == ()


def test_each_is_asked_of_in_its_place() -> None:
    question = "2020年考研和高考报名人数分别是多少？"
    joined = coordination(question)
    assert joined is not None
    assert asked_of_each(question, joined) == ("2020年考研报名人数是多少？", "2020年高考报名人数是多少？")


def test_a_question_in_traditional_characters_is_read_alike() -> None:
    assert split("日本和韓國是什麼關係？").parts == ()
    assert split("海葵與水母有什麼區別？").parts == ("海葵", "水母")
    assert split("李白是誰，寫過什麼詩？").queries == ("李白是誰", "李白 寫過什麼詩")
    assert split("臺灣與日本的人口分別是多少？").queries == ("臺灣的人口是多少？", "日本的人口是多少？")
    assert split("《活著》的作者和主角是誰？").queries == ("《活著》的作者是誰？", "《活著》的主角是誰？")


def test_names_are_compared_and_other_members_are_questions_of_their_own() -> None:
    named, other = split("2020年日本和韩国的出口额是多少？"), split("《活着》的作者和主角是谁？")
    assert (named.parts, named.compared) == (("日本", "韩国"), 2)
    assert (other.parts, other.compared) == (("《活着》的作者是谁？", "《活着》的主角是谁？"), 0)


@pytest.mark.parametrize(
    ("question", "queries"),
    [
        ("MateBook 9的内存是多大，售价多少？", ("MateBook 9的内存是多大", "MateBook 9 售价多少")),
        ("杜甫是谁，写过什么诗？", ("杜甫是谁", "杜甫 写过什么诗")),
        ("这部剧里的老李谁演的？谁是导演？", ("这部剧里的老李谁演的", "这部剧 谁是导演")),
        ("相关机构在什么情况下，会公布哪一个名单？", ()),
        ("迄今为止，什么模型最大？", ()),
    ],
)
def test_clauses_that_each_ask_share_the_first_one_s_topic(question: str, queries: tuple[str, ...]) -> None:
    assert split(question).queries == queries


@pytest.mark.parametrize(
    ("question", "queries"),
    [
        ("Compare the accuracy class of the YS100 and the YS200.", ("YS100 the accuracy class", "YS200 the accuracy class")),
        ("Which has the longer warranty, the YS100 or the YS200?", ("YS100 Which has the longer warranty", "YS200 Which has the longer warranty")),
        ("Compare YS100 and YS200 in accuracy.", ("YS100 in accuracy", "YS200 in accuracy")),
    ],
)
def test_things_with_articles_are_compared_in_english(question: str, queries: tuple[str, ...]) -> None:
    assert split(question).queries == queries
    assert split(question).parts == ("YS100", "YS200")
