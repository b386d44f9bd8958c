from __future__ import annotations

from pathlib import Path

import pytest

from eval.aggregate import Metrics
from eval.compare import check_manifests, compare
from eval.errors import EvaluationError, Exit, NotComparable
from eval.gate import check, likely_cause, read_rules
from eval.score import Item
from eval.stats import Estimate


def item(number: int, right: bool, cause: str = "", values: dict[str, float] | None = None) -> Item:
    return Item(
        id=f"{number:03}", set="s", type="even" if number % 2 == 0 else "odd", language="zh", cluster=f"c{number}", slices=(),
        values={"answer.correct": float(right), **(values or {})}, cause=cause, expected="retrieve", taken="retrieve", confidence=0.5,
        correct=right, answered=True, milliseconds={}, question=f"问题{number}", answer="答",
    )  # fmt: skip


def write_rules(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


METRICS: Metrics = {
    "answer.recall": Estimate(0.6, 100, 0.5, 0.7),
    "by_set.seeds.answer.recall": Estimate(0.8, 50, 0.7, 0.9),
    "by_type.list.answer.recall": Estimate(0.4, 20, 0.2, 0.6),
}


def test_a_clear_gain_is_called_better_and_its_flips_are_listed() -> None:
    base = [item(number, number >= 40, "not retrieved" if number < 40 else "") for number in range(100)]
    new = [item(number, number >= 10 and number != 99) for number in range(100)]
    found = compare(base, new, by="type")
    difference = found.differences[0]
    assert (difference.metric, difference.base, difference.new) == ("answer.correct", 0.6, 0.89)
    assert (difference.wins, difference.ties, difference.losses, difference.test) == (30, 69, 1, "McNemar")
    assert difference.verdict == "better"
    assert [flip.key for flip in found.flips if not flip.gained] == ["s/099"]
    assert {flip.cause for flip in found.flips if flip.gained} == {"not retrieved"}
    assert set(found.parts) == {"even", "odd"}


def test_a_fall_in_what_should_be_low_is_a_win() -> None:
    base = [item(number, True, values={"abstention.false_refusal": float(number < 30)}) for number in range(100)]
    new = [item(number, True, values={"abstention.false_refusal": 0.0}) for number in range(100)]
    difference = next(d for d in compare(base, new).differences if d.metric == "abstention.false_refusal")
    assert (difference.wins, difference.losses, difference.verdict) == (30, 0, "better")


def test_a_run_against_itself_shows_no_difference() -> None:
    items = [item(number, number % 3 == 0) for number in range(60)]
    found = compare(items, items)
    assert {difference.verdict for difference in found.differences} == {"no difference shown"}
    assert found.flips == ()


def test_other_cases_or_documents_cannot_be_compared() -> None:
    with pytest.raises(NotComparable, match=r"1 case\(s\)"):
        compare([item(1, True)], [item(1, True), item(2, True)])
    entry = {"name": "s", "sha256": "a", "corpus": {"sha256": "b"}}
    check_manifests({"sets": [entry]}, {"sets": [entry]})
    with pytest.raises(NotComparable, match="the documents have changed") as caught:
        check_manifests({"sets": [entry]}, {"sets": [entry | {"corpus": {"sha256": "c"}}]})
    assert caught.value.code is Exit.NOT_COMPARABLE


def test_rules_look_at_the_whole_a_set_a_type_or_the_baseline(tmp_path: Path) -> None:
    rules = read_rules(write_rules(tmp_path / "g.yaml", """
rules:
  - answer.recall >= 0.6
  - {rule: answer.recall > 0.8, set: seeds}
  - {rule: answer.recall >= 0.3, type: list}
  - answer.recall >= baseline - 0.05
  - answer.recall >= baseline
"""))  # fmt: skip
    baseline = METRICS | {"answer.recall": Estimate(0.64, 100, 0.5, 0.7)}
    assert [result.passed for result in check(rules, METRICS, baseline)] == [True, False, True, True, False]


def test_a_missing_metric_or_baseline_fails_its_rule(tmp_path: Path) -> None:
    rules = read_rules(write_rules(tmp_path / "g.yaml", "- answer.f1 >= 0\n- answer.recall >= baseline\n"))
    results = check(rules, METRICS, None)
    assert [result.passed for result in results] == [False, False]
    assert "no such metric" in results[0].reason
    assert "--baseline" in results[1].reason


def test_all_unreadable_rules_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"2 rule\(s\) cannot be read") as caught:
        read_rules(write_rules(tmp_path / "g.yaml", "- answer.recall\n- a >= 1\n- {rule: a >= 1, sett: x}\n"))
    assert "rule 1" in str(caught.value)
    assert "sett" in str(caught.value)


def test_the_likely_cause_is_the_one_that_grew() -> None:
    base = [item(number, number > 5, "shown but missed" if number <= 5 else "") for number in range(20)]
    new = [item(number, number > 9, "shown but missed" if number <= 5 else "lost in rerank" if number <= 9 else "") for number in range(20)]
    assert likely_cause(new, base) == "lost in rerank"
    assert likely_cause(new, None) == "shown but missed"
    assert likely_cause(base, base) == ""
