"""An entailment model as judge: real cross-encoders of a few thousand weights, whose labels stand in any order."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from rag.errors import ModelUnavailable
from rag.retrieval.nli import NliJudge
from rag.types import Verdict
from tests.retrieval.tiny_models import write_cross_encoder

pytestmark = pytest.mark.encoder
LABELS = ("entailment", "neutral", "contradiction")
PREMISE, CLAIM = "熊猫在长城里吃竹子。", "熊猫吃竹子"
VERDICTS = {
    "entailment": Verdict.SUPPORTED,
    "neutral": Verdict.UNSUPPORTED,
    "contradiction": Verdict.CONFLICTING,
}


@pytest.mark.parametrize("favoured", LABELS)
@pytest.mark.parametrize("names", [LABELS, ("CONTRADICTION", "Neutral", "ENTAILMENT"), ("contradictory", "entails", "neutral")])
def test_a_label_means_what_the_models_configuration_calls_it(names: Sequence[str], favoured: str, tmp_path: Path) -> None:
    name = next(name for name in names if name.lower()[:6] == favoured[:6])
    folder = write_cross_encoder(tmp_path / "model", names=names, favoured=name)
    assert NliJudge(str(folder), device="cpu").judge(CLAIM, PREMISE) is VERDICTS[favoured]


def test_the_premise_is_read_first_and_the_likeliest_label_decides_from_one_half(tmp_path: Path) -> None:
    from sentence_transformers import CrossEncoder
    from torch.nn import Softmax

    folder = write_cross_encoder(tmp_path / "model", names=LABELS)
    texts = ["熊猫", "长城有多少里", "竹子 in 2024", "吃。", "a", "熊猫吃竹子？", "0.5", "长 城"]
    pairs = [(premise, claim) for premise in texts for claim in texts]
    found = CrossEncoder(str(folder), device="cpu").predict(pairs, activation_fn=Softmax(dim=-1))
    judge = NliJudge(str(folder), device="cpu")
    wanted = [VERDICTS[LABELS[int(np.argmax(row))]] if max(row) >= 0.5 else None for row in found]
    assert [judge.judge(claim, premise) for premise, claim in pairs] == wanted
    assert len(set(wanted)) >= 3


@pytest.mark.parametrize(
    "names", [("LABEL_0", "LABEL_1", "LABEL_2"), ("entailment", "not_entailment"), ("entailment", "neutral", "entailed"), ("score",)]
)
def test_a_model_with_other_labels_is_refused_and_the_setting_named(names: Sequence[str], tmp_path: Path) -> None:
    folder = write_cross_encoder(tmp_path / "model", names=names)
    with pytest.raises(ModelUnavailable, match=rf"its labels are {', '.join(names)}, .*RAG_JUDGE"):
        NliJudge(str(folder), device="cpu").load()


def test_a_model_that_is_not_there_names_the_setting() -> None:
    with pytest.raises(ModelUnavailable, match="RAG_JUDGE"):
        NliJudge("/no/such/model", device="cpu").judge(CLAIM, PREMISE)


def test_a_model_that_gives_no_numbers_cannot_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judge = NliJudge(str(write_cross_encoder(tmp_path / "model", names=LABELS)), device="cpu")
    judge.load()
    monkeypatch.setattr("rag.retrieval.pair_model.PairModel.logits", lambda self, pairs: np.array([[np.nan, 0.0, np.inf]]))
    assert judge.judge(CLAIM, PREMISE) is None
