"""Which passages look as if they could answer a question."""

from __future__ import annotations

import numpy as np
import pytest

from rag.answering.looks import BARE, KIND, looks

FILLING = "沿途可以看见许多树木，空气清新，景色优美，游客来来往往，心情愉快，远处云雾缭绕，令人难忘，值得慢慢回味。"


@pytest.mark.parametrize(
    ("question", "holds", "lacks"),
    [
        ("谁发现了这座山？", "山由徐霞客发现。", "山终于被发现了。"),
        ("誰發現了這座山？", "山由徐霞客發現。", "山終於被發現了。"),
        ("这座山是哪一年发现的？", "山发现于1987年。", "山终于被发现了。"),
        ("山上有多少种松树？", "山上松树有四十二种。", "山上松树有很多种。"),
        ("How many pines are there?", "There are 42 pines.", "There are many pines."),
    ],
)
def test_a_passage_that_holds_the_kind_of_answer_asked_for_looks_better(question: str, holds: str, lacks: str) -> None:
    with_it, without = looks(question, [f"{holds}{FILLING}", f"{lacks}{FILLING}"])
    assert with_it == 0.0
    assert without <= -0.2 * KIND


def test_what_the_question_says_itself_is_no_answer_to_it() -> None:
    other, same = looks("1987年发现的山，是哪一年开放的？", [f"山开放于1990年。{FILLING}", f"1987年的山开放。{FILLING}"])
    assert other == 0.0 > same


def test_a_passage_of_the_questions_own_words_looks_worse_than_one_that_says_more() -> None:
    question = "这座山的主要特点是什么？"
    more, bare, headline = looks(question, [FILLING, "这座山的主要特点", "这座山的主要特点：松竹梅兰"])
    assert more == 0.0
    assert bare < headline < 0.0
    assert bare == pytest.approx(BARE * np.log(1 / 40), abs=1e-5)


def test_twenty_words_say_as_much_as_forty_characters() -> None:
    words = " ".join(f"word{letter}" for letter in "abcdefghijklmnopqrst")
    full, half, chinese = looks("the main points", [words, " ".join(words.split()[:9]), "".join(dict.fromkeys(filter(str.isalpha, FILLING)))[:39]])
    assert full == chinese == 0.0
    assert half == pytest.approx(BARE * np.log(10 / 20), abs=1e-5)


def test_words_of_any_script_count() -> None:
    russian = " ".join(f"слово{letter}" for letter in "абвгдежзиклмнопрстуф")
    assert looks("Что это?", [russian, FILLING]).tolist() == [0.0, 0.0]


def test_a_question_that_asks_for_no_such_kind_is_answered_by_any_passage_that_says_enough() -> None:
    assert looks("怎么上山？", [FILLING, FILLING + "一九八七"]).tolist() == [0.0, 0.0]


def test_no_passages_have_no_looks() -> None:
    assert looks("谁？", []).shape == (0,)
