"""Passages that disagree, and passages that only look as if they did."""

from __future__ import annotations

import pytest

from rag.answering.conflicts import ConflictFinder
from rag.answering.values import differ, values
from rag.types import Conflict
from tests.fakes import passages


def found(question: str, *texts: str) -> list[tuple[int, int]]:
    return [(c.first.marker, c.second.marker) for c in ConflictFinder().find(question, passages(*texts, start=50))]


@pytest.mark.parametrize(
    ("question", "one", "other"),
    [
        ("新馆共有多少个座位？", "新馆共有70个座位，于2016年启用。", "新馆共有170个座位，于2016年启用。"),
        ("新馆何时启用？", "新馆于2016年10月17日正式启用。", "新馆于2006年1月17日正式启用。"),
        ("《山河》的导演是谁？", "电影《山河》由陈明远执导，去年在北京首映。", "电影《山河》由李建国执导，去年在北京首映。"),
        ("How many seats does the new hall have?", "The new hall has 70 seats and opened in 2016.", "The new hall has 170 seats and opened in 2016."),
        ("新馆共有多少个座位？", "据馆长介绍，新馆共有70个座位。", "新馆共有七十五个座位，读者反映很好。"),
    ],
)
def test_another_value_in_the_same_statement_is_a_conflict(question: str, one: str, other: str) -> None:
    assert found(question, one, other) == [(1, 2)]


@pytest.mark.parametrize(
    ("question", "one", "other"),
    [
        ("新馆共有多少个座位？", "新馆共有70个座位。", "新馆共有七十个座位。"),
        ("新馆何时启用？", "新馆于2016年10月17日启用。", "新馆于10月17日上午启用。"),
        ("新馆共有多少个座位？", "新馆共有70个座位。", "旧馆共有30个座位。"),
        ("2021年产量是多少？", "2021年产量为5吨。", "2020年产量为4吨。"),
        ("新馆共有多少个座位？", "新馆共有70个座位。", "新馆占地3公顷，有座位和花园。"),
        ("新馆共有多少个座位？", "香蕉富含钾。", "苹果富含果胶。"),
    ],
)
def test_the_same_value_another_subject_or_another_aspect_is_none(question: str, one: str, other: str) -> None:
    assert found(question, one, other) == []


def test_one_passage_does_not_contradict_itself() -> None:
    assert found("新馆共有多少个座位？", "新馆共有70个座位。新馆共有170个座位。") == []


def test_each_pair_of_values_is_told_once() -> None:
    texts = ["新馆共有70个座位，于去年启用。", "新馆共有170个座位，于去年启用。"]
    assert len(found("新馆共有多少个座位？", *texts, *texts)) == 1


def _conflict(dates: dict[str, str]) -> Conflict:
    finder = ConflictFinder(lambda document: dates.get(document, ""))
    (conflict,) = finder.find("新馆共有多少个座位？", passages("新馆共有70个座位，于去年启用。", "新馆共有170个座位，于去年启用。", start=50))
    return conflict


@pytest.mark.parametrize(
    ("dates", "first"),
    [
        ({"d1": "2020-01-01", "d2": "2024-01-01"}, 2),
        ({"d1": "2024-01-01", "d2": "2020-01-01"}, 1),
        ({"d2": "2024-01-01"}, 1),
        ({}, 1),
    ],
)
def test_the_newer_document_comes_first_where_both_dates_are_known(dates: dict[str, str], first: int) -> None:
    assert _conflict(dates).first.marker == first


def test_a_conflict_quotes_both_and_names_what_about() -> None:
    conflict = _conflict({})
    assert conflict.subject == "新馆共有多少个座位"
    assert (conflict.first.quote, conflict.first.start) == ("新馆共有70个座位，于去年启用。", 50)
    assert conflict.second.quote == "新馆共有170个座位，于去年启用。"


def test_a_date_is_one_value_and_digits_in_names_are_none() -> None:
    assert [(v.key, v.kind) for v in values("F16于2016年10月17日试飞，共3次") if v.kind != "name"] == [
        ("2016年10月17日", "date"),
        ("3次", "number"),
    ]


def test_dates_differ_only_in_a_part_that_both_have() -> None:
    full, day, year = (values(text)[0] for text in ("2016年10月17日", "10月18日", "2016年"))
    assert differ(full, day)
    assert not differ(full, year)
    assert not differ(day, year)
