from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rag.errors import ModelError, ModelUnavailable
from rag.retrieval.cross_encoder import CrossEncoderReranker
from rag.types import Chunk, Hit, Stage
from tests.retrieval.tiny_models import write_cross_encoder

pytestmark = pytest.mark.encoder
TEXTS = ["长城有多少里", "熊猫吃竹子", "熊猫在长城里吃竹子。"]


def _hits() -> list[Hit]:
    chunks = [Chunk(f"d#{n}", "d", "", "", text, 0, len(text)) for n, text in enumerate(TEXTS)]
    return [Hit(chunk, 0.5, rank, Stage.FUSED) for rank, chunk in enumerate(chunks, 1)]


def test_hits_are_ordered_by_the_sigmoid_of_the_models_own_logits(tmp_path: Path) -> None:
    from sentence_transformers import CrossEncoder
    from torch.nn import Identity

    folder = write_cross_encoder(tmp_path / "model")
    logits = CrossEncoder(str(folder), device="cpu").predict(
        [("熊猫吃多少", text) for text in TEXTS], activation_fn=Identity()
    )
    expected = 1 / (1 + np.exp(-logits.astype(np.float64)))
    hits = CrossEncoderReranker(str(folder), device="cpu").rerank("熊猫吃多少", _hits())
    assert [hit.chunk.text for hit in hits] == [TEXTS[n] for n in np.argsort(-expected)]
    assert [hit.score for hit in hits] == pytest.approx(sorted(expected, reverse=True), abs=1e-5)
    assert [(hit.rank, hit.stage) for hit in hits] == [(rank, Stage.RERANKED) for rank in (1, 2, 3)]


def test_without_hits_no_model_is_loaded() -> None:
    assert CrossEncoderReranker("/no/such/model").rerank("熊猫", []) == []


def test_a_model_that_is_not_there_names_the_setting() -> None:
    with pytest.raises(ModelUnavailable, match="RAG_RERANKER"):
        CrossEncoderReranker("/no/such/model", device="cpu").rerank("熊猫", _hits())


def test_a_model_with_several_outputs_is_refused(tmp_path: Path) -> None:
    folder = write_cross_encoder(tmp_path / "model", labels=3)
    with pytest.raises(ModelError, match="3 scores a pair"):
        CrossEncoderReranker(str(folder), device="cpu").rerank("熊猫", _hits())
