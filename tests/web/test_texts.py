from __future__ import annotations

import re
import string

import pytest

from rag.answering.reasons import Reason
from rag.web import refusals
from rag.web.render import failure_words
from rag.web.render_steps import reason_words
from rag.web.texts import (
    LANGUAGES,
    PAGE_SCRIPT_KEYS,
    Language,
    interface_texts,
    keys,
    known,
    language_of,
    say,
    script_texts,
)


def _fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("key", keys())
def test_every_text_says_the_same_in_both_languages(key: str) -> None:
    chinese, english = (say(language, key) for language in LANGUAGES)
    assert _fields(chinese) == _fields(english)
    assert chinese and english
    if key != "language":
        assert not re.search(r"[\u4e00-\u9fff]", english)


@pytest.mark.parametrize("reason", list(Reason))
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_of_the_planner_has_words(reason: Reason, language: Language) -> None:
    words = reason_words(reason.value, language)
    assert words and "_" not in words
    assert bool(re.search(r"[\u4e00-\u9fff]", words)) == (language == "zh")


@pytest.mark.parametrize("reason", list(refusals.Reason))
def test_every_refusal_has_words_without_its_code(reason: refusals.Reason) -> None:
    words = failure_words(reason.value, "zh", limit=1000, seconds=3.2)
    assert reason.value not in words
    assert re.search(r"[\u4e00-\u9fff]", words)


def test_numbers_are_filled_into_refusals() -> None:
    assert "1000" in failure_words("question_too_long", "zh", limit=1000)
    assert "3" in failure_words("rate_limited", "en", seconds=3.2)


def test_a_model_s_own_reason_is_shown_and_an_unknown_code_is_not() -> None:
    assert reason_words("需要先查年假规定", "zh") == "需要先查年假规定"
    assert reason_words("some_code", "zh") == ""


def test_the_script_gets_all_its_words() -> None:
    for language in LANGUAGES:
        assert set(script_texts()[language]) == set(PAGE_SCRIPT_KEYS)
        assert all(script_texts()[language].values())


def test_chinese_browsers_of_every_region_get_chinese() -> None:
    assert interface_texts()["zh-TW"]["send"] == "发送"
    assert interface_texts()["en"]["send"] == "Send"


@pytest.mark.parametrize(
    ("query", "header", "expected"),
    [
        ("lang=zh", "en-US,en", "zh"),
        ("lang=en", "zh-CN", "en"),
        ("lang=fr", "zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("", "en;q=0.4, zh-TW;q=0.9", "zh"),
        ("", "fr, en;q=0.1", "en"),
        ("", "", "en"),
        ("lang=%00%ff", "q=;;;,,zh;q=x", "en"),
        ("lang=" + "z" * 10_000, "zh", "zh"),
    ],
)
def test_the_language_is_the_address_s_then_the_browser_s(query: str, header: str, expected: str) -> None:
    assert language_of(query, header) == expected


def test_unknown_texts_are_errors() -> None:
    assert not known("nothing_of_this_name")
    with pytest.raises(KeyError):
        say("zh", "nothing_of_this_name")
