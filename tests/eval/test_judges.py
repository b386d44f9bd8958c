from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eval.judge import CachedJudge, ModelJudge, RuleJudge, agreement
from eval.meter import MeteredModel, Prices, estimate_tokens
from eval.query_cache import QueryCache
from rag.interfaces import Message
from tests.fakes import HashEmbedder, ScriptedModel


def judging(supported: bool = True) -> ScriptedModel:
    return ScriptedModel({"supported": supported}, pieces=("你好", "！"), name="judge-1")


@pytest.mark.parametrize(
    ("claim", "evidence", "supported"),
    [
        ("甲市有740万人。", "据统计，甲市共有七百四十万人口，位于江南。", True),
        ("甲市有750万人。", "据统计，甲市共有七百四十万人口，位于江南。", False),
        ("甲市位于江北的山区里。", "据统计，甲市共有七百四十万人口。", False),
        ("甲市不位于江南。", "甲市位于江南。", False),
        ("How long is the bridge? 503 metres", "The bridge is 503 metres long.", True),
        ("The bridge was opened in 1932.", "The bridge was opened in 1923.", False),
        ("", "甲市", False),
    ],
)
def test_rule_judge_reads_words_numbers_and_negation(claim: str, evidence: str, supported: bool) -> None:
    assert RuleJudge().entails(claim, evidence) is supported


def test_a_judgement_is_asked_for_once_and_kept_across_runs(tmp_path: Path) -> None:
    model = judging()
    first = CachedJudge(ModelJudge(model), tmp_path / "judged.sqlite")
    assert first.entails("甲", "乙") and first.entails("甲", "乙")
    first.close()
    again = CachedJudge(ModelJudge(model), tmp_path / "judged.sqlite")
    assert again.entails("甲", "乙")
    assert len(model.asked) == 1
    assert again.entails("甲", "丙")
    assert len(model.asked) == 2
    again.close()


def test_agreement_is_worked_by_hand() -> None:
    pairs = [(True, True)] * 6 + [(True, False)] * 2 + [(False, False)] * 9 + [(False, True)] * 3
    found = agreement(pairs)
    assert found["accuracy"] == pytest.approx(15 / 20)
    assert found["balanced_accuracy"] == pytest.approx((6 / 8 + 9 / 12) / 2)
    assert found["precision"] == pytest.approx(6 / 9)
    assert found["kappa"] == pytest.approx((0.75 - 0.51) / (1 - 0.51))


def test_a_model_is_billed_for_what_it_reads_and_writes() -> None:
    model = MeteredModel(judging(), Prices(tokens_in=1e6, tokens_out=2e6))
    assert "".join(model.stream([Message("user", "四个汉字")])) == "你好！"
    assert model.take() == {"tokens_in": 4.0, "tokens_out": 2.25, "cost": 4.0 + 2 * 2.25}
    assert model.take() == {}
    assert estimate_tokens("eight ch") == 2.0


def test_queries_are_embedded_once_and_agree_to_the_bit(tmp_path: Path) -> None:
    class Counting(HashEmbedder):
        queries = 0

        def embed_query(self, text: str) -> Any:
            self.queries += 1
            return super().embed_query(text)

    embedder = Counting()
    cache = QueryCache(embedder, tmp_path)
    first = cache.embed_query("大桥有多长？")
    cache.close()
    again = QueryCache(embedder, tmp_path)
    second = again.embed_query("大桥有多长？")
    again.close()
    assert embedder.queries == 1
    assert np.array_equal(first.vector, second.vector) and np.array_equal(first.tokens, second.tokens)
    assert np.allclose(first.vector, embedder.embed_query("大桥有多长？").vector, atol=1e-3)
