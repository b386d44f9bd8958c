from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from rag.config import Settings
from rag.interfaces import Embedding, Vector
from rag.retrieval import reranking
from rag.retrieval.analysis import Analyzer
from rag.retrieval.catalogue import Index
from rag.retrieval.embedding import SentenceTransformerEmbedder
from rag.retrieval.evidence import ACROSS, Weights, features, probabilities
from rag.retrieval.reranking import MaxSimReranker, NoReranker, ranked
from rag.retrieval.store import open_index, write_index
from rag.types import Chunk, Document, Hit, Scope, Stage
from tests.fakes import HashEmbedder, ScriptedFinder


def _hits(index: Index, score: float = 0.4) -> list[Hit]:
    chunks = [index.chunks[position] for position in range(len(index.chunks))]
    return [Hit(chunk, score, rank, Stage.FUSED) for rank, chunk in enumerate(chunks, 1)]


def test_the_passage_with_the_querys_words_comes_first(index: Index, embedder: HashEmbedder) -> None:
    hits = MaxSimReranker(embedder, index).rerank("大熊猫每天吃掉多少竹子？", _hits(index))
    assert hits[0].chunk.text == "大熊猫每天吃掉十二公斤竹子。"
    assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))
    assert {hit.stage for hit in hits} == {Stage.RERANKED}
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_the_order_of_the_candidates_does_not_matter(index: Index, embedder: HashEmbedder) -> None:
    reranker = MaxSimReranker(embedder, index)
    forwards = reranker.rerank("长城有多长", _hits(index))
    assert reranker.rerank("长城有多长", list(reversed(_hits(index)))) == forwards


def test_a_query_without_words_still_gets_an_order(index: Index, embedder: HashEmbedder) -> None:
    assert len(MaxSimReranker(embedder, index).rerank("？", _hits(index))) == len(_hits(index))


def test_how_a_passage_looks_decides_between_those_that_are_close(index: Index, embedder: HashEmbedder) -> None:
    plain = MaxSimReranker(embedder, index).rerank("大熊猫每天吃掉多少竹子？", _hits(index))
    first, second = plain[0].chunk, plain[1].chunk

    def looks(query: str, texts: Sequence[str]) -> Vector:
        assert query == "大熊猫每天吃掉多少竹子？"
        return np.array([-20.0 if text == first.text else 0.0 for text in texts], dtype=np.float32)

    hits = MaxSimReranker(embedder, index, looks=looks).rerank("大熊猫每天吃掉多少竹子？", _hits(index))
    assert hits[0].chunk == second
    assert hits[0].score == pytest.approx(plain[1].score)  # the best-looking one keeps its probability


def test_a_passage_that_is_read_to_answer_goes_before_those_that_are_close(
    index: Index, embedder: HashEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reranking, "_ANSWERS", 10.0)  # the vectors of these tests leave wide gaps
    question = "大熊猫每天吃掉多少竹子？"
    plain = MaxSimReranker(embedder, index).rerank(question, _hits(index))
    second = plain[1].chunk
    finder = ScriptedFinder(lambda text: 8.0 if text == second.text else -8.0)
    hits = MaxSimReranker(embedder, index, finder=finder).rerank(question, _hits(index))
    assert hits[0].chunk == second
    assert hits[0].score == pytest.approx(plain[1].score)  # the likeliest keeps its probability
    scores = {hit.chunk.id: hit.score for hit in hits}
    assert scores[plain[-1].chunk.id] < plain[-1].score  # what is not read lacks as much as the worst


def test_what_a_passage_lacks_of_the_likeliest_counts_up_to_a_bound() -> None:
    odds = np.array([2.0, -1.0, -8.0], dtype=np.float32)
    expected = [0.0, -3 * reranking._ANSWERS, -reranking._MOST_LACKING * reranking._ANSWERS]
    assert reranking.told(odds, 0.9).tolist() == pytest.approx(expected)


@pytest.mark.parametrize(("likeliest", "chance"), [(8.0, 0.299), (1.0, 0.299), (-1.0, 0.001)])
def test_where_nothing_comes_near_what_is_read_to_answer_lifts_all(likeliest: float, chance: float) -> None:
    gained = reranking.told(np.array([likeliest, likeliest], dtype=np.float32), 0.001)
    odds = np.log(0.001 / 0.999) + gained
    assert (1 / (1 + np.exp(-odds))).tolist() == pytest.approx([chance, chance], abs=1e-3)
    assert not reranking.told(np.array([likeliest], dtype=np.float32), 0.4).any()


