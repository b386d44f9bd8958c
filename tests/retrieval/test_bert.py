from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from rag.errors import ModelUnavailable
from rag.retrieval.bert import BertEncoder, can_run
from rag.retrieval.sentence_model import SentenceModel
from rag.retrieval.windows import cut
from tests.retrieval.tiny_models import write_encoder

pytestmark = pytest.mark.encoder
TEXTS = ["长城有多少里？", "a", "熊猫吃竹子。", "熊猫在长城", "", "abc, 0123. " * 9]


@pytest.mark.parametrize("kind", ["bert", "xlm-roberta"])
@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_the_direct_way_gives_what_sentence_transformers_gives(tmp_path: Path, kind: str, pooling: str) -> None:
    folder = write_encoder(tmp_path / "model", kind=kind, pooling=pooling)
    assert can_run(folder)
    direct, library = BertEncoder.open(folder), SentenceModel.open(folder, "cpu")
    assert (direct.frame, direct.dimension) == (library.frame, library.dimension)
    leads = ["q: "] * len(TEXTS)
    ours = cut(leads, TEXTS, direct.tokenise, direct.frame)
    theirs = cut(leads, TEXTS, library.tokenise, library.frame)
    assert [window.ids for window in ours] == [window.ids for window in theirs]
    assert [window.spans.tolist() for window in ours] == [window.spans.tolist() for window in theirs]
    for (vector, tokens), (other_vector, other_tokens) in zip(
        direct.encode(ours), library.encode(theirs), strict=True
    ):
        assert np.abs(vector - other_vector).max() < 1e-5
        assert np.abs(tokens - other_tokens).max(initial=0.0) < 1e-5


def test_the_library_itself_gives_the_same_vector(tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    folder = write_encoder(tmp_path / "model")
    encoder = BertEncoder.open(folder)
    [(vector, _)] = encoder.encode(cut([""], [TEXTS[0]], encoder.tokenise, encoder.frame))
    expected = SentenceTransformer(str(folder), device="cpu").encode(TEXTS[0], normalize_embeddings=True)
    assert np.abs(vector - expected).max() < 1e-5


@pytest.mark.parametrize(
    ("file", "key", "value"),
    [
        ("config.json", "model_type", "qwen3"),
        ("config.json", "hidden_act", "relu"),
        ("config.json", "position_embedding_type", "relative_key"),
        ("sentence_bert_config.json", "do_lower_case", True),
        ("1_Pooling/config.json", "pooling_mode_max_tokens", True),
    ],
)
def test_what_is_computed_otherwise_is_left_to_the_library(
    tmp_path: Path, file: str, key: str, value: object
) -> None:
    folder = write_encoder(tmp_path / "model")
    content = json.loads((folder / file).read_text())
    (folder / file).write_text(json.dumps({**content, key: value}))
    assert not can_run(folder)


def test_another_module_behind_the_pooling_is_left_to_the_library(tmp_path: Path) -> None:
    folder = write_encoder(tmp_path / "model")
    modules = json.loads((folder / "modules.json").read_text())
    modules.append({"idx": 2, "name": "2", "path": "2_Dense", "type": "sentence_transformers.models.Dense"})
    (folder / "modules.json").write_text(json.dumps(modules))
    assert not can_run(folder)


@pytest.mark.parametrize("file", ["model.safetensors", "tokenizer.json"])
def test_damaged_files_are_reported(tmp_path: Path, file: str) -> None:
    folder = write_encoder(tmp_path / "model")
    (folder / file).write_bytes((folder / file).read_bytes()[:100])
    with pytest.raises(ModelUnavailable, match="model"):
        BertEncoder.open(folder)
