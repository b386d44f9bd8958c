"""The fit of a reader's word beside the rules: on rows that were drawn, and on a small index with a scripted model."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from eval import fit_reader
from eval.fit_reader import area, fit, read, report
from eval.fit_sufficiency import Searched
from rag.build import build
from rag.config import Settings
from tests.fakes import HashEmbedder, ScriptedModel


def rows(count: int, seed: int, name: str = "a/b/queries.jsonl", shift: float = 0.0) -> list[fit_reader.Row]:
    """Questions whose answers were drawn with log-odds of half the rules' and the whole of the word's."""
    random = np.random.default_rng(seed)
    drawn = []
    for _ in range(count):
        ruled, said = random.normal(shift, 2), random.normal(0, 2)
        answerable = bool(random.random() < 1 / (1 + math.exp(-(0.5 * ruled + said))))
        drawn.append({"set": name, "answerable": answerable, "tongue": "chinese", "rules": ruled, "read": said})
    return drawn


def test_the_fit_finds_the_weights_that_drew_the_rows() -> None:
    bias, rules, word = fit(rows(4000, 1))
    assert (bias, rules, word) == pytest.approx((0.0, 0.5, 1.0), abs=0.12)


def test_sets_and_answers_count_the_same_however_many_there_are() -> None:
    few, many = rows(300, 2, "x/few/queries.jsonl"), rows(300, 3, "x/many/queries.jsonl", shift=3.0)
    assert fit(few + many * 5) == pytest.approx(fit(few + many), abs=0.01)


@pytest.mark.parametrize(("scores", "expected"), [((2, 3, 0, 1), 1.0), ((0, 1, 2, 3), 0.0), ((1, 1, 1, 1), 0.5)])
def test_the_area_is_the_chance_of_the_right_order(scores: tuple[float, ...], expected: float) -> None:
    assert area(scores, (True, True, False, False)) == expected


def test_each_set_is_reported_by_the_weights_of_the_others() -> None:
    lines = list(report([*rows(200, 4, "x/one/queries.jsonl"), *rows(200, 5, "x/two/queries.jsonl")]))
    assert [line.split()[0] for line in lines] == ["x/one", "x/two"]
    assert all(" -> " in line for line in lines)
    assert not list(report(rows(50, 6)))


def test_what_the_model_said_is_kept_and_not_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "library.md").write_text("# 市图书馆新馆\n\n市图书馆新馆于2023年9月开放，共有座位1200个。\n", encoding="utf-8")
    settings = Settings.load({}, sources=(tmp_path / "library.md",), index_dir=tmp_path / "index", evidence_floor=0.0)
    build(settings, embedder=HashEmbedder())
    cases = [
        {"id": "1", "question": "新馆有多少个座位？", "answers": ["1200"]},
        {"id": "2", "question": "新馆的馆长是谁？", "type": "unanswerable", "answers": []},
        {"id": "3", "question": "你好", "expected_action": "direct"},
    ]
    path = tmp_path / "queries.jsonl"
    path.write_text("\n".join(json.dumps(case, ensure_ascii=False) for case in cases), encoding="utf-8")
    model = ScriptedModel(pieces=["1200"])
    monkeypatch.setattr(fit_reader, "_model", lambda: model)
    monkeypatch.setattr("rag.assemble.SentenceTransformerEmbedder.from_settings", lambda settings: HashEmbedder())
    sets, kept = [f"{path}={tmp_path / 'index'}"], tmp_path / "kept" / "read.jsonl"
    first = read(sets, 10, kept)
    assert [(row["answerable"], row["read"], row["tongue"]) for row in sorted(first, key=lambda row: str(row["key"]))] == [
        (True, 2.0, "chinese"),
        (False, 2.0, "chinese"),
    ]
    assert len(model.asked) == 2
    assert sorted(map(str, read(sets, 10, kept))) == sorted(map(str, first))
    assert len(model.asked) == 2


def test_what_a_case_expects() -> None:
    assert Searched.is_answerable({"expected_action": "retrieve"})
    assert not Searched.is_answerable({"expected_action": "abstain", "answers": ["x"]})
    assert not Searched.is_answerable({"type": "unanswerable_near", "answers": ["x"]})
    assert Searched.is_answerable({"gold": [{"doc_id": "1"}]})
