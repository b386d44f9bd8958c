"""BERT and XLM-RoBERTa encoders from a sentence-transformers folder, run directly on a CPU.

The arithmetic is that of ``transformers.BertModel`` with mean or first-token pooling (a test holds them together).
Sentences are laid end to end instead of padded, the weights stay mapped from the file, and no more than PyTorch
itself is imported: a search is possible seconds after the start.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rag.errors import ModelUnavailable
from rag.interfaces import Vector
from rag.retrieval.windows import Frame, Tokenised, Window

if TYPE_CHECKING:
    from torch import Tensor

_OFFSETS = {"bert": 0, "xlm-roberta": 2}
"""Where positions begin: RoBERTa's start behind its padding index, 1."""

_WEIGHTS, _TOKENIZER = "model.safetensors", "tokenizer.json"
_POOLING = {"pooling_mode_mean_tokens", "pooling_mode_cls_token"}
_BATCH = 4
"""More sentences at once leave the processor's cache and gain nothing."""

_Pair = tuple["Tensor", "Tensor"]


@dataclass(frozen=True, slots=True)
class _Layer:
    """The weights and biases of one layer; query, key and value lie in one matrix."""

    attention: _Pair
    output: _Pair
    output_norm: _Pair
    inner: _Pair
    outer: _Pair
    outer_norm: _Pair


@dataclass(frozen=True, slots=True)
class _Plan:
    """What the JSON files of a folder say of the model."""

    hidden: int
    layers: int
    heads: int
    epsilon: float
    offset: int
    window: int
    first_token: bool


def can_run(folder: Path) -> bool:
    """Whether the model in ``folder`` is one that this module computes exactly."""
    return _plan(folder) is not None


def _plan(folder: Path) -> _Plan | None:
    try:
        config = _json(folder / "config.json")
        modules = [str(module["type"]).rsplit(".", 1)[-1] for module in _json(folder / "modules.json")]
        pooling = _json(folder / _json(folder / "modules.json")[1]["path"] / "config.json")
        sentence = _json(folder / "sentence_bert_config.json")
        offset = _OFFSETS[config["model_type"]]
        active = {name for name, value in pooling.items() if name.startswith("pooling_mode_") and value is True}
        usual = (
            config.get("hidden_act", "gelu") == "gelu"
            and config.get("position_embedding_type", "absolute") == "absolute"
            and not config.get("is_decoder", False)
            and modules in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"])
            and len(active) == 1
            and active <= _POOLING
            and not sentence.get("do_lower_case", False)
        )
        if not usual or not all((folder / name).is_file() for name in (_WEIGHTS, _TOKENIZER)):
            return None
        return _Plan(
            hidden=int(config["hidden_size"]),
            layers=int(config["num_hidden_layers"]),
            heads=int(config["num_attention_heads"]),
            epsilon=float(config["layer_norm_eps"]),
            offset=offset,
            window=min(int(sentence["max_seq_length"]), int(config["max_position_embeddings"]) - offset),
            first_token=active == {"pooling_mode_cls_token"},
        )
    except (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError):
        return None


