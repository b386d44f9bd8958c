"""Written Cantonese, read as Mandarin."""

from __future__ import annotations

import pytest

from rag.answering.planner import RulePlanner
from rag.cantonese import in_mandarin
from rag.types import Action
from tests.answering.planning import Library
from tests.fakes import make_document

PRICES = make_document("travel", "輕行計劃的保費是120元。\n暢行計劃的保費是260元。\n紅色警示賠償五成。", "旅遊保險")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("呢個計劃嘅保費係幾多", "這個計劃的保費是多少"),
        ("邊個負責審批？", "誰負責審批？"),
        ("邊個計劃最平", "哪個計劃最平"),
        ("仲裁喺邊度申請", "仲裁在哪裡申請"),
        ("买咗之后几钱", "买了之后多少钱"),
        ("冇收據可唔可以攞賠償", "沒有收據可不可以拿賠償"),
        ("佢哋點解要咁耐", "他們為什麼要這麼耐"),
        ("食堂喺幾點開，點去嗰度", "食堂在幾點開，怎麼去那裡"),
        ("嗰份保單點報失，喺九點開始咩", "那份保單怎麼報失，在九點開始什麼"),
        ("嗰份表格喺邊間公司", "那份表格在哪家公司"),
    ],
)
def test_function_words_of_cantonese_become_those_of_mandarin(written: str, read: str) -> None:
    assert in_mandarin(written) == read


@pytest.mark.parametrize(
    "question",
    ["边界条件是什么", "關係資料庫有哪些系統", "这个呢", "几点开门", "劳动仲裁怎么申请", "How many plans are there?", "", "\ud800"],
)
def test_what_is_not_cantonese_stays_as_it_is(question: str) -> None:
    assert in_mandarin(question) == question


def test_the_planner_searches_in_mandarin() -> None:
    library = Library((PRICES,))
    plan = RulePlanner(library, library).plan("暢行計劃嘅保費係幾多", ())
    assert plan.action is Action.RETRIEVE
    assert plan.queries[0] == plan.question == "暢行計劃的保費是多少"
    assert RulePlanner(library, library).plan("你係邊個", ()).action is Action.REPLY
