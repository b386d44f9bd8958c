from __future__ import annotations

import pytest

from rag.answering.reasons import Reason
from rag.answering.voice import ReplyGenerator, RuleVoice, central_sentence
from rag.answering.wording import asked_back, question_back, say, tongue_of
from rag.events import Token
from rag.types import Action, Answer, Outcome, Plan
from tests.answering.planning import Library, turns
from tests.fakes import finish

VOICE = RuleVoice(ReplyGenerator(Library()))
LONG = "Mira 的准确率达到 97%，高于其他机器人。[1] 外壳是蓝色的。[2] Mira 的准确率在夜间降到 90%，仍高于其他机器人。[3]"


def reply(question: str, reason: Reason, *history: str) -> tuple[str, Answer]:
    """The tokens joined, and the answer."""
    steps = VOICE.reply(Plan(Action.REPLY, reason=reason, question=question), turns(*history))
    text = ""
    while True:
        try:
            event = next(steps)
        except StopIteration as stop:
            assert isinstance(stop.value, Answer)
            return text, stop.value
        assert isinstance(event, Token)
        text += event.text


def test_tokens_joined_are_the_answer_and_it_has_no_citations() -> None:
    text, answer = reply("你好", Reason.GREETING)
    assert answer.text == text
    assert (answer.outcome, answer.citations, answer.model) == (Outcome.REPLIED, (), "")


def test_question_about_the_bot_is_answered_with_what_it_holds() -> None:
    text, _ = reply("你能做什么？", Reason.ABOUT_BOT)
    assert "3 份文档" in text
    assert "《巡检机器人手册》" in text


@pytest.mark.parametrize(
    ("question", "part"), [("你好", "你好"), ("您好，請問在嗎？", "根據"), ("Hello", "Hello")]
)
def test_reply_is_in_the_language_and_script_of_the_message(question: str, part: str) -> None:
    assert part in reply(question, Reason.GREETING)[0]


def test_language_setting_wins_over_the_message() -> None:
    voice = RuleVoice(ReplyGenerator(Library(), "en"))
    steps = voice.reply(Plan(Action.REPLY, reason=Reason.THANKS, question="谢谢"), ())
    event = next(steps)
    assert isinstance(event, Token)
    assert event.text == "You're welcome! Ask on whenever you like."


def test_shortening_keeps_the_most_central_sentence_verbatim_with_its_marker() -> None:
    text, _ = reply("太长了，一句话说", Reason.REWORK, "准确率？", LONG)
    assert text in ("Mira 的准确率达到 97%，高于其他机器人。[1]", "Mira 的准确率在夜间降到 90%，仍高于其他机器人。[3]")


def test_translating_without_a_model_says_so_and_shows_the_answer() -> None:
    text, _ = reply("翻译成英文", Reason.REWORK, "准确率？", LONG)
    assert "需要语言模型" in text
    assert LONG in text


def test_bullets_are_the_sentences_of_the_answer() -> None:
    text, _ = reply("列成要点", Reason.REWORK, "准确率？", LONG)
    assert [line[:4] for line in text.split("\n")] == ["- Mi", "- 外壳", "- Mi"]


def test_repeating_gives_the_answer_again() -> None:
    assert reply("再说一遍", Reason.REWORK, "准确率？", LONG)[0] == LONG


def test_sum_is_answered_with_its_value() -> None:
    assert reply("12乘以37等于多少？", Reason.ARITHMETIC)[0] == "12 × 37 = 444"


def test_clarification_offers_its_options_and_can_be_read_back() -> None:
    plan = Plan(Action.CLARIFY, subject="它", options=("甲机", "乙机", "丙机"), question="它多重？")
    steps = VOICE.clarify(plan)
    event = next(steps)
    assert isinstance(event, Token)
    assert asked_back(event.text) == ("它", ("甲机", "乙机", "丙机"))
    with pytest.raises(StopIteration) as stop:
        next(steps)
    assert (stop.value.value.outcome, stop.value.value.options) == (Outcome.CLARIFY, ("甲机", "乙机", "丙机"))


def test_abstaining_names_the_nearest_documents_and_what_is_missing() -> None:
    plan = Plan(Action.ABSTAIN, question="它多重？价格呢？", parts=("它多重", "价格"), missing=("价格",))
    steps = VOICE.abstain(plan, ("boat", "gone"))
    event = next(steps)
    assert isinstance(event, Token)
    assert event.text == "文档中没有找到“价格”的答案。内容最接近的文档是：《无人船报告 2024》。"
    with pytest.raises(StopIteration) as stop:
        next(steps)
    answer = stop.value.value
    assert (answer.outcome, answer.nearest, answer.missing) == (Outcome.ABSTAINED, ("boat", "gone"), ("价格",))


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("它多重？", "文档中没有找到这个问题的明确答案。下面的原文与它相近，但未必回答了它：\n\n"),
        ("它有多重？哪個單位測的", "文檔中沒有找到這個問題的明確答案。下面的原文與它相近，但未必回答了它：\n\n"),
        ("How heavy is it?", "The documents do not clearly answer this question. These passages come close, but may not answer it:\n\n"),
    ],
)
def test_what_comes_close_is_announced_instead_of_the_nearest_documents(question: str, said: str) -> None:
    _, answer = finish(VOICE.abstain(Plan(Action.ABSTAIN, question=question, missing=(question,), close=True), ("boat",)))
    assert answer.text == said
    assert answer.nearest == ("boat",)


@pytest.mark.parametrize("tongue", ["zh", "zh-Hant", "en"])
@pytest.mark.parametrize("subject", ["", "它"])
def test_question_back_is_recognised_in_every_tongue(tongue: str, subject: str) -> None:
    options = ("Mira", "Tide-2", "Kestrel 3")
    assert tongue in ("zh", "zh-Hant", "en")
    text = question_back(subject, options, "zh" if tongue == "zh" else "en" if tongue == "en" else "zh-Hant")
    assert asked_back(text) == (subject, options)


def test_other_text_is_no_question_back() -> None:
    assert asked_back("请问您的电话是多少？") is None


def test_values_are_not_converted_to_another_script() -> None:
    assert "后台" in say("title", "zh-Hant", title="后台")
    assert tongue_of("這是什麼？") == "zh-Hant"
    assert tongue_of("这是什么？") == "zh"


def test_single_sentence_is_its_own_centre() -> None:
    assert central_sentence("只有一句。") == "只有一句。"
