"""The joint reader over an index: what it remembers, what it cannot read, and the real weights with the real encoder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rag.config import Settings
from rag.errors import ModelUnavailable
from rag.interfaces import Embedding
from rag.retrieval.analysis import Analyzer
from rag.retrieval.catalogue import Index
from rag.retrieval.embedding import SentenceTransformerEmbedder
from rag.retrieval.joint_reader import SURE, WIDTH, JointReader, load
from rag.retrieval.store import open_index, write_index
from rag.types import Chunk
from tests.fakes import HashEmbedder, make_chunks, make_document
from tests.retrieval.joint import written_weights

QUESTION = "大熊猫每天吃掉多少竹子？"


class Counting(HashEmbedder):
    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def embed_query(self, text: str) -> Embedding:
        self.asked += 1
        return super().embed_query(text)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return written_weights(tmp_path / "weights.safetensors", 32)


def _chunks(index: Index) -> list[Chunk]:
    return [index.chunks[position] for position in range(len(index.chunks))]


def test_answers_come_in_the_order_of_the_passages(index: Index, weights: Path) -> None:
    chunks = _chunks(index)
    forwards = JointReader(HashEmbedder(), index, weights).answers(QUESTION, chunks)
    backwards = JointReader(HashEmbedder(), index, weights).answers(QUESTION, chunks[::-1])
    assert backwards[::-1] == pytest.approx(forwards, abs=1e-4)
    assert len(set(forwards)) == len(chunks)
    assert all(-SURE <= value <= SURE for value in forwards)


def test_what_was_read_once_is_remembered(index: Index, weights: Path) -> None:
    embedder, chunks = Counting(), _chunks(index)
    reader = JointReader(embedder, index, weights)
    first = reader.answers(QUESTION, chunks[:5])
    assert reader.answers(QUESTION, chunks[:5]) == first
    assert embedder.asked == 1
    reader.answers(QUESTION, chunks)
    reader.answers("长城有多长", chunks[:1])
    assert embedder.asked == 3


def test_a_passage_without_tokens_does_not_answer(index: Index, weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chunks = _chunks(index)
    tokens_of = index.tokens_of
    monkeypatch.setattr(index, "tokens_of", lambda key: tuple(one[: 0 if key == chunks[0].id else None] for one in tokens_of(key)))
    first, second = JointReader(HashEmbedder(), index, weights).answers(QUESTION, chunks[:2])
    assert first == -SURE < second


def test_a_strange_passage_is_an_error(index: Index, weights: Path) -> None:
    with pytest.raises(KeyError):
        JointReader(HashEmbedder(), index, weights).answers(QUESTION, [replace(_chunks(index)[0], id="stranger")])


def test_missing_and_foreign_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"nothing\.safetensors cannot be read"):
        load(tmp_path / "nothing.safetensors", 32)
    with pytest.raises(ModelUnavailable, match="48 dimensions"):
        load(written_weights(tmp_path / "other.safetensors", 32), 48)
    (tmp_path / "cut.safetensors").write_bytes(b"\x10\x00")
    with pytest.raises(ModelUnavailable, match=r"RAG_JOINT_READER"):
        load(tmp_path / "cut.safetensors", 32)


DORMITORY = """# 青藤公寓住户须知
## 访客
访客须在一楼前台登记证件，最晚可停留至晚间十点。
## 费用
入住时收取保证金六百元，退房验收无损坏的，七天之内原路退还。水电按表计收，每月五日出账。
## 宠物
公寓内不得饲养猫狗。观赏鱼和仓鼠等笼养小动物不受限制。
"""


@pytest.fixture(scope="module")
def reading(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[JointReader, dict[str, Chunk]]]:
    folder = tmp_path_factory.mktemp("joint")
    real = SentenceTransformerEmbedder.from_settings(Settings.load({}))
    document = make_document("须知", DORMITORY)
    chunks = [chunk for chunk in make_chunks(document) if not chunk.text.startswith("#")]
    write_index(folder, [document], chunks, real, Analyzer(), settings={})
    index = open_index(folder, embedder_name=real.name, analyzer=Analyzer())
    assert real.dimension == WIDTH
    yield JointReader(real, index), {chunk.text[:2]: chunk for chunk in chunks}


@pytest.mark.encoder
@pytest.mark.parametrize(
    ("question", "place"),
    [("朋友来找我玩，几点之前必须走", "访客"), ("走的时候押金多久能拿回来", "入住"), ("想养只小狗行不行", "公寓"), ("can I keep a dog", "公寓")],
)
def test_the_passage_that_answers_in_other_words_is_told(
    reading: tuple[JointReader, dict[str, Chunk]], question: str, place: str
) -> None:
    reader, chunks = reading
    odds = dict(zip(chunks, reader.answers(question, list(chunks.values())), strict=True))
    assert max(odds, key=lambda name: odds[name]) == place
