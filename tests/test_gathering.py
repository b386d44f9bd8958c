"""Merging what several queries and rounds found."""

from __future__ import annotations

from rag.gathering import Gathered, merge
from rag.types import Chunk, Hit, Stage


def hit(name: str, score: float, rank: int = 1) -> Hit:
    return Hit(Chunk(name, name[0], "title", "", name, 0, len(name)), score, rank, Stage.RERANKED)


def names(hits: tuple[Hit, ...]) -> list[str]:
    return [one.chunk.id for one in hits]


def test_each_query_keeps_its_best_hit_in_front() -> None:
    merged = merge([[hit("a1", 0.9), hit("a2", 0.8)], [hit("b1", 0.4), hit("b2", 0.3)]])
    assert names(merged) == ["a1", "b1", "a2", "b2"]
    assert [one.rank for one in merged] == [1, 2, 3, 4]


def test_queries_take_turns_before_the_score_alone_decides() -> None:
    easy = [hit(f"a{number}", 0.9 - number / 100) for number in range(7)]
    hard = [hit(f"b{number}", 0.2 - number / 100) for number in range(7)]
    merged = names(merge([easy, hard]))
    assert merged[:10] == ["a0", "b0", "a1", "b1", "a2", "b2", "a3", "b3", "a4", "b4"]
    assert merged[10:] == ["a5", "a6", "b5", "b6"]


def test_a_chunk_found_twice_keeps_its_better_score() -> None:
    merged = merge([[hit("a1", 0.9), hit("x", 0.2)], [hit("x", 0.7)]])
    assert [(one.chunk.id, one.score) for one in merged] == [("a1", 0.9), ("x", 0.7)]


def test_equal_scores_are_ordered_by_chunk_id() -> None:
    assert names(merge([[hit("c", 0.4)], [hit("z", 0.5)], [hit("b", 0.4)]])) == ["z", "b", "c"]


def test_hits_below_the_floor_are_no_evidence() -> None:
    gathered = Gathered().add([[hit("a1", 0.9), hit("a2", 0.1)]], floor=0.3, limit=8)
    assert [item.chunk.id for item in gathered.evidence] == ["a1"]
    assert names(gathered.hits()) == ["a1", "a2"]


def test_the_floor_is_lowered_where_few_passages_lie_above_it() -> None:
    """A long question in words of its own scores low whatever it meets."""
    scores = {"a1": 0.04, "a2": 0.03, "a3": 0.019}
    first = Gathered().add([[hit(name, score) for name, score in scores.items()]], floor=0.05, limit=8)
    assert [item.chunk.id for item in first.evidence] == ["a1", "a2"]
    four = [[hit("b1", 0.9), hit("b2", 0.8), hit("b3", 0.045), hit("b4", 0.04), hit("b5", 0.035)]]
    assert [item.chunk.id for item in Gathered().add(four, floor=0.05, limit=8).evidence] == ["b1", "b2", "b3", "b4"]
    assert [item.chunk.id for item in Gathered().add(four, floor=0.05, limit=1).evidence] == ["b1"]
    assert [item.chunk.id for item in first.add(four, floor=0.05, limit=8).evidence] == ["a1", "a2", "b1", "b2"]


def test_a_marker_once_given_keeps_its_chunk() -> None:
    first = Gathered().add([[hit("a1", 0.5), hit("a2", 0.4)]], floor=0.3, limit=8)
    second = first.add([[hit("b1", 0.9), hit("a1", 0.95)]], floor=0.3, limit=8)
    assert [(item.marker, item.chunk.id) for item in second.evidence] == [(1, "a1"), (2, "a2"), (3, "b1")]


def test_a_later_round_in_other_words_does_not_come_before_the_question() -> None:
    first = Gathered().add([[hit("a1", 0.8), hit("a2", 0.5)]], floor=0.3, limit=8)
    both = first.add([[hit("b1", 0.6)], [hit("c1", 0.9)]], floor=0.3, limit=8)
    assert names(both.hits()) == ["a1", "a2", "c1", "b1"]


def said(name: str, text: str, score: float) -> Hit:
    return Hit(Chunk(name, name[0], "", "", text, 0, len(text)), score, 1, Stage.RERANKED)


def test_a_copy_is_no_further_evidence_but_a_changed_one_is() -> None:
    hits = [said("a", "共有70個議席。", 0.9), said("b", "共有 70 个议席", 0.8), said("c", "共有170个议席。", 0.7), said("d", "70个议席", 0.6)]
    gathered = Gathered().add([hits], floor=0.3, limit=8)
    assert [item.chunk.id for item in gathered.evidence] == ["a", "c"]
    again = gathered.add([[said("e", "共有７０个议席！", 0.9), said("f", "共有70个议席，任期四年。", 0.5)]], floor=0.3, limit=8)
    assert [(item.marker, item.chunk.id) for item in again.evidence] == [(1, "a"), (2, "c"), (3, "f")]


def test_a_round_adds_no_more_than_its_limit() -> None:
    gathered = Gathered().add([[hit(f"a{n}", 0.9 - n / 100) for n in range(9)]], floor=0.0, limit=3)
    assert [item.chunk.id for item in gathered.evidence] == ["a0", "a1", "a2"]


def test_nearest_documents_come_best_first_and_once() -> None:
    gathered = Gathered().add([[hit("a1", 0.2), hit("b1", 0.15), hit("a2", 0.1)]], floor=0.3, limit=8)
    assert gathered.nearest(3) == ("a", "b")