def test_passages_in_another_language_are_not_read_together(library: tuple[list[Document], list[Chunk]], index: Index, embedder: HashEmbedder) -> None:
    def across(query: str, texts: Sequence[str]) -> Vector:
        return np.zeros(len(texts), dtype=np.float32)

    finder = ScriptedFinder(lambda text: 8.0 if "长城" in text else -8.0)
    chinese = [hit for hit in _hits(index) if hit.chunk.document_id != "models"]
    question = "What do giant pandas eat?"
    read = MaxSimReranker(embedder, index, across, finder=finder).rerank(question, chinese)
    assert read == MaxSimReranker(embedder, index, across).rerank(question, chinese)


def test_only_the_best_are_looked_at_and_the_others_look_no_better_than_the_worst_of_them(
    index: Index, embedder: HashEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def looks(_query: str, texts: Sequence[str]) -> Vector:
        seen.extend(texts)
        return np.array([0.0, -2.0], dtype=np.float32)

    monkeypatch.setattr(reranking, "_LOOKED_AT", 2)
    plain = MaxSimReranker(embedder, index).rerank("长城有多长", _hits(index))
    hits = {hit.chunk.id: hit.score for hit in MaxSimReranker(embedder, index, looks=looks).rerank("长城有多长", _hits(index))}
    assert seen == [hit.chunk.text for hit in plain[:2]]
    odds = [_odds(hits[hit.chunk.id]) - _odds(hit.score) for hit in plain]
    assert odds == pytest.approx([0.0] + [-2.0] * (len(plain) - 1), abs=1e-3)


def _odds(probability: float) -> float:
    return float(np.log(probability / (1 - probability)))


def test_without_candidates_nothing_is_embedded(index: Index) -> None:
    class Silent(HashEmbedder):
        def embed_query(self, text: str) -> Embedding:
            raise AssertionError("it was asked to embed")

    assert MaxSimReranker(Silent(), index).rerank("长城", []) == []


def test_passages_in_another_language_are_read_once_more_and_the_nearest_comes_first(index: Index, embedder: HashEmbedder) -> None:
    asked: list[tuple[str, list[str]]] = []

    def across(query: str, texts: Sequence[str]) -> Vector:
        asked.append((query, list(texts)))
        return np.array(["竹子" in text for text in texts], dtype=np.float32)

    reranker, plain = MaxSimReranker(embedder, index, across), MaxSimReranker(embedder, index)
    question = "What do giant pandas eat all day?"
    hits = reranker.rerank(question, _hits(index))
    assert "竹子" in hits[0].chunk.text
    assert hits != plain.rerank(question, _hits(index))
    assert [query for query, _ in asked] == [question]
    assert reranker.rerank("大熊猫每天吃什么？", _hits(index)) == plain.rerank("大熊猫每天吃什么？", _hits(index))
    assert len(asked) == 1


def test_only_the_best_passages_in_another_language_are_read(
    index: Index, embedder: HashEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reranking, "_READ_ACROSS", 2)
    read: list[str] = []

    def across(query: str, texts: Sequence[str]) -> Vector:
        read.extend(texts)
        return np.array([0.9, 0.2], dtype=np.float32)

    hits = MaxSimReranker(embedder, index, across).rerank("What do giant pandas eat?", _hits(index))
    assert len(read) == 2 < len(hits)
    assert hits[0].chunk.text == read[0]


def test_a_chunk_that_is_not_in_the_index_is_an_error(index: Index, embedder: HashEmbedder) -> None:
    stranger = Chunk("no#0", "no", "", "", "长城", 0, 2)
    with pytest.raises(KeyError):
        MaxSimReranker(embedder, index).rerank("长城", [Hit(stranger, 0.5, 1, Stage.FUSED)])


def test_equal_scores_are_ordered_by_chunk_id(index: Index) -> None:
    hits = list(reversed(_hits(index)))
    assert [hit.chunk.id for hit in ranked(hits, [0.5] * len(hits))] == sorted(hit.chunk.id for hit in hits)


def test_no_reranker_keeps_the_order_and_bounds_the_scores(index: Index) -> None:
    first, second, *_ = _hits(index)
    hits = NoReranker().rerank("长城", [replace(second, score=3.0), replace(first, score=-1.0)])
    assert [(hit.chunk.id, hit.score, hit.rank) for hit in hits] == [(second.chunk.id, 1.0, 1), (first.chunk.id, 0.0, 2)]


def test_features_are_likeness_background_and_coverage() -> None:
    rows = features(np.array([0.7, 0.9], dtype=np.float32), 0.75, np.array([0.1, 0.4]))
    assert rows == pytest.approx(np.array([[0.7, 0.75, 0.1], [0.9, 0.75, 0.4]]), abs=1e-6)
    assert features(np.zeros(0, dtype=np.float32), 0.75, np.zeros(0)).shape == (0, 3)


def test_a_lack_of_coverage_counts_the_less_the_more_passages_hold_the_words() -> None:
    match = np.full(5, 0.8, dtype=np.float32)
    alone = features(match, 0.75, np.array([0.4, 0.1, 0.1, 0.1, 0.1]))[:, 2]
    crowded = features(match, 0.75, np.array([0.4, 0.36, 0.36, 0.36, 0.1]))[:, 2]
    assert alone.tolist() == pytest.approx([0.4, 0.1, 0.1, 0.1, 0.1])
    assert crowded[0] == pytest.approx(0.4)
    assert crowded[-1] == pytest.approx(0.4 - (0.25 + 0.75 / 4) * 0.3)


def test_between_languages_coverage_counts_little_and_the_distance_from_the_nearest_passage_much() -> None:
    match, coverage = np.full(2, 0.8, dtype=np.float32), np.array([0.4, 0.0])
    rows = features(match, 0.75, coverage, foreign=True)
    assert rows[:, 2].tolist() == pytest.approx([0.4, 0.3])
    plain, shifted = probabilities(rows), probabilities(rows, nearness=np.array([0.5, 0.7], dtype=np.float32))
    assert shifted[1] == plain[1]
    lost = np.log(plain[0] / (1 - plain[0])) - np.log(shifted[0] / (1 - shifted[0]))
    assert lost == pytest.approx(ACROSS * 0.2)


def test_probabilities_are_the_logistic_of_the_weighted_sum() -> None:
    rows = np.array([[0.9, 0.8, 0.5], [0.0, 0.0, 1e9]])
    found = probabilities(rows, Weights(10.0, -10.0, 2.0, -1.0))
    assert found.tolist() == pytest.approx([1 / (1 + np.exp(-1.0)), 1.0])


def test_more_of_either_kind_of_match_is_more_probable_and_a_nearer_collection_less() -> None:
    base = np.array([[0.85, 0.78, 0.2]])
    higher = base + np.array([[0.02, 0, 0], [0, 0, 0.1], [0, -0.02, 0]])
    assert (probabilities(higher) > probabilities(base)[0]).all()


PASSAGES = {
    "长城": "长城全长21196公里，明朝修筑了今天看到的大部分。",
    "熊猫": "大熊猫主要生活在四川的竹林里，每天吃掉十二公斤竹子。",
    "玉山": "臺灣最高的山是玉山，海拔3952公尺。",
    "model": "Baichuan-7B was trained on 1.2 trillion tokens of text.",
    "茶": "龙井茶产于杭州西湖一带，以清明前采摘的嫩芽为上品。",
    "银行": "2008年金融危机之后，许多国家提高了银行的资本充足率要求。",
}


@pytest.mark.encoder
def test_with_the_real_encoder_questions_find_their_passage_and_strange_ones_fall_below_the_floor(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    settings = Settings.load({})
    embedder = SentenceTransformerEmbedder.from_settings(settings)
    documents = [Document(name, name, text, name, "0" * 64) for name, text in PASSAGES.items()]
    chunks = [Chunk(f"{d.id}#0", d.id, d.title, "", d.text, 0, len(d.text)) for d in documents]
    folder = tmp_path_factory.mktemp("index") / "index"
    analyzer = Analyzer()
    write_index(folder, documents, chunks, embedder, analyzer, settings={})
    index = open_index(folder, embedder_name=embedder.name, analyzer=analyzer)
    reranker, dense = MaxSimReranker(embedder, index), index.dense(embedder)

    def best(question: str) -> Hit:
        return reranker.rerank(question, dense.search(question, 6, Scope()))[0]

    found = {question: best(question) for question in ("长城有多长？", "大熊猫每天吃多少竹子？", "台湾最高的山是哪座？")}
    assert [hit.chunk.document_id for hit in found.values()] == ["长城", "熊猫", "玉山"]
    assert best("How many tokens was Baichuan-7B trained on?").chunk.document_id == "model"
    assert all(hit.score > settings.evidence_floor for hit in found.values())
    assert best("谁发明了电话？").score < min(hit.score for hit in found.values())
