from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from rag.interfaces import Span, Vector
from rag.retrieval.catalogue import Index
from rag.retrieval.spans import MaxSimSpanScorer
from rag.types import Chunk
from tests.fakes import HashEmbedder


def _chunk(index: Index, part: str) -> Chunk:
    return next(index.chunks[n] for n in range(len(index.chunks)) if part in index.chunks[n].text)


def _span(chunk: Chunk, text: str) -> Span:
    start = chunk.text.index(text)
    return Span(chunk, start, start + len(text))


@pytest.fixture
def scorer(index: Index, embedder: HashEmbedder) -> MaxSimSpanScorer:
    return MaxSimSpanScorer(embedder, index)


def test_the_stretch_with_the_texts_words_scores_highest(scorer: MaxSimSpanScorer, index: Index) -> None:
    chunk = _chunk(index, "十二公斤")
    spans = [_span(chunk, "大熊猫"), _span(chunk, "十二公斤竹子"), _span(chunk, "每天")]
    scores = scorer.score("十二公斤竹子", spans)
    assert max(scores) == scores[1]
    assert all(0 <= score <= 1 for score in scores)


def test_only_the_tokens_inside_the_stretch_count(scorer: MaxSimSpanScorer, index: Index) -> None:
    chunk = _chunk(index, "十二公斤")
    inside, outside = scorer.score("竹子", [_span(chunk, "竹子"), _span(chunk, "大熊猫")])
    assert inside > outside


def test_scores_come_in_the_order_of_the_spans_whatever_their_chunks(scorer: MaxSimSpanScorer, index: Index) -> None:
    panda, wall = _chunk(index, "十二公斤"), _chunk(index, "21196")
    spans = [_span(wall, "长城"), _span(panda, "竹子"), _span(wall, "全长"), _span(panda, "每天")]
    together = scorer.score("长城全长", spans)
    assert together == pytest.approx([scorer.score("长城全长", [span])[0] for span in spans], rel=1e-4)


def test_in_another_language_the_nearest_stretch_keeps_its_score_and_the_others_lose(index: Index, embedder: HashEmbedder) -> None:
    def across(query: str, texts: Sequence[str]) -> Vector:
        return np.array([text == "十二公斤竹子" for text in texts], dtype=np.float32)

    plain, scorer = MaxSimSpanScorer(embedder, index), MaxSimSpanScorer(embedder, index, across)
    chunk = _chunk(index, "十二公斤")
    spans = [_span(chunk, "大熊猫"), _span(chunk, "十二公斤竹子")]
    before, after = (one.score("How much bamboo do they eat?", spans) for one in (plain, scorer))
    assert after[1] == before[1]
    assert after[0] < before[0]
    assert scorer.score("吃多少竹子", spans) == plain.score("吃多少竹子", spans)


def test_a_stretch_without_tokens_scores_nothing(scorer: MaxSimSpanScorer, index: Index) -> None:
    chunk = _chunk(index, "十二公斤")
    assert scorer.score("竹子", [Span(chunk, 3, 3), Span(chunk, len(chunk.text), len(chunk.text) + 5)]) == [0.0, 0.0]


def test_nothing_is_embedded_for_no_spans(index: Index) -> None:
    assert MaxSimSpanScorer(HashEmbedder(dimension=7), index).score("竹子", []) == []


def test_a_span_of_a_chunk_that_is_not_in_the_index_is_an_error(scorer: MaxSimSpanScorer) -> None:
    with pytest.raises(KeyError):
        scorer.score("竹子", [Span(Chunk("no#0", "no", "", "", "竹子", 0, 2), 0, 2)])


def test_a_span_meets_the_part_that_it_holds_and_not_the_other(scorer: MaxSimSpanScorer, index: Index) -> None:
    panda, wall = _chunk(index, "十二公斤"), _chunk(index, "21196")
    text = "竹子和长城"
    met = scorer.meets(text, [(0, 2), (3, 5)], [_span(panda, "十二公斤竹子"), _span(wall, "长城"), _span(panda, "大熊猫")])
    assert [len(row) for row in met] == [2, 2, 2]
    assert met[0][0] > met[0][1]
    assert met[1][1] > met[1][0]
    assert met[2][0] < met[0][0]
    assert all(0 <= value <= 1 for row in met for value in row)


def test_what_holds_no_token_meets_nothing_and_is_met_by_nothing(scorer: MaxSimSpanScorer, index: Index) -> None:
    chunk = _chunk(index, "十二公斤")
    assert scorer.meets("竹子", [(0, 2), (2, 2)], [Span(chunk, 3, 3), _span(chunk, "十二公斤竹子")])[0] == [0.0, 0.0]
    assert scorer.meets("竹子", [(0, 2), (2, 2)], [_span(chunk, "十二公斤竹子")])[0][1] == 0.0
    assert scorer.meets("竹子", [], [_span(chunk, "竹子")]) == [[]]
    assert scorer.meets("竹子", [(0, 2)], []) == []
