from __future__ import annotations

import pytest

from rag.answering.arithmetic import work_out
from rag.answering.intents import read_intent
from rag.answering.reasons import Reason
from rag.text import normalise
from tests.answering.planning import turns

ANSWERED = turns("续航多久？", "充满电可以飞行四十分钟。[1]")


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("您好！", Reason.GREETING),
        ("早安，在吗", Reason.GREETING),
        ("Hello there", Reason.GREETING),
        ("十分感谢您的帮助", Reason.THANKS),
        ("好的，明白了", Reason.THANKS),
        ("好的明白了，太感谢啦", Reason.THANKS),
        ("你是谁呀，都能帮我干点啥？", Reason.ABOUT_BOT),
        ("Thank you so much!", Reason.THANKS),
        ("再见", Reason.FAREWELL),
        ("謝謝，再見", Reason.FAREWELL),
        ("你叫什么名字？", Reason.ABOUT_BOT),
        ("你會說日語嗎？", Reason.ABOUT_BOT),
        ("What languages can you speak?", Reason.ABOUT_BOT),
        ("今天好累啊", Reason.SMALLTALK),
        ("讲个笑话吧", Reason.SMALLTALK),
        ("I'm so bored", Reason.SMALLTALK),
        ("3加5等于几？", Reason.ARITHMETIC),
        ("把“再见”翻译成法语", Reason.TEXT_TASK),
        ("帮我写一首关于春天的诗", Reason.TEXT_TASK),
        ("Translate 'good night' into German", Reason.TEXT_TASK),
    ],
)
def test_message_that_needs_no_search_is_recognised(message: str, reason: Reason) -> None:
    assert read_intent(normalise(message), ()).reason is reason


@pytest.mark.parametrize(
    "message",
    [
        "你好，请问保修期是多久？",
        "谢谢！那运费谁出？",
        "你们周末营业吗？",
        "都能干点什么",
        "Hi, how long is the warranty?",
        "我忘记密码了",
        "把手册里的安全须知翻译成英文",
        "总结一下这份报告",
        "Summarise the report",
        "2023年增长了多少？",
        "保修政策",
        "Who is your supplier?",
        "从北京到上海多少公里",
    ],
)
def test_question_of_fact_is_searched_for_however_it_is_wrapped(message: str) -> None:
    assert read_intent(normalise(message), ()).reason is None


@pytest.mark.parametrize("wish", ["说短一点", "翻译成英文", "列成表格", "Make it shorter", "再说一遍", "用一句话总结上面的内容"])
def test_wish_about_the_answer_is_rework_only_after_an_answer(wish: str) -> None:
    assert read_intent(normalise(wish), ANSWERED).reason is Reason.REWORK
    assert read_intent(normalise(wish), ()).reason is not Reason.REWORK


@pytest.mark.parametrize("question", ["用表格对比电池和电机的重量", "总结一下第三章", "那防水等级呢？"])
def test_new_topic_after_an_answer_is_no_rework(question: str) -> None:
    assert read_intent(normalise(question), ANSWERED).reason is None


def test_courtesy_before_a_question_is_left_out_of_its_core() -> None:
    assert read_intent(normalise("不好意思，请问电池容量是多少？"), ()).core == "电池容量是多少"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12乘以37等于多少？", "444"),
        ("(125+75)*4", "800"),
        ("15% of 240?", "36"),
        ("根号144是多少", "12"),
        ("从1加到100等于多少？", "5050"),
        ("200块打八五折是多少钱", "170"),
        ("二十加三十是多少", "50"),
        ("What is 2 to the power of 10", "1024"),
        ("7除以2", "3.5"),
    ],
)
def test_sum_is_worked_out(text: str, value: str) -> None:
    worked = work_out(normalise(text))
    assert worked is not None
    assert worked[1] == value


@pytest.mark.parametrize("text", ["1除以0", "2024", "iPhone 15 多少钱", "3个苹果", "__import__('os')", "9^9^9^9"])
def test_what_is_no_sum_or_has_no_value_is_left_alone(text: str) -> None:
    assert work_out(normalise(text)) is None


def test_this_robot_is_the_one_that_the_conversation_is_about() -> None:
    asked = normalise("這個機器人的作者是誰？")
    assert read_intent(asked, ()).reason is Reason.ABOUT_BOT
    assert read_intent(asked, turns("巡檢機器人 Mira 的準確率是多少？", "97%。[1]")).reason is None
    assert read_intent(asked, turns("手冊有幾頁？", "十頁。[1]")).reason is Reason.ABOUT_BOT