def _json(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


class BertEncoder:
    """An ``Encoder`` for the CPU.

    Each batch runs on one core and batches run side by side: no core waits for another at every layer, which
    costs most when other work shares the machine. Opening one therefore sets PyTorch to one thread an operation.
    """

    def __init__(self, plan: _Plan, weights: Mapping[str, Tensor], tokenizer: Any, workers: int) -> None:
        self._plan, self._tokenizer = plan, tokenizer
        self.workers, self.batch = workers, _BATCH
        self.dimension = plan.hidden
        bare = tokenizer.encode("a", add_special_tokens=False).ids
        self.frame = Frame.around(bare, tokenizer.encode("a").ids, plan.window)
        prefix = next(name for name in weights if name.endswith("embeddings.word_embeddings.weight"))
        prefix = prefix.removesuffix("embeddings.word_embeddings.weight")
        self._words = weights[f"{prefix}embeddings.word_embeddings.weight"]
        types = weights[f"{prefix}embeddings.token_type_embeddings.weight"]
        self._places = weights[f"{prefix}embeddings.position_embeddings.weight"] + types[0]
        self._norm = _pair(weights, f"{prefix}embeddings.LayerNorm")
        self._layers = [_layer(weights, f"{prefix}encoder.layer.{number}.") for number in range(plan.layers)]

    @classmethod
    def open(cls, folder: Path) -> BertEncoder:
        """Load the model in ``folder``, for which ``can_run`` is true.

        Raises:
            ModelUnavailable: its files are damaged.
        """
        plan = _plan(folder)
        if plan is None:
            raise ModelUnavailable(f"{folder} holds no BERT model that can be run directly.")
        import torch  # seconds to import
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        tokenizer = _open_tokenizer(folder / _TOKENIZER)
        try:
            weights = load_file(folder / _WEIGHTS)
            floats = {name: tensor.float() for name, tensor in weights.items() if tensor.is_floating_point()}
            workers = torch.get_num_threads()
            torch.set_num_threads(1)
            return cls(plan, floats, tokenizer, workers)
        except (OSError, SafetensorError, KeyError, StopIteration, RuntimeError) as error:
            raise ModelUnavailable(f"The embedding model in {folder} cannot be loaded ({error}).") from error

    def tokenise(self, texts: list[str]) -> list[Tokenised]:
        """Token ids and offsets, without special tokens."""
        encodings = self._tokenizer.encode_batch(texts, add_special_tokens=False)
        return [Tokenised(encoding.ids, encoding.offsets) for encoding in encodings]

    def encode(self, windows: Sequence[Window]) -> list[tuple[Vector, Vector]]:
        """See ``Encoder``."""
        import torch
        from torch.nn.functional import normalize

        with torch.inference_mode():
            lengths = [len(window.ids) for window in windows]
            hidden = self._forward(torch.tensor([token for window in windows for token in window.ids]), lengths)
            pieces = torch.split(hidden, lengths)
            pooled = torch.stack([piece[0] if self._plan.first_token else piece.mean(dim=0) for piece in pieces])
            vectors = normalize(pooled, dim=1).numpy()
            tokens = [
                normalize(piece[window.first : window.first + len(window.spans)], dim=1).numpy()
                for piece, window in zip(pieces, windows, strict=True)
            ]
        return list(zip(vectors, tokens, strict=True))

    def _forward(self, ids: Tensor, lengths: Sequence[int]) -> Tensor:
        """The last layer of sentences laid end to end: (sum of lengths, d)."""
        import torch
        from torch.nn.functional import gelu, layer_norm, linear

        size, epsilon = (self._plan.hidden,), self._plan.epsilon
        places = np.concatenate([np.arange(length) for length in lengths]) + self._plan.offset
        hidden = self._words[ids] + self._places[torch.from_numpy(places)]
        hidden = layer_norm(hidden, size, *self._norm, epsilon)
        for layer in self._layers:
            mixed = self._attend(linear(hidden, *layer.attention), lengths)
            hidden = layer_norm(linear(mixed, *layer.output).add_(hidden), size, *layer.output_norm, epsilon)
            widened = gelu(linear(hidden, *layer.inner))
            hidden = layer_norm(linear(widened, *layer.outer).add_(hidden), size, *layer.outer_norm, epsilon)
        return hidden

    def _attend(self, projected: Tensor, lengths: Sequence[int]) -> Tensor:
        """Each sentence attends to itself; neighbours of equal length are one product."""
        import torch

        heads, width = self._plan.heads, self._plan.hidden // self._plan.heads
        mixed = torch.empty((len(projected), self._plan.hidden))
        for start, count, length in _runs(lengths):
            rows = slice(start, start + count * length)
            query, key, value = projected[rows].view(count, length, 3, heads, width).permute(2, 0, 3, 1, 4)
            weights = torch.softmax((query * width**-0.5) @ key.transpose(-1, -2), dim=-1)
            mixed[rows] = (weights @ value).transpose(1, 2).reshape(count * length, -1)
        return mixed


def _runs(lengths: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """Runs of equal length: the first row, how many sentences, and their length."""
    start = first = 0
    for number in range(1, len(lengths) + 1):
        if number == len(lengths) or lengths[number] != lengths[first]:
            yield start, number - first, lengths[first]
            start += (number - first) * lengths[first]
            first = number


def _open_tokenizer(path: Path) -> Any:
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises nothing narrower
        raise ModelUnavailable(f"The tokenizer {path} cannot be read ({error}).") from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _pair(weights: Mapping[str, Tensor], name: str) -> _Pair:
    return weights[f"{name}.weight"], weights[f"{name}.bias"]


def _layer(weights: Mapping[str, Tensor], name: str) -> _Layer:
    import torch

    parts = [_pair(weights, f"{name}attention.self.{part}") for part in ("query", "key", "value")]
    matrix, bias = (torch.cat(tensors) for tensors in zip(*parts, strict=True))
    return _Layer(
        (matrix, bias),
        _pair(weights, f"{name}attention.output.dense"),
        _pair(weights, f"{name}attention.output.LayerNorm"),
        _pair(weights, f"{name}intermediate.dense"),
        _pair(weights, f"{name}output.dense"),
        _pair(weights, f"{name}output.LayerNorm"),
    )
